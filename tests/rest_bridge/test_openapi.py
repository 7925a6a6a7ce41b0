"""The OpenAPI document as a function of a snapshot and a view, without a database."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any, get_args

import pytest

from resolvers.permissions import AccessRules, Action, Gate, Grant
from resolvers.views import GateView
from rest_bridge.component_names import class_names, item_names
from rest_bridge.openapi.collections import collection_paths
from rest_bridge.openapi.document import document, encoded
from rest_bridge.openapi.items import item_schemas
from rest_bridge.openapi.setting import Facts, Setting
from rest_bridge.openapi.structure import TOLD
from rest_bridge.openapi.values import choices_of, or_null, plain_value, read_value, write_value
from rest_bridge.structure import ROUTES
from schema_gen.graphql.view import Everything, View
from schema_gen.model import Collection, Column, Field, FieldType, SchemaSnapshot
from schema_gen.naming import Names
from tests.support.blog import blog_snapshot, made_collection
from tests.support.openapi import METHODS, check

BLOG = blog_snapshot("sqlite")


def setting(snapshot: SchemaSnapshot = BLOG, view: View | None = None, **more: Any) -> Setting:
    facts = Facts(url="https://cms.example")
    names = Names.of(snapshot)
    who = {"admin": view is None, "signed_in": True, **more}
    return Setting.of(snapshot, names, view or Everything(snapshot), facts, **who)


def narrowed(grants: dict[tuple[Action, str], tuple[Grant, ...]]) -> Setting:
    gate = Gate(AccessRules(grants=grants, fingerprint="test"), BLOG)
    return setting(view=GateView(gate, own=False))


def field(kind: FieldType, **column: Any) -> Field:
    made = Column(data_type="x", **{"nullable": False, **column})
    return Field(collection="c", name="f", type=kind, column=made)


def choosing(kind: FieldType, *choices: Any, **options: Any) -> Field:
    listed = [{"text": "x", "value": choice} for choice in choices]
    meta = {"interface": "select-dropdown", "options": {"choices": listed, **options}}
    return replace(field(kind), meta=meta)


# --- values -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", get_args(FieldType))
def test_every_type_has_values(kind: FieldType) -> None:
    made = plain_value(field(kind))
    assert isinstance(made, dict)
    assert "null" not in json.dumps(made)
    if made:
        assert "null" in json.dumps(or_null(made))


def test_numbers_that_a_double_cannot_hold_may_be_texts() -> None:
    assert plain_value(field("decimal", numeric_precision=10)) == {"type": "number"}
    assert plain_value(field("decimal", numeric_precision=30)) == {"type": ["number", "string"]}
    assert plain_value(field("decimal")) == {"type": ["number", "string"]}
    assert plain_value(field("bigInteger")) == {"type": ["integer", "string"]}
    assert plain_value(field("bigInteger", auto_increment=True)) == {"type": "integer"}


def test_keys_of_sqlite_are_told_as_long_as_they_may_be() -> None:
    """SQLite holds 64 bits of what it numbers, and of what leads there; no double does."""
    for wide in (field("integer", auto_increment=True), field("integer", foreign_table="tags")):
        assert read_value(wide, "sqlite", nullable=False) == {"type": ["integer", "string"]}
        assert read_value(wide, "postgresql", nullable=False) == {"type": "integer"}
        assert write_value(wide) == {"type": "integer"}
    assert read_value(field("integer"), "sqlite", nullable=False) == {"type": "integer"}


def test_length_is_of_what_is_written() -> None:
    made = field("string", max_length=20, nullable=True)
    assert write_value(made) == {"type": ["string", "null"], "maxLength": 20}
    assert read_value(made, "postgresql", nullable=True) == {"type": ["string", "null"]}


def test_secrets_are_written_in_clear_and_read_masked() -> None:
    secret = replace(field("string"), special=("conceal",))
    assert write_value(secret) == {"type": "string"}
    assert read_value(secret, "sqlite", nullable=True) == {"enum": ["**********", None]}


def test_choices() -> None:
    assert choices_of(choosing("string", "a", "b", "a")) == ("a", "b")
    assert choices_of(choosing("integer", 1, 2)) == (1, 2)
    assert choices_of(choosing("string", "a", allowOther=True)) == ()
    # neither of the field's type nor anything at all
    for odd in (choosing("integer", "1"), choosing("integer", True), choosing("string", None)):
        assert choices_of(odd) == ()
    assert choices_of(replace(choosing("string"), meta={"interface": "select-dropdown"})) == ()
    assert choices_of(field("string", enum_values=("x", "y"))) == ("x", "y")
    assert write_value(replace(choosing("string", "a"), column=Column(data_type="x")))["enum"] == ["a", None]


# --- items --------------------------------------------------------------------------------------------------


def test_relations_are_keys_or_items() -> None:
    made = item_schemas(BLOG.collections["articles"], setting())
    author = made["ItemsArticles"]["properties"]["author"]
    assert author["anyOf"][1] == {"$ref": "#/components/schemas/ItemsAuthors"}
    tags = made["ItemsArticles_update"]["properties"]["tags"]["anyOf"]
    assert set(tags[1]["properties"]) == {"create", "update", "delete"}
    blocks = item_schemas(BLOG.collections["blocks"], setting())["ItemsBlocks"]["properties"]["item"]
    assert [one.get("$ref", "") for one in blocks["anyOf"]] == [
        "",
        "#/components/schemas/ItemsHeadings",
        "#/components/schemas/ItemsTexts",
    ]


def test_hidden_relations_are_keys() -> None:
    found = item_schemas(
        BLOG.collections["articles"], narrowed({("read", "articles"): (Grant(fields=None),)})
    )
    assert list(found) == ["ItemsArticles"]
    assert found["ItemsArticles"]["properties"]["author"] == {"type": ["integer", "null"]}
    assert "tags" not in found["ItemsArticles"]["properties"]


def test_a_field_that_some_items_hide_may_be_null() -> None:
    whole, part = Grant(fields=frozenset({"id", "title"})), Grant(fields=frozenset({"id"}), rule={"id": 1})
    steady = Field(
        collection="articles", name="title", type="string", column=Column(data_type="x", nullable=False)
    )
    home = BLOG.collections["articles"]
    snapshot = replace(
        BLOG,
        collections={
            **BLOG.collections,
            "articles": replace(home, fields={**home.fields, "title": steady}),
        },
    )
    for grants, kinds in (((whole,), "string"), ((whole, part), ["string", "null"])):
        gate = Gate(AccessRules(grants={("read", "articles"): grants}, fingerprint="t"), snapshot)
        made = setting(snapshot, GateView(gate, own=False))
        found = item_schemas(snapshot.collections["articles"], made)["ItemsArticles"]["properties"]
        assert found["title"]["type"] == kinds


def test_methods_follow_rights() -> None:
    home = BLOG.collections["tags"]
    for action, path, method in (
        ("read", "/items/tags/{id}", "get"),
        ("create", "/items/tags", "post"),
        ("delete", "/items/tags/{id}", "delete"),
    ):
        grants: Any = {(action, "tags"): (Grant(fields=None),)}
        found = collection_paths(home, narrowed(grants))
        assert method in found[path]
        assert {name for item in found.values() for name in item} - {"parameters"} == {method}
    # putting creates or updates: who may do one of them only may not
    grants = {("update", "tags"): (Grant(fields=None),)}
    assert "put" not in collection_paths(home, narrowed(grants))["/items/tags/{id}"]


def test_views_and_items_without_keys_are_only_read() -> None:
    view = replace(made_collection("totals", ("n", "integer"), key=()), kind="view")
    snapshot = replace(BLOG, collections={**BLOG.collections, "totals": view})
    assert list(collection_paths(view, setting(snapshot))) == ["/items/totals"]
    assert list(collection_paths(view, setting(snapshot))["/items/totals"]) == ["get"]


# --- names --------------------------------------------------------------------------------------------------


def odd_snapshot(*names: str) -> SchemaSnapshot:
    more = {name: made_collection(name, ("id", "integer"), ("a b", "string")) for name in names}
    return replace(BLOG, collections={**BLOG.collections, **more})


def test_odd_names() -> None:
    snapshot = odd_snapshot("Order Details", "order_details", "ä{}/%", "日本", "2fa", "Tokens", "_")
    made = document(setting(snapshot))
    check(made)
    assert "/items/Order%20Details" in made["paths"]
    assert "/items/%C3%A4%7B%7D%2F%25" in made["paths"]
    names = item_names(snapshot, frozenset())
    assert len(set(names.values())) == len(names)
    assert names["order_details"].startswith("ItemsOrderDetails_")
    assert names["articles"] == "ItemsArticles"


def test_names_of_types_are_identifiers() -> None:
    names = class_names(["a b", "a_b", "2fa", "日本", "Any", "x"], frozenset({"Any"}))
    assert all(name.isidentifier() and name.isascii() for name in names.values())
    assert len(set(names.values())) == 6
    assert names["2fa"] == "_2fa"
    assert names["Any"] != "Any"


def test_composite_keys_are_texts() -> None:
    made = document(setting())
    check(made)
    assert "/items/lines/{id}" in made["paths"]
    forms = made["paths"]["/items/lines"]["delete"]["requestBody"]["content"]["application/json"]["schema"]
    assert forms["anyOf"][0] == {"type": "array", "items": {"type": "string"}}


def test_five_hundred_collections() -> None:
    fields: list[tuple[str, FieldType]] = [("id", "integer"), *((f"f{n}", "string") for n in range(19))]
    homes: dict[str, Collection] = {
        f"table_{number}": made_collection(f"table_{number}", *fields) for number in range(500)
    }
    snapshot = replace(BLOG, collections=homes, relations=())
    assert len(encoded(setting(snapshot))) < 6_500_000


# --- routes ------------------------------------------------------------------------------------------------


def test_every_route_of_the_structure_is_described() -> None:
    described = {(method, pattern) for method, pattern in ROUTES if method != "SEARCH"}
    assert described <= set(TOLD)
    made = document(setting())
    for method, pattern in described:
        path = re.sub(r":(\w+)", r"{\1}", f"/{pattern}")
        assert method.lower() in made["paths"][path]


def test_while_requests_are_bounded_any_may_be_one_too_many() -> None:
    bounded = replace(setting(), facts=Facts(url="https://cms.example", limited=True))
    made = document(bounded)
    check(made)
    told = [its for item in made["paths"].values() for name, its in item.items() if name in METHODS]
    assert len(told) > 20
    assert all("429" in its["responses"] for its in told)
