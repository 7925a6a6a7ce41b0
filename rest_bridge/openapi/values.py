"""Field -> JSON Schema of its values: the type table in the words of OpenAPI 3.1.

    read_value(<title: string, not null>)       -> {"type": "string"}
    read_value(<price: decimal(10,2)>)          -> {"type": ["number", "null"]}
    write_value(<title: string(20), not null>)  -> {"type": "string", "maxLength": 20}

What is read may be more than what is written would be held to: a database that somebody else fills keeps to
its own rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from resolvers.writing.numbers import is_wide
from schema_gen.drivers.base import DialectName
from schema_gen.model import Field, FieldType

Schema = dict[str, Any]

#: digits that a double holds for certain; longer numbers come as strings
EXACT_DIGITS: Final = 15
NULL: Final[Schema] = {"type": "null"}
_TEXT: Final[Schema] = {"type": "string"}
_INTEGER: Final[Schema] = {"type": "integer"}
_NUMBER: Final[Schema] = {"type": "number"}
_TIME: Final[Schema] = {"type": "string", "format": "time-local"}
_GEOMETRY: Final[Schema] = {"$ref": "#/components/schemas/Geometry"}

#: field type -> its values; `decimal` and `bigInteger` depend on how many digits there are
_VALUES: Final[Mapping[FieldType, Schema]] = {
    "alias": {},
    "bigInteger": {"type": ["integer", "string"]},
    "binary": {"type": "string", "pattern": "^([0-9a-fA-F]{2})*$"},
    "boolean": {"type": "boolean"},
    "csv": {"type": "array", "items": _TEXT},
    "date": {"type": "string", "format": "date"},
    "dateTime": {"type": "string", "format": "date-time-local"},
    "decimal": {"type": ["number", "string"]},
    "float": _NUMBER,
    "geometry": _GEOMETRY,
    "geometry.LineString": _GEOMETRY,
    "geometry.MultiLineString": _GEOMETRY,
    "geometry.MultiPoint": _GEOMETRY,
    "geometry.MultiPolygon": _GEOMETRY,
    "geometry.Point": _GEOMETRY,
    "geometry.Polygon": _GEOMETRY,
    "hash": _TEXT,
    "integer": _INTEGER,
    "json": {},
    "string": _TEXT,
    "text": _TEXT,
    "time": _TIME,
    "timestamp": {"type": "string", "format": "date-time"},
    "unknown": _TEXT,
    "uuid": {"type": "string", "format": "uuid"},
}
#: types whose columns bound the length of what is written
_BOUNDED: Final = frozenset({"string", "text"})
#: interfaces that offer choices, and let nothing else be entered unless told to
_CHOOSING: Final = frozenset({"select-dropdown", "select-radio", "select-icon"})


def read_value(field: Field, dialect: DialectName, *, nullable: bool) -> Schema:
    """`nullable`: null may stand in its place."""
    if field.concealed:
        return _or_null({"type": "string", "const": "**********"}, nullable)
    return _or_null(_chosen(told_value(field, dialect), field), nullable)


def write_value(field: Field) -> Schema:
    column = field.column
    if field.concealed:
        return _or_null(_TEXT, column is None or column.nullable)
    value = _chosen(plain_value(field), field)
    if column is None:
        return value
    if column.max_length is not None and field.type in _BOUNDED and "enum" not in value:
        value = {**value, "maxLength": column.max_length}
    return _or_null(value, column.nullable)


def told_value(field: Field, dialect: DialectName) -> Schema:
    """A value that is there, as it is answered: integers that no double holds come as strings."""
    if field.type == "integer" and field.column is not None and is_wide(field.column, dialect):
        return dict(_VALUES["bigInteger"])
    return plain_value(field)


def plain_value(field: Field) -> Schema:
    """A value that is there, without what only this field asks of it."""
    column = field.column
    if field.type == "decimal" and column is not None:
        digits = column.numeric_precision
        if digits is not None and digits <= EXACT_DIGITS:
            return dict(_NUMBER)
    if field.type == "bigInteger" and column is not None and column.auto_increment:
        # counted up from 1: it does not get so far
        return dict(_INTEGER)
    return dict(_VALUES[field.type])


def choices_of(field: Field) -> tuple[Any, ...]:
    """The values that a field may have where they are listed; empty where anything goes."""
    column = field.column
    if column is not None and column.enum_values:
        return column.enum_values
    meta = field.meta or {}
    options = meta.get("options")
    if meta.get("interface") not in _CHOOSING or not isinstance(options, Mapping):
        return ()
    listed = options.get("choices")
    if options.get("allowOther") or not isinstance(listed, list):
        return ()
    values = [choice.get("value") if isinstance(choice, Mapping) else None for choice in listed]
    fitting = _FITTING.get(field.type, ())
    if not values or not all(type(value) in fitting for value in values):
        return ()
    return tuple(dict.fromkeys(values))


_FITTING: Final[Mapping[FieldType, tuple[type, ...]]] = {
    "integer": (int,),
    "string": (str,),
    "text": (str,),
}


def _chosen(value: Schema, field: Field) -> Schema:
    choices = choices_of(field)
    return {**value, "enum": list(choices)} if choices else value


def _or_null(value: Schema, nullable: bool) -> Schema:
    return or_null(value) if nullable else value


def or_null(value: Schema) -> Schema:
    """The same schema, taking null too.

    >>> or_null({"type": "string", "enum": ["a"]})
    {'type': ['string', 'null'], 'enum': ['a', None]}
    """
    if "anyOf" in value:
        return {**value, "anyOf": [*value["anyOf"], NULL]}
    if "const" in value:
        return {"enum": [value["const"], None]}
    if "$ref" in value:
        return {"anyOf": [value, NULL]}
    if "type" not in value:
        return value
    kinds = value["type"] if isinstance(value["type"], list) else [value["type"]]
    made = {**value, "type": [*kinds, "null"]}
    if "enum" in value:
        made["enum"] = [*value["enum"], None]
    return made
