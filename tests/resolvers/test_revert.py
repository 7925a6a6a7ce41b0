"""Going back to a revision: what comes back, what stays, and who may."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.asgi import Answer
from tests.support.lending import Lend
from tests.support.project import ADMIN_TOKEN, Site, add_policy, add_user, code, data, grant
from tests.support.writers import rows, seed_writers

FIRST = {
    "title": "A", "price": "1.5", "at": "2024-02-03T04:05:06+02:00", "local": "2024-02-03T04:05:06",
    "day": "2024-02-03", "js": {"x": [1]}, "cs": ["a", "b"], "ok": True, "hush": "one", "pin": "1111",
    "author": {"name": "Ada"},
}  # fmt: skip
SECOND = {
    "title": "B", "price": 2, "at": None, "local": None, "day": "2025-01-01", "js": None, "cs": ["z"],
    "ok": False, "hush": "two", "pin": "2222", "author": None,
}  # fmt: skip


@pytest.fixture
async def site(lend: Lend) -> Site:
    return await lend(seed_writers)


async def ask(site: Site, method: str, path: str, payload: Any = None, token: str = ADMIN_TOKEN) -> Answer:
    return await site.ask(method, path, payload, token=token)


async def write(site: Site, method: str, path: str, payload: Any = None) -> Any:
    answer = await ask(site, method, path, payload)
    assert answer.status in (200, 204), answer.body
    return json.loads(answer.body)["data"] if answer.body else None


async def revisions(site: Site, collection: str) -> list[int]:
    sql = "select id from directus_revisions where collection = $1 order by id"
    return [row[0] for row in await rows(site, sql, collection)]


async def test_an_item_becomes_what_it_was(site: Site) -> None:
    await write(site, "POST", "/items/posts", FIRST)
    before = data(await ask(site, "GET", "/items/posts/1"))
    await write(site, "PATCH", "/items/posts/1", SECOND)
    stored = (await rows(site, "select hush, pin from posts"))[0]
    for _ in range(2):  # the first time from what was sent, then from the whole item
        numbers = await revisions(site, "posts")
        answer = await ask(site, "POST", f"/utils/revert/{numbers[0]}")
        assert (answer.status, answer.body) == (204, b"")
        after = data(await ask(site, "GET", "/items/posts/1"))
        # secrets and relations stay as they are; who changed it when is told anew
        assert after["author"] is None
        assert (await rows(site, "select hush, pin from posts"))[0] == stored
        kept = {name: after[name] for name in before if name not in ("author", "updated", "updater")}
        assert kept == {name: before[name] for name in kept}
        assert after["updated"] is not None
        await ask(site, "POST", f"/utils/revert/{numbers[1]}")
        assert data(await ask(site, "GET", "/items/posts/1"))["title"] == "B"
    told = await rows(site, "select action, item from directus_activity where collection = 'posts'")
    assert told == [("create", "1")] + [("update", "1")] * 5


async def test_by_graphql(site: Site) -> None:
    await write(site, "POST", "/items/tags", {"name": "a"})
    await write(site, "PATCH", "/items/tags/1", {"name": "b"})
    number = (await revisions(site, "tags"))[0]
    query = f'mutation {{ utils_revert(revision: "{number}") }}'
    answer = await ask(site, "POST", "/graphql/system", {"query": query})
    assert answer.body == b'{"data":{"utils_revert":true}}'
    assert data(await ask(site, "GET", "/items/tags/1"))["name"] == "a"


async def test_singletons_and_system_collections(site: Site) -> None:
    for title in ("A", "B"):
        await write(site, "PATCH", "/items/homepage", {"title": title})
    await write(site, "POST", f"/utils/revert/{(await revisions(site, 'homepage'))[0]}")
    assert data(await ask(site, "GET", "/items/homepage"))["title"] == "A"
    role = (await write(site, "POST", "/roles", {"name": "one"}))["id"]
    await write(site, "PATCH", f"/roles/{role}", {"name": "two", "description": "x"})
    await write(site, "POST", f"/utils/revert/{(await revisions(site, 'directus_roles'))[0]}")
    assert data(await ask(site, "GET", f"/roles/{role}"))["name"] == "one"


async def test_users_keep_their_secrets_and_what_only_the_server_sets(site: Site) -> None:
    user = (await write(site, "POST", "/users", {"email": "a@example.com", "password": "one"}))["id"]
    await write(site, "PATCH", f"/users/{user}", {"first_name": "Ada", "token": "t1"})
    await write(site, "PATCH", f"/users/{user}", {"first_name": "Eve", "password": "two"})
    before = await rows(site, "select password, token from directus_users where id = $1", user)
    await write(site, "POST", f"/utils/revert/{(await revisions(site, 'directus_users'))[1]}")
    assert data(await ask(site, "GET", f"/users/{user}"))["first_name"] == "Ada"
    assert await rows(site, "select password, token from directus_users where id = $1", user) == before


async def test_what_cannot_be_reverted(site: Site) -> None:
    for path in ("/utils/revert/4444", "/utils/revert/abc", "/utils/revert/1e3"):
        answer = await ask(site, "POST", path)
        assert (answer.status, code(answer)) == (403, "FORBIDDEN")
        assert b"reason" not in answer.body
    await write(site, "POST", "/items/tags", {})
    answer = await ask(site, "POST", f"/utils/revert/{(await revisions(site, 'tags'))[0]}")
    assert (answer.status, code(answer)) == (400, "INVALID_PAYLOAD")
    assert b"Revision doesn't contain data to revert to" in answer.body
    assert (await ask(site, "POST", "/utils/revert")).status == 404


async def test_a_deleted_item_does_not_come_back(site: Site) -> None:
    await write(site, "POST", "/items/tags", {"name": "a"})
    await write(site, "DELETE", "/items/tags/1")
    told = await rows(site, "select count(*) from directus_activity")
    assert (await ask(site, "POST", f"/utils/revert/{(await revisions(site, 'tags'))[0]}")).status == 204
    assert await rows(site, "select id from tags") == []
    assert await rows(site, "select count(*) from directus_activity") == told


async def test_both_rights_are_asked_for(site: Site) -> None:
    await write(site, "POST", "/items/tags", {"name": "a"})
    await write(site, "POST", "/items/authors", {"name": "Ada"})
    (tag,), (author,) = await revisions(site, "tags"), await revisions(site, "authors")
    policy = await add_policy(site.database, user=await add_user(site.database, "e@example.com", token="e"))

    async def refused(number: int) -> bool:
        answer = await ask(site, "POST", f"/utils/revert/{number}", token="e")
        assert answer.status in (204, 403), answer.body
        return answer.status == 403

    await grant(site.database, policy, "tags", "update", fields="name", rule={"name": {"_eq": "b"}})
    await site.project.epochs.bump_access()
    assert await refused(tag)
    own = {"collection": {"_eq": "tags"}}
    await grant(site.database, policy, "directus_revisions", "read", rule=own)
    await site.project.epochs.bump_access()
    assert await refused(tag), "the item is not one that may be changed"
    assert await refused(author), "the revision is hidden"
    await write(site, "PATCH", "/items/tags/1", {"name": "b"})
    assert not await refused(tag)
    assert data(await ask(site, "GET", "/items/tags/1"))["name"] == "a"
    author_rights = await rows(site, "select name from authors")
    assert author_rights == [("Ada",)]
