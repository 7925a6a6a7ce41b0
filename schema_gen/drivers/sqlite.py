"""SQLite through aiosqlite: one file in WAL mode, one writer and a few readers, each with its own thread.

Readers hand out text as bytes (the hot path splices it into replies), so cold reads with decoded values
have a connection of their own, opened when first needed. Writes stand in a queue for the one writer; other
processes are waited for with `busy_timeout`.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import aiosqlite
from sqlalchemy import Connection, event
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from schema_gen.dialects.sqlite import refusal
from schema_gen.drivers.base import Database, Parameters, Row, Transaction, question_marks
from schema_gen.drivers.pool import Pool
from schema_gen.drivers.sqlite_keys import broken_by, violations
from schema_gen.drivers.turns import Turns
from schema_gen.errors import CausewayError

T = TypeVar("T")

BUSY_TIMEOUT_MS: Final = 5000
#: statements kept compiled per connection
CACHED_STATEMENTS: Final = 1024
#: seconds between two attempts to interrupt a statement whose caller has gone
INTERRUPT_INTERVAL: Final = 0.02
#: seconds that statements in flight have to end when the database is closed
CLOSE_GRACE: Final = 5.0
#: rows put off until the next trip to the thread
WAITING: Final = 1000
#: names of the first placeholders
_NUMBERS: Final = tuple(str(number) for number in range(1, 65))
#: of a connection on which tables change: none of these can be set within a transaction
SCHEMA_PRAGMAS: Final = ("PRAGMA foreign_keys = OFF", "PRAGMA legacy_alter_table = ON")
DRIVER_ERRORS: Final = (sqlite3.Error, OverflowError)

PRAGMAS: Final = (
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA foreign_keys = ON",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -16000",
    "PRAGMA mmap_size = 268435456",
)


def _prepared(path: Path, *, read_only: bool, text_as_bytes: bool) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, cached_statements=CACHED_STATEMENTS
    )
    for pragma in PRAGMAS:
        connection.execute(pragma)
    if read_only:
        connection.execute("PRAGMA query_only = ON")
    if text_as_bytes:
        connection.text_factory = bytes
    return connection


async def _open(path: Path, *, read_only: bool, text_as_bytes: bool = False) -> aiosqlite.Connection:
    connector = partial(_prepared, path, read_only=read_only, text_as_bytes=text_as_bytes)
    return await aiosqlite.Connection(connector, iter_chunk_size=64)


def _end(connection: aiosqlite.Connection) -> None:
    """Interrupts what runs and lets the thread end."""
    if connection._connection is not None:
        connection._connection.interrupt()
    connection.stop()


def _bound(sql: str, params: Parameters) -> Parameters | dict[str, Any]:
    """What the placeholders want: `?1` counts as a name, for which Python 3.14 refuses a sequence (3.12
    deprecates it); the plain `?` of SQLAlchemy does not.
    """
    if not params or "?1" not in sql:
        return params
    names = _NUMBERS if len(params) <= len(_NUMBERS) else [str(n) for n in range(1, len(params) + 1)]
    return dict(zip(names, params, strict=False))


class SqliteTransaction(Transaction):
    """A trip to the connection's thread costs more than most statements: the first of them begins the
    transaction, and those put off go with the next one or the commit.
    """

    def __init__(self, connection: aiosqlite.Connection, core: Dialect, turns: Turns) -> None:
        super().__init__(core)
        self._connection = connection
        self._turns = turns
        self._begun = False
        self._waiting: list[tuple[str, Sequence[Parameters]]] = []

    async def _trip(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Runs `work` in the connection's thread, and before it what it needs."""
        begin, self._begun = not self._begun, True
        waiting, self._waiting = self._waiting, []
        raw = self._connection._conn

        def run() -> T:
            if begin:
                self._turns.begin(raw)
            for sql, rows in waiting:
                raw.executemany(sql, [_bound(sql, row) for row in rows])
            return work(raw)

        try:
            done: T = await self._connection._execute(run)  # type: ignore[no-untyped-call]
        except DRIVER_ERRORS as error:
            raise refusal(error, writing=True) or error from error
        return done

    async def fetch(self, sql: str, params: Parameters = ()) -> list[Row]:
        bound = _bound(sql, params)
        return await self._trip(lambda raw: raw.execute(sql, bound).fetchall())

    async def fetch_bytes(self, sql: str, params: Parameters = ()) -> tuple[bytes | None, ...]:
        row = (await self.fetch(sql, params))[0]
        return tuple(value.encode() if isinstance(value, str) else value for value in row)

    async def fetch_each(self, statements: Sequence[tuple[str, Parameters]], found: list[list[Row]]) -> None:
        def run(raw: sqlite3.Connection) -> None:
            for sql, params in statements:
                found.append(raw.execute(sql, _bound(sql, params)).fetchall())

        await self._trip(run)

    async def execute(self, sql: str, params: Parameters = ()) -> int:
        bound = _bound(sql, params)
        return await self._trip(lambda raw: max(raw.execute(sql, bound).rowcount, 0))

    async def execute_many(self, sql: str, rows: Sequence[Parameters]) -> None:
        await self._trip(lambda raw: raw.executemany(sql, [_bound(sql, row) for row in rows]))

    async def later(self, sql: str, rows: Sequence[Parameters]) -> None:
        self._waiting.append((sql, rows))
        if sum(len(many) for _, many in self._waiting) >= WAITING:
            await self._trip(lambda raw: None)

    async def check_keys(self, path: Path) -> None:
        """INVALID_FOREIGN_KEY where a key points at nothing that did point at something before."""

        def check(raw: sqlite3.Connection) -> CausewayError | None:
            if broken_by(raw, Counter()) is None:
                return None
            # others see the file as it was before this transaction
            with closing(_prepared(path, read_only=True, text_as_bytes=False)) as other:
                return broken_by(raw, violations(other))

        broken = await self._trip(check) if self._begun or self._waiting else None
        if broken is not None:
            raise broken

    async def commit(self) -> None:
        if self._begun or self._waiting:
            await self._trip(lambda raw: raw.execute("COMMIT"))


