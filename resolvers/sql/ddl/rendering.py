"""Types, defaults and names as text of DDL: the only place where what was asked for becomes SQL.

    column_type("postgresql", ColumnType(type="string", length=100))          -> "varchar(100)"
    default("sqlite", <title: string>, Default(value="it's"))                 -> "'it''s'"
    default("postgresql", <views: integer>, Default(value="many"))            -> INVALID_PAYLOAD

Types come from the one type table, numbers in them are checked numbers. A default is first read as a value of
its field would be (`resolvers.writing.values`), then written as a literal by SQLAlchemy's dialect. Names are
quoted by it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, get_args

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

from resolvers.sql.ddl.shapes import ColumnShape, ColumnType, Default, OnDelete
from resolvers.writing.values import reader
from schema_gen.drivers.base import DialectName
from schema_gen.errors import CausewayError, invalid_payload
from schema_gen.model import Column, Field, FieldType
from schema_gen.types import TYPES, default_value

#: characters of a string, digits of a decimal: PostgreSQL's bounds, held on SQLite too
_LONGEST: Final = 10_485_760
_MOST_DIGITS: Final = 1000
_PRECISION: Final = 10
_SCALE: Final = 5
_WITH_LENGTH: Final[frozenset[FieldType]] = frozenset({"hash", "string"})
#: types of keys that the database can number
NUMBERED: Final[frozenset[FieldType]] = frozenset({"bigInteger", "integer"})
#: types whose columns can be given the current moment
_WITH_NOW: Final[frozenset[FieldType]] = frozenset(
    {"date", "dateTime", "string", "text", "time", "timestamp"}
)
#: a default that is a value, in the spelling of the catalogs
_LITERAL: Final = re.compile(
    r"""^(?:'(?:[^']|'')*'|-?\d+(?:\.\d+)?|true|false|null)(?:::[\w\s".]+(?:\(\d+(?:,\s*\d+)?\))?)*$""",
    re.IGNORECASE,
)
_ACTIONS: Final = frozenset(get_args(OnDelete))
NOW_SQL: Final = "CURRENT_TIMESTAMP"

#: the types that a STRICT table of SQLite knows; moments are numbers or text there
_STRICT: Final[Mapping[FieldType, str]] = {
    "bigInteger": "INTEGER",
    "binary": "BLOB",
    "boolean": "INTEGER",
    "date": "ANY",
    "dateTime": "ANY",
    "decimal": "ANY",
    "float": "REAL",
    "integer": "INTEGER",
    "timestamp": "ANY",
}


@lru_cache(maxsize=2)
def _core(dialect: DialectName) -> Dialect:
    made: Dialect = (
        SQLiteDialect_aiosqlite(paramstyle="qmark") if dialect == "sqlite" else PGDialect_asyncpg()  # type: ignore[no-untyped-call]
    )
    return made


def quoted(dialect: DialectName, name: str) -> str:
    """A name as an identifier of SQL.

    >>> print(quoted("sqlite", 'the "best" one'))
    "the ""best"" one"
    """
    return _core(dialect).identifier_preparer.quote_identifier(name)


def literal(dialect: DialectName, text: str) -> str:
    """Text as a literal of SQL; on PostgreSQL backslashes stand for themselves (the session says so)."""
    if "\x00" in text or not _encodable(text):
        raise invalid_payload("Text cannot hold null characters or halves of characters")
    kind: TypeEngine[str] = sa.String()
    processor = kind.literal_processor(_core(dialect))
    if processor is None:
        raise TypeError(f"{dialect} has no literals for text")
    return str(processor(text))


def _encodable(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)


def action(wanted: str) -> str:
    """What a foreign key does; one of the few that there are."""
    if wanted not in _ACTIONS:
        raise invalid_payload(f"A foreign key has to do one of {', '.join(sorted(_ACTIONS))}")
    return wanted


def column_type(dialect: DialectName, kind: ColumnType, *, strict: bool = False) -> str:
    """`strict`: for a table of SQLite that is declared so."""
    facts = TYPES.get(kind.type)
    name = None if facts is None else facts.sqlite if dialect == "sqlite" else facts.postgresql
    if name is None:
        raise invalid_payload(f'"{kind.type}" is no type that a field can have')
    length, (precision, scale) = _length(kind), _digits(kind)
    if strict and dialect == "sqlite":
        return _STRICT.get(kind.type, "TEXT")
    if length is not None:
        return f"{name.partition('(')[0]}({length})"
    if precision is not None:
        return f"{name.partition('(')[0]}({precision},{scale})"
    return name


def spatial_type(kind: FieldType) -> str:
    """The column type of a geometry on PostgreSQL with PostGIS: in WGS 84, of the shape that the field's type
    names.
    """
    return f"geometry({kind.partition('.')[2] or 'Geometry'},4326)"


