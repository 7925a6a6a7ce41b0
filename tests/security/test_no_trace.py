"""Class 2: a refused request leaves no trace, whatever it was refused for and wherever in it.

Each row is a request that must be refused with its code; afterwards every table is what it was, and nobody
has heard of a change. The last of a batch, the deepest of nested items and the last root of a transaction are
the wrong ones, so that much had been done by then.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

import pytest

from resolvers.events import Event, Events
from tests.conftest import MakeDatabase
from tests.support import project
from tests.support.asgi import Answer
from tests.support.dump import dump
from tests.support.press import ADA, EVE, NOBODY, graphql, press
from tests.support.project import ADMIN_TOKEN, Site, change, code

LONG: Final = "x" * 41
_FINE: Final = {"title": "fine", "author": {"name": "new"}, "comments": [{"body": "new"}]}
_KEY: Final = {"idempotency-key": "taken"}

#: (code, method, target, body, headers), as administrator
BY_ADMIN: Final[tuple[tuple[Any, ...], ...]] = (
    # bodies that cannot be read
    ("INVALID_PAYLOAD", "POST", "/items/articles", b'{"title": "x"'),
    ("INVALID_PAYLOAD", "POST", "/items/articles", b'{"title": "x", "title": "y"}'),
    ("INVALID_PAYLOAD", "POST", "/items/articles", b"\xff"),
    ("INVALID_PAYLOAD", "POST", "/items/articles", 5),
    ("INVALID_PAYLOAD", "POST", "/items/articles", [_FINE, 5]),
    ("INVALID_PAYLOAD", "POST", "/items/articles", [_FINE] * 3),
    ("INVALID_PAYLOAD", "POST", "/items/articles", b"[" * 3000),
    ("INVALID_PAYLOAD", "POST", "/items/articles", {"title": "x", "comments": [{"body": "x"}] * 7}),
    ("CONTENT_TOO_LARGE", "POST", "/items/articles", {"title": "x" * 5000}),
    ("INVALID_PAYLOAD", "PATCH", "/items/articles/1", [{"title": "x"}]),
    ("INVALID_PAYLOAD", "PATCH", "/items/articles", [{"id": 1, "title": "x"}, {"title": "y"}]),
    ("INVALID_PAYLOAD", "PATCH", "/items/articles", {"keys": [1], "query": {}, "data": {}}),
    ("INVALID_PAYLOAD", "DELETE", "/items/articles", {"keys": "1"}),
    ("INVALID_QUERY", "PATCH", "/items/articles/1?version=draft", {"title": "x"}),
    ("ROUTE_NOT_FOUND", "POST", "/items/home", {"title": "x"}),
    ("ROUTE_NOT_FOUND", "POST", "/activity", {"action": "x"}),
    # values
    ("FAILED_VALIDATION", "POST", "/items/articles", [_FINE, {}]),
    ("FAILED_VALIDATION", "POST", "/items/articles", [_FINE, {"title": None}]),
    ("FAILED_VALIDATION", "POST", "/items/articles", {**_FINE, "comments": [{"body": "x"}, {"body": None}]}),
    ("FAILED_VALIDATION", "PATCH", "/items/articles", [{"id": 1, "title": "x"}, {"id": 2, "title": None}]),
    ("VALUE_TOO_LONG", "POST", "/items/articles", [_FINE, {"title": LONG}]),
    ("VALUE_TOO_LONG", "POST", "/items/articles", {**_FINE, "comments": [{"body": LONG}]}),
    ("VALUE_TOO_LONG", "POST", "/items/comments",
     {"body": "x", "article": {"title": "x", "author": {"name": LONG}}}),
    ("VALUE_TOO_LONG", "PATCH", "/items/articles/1", {"tags": [{"tag": {"name": LONG}}]}),
    ("VALUE_TOO_LONG", "PATCH", "/items/articles/1",
     {"blocks": [{"collection": "headings", "item": {"text": LONG}}]}),
    ("VALUE_OUT_OF_RANGE", "POST", "/items/articles", [_FINE, {"title": "x", "rank": 2**40}]),
    ("INVALID_PAYLOAD", "POST", "/items/articles", [_FINE, {"title": "x", "rank": "many"}]),
    ("INVALID_PAYLOAD", "POST", "/items/articles", {**_FINE, "rank": [1]}),
    ("INVALID_PAYLOAD", "POST", "/items/articles", {**_FINE, "title": "nul \x00"}),
    ("INVALID_PAYLOAD", "PATCH", "/items/articles/1", {"title": "x", "comments": {"create": [5]}}),
    ("INVALID_PAYLOAD", "PATCH", "/items/articles/1", {"title": "x", "comments": {"nonsense": []}}),
    ("INVALID_PAYLOAD", "PATCH", "/items/articles/1", {"blocks": [{"item": {"text": "x"}}]}),
    ("INVALID_PAYLOAD", "PATCH", "/items/articles/1", {"author": {"create": {"name": "x"}, "connect": 1}}),
    # uniqueness, after other rows of the same request
    ("RECORD_NOT_UNIQUE", "POST", "/items/articles", [_FINE, {"title": "x", "code": "c1"}]),
    ("RECORD_NOT_UNIQUE", "POST", "/items/articles", [{"title": "x", "code": "n"}] * 2),
    ("RECORD_NOT_UNIQUE", "POST", "/items/articles", {"id": 1, **_FINE}),
    ("RECORD_NOT_UNIQUE", "PATCH", "/items/articles/1", {**_FINE, "code": "c2"}),
    ("RECORD_NOT_UNIQUE", "PATCH", "/items/articles", [{"id": 1, "code": "n"}, {"id": 2, "code": "n"}]),
    ("RECORD_NOT_UNIQUE", "PATCH", "/items/articles", {"keys": [1, 2], "data": {"code": "n"}}),
    ("RECORD_NOT_UNIQUE", "PATCH", "/items/articles/1", {"title": "x", "tags": [{"tag": {"name": "red"}}]}),
    ("RECORD_NOT_UNIQUE", "POST", "/items/comments",
     {"body": "x", "article": {"title": "x", "author": {"name": "x", "email": "eve@x"}}}),
    ("RECORD_NOT_UNIQUE", "POST", "/items/authors",
     {"name": "x", "articles": [{"title": "x", "tags": [{"tag": {"name": "n"}}, {"tag": {"name": "n"}}]}]}),
    ("RECORD_NOT_UNIQUE", "POST", "/items/articles?on_conflict=code",
     [{"code": "c1", "title": "x"}, {"id": 2, "code": "new", "title": "x"}]),
    ("RECORD_NOT_UNIQUE", "PUT", "/items/articles/2", {**_FINE, "code": "c1"}),
    ("RECORD_NOT_UNIQUE", "POST", "/users", [{"email": "n@x.org", "token": "n"}, {"token": ADMIN_TOKEN}]),
    ("RECORD_NOT_UNIQUE", "POST", "/roles", {"name": "x", "users": [{"token": "a"}, {"token": "a"}]}),
    # links to nothing
    ("INVALID_FOREIGN_KEY", "POST", "/items/articles", [_FINE, {"title": "x", "author": NOBODY}]),
    ("INVALID_FOREIGN_KEY", "PATCH", "/items/articles/1", {"title": "x", "author": NOBODY}),
    ("INVALID_FOREIGN_KEY", "PATCH", "/items/articles/1", {"tags": [{"tag": 1}, {"tag": NOBODY}]}),
    ("INVALID_FOREIGN_KEY", "PATCH", "/items/articles/1", {"title": "x", "tags": {"connect": [2, NOBODY]}}),
    ("INVALID_FOREIGN_KEY", "POST", "/items/authors",
     {"name": "x", "articles": [{"title": "x", "comments": [{"body": "x"}], "tags": [{"tag": NOBODY}]}]}),
    ("INVALID_FOREIGN_KEY", "DELETE", "/items/articles", [3, 1]),
    ("INVALID_FOREIGN_KEY", "DELETE", "/items/authors/1", None),
    ("INVALID_FOREIGN_KEY", "DELETE", "/items/tags", {"query": {}}),
    ("INVALID_FOREIGN_KEY", "POST", "/permissions",
     {"policy": "6f0e2c1a-0000-4000-8000-000000000000", "collection": "articles", "action": "read"}),
    ("FORBIDDEN", "PATCH", "/items/articles/1", {"title": "x", "comments": [1, NOBODY]}),
    ("FORBIDDEN", "PATCH", "/items/articles/1", {"title": "x", "comments": {"connect": [NOBODY]}}),
    ("FORBIDDEN", "PATCH", "/items/articles/1",
     {"title": "x", "author": {"update": {"id": NOBODY, "name": "x"}}}),
    ("FORBIDDEN", "DELETE", "/items/articles", [3, "abc"]),
    # conditions
    ("PRECONDITION_FAILED", "PATCH", "/items/articles/1", _FINE, {"if-match": '"seen-long-ago"'}),
    ("PRECONDITION_FAILED", "PUT", f"/items/articles/{NOBODY}", _FINE, {"if-match": "*"}),
    ("PRECONDITION_FAILED", "DELETE", "/items/articles/3", None, {"if-match": '"seen-long-ago"'}),
    ("PRECONDITION_FAILED", "PATCH", "/items/home", {"title": "x"}, {"if-match": "*"}),
    ("INVALID_PAYLOAD", "PATCH", "/items/articles",
     {"query": {}, "data": _FINE}, {"prefer": "max-affected=2"}),
    ("INVALID_PAYLOAD", "DELETE", "/items/comments", {"query": {}}, {"prefer": "max-affected=2"}),
    ("INVALID_QUERY", "PATCH", "/items/articles", {"query": {}, "data": {}}, {"prefer": "max-affected=few"}),
    ("UNPROCESSABLE_CONTENT", "POST", "/items/articles", _FINE, _KEY),
    ("RECORD_NOT_UNIQUE", "POST", "/items/articles", {**_FINE, "code": "c1"}, {"idempotency-key": "new"}),
    ("INVALID_PAYLOAD", "POST", "/items/articles?on_conflict=title", _FINE),
    # people
    ("INVALID_PAYLOAD", "PATCH", "/users/me", {"first_name": "x", "tfa_secret": "x"}),
    ("FORBIDDEN", "POST", "/items/directus_users", {"email": "n@x.org"}),
)  # fmt: skip

#: (method, target, body), as Ada, all of them FORBIDDEN
BY_ADA: Final[tuple[tuple[Any, ...], ...]] = (
    ("POST", "/items/articles", [{"title": "x"}, {"title": "x", "secret": "x"}]),
    ("POST", "/items/articles", {"title": "x", "author": {"name": "new"}}),
    ("POST", "/items/articles", {"title": "x", "comments": [{"body": "x"}, {"id": 2, "body": "x"}]}),
    ("POST", "/items/articles", {"title": "x", "tags": [{"tag": 1}, {"tag": {"name": "new"}}]}),
    ("POST", "/items/comments", {"body": "x", "article": {"title": "x", "author": {"id": 2, "name": "x"}}}),
    ("PATCH", "/items/articles", [{"id": 1, "title": "x"}, {"id": 3, "title": "x"}]),
    ("PATCH", "/items/articles", {"keys": [1, 2], "data": {"comments": {"create": [{"body": "x"}]}}}),
    ("PATCH", "/items/articles", {"query": {}, "data": {"title": "x"}}),
    ("PATCH", "/items/articles/1", {"title": "x", "comments": []}),
    ("PATCH", "/items/articles/1", {"blocks": [{"collection": "headings", "item": {"text": "x"}}]}),
    ("PATCH", "/items/authors/1", {"articles": {"update": [{"id": 1, "title": "x"}, {"id": 3}]}}),
    ("PATCH", "/items/home", {"title": "x"}),
    ("PUT", f"/items/articles/{NOBODY}", {"title": "x"}),
    ("DELETE", "/items/articles", [1, 2]),
    ("DELETE", "/items/vault/1", None),
    ("DELETE", "/users", {"query": {}}),
    ("PATCH", "/users/me", {"password": "x"}),
    ("POST", "/items/tags?on_conflict=name", {"name": "red"}),
    ("POST", "/utils/sort/vault", {"item": 1, "to": 2}),
)  # fmt: skip

#: second roots of a transaction whose first one is fine
SECOND_ROOTS: Final = (
    'create_tags_item(data: {name: "red"}) { id }',
    "create_articles_item(data: {title: \"x\", author: {id: 1, email: \"eve@x\"}}) { id }",
    'update_articles_item(id: 1, data: {author: {name: "x"}, code: "c2"}) { id }',
    "delete_authors_item(id: 1) { id }",
    "delete_articles_items(ids: [3, 1]) { ids }",
    'update_articles_batch(data: [{id: 1, code: "c2"}]) { id }',
    'delete_articles_item(id: "abc") { id }',
)  # fmt: skip


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """Every event that is published."""
    heard: list[Event] = []
    publish = Events.publish

    async def recorded(self: Events, events: Iterable[Event]) -> None:
        heard.extend(found := list(events))
        await publish(self, found)

    monkeypatch.setattr(Events, "publish", recorded)
    return heard


async def _asked(site: Site, request: tuple[Any, ...], token: str | None) -> tuple[str, bool]:
    """The code of the refusal, and whether the database is what it was."""
    method, target, body, headers = (*request, None)[:4]
    before = await dump(site.database)
    answer = await site.ask(method, target, body, token=token, headers=headers)
    refused = code(answer) if answer.status >= 400 else f"{answer.status}"
    return refused, await dump(site.database) == before


async def test_what_is_refused_leaves_no_trace(make_database: MakeDatabase, told: list[Event]) -> None:
    limits = {"MAX_BATCH_MUTATION": "7", "MAX_PAYLOAD_SIZE": "4kb"}
    async with press(make_database, **limits) as site:
        kept = await site.ask("POST", "/items/tags", {"name": "kept"}, token=ADMIN_TOKEN, headers=_KEY)
        assert kept.status == 200
        told.clear()
        wrong: list[tuple[Any, ...]] = []
        for expected, *request in BY_ADMIN:
            found = await _asked(site, tuple(request), ADMIN_TOKEN)
            if found != (expected, True):
                wrong.append((request, expected, *found))
        for token in (ADA, EVE, None):
            for asked in BY_ADA:
                found = await _asked(site, asked, token)
                if found not in (("FORBIDDEN", True), ("INVALID_CREDENTIALS", True)):
                    wrong.append((token, asked, *found))
        assert not wrong, "\n".join(map(str, wrong))
        assert told == []
        assert len(BY_ADMIN) + len(BY_ADA) >= 60


async def test_roots_that_are_one_transaction(make_database: MakeDatabase, told: list[Event]) -> None:
    first = (
        'a: create_articles_item(data: {title: "x", author: {name: "new"}, comments: [{body: "x"}]}) { id }'
    )
    async with press(make_database) as site:
        for second in SECOND_ROOTS:
            before = await dump(site.database)
            query = f"mutation @transaction {{ {first} b: {second} }}"
            answer = await graphql(site, query, ADMIN_TOKEN)
            body = json.loads(answer.body)
            assert not any((body.get("data") or {}).values()), second
            assert [error["path"] for error in body["errors"]] == [["b"]], second
            assert await dump(site.database) == before, second
        assert told == []
        # without the directive each root is its own
        query = f"mutation {{ {first} b: {SECOND_ROOTS[0]} }}"
        body = json.loads((await graphql(site, query, ADMIN_TOKEN)).body)
        assert (body["data"]["a"] is None, body["data"]["b"]) == (False, None)
        assert {event.collection for event in told} == {"articles", "authors", "comments"}


async def test_a_dump_sees_every_change(make_database: MakeDatabase) -> None:
    async with press(make_database) as site:
        seen = [await dump(site.database)]
        for target, body in (("tags", {"name": "new"}), ("articles/1", {"secret": "x"}), ("home", {})):
            method = "POST" if target == "tags" else "PATCH"
            answer = await site.ask(method, f"/items/{target}", body, token=ADMIN_TOKEN)
            assert answer.status == 200
            seen.append(await dump(site.database))
        assert len({tuple(lines) for lines in seen}) == len(seen)


@pytest.mark.parametrize("target", ["/items/tags", "/fields/tags?concurrentIndexCreation"])
async def test_the_watch_tells_of_a_trace(
    make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    """Every refusal that any test meets is looked at: here is one that writes all the same."""
    async with press(make_database) as site:

        async def refuse(application: object, *request: object, **more: object) -> Answer:
            await change(site.database, "insert into tags (name) values ('left')")
            return Answer(status=403, headers={}, body=b"")

        fine = await site.ask("POST", target, {}, token=EVE)
        assert fine.status >= 400
        monkeypatch.setattr(project, "ask", refuse)
        with pytest.raises(AssertionError, match=r"left a trace.*left"):
            await site.ask("POST", target, {}, token=EVE)
        # what came before the request is no trace of it
        monkeypatch.undo()
        assert (await site.ask("POST", target, {}, token=EVE)).status >= 400
