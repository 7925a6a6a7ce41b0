"""PostgreSQL through asyncpg: a bare stack of connections with large statement caches.

asyncpg's own pool resets each connection on release (four more statements); nothing here leaves session
state behind, so connections go back as they are. Every session runs in UTC with ISO dates and without JIT
compilation, which costs more than it gives for statements that build JSON.

`json` columns pass through as bytes, undecoded (binary format: the text itself). `jsonb` has a version byte
in front of its binary form; the codec cuts it off, which copies the value: replies should be built with
`json_*` functions.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import asyncpg
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from schema_gen.dialects.postgresql import BROKEN, STATEMENT_ERRORS, refusal, unreachable
from schema_gen.drivers.base import Database, Parameters, Row, Transaction
from schema_gen.drivers.pool import Pool
from schema_gen.drivers.postgresql_codecs import set_codecs

T = TypeVar("T")

CONNECT_TIMEOUT: Final = 10.0
#: seconds a cancelled or failed statement has to end before its connection is thrown away
SETTLE_TIMEOUT: Final = 5.0
#: seconds that statements in flight have to end when the database is closed
CLOSE_GRACE: Final = 5.0
#: what a schema change begins with: its turn (the number is this project's own), bounds for what holds up
#: everybody else, and literals that mean what they say
SCHEMA_SESSION: Final = (
    "SET LOCAL lock_timeout = '30s'",
    "SELECT pg_advisory_xact_lock(4918216053277)",
    "SET LOCAL lock_timeout = '2s'",
    "SET LOCAL standard_conforming_strings = on",
)
#: times that a read is tried again which lost a deadlock
READ_TRIES: Final = 3
SESSION: Final = {
    "application_name": "causeway",
    "datestyle": "ISO",
    "jit": "off",
    "timezone": "UTC",
}


def _end(connection: asyncpg.Connection) -> None:
    connection.terminate()


class PostgresTransaction(Transaction):
    def __init__(self, connection: asyncpg.Connection, core: Dialect) -> None:
        super().__init__(core)
        self._connection = connection

    async def fetch(self, sql: str, params: Parameters = ()) -> list[Row]:
        try:
            return [tuple(row) for row in await self._connection.fetch(sql, *params)]
        except (*STATEMENT_ERRORS, OSError) as error:
            raise refusal(error, writing=True) or error from error

    async def fetch_bytes(self, sql: str, params: Parameters = ()) -> tuple[bytes | None, ...]:
        return (await self.fetch(sql, params))[0]

    async def execute(self, sql: str, params: Parameters = ()) -> int:
        try:
            status = await self._connection.execute(sql, *params)
        except (*STATEMENT_ERRORS, OSError) as error:
            raise refusal(error, writing=True) or error from error
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def execute_many(self, sql: str, rows: Sequence[Parameters]) -> None:
        try:
            await self._connection.executemany(sql, rows)
        except (*STATEMENT_ERRORS, OSError) as error:
            raise refusal(error, writing=True) or error from error


class PostgresDatabase(Database):
    dialect = "postgresql"

    def __init__(
        self, dsn: str, *, url: str, size: int, max_waiting: int, timeout: float, search_path: Sequence[str]
    ) -> None:
        core: Dialect = PGDialect_asyncpg()  # type: ignore[no-untyped-call]
        super().__init__(url, core)
        self._dsn = dsn
        self._session = dict(SESSION)
        if search_path:
            self._session["search_path"] = ", ".join(
                '"' + name.replace('"', '""') + '"' for name in search_path
            )
        self._pool: Pool[asyncpg.Connection] = Pool(
            self._connect, _end, size=size, max_waiting=max_waiting, timeout=timeout
        )
        self._engine: AsyncEngine | None = None

    async def open(self, minimum: int) -> None:
        await self._pool.fill(minimum)

    async def connect_raw(self) -> asyncpg.Connection:
        """A connection outside the pool, without codecs: for listeners and SQLAlchemy. The caller closes
        it."""
        try:
            return await asyncpg.connect(self._dsn, server_settings=self._session, timeout=CONNECT_TIMEOUT)
        except (*BROKEN, TimeoutError, asyncpg.TooManyConnectionsError) as error:
            raise unreachable() from error

    async def _connect(self) -> asyncpg.Connection:
        try:
            connection = await asyncpg.connect(
                self._dsn,
                server_settings=self._session,
                timeout=CONNECT_TIMEOUT,
                statement_cache_size=1024,
                max_cached_statement_lifetime=0,
                max_cacheable_statement_size=0,
            )
            await set_codecs(connection)
        except (*BROKEN, TimeoutError, asyncpg.TooManyConnectionsError) as error:
            raise unreachable() from error
        return connection

    # --- reads ----------------------------------------------------------------------------------------------

    async def fetch_bytes(self, sql: str, params: Parameters = ()) -> tuple[bytes | None, ...]:
        pool = self._pool
        connection = pool.idle.pop() if pool.idle else await pool.wait()
        try:
            rows = await connection.fetch(sql, *params)
        except BaseException as error:
            rows = await self._after_failure(connection, error, sql, params)
        else:
            pool.give(connection)
        return tuple(rows[0])

    async def fetch(self, sql: str, params: Parameters = ()) -> list[Row]:
        pool = self._pool
        connection = pool.idle.pop() if pool.idle else await pool.wait()
        try:
            rows = await connection.fetch(sql, *params)
        except BaseException as error:
            rows = await self._after_failure(connection, error, sql, params)
        else:
            pool.give(connection)
        return [tuple(row) for row in rows]

    async def _after_failure(
        self,
        connection: asyncpg.Connection,
        error: BaseException,
        sql: str,
        params: Parameters,
        tries: int = READ_TRIES,
    ) -> list[Any]:
        """Puts the connection in order, then raises, or gives the rows of another try: on a fresh connection
        where this one is broken, at once where a change of tables was in the way."""
        if self._is_broken(connection, error):
            self._drop(connection)
            return await self._second_try(sql, params)
        if isinstance(error, asyncpg.TransactionRollbackError) and tries:
            try:
                rows: list[Any] = await connection.fetch(sql, *params)
            except BaseException as again:
                return await self._after_failure(connection, again, sql, params, tries - 1)
            self._pool.give(connection)
            return rows
        if isinstance(error, STATEMENT_ERRORS):
            self._pool.give(connection)
            raise refusal(error, writing=False) or error
        self._in_background(self._settle(connection))
        raise error

    async def _second_try(self, sql: str, params: Parameters) -> list[Any]:
        for stale in [one for one in self._pool.idle if one.is_closed()]:
            self._pool.idle.remove(stale)
            self._pool.lost(stale)
        connection = await self._pool.open_for_caller()
        try:
            rows: list[Any] = await connection.fetch(sql, *params)
        except BaseException as error:
            if self._is_broken(connection, error):
                self._drop(connection)
                raise unreachable() from error
            self._in_background(self._settle(connection))
            raise refusal(error, writing=False) or error from error
        self._pool.give(connection)
        return rows

    @staticmethod
    def _is_broken(connection: asyncpg.Connection, error: BaseException) -> bool:
        return isinstance(error, BROKEN) or (connection.is_closed() and isinstance(error, Exception))

    def _drop(self, connection: asyncpg.Connection) -> None:
        connection.terminate()
        self._pool.lost(connection)

    async def _settle(self, connection: asyncpg.Connection) -> None:
        """Waits for a cancelled statement to end (asyncpg has asked the server to), ends an open
        transaction."""
        try:
            async with asyncio.timeout(SETTLE_TIMEOUT):
                await connection.execute("ROLLBACK")
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
            self._drop(connection)
        else:
            self._pool.give(connection)

    # --- writes ---------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresTransaction]:
        connection = await self._begin()
        try:
            yield PostgresTransaction(connection, self.core)
            await connection.execute("COMMIT")
        except BaseException as error:
            settled = self._in_background(self._settle(connection))
            if isinstance(error, asyncio.CancelledError):
                raise
            await asyncio.shield(settled)
            raise (refusal(error, writing=True) or error) from error.__cause__
        else:
            self._pool.give(connection)

    @asynccontextmanager
    async def schema_transaction(self) -> AsyncIterator[PostgresTransaction]:
        async with self.transaction() as transaction:
            for statement in SCHEMA_SESSION:
                await transaction.execute(statement)
            yield transaction

    async def _begin(self) -> asyncpg.Connection:
        """A connection with an open transaction; a dead one from the pool is replaced by a fresh one."""
        pool = self._pool
        connection = pool.idle.pop() if pool.idle else await pool.wait()
        try:
            await connection.execute("BEGIN")
        except BaseException as error:
            if not self._is_broken(connection, error):
                self._in_background(self._settle(connection))
                raise
            self._drop(connection)
        else:
            return connection
        connection = await pool.open_for_caller()
        try:
            await connection.execute("BEGIN")
        except BaseException:
            self._in_background(self._settle(connection))
            raise
        return connection

    # --- cold paths -----------------------------------------------------------------------------------------

    async def run_sync(self, function: Callable[[Connection], T]) -> T:
        if self._engine is None:
            self._engine = create_async_engine(
                "postgresql+asyncpg://", async_creator=self.connect_raw, poolclass=NullPool
            )
        async with self._engine.begin() as connection:
            return await connection.run_sync(function)

    async def forget_statements(self) -> None:
        for connection in self._pool.members:
            await connection.reload_schema_state()

    async def ping(self) -> None:
        await self.fetch("SELECT 1")

    async def close(self) -> None:
        connections = await self._pool.close(CLOSE_GRACE)
        await self._background_done()
        for connection in connections:
            try:
                await connection.close(timeout=SETTLE_TIMEOUT)
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
                connection.terminate()
        if self._engine is not None:
            await self._engine.dispose()

    def native(self, sql: str) -> str:
        return sql
