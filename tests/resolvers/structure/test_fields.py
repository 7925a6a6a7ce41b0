"""Fields are made, changed and dropped through the API, on filled tables too."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from tests.support.lending import Lend
from tests.support.modelling import ask, field, gone, graphql, make, names, refused, related, shape, told
from tests.support.project import Site, seed_system

#: type -> a value of it, and how it is read
TYPES: Final[tuple[tuple[str, Any], ...]] = (
    ("bigInteger", "9007199254740993"),
    ("boolean", True),
    ("csv", ["a", "b"]),
    ("date", "2024-01-02"),
    ("dateTime", "2024-01-02T10:00:00"),
    ("decimal", 1.5),
    ("float", 2.5),
    ("integer", 7),
    ("json", {"a": [1, None]}),
    ("string", "text"),
    ("text", "text"),
    ("time", "10:11:12"),
    ("timestamp", "2024-01-02T10:00:00.000Z"),
    ("geometry.Point", {"type": "Point", "coordinates": [1, 2]}),
)


@pytest.mark.parametrize(("kind", "value"), TYPES)
@pytest.mark.parametrize("meta", [None, {}])
async def test_fields_of_every_type(site: Site, kind: str, value: Any, meta: Any) -> None:
    await make(site, "things")
    more = {} if meta is None else {"meta": meta}
    made = await field(site, "things", "it", kind, **more)
    assert (made["field"], made["type"]) == ("it", kind)
    assert await told(site, "GET", "/fields/things/it") == made
    assert await told(site, "POST", "/items/things", {"it": value}) == {"id": 1, "it": value}
    assert await told(site, "GET", "/items/things") == [{"id": 1, "it": value}]


async def test_what_columns_are_told_to_be(site: Site) -> None:
    await make(site, "things")
    short = await field(site, "things", "short", "string", schema={"max_length": "20", "is_unique": True})
    assert (short["schema"]["max_length"], short["schema"]["is_unique"]) == (20, True)
    exact = {"numeric_precision": 12, "numeric_scale": 2, "is_nullable": False, "default_value": 1.25}
    price = await field(site, "things", "price", "decimal", schema=exact)
    assert {name: price["schema"][name] for name in exact} == exact
    found = await field(site, "things", "found", "string", schema={"is_indexed": True})
    assert found["schema"]["is_indexed"]
    now = await field(site, "things", "at", "timestamp", schema={"default_value": "now()"})
    assert now["schema"]["default_value"] == "CURRENT_TIMESTAMP"
    made = await told(site, "POST", "/items/things", {"short": "a"})
    assert made["price"] == 1.25
    assert made["at"] is not None
    again = await ask(site, "POST", "/items/things", {"short": "a"})
    assert json.loads(again.body)["errors"][0]["extensions"]["code"] == "RECORD_NOT_UNIQUE"


async def test_fields_without_column(site: Site) -> None:
    await make(site, "things")
    made = await field(
        site, "things", "divider", "alias", meta={"special": ["alias", "no-data"], "note": "n"}
    )
    assert (made["type"], made["schema"], made["meta"]["note"]) == ("alias", None, "n")
    bare = await field(site, "things", "bare", "alias", meta={})
    assert (bare["type"], bare["meta"]["special"], bare["meta"]["sort"]) == ("alias", None, 3)
    assert (await told(site, "PATCH", "/fields/things/bare", {"meta": {"note": "m"}}))["meta"]["note"] == "m"
    assert await told(site, "POST", "/items/things", {}) == {"id": 1}
    await gone(site, "/fields/things/bare")
    await gone(site, "/fields/things/divider")
    assert await names(site, "things") == ["id"]


async def test_places_are_counted_in_groups(site: Site) -> None:
    await make(site, "things")
    await field(site, "things", "group", "alias", meta={"special": ["alias", "no-data", "group"]})
    places = []
    for name in ("one", "two"):
        made = await field(site, "things", name, "string", meta={"group": "group"})
        places.append(made["meta"]["sort"])
    assert places == [1, 2]
    assert (await field(site, "things", "three", "string", meta={}))["meta"]["sort"] == 3
    await gone(site, "/fields/things/group")
    assert (await told(site, "GET", "/fields/things/one"))["meta"]["group"] is None


@pytest.mark.parametrize(
    "payload",
    [
        None,
        5,
        [],
        [{"field": "f", "type": "string"}],
        {},
        {"field": "f"},
        {"field": "", "type": "string"},
        {"field": 5, "type": "string"},
        {"type": "string"},
        {"field": "id", "type": "string"},
        {"field": "there", "type": "string"},
        {"field": "f", "type": "nonsense"},
        {"field": "f", "type": "unknown", "meta": {}},
        {"field": "f", "type": 5},
        {"field": "f", "type": "string", "bogus": 1},
        {"field": "f", "type": "string", "schema": 5},
        {"field": "f", "type": "string", "meta": 5},
        {"field": "f", "type": "string", "meta": {"special": 5}},
        {"field": "f", "type": "string", "meta": {"sort": "x"}},
        {"field": "f", "type": "string", "schema": {"is_nullable": "x"}},
        {"field": "f", "type": "string", "schema": {"max_length": -1}},
        {"field": "f", "type": "string", "schema": {"max_length": "1); drop table things; --"}},
        {"field": "f", "type": "string", "schema": {"max_length": 10**9}},
        {"field": "f", "type": "decimal", "schema": {"numeric_precision": 2, "numeric_scale": 3}},
        {"field": "f", "type": "decimal", "schema": {"numeric_precision": 0}},
        {"field": "f", "type": "integer", "schema": {"default_value": "abc"}},
        {"field": "f", "type": "integer", "schema": {"default_value": 2**40}},
        {"field": "f", "type": "uuid", "schema": {"default_value": "no uuid"}},
        {"field": "f", "type": "string", "schema": {"comment": 5}},
        {"field": "f", "type": "json", "schema": {"is_unique": True}},
        {"field": "f", "type": "json", "schema": {"is_indexed": True}},
        {"field": "f", "type": "integer", "schema": {"is_primary_key": True}},
        {"field": "f", "type": "integer", "schema": {"has_auto_increment": True}},
        {"field": "n" * 64, "type": "string"},
        {"field": "nul\x00", "type": "string"},
        {"field": "f", "type": "geometry.Point,4326)); select pg_sleep(5);--"},
    ],
)
async def test_what_can_be_no_field_leaves_no_trace(lend: Lend, payload: Any) -> None:
    site = await lend(seed_system, _with_a_field)
    assert await refused(site, "POST", "/fields/things", payload) == "INVALID_PAYLOAD"


async def _with_a_field(site: Site) -> None:
    await make(site, "things", {"field": "there", "type": "string"})


async def test_collections_that_are_not_there(site: Site) -> None:
    new = {"field": "f", "type": "string"}
    assert await refused(site, "POST", "/fields/nope", new) == "FORBIDDEN"
    assert await refused(site, "PATCH", "/fields/nope", [new]) == "FORBIDDEN"
    assert await refused(site, "PATCH", "/fields/nope/f", {"meta": {}}) == "FORBIDDEN"
    assert await refused(site, "DELETE", "/fields/nope/f") == "FORBIDDEN"
    await make(site, "things")
    assert await refused(site, "DELETE", "/fields/things/f") == "FORBIDDEN"
    assert await refused(site, "PATCH", "/fields/things/f", {"schema": {}}) == "FORBIDDEN"
    await told(site, "POST", "/collections", {"collection": "folder", "schema": None, "meta": {}})
    assert await refused(site, "POST", "/fields/folder", new) == "INVALID_PAYLOAD"


# --- changes of filled columns --------------------------------------------------------------------------


async def filled(site: Site) -> None:
    await make(
        site,
        "things",
        {"field": "s", "type": "string", "schema": {"max_length": 10}},
        {"field": "n", "type": "integer", "meta": {"note": "n"}},
    )
    await told(
        site, "POST", "/items/things", [{"s": "12", "n": 1}, {"s": None, "n": 2}, {"s": "12", "n": None}]
    )


async def test_null_default_unique_and_index(site: Site) -> None:
    await filled(site)
    path = "/fields/things/s"
    not_null = {"schema": {"is_nullable": False}}
    assert await refused(site, "PATCH", path, not_null) == "CONTAINS_NULL_VALUES"
    assert await refused(site, "PATCH", path, {"schema": {"is_unique": True}}) == "RECORD_NOT_UNIQUE"
    assert await refused(site, "PATCH", path, {"schema": {"max_length": 1}}) == "VALUE_TOO_LONG"
    await told(site, "PATCH", "/items/things", {"keys": [2], "data": {"s": "x"}})
    await told(site, "PATCH", "/items/things", {"keys": [3], "data": {"s": "y"}})
    assert not (await told(site, "PATCH", path, not_null))["schema"]["is_nullable"]
    assert (await told(site, "PATCH", path, {"schema": {"is_unique": True}}))["schema"]["is_unique"]
    assert (await told(site, "PATCH", path, {"schema": {"is_indexed": True}}))["schema"]["is_indexed"]
    changed = await told(site, "PATCH", path, {"schema": {"default_value": "d", "max_length": 30}})
    assert (changed["schema"]["default_value"], changed["schema"]["max_length"]) == ("d", 30)
    assert (await told(site, "POST", "/items/things", {}))["s"] == "d"
    undone = {"schema": {"is_nullable": True, "is_unique": False, "is_indexed": False, "default_value": None}}
    schema = (await told(site, "PATCH", path, undone))["schema"]
    assert {name: schema[name] for name in undone["schema"]} == undone["schema"]
    assert [each["s"] for each in await told(site, "GET", "/items/things")] == ["12", "x", "y", "d"]


async def test_types_of_filled_columns(site: Site) -> None:
    await filled(site)
    assert (await told(site, "PATCH", "/fields/things/s", {"type": "text"}))["type"] == "string"
    assert (await told(site, "PATCH", "/fields/things/s", {"type": "text", "schema": {}}))["type"] == "text"
    assert (await told(site, "PATCH", "/fields/things/s", {"type": "integer", "schema": {}}))[
        "type"
    ] == "integer"
    assert [each["s"] for each in await told(site, "GET", "/items/things")] == [12, None, 12]
    big = await told(
        site, "PATCH", "/fields/things/n", {"type": "bigInteger", "schema": {"default_value": 5}}
    )
    assert (big["type"], big["schema"]["default_value"], big["meta"]["note"]) == ("bigInteger", 5, "n")
    back = await told(site, "PATCH", "/fields/things/s", {"type": "string", "schema": {}})
    assert (back["type"], back["schema"]["max_length"]) == ("string", 255)
    assert [each["s"] for each in await told(site, "GET", "/items/things")] == ["12", None, "12"]
    await told(site, "PATCH", "/items/things", {"keys": [2], "data": {"s": "abc"}})
    wrong = {"type": "integer", "schema": {}}
    assert await refused(site, "PATCH", "/fields/things/s", wrong) == "INVALID_PAYLOAD"
    key = {"type": "string", "schema": {}}
    assert await refused(site, "PATCH", "/fields/things/id", key) == "INVALID_PAYLOAD"


async def test_a_timestamp_stays_one(site: Site) -> None:
    """Where the column alone does not say so, its special does, and goes with it."""
    await make(site, "things")
    await field(site, "things", "at", "string")
    to = {"type": "timestamp", "schema": {}}
    assert (await told(site, "PATCH", "/fields/things/at", to))["type"] == "timestamp"
    local = await told(site, "PATCH", "/fields/things/at", {"type": "dateTime", "schema": {}})
    assert local["type"] == "dateTime"


async def test_a_field_that_comes_back_as_it_was_read_changes_nothing(site: Site) -> None:
    await filled(site)
    await field(site, "things", "price", "decimal", schema={"numeric_precision": 9, "numeric_scale": 3})
    await field(site, "things", "at", "timestamp", schema={"default_value": "CURRENT_TIMESTAMP"})
    await field(site, "things", "ok", "boolean", schema={"default_value": False, "is_nullable": False})
    before = await shape(site.database)
    fields = await told(site, "GET", "/fields/things")
    for each in fields:
        told_back = {**each, "meta": None} if each["meta"] is None else each
        answer = await told(site, "PATCH", f"/fields/things/{each['field']}", told_back)
        assert answer["schema"] == each["schema"]
    assert await told(site, "PATCH", "/fields/things", fields) == fields
    assert await shape(site.database) == before


async def test_several_fields_change_together_or_not_at_all(site: Site) -> None:
    await filled(site)
    both = [{"field": "n", "meta": {"note": "a"}}, {"field": "s", "meta": {"note": "b", "sort": 9}}]
    made = await told(site, "PATCH", "/fields/things", both)
    assert [(each["field"], each["meta"]["note"]) for each in made] == [("n", "a"), ("s", "b")]
    wrong = [
        {"field": "n", "schema": {"default_value": 3}, "meta": {"note": "x"}},
        {"field": "s", "schema": {"is_unique": True}},
    ]
    assert await refused(site, "PATCH", "/fields/things", wrong) == "RECORD_NOT_UNIQUE"
    assert await refused(site, "PATCH", "/fields/things", {"field": "n"}) == "INVALID_PAYLOAD"
    assert await refused(site, "PATCH", "/fields/things", [{"meta": {}}]) == "INVALID_PAYLOAD"


@pytest.mark.parametrize(
    ("place", "payload"),
    [
        ("id", {"schema": {"is_nullable": True}}),
        ("id", {"schema": {"is_primary_key": False}}),
        ("id", {"schema": {"has_auto_increment": False}}),
        ("s", {"schema": {"is_primary_key": True}}),
        ("s", {"schema": {"has_auto_increment": True}}),
        ("s", {"schema": {"max_length": "x"}}),
        ("s", {"schema": {"is_unique": 1}}),
        ("s", {"type": "nonsense"}),
        ("s", {"type": "alias", "schema": {}}),
        ("s", {"type": "unknown", "schema": {}}),
        ("s", {"meta": {"sort": "x"}}),
        ("s", 5),
        ("s", {"type": "json", "schema": {"is_indexed": True}}),
        ("n", {"schema": {"default_value": "abc"}}),
        ("n", {"schema": {"default_value": [1]}}),
    ],
)
async def test_changes_that_cannot_be(lend: Lend, place: str, payload: Any) -> None:
    site = await lend(seed_system, filled)
    assert await refused(site, "PATCH", f"/fields/things/{place}", payload) == "INVALID_PAYLOAD"


async def test_required_columns_of_filled_tables_need_a_default(site: Site) -> None:
    await filled(site)
    bare = {"field": "nn", "type": "string", "schema": {"is_nullable": False}}
    assert await refused(site, "POST", "/fields/things", bare) in (
        "CONTAINS_NULL_VALUES",
        "NOT_NULL_VIOLATION",
    )
    whole = {**bare, "schema": {"is_nullable": False, "default_value": "dd"}}
    assert not (await told(site, "POST", "/fields/things", whole))["schema"]["is_nullable"]
    assert {each["nn"] for each in await told(site, "GET", "/items/things")} == {"dd"}
    one = {"field": "one", "type": "string", "schema": {"is_unique": True, "default_value": "x"}}
    assert await refused(site, "POST", "/fields/things", one) == "RECORD_NOT_UNIQUE"


@pytest.mark.parametrize("special", ["cast-json", "cast-csv", "cast-timestamp", "geometry"])
async def test_a_special_that_its_column_cannot_go_with_is_passed_over(site: Site, special: str) -> None:
    """On PostgreSQL nothing could be read any more otherwise; SQLite has text and numbers for all of them."""
    await make(site, "things", {"field": "n", "type": "integer"}, {"field": "day", "type": "date"})
    for name in ("n", "day"):
        meta = (await told(site, "PATCH", f"/fields/things/{name}", {"meta": {"special": [special]}}))["meta"]
        assert meta["special"] == [special]
    assert (await ask(site, "POST", "/items/things", {})).status == 200
    assert (await ask(site, "GET", "/items/things?sort=day&filter[n][_null]=true")).status == 200
    if site.database.dialect == "postgresql":
        kinds = [each["type"] for each in await told(site, "GET", "/fields/things")]
        assert kinds == ["integer", "integer", "timestamp" if special == "cast-timestamp" else "date"]


# --- dropping -------------------------------------------------------------------------------------------


async def test_a_dropped_field_is_named_nowhere(site: Site) -> None:
    await make(
        site,
        "things",
        {"field": "s", "type": "integer", "meta": {}},
        {"field": "st", "type": "string", "meta": {}},
        sort_field="s",
        archive_field="st",
        archive_value="gone",
        display_template="{{ st }}: {{s}} of {{ s.x }}",
        item_duplication_fields=["s", "st"],
    )
    await told(site, "POST", "/items/things", {"s": 1, "st": "x"})
    layout = {"tabular": {"fields": ["id", "s", "st"], "sort": ["-s"]}}
    preset = {"collection": "things", "layout_query": layout, "filter": {"s": {"_eq": 1}}}
    made = await told(site, "POST", "/presets", preset)
    await gone(site, "/fields/things/s")
    meta = (await told(site, "GET", "/collections/things"))["meta"]
    assert (meta["sort_field"], meta["archive_field"]) == (None, "st")
    assert (meta["display_template"], meta["item_duplication_fields"]) == ("{{ st }}:  of ", ["st"])
    kept = await told(site, "GET", f"/presets/{made['id']}")
    assert kept["layout_query"] == {"tabular": {"fields": ["id", "st"], "sort": []}}
    assert kept["filter"] is None
    await gone(site, "/fields/things/st")
    assert (await told(site, "GET", "/collections/things"))["meta"]["archive_field"] is None
    assert await told(site, "GET", "/items/things") == [{"id": 1}]


async def test_the_key_stays(site: Site) -> None:
    await make(site, "things")
    assert await refused(site, "DELETE", "/fields/things/id") == "INVALID_PAYLOAD"


async def test_both_ends_of_a_relation(site: Site) -> None:
    await make(site, "authors")
    await make(site, "articles", {"field": "author", "type": "integer", "meta": {"special": ["m2o"]}})
    await field(site, "authors", "articles", "alias", meta={"special": ["o2m"]})
    await related(site, "articles", "author", "authors", meta={"one_field": "articles"})
    await gone(site, "/fields/authors/articles")
    assert (await told(site, "GET", "/relations/articles/author"))["meta"]["one_field"] is None
    await field(site, "authors", "articles", "alias", meta={"special": ["o2m"]})
    await told(site, "PATCH", "/relations/articles/author", {"meta": {"one_field": "articles"}})
    await gone(site, "/fields/articles/author")
    assert (await names(site, "authors"), await names(site, "articles")) == (["id"], ["id"])
    assert [each for each in await told(site, "GET", "/relations") if "art" in each["collection"]] == []


# --- system collections ---------------------------------------------------------------------------------


async def test_system_collections_take_fields_of_their_own(site: Site) -> None:
    made = await field(site, "directus_users", "cf_extra", "string", meta={})
    assert (made["collection"], made["type"]) == ("directus_users", "string")
    assert (await told(site, "PATCH", "/users/me", {"cf_extra": "x"}))["cf_extra"] == "x"
    assert await told(site, "GET", "/users/me?fields=cf_extra") == {"cf_extra": "x"}
    listed = await graphql(site, "{ users_me { cf_extra } }")
    assert listed == {"data": {"users_me": {"cf_extra": "x"}}}
    await gone(site, "/fields/directus_users/cf_extra")
    assert "cf_extra" not in await told(site, "GET", "/users/me")


async def test_system_fields_are_protected(site: Site) -> None:
    path = "/fields/directus_users/email"
    assert await refused(site, "DELETE", path) == "FORBIDDEN"
    assert await refused(site, "PATCH", path, {"type": "integer", "schema": {}}) == "INVALID_PAYLOAD"
    assert await refused(site, "PATCH", path, {"meta": {"note": "x"}}) == "INVALID_PAYLOAD"
    new = {"field": "email", "type": "string"}
    assert await refused(site, "POST", "/fields/directus_users", new) == "INVALID_PAYLOAD"
    alias = {"field": "policies", "type": "alias", "meta": {}}
    assert await refused(site, "POST", "/fields/directus_users", alias) == "INVALID_PAYLOAD"
    indexed = await told(site, "PATCH", "/fields/directus_users/last_page", {"schema": {"is_indexed": True}})
    assert indexed["schema"]["is_indexed"]


async def test_graphql_changes_fields(site: Site) -> None:
    await make(site, "things")
    made = await graphql(
        site,
        """mutation { create_fields_item(collection: "things", data: {
             field: "n", type: "integer", meta: {note: "n"}, schema: {default_value: "5"}
           }) { collection field type meta { note } schema { default_value } } }""",
    )
    assert made["data"]["create_fields_item"] == {
        "collection": "things",
        "field": "n",
        "type": "integer",
        "meta": {"note": "n"},
        "schema": {"default_value": "5"},
    }
    changed = await graphql(
        site,
        'mutation { update_fields_item(collection: "things", field: "n", data: {meta: {note: "m"}}) '
        "{ meta { note } } }",
    )
    assert changed["data"]["update_fields_item"] == {"meta": {"note": "m"}}
    several = await graphql(
        site,
        'mutation { update_fields_items(collection: "things", data: [{field: "n", meta: {note: "k"}}]) '
        "{ field meta { note } } }",
    )
    assert several["data"]["update_fields_items"] == {"field": "n", "meta": {"note": "k"}}
    dropped = await graphql(
        site, 'mutation { delete_fields_item(collection: "things", field: "n") { collection field } }'
    )
    assert dropped["data"]["delete_fields_item"] == {"collection": "things", "field": "n"}
