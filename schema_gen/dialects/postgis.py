"""Columns of PostGIS: the shape and the reference system that a column's type names.

    geometry_facts(modifier of geometry(Point,4326))   -> GeometryFacts(shape="Point", srid=4326)
    geometry_facts(-1), of a plain `geometry`          -> GeometryFacts()

PostGIS packs both into the modifier of the type: six bits of shape above two of dimensions, the reference
system above them.
"""

from __future__ import annotations

from typing import Final

from schema_gen.model import GeometryFacts

TYPES: Final = frozenset({"geography", "geometry"})
_SHAPES: Final = (
    None,
    "Point",
    "LineString",
    "Polygon",
    "MultiPoint",
    "MultiLineString",
    "MultiPolygon",
)


def geometry_facts(modifier: int) -> GeometryFacts:
    """`modifier`: as the catalog has it.

    >>> geometry_facts(1107460), geometry_facts(-1)
    (GeometryFacts(shape='Point', srid=4326), GeometryFacts(shape=None, srid=None))
    """
    if modifier < 0:
        return GeometryFacts()
    shape = modifier >> 2 & 0x3F
    srid = modifier >> 8 & 0x1FFFFF
    return GeometryFacts(shape=_SHAPES[shape] if shape < len(_SHAPES) else None, srid=srid or None)
