"""What one test run shares among its workers: a directory, PostgreSQL, Redis, S3, seeded templates.

The process that pytest was called in makes the directory and clears it at the end; the worker that is first
to need the cluster or a template makes it under a file lock, the others use it. A run that was killed leaves
its directory behind: the next run ends that cluster and removes it.

    run = TestRun.begin()                       in the main process; workers: TestRun.join()
    run.cluster().create("one")                 starts PostgreSQL on first use
    await run.template("postgresql", "chinook", seed)
    run.end()
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.support.postgres import Cluster, PostgresMissing, start_cluster
from tests.support.redis import RedisServer
from tests.support.s3 import S3Server

Dialect = Literal["sqlite", "postgresql"]
#: fills the empty database behind a URL and closes every connection to it
Seed = Callable[[str], Awaitable[object]]

VARIABLE = "CAUSEWAY_TEST_RUN"
PREFIX = "causeway-tests-"
#: Memory first: a database is made there in 25 ms, on a disk in 200. Short: a socket's path holds 100 bytes.
PARENTS = (Path("/dev/shm"), Path("/tmp"))
ROOM = 2 << 30


def seed_name(seed: Seed) -> str:
    """Short enough for PostgreSQL, the same in every worker, different for functions of the same name."""
    place = f"{seed.__module__}.{seed.__qualname__}"
    return f"{seed.__qualname__.rpartition('.')[2][:40]}_{hashlib.blake2s(place.encode()).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestRun:
    __test__ = False

    directory: Path

    @classmethod
    def begin(cls) -> TestRun:
        """Makes the directory of a new run and tells the workers through the environment."""
        for parent in PARENTS:
            _sweep(parent)
        roomy = [parent for parent in PARENTS if _free(parent) >= ROOM]
        directory = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=roomy[0] if roomy else None))
        directory.chmod(0o755)
        os.environ[VARIABLE] = str(directory)
        return cls(directory=directory)

    @classmethod
    def join(cls) -> TestRun:
        return cls(directory=Path(os.environ[VARIABLE]))

    def end(self) -> None:
        os.environ.pop(VARIABLE, None)
        _remove(self.directory)

    def cluster(self) -> Cluster:
        """The cluster of this run, started on first use; raises `PostgresMissing`."""
        saved, failed = self.directory / "cluster.json", self.directory / "cluster.failed"
        if not saved.exists():
            with self._lock("cluster"):
                if failed.exists():  # tried once: the other tests need not wait for it again
                    raise PostgresMissing(failed.read_text())
                if not saved.exists():
                    failed.write_text("PostgreSQL did not start: see the first test that needed it")
                    unsaved = self.directory / "cluster.new"
                    start_cluster(self.directory / "pg").save(unsaved)
                    unsaved.rename(saved)
                    failed.unlink()
        return Cluster.load(saved)

    def redis(self) -> RedisServer:
        """The Redis of this run, started on first use; raises `RedisMissing`."""
        server = RedisServer(directory=self.directory / "redis")
        with self._lock("redis"):
            if not server.directory.exists():
                server.directory.mkdir(mode=0o700)
                server.start()
        return server

    def s3(self) -> S3Server:
        """The S3 server of this run, started on first use."""
        server = S3Server(directory=self.directory / "s3")
        with self._lock("s3"):
            if not server.directory.exists():
                server.directory.mkdir(mode=0o700)
                server.start()
        return server

    def made_once(self, name: str, make: Callable[[Path], object]) -> Path:
        """A directory that `make` fills, once per run where it succeeds; what it raises is the caller's."""
        done = self.directory / f"{name}.done"
        with self._lock(name):
            if not done.exists():
                shutil.rmtree(self.directory / name, ignore_errors=True)
                (self.directory / name).mkdir()
                make(self.directory / name)
                done.touch()
        return self.directory / name

    async def template(self, dialect: Dialect, name: str, seed: Seed) -> str:
        """Seeds a template once per run; returns what `copy_template` takes."""
        done = self.directory / f"{name}.{dialect}"
        if not done.exists():
            with self._lock(done.name):
                if not done.exists():
                    await self._make_template(dialect, name, seed)
                    done.touch()
        return name

    def copy_template(self, dialect: Dialect, template: str | None, name: str, directory: Path) -> str:
        """A new database `name`, empty or a copy of `template` (SQLite: a file in `directory`); its URL."""
        if dialect == "postgresql":
            return self.cluster().create(name, template=f"t_{template}" if template else "template0")
        path = directory / f"{name}.sqlite"
        if template:
            shutil.copyfile(self.directory / f"{template}.sqlite.db", path)
        return f"sqlite:///{path}"

    async def _make_template(self, dialect: Dialect, name: str, seed: Seed) -> None:
        if dialect == "postgresql":
            cluster = self.cluster()
            cluster.drop(f"t_{name}")
            await seed(cluster.create(f"t_{name}"))
            return
        path = self.directory / f"{name}.sqlite.db"
        path.unlink(missing_ok=True)
        await seed(f"sqlite:///{path}")
        if path.with_name(path.name + "-wal").exists():
            raise AssertionError(f"the seed of {name} left a connection to its database open")

    @contextlib.contextmanager
    def _lock(self, name: str) -> Iterator[None]:
        with (self.directory / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _free(parent: Path) -> int:
    """Bytes that may be written below `parent`; 0 where it is missing or not ours to write."""
    return shutil.disk_usage(parent).free if os.access(parent, os.W_OK | os.X_OK) else 0


def _sweep(parent: Path) -> None:
    """Ends what runs that were killed left behind."""
    for directory in parent.glob(f"{PREFIX}*"):
        owner = directory.name.removeprefix(PREFIX).split("-")[0]
        if directory.stat().st_uid == os.geteuid() and owner.isdecimal() and not _alive(int(owner)):
            _remove(directory)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _remove(directory: Path) -> None:
    saved = directory / "cluster.json"
    if saved.exists():
        with contextlib.suppress(subprocess.CalledProcessError):  # it is down already
            Cluster.load(saved).stop()
    redis = RedisServer(directory=directory / "redis")
    if redis.socket.exists():
        redis.stop()
    S3Server(directory=directory / "s3").stop()
    shutil.rmtree(directory, ignore_errors=True)
