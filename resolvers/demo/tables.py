"""The demo collections as SQLAlchemy tables, and Python values as each database stores them.

SQLite stores moments and days as Directus does there: milliseconds since 1970 (a day: its midnight in UTC).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from resolvers.demo.fields import DemoCollection, DemoField, Row
from schema_gen.types import TYPES

#: SQLite holds ids as text with hyphens
UUID: Final = sa.Uuid(as_uuid=False).with_variant(sa.CHAR(36), "sqlite")


class _Declared(sa.types.UserDefinedType[Any]):
    """A column type by the database's own name."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: Any) -> str:
        return self.name


def demo_tables(collections: Iterable[DemoCollection]) -> list[sa.Table]:
    """Tables of `collections` in order; tables they refer to and that are not theirs are only named."""
    metadata = sa.MetaData()
    for name in ("directus_files", "directus_users"):
        sa.Table(name, metadata, sa.Column("id", UUID, primary_key=True))
    return [_table(metadata, collection) for collection in collections if not collection.folder]


def _table(metadata: sa.MetaData, collection: DemoCollection) -> sa.Table:
    name = collection.name
    stored = [field for field in collection.fields if field.type != "alias"]
    table = sa.Table(name, metadata, *(_column(name, field) for field in stored), sqlite_autoincrement=True)
    for field in stored:
        if field.unique:
            table.append_constraint(sa.UniqueConstraint(field.name, name=f"{name}_{field.name}_unique"))
        if field.reference:
            sa.Index(f"{name}_{field.name}_index", table.c[field.name])
    return table


def _column(table: str, field: DemoField) -> sa.Column[Any]:
    parts: list[Any] = []
    if field.reference:
        target, rule = f"{field.reference.table}.id", field.reference.on_delete
        parts.append(sa.ForeignKey(target, name=f"{table}_{field.name}_foreign", ondelete=rule))
    return sa.Column(
        field.name,
        _type(field),
        *parts,
        primary_key=field.name == "id",
        nullable=field.nullable,
        server_default=_default(field.default),
    )


def _type(field: DemoField) -> TypeEngine[Any]:
    if field.type == "integer":
        return sa.Integer()  # as a key it counts by itself
    facts = TYPES[field.type]
    if facts.sqlite is None or facts.postgresql is None:
        raise ValueError(f"{field.name}: a field of type {field.type} has no column")
    sqlite, postgresql = field.column_type or facts.sqlite, field.column_type or facts.postgresql
    return _Declared(postgresql).with_variant(_Declared(sqlite), "sqlite")


def _default(value: str | int | bool | None) -> Any:
    if isinstance(value, bool):
        return sa.true() if value else sa.false()
    return sa.text(str(value)) if isinstance(value, int) else value


def insert(connection: sa.Connection, table: str, rows: list[Row]) -> int:
    """Inserts `rows` (all with the same keys) and returns how many."""
    if not rows:
        return 0
    stored = _sqlite_value if connection.dialect.name == "sqlite" else _postgresql_value
    # untyped columns: the values are in the driver's form already
    target = sa.table(table, *(sa.column(name) for name in rows[0]))
    connection.execute(
        sa.insert(target), [{name: stored(value) for name, value in row.items()} for row in rows]
    )
    return len(rows)


def _sqlite_value(value: Any) -> Any:
    match value:
        case datetime():
            return round(value.timestamp() * 1000)
        case date():
            return round(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp() * 1000)
        case Decimal():
            return float(value)
        case _:
            return _postgresql_value(value)


def _postgresql_value(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value


def catch_up(connection: sa.Connection, tables: Iterable[sa.Table]) -> None:
    """Lets PostgreSQL's counters go on after the keys that were given explicitly (SQLite does by itself)."""
    if connection.dialect.name != "postgresql":
        return
    for table in tables:
        sequence = sa.func.pg_get_serial_sequence(table.name, "id")
        highest = sa.select(sa.func.coalesce(sa.func.max(table.c.id), 1)).scalar_subquery()
        connection.execute(sa.select(sa.func.setval(sequence, highest)))
