"""All that a database holds, as lines of text, and a watch over requests: what is refused leaves no trace.

    before = await dump(database)
    ...
    assert await dump(database) == before

Numbers that sequences gave out are no content. Two statements, whatever the number of tables.

The watch takes no dump of what most requests find: it keeps a transaction open that goes on seeing the
database of that moment, and reads it only where a refused request may have changed something.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Protocol

import asyncpg

from schema_gen.database import Database
from schema_gen.drivers.postgresql import PostgresDatabase
from schema_gen.drivers.sqlite import SqliteDatabase
from tests.support.asgi import Answer

_SQLITE_COLUMNS: Final = """
select t.name, c.name from sqlite_master t join pragma_table_info(t.name) c
where t.type = 'table' and t.name not like 'sqlite_%' order by t.name, c.cid"""
_POSTGRES_COLUMNS: Final = """
select t.relname::text, c.attname::text from pg_class t join pg_attribute c on c.attrelid = t.oid
where t.relnamespace = 'public'::regnamespace and t.relkind in ('r', 'p') and c.attnum > 0
and not c.attisdropped order by 1, c.attnum"""
#: moves on with every transaction that writes, of any database
_POSTGRES_CHANGES: Final = "select pg_snapshot_xmax(pg_current_snapshot())::text"
_SQLITE_MADE: Final = "select name, sql from sqlite_master order by name, sql"
#: the transactions that wrote what says how tables are made: rows of catalogs about objects that are no part
#: of every database
_POSTGRES_MADE: Final = " union all ".join(
    [
        *(
            f"select '{catalog}', {key}::text || ' ' || xmin::text from {catalog} where {key} >= 16384"
            for catalog, key in (
                ("pg_attrdef", "oid"),
                ("pg_attribute", "attrelid"),
                ("pg_class", "oid"),
                ("pg_constraint", "oid"),
                ("pg_description", "objoid"),
                ("pg_enum", "oid"),
                ("pg_extension", "oid"),
                ("pg_index", "indexrelid"),
                ("pg_namespace", "oid"),
                ("pg_proc", "oid"),
                ("pg_trigger", "oid"),
                ("pg_type", "oid"),
            )
        ),
        "select schemaname::text || '.' || sequencename::text, last_value::text from pg_sequences",
    ]
)
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS", "SEARCH"})
#: what GraphQL says of an item that was written and that the caller may not read
_UNSEEN: Final = "You don't have permission to access this."

Fetch = Callable[[str], Awaitable[Sequence[Sequence[Any]]]]


async def dump(database: Database) -> list[str]:
    """One line for each table and each row, in an order that depends on their content alone."""
    return await _dump(database.fetch, sqlite=database.dialect == "sqlite")


async def _dump(fetch: Fetch, *, sqlite: bool) -> list[str]:
    tables: dict[str, list[str]] = {}
    for table, column in await fetch(_SQLITE_COLUMNS if sqlite else _POSTGRES_COLUMNS):
        tables.setdefault(table, []).append(column)
    shown = _sqlite_row if sqlite else _postgres_row
    rows: Iterable[Sequence[Any]] = ()
    if tables:
        rows = await fetch(
            " union all ".join(
                f"select {_text(table)}, {shown(columns)} from {_name(table)}"
                for table, columns in tables.items()
            )
        )
    return sorted([f"{table}({', '.join(columns)})" for table, columns in tables.items()]) + sorted(
        f"{table}: {row}" for table, row in rows
    )


async def everything(database: Database) -> list[str]:
    """What it holds, how its tables are made, and what its sequences will give out."""
    sqlite = database.dialect == "sqlite"
    made = await database.fetch(_SQLITE_MADE if sqlite else _POSTGRES_MADE)
    if sqlite and any(name == "sqlite_sequence" for name, _ in made):
        made = [*made, *await database.fetch("select name, seq from sqlite_sequence order by name")]
    return [*await dump(database), *sorted(f"{name} {what}" for name, what in made)]


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _sqlite_row(columns: Sequence[str]) -> str:
    return " || ',' || ".join(f"quote({_name(name)})" for name in columns)


def _postgres_row(columns: Sequence[str]) -> str:
    return "row({})::text".format(", ".join(_name(name) for name in columns))


# --- the watch ----------------------------------------------------------------------------------------------


class _Moment(Protocol):
    """What a database held when `begin` was called, until `end`; then it may begin anew."""

    async def begin(self) -> None: ...

    async def trace(self) -> list[str]:
        """What differs now: lines that were there and those that are."""

    async def end(self) -> None: ...


class _SqliteMoment:
    """Readers of a database in WAL mode hold nobody up."""

    def __init__(self, path: Path) -> None:
        self._now = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._then = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._version = 0

    async def begin(self) -> None:
        self._version = self._changes()
        self._then.execute("begin")
        # a transaction begins to see with its first read
        self._then.execute("select 1 from sqlite_master limit 1").fetchone()

    def _changes(self) -> int:
        """Another number after every change by others."""
        return int(self._now.execute("pragma data_version").fetchone()[0])

    async def trace(self) -> list[str]:
        if self._changes() == self._version:
            return []
        return _differing(await self._lines(self._then), await self._lines(self._now))

    async def _lines(self, connection: sqlite3.Connection) -> list[str]:
        async def fetch(sql: str) -> Sequence[Sequence[Any]]:
            return connection.execute(sql).fetchall()

        return await _dump(fetch, sqlite=True)

    async def end(self) -> None:
        self._then.execute("rollback")

    def close(self) -> None:
        self._now.close()
        self._then.close()


class _PostgresMoment:
    """Transactions that have read no table yet hold nobody up but `CREATE INDEX CONCURRENTLY`."""

    def __init__(self, database: PostgresDatabase, connection: asyncpg.Connection) -> None:
        self._database = database
        self._connection = connection

    async def begin(self) -> None:
        # a transaction begins to see with its first statement
        await self._connection.execute("begin isolation level repeatable read; select 1")

    async def trace(self) -> list[str]:
        then, now = self._connection.fetch, self._database.fetch
        # transactions of other databases count here too
        if _same(await then(_POSTGRES_CHANGES), await now(_POSTGRES_CHANGES)):
            return []
        if await _sums(then) == await _sums(now):
            return []
        return _differing(await _dump(then, sqlite=False), await _dump(now, sqlite=False))

    async def end(self) -> None:
        await self._connection.execute("rollback")

    def close(self) -> None:
        self._connection.terminate()


class _CopiedMoment:
    """For what waits until nobody sees the database of an earlier moment."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._before: list[str] = []

    async def begin(self) -> None:
        self._before = await dump(self._database)

    async def trace(self) -> list[str]:
        return _differing(self._before, await dump(self._database))

    async def end(self) -> None:
        self._before = []


