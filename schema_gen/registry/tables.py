"""The registry as SQLAlchemy tables, for DDL and for statements on system collections.

    users = table("directus_users")
    await transaction.run(select(users.c.id).where(users.c.email == "a@b.c"))

Column types carry each database's own name (`char(36)`/`uuid`, `datetime`/`timestamptz`), as a Directus
database has them. Values: uuids are str, json anything JSON can hold, moments `datetime` with time zone.
`Moment` stores integers (milliseconds since 1970) on SQLite, which is what other writers of such a database
store.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

from schema_gen.registry import SYSTEM, SystemField, SystemTable


class _SqliteDatetime(UserDefinedType[Any]):
    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "datetime"


class Moment(TypeDecorator[datetime]):
    """A moment with time zone. Bound as integer milliseconds on SQLite, as timestamptz on PostgreSQL."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(_SqliteDatetime())
        return dialect.type_descriptor(sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return milliseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return moment(value)


def milliseconds(value: datetime) -> int:
    """Milliseconds since 1970; a value without zone is UTC."""
    aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)


def moment(value: Any) -> datetime | None:
    """What a column of moments may hold (datetime, milliseconds, `YYYY-MM-DD HH:MM:SS[.f][Z]` in UTC) ->
    datetime.

    >>> moment("2026-01-02 03:04:05") == moment(1767323045000)
    True
    """
    if value is None or isinstance(value, datetime):
        return value
    if isinstance(value, (int, float)):
        return datetime.fromtimestamp(value / 1000, tz=UTC)
    parsed = datetime.fromisoformat(str(value))
    return parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)


def _column_type(field: SystemField) -> TypeEngine[Any]:
    match field.storage:
        case "bigInteger":
            return sa.BigInteger()
        case "boolean":
            return sa.Boolean(create_constraint=False)
        case "float":
            return sa.Float().with_variant(sa.REAL(), "postgresql")
        case "integer":
            return sa.Integer()
        case "json":
            return sa.JSON(none_as_null=True)
        case "string":
            return sa.String(field.length)
        case "timestamp":
            return Moment()
        case "uuid":
            return sa.CHAR(36).with_variant(postgresql.UUID(as_uuid=False), "postgresql")
        case _:
            return sa.Text()


def _default(field: SystemField) -> Any:
    if field.default is None:
        return None
    if field.default == "now":
        return sa.text("CURRENT_TIMESTAMP")
    if isinstance(field.default, bool):
        return sa.true() if field.default else sa.false()
    return str(field.default)


def _column(system: SystemTable, field: SystemField) -> sa.Column[Any]:
    constraints: list[Any] = []
    if field.references is not None:
        constraints.append(
            sa.ForeignKey(
                f"{field.references.table}.{field.references.column}",
                name=f"{system.name}_{field.name}_foreign",
                ondelete=field.references.on_delete,
            )
        )
    return sa.Column(
        field.name,
        _column_type(field),
        *constraints,
        primary_key=field.primary_key,
        nullable=not field.required,
        server_default=_default(field),
        autoincrement=field.primary_key and field.storage == "integer",
    )


def _table(metadata: sa.MetaData, system: SystemTable) -> None:
    table = sa.Table(
        system.name,
        metadata,
        *(_column(system, field) for field in system.columns),
        sqlite_autoincrement=any(
            field.primary_key and field.storage == "integer" for field in system.columns
        ),
    )
    uniques = [*((field.name,) for field in system.columns if field.unique), *system.uniques]
    for names in uniques:
        columns = [table.c[name] for name in names]
        name = f"{system.name}_{'_'.join(names)}_unique"
        # as the reference makes them: a constraint on PostgreSQL, an index on SQLite
        table.append_constraint(sa.UniqueConstraint(*columns, name=name).ddl_if(dialect="postgresql"))
        sa.Index(name, *columns, unique=True).ddl_if(dialect="sqlite")
    for field in system.columns:
        if field.indexed:
            sa.Index(f"{system.name}_{field.name}_index", table.c[field.name])


@lru_cache(maxsize=1)
def system_metadata() -> sa.MetaData:
    """Every system table; `system_metadata().sorted_tables` in the order in which they can be made."""
    metadata = sa.MetaData()
    for system in SYSTEM.values():
        _table(metadata, system)
    return metadata


def table(name: str) -> sa.Table:
    """The SQLAlchemy table of a system collection."""
    return system_metadata().tables[name]
