"""Requests that write: what reaches the engine, what is refused before, and what becomes of the answer."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Final

import pytest

from resolvers.context import PUBLIC
from resolvers.permissions import NOTHING, AccessRules, Action, Grant
from rest_bridge.entity_tags import headers_of
from rest_bridge.message import JSON_HEADERS, RestResponse
from schema_gen.errors import record_not_unique
from schema_gen.model import SchemaSnapshot
from tests.support.blog import blog_snapshot
from tests.support.rest import on_one_line, readable
from tests.support.writing import Writing


def _snapshot() -> SchemaSnapshot:
    """The blog with a singleton."""
    blog = blog_snapshot("sqlite")
    headings = replace(blog.collections["headings"], singleton=True)
    return replace(blog, collections={**blog.collections, "headings": headings})


BLOG: Final = _snapshot()
HIDDEN = 'You don\'t have permission to access collection "{}" or it does not exist. Queried in root.'


@pytest.fixture
def writing() -> Writing:
    return Writing(BLOG)


def rules_for(*actions: Action) -> AccessRules:
    every = (Grant(fields=None),)
    return replace(
        NOTHING, grants={(action, "articles"): every for action in actions}, fingerprint=repr(actions)
    )


def refusal(response: RestResponse) -> tuple[int, str, str]:
    (error,) = json.loads(response.body)["errors"]
    return response.status, error["extensions"]["code"], error["message"]


# --- what reaches the engine --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "target", "body", "root"),
    [
        ("POST", "/items/articles", {"title": "A"}, "create_articles_item(payload: $payload)"),
        ("POST", "/items/articles", [], "create_articles_items(payload: $payload)"),
        ("PATCH", "/items/articles", {"keys": [1], "data": {}},
         "update_articles_items(payload: $payload, ids: $ids)"),
        ("PATCH", "/items/articles", {"query": {}, "data": {}}, "update_articles_items(payload: $payload)"),
        ("PATCH", "/items/articles", [{"id": 1}], "update_articles_batch(payload: $payload)"),
        ("PATCH", "/items/articles/1", {}, "update_articles_item(id: $id, payload: $payload)"),
        ("PUT", "/items/articles/1", {}, "update_articles_item(id: $id, payload: $payload, upsert: true)"),
        ("DELETE", "/items/articles", [1], "delete_articles_items(ids: $ids)"),
        ("DELETE", "/items/articles", {"query": {}}, "delete_articles_items"),
        ("DELETE", "/items/articles/1", None, "delete_articles_item(id: $id)"),
        ("PATCH", "/items/headings", {"text": "x"}, "update_headings(payload: $payload)"),
        ("DELETE", "/items/headings/1", None, "delete_headings_item(id: $id)"),
        ("PATCH", "/items/lines", [{"order_id": 1, "number": 2}], "update_lines_batch(payload: $payload)"),
    ],
)  # fmt: skip
async def test_roots(writing: Writing, method: str, target: str, body: Any, root: str) -> None:
    assert (await writing.send(method, target, body)).status in (200, 204)
    (operation,) = writing.engine.operations
    assert f"data: {root} " in on_one_line(operation)
    assert operation.definition.operation.value == "mutation"


async def test_templates_are_made_once(writing: Writing) -> None:
    await writing.send("POST", "/items/articles?fields=id", {"title": "A"})
    first = writing.engine.operations[0]
    await writing.send("POST", "/items/articles?fields=id", {"title": "B"})
    second = writing.engine.operations[0]
    # another bridge: equal in shape, if not the same
    assert first.shape == second.shape
    await writing.send("POST", "/items/articles?fields=id&on_conflict=title", {"title": "B"})
    assert writing.engine.operations[0].shape != first.shape
    assert writing.engine.operations[0].variables["on_conflict"] == ("title",)


async def test_conditions_of_the_headers(writing: Writing) -> None:
    headers = {"prefer": "max-affected=3", "if-match": '"a"'}
    response = await writing.send("DELETE", "/items/articles/1", headers=headers)
    assert writing.engine.operations[0].variables == {"id": "1", "if_match": ("a",)}
    assert response.headers == ()
    response = await writing.send(
        "DELETE", "/items/articles", {"query": {}}, headers={"prefer": "max-affected=3"}
    )
    assert writing.engine.operations[0].variables == {"max_affected": 3}
    assert response.headers == (("preference-applied", "max-affected=3"),)


async def test_a_key_makes_a_request_repeatable(writing: Writing) -> None:
    headers = {"idempotency-key": "k"}
    await writing.send("POST", "/items/articles", {}, headers=headers)
    idempotency = writing.engine.contexts[0].idempotency
    assert idempotency is not None
    assert idempotency.key == "k"
    await writing.send("PATCH", "/items/articles/1", {}, headers=headers)
    assert writing.engine.contexts[0].idempotency is None


# --- what is refused before ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("PUT", "/items/articles"),
        ("POST", "/items/articles/1"),
        ("POST", "/items/headings"),
        ("DELETE", "/items/headings"),
        ("PATCH", "/items/headings/1"),
        ("PUT", "/items/headings/1"),
        ("TRACE", "/items/articles"),
        ("POST", "/activity"),
        ("PATCH", "/revisions/1"),
        ("PUT", "/files/1"),
        ("DELETE", "/activity/1"),
        ("POST", "/settings"),
        ("DELETE", "/settings"),
        ("PUT", "/users/1"),
        ("POST", "/permissions/me"),
        ("POST", "/extensions"),
    ],
)
async def test_no_such_route(writing: Writing, method: str, target: str) -> None:
    path = target.partition("?")[0]
    assert refusal(await writing.send(method, target, {})) == (
        404,
        "ROUTE_NOT_FOUND",
        f"Route {path} doesn't exist.",
    )
    assert not writing.engine.operations


@pytest.mark.parametrize("rules", [NOTHING, rules_for("read"), readable(articles=None)])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/items/{}", {}),
        ("PATCH", "/items/{}", {}),
        ("PATCH", "/items/{}", {"keys": ["x"], "data": {}}),
        ("PATCH", "/items/{}/1", {}),
        ("PUT", "/items/{}/1", {}),
        ("DELETE", "/items/{}", {}),
        ("DELETE", "/items/{}/1", None),
    ],
)
async def test_hidden_and_missing_collections_are_alike(
    writing: Writing, rules: AccessRules, method: str, path: str, body: Any
) -> None:
    """Whatever the body, and also for a singleton, whose routes are others."""
    writing.rules = rules
    for name in ("articles", "headings", "nope"):
        response = await writing.send(method, path.format(name), body)
        assert refusal(response) == (403, "FORBIDDEN", HIDDEN.format(name))
    assert refusal(await writing.send(method, path.format("directus_users"), body))[1] == "FORBIDDEN"


@pytest.mark.parametrize(
    ("method", "target", "headers", "status", "code"),
    [
        ("POST", "/items/articles?limit=abc", {}, 400, "INVALID_QUERY"),
        ("POST", "/items/articles?explain", {}, 400, "INVALID_QUERY"),
        ("PATCH", "/items/articles/1?version=draft", {}, 400, "INVALID_QUERY"),
        ("POST", "/items/articles?aggregate[count]=*", {}, 400, "INVALID_QUERY"),
        ("POST", "/items/articles", {"prefer": "handling=strict, x"}, 400, "INVALID_QUERY"),
        ("POST", "/items/articles", {"idempotency-key": ""}, 400, "INVALID_QUERY"),
        ("POST", "/items/articles", {"if-match": '"a"'}, 412, "PRECONDITION_FAILED"),
        ("PATCH", "/items/articles/1", {"if-match": "a"}, 400, "INVALID_QUERY"),
        ("DELETE", "/items/articles", {}, 400, "INVALID_PAYLOAD"),
        ("POST", "/items/articles", {"content-encoding": "br"}, 400, "INVALID_PAYLOAD"),
    ],
)
async def test_refused(
    writing: Writing, method: str, target: str, headers: dict[str, str], status: int, code: str
) -> None:
    response = await writing.send(method, target, {}, headers=headers)
    assert refusal(response)[:2] == (status, code)
    assert not writing.engine.operations


async def test_broken_json_is_told_first(writing: Writing) -> None:
    writing.rules = NOTHING
    assert refusal(await writing.send("POST", "/items/articles", b"{"))[1] == "INVALID_PAYLOAD"


async def test_the_public_has_no_row_of_its_own(writing: Writing) -> None:
    writing.actor, writing.rules = PUBLIC, NOTHING
    for method in ("PATCH", "DELETE"):
        assert refusal(await writing.send(method, "/users/me", {}))[:2] == (401, "INVALID_CREDENTIALS")


# --- the answer ---------------------------------------------------------------------------------------------


async def test_answers(writing: Writing) -> None:
    response = await writing.send("POST", "/items/articles", {})
    tagged = headers_of(writing.data, True)
    assert (response.status, response.headers, response.body) == (200, tagged, b'{"data":{"id":1}}')
    writing.data = b"[]"
    response = await writing.send("POST", "/items/articles", [])
    assert (response.headers, response.body) == (JSON_HEADERS, b'{"data":[]}')
    for nothing in (None, b"null"):
        writing.data = nothing
        response = await writing.send("PATCH", "/items/articles/99", {})
        assert (response.status, response.headers, response.body) == (204, (), b"")


@pytest.mark.parametrize(
    ("method", "target", "body", "data", "actions"),
    [
        ("DELETE", "/items/articles/1", None, b'{"id":"1"}', ("delete",)),
        ("DELETE", "/items/articles", [1], b'{"ids":["1"]}', ("delete",)),
        # whoever may not read is told nothing
        ("POST", "/items/articles", {}, b"true", ("create",)),
        ("PATCH", "/items/articles", {"keys": [1], "data": {}}, b"true", ("update",)),
        ("POST", "/items/articles?fields=nope", {}, b"1", ("create", "read")),
    ],
)
async def test_nothing_to_read_back(
    writing: Writing, method: str, target: str, body: Any, data: bytes, actions: tuple[Action, ...]
) -> None:
    writing.data, writing.rules = data, rules_for(*actions)
    response = await writing.send(method, target, body)
    assert (response.status, response.body) == (204, b"")


async def test_a_minimal_answer(writing: Writing) -> None:
    response = await writing.send("POST", "/items/articles", {}, headers={"prefer": "return=minimal"})
    assert (response.status, response.body) == (204, b"")
    assert response.headers == (("preference-applied", "return=minimal"),)
    response = await writing.send("POST", "/items/articles", {}, headers={"prefer": "return=representation"})
    assert (response.status, response.body) == (200, b'{"data":{"id":1}}')
    assert response.headers == (
        *headers_of(writing.data, True),
        ("preference-applied", "return=representation"),
    )


async def test_answers_are_exported(writing: Writing) -> None:
    response = await writing.send("POST", "/items/articles?export=csv", {})
    assert dict(response.headers)["content-type"].startswith("text/csv")
    assert response.body == b'"id"\n1'


async def test_refusals_of_the_engine(writing: Writing) -> None:
    writing.data, writing.error = None, record_not_unique("articles", "title", "A")
    response = await writing.send("POST", "/items/articles", {})
    assert refusal(response)[:2] == (400, "RECORD_NOT_UNIQUE")
