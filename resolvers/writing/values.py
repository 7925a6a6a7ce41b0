"""Values on their way into columns: JSON of a payload -> what the driver takes.

    converter(<views: integer>, "postgresql")("5")                     -> 5
    converter(<published: timestamp>, "sqlite")("2024-01-02T10:00:00Z")  -> 1704189600000
    converter(<views: integer>, "sqlite")(2**40)                        -> VALUE_OUT_OF_RANGE

Two steps, both chosen once per field: the field's type reads the JSON (`_READERS`), the column's type decides
how that is carried, which differs where a special gives the field another type than its column has. SQLite,
which takes anything anywhere, is held to what PostgreSQL would take.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from resolvers.writing.carrying import carrier
from resolvers.writing.moments import date_reader, moment_reader, time_reader
from resolvers.writing.numbers import decimal_reader, float_reader, integer_reader, is_wide
from resolvers.writing.refusing import Refusing
from resolvers.writing.texts import (
    binary_reader,
    boolean_reader,
    csv_reader,
    geometry_reader,
    json_reader,
    text_reader,
    uuid_reader,
)
from schema_gen.drivers.base import DialectName
from schema_gen.errors import invalid_payload
from schema_gen.model import Column, Field, FieldType

Convert = Callable[[Any], Any]
_Make = Callable[[Field, Column, Refusing, DialectName], Convert]


def converter(field: Field, dialect: DialectName) -> Convert:
    """The function from a JSON value of `field` to the value that its statement parameter takes.

    It raises INVALID_PAYLOAD for values of the wrong type, VALUE_TOO_LONG and VALUE_OUT_OF_RANGE; null stays
    null. `field` has a column; one that the database computes takes no value at all.
    """
    column = field.column
    if column is None:
        raise TypeError(f"{field.collection}.{field.name} has no column")
    if column.generated:
        return _computed(field)
    read = _READERS[field.type](field, column, Refusing.of(field), dialect)
    carry = carrier(field.type, column, dialect)
    if carry is None:

        def plain(value: Any) -> Any:
            return None if value is None else read(value)

        return plain

    def carried(value: Any) -> Any:
        return None if value is None else carry(read(value))

    return carried


def reader(field: Field, dialect: DialectName) -> Convert:
    """The first step of `converter`: Python's form of a value (int, Decimal, datetime in UTC, ...), not null.

    For columns that are not computed.
    """
    if field.column is None:
        raise TypeError(f"{field.collection}.{field.name} has no column")
    return _READERS[field.type](field, field.column, Refusing.of(field), dialect)


def stored(value: Any, field: Field, dialect: DialectName) -> Any:
    """One value; for many of a field, make its `converter` once."""
    return converter(field, dialect)(value)


def _computed(field: Field) -> Convert:
    def refuse(_: Any) -> Any:
        raise invalid_payload(
            f'Field "{field.name}" in collection "{field.collection}" is computed by the database'
        )

    return refuse


def _integer(_: Field, column: Column, refusing: Refusing, dialect: DialectName) -> Convert:
    return integer_reader(column, refusing, wide=is_wide(column, dialect))


def _text(_: Field, column: Column, refusing: Refusing, __: DialectName) -> Convert:
    return text_reader(refusing, column.max_length, column.enum_values)


def _geometry(field: Field, _: Column, refusing: Refusing, __: DialectName) -> Convert:
    return geometry_reader(refusing, field.type)


_READERS: Final[Mapping[FieldType, _Make]] = {
    "alias": lambda field, *_: _computed(field),
    "bigInteger": _integer,
    "binary": lambda _field, _column, refusing, _dialect: binary_reader(refusing),
    "boolean": lambda _field, _column, refusing, _dialect: boolean_reader(refusing),
    "csv": lambda _field, column, refusing, _dialect: csv_reader(refusing, column.max_length),
    "date": lambda _field, _column, refusing, _dialect: date_reader(refusing),
    "dateTime": lambda _field, _column, refusing, _dialect: moment_reader(refusing, "DateTime"),
    "decimal": lambda _field, column, refusing, _dialect: decimal_reader(column, refusing),
    "float": lambda _field, column, refusing, dialect: float_reader(column, refusing, dialect=dialect),
    "geometry": _geometry,
    "geometry.LineString": _geometry,
    "geometry.MultiLineString": _geometry,
    "geometry.MultiPoint": _geometry,
    "geometry.MultiPolygon": _geometry,
    "geometry.Point": _geometry,
    "geometry.Polygon": _geometry,
    "hash": _text,
    "integer": _integer,
    "json": lambda _field, _column, refusing, _dialect: json_reader(refusing),
    "string": _text,
    "text": _text,
    "time": lambda _field, _column, refusing, _dialect: time_reader(refusing),
    "timestamp": lambda _field, _column, refusing, _dialect: moment_reader(refusing, "Timestamp"),
    "unknown": _text,
    "uuid": lambda _field, _column, refusing, _dialect: uuid_reader(refusing),
}
