"""Changes of tables on SQLite: what ALTER TABLE can do by it, everything else by a rebuild.

    AddColumn(articles, <slug: string(50), unique>)
        ALTER TABLE "articles" ADD COLUMN "slug" varchar(50)
        CREATE UNIQUE INDEX "articles_slug_unique" ON "articles" ("slug")

The database looks at little when it is told to forget a column or a table; what PostgreSQL would refuse is
refused here: what others point at, views and triggers that would break.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Final

from resolvers.sql.ddl.comparing import joins
from resolvers.sql.ddl.names import check_column_name, check_table_name, index_names
from resolvers.sql.ddl.rebuild import rebuild
from resolvers.sql.ddl.rendering import action, check_distinct, column_clauses
from resolvers.sql.ddl.shapes import (
    AddColumn,
    AddForeignKey,
    ColumnShape,
    CreateTable,
    DropColumn,
    DropForeignKey,
    DropTable,
)
from resolvers.sql.ddl.sqlite_dependents import kept_whole
from resolvers.sql.ddl.sqlite_edit import (
    Edit,
    added_column,
    added_constraint,
    without_clauses,
    without_column,
    without_constraints,
)
from resolvers.sql.ddl.sqlite_facts import (
    ColumnFacts,
    TableFacts,
    find_table,
    free_name,
    pointing,
    table_facts,
)
from resolvers.sql.ddl.sqlite_text import Clause, mentions, tokens
from resolvers.sql.ddl.work import Work, depended_on, refused
from schema_gen.errors import contains_null_values, invalid_foreign_key

_INDEX_TEXTS: Final = (
    "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = ?1"
)


# --- tables -------------------------------------------------------------------------------------------------


async def create_table(work: Work, change: CreateTable) -> None:
    check_table_name(change.name, "sqlite")
    check_distinct(change.name, [column.name for column in change.columns])
    keys = [column for column in change.columns if column.primary_key]
    if not keys:
        raise refused("{} needs a primary key", change.name)
    if len(keys) > 1 and any(key.auto_increment for key in keys):
        raise refused("{} has a key of several fields, none of which can be numbered", change.name)
    parts = [_definition(work, change.name, column) for column in change.columns]
    if not keys[0].auto_increment:
        parts.append(f"PRIMARY KEY ({', '.join(work.quoted(key.name) for key in keys)})")
    if await find_table(work, change.name) is not None:
        raise refused("{} already exists", change.name)
    await work.tell(f"CREATE TABLE {work.quoted(change.name)} ({', '.join(parts)})", change.name)
    for column in change.columns:
        if not (column.primary_key and len(keys) == 1):
            await _furnish(work, change.name, column)


def _definition(work: Work, table: str, column: ColumnShape, *, strict: bool = False) -> str:
    check_column_name(column.name, "sqlite")
    kind, clauses = column_clauses("sqlite", table, column, strict=strict)
    if column.auto_increment:  # of no other type than this one
        return f"{work.quoted(column.name)} integer NOT NULL PRIMARY KEY AUTOINCREMENT"
    return f"{work.quoted(column.name)} {kind}{clauses}"


async def _furnish(work: Work, table: str, column: ColumnShape) -> None:
    if column.unique:
        await make_index(work, table, column.name, unique=True)
    if column.indexed:
        await make_index(work, table, column.name, unique=False)


async def drop_table(work: Work, change: DropTable) -> None:
    table = await table_facts(work, change.name)
    if any(name != table.name for name, _ in await pointing(work, table.name)):
        raise depended_on(table.name)
    async with kept_whole(work, table.name):
        await work.tell(f"DROP TABLE {work.quoted(table.name)}", table.name)


# --- columns ------------------------------------------------------------------------------------------------


async def add_column(work: Work, change: AddColumn) -> None:
    column = change.column
    table = await table_facts(work, change.table)
    definition = _definition(work, change.table, column, strict=table.strict)
    if column.primary_key:
        raise refused("{} has its primary key already", change.table)
    if table.find(column.name) is not None:
        raise refused("{} already exists", change.table, column.name)
    empty = not await work.ask(f"SELECT 1 FROM {work.quoted(table.name)} LIMIT 1")
    bare = not column.nullable and column.default.value is None and not column.default.now
    if bare and not empty:
        raise contains_null_values(change.table, column.name)
    if bare or column.default.now:  # ALTER TABLE takes neither
        await rebuild(work, table, [added_column(table.definition, definition)], column=column.name)
    else:
        await work.tell(
            f"ALTER TABLE {work.quoted(table.name)} ADD COLUMN {definition}", change.table, column.name
        )
    await _furnish(work, table.name, column)


async def drop_column(work: Work, change: DropColumn) -> None:
    """By a rebuild: ALTER TABLE rewrites all rows too, and refuses much of what can be done."""
    table = await table_facts(work, change.table)
    column = table.column(change.name)
    if column.key:
        raise refused("{} belongs to the primary key", table.name, column.name)
    await _check_free(work, table, column)
    gone = [clause for clause in table.definition.constraints if _concerns(clause, column.name)]
    edits = [
        without_column(table.definition, table.definition.column(column.name)),
        *without_constraints(table.definition, gone),
        *_checks_of_others(table, column.name),
    ]
    lost = await _indexes_with(work, table, column.name)
    async with kept_whole(work, table.name, column.name):
        await rebuild(work, table, edits, column=column.name, gone=column.name, without=lost)


async def _check_free(work: Work, table: TableFacts, column: ColumnFacts) -> None:
    pointed = [to for _, to in await pointing(work, table.name)]
    computed = any(
        clause.kind == "generated" and clause.mentions(column.name)
        for other in table.definition.columns
        if other.name.lower() != column.name.lower()
        for clause in other.clauses
    )
    if computed or any(to is not None and to.lower() == column.name.lower() for to in pointed):
        raise depended_on(table.name, column.name)


def _concerns(clause: Clause, column: str) -> bool:
    if clause.kind == "check":
        return clause.mentions(column)
    return column.lower() in [name.lower() for name in clause.columns]


def _checks_of_others(table: TableFacts, column: str) -> list[Edit]:
    return [
        Edit(clause.start, clause.end, "")
        for other in table.definition.columns
        if other.name.lower() != column.lower()
        for clause in other.clauses
        if clause.kind == "check" and clause.mentions(column)
    ]


async def _indexes_with(work: Work, table: TableFacts, column: str) -> frozenset[str]:
    """Indexes that name the column, in what they list, in an expression or in their condition."""
    found: set[str] = set()
    for name, sql in await work.ask(_INDEX_TEXTS, (table.name,)):
        parts = tokens(sql)
        opening = next(index for index, token in enumerate(parts) if token.sign == "(")
        if mentions(parts[opening:], column):
            found.add(name)
    return frozenset(found)


# --- uniqueness and indexes ---------------------------------------------------------------------------------


async def make_index(work: Work, table: str, column: str, *, unique: bool) -> None:
    name = await free_name(work, table, column, "unique" if unique else "index")
    kind = "UNIQUE INDEX" if unique else "INDEX"
    await work.tell(
        f"CREATE {kind} {work.quoted(name)} ON {work.quoted(table)} ({work.quoted(column)})", table, column
    )


# --- foreign keys -------------------------------------------------------------------------------------------


async def add_foreign_key(work: Work, change: AddForeignKey) -> None:
    table, target = await table_facts(work, change.table), await table_facts(work, change.target)
    column, to = table.column(change.column), target.column(change.target_column)
    if not target.unique(to.name):
        raise refused("The field that {} refers to has to be unique", table.name, column.name)
    if not joins(column.declared, to.declared):
        raise refused("The type of {} doesn't fit", table.name, column.name)
    here, there = work.quoted(column.name), work.quoted(to.name)
    lost = await work.ask(
        f"SELECT f.{here} FROM {work.quoted(table.name)} f WHERE f.{here} IS NOT NULL AND NOT EXISTS "
        f"(SELECT 1 FROM {work.quoted(target.name)} t WHERE t.{there} = f.{here}) LIMIT 1"
    )
    if lost:
        raise invalid_foreign_key(table.name, column.name, str(lost[0][0]))
    name = next(islice(index_names(table.name, column.name, "foreign"), 1))
    constraint = (
        f"CONSTRAINT {work.quoted(name)} FOREIGN KEY ({here}) "
        f"REFERENCES {work.quoted(target.name)} ({there}) "
        f"ON DELETE {action(change.on_delete)} ON UPDATE {action(change.on_update)}"
    )
    edits = [*_without_foreign_keys(table, column), added_constraint(table.definition, constraint)]
    await rebuild(work, table, edits, column=column.name)


async def drop_foreign_key(work: Work, change: DropForeignKey) -> None:
    table = await table_facts(work, change.table)
    edits = _without_foreign_keys(table, table.column(change.column))
    if edits:
        await rebuild(work, table, edits, column=change.column)


def _without_foreign_keys(table: TableFacts, column: ColumnFacts) -> Sequence[Edit]:
    listed = [
        clause
        for clause in table.definition.constraints
        if clause.kind == "foreign" and [name.lower() for name in clause.columns] == [column.name.lower()]
    ]
    return [
        *without_clauses(table.definition.column(column.name), {"references"}),
        *without_constraints(table.definition, listed),
    ]
