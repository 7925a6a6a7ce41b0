"""The key of a related item is read from the foreign key, where the database vouches that both are the same.

PostgreSQL does; SQLite checks foreign keys only for writers that ask for it, so there the item is looked up.
The answers are the same.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from resolvers.permissions import AccessRules
from tests.support.blog import Blog
from tests.support.rest import readable

ALL = readable(articles=None, authors=None, articles_tags=None, tags=None)
FILTER = '(filter: {author: {id: {_eq: "2"}}}, sort: ["-author.id"])'


def restricted(**conditions: dict[str, Any]) -> AccessRules:
    """`ALL` with an item rule on some collections."""
    grants = {
        (action, name): tuple(replace(grant, rule=conditions.get(name)) for grant in given)
        for (action, name), given in ALL.grants.items()
    }
    return replace(ALL, grants=grants, fingerprint=f"{ALL.fingerprint} {conditions}")


def joins(blog: Blog) -> int:
    """Joins of the last statement."""
    return blog.texts[-1].count("JOIN")


def vouches(blog: Blog) -> bool:
    return blog.engine.dialect.name == "postgresql"


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        (
            '{ articles(sort: ["id"]) { id author { id } } }',
            [
                {"id": "1", "author": {"id": "1"}},
                {"id": "2", "author": None},
                {"id": "3", "author": {"id": "2"}},
            ],
        ),
        (
            "{ articles(limit: 1) { author { __typename key: id } } }",
            [{"author": {"__typename": "authors", "key": "1"}}],
        ),
        (f"{{ articles{FILTER} {{ id }} }}", [{"id": "3"}]),
        (
            "{ articles(filter: {_or: [{author: {id: {_in: [2]}}}, {author: {id: {_null: true}}}]}) { id } }",
            [{"id": "2"}, {"id": "3"}],
        ),
        (
            '{ articles(filter: {tags: {tags_id: {id: {_eq: 2}}}}, sort: ["id"]) { id } }',
            [{"id": "1"}, {"id": "3"}],
        ),
    ],
)
async def test_only_the_key_is_asked(query: str, answer: Any, blog: Blog) -> None:
    for rules in (ALL, restricted(articles={"id": {"_nnull": True}})):
        assert (await blog.read(query, rules))["articles"] == answer
        assert not vouches(blog) or joins(blog) == 0


async def test_rest_gives_the_key_in_its_own_type(blog: Blog) -> None:
    found = await blog.read('{ articles(sort: ["id"]) { author { id } } }', wire="rest")
    assert found["articles"] == [{"author": {"id": 1}}, {"author": None}, {"author": {"id": 2}}]


async def test_more_than_the_key_is_joined(blog: Blog) -> None:
    found = await blog.read('{ articles(sort: ["id"]) { author { id name } } }', ALL)
    assert found["articles"][1:] == [{"author": None}, {"author": {"id": "2", "name": "Bob"}}]
    assert joins(blog) == 1


async def test_a_rule_on_the_related_items_hides_their_keys(blog: Blog) -> None:
    rules = restricted(authors={"name": {"_eq": "Ada"}})
    found = await blog.read('{ articles(sort: ["id"]) { author { id } } }', rules)
    assert [item["author"] for item in found["articles"]] == [{"id": "1"}, None, None]
    assert (await blog.read(f"{{ articles{FILTER} {{ id }} }}", rules))["articles"] == []
    assert joins(blog) >= 1


async def test_an_argument_on_the_related_item_is_asked_of_it(blog: Blog) -> None:
    query = '{ articles(sort: ["id"]) { author(filter: {name: {_eq: "Bob"}}) { id } } }'
    assert [item["author"] for item in (await blog.read(query, ALL))["articles"]] == [None, None, {"id": "2"}]


async def test_the_rule_of_a_field_holds_for_what_it_leads_to(blog: Blog) -> None:
    """`author` is granted for published articles, all else for every article."""
    (everything,) = ALL.grants["read", "articles"]
    plain = replace(everything, fields=frozenset({"id", "title"}))
    grants = (plain, replace(everything, rule={"id": {"_gt": 1}}))
    rules = replace(ALL, grants={**ALL.grants, ("read", "articles"): grants}, fingerprint="author by rule")
    found = await blog.read('{ articles(sort: ["id"]) { id author { id } } }', rules)
    assert [item["author"] for item in found["articles"]] == [None, None, {"id": "2"}]
    seen = await blog.read("{ articles(filter: {author: {id: {_nnull: true}}}) { id } }", rules)
    assert seen["articles"] == [{"id": "3"}]
