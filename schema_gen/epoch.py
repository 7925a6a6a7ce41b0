"""Two counters that tell every process when what it has cached is out of date.

`schema` moves when tables or metadata change, `access` when users, roles, policies or permissions do.
Reading them costs some tens of nanoseconds, so a cache may compare on every request:

    epochs = await open_epochs(database)
    if epochs.trusted and cached.epoch == epochs.access: ...
    await epochs.bump_access()          # after the commit of a change

Processes of one host share a small mapped file: beside a SQLite database, else in a private directory under
the temporary directory, named after the database. Across hosts PostgreSQL carries each bump (`NOTIFY
causeway`, heard by every process connected to the same database). While the connection that listens is down
`trusted` is False: do not serve from caches then; when it is back both counters move once, because bumps
may have been missed.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import mmap
import os
import stat
import tempfile
from pathlib import Path
from typing import Final, Literal

import asyncpg

from schema_gen.drivers.base import Database
from schema_gen.drivers.postgresql import PostgresDatabase
from schema_gen.drivers.sqlite import SqliteDatabase
from schema_gen.errors import CausewayError, ConfigurationError

Kind = Literal["schema", "access"]

CHANNEL: Final = "causeway"
#: seconds between two checks that the listening connection still answers
PULSE: Final = 15.0
RECONNECT_DELAYS: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)

_SIZE: Final = 64
_SLOTS: Final[dict[Kind, int]] = {"schema": 0, "access": 1}
_IDENTITY: Final = slice(16, 32)
_NOT_LISTENING: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, CausewayError, OSError, TimeoutError)


class Epochs:
    """The counters of one database. Make them with `open_epochs`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = _open_private(path)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        try:
            if os.fstat(self._descriptor).st_size < _SIZE:
                os.ftruncate(self._descriptor, _SIZE)
                os.pwrite(self._descriptor, os.urandom(16), _IDENTITY.start)
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        self._map = mmap.mmap(self._descriptor, _SIZE)
        self._counters = memoryview(self._map).cast("Q")
        #: whether a bump of any process is sure to be seen here
        self.trusted = True

    @property
    def schema(self) -> int:
        return int(self._counters[0])

    @property
    def access(self) -> int:
        return int(self._counters[1])

    async def bump_schema(self) -> None:
        """Call it after the commit. Processes of this host see it at once, others in some milliseconds."""
        self._count("schema")

    async def bump_access(self) -> None:
        """Call it after the commit. Processes of this host see it at once, others in some milliseconds."""
        self._count("access")

    async def close(self) -> None:
        self._counters.release()
        self._map.close()
        os.close(self._descriptor)

    def _count(self, kind: Kind) -> None:
        """The lock keeps two processes from counting as one; it is held for a microsecond."""
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        try:
            self._counters[_SLOTS[kind]] += 1
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    @property
    def _identity(self) -> str:
        """Equal for all processes that share the mapped file."""
        return bytes(self._map[_IDENTITY]).hex()


class ListeningEpochs(Epochs):
    """Counters that also hear of bumps on other hosts, through PostgreSQL."""

    def __init__(self, path: Path, database: PostgresDatabase) -> None:
        super().__init__(path)
        self.trusted = False
        self._database = database
        self._task: asyncio.Task[None] | None = None
        self._untold: set[Kind] = set()

    async def start(self) -> None:
        """Returns when the channel is listened to, or after the first failed attempt."""
        first_attempt = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._listen(first_attempt))
        await first_attempt.wait()

    async def bump_schema(self) -> None:
        await self._bump("schema")

    async def bump_access(self) -> None:
        await self._bump("access")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await super().close()

    async def _bump(self, kind: Kind) -> None:
        """The change is committed, so a failure to tell of it is no failure of the caller: it is told
        later."""
        self._count(kind)
        self._untold.add(kind)
        try:
            await self._tell()
        except _NOT_LISTENING:
            return

    async def _tell(self) -> None:
        for kind in sorted(self._untold):
            await self._database.fetch("SELECT pg_notify($1, $2)", (CHANNEL, f"{kind} {self._identity}"))
            self._untold.discard(kind)

    async def _listen(self, first_attempt: asyncio.Event) -> None:
        failures = 0
        while True:
            try:
                connection = await self._database.connect_raw()
            except _NOT_LISTENING:
                pass
            else:
                failures = 0
                await self._stay(connection, first_attempt)
            first_attempt.set()
            await asyncio.sleep(RECONNECT_DELAYS[min(failures, len(RECONNECT_DELAYS) - 1)])
            failures += 1

    async def _stay(self, connection: asyncpg.Connection, first_attempt: asyncio.Event) -> None:
        """Listens until the connection ends."""
        ended = asyncio.Event()
        try:
            connection.add_termination_listener(lambda _: self._lost(ended))
            await connection.add_listener(CHANNEL, self._heard)
            self._count("schema")
            self._count("access")
            self.trusted = True
            first_attempt.set()
            await self._tell()
            while not ended.is_set():
                try:
                    async with asyncio.timeout(PULSE):
                        await ended.wait()
                except TimeoutError:
                    async with asyncio.timeout(PULSE):
                        await connection.execute("SELECT 1")
                    os.utime(self._descriptor)
        except _NOT_LISTENING:
            pass
        finally:
            self.trusted = False
            connection.terminate()

    def _lost(self, ended: asyncio.Event) -> None:
        self.trusted = False
        ended.set()

    def _heard(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        kind, _, identity = str(payload).partition(" ")
        if identity != self._identity:
            self._count("schema" if kind == "schema" else "access")


async def open_epochs(database: Database) -> Epochs:
    """The counters that go with this database. Raises ConfigurationError where no safe file can be made."""
    if isinstance(database, SqliteDatabase):
        beside = database.path.with_name(database.path.name + "-epoch")
        return Epochs(beside if os.access(database.path.parent, os.W_OK) else _in_temporary(database.url))
    if isinstance(database, PostgresDatabase):
        epochs = ListeningEpochs(_in_temporary(database.url), database)
        await epochs.start()
        return epochs
    raise TypeError(f"no epochs for {type(database).__name__}")


def _in_temporary(url: str) -> Path:
    directory = Path(tempfile.gettempdir()) / f"causeway-{os.geteuid()}"
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        found = directory.lstat()
    except OSError as error:
        raise ConfigurationError(f"cannot make the directory {directory}: {error}") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise ConfigurationError(f"{directory} must be a directory of this user alone (mode 0700)")
    return directory / f"{hashlib.blake2s(url.encode()).hexdigest()[:32]}.epoch"


def _open_private(path: Path) -> int:
    """A descriptor of a regular file that belongs to this user and nobody else may open."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ConfigurationError(f"cannot open {path}: {error}") from error
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
        os.close(descriptor)
        raise ConfigurationError(f"{path} must be a file of this user")
    os.fchmod(descriptor, 0o600)
    return descriptor
