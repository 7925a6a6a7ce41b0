"""One column of SQLite becomes another: type, default and nulls by a rebuild, indexes without.

    ChangeColumn(articles.views, <type bigInteger, not null>)
        "views" integer DEFAULT 0 CHECK (views >= 0)
     -> "views" bigint NOT NULL DEFAULT 0 CHECK (views >= 0)

A rebuild writes the column's own text anew, and leaves of it what is not concerned.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from resolvers.sql.ddl.comparing import joins
from resolvers.sql.ddl.rebuild import rebuild
from resolvers.sql.ddl.rendering import (
    NUMBERED,
    column_type,
    default,
    default_moved,
    field_of,
)
from resolvers.sql.ddl.shapes import ChangeColumn, ColumnChange, ColumnType
from resolvers.sql.ddl.sqlite import make_index
from resolvers.sql.ddl.sqlite_conversion import convert
from resolvers.sql.ddl.sqlite_dependents import kept_whole
from resolvers.sql.ddl.sqlite_edit import Edit, typed, with_clause, without_clauses, without_constraints
from resolvers.sql.ddl.sqlite_facts import ColumnFacts, TableFacts, partners, pointing, table_facts
from resolvers.sql.ddl.sqlite_text import Kind
from resolvers.sql.ddl.work import Work, depended_on, refused
from schema_gen.dialects.sqlite_catalog import declared_type
from schema_gen.errors import contains_null_values
from schema_gen.model import FieldType
from schema_gen.types import field_type


async def change_column(work: Work, wanted: ChangeColumn) -> None:
    """Comments have no place in SQLite."""
    table = await table_facts(work, wanted.table)
    column = table.column(wanted.name)
    change = _needed(table, column, wanted.change)
    if change.unique is False:  # on which an upsert of a trigger may rely
        async with kept_whole(work, table.name, column.name):
            await _apply(work, table, column, change)
    else:
        await _apply(work, table, column, change)
    if change.unique is True and not table.unique(column.name):
        await make_index(work, table.name, column.name, unique=True)
    if change.indexed is True and not _indexed(table, column):
        await make_index(work, table.name, column.name, unique=False)


async def _apply(work: Work, table: TableFacts, column: ColumnFacts, change: ColumnChange) -> None:
    edits, gone = await _edits(work, table, column, change)
    if edits:
        converting = None
        if change.type is not None:
            field = field_of("sqlite", table.name, column.name, change.type)
            converting = partial(convert, work, table, kind_of(column), field)
        await rebuild(work, table, edits, column=column.name, without=gone, convert=converting)
        return
    for name in sorted(gone):
        await work.tell(f"DROP INDEX {work.quoted(name)}", table.name, column.name)


def kind_of(column: ColumnFacts) -> FieldType:
    return field_type("sqlite", declared_type(column.declared)[0])


def _type_of(column: ColumnFacts) -> ColumnType:
    """The type that the column has, with its numbers."""
    kind, (_, first, second) = kind_of(column), declared_type(column.declared)
    if kind == "unknown":
        return ColumnType(type="text")
    if kind == "decimal" and first is not None:
        return ColumnType(type=kind, precision=first, scale=min(second or 0, first))
    return ColumnType(type=kind, length=(first or None) if kind == "string" else None)


def _needed(table: TableFacts, column: ColumnFacts, change: ColumnChange) -> ColumnChange:
    """Without what is so already; refused where the column cannot be otherwise."""
    if column.generated and not (change.type is None and change.default is None and change.nullable is None):
        raise refused("{} is computed by the database", table.name, column.name)
    if column.key and change.nullable is True:
        raise refused("{} belongs to the primary key", table.name, column.name)
    if table.numbered(column):
        if change.type is not None and change.type.type not in NUMBERED:
            raise refused("{} is numbered by the database", table.name, column.name)
        if change.default is not None and (change.default.now or change.default.value is not None):
            raise refused("{} is numbered by the database", table.name, column.name)
        change = replace(change, type=None, default=None)  # its numbers are as wide as they can be
    if column.key or change.nullable is column.nullable:
        change = replace(change, nullable=None)
    return change


async def _edits(
    work: Work, table: TableFacts, column: ColumnFacts, change: ColumnChange
) -> tuple[list[Edit], frozenset[str]]:
    """(edits of the table's text, names of indexes that go)."""
    text = table.definition.column(column.name)
    edits: list[Edit] = []
    without: set[Kind] = set()
    clauses: list[str] = []
    if change.nullable is False:
        # first, as on PostgreSQL: where several reasons hold, the same one is told
        await _check_no_nulls(work, table, column)
    if change.type is not None:
        await _check_partners(work, table, column, change.type)
        edits.append(typed(text, column_type("sqlite", change.type, strict=table.strict)))
    written = _default(table, column, change)
    if written is not None:
        without.add("default")
        clauses += [f"DEFAULT {written}"] if written else []
    if change.nullable is not None:
        without |= {"not null", "null"}
        if not change.nullable:
            clauses.append("NOT NULL")
    if clauses:
        edits.append(with_clause(text, " ".join(clauses)))
    if change.unique is False:
        await _check_not_pointed_at(work, table, column)
        without.add("unique")
        edits += without_constraints(table.definition, table.definition.uniques(column.name))
    edits += without_clauses(text, without)
    return edits, _indexes_gone(table, column, change)


def _default(table: TableFacts, column: ColumnFacts, change: ColumnChange) -> str | None:
    """What stands behind DEFAULT; "": nothing any more; None: what stood there."""
    if change.default is not None:
        kind = change.type or _type_of(column)
        return default("sqlite", field_of("sqlite", table.name, column.name, kind), change.default) or ""
    if change.type is None or column.default is None:
        return None
    field = field_of("sqlite", table.name, column.name, change.type)
    return default_moved("sqlite", field, column.default, kind_of(column))


def _indexed(table: TableFacts, column: ColumnFacts) -> bool:
    alone = [name.lower() for name in table.key] == [column.name.lower()]
    return alone or any(not index.unique and index.over(column.name) for index in table.indexes)


def _indexes_gone(table: TableFacts, column: ColumnFacts, change: ColumnChange) -> frozenset[str]:
    return frozenset(
        index.name
        for index in table.indexes
        if index.over(column.name)
        and not index.constraint
        and (change.unique if index.unique else change.indexed) is False
    )


async def _check_no_nulls(work: Work, table: TableFacts, column: ColumnFacts) -> None:
    found = await work.ask(
        f"SELECT 1 FROM {work.quoted(table.name)} WHERE {work.quoted(column.name)} IS NULL LIMIT 1"
    )
    if found:
        raise contains_null_values(table.name, column.name)


async def _check_partners(work: Work, table: TableFacts, column: ColumnFacts, kind: ColumnType) -> None:
    """What the column refers to, and what refers to it, has to be of a type that compares with the new."""
    declared = column_type("sqlite", kind)
    for other, refers in await partners(work, table.name, column.name):
        if not (joins(other, declared) if refers else joins(declared, other)):
            raise refused("The type of {} doesn't fit", table.name, column.name)


async def _check_not_pointed_at(work: Work, table: TableFacts, column: ColumnFacts) -> None:
    if not column.key and any(
        to and to.lower() == column.name.lower() for _, to in await pointing(work, table.name)
    ):
        raise depended_on(table.name, column.name)
