"""A table of SQLite made anew from its changed text, with all that it holds and all that hangs on it.

    CREATE TABLE "causeway_new_articles" (... the text with its edits ...)
    INSERT INTO "causeway_new_articles" (rowid, "id", "title") SELECT rowid, "id", "title" FROM "articles"
    DROP TABLE "articles"
    ALTER TABLE "causeway_new_articles" RENAME TO "articles"
    CREATE INDEX ..., CREATE TRIGGER ...           as they were written

Row numbers stay, so does the counter of AUTOINCREMENT, and what the planner has counted. The transaction has
foreign keys off and `legacy_alter_table` on (`Database.schema_transaction`): keys, views and triggers of
others go on naming the table, and nothing cascades when the old one goes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from resolvers.sql.ddl.rendering import literal
from resolvers.sql.ddl.sqlite_edit import Edit, apply, renamed
from resolvers.sql.ddl.sqlite_facts import TableFacts
from resolvers.sql.ddl.work import Work

_ATTACHED: Final = """
SELECT type, name, sql FROM sqlite_schema
WHERE lower(tbl_name) = lower(?1) AND type IN ('index', 'trigger') AND sql IS NOT NULL ORDER BY rowid
"""
_EXISTS: Final = "SELECT count(*) FROM sqlite_schema WHERE name = ?1"
_COUNTER: Final = "SELECT seq FROM sqlite_sequence WHERE name = ?1"
_STATISTICS: Final = "SELECT idx, stat FROM sqlite_stat1 WHERE lower(tbl) = lower(?1)"
_ROW_NUMBERS: Final = ("rowid", "_rowid_", "oid")


async def rebuild(
    work: Work,
    table: TableFacts,
    edits: Sequence[Edit],
    *,
    column: str | None = None,
    gone: str | None = None,
    without: frozenset[str] = frozenset(),
    convert: Callable[[str], Awaitable[None]] | None = None,
) -> None:
    """`column`: what refusals are about. `gone`: the column that is no more; `without`: names of indexes that
    are not made again; `convert`: changes values of the copy, whose name it gets, before it takes the place.
    """
    attached = await work.ask(_ATTACHED, (table.name,))
    counter = await _counter(work, table.name)
    statistics = await _statistics(work, table.name)
    copy = await _free(work, table.name)
    text = apply(table.definition.text, [renamed(table.definition, work.quoted(copy)), *edits])
    await work.tell(text, table.name, column)
    names = [*row_number(table), *(work.quoted(name) for name in _kept(table, gone))]
    listed = ", ".join(names)
    await work.tell(
        f"INSERT INTO {work.quoted(copy)} ({listed}) SELECT {listed} FROM {work.quoted(table.name)}",
        table.name,
        column,
    )
    if convert is not None:
        await convert(copy)
    await work.tell(f"DROP TABLE {work.quoted(table.name)}", table.name)
    await work.tell(f"ALTER TABLE {work.quoted(copy)} RENAME TO {work.quoted(table.name)}", table.name)
    for _, name, sql in attached:
        if name not in without:
            await work.tell(sql, table.name, column)
    await _restore(work, table.name, counter, [row for row in statistics if row[0] not in without])


def _kept(table: TableFacts, gone: str | None) -> list[str]:
    lost = None if gone is None else gone.lower()
    return [one.name for one in table.columns if not one.generated and one.name.lower() != lost]


def row_number(table: TableFacts) -> list[str]:
    """The number of a row, under a name that no column has; none where there is no such thing."""
    if table.without_rowid:
        return []
    taken = {column.name.lower() for column in table.columns}
    return [name for name in _ROW_NUMBERS if name not in taken][:1]


async def _free(work: Work, table: str) -> str:
    name = f"causeway_new_{table}"
    while (await work.ask(_EXISTS, (name,)))[0][0]:
        name += "_"
    return name


async def _counter(work: Work, table: str) -> int | None:
    if not (await work.ask(_EXISTS, ("sqlite_sequence",)))[0][0]:
        return None
    rows = await work.ask(_COUNTER, (table,))
    return int(rows[0][0]) if rows else None


async def _statistics(work: Work, table: str) -> list[tuple[str | None, str]]:
    if not (await work.ask(_EXISTS, ("sqlite_stat1",)))[0][0]:
        return []
    return [(row[0], row[1]) for row in await work.ask(_STATISTICS, (table,))]


async def _restore(
    work: Work, table: str, counter: int | None, statistics: Sequence[tuple[str | None, str]]
) -> None:
    named = literal("sqlite", table)
    if counter is not None:
        await work.tell(f"DELETE FROM sqlite_sequence WHERE name = {named}", table)
        await work.tell(f"INSERT INTO sqlite_sequence (name, seq) VALUES ({named}, {counter})", table)
    for index, stat in statistics:
        written = "NULL" if index is None else literal("sqlite", index)
        await work.tell(
            "INSERT INTO sqlite_stat1 (tbl, idx, stat) "
            f"VALUES ({named}, {written}, {literal('sqlite', stat)})",
            table,
        )
