"""What every stage may ask of a database, whichever it is.

`Database` is opened by `schema_gen.database.open_database`. SQL text is native: `$1` for PostgreSQL, `?1`
for SQLite; `database.native(sql)` turns the first spelling into the one at hand, and `run` takes SQLAlchemy
Core instead of text.

    row = await database.fetch_bytes("select json_build_object('id', $1::int)", (1,))     # (b'{"id" : 1}',)
    rows = await database.fetch(database.native('select id from articles where id = $1'), (1,))
    async with database.transaction() as transaction:
        await transaction.run(insert(articles).values(title="A"))

Values of `fetch`, `run` and `Transaction` are the driver's: JSON columns come as JSON text (bytes from
PostgreSQL, str from SQLite; `json.loads` takes both), timestamps as the column stores them. Parameters must
be what the driver takes.

Errors: a refusal the caller may see is a `CausewayError` made from the driver's facts (see
`schema_gen.dialects`); `SERVICE_UNAVAILABLE` with `Retry-After` where no connection came in time or the
database cannot be reached; `SchemaMoved` where tables are not what the statement takes them for; anything
else is the driver's own exception.
"""

from __future__ import annotations

import asyncio
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import lru_cache
from typing import Any, Final, Literal, Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

T = TypeVar("T")
Row = tuple[Any, ...]
Parameters = Sequence[Any]
DialectName = Literal["sqlite", "postgresql"]

_PLACEHOLDER: Final = re.compile(r"\$(\d+)")


@lru_cache(maxsize=512)
def question_marks(sql: str) -> str:
    """`$1` -> `?1`; the text must not hold `$1` inside a literal (values never reach SQL text)."""
    return _PLACEHOLDER.sub(r"?\1", sql)


def compile_core(
    statement: ClauseElement, dialect: Dialect, rows: Sequence[Mapping[str, Any]] | None
) -> tuple[str, list[Parameters]]:
    """SQLAlchemy Core -> SQL text and one list of driver values per row (one list when `rows` is None).

    Bind processors of the column types run; Python-side column defaults and result processors do not.
    """
    compiled = statement.compile(
        dialect=dialect,
        column_keys=list(rows[0]) if rows else None,
        for_executemany=rows is not None,
    )
    if not isinstance(compiled, SQLCompiler):  # DDL has no parameters
        return str(compiled), [()]
    processors: dict[str, Callable[[Any], Any]] = {}
    for bind in compiled.bind_names:
        processor = bind.type.dialect_impl(dialect).bind_processor(dialect)
        if processor is not None:
            processors[compiled.bind_names[bind]] = processor
    values: list[Parameters] = []
    text = ""
    for row in rows if rows is not None else (None,):
        state = compiled.construct_expanded_state(row)
        text = state.statement
        origin = {part: name for name, parts in state.parameter_expansion.items() for part in parts}
        values.append(
            tuple(
                processors[origin.get(name, name)](state.parameters[name])
                if origin.get(name, name) in processors
                else state.parameters[name]
                for name in state.positiontup or ()
            )
        )
    return text, values


class Reads(Protocol):
    """What only reads: a transaction, or a database outside of any."""

    async def fetch(self, sql: str, params: Parameters = ()) -> list[Row]: ...
    async def fetch_bytes(self, sql: str, params: Parameters = ()) -> tuple[bytes | None, ...]: ...