class SqliteDatabase(Database):
    dialect = "sqlite"

    def __init__(self, path: Path, *, url: str, readers: int, max_waiting: int, timeout: float) -> None:
        super().__init__(url, SQLiteDialect_aiosqlite(paramstyle="qmark"))
        self.path = path
        self._readers: Pool[aiosqlite.Connection] = Pool(
            partial(_open, path, read_only=True, text_as_bytes=True),
            _end,
            size=readers,
            max_waiting=max_waiting,
            timeout=timeout,
        )
        self._cold: Pool[aiosqlite.Connection] = Pool(
            partial(_open, path, read_only=True), _end, size=1, max_waiting=max_waiting, timeout=timeout
        )
        self._writer: Pool[aiosqlite.Connection] = Pool(
            partial(_open, path, read_only=False), _end, size=1, max_waiting=max_waiting, timeout=timeout
        )
        self._turns = Turns(path)
        self._engine: AsyncEngine | None = None

    async def open(self) -> None:
        await self._writer.fill(1)
        writer = self._writer.idle[0]
        await writer.execute_fetchall("PRAGMA journal_mode = WAL")
        await self._readers.fill(self._readers.size)

    # --- reads ----------------------------------------------------------------------------------------------

    async def fetch_bytes(self, sql: str, params: Parameters = ()) -> tuple[bytes | None, ...]:
        pool = self._readers
        connection = pool.idle.pop() if pool.idle else await pool.wait()
        try:
            rows: Any = await connection.execute_fetchall(sql, _bound(sql, params))
        except BaseException as error:
            await self._after_failure(pool, connection, error, writing=False)
            raise
        pool.give(connection)
        row: tuple[bytes | None, ...] = rows[0]
        return row

    async def fetch(self, sql: str, params: Parameters = ()) -> list[Row]:
        pool = self._cold
        connection = pool.idle.pop() if pool.idle else await pool.wait()
        try:
            rows = await connection.execute_fetchall(sql, _bound(sql, params))
        except BaseException as error:
            await self._after_failure(pool, connection, error, writing=False)
            raise
        pool.give(connection)
        return [tuple(row) for row in rows]

    async def _after_failure(
        self,
        pool: Pool[aiosqlite.Connection],
        connection: aiosqlite.Connection,
        error: BaseException,
        *,
        writing: bool,
    ) -> None:
        """Gives the connection back, at once or when its interrupted statement has ended; raises the
        refusal that `error` means, if it means one."""
        if isinstance(error, asyncio.CancelledError):
            self._in_background(self._settle(pool, connection))
            return
        if connection.in_transaction:
            await asyncio.shield(self._in_background(self._settle(pool, connection)))
        else:
            self._give(pool, connection)
        known = refusal(error, writing=writing)
        if known is not None:
            raise known from error

    async def _settle(self, pool: Pool[aiosqlite.Connection], connection: aiosqlite.Connection) -> None:
        """Interrupts what the connection still runs, ends its transaction, gives it back.

        Its thread works off a queue: once the rollback has run, the abandoned statement has ended.
        """
        rollback = asyncio.ensure_future(connection.rollback())
        while not rollback.done():
            await connection.interrupt()
            await asyncio.wait({rollback}, timeout=INTERRUPT_INTERVAL)
        failure = rollback.exception()
        if failure is None and not connection.in_transaction:
            self._give(pool, connection)
            return
        await connection.close()
        if pool is self._writer:
            self._turns.end()
        pool.lost(connection)

    # --- writes ---------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SqliteTransaction]:
        pool = self._writer
        connection = pool.idle.pop() if pool.idle else await pool.wait()
        try:
            transaction = SqliteTransaction(connection, self.core, self._turns)
            yield transaction
            await transaction.commit()
        except BaseException as error:
            await self._after_failure(pool, connection, error, writing=True)
            raise
        self._give(pool, connection)

    @asynccontextmanager
    async def schema_transaction(self) -> AsyncIterator[SqliteTransaction]:
        """On a connection of its own, so that nothing has to be set back; the writer rests meanwhile."""
        pool = self._writer
        writer = pool.idle.pop() if pool.idle else await pool.wait()
        opening = asyncio.ensure_future(_open(self.path, read_only=False))
        try:
            connection = await asyncio.shield(opening)
            for pragma in SCHEMA_PRAGMAS:
                await connection.execute_fetchall(pragma)
            transaction = SqliteTransaction(connection, self.core, self._turns)
            yield transaction
            await transaction.check_keys(self.path)
            await transaction.commit()
        except DRIVER_ERRORS as error:
            raise refusal(error, writing=True) or error from error
        finally:
            await asyncio.shield(self._in_background(self._close_schema(opening, writer)))

    async def _close_schema(
        self, opening: asyncio.Future[aiosqlite.Connection], writer: aiosqlite.Connection
    ) -> None:
        """Whatever still runs is interrupted and taken back; then the writer may write again."""
        try:
            connection = await opening
            rollback = asyncio.ensure_future(connection.rollback())
            while not rollback.done():
                await connection.interrupt()
                await asyncio.wait({rollback}, timeout=INTERRUPT_INTERVAL)
            await connection.close()
        finally:
            self._give(self._writer, writer)

    def _give(self, pool: Pool[aiosqlite.Connection], connection: aiosqlite.Connection) -> None:
        """Nothing is begun on the connection any more."""
        if pool is self._writer:
            self._turns.end()
        pool.give(connection)

    # --- cold paths -----------------------------------------------------------------------------------------

    async def run_sync(self, function: Callable[[Connection], T]) -> T:
        """Takes the writer's turn, so that it never meets a transaction of this process."""
        connection = await self._writer.wait()
        try:
            async with self._core_engine().begin() as core:
                return await core.run_sync(function)
        finally:
            self._writer.give(connection)

    def _core_engine(self) -> AsyncEngine:
        if self._engine is None:
            self._engine = create_async_engine(f"sqlite+aiosqlite:///{self.path}", poolclass=NullPool)
            event.listen(self._engine.sync_engine, "connect", _prepare_adapted)
            event.listen(self._engine.sync_engine, "begin", _begin_immediate)
        return self._engine

    async def ping(self) -> None:
        await self.fetch("SELECT 1")

    async def close(self) -> None:
        for pool in (self._readers, self._cold, self._writer):
            for connection in await pool.close(CLOSE_GRACE):
                await connection.close()
        await self._background_done()
        self._turns.close()
        if self._engine is not None:
            await self._engine.dispose()

    def native(self, sql: str) -> str:
        return question_marks(sql)


def _prepare_adapted(adapted: Any, _record: Any) -> None:
    """SQLAlchemy's connection event: transactions are begun explicitly, so that DDL is part of them."""
    adapted.isolation_level = None
    cursor = adapted.cursor()
    for pragma in PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
