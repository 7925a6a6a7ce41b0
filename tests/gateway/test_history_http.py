"""Activity and revisions as callers read them, of what was written through the doors."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.support.lending import Lend
from tests.support.project import (
    ADMIN_TOKEN,
    Site,
    add_policy,
    add_role,
    add_user,
    code,
    data,
    grant,
)
from tests.support.writers import seed_writers

MASK = "**********"
FROM_APP = {"origin": "https://app.example", "user-agent": "browser"}


@pytest.fixture
async def site(lend: Lend) -> Site:
    return await lend(seed_writers, CAUSEWAY_ACCESS_TTL="1h")


async def read(site: Site, path: str, token: str = ADMIN_TOKEN) -> Any:
    return data(await site.ask("GET", path, token=token))


async def graphql(site: Site, query: str, token: str = ADMIN_TOKEN) -> Any:
    answer = await site.ask("POST", "/graphql/system", {"query": query}, token=token)
    return json.loads(answer.body)


async def test_a_write_is_read_back(site: Site) -> None:
    await site.ask("POST", "/items/tags", {"name": "red"}, token=ADMIN_TOKEN, headers=FROM_APP)
    (activity,) = await read(site, "/activity")
    me = (await read(site, "/users/me?fields=id"))["id"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", activity["timestamp"])
    assert list(activity.items()) == [
        ("id", 1), ("action", "create"), ("user", me), ("timestamp", activity["timestamp"]),
        ("ip", "192.0.2.1"), ("user_agent", "browser"), ("collection", "tags"), ("item", "1"),
        ("origin", "https://app.example"), ("revisions", [1]),
    ]  # fmt: skip
    revision = {
        "id": 1, "activity": 1, "collection": "tags", "item": "1", "data": {"name": "red"},
        "delta": {"name": "red"}, "parent": None, "version": None,
    }  # fmt: skip
    assert await read(site, "/revisions") == [revision]
    assert await read(site, "/revisions/1") == revision
    assert await read(site, "/activity/1?fields=action,revisions.delta") == {
        "action": "create",
        "revisions": [{"delta": {"name": "red"}}],
    }


async def test_by_graphql(site: Site) -> None:
    await site.ask("POST", "/items/posts", {"tags": [{"tag": {"name": "a"}}]}, token=ADMIN_TOKEN)
    answer = await graphql(
        site,
        '{ revisions(filter: {collection: {_eq: "tags"}}) '
        "{ item delta version { id } parent { collection parent { collection } } activity { action } } }",
    )
    assert answer == {
        "data": {
            "revisions": [
                {
                    "item": "1",
                    "delta": {"name": "a"},
                    "version": None,
                    "parent": {"collection": "posts_tags", "parent": {"collection": "posts"}},
                    "activity": {"action": "create"},
                }
            ]
        }
    }


async def test_the_public_and_tokens(site: Site) -> None:
    policy = await add_policy(site.database, public=True)
    await grant(site.database, policy, "tags", "create")
    await site.project.epochs.bump_access()
    assert (await site.ask("POST", "/items/tags", {"name": "x"})).status == 204
    (activity,) = await read(site, "/activity?fields=user,user_agent,origin")
    assert activity == {"user": None, "user_agent": None, "origin": None}


async def test_secrets_are_masked_and_rules_hold(site: Site) -> None:
    await site.ask("POST", "/users", {"email": "a@example.com", "password": "p"}, token=ADMIN_TOKEN)
    await site.ask("POST", "/items/posts", {"hush": "h", "title": "A"}, token=ADMIN_TOKEN)
    await site.ask("PATCH", "/items/posts/1", {"pin": "1234"}, token=ADMIN_TOKEN)
    answer = await site.ask("GET", "/revisions", token=ADMIN_TOKEN)
    assert b"argon2" not in answer.body
    assert b"1234" not in answer.body
    assert [row["delta"] for row in data(answer)][:2] == [
        {"email": "a@example.com", "password": MASK},
        {"hush": MASK, "title": "A"},
    ]
    policy = await add_policy(site.database, user=await add_user(site.database, "e@example.com", token="e"))
    for name in ("activity", "revisions"):
        assert code(await site.ask("GET", f"/{name}", token="e")) == "FORBIDDEN"
    own = {"collection": {"_eq": "posts"}}
    await grant(site.database, policy, "directus_revisions", "read", fields="id,item,delta", rule=own)
    await site.project.epochs.bump_access()
    assert [row["item"] for row in await read(site, "/revisions", "e")] == ["1", "1"]
    assert code(await site.ask("GET", "/revisions/1", token="e")) == "FORBIDDEN"
    assert code(await site.ask("GET", "/revisions?fields=data", token="e")) == "FORBIDDEN"


@pytest.mark.parametrize("name", ["activity", "revisions"])
async def test_history_is_not_written_by_hand(site: Site, name: str) -> None:
    for method, path in (
        ("POST", ""), ("PATCH", ""), ("DELETE", ""), ("PATCH", "/1"), ("DELETE", "/1"), ("PUT", "/1"),
    ):  # fmt: skip
        answer = await site.ask(method, f"/{name}{path}", {}, token=ADMIN_TOKEN)
        assert (answer.status, code(answer)) == (404, "ROUTE_NOT_FOUND")
    answer = await site.ask("OPTIONS", f"/{name}", token=ADMIN_TOKEN)
    assert answer.body == b"SEARCH,GET,HEAD"
    found = await graphql(site, "{ __schema { mutationType { fields { name } } } }")
    roots = {field["name"] for field in found["data"]["__schema"]["mutationType"]["fields"]}
    assert not [root for root in roots if name in root]


async def test_another_right_holds_at_once(site: Site) -> None:
    """What decides rights is read again after each write to it, though it may be remembered for an hour."""
    user = await add_user(site.database, "e@example.com", token="e", role=await add_role(site.database, "r"))
    policy = await add_policy(site.database, user=user)
    assert (await site.ask("GET", "/items/tags", token="e")).status == 403
    right = {"policy": policy, "collection": "tags", "action": "read", "fields": ["id"]}
    made = data(await site.ask("POST", "/permissions", right, token=ADMIN_TOKEN))
    assert (await site.ask("GET", "/items/tags", token="e")).status == 200
    assert (await site.ask("GET", "/items/tags?fields=name", token="e")).status == 403
    await site.ask("PATCH", f"/permissions/{made['id']}", {"fields": ["*"]}, token=ADMIN_TOKEN)
    assert (await site.ask("GET", "/items/tags?fields=name", token="e")).status == 200
    given = data(await site.ask("GET", "/access?fields=id&filter[user][_nnull]=true", token=ADMIN_TOKEN))
    await site.ask("DELETE", f"/access/{given[0]['id']}", token=ADMIN_TOKEN)
    assert (await site.ask("GET", "/items/tags", token="e")).status == 403
    await site.ask("PATCH", f"/users/{user}", {"status": "suspended"}, token=ADMIN_TOKEN)
    assert (await site.ask("GET", "/users/me", token="e")).status == 401