class Transaction(ABC):
    """Statements that happen together. Made by `Database.transaction()`; commits when its block ends well."""

    def __init__(self, core: Dialect) -> None:
        self._core = core

    @abstractmethod
    async def fetch(self, sql: str, params: Parameters = ()) -> list[Row]: ...

    @abstractmethod
    async def fetch_bytes(self, sql: str, params: Parameters = ()) -> tuple[bytes | None, ...]:
        """Like `Database.fetch_bytes`, seeing what the transaction has written."""

    @abstractmethod
    async def execute(self, sql: str, params: Parameters = ()) -> int:
        """The number of rows touched (0 for statements that touch none)."""

    @abstractmethod
    async def execute_many(self, sql: str, rows: Sequence[Parameters]) -> None: ...

    async def fetch_each(self, statements: Sequence[tuple[str, Parameters]], found: list[list[Row]]) -> None:
        """Adds the rows of each statement to `found`; after a refusal, whose turn it was is `len(found)`."""
        for sql, params in statements:
            found.append(await self.fetch(sql, params))

    async def later(self, sql: str, rows: Sequence[Parameters]) -> None:
        """Like `execute_many`, but where that saves time only with the next statement or the commit: what
        refuses it is told there.
        """
        await self.execute_many(sql, rows)

    async def run(
        self, statement: ClauseElement, rows: Sequence[Mapping[str, Any]] | None = None
    ) -> list[Row]:
        """SQLAlchemy Core on this connection: the rows of a select or of RETURNING, else [].

        `rows`: run the insert, update or delete once for each of these parameter sets (values of named bind
        parameters or columns); the first names the columns for all, and no rows come back.
        """
        if rows is None:
            sql, values = compile_core(statement, self._core, None)
            return await self.fetch(sql, values[0])
        if rows:
            sql, values = compile_core(statement, self._core, rows)
            await self.execute_many(sql, values)
        return []


class Database(ABC):
    """One database behind pools of connections. `url` is without password, for logs and keys."""

    dialect: DialectName

    def __init__(self, url: str, core: Dialect) -> None:
        self.url = url
        #: the SQLAlchemy dialect that `run` compiles for
        self.core = core
        self._background: set[asyncio.Task[Any]] = set()

    @abstractmethod
    async def fetch_bytes(self, sql: str, params: Parameters = ()) -> tuple[bytes | None, ...]:
        """The hot path: a statement that gives exactly one row whose columns are JSON text, undecoded.

        PostgreSQL columns must be of type json, jsonb or bytea. A read that meets a broken connection is
        tried once more on a fresh one; a caller that is cancelled stops the query and leaves the connection
        usable.
        """

    @abstractmethod
    async def fetch(self, sql: str, params: Parameters = ()) -> list[Row]:
        """The cold path: a read with the driver's values."""

    @abstractmethod
    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Commits when the block ends, rolls back when it raises. One at a time on SQLite (`BEGIN
        IMMEDIATE`)."""

    @abstractmethod
    def schema_transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Like `transaction`, for changes of tables; one at a time across all processes.

        PostgreSQL: waits for locks are bounded, then SERVICE_UNAVAILABLE. SQLite: foreign keys are not
        enforced, nothing cascades; keys that point at nothing are looked for before the commit, and refused
        unless they were there before.
        """

    @abstractmethod
    async def run_sync(self, function: Callable[[Connection], T]) -> T:
        """`function` with a SQLAlchemy connection inside one transaction: introspection and DDL. Cold."""

    async def forget_statements(self) -> None:
        """Statements that were prepared before a change of the schema are not used again: what is bound to
        them would have the types of that time. For databases that do not see to it themselves.
        """
        return

    @abstractmethod
    async def ping(self) -> None:
        """Returns when the database answers; raises SERVICE_UNAVAILABLE or the driver's error."""

    @abstractmethod
    async def close(self) -> None: ...

    @abstractmethod
    def native(self, sql: str) -> str:
        """SQL with `$1` placeholders in the spelling of this database."""

    async def run(self, statement: ClauseElement) -> list[Row]:
        """A SQLAlchemy Core select on a read connection."""
        sql, values = compile_core(statement, self.core, None)
        return await self.fetch(sql, values[0])

    def _in_background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """What must finish although its caller is gone: giving a connection back in order."""
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    async def _background_done(self) -> None:
        while self._background:
            await asyncio.gather(*self._background, return_exceptions=True)
