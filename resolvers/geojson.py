"""Geometries as clients write them (GeoJSON, RFC 7946): what is one, checked to the last coordinate. Pure.

    is_geometry({"type": "Point", "coordinates": [1, 2]}, frozenset({"Point"}))      -> True
    is_geometry({"type": "Point", "coordinates": ["x", 2]}, SHAPES)                  -> False

Databases read GeoJSON generously (PostGIS takes `["x", 2]` for 0 and 2): what is wrong would be kept as
something else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, Final

#: geometries inside collections inside collections
_DEEPEST: Final = 8

Check = Callable[[Any], bool]


def is_geometry(value: Any, shapes: frozenset[str], depth: int = 0) -> bool:
    """Whether it is a geometry of one of the shapes. Coordinates are two or three finite numbers."""
    if not isinstance(value, Mapping):
        return False
    shape = value.get("type")
    if not isinstance(shape, str) or shape not in shapes:
        return False
    if shape == "GeometryCollection":
        parts = value.get("geometries")
        return (
            isinstance(parts, list)
            and depth < _DEEPEST
            and all(is_geometry(part, SHAPES, depth + 1) for part in parts)
        )
    return _CHECKS[shape](value.get("coordinates"))


def _position(value: Any) -> bool:
    return isinstance(value, list) and 2 <= len(value) <= 3 and all(map(_number, value))


def _number(value: Any) -> bool:
    return (type(value) is int and abs(value) < 10**300) or (type(value) is float and isfinite(value))


def _line(value: Any) -> bool:
    return isinstance(value, list) and len(value) >= 2 and all(map(_position, value))


def _ring(value: Any) -> bool:
    return _line(value) and len(value) >= 4 and bool(value[0] == value[-1])


def _several(check: Check) -> Check:
    def checked(value: Any) -> bool:
        return isinstance(value, list) and all(map(check, value))

    return checked


_POLYGON: Final = _several(_ring)

_CHECKS: Final[Mapping[str, Check]] = {
    "Point": _position,
    "LineString": _line,
    "Polygon": _POLYGON,
    "MultiPoint": _several(_position),
    "MultiLineString": _several(_line),
    "MultiPolygon": _several(_POLYGON),
}
SHAPES: Final = frozenset({*_CHECKS, "GeometryCollection"})
