"""Python values -> the form in which a column's type takes them; and what goes around a parameter.

PostgreSQL infers the type of a parameter from its column, and its driver wants the Python type of that.
A type without one there (interval, inet, arrays, ranges) is sent as text and cast in the statement, see
`parameter`. SQLite keeps moments as milliseconds since 1970, or as text where the column's affinity is text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final

from resolvers.sql.postgis import around
from resolvers.writing.moments import midnight, milliseconds
from schema_gen.drivers.base import DialectName
from schema_gen.model import Column, Field, FieldType

Carry = Callable[[Any], Any]

_TEXTS: Final = frozenset({"char", "character", "character varying", "citext", "name", "text"})
_JSONS: Final = frozenset({"json", "jsonb"})
_INTEGERS: Final = frozenset({"bigint", "integer", "smallint"})
_FLOATS: Final = frozenset({"double precision", "real"})
_TIMES: Final = frozenset({"time with time zone", "time without time zone"})
_MOMENTS: Final = frozenset({"timestamp with time zone", "timestamp without time zone"})
#: types whose parameters the driver takes as they are carried here
_DIRECT: Final = (
    _TEXTS
    | _JSONS
    | _INTEGERS
    | _FLOATS
    | _TIMES
    | _MOMENTS
    | {"boolean", "bytea", "date", "numeric", "uuid"}
)


def parameter(field: Field, dialect: DialectName) -> str | None:
    """What stands around a parameter for `field` in a statement, with `{}` in its place; None: nothing.

    >>> interval = Column(data_type="interval")
    >>> parameter(Field(collection="c", name="f", type="string", column=interval), "postgresql")
    'CAST(CAST({} AS text) AS interval)'
    """
    column = field.column
    if column is None or dialect == "sqlite" or column.data_type in _DIRECT or column.enum_values:
        return None
    if column.geometry is not None:
        return around(column)
    return f"CAST(CAST({{}} AS text) AS {column.data_type})"


def carrier(kind: FieldType, column: Column, dialect: DialectName) -> Carry | None:
    """None: values are taken as they were read."""
    if dialect == "sqlite":
        return _sqlite(kind, column)
    return _postgresql(kind, column.data_type)


def _sqlite(kind: FieldType, column: Column) -> Carry | None:
    match kind:
        case "date" | "dateTime" | "timestamp":
            if _text_affinity(column.data_type):
                return _ISO[kind]
            return _day_number if kind == "date" else milliseconds
        case "time":
            return time.isoformat
        case "boolean":
            return _truth_text if _text_affinity(column.data_type) else int
        case "decimal":
            return _number
    return None


def _text_affinity(data_type: str) -> bool:
    return any(part in data_type for part in ("char", "clob", "text")) and "int" not in data_type


def _day_number(day: date) -> int:
    return milliseconds(midnight(day))


def _number(value: Decimal) -> int | float:
    """As SQLite holds numbers: 64 bits, whole or of floating point."""
    return int(value) if value == value.to_integral_value() and abs(value) < 2**63 else float(value)


def _postgresql(kind: FieldType, data_type: str) -> Carry | None:
    if kind in ("date", "dateTime", "timestamp"):
        return _postgresql_moment(kind, data_type)
    if kind == "time":
        if data_type == "time with time zone":
            return _zoned
        return None if data_type in _TIMES else time.isoformat
    if kind == "boolean":
        if data_type == "boolean":
            return None
        return int if data_type in _INTEGERS else _bit if data_type.startswith("bit") else _truth_text
    if kind == "decimal":
        return None if data_type == "numeric" else _plain
    if kind == "float":
        return None if data_type in _FLOATS else _plain
    if kind == "csv" and data_type in _JSONS:
        return json.dumps
    if data_type.endswith("[]"):
        return _array
    return None


def _postgresql_moment(kind: FieldType, data_type: str) -> Carry | None:
    if kind == "date":
        if data_type in _MOMENTS:
            return midnight if data_type == "timestamp with time zone" else _naive_midnight
        return None if data_type == "date" else _day_number if data_type in _INTEGERS else _ISO[kind]
    if data_type in _MOMENTS:
        return None if data_type == "timestamp with time zone" else _naive
    if data_type == "date":
        return datetime.date
    return milliseconds if data_type in _INTEGERS else _ISO[kind]


def _naive(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


def _naive_midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001


def _zoned(value: time) -> time:
    return value.replace(tzinfo=UTC)


def _bit(value: bool) -> str:
    return "1" if value else "0"


def _truth_text(value: bool) -> str:
    return "true" if value else "false"


def _plain(value: Decimal | float) -> str:
    return format(value, "f") if isinstance(value, Decimal) else repr(value)


def _array(text: str) -> str:
    """A JSON list -> the text form of an array; a text that is none stays."""
    if not text.startswith("["):
        return text
    try:
        listed = json.loads(text)
    except ValueError:
        return text
    return "{" + ",".join([_element(item) for item in listed]) + "}"


def _element(item: Any) -> str:
    if item is None:
        return "NULL"
    if isinstance(item, list):
        return "{" + ",".join([_element(inner) for inner in item]) + "}"
    text = item if isinstance(item, str) else json.dumps(item)
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _iso_moment(moment: datetime) -> str:
    return f"{_naive(moment).isoformat(timespec='milliseconds')}Z"


_ISO: Final[Mapping[FieldType, Carry]] = {
    "date": date.isoformat,
    "dateTime": lambda moment: _naive(moment).isoformat(timespec="seconds"),
    "timestamp": _iso_moment,
}
