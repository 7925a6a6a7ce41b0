"""What a gate lets a schema show of writing."""

from __future__ import annotations

from typing import Any

from resolvers.permissions import AccessRules, Action, Gate, Grant
from resolvers.views import GateView
from schema_gen.graphql.build import build_schema
from schema_gen.graphql.lazy import LazySchema
from schema_gen.naming import Names
from tests.support.blog import blog_snapshot

BLOG = blog_snapshot("sqlite")
TITLE = Grant(fields=frozenset({"title"}), rule={"status": {"_eq": "draft"}})
ALL = Grant(fields=None)


def view_of(grants: dict[tuple[Action, str], tuple[Grant, ...]]) -> GateView:
    return GateView(Gate(AccessRules(grants=grants, fingerprint="test"), BLOG), own=False)


def schema_of(grants: dict[tuple[Action, str], tuple[Grant, ...]]) -> LazySchema:
    return build_schema(BLOG, Names.of(BLOG), view_of(grants), "items")


def input_of(schema: LazySchema, name: str) -> dict[str, str]:
    made: Any = schema.type_map[name]
    return {key: str(entry.type) for key, entry in made.fields.items()}


def test_each_action_has_grants_of_its_own() -> None:
    view = view_of({("update", "articles"): (TITLE,), ("delete", "tags"): (ALL,)})
    assert view.writable("update", "articles")
    assert view.writable("delete", "tags")
    assert not view.writable("create", "articles")
    assert not view.writable("delete", "articles")
    assert not view.writable("update", "nope")
    assert view.write_fields("update", "articles") == {"title"}
    assert view.write_fields("create", "articles") == frozenset()


def test_fields_of_all_grants_unite() -> None:
    other = Grant(fields=frozenset({"views", "nope"}))
    assert view_of({("update", "articles"): (TITLE, other)}).write_fields("update", "articles") == {
        "title",
        "views",
    }


def test_a_field_is_asked_for_where_every_grant_names_it_and_none_fills_it_in() -> None:
    preset = Grant(fields=None, presets={"title": "Untitled"})
    narrow = Grant(fields=frozenset({"views"}))
    cases = (((ALL,), True), ((TITLE, ALL), True), ((ALL, narrow), False), ((ALL, preset), False))
    for grants, asked in cases:
        assert view_of({("create", "articles"): grants}).asked("articles", "title") is asked
    assert not view_of({}).asked("articles", "title")


def test_the_schema_of_an_editor() -> None:
    """May change titles of drafts and make authors, and reads none of them."""
    schema = schema_of({("update", "articles"): (TITLE,), ("create", "authors"): (ALL,)})
    assert schema.mutation_type is not None
    assert {name: str(root.type) for name, root in schema.mutation_type.fields.items()} == {
        "create_authors_items": "Boolean",
        "create_authors_item": "Boolean",
        "update_articles_items": "Boolean",
        "update_articles_batch": "Boolean",
        "update_articles_item": "Boolean",
    }
    assert input_of(schema, "update_articles_input") == {"id": "ID", "title": "String"}
    assert "articles" not in input_of(schema, "create_authors_input")
    assert schema.type_map.get("articles") is None
