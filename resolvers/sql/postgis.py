"""Spatial columns of PostGIS: how a geometry goes in, comes out and is compared.

    around(column of geometry(Point,3857))    -> 'ST_Transform(ST_GeomFromGeoJSON(CAST({} AS text)), 3857)'

On the wire every geometry is in WGS 84 (RFC 7946, section 4); values of a column in another reference system
are converted both ways.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, func

from schema_gen.model import Column

#: the reference system of GeoJSON
_WGS84: Final = 4326
_TEXT: Final = sa.Text()


def _srid(column: Column) -> int | None:
    """The reference system of the column's values; None where each has its own."""
    facts = column.geometry
    if facts is None or column.data_type == "geography":
        return _WGS84
    return facts.srid


def around(column: Column) -> str:
    """What stands around a parameter that is GeoJSON as text, with `{}` in its place."""
    made = "ST_GeomFromGeoJSON(CAST({} AS text))"
    srid = _srid(column)
    if srid not in (None, _WGS84):
        made = f"ST_Transform({made}, {srid})"
    return f"CAST({made} AS geography)" if column.data_type == "geography" else made


def geojson(value: ColumnElement[Any], column: Column) -> ColumnElement[Any]:
    """GeoJSON of a value, as text."""
    if _srid(column) not in (None, _WGS84):
        value = func.ST_Transform(value, sa.literal_column(str(_WGS84)))
    return func.ST_AsGeoJSON(value)


def compared(
    op: str, value: ColumnElement[Any], given: ColumnElement[Any], column: Column
) -> ColumnElement[bool]:
    """`op`: eq, intersects or intersects_bbox, each with a leading `n` for its contrary. `given`: GeoJSON as
    text.
    """
    theirs: ColumnElement[Any] = func.ST_GeomFromGeoJSON(sa.cast(given, _TEXT))
    srid = _srid(column)
    if srid is None:
        theirs = func.ST_SetSRID(theirs, func.ST_SRID(value))
    elif srid != _WGS84:
        theirs = func.ST_Transform(theirs, sa.literal_column(str(srid)))
    if column.data_type == "geography":
        theirs = func.geography(theirs)
    asked = op.removeprefix("n")
    found: ColumnElement[bool]
    if asked == "eq":
        found = func.ST_Equals(*(func.geometry(one) for one in (value, theirs)))
    elif asked == "intersects":
        found = func.ST_Intersects(value, theirs)
    else:
        found = value.bool_op("&&")(theirs)
    return sa.not_(found) if op.startswith("n") else found
