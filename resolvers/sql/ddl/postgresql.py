"""Changes of tables on PostgreSQL, statement by statement.

    AddColumn(articles, <slug: string(50), unique>)
        ALTER TABLE "articles" ADD COLUMN "slug" varchar(50)
        CREATE UNIQUE INDEX "articles_slug_unique" ON "articles" ("slug")
        ALTER TABLE "articles" ADD CONSTRAINT "articles_slug_unique" UNIQUE USING INDEX "articles_slug_unique"

What takes long is done under locks that let readers pass, as far as there are such: an index is built before
its constraint is made of it, and what a column holds is looked at before the table is locked. What is still
waited for is bounded by the transaction's `lock_timeout`.
"""

from __future__ import annotations

import re
from typing import Final

from resolvers.sql.ddl.names import check_column_name, check_table_name
from resolvers.sql.ddl.postgresql_facts import (
    ColumnFacts,
    IndexFacts,
    TableFacts,
    column_facts,
    find_column,
    find_table,
    foreign_keys,
    free_name,
    has_postgis,
    indexes,
    table_facts,
)
from resolvers.sql.ddl.rendering import action, check_distinct, column_clauses, literal, spatial_type
from resolvers.sql.ddl.shapes import (
    AddColumn,
    AddForeignKey,
    ColumnShape,
    CreateTable,
    DropColumn,
    DropForeignKey,
    DropTable,
)
from resolvers.sql.ddl.work import Work, refused
from schema_gen.dialects.postgis import TYPES as SPATIAL
from schema_gen.errors import contains_null_values

_SERIALS: Final = {"bigInteger": "bigserial", "integer": "serial"}
_CONCURRENT: Final = re.compile(
    r'CREATE INDEX CONCURRENTLY IF NOT EXISTS ("(?:[^"]|"")+") ON ("(?:[^"]|"")+")\.'
)


# --- tables -------------------------------------------------------------------------------------------------


async def create_table(work: Work, change: CreateTable) -> None:
    check_table_name(change.name, "postgresql")
    check_distinct(change.name, [column.name for column in change.columns])
    parts = [await _definition(work, change.name, column) for column in change.columns]
    keys = [work.quoted(column.name) for column in change.columns if column.primary_key]
    if not keys:
        raise refused("{} needs a primary key", change.name)
    parts.append(f"PRIMARY KEY ({', '.join(keys)})")
    if await find_table(work, change.name) is not None:
        raise refused("{} already exists", change.name)
    await work.tell(f"CREATE TABLE {work.quoted(change.name)} ({', '.join(parts)})", change.name)
    table = await table_facts(work, change.name)
    for column in change.columns:
        await _furnish(work, table, column, alone=len(keys) == 1, concurrently=False)
    if change.comment:
        await work.tell(
            f"COMMENT ON TABLE {work.quoted(change.name)} IS {literal('postgresql', change.comment)}",
            change.name,
        )


async def _definition(work: Work, table: str, column: ColumnShape) -> str:
    check_column_name(column.name, "postgresql")
    declared, clauses = column_clauses("postgresql", table, column)
    kind = column.type.type
    if kind.startswith("geometry") and await has_postgis(work):
        declared = spatial_type(kind)
    if column.auto_increment:
        declared = _SERIALS[column.type.type]
    return f"{work.quoted(column.name)} {declared}{clauses}"


async def _furnish(
    work: Work, table: TableFacts, column: ColumnShape, *, alone: bool, concurrently: bool
) -> None:
    """What a new column has beside its definition. `alone`: a key is not shared with other columns."""
    facts = await column_facts(work, table, column.name)
    if column.unique and not (column.primary_key and alone):
        await make_unique(work, table, facts)
    if column.indexed and not (column.primary_key and alone):
        await make_index(work, table, facts, concurrently=concurrently)
    if column.comment:
        await comment(work, table, column.name, column.comment)


async def drop_table(work: Work, change: DropTable) -> None:
    await table_facts(work, change.name)
    await work.tell(f"DROP TABLE {work.quoted(change.name)}", change.name)


# --- columns ------------------------------------------------------------------------------------------------


async def add_column(work: Work, change: AddColumn) -> None:
    column = change.column
    definition = await _definition(work, change.table, column)
    table = await table_facts(work, change.table)
    if column.primary_key:
        raise refused("{} has its primary key already", change.table)
    if await find_column(work, table, column.name) is not None:
        raise refused("{} already exists", change.table, column.name)
    await work.tell(
        f"ALTER TABLE {work.quoted(change.table)} ADD COLUMN {definition}", change.table, column.name
    )
    await _furnish(work, table, column, alone=True, concurrently=work.concurrently)


async def drop_column(work: Work, change: DropColumn) -> None:
    table = await table_facts(work, change.table)
    column = await column_facts(work, table, change.name)
    if column.in_key:
        raise refused("{} belongs to the primary key", change.table, change.name)
    await work.tell(
        f"ALTER TABLE {work.quoted(change.table)} DROP COLUMN {work.quoted(change.name)}",
        change.table,
        change.name,
    )


