"""Views and triggers of SQLite that a change would leave broken: the database itself does not look.

They are compiled before and after: what could be run before has to be one that can be run after.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from resolvers.sql.ddl.work import Work, depended_on
from schema_gen.errors import CausewayError, SchemaMoved

_OBJECTS: Final = """
SELECT type, name, tbl_name FROM sqlite_schema WHERE type IN ('view', 'trigger') ORDER BY type, name
"""
_COLUMNS: Final = "SELECT name FROM pragma_table_xinfo(?1) WHERE hidden = 0"


@asynccontextmanager
async def kept_whole(work: Work, table: str, column: str | None = None) -> AsyncIterator[None]:
    """INVALID_PAYLOAD when what is done inside breaks a view or a trigger."""
    before = await _broken(work, "before")
    yield
    if await _broken(work, "after") - before:
        raise depended_on(table, column)


async def _broken(work: Work, when: str) -> set[str]:
    """The statements that would use a view or fire a trigger, and cannot be compiled. `when` makes them other
    statements than the driver remembers: what is merely explained does not notice that a table has changed.
    """
    broken: set[str] = set()
    firing: set[str] = set()
    for kind, name, table in await work.ask(_OBJECTS):
        if kind == "trigger":
            firing.add(table)
        elif not await _compiles(work, f"SELECT * FROM {work.quoted(name)} -- {when}"):
            broken.add(name)
    for table in firing:
        named = work.quoted(table)
        columns = [work.quoted(row[0]) for row in await work.ask(_COLUMNS, (table,))]
        changes = ", ".join(f"{column} = {column}" for column in columns)
        for sql in (
            f"DELETE FROM {named}",
            f"INSERT INTO {named} DEFAULT VALUES",
            f"UPDATE {named} SET {changes}",
        ):
            if not await _compiles(work, f"{sql} -- {when}"):
                broken.add(sql.partition(" SET ")[0])
    return broken


async def _compiles(work: Work, sql: str) -> bool:
    try:
        await work.ask(f"EXPLAIN {sql}")
    except (sqlite3.Error, CausewayError, SchemaMoved):
        return False
    return True
