"""Geometries in a PostgreSQL that knows what they are, and in databases that do not.

PostGIS is an extension; where it is not installed, these tests are skipped with a line that says so. In CI
they fail.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from resolvers.geojson import SHAPES, is_geometry
from schema_gen.database import open_database
from tests.conftest import MakeDatabase
from tests.support.asgi import Answer
from tests.support.project import ADMIN_TOKEN, Site, change, code, data, running, seed_system
from tests.support.session import TestRun

HERE: dict[str, Any] = {"type": "Point", "coordinates": [1, 2]}
FAR: dict[str, Any] = {"type": "Point", "coordinates": [10, 20]}
SQUARE: dict[str, Any] = {
    "type": "Polygon",
    "coordinates": [[[0, 0], [0, 3], [3, 3], [3, 0], [0, 0]]],
}
TRIANGLE: dict[str, Any] = {"type": "Polygon", "coordinates": [[[0, 0], [0, 3], [3, 3], [0, 0]]]}

#: column -> its declaration, the field type that it shows as
COLUMNS: dict[str, tuple[str, str]] = {
    "spot": ("geometry(Point,4326)", "geometry.Point"),
    "mercator": ("geometry(Point,3857)", "geometry.Point"),
    "anything": ("geometry", "geometry"),
    "globe": ("geography(Point,4326)", "geometry.Point"),
    "globes": ("geography", "geometry"),
    "line": ("geometry(LineString,4326)", "geometry.LineString"),
    "area": ("geometry(Polygon,4326)", "geometry.Polygon"),
    "spots": ("geometry(MultiPoint,4326)", "geometry.MultiPoint"),
    "lines": ("geometry(MultiLineString,4326)", "geometry.MultiLineString"),
    "areas": ("geometry(MultiPolygon,4326)", "geometry.MultiPolygon"),
    "solid": ("geometry(PointZ,4326)", "geometry.Point"),
}
VALUES: dict[str, dict[str, Any]] = {
    "spot": HERE,
    "mercator": HERE,
    "anything": {"type": "GeometryCollection", "geometries": [HERE, SQUARE]},
    "globe": HERE,
    "globes": SQUARE,
    "line": {"type": "LineString", "coordinates": [[0, 0], [1, 1]]},
    "area": SQUARE,
    "spots": {"type": "MultiPoint", "coordinates": [[0, 0], [1, 1]]},
    "lines": {"type": "MultiLineString", "coordinates": [[[0, 0], [1, 1]]]},
    "areas": {"type": "MultiPolygon", "coordinates": [SQUARE["coordinates"]]},
    "solid": {"type": "Point", "coordinates": [1, 2, 3]},
}


async def seed_places(url: str) -> None:
    await seed_system(url)
    database = await open_database(url)
    try:
        await change(database, "create extension postgis")
        declared = ", ".join(f"{name} {kind}" for name, (kind, _) in COLUMNS.items())
        await change(database, f"create table places (id serial primary key, {declared})")
    finally:
        await database.close()


@pytest.fixture
def spatial(test_run: TestRun) -> None:
    rows = test_run.cluster().administer("select 1 from pg_available_extensions where name = 'postgis'")
    if not rows:
        if os.environ.get("CI") == "true":
            pytest.fail("PostGIS is not installed beside the PostgreSQL of the tests", pytrace=False)
        pytest.skip("PostGIS is not installed beside the PostgreSQL of the tests")


@pytest.fixture
async def site(spatial: None, make_database: MakeDatabase) -> AsyncIterator[Site]:
    async with running(await make_database(seed_places)) as opened:
        yield opened


def retyped(kind: str) -> dict[str, Any]:
    return {"type": kind, "schema": {}}


postgresql_only = pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)


async def ask(site: Site, method: str, target: str, payload: object = None) -> Answer:
    return await site.ask(method, target, payload, token=ADMIN_TOKEN)


async def found(site: Site, filter_: Mapping[str, Any]) -> list[int]:
    answer = await ask(site, "SEARCH", "/items/places", {"query": {"filter": filter_, "fields": ["id"]}})
    return sorted(item["id"] for item in data(answer))


@postgresql_only
async def test_columns_show_as_the_shape_that_they_take(site: Site) -> None:
    fields = {field["field"]: field for field in data(await ask(site, "GET", "/fields/places"))}
    assert {name: fields[name]["type"] for name in COLUMNS} == {
        name: kind for name, (_, kind) in COLUMNS.items()
    }


@postgresql_only
async def test_what_is_written_is_read_back(site: Site) -> None:
    data(await ask(site, "POST", "/items/places", VALUES))
    read = data(await ask(site, "GET", "/items/places/1"))
    # metres and back: equal but for the last digit
    mercator = read.pop("mercator")
    assert mercator["coordinates"] == [pytest.approx(1), pytest.approx(2)]
    assert read == {"id": 1, **{name: value for name, value in VALUES.items() if name != "mercator"}}
    query = "{ places { spot areas } }"
    answer = json.loads((await ask(site, "POST", "/graphql", {"query": query})).body)
    assert answer == {"data": {"places": [{"spot": HERE, "areas": VALUES["areas"]}]}}


@postgresql_only
@pytest.mark.parametrize("column", ["spot", "mercator", "anything", "globe"])
async def test_places_are_found_by_where_they_are(site: Site, column: str) -> None:
    for value in (HERE, FAR, None):
        data(await ask(site, "POST", "/items/places", {column: value}))
    inside = {column: {"_intersects": SQUARE}}
    assert await found(site, inside) == [1]
    assert await found(site, {column: {"_nintersects": SQUARE}}) == [2]
    assert await found(site, {column: {"_intersects_bbox": SQUARE}}) == [1]
    assert await found(site, {column: {"_nintersects_bbox": SQUARE}}) == [2]
    assert await found(site, {column: {"_null": True}}) == [3]
    encoded = json.dumps(inside)
    assert [item["id"] for item in data(await ask(site, "GET", f"/items/places?filter={encoded}"))] == [1]
    query = (
        f"query ($shape: GraphQLGeoJSON) {{ places(filter: {{{column}: {{_intersects: $shape}}}}) {{ id }} }}"
    )
    answer = await ask(site, "POST", "/graphql", {"query": query, "variables": {"shape": SQUARE}})
    assert json.loads(answer.body) == {"data": {"places": [{"id": "1"}]}}


@postgresql_only
async def test_equal_geometries_are_equal_however_they_are_written(site: Site) -> None:
    data(await ask(site, "POST", "/items/places", {"area": SQUARE}))
    turned = {**SQUARE, "coordinates": [[[3, 3], [3, 0], [0, 0], [0, 3], [3, 3]]]}
    query = "query ($shape: GraphQLGeoJSON) { places(filter: {area: {_eq: $shape}}) { id } }"
    answer = await ask(site, "POST", "/graphql", {"query": query, "variables": {"shape": turned}})
    assert json.loads(answer.body) == {"data": {"places": [{"id": "1"}]}}
    assert await found(site, {"area": {"_neq": json.dumps(TRIANGLE)}}) == [1]


@postgresql_only
async def test_a_box_is_not_its_shape(site: Site) -> None:
    data(await ask(site, "POST", "/items/places", {"spot": {"type": "Point", "coordinates": [2, 1]}}))
    assert await found(site, {"spot": {"_intersects_bbox": TRIANGLE}}) == [1]
    assert await found(site, {"spot": {"_intersects": TRIANGLE}}) == []


@postgresql_only
async def test_new_fields_are_spatial_columns(site: Site) -> None:
    kinds = [kind for _, kind in COLUMNS.values() if kind.startswith("geometry")]
    for number, kind in enumerate(dict.fromkeys(kinds)):
        schema = {"is_indexed": kind == "geometry.Point"}
        made = data(
            await ask(site, "POST", "/fields/places", {"field": f"f{number}", "type": kind, "schema": schema})
        )
        assert (made["type"], made["schema"]["data_type"]) == (kind, "geometry")
    async with site.database.transaction() as transaction:
        declared = await transaction.fetch(
            "select format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'places'::regclass "
            "and attname = 'f0'"
        )
        index = await transaction.fetch("select indexdef from pg_indexes where indexdef like '%f0%'")
    assert declared[0][0] == "geometry(Point,4326)"
    assert "USING gist" in index[0][0]
    data(await ask(site, "POST", "/items/places", {"f0": HERE}))
    assert await found(site, {"f0": {"_intersects": SQUARE}}) == [1]


@postgresql_only
async def test_a_column_takes_another_shape_where_its_values_are_of_it(site: Site) -> None:
    data(await ask(site, "POST", "/items/places", {"anything": HERE}))
    changed = await ask(site, "PATCH", "/fields/places/anything", retyped("geometry.Polygon"))
    assert (changed.status, code(changed)) == (400, "INVALID_PAYLOAD")
    assert data(await ask(site, "PATCH", "/fields/places/anything", retyped("geometry.Point")))["type"] == (
        "geometry.Point"
    )
    assert data(await ask(site, "PATCH", "/fields/places/anything", retyped("text")))["type"] == "text"
    assert json.loads(data(await ask(site, "GET", "/items/places/1"))["anything"]) == HERE


async def test_without_postgis_where_a_place_is_cannot_be_asked(make_database: MakeDatabase) -> None:
    async with running(await make_database(seed_system)) as site:
        fields = [{"field": "spot", "type": "geometry.Point", "schema": {}, "meta": {}}]
        data(
            await ask(site, "POST", "/collections", {"collection": "places", "schema": {}, "fields": fields})
        )
        data(await ask(site, "POST", "/items/places", {"spot": HERE}))
        for operator in ("_intersects", "_nintersects", "_intersects_bbox", "_nintersects_bbox"):
            wanted = {"query": {"filter": {"spot": {operator: SQUARE}}}}
            refused = await ask(site, "SEARCH", "/items/places", wanted)
            assert (refused.status, code(refused)) == (400, "INVALID_QUERY")
            assert b"PostGIS" in refused.body
        assert await found(site, {"spot": {"_eq": json.dumps(HERE)}}) == [1]


BROKEN: list[Any] = [
    {"type": "Point", "coordinates": ["x", 1]},
    {"type": "Point", "coordinates": [1]},
    {"type": "Point", "coordinates": [1, 2, 3, 4]},
    {"type": "Point", "coordinates": [1, True]},
    {"type": "Point", "coordinates": [1, float("inf")]},
    {"type": "Point", "coordinates": [10**400, 1]},
    {"type": "Point"},
    {"type": "Bogus", "coordinates": [1, 2]},
    {"type": ["Point"], "coordinates": [1, 2]},
    {"type": "LineString", "coordinates": [[1, 2]]},
    {"type": "Polygon", "coordinates": [[[0, 0], [0, 1], [1, 1], [2, 2]]]},
    {"type": "Polygon", "coordinates": [[0, 0], [0, 1], [1, 1], [0, 0]]},
    {"type": "GeometryCollection", "geometries": [{"type": "Point"}]},
    {"type": "GeometryCollection"},
    [1, 2],
    "POINT(1 2)",
    5,
]


@pytest.mark.parametrize("value", BROKEN, ids=json.dumps)
def test_what_is_no_geometry(value: Any) -> None:
    assert not is_geometry(value, SHAPES)


@postgresql_only
@pytest.mark.parametrize(
    "value", [each for each in BROKEN if "Infinity" not in json.dumps(each)], ids=json.dumps
)
async def test_what_is_no_geometry_is_refused(site: Site, value: Any) -> None:
    written = await ask(site, "POST", "/items/places", {"anything": value})
    assert (written.status, code(written)) == (400, "INVALID_PAYLOAD")
    asked = await ask(
        site, "SEARCH", "/items/places", {"query": {"filter": {"anything": {"_intersects": value}}}}
    )
    assert (asked.status, code(asked)) == (400, "INVALID_QUERY")


def test_collections_inside_each_other_are_bounded() -> None:
    value = HERE
    for _ in range(100):
        value = {"type": "GeometryCollection", "geometries": [value]}
    assert not is_geometry(value, SHAPES)
