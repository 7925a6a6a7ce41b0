"""Class 15: what is too deep, too long or too much is refused or bounded, quickly, and the server goes on.

Bodies, slow bodies and connections are in tests/e2e/test_connections.py; GraphQL has tests of its own.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.conftest import MakeDatabase
from tests.support.asgi import Answer
from tests.support.lending import Lend
from tests.support.newsroom import EDITOR_TOKEN, newsroom, seed_newsroom
from tests.support.project import ADMIN_TOKEN, Site, change, code, data

#: seconds after which a request hangs
PATIENCE = 30


@pytest.fixture
async def site(lend: Lend) -> Site:
    return await lend(seed_newsroom, with_many, QUERY_LIMIT_MAX="20")


async def with_many(site: Site) -> None:
    many = ", ".join(f"({number}, 'Many', 'published', 1)" for number in range(100, 160))
    await change(site.database, f"insert into articles (id, title, status, author) values {many}")


async def search(site: Site, query: dict[str, Any]) -> Answer:
    async with asyncio.timeout(PATIENCE):
        answer = await site.ask("SEARCH", "/items/articles", {"query": query}, token=ADMIN_TOKEN)
    assert answer.status in (200, 400, 403, 413), answer.body[:300]
    return answer


def nested(depth: int, inner: dict[str, Any]) -> dict[str, Any]:
    for level in range(depth):
        inner = {"articles": {"_some": inner}} if level % 2 else {"author": inner}
    return inner


@pytest.mark.parametrize("limit", ["-1", "1000000", "21"])
async def test_lists_are_no_longer_than_the_bound(site: Site, limit: str) -> None:
    answer = await site.ask("GET", f"/items/articles?limit={limit}&fields=id", token=ADMIN_TOKEN)
    if answer.status == 200:
        assert len(data(answer)) == 20
    else:
        assert (limit != "-1", code(answer)) == (True, "INVALID_QUERY")


@pytest.mark.parametrize(
    "target",
    [
        "/items/authors/1?fields=id,articles.id&deep[articles][_limit]=-1",
        "/items/authors?fields=id,articles.id&filter[id][_eq]=1&deep[articles][_limit]=-1",
        "/items/articles?limit=-1&export=json",
        "/items/articles?limit=-1&export=csv",
        "/items/articles?limit=-1&groupBy=id&aggregate[count]=*",
    ],
)
async def test_the_bound_holds_in_nested_lists_exports_and_groups(site: Site, target: str) -> None:
    answer = await site.ask("GET", target, token=ADMIN_TOKEN)
    assert answer.status == 200, answer.body
    text = answer.body.decode()
    if "export=csv" in target:
        assert len(text.splitlines()) <= 21
        return
    found = json.loads(text)
    found = found["data"] if isinstance(found, dict) else found
    if "articles.id" in target:
        found = (found[0] if isinstance(found, list) else found)["articles"]
    assert len(found) == 20


@pytest.mark.parametrize("depth", [11, 50, 400])
async def test_relations_are_no_deeper_than_the_bound(site: Site, depth: int) -> None:
    path = ".".join(["author", "articles"] * depth)[: depth * 8]
    for query in (
        {"fields": [f"{path}.id"]},
        {"filter": nested(depth, {"id": {"_eq": 1}})},
        {"sort": [".".join(["author"] * depth) + ".id"]},
    ):
        assert (await search(site, query)).status in (400, 403), query


async def test_paths_in_json_are_no_deeper_than_the_bound(make_database: MakeDatabase) -> None:
    async with newsroom(make_database, MAX_JSON_QUERY_DEPTH="3") as site:
        for path, status in (("a.b[0]", 200), ("a.b[0].c", 400)):
            for query in (
                {"fields": [f"json(theme_light_overrides, {path})"]},
                {"filter": {"theme_light_overrides": {"_json": {path: {"_eq": 1}}}}},
            ):
                answer = await site.ask("SEARCH", "/users", {"query": query}, token=ADMIN_TOKEN)
                assert answer.status == status, answer.body
                if status == 400:
                    assert "JSON path depth (4) exceeds allowed maximum of 3" in answer.body.decode()


@pytest.mark.parametrize("depth", [30, 2_000, 100_000])
async def test_brackets_without_end(site: Site, depth: int) -> None:
    raw = b'{"query":{"filter":' + b'{"_and":[' * depth + b"{}" + b"]}" * depth + b"}}"
    brackets = "[_or][0]" * min(depth, 2_000)
    text = '{"_or":[' * min(depth, 5_000)
    async with asyncio.timeout(PATIENCE):
        answer = await site.ask("SEARCH", "/items/articles", raw, token=ADMIN_TOKEN)
        assert answer.status in (200, 400, 413)
        answer = await site.ask("GET", f"/items/articles?filter{brackets}[id][_eq]=1", token=ADMIN_TOKEN)
        assert answer.status in (200, 400)
        assert (await site.ask("GET", f"/items/articles?filter={text}", token=ADMIN_TOKEN)).status == 400


@pytest.mark.parametrize("count", [1_000, 100_000])
@pytest.mark.parametrize("operator", ["_in", "_nin"])
async def test_long_lists_of_values(site: Site, operator: str, count: int) -> None:
    answer = await search(site, {"filter": {"id": {operator: list(range(2, count))}}, "fields": ["id"]})
    if answer.status == 200:
        assert (1 in {item["id"] for item in data(answer)}) is (operator == "_nin")


@pytest.mark.parametrize(
    "query",
    [
        {"fields": [f"f{number}" for number in range(5_000)]},
        {"fields": ["id"] * 5_000},
        {"fields": ["*" + ".*" * 40]},
        {"fields": ["*.*.*.*.*.*"]},
        {"sort": ["id", "-id"] * 1_000},
        {"alias": {f"a{number}": "title" for number in range(2_000)}, "fields": ["*"]},
        {"filter": {"_or": [{"title": {"_eq": f"t{number}"}} for number in range(2_000)]}},
        {"filter": {"_and": [{"author": {"name": {"_contains": "a"}}}] * 300}},
        {"aggregate": {"count": [f"f{number}" for number in range(1_000)]}},
        {"search": "a " * 20_000},
        {"filter": {"title": {"_contains": "%" * 20_000}}},
        {"filter": {"title": {"_eq": "(a+)+$" * 1_000}}},
        {"limit": 10**30},
        {"offset": 10**30},
        {"page": 10**30},
        {"filter": {"id": {"_eq": 10**400}}},
        {"filter": {"id": {"_eq": 1e308}}},
    ],
    ids=range(17),
)
async def test_much_of_one_thing(site: Site, query: dict[str, Any]) -> None:
    await search(site, query)
    assert (await site.ask("GET", "/items/articles/1", token=EDITOR_TOKEN)).status == 200
