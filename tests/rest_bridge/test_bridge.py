"""The bridge over the engine and a real database: replies, and what they cost."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from resolvers.context import PUBLIC, Actor, RequestContext
from resolvers.permissions import NOTHING, UNRESTRICTED, AccessRules
from rest_bridge import bridge as bridge_module
from rest_bridge.bridge import Bridge, BridgeLimits
from rest_bridge.message import RestRequest, RestResponse
from rest_bridge.operations import build_template
from tests.support.blog import NOW, Blog
from tests.support.rest import encoded, readable

ADMIN = Actor(kind="user", user="00000000-0000-4000-8000-000000000001", admin=True, app=True)
USER = Actor(kind="user", user="00000000-0000-4000-8000-000000000002")


@dataclass
class Asking:
    """Requests as one caller."""

    blog: Blog
    rules: AccessRules = UNRESTRICTED
    actor: Actor = ADMIN
    bridge: Bridge = field(init=False)

    def __post_init__(self) -> None:
        self.bridge = Bridge(self.blog.engine, self.blog.engine.holder)

    async def respond(
        self, path: str, method: str = "GET", body: Any = None, bridge: Bridge | None = None
    ) -> RestResponse:
        place, _, query = path.partition("?")
        payload = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        request = RestRequest(method=method, path=place, query_string=encoded(query), body=payload)
        context = RequestContext(actor=self.actor, rules=self.rules, now=NOW)
        return await (bridge or self.bridge).handle(request, context)

    async def data(self, path: str, method: str = "GET", body: Any = None) -> Any:
        response = await self.respond(path, method, body)
        assert response.status == 200, response.body
        return json.loads(response.body)["data"]

    async def refusal(self, path: str, method: str = "GET", body: Any = None) -> tuple[int, str, str]:
        response = await self.respond(path, method, body)
        (error,) = json.loads(response.body)["errors"]
        assert list(error) == ["message", "extensions"]
        assert list(error["extensions"])[-1] == "code"
        return response.status, error["extensions"]["code"], error["message"]


@pytest.fixture
def ask(blog: Blog) -> Asking:
    return Asking(blog)


MISSING = (403, "FORBIDDEN", "You don't have permission to access this.")


async def test_lists_and_items(ask: Asking) -> None:
    assert await ask.data("/items/articles?fields=id,author,tags&sort=id") == [
        {"id": 1, "author": 1, "tags": [1, 2]},
        {"id": 2, "author": None, "tags": []},
        {"id": 3, "author": 2, "tags": [3]},
    ]
    assert await ask.data("/items/articles/1?fields=title,author.name") == {
        "title": "Alpha",
        "author": {"name": "Ada"},
    }
    assert await ask.data("/items/articles?fields=title.nope") == [1, 2, 3]
    assert await ask.data("/items/articles/3?fields=title.nope") == 3
    assert await ask.data("/items/lines/1,2?fields=label") == {"label": "two"}


async def test_meta_stands_before_the_data(ask: Asking, blog: Blog) -> None:
    path = "/items/articles?fields=id&limit=1&filter[status]=published"
    response = await ask.respond(f"{path}&meta=*")
    assert response.body == b'{"meta":{"total_count":3,"filter_count":2},"data":[{"id":1}]}'
    response = await ask.respond(f"{path}&meta=filter_count,total_count")
    assert response.body == b'{"meta":{"filter_count":2,"total_count":3},"data":[{"id":1}]}'
    assert len(blog.texts) == 2


@pytest.mark.parametrize("key", ["99", "abc", "1.5", "1 or 1=1", "99999999999999999999", "%00"])
async def test_keys_that_no_item_has(ask: Asking, key: str) -> None:
    assert await ask.refusal(f"/items/articles/{key}") == MISSING


async def test_unknown_and_hidden_collections(ask: Asking) -> None:
    told = 'You don\'t have permission to access collection "{}" or it does not exist. Queried in root.'
    ask.rules = readable(articles=None)
    for path in ("/items/{}", "/items/{}/1", "/items/{}?aggregate[count]=*", "/items/{}?fields=*.*"):
        for name in ("authors", "nope"):
            assert await ask.refusal(path.format(name)) == (403, "FORBIDDEN", told.format(name))


async def test_one_mistake_is_told_once(ask: Asking) -> None:
    status, code, message = await ask.refusal("/items/articles?filter[nope]=1&meta=*")
    assert (status, code) == (403, "FORBIDDEN")
    assert 'field "nope"' in message
    status, code, message = await ask.refusal("/items/articles?filter[views]=abc&meta=*")
    assert (status, code) == (400, "INVALID_QUERY")


async def test_aggregates(ask: Asking) -> None:
    assert await ask.data("/items/articles?aggregate[count]=*") == [{"count": 3}]
    assert await ask.data("/items/articles?aggregate[count]=views&aggregate[max]=views") == [
        {"count": {"views": 2}, "max": {"views": 30}}
    ]
    assert await ask.data("/items/articles?aggregate[count]=*&groupBy=status&sort=-count") == [
        {"status": "published", "count": 2},
        {"status": "draft", "count": 1},
    ]


async def test_aggregates_of_related_items(ask: Asking, blog: Blog) -> None:
    assert await ask.data(
        "/items/articles?fields=id,tags&deep[tags][_aggregate][count]=*&deep[tags][_aggregate][max]=tags_id"
    ) == [
        {"id": 1, "tags": [{"count": 2, "max": {"tags_id": 2}}]},
        {"id": 2, "tags": [{"count": 0, "max": {"tags_id": None}}]},
        {"id": 3, "tags": [{"count": 1, "max": {"tags_id": 2}}]},
    ]
    assert await ask.data(
        "/items/authors?fields=name,articles&deep[articles][_group]=status&deep[articles][_aggregate][count]=id"
    ) == [
        {"name": "Ada", "articles": [{"status": "published", "count": {"id": 1}}]},
        {"name": "Bob", "articles": [{"status": "published", "count": {"id": 1}}]},
    ]
    assert len(blog.texts) == 2
    ask.rules = readable(authors=None, articles="id")
    status, code, _ = await ask.refusal(
        "/items/authors?fields=articles&deep[articles][_aggregate][max]=views"
    )
    assert (status, code) == (403, "FORBIDDEN")
    ask.rules = readable(authors=None)
    listed = "deep[articles][_aggregate][count]=*"
    status, code, _ = await ask.refusal(f"/items/authors?fields=id,articles&{listed}")
    assert (status, code) == (403, "FORBIDDEN")
    ask.rules = readable(authors="id,articles")
    assert await ask.data(f"/items/authors?fields=id,articles&{listed}") == [{"id": 1}, {"id": 2}]


async def test_many_to_any(ask: Asking) -> None:
    assert await ask.data("/items/articles/1?fields=blocks.item.*") == {
        "blocks": [{"item": {"id": 1, "text": "H1"}}, {"item": {"id": 1, "body": "T1"}}, {"item": None}]
    }
    assert await ask.data("/items/articles/1?fields=blocks.item:texts.body") == {
        "blocks": [{"item": 1}, {"item": {"body": "T1"}}, {"item": None}]
    }
    filtered = "/items/articles/1?fields=blocks.item.id&deep[blocks][item:texts][_filter][body]="
    assert await ask.data(f"{filtered}T1") == {
        "blocks": [{"item": {"id": 1}}, {"item": {"id": 1}}, {"item": None}]
    }
    assert await ask.data(f"{filtered}x") == {"blocks": [{"item": {"id": 1}}, {"item": None}, {"item": None}]}


# --- SEARCH -------------------------------------------------------------------------------------------------


async def test_search(ask: Asking) -> None:
    async def found(body: Any, path: str = "/items/articles") -> Any:
        return await ask.data(path, "SEARCH", body)

    query = {"fields": ["id"], "sort": "-id", "filter": {"id": {"_lt": 3}}}
    assert await found({"query": query}) == [{"id": 2}, {"id": 1}]
    # the body takes the place of the query string
    assert await found({"query": {"fields": "id"}}, "/items/articles?limit=1") == [
        {"id": 1},
        {"id": 2},
        {"id": 3},
    ]
    assert await found({"query": {"fields": ["id"]}, "keys": [3, "1", 99]}) == [{"id": 1}, {"id": 3}]
    assert await found({"query": {**query, "filter": {"id": 2}}, "keys": [1, 2]}) == [{"id": 2}]
    assert await found({"keys": []}) == []
    assert len(await found({})) == len(await found(b"")) == 3
    lines = {"query": {"fields": ["label"]}, "keys": ["1,2", "2,1"]}
    assert await found(lines, "/items/lines") == [{"label": "two"}, {"label": "three"}]
    assert await found({**lines, "keys": []}, "/items/lines") == []


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (
            b"{",
            "INVALID_PAYLOAD",
            "Invalid payload. Expected property name or '}' in JSON at position 1 (line 1 column 2).",
        ),
        ([], "INVALID_PAYLOAD", 'Invalid payload. "value" must be of type object.'),
        ({"foo": 1}, "INVALID_PAYLOAD", 'Invalid payload. "foo" is not allowed.'),
        ({"query": None}, "INVALID_PAYLOAD", 'Invalid payload. "query" must be of type object.'),
        ({"query": []}, "INVALID_PAYLOAD", 'Invalid payload. "query" must be of type object.'),
        ({"keys": "x"}, "INVALID_PAYLOAD", 'Invalid payload. "keys" must be an array.'),
        ({"keys": [None]}, "INVALID_PAYLOAD", 'Invalid payload. "keys[0]" must be one of [string, number].'),
        ({"keys": ["x"]}, "FORBIDDEN", "You don't have permission to access this."),
        ({"query": {"limit": 1.5}}, "INVALID_QUERY", 'Invalid query. "limit" must be an integer.'),
        ({"query": {"fields": [1]}}, "INVALID_QUERY", 'Invalid query. "fields" must be a string or array.'),
        ({"query": {"sort": 5}}, "INVALID_QUERY", 'Invalid query. "sort" must be a string or array.'),
    ],
)
async def test_search_bodies_that_are_refused(ask: Asking, body: Any, code: str, message: str) -> None:
    assert (await ask.refusal("/items/articles", "SEARCH", body))[1:] == (code, message)


# --- methods ------------------------------------------------------------------------------------------------


async def test_methods(ask: Asking) -> None:
    got = await ask.respond("/items/articles/1?fields=id")
    assert await ask.respond("/items/articles/1?fields=id", "HEAD") == got
    options = await ask.respond("/items/articles", "OPTIONS")
    assert (options.status, options.body) == (200, b"POST,SEARCH,GET,HEAD,PATCH,DELETE")
    assert dict(options.headers)["allow"] == "POST,SEARCH,GET,HEAD,PATCH,DELETE"
    for method, path in (
        *(("POST", "/items/articles/1"), ("PATCH", "/activity/1"), ("DELETE", "/revisions")),
        *(("PUT", "/items/articles"), ("TRACE", "/items/articles"), ("SEARCH", "/items/articles/1")),
        *(("SEARCH", "/settings"), ("SEARCH", "/users/me"), ("SEARCH", "/permissions/me"), ("GET", "/nope")),
    ):
        status, code, message = await ask.refusal(path, method)
        assert (status, code, message) == (404, "ROUTE_NOT_FOUND", f"Route {path} doesn't exist.")


async def test_mistakes_in_the_query_are_told_before_the_collection_is(ask: Asking) -> None:
    assert (await ask.refusal("/items/nope?limit=abc"))[1] == "INVALID_QUERY"


# --- versions, explain, export ------------------------------------------------------------------------------


async def test_no_item_has_versions(ask: Asking) -> None:
    assert await ask.data("/items/articles?version=draft") == []
    assert await ask.refusal("/items/articles/1?version=draft") == MISSING
    assert await ask.data("/items/articles/1?fields=id&version=main") == {"id": 1}
    assert await ask.data("/items/articles/1?fields=id&version=published") == {"id": 1}


async def test_explain(ask: Asking, blog: Blog) -> None:
    found = await ask.data("/items/articles?explain&fields=id&filter[status]=draft")
    assert "data: articles(filter: $filter)" in found["operation"]
    assert "articles" in found["sql"]
    assert "draft" not in found["sql"]
    assert found["plan"]
    assert blog.texts == []
    ask.actor = USER
    ask.rules = readable(articles=None)
    assert await ask.refusal("/items/articles?explain") == MISSING


async def test_export(ask: Asking) -> None:
    response = await ask.respond("/items/articles?export=csv&fields=id,author.name&meta=*")
    assert response.body == b'"id","author.name","author"\n1,"Ada",\n2,,\n3,"Bob",'
    assert response.headers == (
        ("content-type", "text/csv; charset=utf-8"),
        ("content-disposition", 'attachment; filename="articles 20240615-120000.csv"'),
    )
    assert (await ask.respond("/items/articles/1?export=yaml&fields=id")).body == b"id: 1\n"
    assert (await ask.refusal("/items/articles?export=csv&fields=nope"))[0] == 403


# --- what it costs ------------------------------------------------------------------------------------------


async def test_a_request_is_one_statement(ask: Asking, blog: Blog) -> None:
    await ask.data(
        "/items/articles?fields=*,author.*,tags.tags_id.name,blocks.item.*&meta=*&sort=author.name"
    )
    assert len(blog.texts) == 1


async def test_a_known_shape_is_not_built_again(ask: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[str] = []

    def counting(*arguments: Any) -> Any:
        built.append(arguments[1].name)
        return build_template(*arguments)

    monkeypatch.setattr(bridge_module, "build_template", counting)
    for path in (
        "/items/articles?fields=id&filter[id]=1",
        "/items/articles?fields=id&filter[id]=1",
        "/items/articles?fields=id&filter[id]=2",
        "/items/articles?filter[title][_contains]=x&fields[]=id",
    ):
        await ask.data(path)
    assert built == ["articles"]
    await ask.data("/items/articles?fields=id&filter[id]=1&limit=1")
    await ask.data("/items/articles/1?fields=id")
    await ask.data("/items/articles/2?fields=id")
    assert len(built) == 3
    # other rules, another operation: wildcards differ
    ask.rules = readable(articles="id")
    await ask.data("/items/articles?fields=id&filter[id]=1")
    assert len(built) == 4


async def test_row_json_is_not_parsed(ask: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    response = await ask.respond("/items/articles?meta=*&sort=-id")

    def refuse(*arguments: Any, **named: Any) -> Any:
        raise AssertionError("JSON was parsed")

    with monkeypatch.context() as patched:
        patched.setattr(json, "loads", refuse)
        patched.setattr(json.JSONDecoder, "decode", refuse)
        again = await ask.respond("/items/articles?meta=*&sort=-id")
    assert again == response


async def test_what_is_kept_is_bounded(ask: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge_module, "_QUERIES_KEPT", 3)
    monkeypatch.setattr(bridge_module, "_TEMPLATES_KEPT", 2)
    small = Bridge(ask.blog.engine, ask.blog.engine.holder)
    for number in range(6):
        await ask.respond(f"/items/articles?limit={number}", bridge=small)
    assert (len(small._queries), len(small._templates)) == (3, 2)
    await ask.respond(f"/items/articles?search={'x' * 3000}", bridge=small)
    await ask.respond("/items/articles?access_token=secret", bridge=small)
    assert all(b"secret" not in raw and len(raw) < 3000 for raw in small._queries._entries)


async def test_parse_limits_are_settings(ask: Asking) -> None:
    strict = Bridge(ask.blog.engine, ask.blog.engine.holder, BridgeLimits(parse_depth=2, array_limit=1))
    response = await ask.respond("/items/articles?filter[author][name][_eq]=x", bridge=strict)
    assert b"Max relational depth exceeded" in response.body
    response = await ask.respond("/items/articles?fields[2]=id", bridge=strict)
    assert b"must be a string or array" in response.body


# --- nobody -------------------------------------------------------------------------------------------------


async def test_the_public_has_no_own_row(ask: Asking) -> None:
    ask.actor, ask.rules = PUBLIC, NOTHING
    assert await ask.refusal("/permissions/me") == MISSING
    assert await ask.refusal("/permissions/me/articles/1") == MISSING
    assert await ask.data("/policies/me/globals") == {"app_access": False}
