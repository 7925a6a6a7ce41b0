"""Payloads of GraphQL in the form of REST: names, relations, changes, many-to-any items."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from resolvers.writing.spelling import rest_payload
from schema_gen.errors import CausewayError
from schema_gen.model import Collection, Field
from schema_gen.naming import Names
from tests.support.blog import blog_snapshot

BLOG = blog_snapshot("sqlite")


def told(payload: Any, collection: str = "articles") -> Any:
    return rest_payload(payload, collection, Names.of(BLOG), BLOG)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({}, {}),
        ({"title": "A", "meta": {"tags_changes": [1]}}, {"title": "A", "meta": {"tags_changes": [1]}}),
        ({"author": {"name": "B"}}, {"author": {"name": "B"}}),
        ({"author": None, "tags": None}, {"author": None, "tags": None}),
        ({"author_changes": {"connect": "1"}}, {"author": {"connect": "1"}}),
        ({"author_changes": {"disconnect": True}}, {"author": {"disconnect": True}}),
        ({"tags": [{"tags_id": {"name": "x"}}]}, {"tags": [{"tags_id": {"name": "x"}}]}),
        ({"tags_changes": {"set": []}}, {"tags": {"set": []}}),
        (
            {"blocks_changes": {"connect": [{"collection": "texts", "item": "1"}], "delete": ["2"]}},
            {"blocks": {"connect": [{"collection": "texts", "item": "1"}], "delete": ["2"]}},
        ),
        (
            {"blocks": [{"item__headings": {"text": "H"}}, {"item__texts": None}]},
            {"blocks": [{"item": {"text": "H"}, "collection": "headings"}, {"item": None}]},
        ),
        (
            {"blocks_changes": {"create": [{"item__texts": {"body": "T"}, "collection": "texts"}]}},
            {"blocks": {"create": [{"item": {"body": "T"}, "collection": "texts"}]}},
        ),
        (
            {"author_changes": {"create": {"articles": [{"tags_changes": {"connect": ["1"]}}]}}},
            {"author": {"create": {"articles": [{"tags": {"connect": ["1"]}}]}}},
        ),
    ],
)
def test_the_form_of_rest(payload: Any, expected: Any) -> None:
    assert told(payload) == expected


def test_lists_of_items() -> None:
    payload = [{"tags_changes": {"connect": ["1"]}}, {"title": "A"}]
    assert told(payload) == [{"tags": {"connect": ["1"]}}, {"title": "A"}]


@pytest.mark.parametrize(
    "changes",
    [None, {}, {"connect": None}, {"disconnect": False}, {"create": None, "update": None}],
)
def test_changes_that_do_nothing_are_nothing(changes: Any) -> None:
    """In the form of REST null is "no author", and an empty object a new one."""
    assert told({"author_changes": changes, "title": "A"}) == {"title": "A"}


def test_no_changes_of_a_list_leave_it() -> None:
    assert told({"tags_changes": None}) == told({"tags_changes": {}}) == {}


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"tags": {"tags_id": {"name": "x"}}}, {"tags": [{"tags_id": {"name": "x"}}]}),
        ({"tags_changes": {"connect": "1"}}, {"tags": {"connect": ["1"]}}),
        ({"tags_changes": {"create": {"id": "1"}}}, {"tags": {"create": [{"id": "1"}]}}),
    ],
)
def test_one_value_stands_for_a_list_of_it(payload: Any, expected: Any) -> None:
    assert told(payload) == expected


@pytest.mark.parametrize(
    ("collection", "payload", "name", "field"),
    [
        ("articles", {"tags": [], "tags_changes": {"set": []}}, "tags_changes", "tags"),
        ("blocks", {"item": "1", "item__texts": {}}, "item__texts", "item"),
        ("blocks", {"item__texts": {}, "item__headings": {}}, "item__headings", "item"),
    ],
)
def test_what_is_said_twice_is_refused(collection: str, payload: Any, name: str, field: str) -> None:
    with pytest.raises(CausewayError) as raised:
        told(payload, collection)
    assert raised.value.code == "INVALID_PAYLOAD"
    assert raised.value.extensions["reason"] == f'"{name}" says again what becomes of "{field}"'


def test_an_item_of_one_collection_is_of_no_other() -> None:
    with pytest.raises(CausewayError) as raised:
        told({"item__texts": {}, "collection": "headings"}, "blocks")
    assert raised.value.extensions["reason"] == '"collection" has to be "texts" for this item'


def test_names_of_the_database() -> None:
    articles = BLOG.collections["articles"]
    title = replace(articles.fields["title"], name="the title")
    tags = BLOG.collections["tags"]
    name = Field(collection="tags", name="tag name", type="string", column=tags.fields["name"].column)
    snapshot = replace(
        BLOG,
        collections={
            **BLOG.collections,
            "articles": replace(articles, fields={**articles.fields, "the title": title}),
            "tags": Collection(name="tags", fields={**tags.fields, "tag name": name}, primary_key=("id",)),
        },
    )
    payload = {"the_title": "A", "tags_changes": {"create": [{"tags_id": {"tag_name": "x"}}]}}
    assert rest_payload(payload, "articles", Names.of(snapshot), snapshot) == {
        "the title": "A",
        "tags": {"create": [{"tags_id": {"tag name": "x"}}]},
    }