async def comment(work: Work, table: TableFacts, column: str, text: str) -> None:
    written = literal("postgresql", text) if text else "NULL"
    await work.tell(
        f"COMMENT ON COLUMN {work.quoted(table.name)}.{work.quoted(column)} IS {written}", table.name, column
    )


# --- uniqueness and indexes ---------------------------------------------------------------------------------


async def make_unique(work: Work, table: TableFacts, column: ColumnFacts) -> None:
    """Built as an index, which readers do not wait for, then made a constraint."""
    if any(index.unique for index in await indexes(work, table, column)):
        return
    name = work.quoted(await free_name(work, table, column.name, "unique"))
    alter, over = f"ALTER TABLE {work.quoted(table.name)}", f"({work.quoted(column.name)})"
    if table.partitioned:  # whose parts have indexes of their own
        await work.tell(f"{alter} ADD CONSTRAINT {name} UNIQUE {over}", table.name, column.name)
        return
    await work.tell(
        f"CREATE UNIQUE INDEX {name} ON {work.quoted(table.name)} {over}", table.name, column.name
    )
    await work.tell(
        f"{alter} ADD CONSTRAINT {name} UNIQUE USING INDEX {name}",
        table.name,
        column.name,
    )


async def make_index(work: Work, table: TableFacts, column: ColumnFacts, *, concurrently: bool) -> None:
    """`concurrently`: after the commit, which writers do not wait for either."""
    if any(not index.unique for index in await indexes(work, table, column)):
        return
    name = work.quoted(await free_name(work, table, column.name, "index"))
    # geometries are looked for by where they lie, which a tree of what is smaller does not help with
    how = " USING gist" if column.data_type in SPATIAL else ""
    if concurrently and not table.partitioned:
        home = f"{work.quoted(table.namespace)}.{work.quoted(table.name)}"
        where = f"{home}{how} ({work.quoted(column.name)})"
        work.later.append(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {where}")
        return
    where = f"{work.quoted(table.name)}{how} ({work.quoted(column.name)})"
    await work.tell(f"CREATE INDEX {name} ON {where}", table.name, column.name)


def concurrent_index(statement: str) -> str | None:
    """The quoted name of the index that a statement for after the commit makes."""
    found = _CONCURRENT.match(statement)
    return None if found is None else f"{found[2]}.{found[1]}"


async def drop_indexes(work: Work, table: TableFacts, column: ColumnFacts, *, unique: bool) -> None:
    """All that are over this column alone, whatever they are called."""
    for index in await indexes(work, table, column):
        if index.unique == unique:
            await work.tell(_dropped(work, table, index), table.name, column.name)


def _dropped(work: Work, table: TableFacts, index: IndexFacts) -> str:
    if index.constraint is not None:
        return f"ALTER TABLE {work.quoted(table.name)} DROP CONSTRAINT {work.quoted(index.constraint)}"
    return f"DROP INDEX {work.quoted(table.namespace)}.{work.quoted(index.name)}"


# --- foreign keys -------------------------------------------------------------------------------------------


async def add_foreign_key(work: Work, change: AddForeignKey) -> None:
    table = await table_facts(work, change.table)
    column = await column_facts(work, table, change.column)
    target = await table_facts(work, change.target)
    await column_facts(work, target, change.target_column)
    await _drop_foreign_keys(work, table, column)
    here, there = work.quoted(change.column), work.quoted(change.target_column)
    name = work.quoted(await free_name(work, table, change.column, "foreign"))
    await work.tell(
        f"ALTER TABLE {work.quoted(change.table)} ADD CONSTRAINT {name} FOREIGN KEY ({here}) "
        f"REFERENCES {work.quoted(change.target)} ({there}) "
        f"ON DELETE {action(change.on_delete)} ON UPDATE {action(change.on_update)}",
        change.table,
        change.column,
    )


async def drop_foreign_key(work: Work, change: DropForeignKey) -> None:
    table = await table_facts(work, change.table)
    await _drop_foreign_keys(work, table, await column_facts(work, table, change.column))


async def _drop_foreign_keys(work: Work, table: TableFacts, column: ColumnFacts) -> None:
    for name in await foreign_keys(work, table, column):
        await work.tell(
            f"ALTER TABLE {work.quoted(table.name)} DROP CONSTRAINT {work.quoted(name)}",
            table.name,
            column.name,
        )


async def check_no_nulls(work: Work, table: str, column: str) -> None:
    """Before the table is locked for the change that the database would refuse."""
    found = await work.ask(f"SELECT 1 FROM {work.quoted(table)} WHERE {work.quoted(column)} IS NULL LIMIT 1")
    if found:
        raise contains_null_values(table, column)