def _length(kind: ColumnType) -> int | None:
    if kind.length is None or kind.type not in _WITH_LENGTH:
        return None
    return _bounded("length", kind.length, 1, _LONGEST)


def _digits(kind: ColumnType) -> tuple[int | None, int | None]:
    if kind.type != "decimal" or (kind.precision is None and kind.scale is None):
        return None, None
    scale = None if kind.scale is None else _bounded("scale", kind.scale, 0, _MOST_DIGITS)
    if kind.precision is None:
        return max(_PRECISION, scale or 0), scale
    precision = _bounded("precision", kind.precision, 1, _MOST_DIGITS)
    if scale is None:
        return precision, min(_SCALE, precision)
    return precision, _bounded("scale", scale, 0, precision)


def _bounded(what: str, number: int, low: int, high: int) -> int:
    if type(number) is not int or not low <= number <= high:
        raise invalid_payload(f"The {what} of a field has to be a number from {low} to {high}")
    return number


def field_of(dialect: DialectName, table: str, name: str, kind: ColumnType) -> Field:
    """The field that a column of this type will be: for reading its values as all others are read."""
    declared = column_type(dialect, kind)
    base, _, numbers = declared.partition("(")
    parts = [int(part) for part in numbers.rstrip(")").split(",")] if numbers else []
    decimal = kind.type == "decimal"
    column = Column(
        data_type=base,
        max_length=parts[0] if parts and not decimal else None,
        numeric_precision=parts[0] if parts and decimal else None,
        numeric_scale=parts[1] if parts and decimal else None,
    )
    return Field(collection=table, name=name, type=kind.type, column=column)


def default(dialect: DialectName, field: Field, wanted: Default) -> str | None:
    """What stands behind DEFAULT; None: the column has none."""
    if wanted.now:
        if field.type not in _WITH_NOW:
            raise invalid_payload(
                f'Field "{field.name}" in collection "{field.collection}" cannot default to a moment'
            )
        return NOW_SQL
    if wanted.value is None:
        return None
    try:
        value = reader(field, dialect)(wanted.value)
    except CausewayError as error:
        reason = f'The default value of field "{field.name}" in collection "{field.collection}" is none'
        raise invalid_payload(f"{reason} of its type: {error.message.rstrip('.')}") from error
    return written(dialect, value)


def default_moved(dialect: DialectName, field: Field, expression: str, old: FieldType) -> str | None:
    """The default that a column of type `old` had, for its new type; None: it can stay as it is written."""
    if not _LITERAL.match(expression):
        if expression.upper() == NOW_SQL and field.type not in _WITH_NOW:
            default(dialect, field, Default(now=True))
        return None
    value = default_value(expression, old)
    return None if value is None else default(dialect, field, Default(value=value))


def written(dialect: DialectName, value: Any) -> str:
    """A value as a literal of SQL."""
    match value:
        case bool():
            return ("1" if value else "0") if dialect == "sqlite" else ("true" if value else "false")
        case int():
            return str(value)
        case float():
            return format(Decimal(repr(value)), "f")
        case Decimal():
            return format(value, "f")
        case bytes():
            return f"X'{value.hex()}'" if dialect == "sqlite" else f"'\\x{value.hex()}'"
        case datetime():
            # SQLite: as its own CURRENT_TIMESTAMP writes moments; PostgreSQL would take it for local time
            zone = "" if dialect == "sqlite" else "+00"
            return literal(dialect, value.replace(tzinfo=None).isoformat(" ") + zone)
        case date() | time():
            return literal(dialect, value.isoformat())
    return literal(dialect, str(value))


def column_clauses(
    dialect: DialectName, table: str, column: ColumnShape, *, strict: bool = False
) -> tuple[str, str]:
    """(type, what follows it): `("varchar(100)", " DEFAULT 'a' NOT NULL")`, without keys and uniqueness."""
    declared = column_type(dialect, column.type, strict=strict)
    if column.auto_increment:
        _check_numbered(table, column)
    written = default(dialect, field_of(dialect, table, column.name, column.type), column.default)
    clauses = "" if written is None else f" DEFAULT {written}"
    if not column.nullable or column.primary_key:
        clauses += " NOT NULL"
    return declared, clauses


def _check_numbered(table: str, column: ColumnShape) -> None:
    if column.type.type not in NUMBERED or not column.primary_key:
        raise invalid_payload(
            f'Field "{column.name}" in collection "{table}" cannot be numbered by the database: '
            "only keys of whole numbers can"
        )
    if column.default.now or column.default.value is not None:
        raise invalid_payload(f'Field "{column.name}" in collection "{table}" is numbered by the database')


def check_distinct(table: str, names: Sequence[str]) -> None:
    """No name twice; SQLite tells none apart by case, and what cannot be on one database is on neither."""
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise invalid_payload(f'Field "{name}" in collection "{table}" already exists')
        seen.add(name.lower())
