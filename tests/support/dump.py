"""All that a database holds, as lines of text, and a watch over requests: what is refused leaves no trace.

    before = await dump(database)
    ...
    assert await dump(database) == before

Numbers that sequences gave out are no content. Two statements, whatever the number of tables.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final

from schema_gen.database import Database
from schema_gen.drivers.sqlite import SqliteDatabase
from tests.support.asgi import Answer

_SQLITE_COLUMNS: Final = """
select t.name, c.name from sqlite_master t join pragma_table_info(t.name) c
where t.type = 'table' and t.name not like 'sqlite_%' order by t.name, c.cid"""
_POSTGRES_COLUMNS: Final = """
select t.table_name::text, c.column_name::text from information_schema.tables t
join information_schema.columns c on c.table_schema = t.table_schema and c.table_name = t.table_name
where t.table_schema = 'public' and t.table_type = 'BASE TABLE' order by 1, c.ordinal_position"""
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS", "SEARCH"})
#: what GraphQL says of an item that was written and that the caller may not read
_UNSEEN: Final = "You don't have permission to access this."


async def dump(database: Database) -> list[str]:
    """One line for each table and each row, in an order that depends on their content alone."""
    sqlite = database.dialect == "sqlite"
    tables: dict[str, list[str]] = {}
    for table, column in await database.fetch(_SQLITE_COLUMNS if sqlite else _POSTGRES_COLUMNS):
        tables.setdefault(table, []).append(column)
    shown = _sqlite_row if sqlite else _postgres_row
    rows = await database.fetch(
        " union all ".join(
            f"select {_text(table)}, {shown(columns)} from {_name(table)}"
            for table, columns in tables.items()
        )
    )
    return sorted([f"{table}({', '.join(columns)})" for table, columns in tables.items()]) + sorted(
        f"{table}: {row}" for table, row in rows
    )


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _sqlite_row(columns: Sequence[str]) -> str:
    return " || ',' || ".join(f"quote({_name(name)})" for name in columns)


def _postgres_row(columns: Sequence[str]) -> str:
    return "row({})::text".format(", ".join(_name(name) for name in columns))


Ask = Callable[..., Awaitable[Answer]]


class Watch:
    """Over the databases of one test: what each holds, read again only after something has changed there."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, list[str]]] = {}
        self._files: dict[Path, sqlite3.Connection] = {}
        #: requests of a site since it was last at rest, and how many of them run
        self._busy: dict[int, tuple[int, int]] = {}

    def close(self) -> None:
        for connection in self._files.values():
            connection.close()

    async def content(self, database: Database) -> list[str]:
        changes = await self._changes(database)
        known = self._known.get(id(database))
        if known is None or known[0] != changes:
            known = self._known[id(database)] = (changes, await dump(database))
        return known[1]

    async def _changes(self, database: Database) -> int:
        """Another number after every change; on PostgreSQL also after changes of other databases."""
        if isinstance(database, SqliteDatabase):
            file = self._files.get(database.path)
            if file is None:
                file = self._files[database.path] = sqlite3.connect(database.path, check_same_thread=False)
            return int(file.execute("pragma data_version").fetchone()[0])
        ((number,),) = await database.fetch("select pg_snapshot_xmax(pg_current_snapshot())::text::int8")
        return int(number)

    def over(self, ask: Ask) -> Ask:
        """`Site.ask`, and of every refused request that it left the database as it was."""

        async def asked(site: Any, method: str, target: str, payload: object = None, **more: Any) -> Answer:
            if method in _READS or ends_logins(target, payload):
                return await ask(site, method, target, payload, **more)
            busy, place = self._busy, id(site)
            began, running = busy.get(place, (0, 0))
            busy[place] = (began + 1, running + 1)
            try:
                before = await self.content(site.database)
                answer = await ask(site, method, target, payload, **more)
                # what is asked at the same time leaves traces of its own
                if refused(answer) and busy[place] == (1, 1):
                    after = await self.content(site.database)
                    trace = sorted(set(after) ^ set(before))
                    assert after == before, f"{method} {target} left a trace: {trace[:3]}"
                return answer
            finally:
                began, running = busy.pop(place)
                if running > 1:
                    busy[place] = (began, running - 1)

        return asked


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
