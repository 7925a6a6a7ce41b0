"""The one type table: field type <-> column types of both databases <-> GraphQL scalar <-> JSON on the wire.

    field_type("postgresql", "timestamp with time zone")            -> "timestamp"
    field_type("sqlite", "datetime", special=("cast-timestamp",))   -> "timestamp"
    TYPES["bigInteger"].graphql                                     -> "GraphQLBigInt"

How values stand in a column:

- SQLite has no date types. Where a client of the protocol wrote them, moments and dates (`dateTime`,
`timestamp`,
  `date`) are integers, milliseconds since 1970 UTC (a date: its midnight); where the column's
  CURRENT_TIMESTAMP default did, or another program, they are text `YYYY-MM-DD HH:MM:SS` (UTC): both occur
  in one column. `time` is text. Booleans are 0 and 1; json, csv and uuids are text.
- PostgreSQL has a type for each. `decimal` and `bigInteger` are exact in both.

Departures from the reference, each because its answer loses data: a PostgreSQL `numeric` without precision,
and any `numeric` on SQLite, is `decimal` (not `integer`); domains have the type of their base; enums are
`string` with their values; `bytea` is `binary`; declared types that SQLite accepts under other spellings
(`DOUBLE PRECISION`, `CHARACTER VARYING`, `VARCHAR` without length) get the type of their family instead of
`unknown`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from schema_gen.model import FieldType

Wire = Literal[
    "none",  # alias: no value of its own
    "string",
    "number",
    "bigNumber",  # a number; as a string where a double cannot hold it
    "boolean",
    "array",  # csv: a JSON array of strings
    "json",
    "masked",  # `**********` where a value is set
    "date",  # YYYY-MM-DD
    "time",  # HH:MM:SS
    "dateTime",  # YYYY-MM-DDTHH:MM:SS, no zone
    "timestamp",  # YYYY-MM-DDTHH:MM:SS.mmmZ
    "geometry",  # GeoJSON
]


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeFacts:
    """`sqlite` and `postgresql`: the column type that a new field of this type gets; None where it has no
    column."""

    graphql: str | None
    wire: Wire
    sqlite: str | None
    postgresql: str | None


def _geometry(name: str) -> TypeFacts:
    return TypeFacts(graphql="GraphQLGeoJSON", wire="geometry", sqlite=name, postgresql="text")


TYPES: Final[Mapping[FieldType, TypeFacts]] = {
    "alias": TypeFacts(graphql=None, wire="none", sqlite=None, postgresql=None),
    "bigInteger": TypeFacts(graphql="GraphQLBigInt", wire="bigNumber", sqlite="bigint", postgresql="bigint"),
    "binary": TypeFacts(graphql="String", wire="string", sqlite="blob", postgresql="bytea"),
    "boolean": TypeFacts(graphql="Boolean", wire="boolean", sqlite="boolean", postgresql="boolean"),
    "csv": TypeFacts(graphql="[String]", wire="array", sqlite="text", postgresql="text"),
    "date": TypeFacts(graphql="Date", wire="date", sqlite="date", postgresql="date"),
    "dateTime": TypeFacts(graphql="Date", wire="dateTime", sqlite="datetime", postgresql="timestamp"),
    "decimal": TypeFacts(graphql="Float", wire="number", sqlite="decimal(10,5)", postgresql="numeric(10,5)"),
    "float": TypeFacts(graphql="Float", wire="number", sqlite="float", postgresql="real"),
    "geometry": _geometry("geometry"),
    "geometry.LineString": _geometry("linestring"),
    "geometry.MultiLineString": _geometry("multilinestring"),
    "geometry.MultiPoint": _geometry("multipoint"),
    "geometry.MultiPolygon": _geometry("multipolygon"),
    "geometry.Point": _geometry("point"),
    "geometry.Polygon": _geometry("polygon"),
    "hash": TypeFacts(graphql="Hash", wire="masked", sqlite="varchar(255)", postgresql="varchar(255)"),
    "integer": TypeFacts(graphql="Int", wire="number", sqlite="integer", postgresql="integer"),
    "json": TypeFacts(graphql="JSON", wire="json", sqlite="json", postgresql="json"),
    "string": TypeFacts(graphql="String", wire="string", sqlite="varchar(255)", postgresql="varchar(255)"),
    "text": TypeFacts(graphql="String", wire="string", sqlite="text", postgresql="text"),
    "time": TypeFacts(graphql="Date", wire="time", sqlite="time", postgresql="time"),
    "timestamp": TypeFacts(graphql="Date", wire="timestamp", sqlite="datetime", postgresql="timestamptz"),
    "unknown": TypeFacts(graphql="String", wire="string", sqlite=None, postgresql=None),
    "uuid": TypeFacts(graphql="ID", wire="string", sqlite="char(36)", postgresql="uuid"),
}

NUMBERS: Final[frozenset[FieldType]] = frozenset({"bigInteger", "decimal", "float", "integer"})

_POSTGRESQL: Final[Mapping[str, FieldType]] = {
    "bigint": "bigInteger",
    "bit": "boolean",
    "boolean": "boolean",
    "bytea": "binary",
    "character": "string",
    "character varying": "string",
    "citext": "text",
    "date": "date",
    "double precision": "float",
    "geography": "geometry",
    "geometry": "geometry",
    "integer": "integer",
    "interval": "string",
    "json": "json",
    "jsonb": "json",
    "money": "float",
    "numeric": "decimal",
    "point": "geometry.Point",
    "polygon": "geometry.Polygon",
    "real": "float",
    "smallint": "integer",
    "text": "text",
    "time with time zone": "time",
    "time without time zone": "time",
    "timestamp with time zone": "timestamp",
    "timestamp without time zone": "dateTime",
    "uuid": "uuid",
}

_SQLITE: Final[Mapping[str, FieldType]] = {
    "bigint": "bigInteger",
    "binary": "binary",
    "bit": "boolean",
    "blob": "binary",
    "bool": "boolean",
    "boolean": "boolean",
    "bytea": "binary",
    "char": "string",
    "character": "string",
    "character varying": "string",
    "clob": "text",
    "date": "date",
    "datetime": "dateTime",
    "decimal": "decimal",
    "double": "float",
    "double precision": "float",
    "float": "float",
    "geometry": "geometry",
    "int": "integer",
    "int2": "integer",
    "int8": "bigInteger",
    "integer": "integer",
    "interval": "string",
    "json": "json",
    "jsonb": "json",
    "linestring": "geometry.LineString",
    "longtext": "text",
    "mediumint": "integer",
    "mediumtext": "text",
    "money": "float",
    "multilinestring": "geometry.MultiLineString",
    "multipoint": "geometry.MultiPoint",
    "multipolygon": "geometry.MultiPolygon",
    "native character": "string",
    "nchar": "string",
    "numeric": "decimal",
    "nvarchar": "string",
    "point": "geometry.Point",
    "polygon": "geometry.Polygon",
    "real": "float",
    "serial": "integer",
    "smallint": "integer",
    "text": "text",
    "time": "time",
    "timestamp": "timestamp",
    "timestamp with time zone": "timestamp",
    "timestamptz": "timestamp",
    "tinyint": "integer",
    "tinytext": "text",
    "unsigned big int": "bigInteger",
    "uuid": "uuid",
    "varbinary": "binary",
    "varchar": "string",
    "varying character": "string",
    "year": "integer",
}

COLUMN_TYPES: Final[Mapping[str, Mapping[str, FieldType]]] = {"postgresql": _POSTGRESQL, "sqlite": _SQLITE}

#: a special that decides the type where the column can hold it, in order of precedence
_BY_SPECIAL: Final[Mapping[str, FieldType]] = {
    "cast-json": "json",
    "cast-csv": "csv",
    "csv": "csv",
    "cast-boolean": "boolean",
    "cast-timestamp": "timestamp",
    "cast-datetime": "dateTime",
    "hash": "hash",
    "uuid": "uuid",
    "file": "uuid",
    **{name: name for name in TYPES if name.startswith("geometry")},
}

_WORDS: Final[frozenset[FieldType]] = frozenset({"string", "text"})
_MOMENTS: Final[frozenset[FieldType]] = frozenset({"date", "dateTime", "time", "timestamp"})
#: types that a special can give -> types of columns that hold them on PostgreSQL (a boolean can be read from
#: any). Columns of SQLite hold anything, except that text is not read from bytes.
_HOLDERS: Final[Mapping[FieldType, frozenset[FieldType]]] = {
    "csv": _WORDS,
    "dateTime": _MOMENTS,
    "hash": _WORDS,
    "json": _WORDS | {"json"},
    "timestamp": _MOMENTS,
    "uuid": _WORDS | {"uuid"},
}
_GEOMETRY_HOLDERS: Final[frozenset[FieldType]] = _WORDS | {"json"}


def _holds(dialect: str, column: FieldType, kind: FieldType) -> bool:
    """Whether a column of its own type `column` can hold values of the type that a special says."""
    if column == "unknown" or kind == "boolean":
        return True
    if dialect == "sqlite":
        return column != "binary"
    if kind.startswith("geometry"):
        return column in _GEOMETRY_HOLDERS or column.startswith("geometry")
    return column in _HOLDERS[kind]


#: specials of fields that have no column
ALIAS_SPECIALS: Final = frozenset(
    {"alias", "files", "group", "m2a", "m2m", "no-data", "o2m", "presentation", "translations"}
)


def field_type(
    dialect: str,
    data_type: str,
    *,
    special: tuple[str, ...] = (),
    max_length: int | None = None,
    enum: bool = False,
    shape: str | None = None,
) -> FieldType:
    """The field type of a column; "unknown" for types without a word in the protocol, served as text. A
    special that the column cannot go with is passed over: the column is read as what it is. `shape`: the one
    that a spatial column takes; it says more than any special.
    """
    own = _own_type(dialect, data_type, max_length=max_length, enum=enum)
    if shape is not None:
        return _BY_SPECIAL.get(f"geometry.{shape}", own)
    for name in special:
        if name in _BY_SPECIAL and _holds(dialect, own, _BY_SPECIAL[name]):
            return _BY_SPECIAL[name]
    return own


def _own_type(dialect: str, data_type: str, *, max_length: int | None, enum: bool) -> FieldType:
    if enum:
        return "string"
    if dialect == "postgresql":
        if data_type == "bit" and (max_length or 1) > 1:
            return "unknown"
        return _POSTGRESQL.get(data_type, "unknown")
    return _SQLITE.get(data_type, "unknown")


_CAST: Final = re.compile(r"::[\w\s\".]+(?:\(\d+(?:,\s*\d+)?\))?(?:\[\])?$")
_QUOTED: Final = re.compile(r"^'(?:[^']|'')*'$")
_WRAPPED: Final = re.compile(r'^"(?:[^"]|"")*"$')
_NUMBER: Final = re.compile(r"^-?\d+(?:\.\d+)?$")
_TRUE: Final = frozenset({"1", "t", "true"})
_FALSE: Final = frozenset({"0", "f", "false"})


def default_value(expression: str | None, kind: FieldType) -> Any:
    """The value a default expression stands for, typed; an expression that is no literal stays text.

    >>> default_value("'draft'::character varying", "string"), default_value("'0'", "boolean")
    ('draft', False)
    >>> default_value("CURRENT_TIMESTAMP", "timestamp")
    'CURRENT_TIMESTAMP'
    """
    if expression is None:
        return None
    text = _CAST.sub("", expression) if "::" in expression else expression
    if text.upper() == "NULL":
        return None
    if _QUOTED.match(text):
        text = text[1:-1].replace("''", "'")
    elif _WRAPPED.match(text):
        text = text[1:-1].replace('""', '"')
    if kind == "boolean" and text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    if kind in NUMBERS and _NUMBER.match(text):
        return float(text) if "." in text else int(text)
    if kind == "json":
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text
