"""One column of PostgreSQL becomes another: type, default, nulls, uniqueness, index, comment.

    ChangeColumn(articles.views, <type bigInteger, not null>)
        ALTER TABLE "articles" ALTER COLUMN "views" TYPE bigint, ALTER COLUMN "views" SET NOT NULL

All of it is one statement, so that rows are gone over at most once.
"""

from __future__ import annotations

from typing import Final

from resolvers.sql.ddl.postgresql import (
    check_no_nulls,
    comment,
    drop_indexes,
    make_index,
    make_unique,
)
from resolvers.sql.ddl.postgresql_conversion import conversion
from resolvers.sql.ddl.postgresql_facts import ColumnFacts, TableFacts, column_facts, table_facts
from resolvers.sql.ddl.rendering import (
    NUMBERED,
    column_type,
    default,
    default_moved,
    field_of,
    spatial_type,
)
from resolvers.sql.ddl.shapes import ChangeColumn, ColumnChange, ColumnType, Default
from resolvers.sql.ddl.work import Work, refused, unconvertible
from schema_gen.dialects.postgis import TYPES as SPATIAL
from schema_gen.types import field_type

_SEQUENCE: Final = "SELECT pg_get_serial_sequence($1, $2)"


async def change_column(work: Work, wanted: ChangeColumn) -> None:
    table = await table_facts(work, wanted.table)
    column = await column_facts(work, table, wanted.name)
    change = wanted.change
    if column.generated and not (change.type is None and change.default is None and change.nullable is None):
        raise refused("{} is computed by the database", wanted.table, wanted.name)
    actions = await _actions(work, table, column, change)
    # first what ends: another type may have no order
    if change.unique is False:
        await drop_indexes(work, table, column, unique=True)
    if change.indexed is False:
        await drop_indexes(work, table, column, unique=False)
    if actions:
        name = work.quoted(column.name)
        listed = ", ".join(f"ALTER COLUMN {name} {action}" for action in actions)
        await work.tell(f"ALTER TABLE {work.quoted(table.name)} {listed}", table.name, column.name)
    if change.type is not None and column.numbered:
        await _widen_sequence(work, table, column, change.type)
    if change.unique is True and not column.is_key:
        await make_unique(work, table, column)
    if change.indexed is True and not column.is_key:
        await make_index(work, table, column, concurrently=work.concurrently)
    if change.comment is not None:
        await comment(work, table, column.name, change.comment)


async def _actions(work: Work, table: TableFacts, column: ColumnFacts, change: ColumnChange) -> list[str]:
    """What ALTER TABLE is to do, all in one go: rows are gone over at most once."""
    actions: list[str] = []
    written = change.default
    required = change.nullable is False and column.nullable
    if required:
        # first, as on SQLite: where several reasons hold, the same one is told
        await check_no_nulls(work, table.name, column.name)
    if change.type is not None:
        actions += await _retyped(work, table, column, change.type, keeps_default=written is None)
    if written is not None:
        actions += _redefaulted(table, column, change.type, written)
    if change.nullable is True and not column.nullable:
        actions.append("DROP NOT NULL")
    if required:
        actions.append("SET NOT NULL")
    return list(dict.fromkeys(actions))


async def _retyped(
    work: Work, table: TableFacts, column: ColumnFacts, kind: ColumnType, *, keeps_default: bool
) -> list[str]:
    declared = column_type("postgresql", kind)
    if kind.type.startswith("geometry") and column.data_type in SPATIAL:
        declared = spatial_type(kind.type)
    if column.numbered and kind.type not in NUMBERED:
        raise refused("{} is numbered by the database", table.name, column.name)
    found = conversion(work.quoted(column.name), column.data_type, kind.type, declared)
    if found.refused is not None:
        await _check_kept(work, table, column, found.refused)
    using = "" if found.using is None else f" USING {found.using}"
    typed = f"TYPE {declared}{using}"
    if column.numbered or column.default is None:
        return [typed]
    if not keeps_default:
        return ["DROP DEFAULT", typed]
    field = field_of("postgresql", table.name, column.name, kind)
    old = field_type("postgresql", column.data_type, enum=column.enum)
    moved = default_moved("postgresql", field, column.default, old)
    return [typed] if moved is None else ["DROP DEFAULT", typed, f"SET DEFAULT {moved}"]


async def _check_kept(work: Work, table: TableFacts, column: ColumnFacts, condition: str) -> None:
    name = work.quoted(column.name)
    lost = await work.ask(
        f"SELECT 1 FROM {work.quoted(table.name)} WHERE {name} IS NOT NULL AND ({condition}) LIMIT 1"
    )
    if lost:
        raise unconvertible(table.name, column.name)


def _redefaulted(
    table: TableFacts, column: ColumnFacts, kind: ColumnType | None, wanted: Default
) -> list[str]:
    if column.numbered:
        if wanted.now or wanted.value is not None:
            raise refused("{} is numbered by the database", table.name, column.name)
        return []
    if kind is None:
        kind = _kind(column)
    written = default("postgresql", field_of("postgresql", table.name, column.name, kind), wanted)
    return ["DROP DEFAULT" if written is None else f"SET DEFAULT {written}"]


def _kind(column: ColumnFacts) -> ColumnType:
    """The type that the column has, with its numbers: `character varying(80)`."""
    kind = field_type("postgresql", column.data_type, enum=column.enum)
    numbers = [
        int(part) for part in column.declared.partition("(")[2].rstrip(")").split(",") if part.isdigit()
    ]
    if kind == "unknown":
        return ColumnType(type="text")
    if kind == "decimal" and len(numbers) == 2:
        return ColumnType(type=kind, precision=numbers[0], scale=numbers[1])
    return ColumnType(type=kind, length=numbers[0] if kind == "string" and len(numbers) == 1 else None)


async def _widen_sequence(work: Work, table: TableFacts, column: ColumnFacts, kind: ColumnType) -> None:
    """Where the numbers of a key come from has a type of its own."""
    (found,) = await work.ask(_SEQUENCE, (work.quoted(table.name), column.name))
    if found[0] is not None and kind.type == "bigInteger":
        await work.tell(f"ALTER SEQUENCE {found[0]} AS bigint", table.name, column.name)
