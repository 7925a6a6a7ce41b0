"""Grants end with what they name: they never come back with another field or collection of the same name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.conftest import MakeDatabase
from tests.support.modelling import ask, field, gone, make, related, told
from tests.support.project import (
    Site,
    add_policy,
    add_role,
    add_user,
    change,
    grant,
    running,
    seed_system,
)

TOKEN = "reader-token"


@pytest.fixture
async def site(make_database: MakeDatabase) -> AsyncIterator[Site]:
    async with running(await make_database(seed_system)) as opened:
        yield opened


async def reader(site: Site) -> str:
    """The policy of a user with that token."""
    role = await add_role(site.database, "reader")
    await add_user(site.database, "reader@example.com", token=TOKEN, role=role)
    return await add_policy(site.database, role=role)


async def status(site: Site, target: str) -> int:
    return (await ask(site, "GET", target, token=TOKEN)).status


async def test_a_grant_of_a_field_ends_with_the_field(site: Site) -> None:
    secret = {"field": "secret", "type": "string", "meta": {}}
    await make(site, "things", {"field": "name", "type": "string"}, secret)
    policy = await reader(site)
    await grant(
        site.database, policy, "things", fields="id,name,secret", presets={"secret": "x", "name": "y"}
    )
    await site.project.epochs.bump_access()
    assert await status(site, "/items/things?fields=secret") == 200
    await gone(site, "/fields/things/secret")
    (row,) = await told(site, "GET", "/permissions")
    assert (row["fields"], row["presets"]) == (["id", "name"], {"name": "y"})
    await told(site, "POST", "/fields/things", secret)
    assert await status(site, "/items/things?fields=secret") == 403
    assert await status(site, "/items/things?fields=name") == 200


async def test_a_grant_of_a_collection_ends_with_the_collection(site: Site) -> None:
    await make(site, "things")
    await grant(site.database, await reader(site), "things")
    await site.project.epochs.bump_access()
    assert await status(site, "/items/things") == 200
    await gone(site, "/collections/things")
    await make(site, "things")
    assert await status(site, "/items/things") == 403
    assert await told(site, "GET", "/permissions") == []


@pytest.mark.parametrize(
    ("collection", "rule"),
    [
        ("books", {"open": {"_eq": True}}),
        ("books", {"_or": [{"title": {"_eq": "x"}}, {"open": {"_eq": True}}]}),
        ("authors", {"books": {"_some": {"open": {"_eq": True}}}}),
        ("authors", {"_and": [{"books": {"open": {"_eq": True}}}]}),
        ("authors", {"count(books)": {"_gt": 0}}),
    ],
)
@pytest.mark.parametrize("part", ["rule", "validation"])
async def test_a_rule_that_names_it_takes_its_grant_with_it(
    site: Site, collection: str, rule: dict[str, Any], part: str
) -> None:
    """Without that part it would allow more; kept, it would match again with a field of the same name."""
    await make(site, "authors", {"field": "name", "type": "string"})
    open_ = {"field": "open", "type": "boolean", "meta": {}}
    await make(
        site, "books", {"field": "title", "type": "string"}, {"field": "author", "type": "integer"}, open_
    )
    await field(site, "authors", "books", "alias", meta={"special": ["o2m"]})
    await related(site, "books", "author", "authors", meta={"one_field": "books"})
    policy = await reader(site)
    await grant(site.database, policy, collection, **{part: rule})  # type: ignore[arg-type]
    await grant(
        site.database, policy, "books" if collection == "authors" else "authors", rule={"id": {"_gt": 0}}
    )
    await site.project.epochs.bump_access()
    assert await status(site, f"/items/{collection}") == 200
    dropped = "/fields/authors/books" if "count(books)" in rule else "/fields/books/open"
    await gone(site, dropped)
    rows = await told(site, "GET", "/permissions")
    assert [row["collection"] for row in rows] == ["books" if collection == "authors" else "authors"]
    assert await status(site, f"/items/{collection}") == 403
    if dropped.endswith("open"):
        await told(site, "POST", "/fields/books", open_)
        assert await status(site, f"/items/{collection}") == 403


async def test_a_rule_that_only_looks_like_it_stays(site: Site) -> None:
    await make(site, "things", {"field": "a", "type": "string"}, {"field": "b", "type": "string"})
    rule = {"_and": [{"b": {"_in": ["a", "a,b"]}}, {"b": {"_neq": "a"}}]}
    await grant(site.database, await reader(site), "things", fields="*", rule=rule)
    await gone(site, "/fields/things/a")
    (row,) = await told(site, "GET", "/permissions")
    assert (row["fields"], row["permissions"]) == (["*"], rule)


async def test_a_rule_that_reads_it_of_the_caller_takes_its_grant_with_it(site: Site) -> None:
    team = {"field": "team", "type": "string", "schema": {"default_value": "b"}, "meta": {}}
    await make(site, "docs", {"field": "team", "type": "string"}, {"field": "by", "type": "string"})
    await told(site, "POST", "/fields/directus_users", {**team, "schema": {}})
    await told(site, "POST", "/items/docs", [{"team": "a"}, {"team": "b"}])
    policy = await reader(site)
    mine = {"team": {"_in": ["a", "$CURRENT_USER.team"]}}
    await grant(site.database, policy, "docs", rule=mine)
    await grant(site.database, policy, "docs", "update", validation={"_or": [{"by": mine["team"]}]})
    presets = {"team": "$CURRENT_USER.team", "by": "$CURRENT_USER.email"}
    await grant(site.database, policy, "docs", "create", presets=presets)
    await grant(site.database, policy, "docs", "delete", rule={"by": {"_eq": "$CURRENT_USER.email"}})
    await site.project.epochs.bump_access()
    assert await status(site, "/items/docs") == 200
    await gone(site, "/fields/directus_users/team")
    rows = {row["action"]: row["presets"] for row in await told(site, "GET", "/permissions")}
    assert rows == {"create": {"by": "$CURRENT_USER.email"}, "delete": None}
    await told(site, "POST", "/fields/directus_users", team)
    assert await status(site, "/items/docs") == 403


async def test_a_grant_of_an_inferred_list_is_none_of_a_column_that_takes_its_name(site: Site) -> None:
    await make(site, "things", {"field": "name", "type": "string"})
    key = "integer references things (id)"
    await change(site.database, f"create table parts (id integer primary key, thing {key})")
    await told(site, "POST", "/items/things", {"name": "x"})
    await ask(site, "POST", "/utils/cache/clear")
    policy = await reader(site)
    await grant(site.database, policy, "things", fields="id,parts")
    await grant(site.database, policy, "parts")
    await site.project.epochs.bump_access()
    assert await status(site, "/items/things?fields=parts") == 200
    secret = {"field": "parts", "type": "string", "schema": {"default_value": "secret"}, "meta": {}}
    await told(site, "POST", "/fields/things", secret)
    assert await status(site, "/items/things?fields=parts") == 403
    assert await status(site, "/items/things?fields=id") == 200


async def test_a_refused_drop_ends_no_grant(site: Site) -> None:
    await make(site, "authors")
    await make(site, "books", {"field": "author", "type": "integer"})
    await related(site, "books", "author", "authors")
    await grant(site.database, await reader(site), "authors")
    await site.project.epochs.bump_access()
    assert (await ask(site, "DELETE", "/collections/authors")).status == 400
    assert await status(site, "/items/authors") == 200
