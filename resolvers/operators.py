"""Which operators and functions a field type takes (protocol); one table each, total over the field types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, get_args

from resolvers.plan import AggregateName
from schema_gen.model import FieldType

_EQUALITY = frozenset({"eq", "neq", "in", "nin", "null", "nnull"})
_TEXT = _EQUALITY | {
    "ieq", "nieq", "contains", "ncontains", "icontains", "nicontains", "starts_with", "nstarts_with",
    "istarts_with", "nistarts_with", "ends_with", "nends_with", "iends_with", "niends_with",
    "empty", "nempty",
}  # fmt: skip
_ORDER = _EQUALITY | {"lt", "lte", "gt", "gte", "between", "nbetween"}
_PRESENCE = frozenset({"null", "nnull", "empty", "nempty"})
#: operators that the database answers where its columns know what a geometry is
SPATIAL: Final = frozenset({"intersects", "nintersects", "intersects_bbox", "nintersects_bbox"})
_GEOMETRY = SPATIAL | {"eq", "neq", "null", "nnull"}

#: field type -> operators it takes (protocol)
OPERATORS: Final[Mapping[FieldType, frozenset[str]]] = {
    "alias": frozenset({"null", "nnull"}),
    "bigInteger": _ORDER,
    "binary": frozenset({"null", "nnull"}),
    "boolean": frozenset({"eq", "neq", "null", "nnull", "in", "nin"}),
    "csv": _TEXT,
    "date": _ORDER,
    "dateTime": _ORDER,
    "decimal": _ORDER,
    "float": _ORDER,
    "geometry": _GEOMETRY,
    "geometry.LineString": _GEOMETRY,
    "geometry.MultiLineString": _GEOMETRY,
    "geometry.MultiPoint": _GEOMETRY,
    "geometry.MultiPolygon": _GEOMETRY,
    "geometry.Point": _GEOMETRY,
    "geometry.Polygon": _GEOMETRY,
    "hash": _PRESENCE,
    "integer": _ORDER,
    "json": frozenset({"null", "nnull", "json", "empty", "nempty"}),
    "string": _TEXT,
    "text": _TEXT,
    "time": _ORDER,
    "timestamp": _ORDER,
    "unknown": _TEXT,
    "uuid": _TEXT,
}

ALL_OPERATORS: Final = frozenset[str]().union(*OPERATORS.values()) | {"some", "none", "regex", "submitted"}
#: functions over a list of items (protocol)
AGGREGATES: Final[frozenset[str]] = frozenset(get_args(AggregateName))
_DATE_PARTS: Final = ("year", "month", "week", "day", "weekday")
_TIME_PARTS: Final = ("hour", "minute", "second")

#: field type -> functions it takes (protocol)
FUNCTIONS: Final[Mapping[FieldType, tuple[str, ...]]] = {
    "date": _DATE_PARTS,
    "time": _TIME_PARTS,
    "dateTime": (*_DATE_PARTS, *_TIME_PARTS),
    "timestamp": (*_DATE_PARTS, *_TIME_PARTS),
    "json": ("count", "json"),
    "alias": ("count",),
}
FUNCTION_NAMES: Final = frozenset({*_DATE_PARTS, *_TIME_PARTS, "count", "json"})
