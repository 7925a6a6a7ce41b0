"""Writing through the GraphQL door, on both databases: inputs, changes, transactions, narrow rights."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from resolvers.context import RequestContext
from resolvers.permissions import AccessRules, Grant
from schema_gen.errors import CausewayError
from tests.conftest import MakeDatabase
from tests.support.project import Site, running
from tests.support.writers import CONTEXT, rows, seed_writers

#: everything of a post that a test may look at
POST = """title author { name } notes(sort: ["id"]) { body } tags(sort: ["id"]) { tag { name } }
  blocks(sort: ["id"]) { collection item { ... on texts { body } ... on tags { name } } }"""


@pytest.fixture
async def site(make_database: MakeDatabase) -> AsyncIterator[Site]:
    async with running(await make_database(seed_writers)) as running_site:
        await said(
            running_site, 'mutation { create_tags_items(data: [{name: "red"}, {name: "green"}]) { id } }'
        )
        yield running_site


async def told(
    site: Site, text: str, context: RequestContext = CONTEXT, **variables: Any
) -> tuple[dict[str, Any], dict[str, str]]:
    """Answers, and the reasons of refusals, by root."""
    service = site.project.graphql
    prepared = await service.prepare(text, None, "items", context)
    outcome = await service.run(prepared, variables, context)
    answers = {root.key: None if root.data is None else json.loads(root.data) for root in outcome.roots}
    return answers, {key: str(error) for key, error in outcome.errors}


async def said(site: Site, text: str, context: RequestContext = CONTEXT, **variables: Any) -> dict[str, Any]:
    answers, refusals = await told(site, text, context, **variables)
    assert refusals == {}
    return answers


async def post(site: Site, **data: Any) -> Any:
    text = f"mutation ($data: create_posts_input!) {{ post: create_posts_item(data: $data) {{ id {POST} }} }}"
    return (await said(site, text, data=data))["post"]


async def changed(site: Site, key: str, **data: Any) -> Any:
    text = (
        "mutation ($id: ID!, $data: update_posts_input!) "
        f"{{ post: update_posts_item(id: $id, data: $data) {{ {POST} }} }}"
    )
    return (await said(site, text, id=key, data=data))["post"]


async def test_everything_that_an_input_can_say(site: Site) -> None:
    made = await post(
        site,
        title="A",
        author_changes={"create": {"name": "Ada"}},
        notes=[{"body": "one"}, {"body": "two"}],
        tags_changes={"connect": ["2"], "create": [{"tag": {"name": "blue"}}]},
        blocks=[
            {"item__texts": {"body": "text"}},
            {"item": "1", "collection": "tags"},
            {"item__tags": {"id": "2"}},
        ],
    )
    assert made.pop("id")
    assert sorted(made.pop("tags"), key=str) == [{"tag": {"name": "blue"}}, {"tag": {"name": "green"}}]
    assert made == {
        "title": "A",
        "author": {"name": "Ada"},
        "notes": [{"body": "one"}, {"body": "two"}],
        "blocks": [
            {"collection": "texts", "item": {"body": "text"}},
            {"collection": "tags", "item": {"name": "red"}},
            {"collection": "tags", "item": {"name": "green"}},
        ],
    }


async def test_changes_step_by_step(site: Site) -> None:
    made = await post(
        site, notes=[{"body": "one"}, {"body": "two"}], tags_changes={"connect": ["1"]},
        author={"name": "Ada"}, blocks=[{"item": "1", "collection": "tags"}],
    )  # fmt: skip
    key = made["id"]
    notes = [str(found) for (found,) in await rows(site, "select id from notes order by id")]
    ((ada,),) = await rows(site, "select id from authors")
    after = await changed(
        site, key,
        author_changes={"update": {"id": str(ada), "name": "Ada Lovelace"}},
        notes_changes={"update": [{"id": notes[0], "body": "ONE"}], "delete": [notes[1]],
                       "create": [{"body": "three"}]},
        tags_changes={"disconnect": ["1"], "connect": ["2"]},
        blocks_changes={"set": [{"collection": "tags", "item": "2"}]},
    )  # fmt: skip
    assert after == {
        "title": None,
        "author": {"name": "Ada Lovelace"},
        "notes": [{"body": "ONE"}, {"body": "three"}],
        "tags": [{"tag": {"name": "green"}}],
        "blocks": [{"collection": "tags", "item": {"name": "green"}}],
    }
    assert (await changed(site, key, author_changes={"disconnect": True}))["author"] is None
    assert await rows(site, "select count(*) from authors") == [(1,)]


@pytest.mark.parametrize("nothing", [None, {}, {"create": None}])
async def test_changes_of_nothing_leave_all_as_it_is(site: Site, nothing: Any) -> None:
    made = await post(site, author={"name": "Ada"}, notes=[{"body": "one"}])
    after = await changed(site, made["id"], author_changes=nothing, notes_changes=nothing)
    assert after == {name: value for name, value in made.items() if name != "id"}
    assert await rows(site, "select count(*) from authors") == [(1,)]


async def test_one_value_stands_for_a_list_of_it(site: Site) -> None:
    made = await post(site, notes={"body": "one"}, tags_changes={"connect": "2"})
    assert made["notes"] == [{"body": "one"}]
    assert made["tags"] == [{"tag": {"name": "green"}}]
    text = 'mutation { a: create_posts_items(data: {notes: {body: "two"}}) { notes { body } } }'
    assert await said(site, text) == {"a": [{"notes": [{"body": "two"}]}]}
    await said(site, "mutation { create_tags_items(data: {id: 12}) { id } }")
    assert await said(site, 'mutation { a: delete_tags_items(ids: "12") { ids } }') == {"a": {"ids": ["12"]}}
    assert await rows(site, "select count(*) from tags") == [(2,)]


async def test_what_is_said_twice_is_refused(site: Site) -> None:
    answers, refusals = await told(
        site, "mutation { a: create_posts_item(data: {notes: [], notes_changes: {delete: [1]}}) { id } }"
    )
    assert answers == {"a": None}
    assert refusals == {"a": 'Invalid payload. "notes_changes" says again what becomes of "notes".'}
    assert await rows(site, "select count(*) from posts") == [(0,)]


TWO = """{
  first: create_tags_item(data: {name: "blue"}) { name }
  second: create_tags_item(data: {id: 1, name: "again"}) { name }
}"""


@pytest.mark.parametrize(
    ("directive", "names"), [("", ["red", "green", "blue"]), ("@transaction", ["red", "green"])]
)
async def test_roots_are_done_alone_or_together(site: Site, directive: str, names: list[str]) -> None:
    answers, refusals = await told(site, f"mutation {directive} {TWO}")
    assert list(refusals) == ["second"]
    assert answers == {"first": None if directive else {"name": "blue"}, "second": None}
    assert await rows(site, "select name from tags order by id") == [(name,) for name in names]


async def test_lists_are_shaped_by_their_arguments(site: Site) -> None:
    answers = await said(
        site,
        """mutation {
          a: update_tags_items(ids: [1, 2], data: {name: "x"}, sort: ["-id"], limit: 1) { id name }
          b: update_tags_batch(data: [{id: 1, name: "one"}, {id: 2, name: "two"}], sort: ["id"]) { name }
          c: create_tags_items(
            data: [{id: 2, name: "TWO"}, {name: "new"}], on_conflict: ["id"], sort: ["name"]
          )
            { name }
          d: delete_tags_items(ids: [1, 2]) { ids }
        }""",
    )
    assert answers == {
        "a": [{"id": "2", "name": "x"}],
        "b": [{"name": "one"}, {"name": "two"}],
        "c": [{"name": "TWO"}, {"name": "new"}],
        "d": {"ids": ["1", "2"]},
    }


def with_grants(**grants: Any) -> RequestContext:
    """May create tags, update titles of posts and nothing else; see nothing."""
    rules = AccessRules(
        fingerprint="narrow",
        grants={
            ("create", "tags"): (Grant(fields=None),),
            ("update", "posts"): (Grant(fields=frozenset({"title"})),),
        },
    )
    return replace(CONTEXT, actor=replace(CONTEXT.actor, admin=False), rules=rules, **grants)


async def test_who_may_not_read_is_told_that_it_is_done(site: Site) -> None:
    key = (await post(site, title="A"))["id"]
    text = """mutation ($id: ID!) {
      a: create_tags_item(data: {name: "x"}) b: update_posts_item(id: $id, data: {title: "B"})
    }"""
    assert await said(site, text, with_grants(), id=key) == {"a": True, "b": True}
    assert await rows(site, "select title from posts") == [("B",)]


@pytest.mark.parametrize(
    "root",
    [
        'update_posts_item(id: 1, data: {status: "x"})',
        "update_posts_item(id: 1, data: {author_changes: {connect: 1}})",
        'create_posts_item(data: {title: "x"})',
        "delete_tags_item(id: 1) { id }",
    ],
)
async def test_what_is_not_granted_is_not_there(site: Site, root: str) -> None:
    with pytest.raises(CausewayError) as raised:
        await told(site, f"mutation {{ {root} }}", with_grants())
    assert raised.value.code == "GRAPHQL_VALIDATION"