async def _sums(fetch: Fetch) -> list[tuple[Any, ...]]:
    """Names of columns, and per table a number that depends on the content of its rows alone: PostgreSQL is
    quicker at this than at handing them over.
    """
    columns = [tuple(row) for row in await fetch(_POSTGRES_COLUMNS)]
    if not columns:
        return []
    sums = " union all ".join(
        f"select {_text(table)}, sum(hashtextextended(t::text, 0))::text from {_name(table)} t"
        for table in dict.fromkeys(table for table, _ in columns)
    )
    return [*columns, *sorted(tuple(row) for row in await fetch(sums))]


def _same(one: Sequence[Sequence[Any]], other: Sequence[Sequence[Any]]) -> bool:
    return [tuple(row) for row in one] == [tuple(row) for row in other]


def _differing(before: Iterable[str], after: Iterable[str]) -> list[str]:
    gone, new = Counter(before), Counter(after)
    return sorted(((gone - new) + (new - gone)).elements())


class Watch:
    """Over the requests of one site: of every refused one, that it left the database as it was."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._opened: _SqliteMoment | _PostgresMoment | None = None
        #: requests since the site was last at rest, and how many of them run
        self._began = 0
        self._running = 0

    async def over(self, asked: str, send: Callable[[], Awaitable[Answer]]) -> Answer:
        alone = self._running == 0
        self._running += 1
        self._began += 1
        began = self._began
        try:
            if not alone:
                return await send()
            async with self._held(asked) as moment:
                answer = await send()
                # what is asked at the same time leaves traces of its own
                if refused(answer) and self._began == began:
                    trace = await moment.trace()
                    assert not trace, f"{asked} left a trace: {trace[:3]}"
                return answer
        finally:
            self._running -= 1

    @asynccontextmanager
    async def _held(self, asked: str) -> AsyncIterator[_Moment]:
        moment: _Moment = _CopiedMoment(self._database)
        if "concurrentIndexCreation" not in asked:
            moment = self._opened or await self._open()
        await moment.begin()
        try:
            yield moment
        finally:
            await moment.end()

    async def _open(self) -> _SqliteMoment | _PostgresMoment:
        database = self._database
        if isinstance(database, SqliteDatabase):
            self._opened = _SqliteMoment(database.path)
        else:
            assert isinstance(database, PostgresDatabase)
            self._opened = _PostgresMoment(database, await database.connect_raw())
        return self._opened

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()


def watched(method: str, target: str, payload: object) -> bool:
    return method not in _READS and not ends_logins(target, payload)


def ends_logins(target: str, payload: object) -> bool:
    """A login that is refused may be ended by that: a refresh token that comes a second time is stolen."""
    return target.startswith("/auth/") or "auth_" in str(payload)


def refused(answer: Answer) -> bool:
    """Whether nothing at all was done. Of several GraphQL roots each stands for itself."""
    if answer.status >= 400:
        return True
    try:
        body = json.loads(answer.body)
    except ValueError:
        return False
    if not isinstance(body, dict) or not body.get("errors"):
        return False
    unseen = any(error["message"] == _UNSEEN for error in body["errors"])
    return not unseen and not any((body.get("data") or {}).values())
