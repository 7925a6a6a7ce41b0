"""Class 12: what a caller sends never becomes SQL. Quotes, backslashes, comments, NUL, very long texts, in
values and in every place for a name; `%` and `_` are literal.

The table is there afterwards and unchanged, no answer is a 5xx, and no statement that ran holds what was
sent.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.lending import Lend
from tests.support.newsroom import seed_newsroom
from tests.support.project import ADMIN_TOKEN, Site, code, data

EVIL = (
    "'",
    '"',
    "\\",
    "' OR '1'='1",
    '" OR "1"="1',
    "'; DROP TABLE articles; --",
    '"; DROP TABLE articles; --',
    "\\'; DROP TABLE articles; --",
    "1) UNION SELECT password FROM directus_users --",
    "/* x */",
    "$1",
    "?1",
    ":name",
    "%s%(x)s{0}",
    "a\x00b",
    "\x00",
    "title\x00",
    "x" * 10_000,
    "\u202e\ufeff\U0001f600",
    "\ud83d",
    "{{title}}",
    "title--",
    'title" AS "x',
)
PLACES = (
    "fields={}",
    "fields=author.{}",
    "fields=count({})",
    "fields=json(body,{})",
    "alias[{}]=title&fields={}",
    "alias[x]={}&fields=x",
    "sort={}",
    "sort=author.{}",
    "filter[{}][_eq]=1",
    "filter[title][{}]=1",
    "filter[year({})][_eq]=1",
    "groupBy={}",
    "aggregate[max]={}",
    "aggregate[{}]=id",
    "deep[author][_sort]={}",
    "deep[{}][_limit]=1",
    "limit={}",
    "offset={}",
    "page={}",
    "meta={}",
    "export={}",
    "search={}",
    "filter={}",
    "filter[title][_eq]={}",
    "filter[title][_in]={}",
    "filter[title][_contains]={}",
    "filter[title][_starts_with]={}",
    "filter[title][_between]={}",
    "filter[id][_eq]={}",
    "filter[author][name][_icontains]={}",
)


class Ran:
    """Every statement that reaches the database, recorded on the way."""

    def __init__(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        self.texts: list[str] = []
        for name in ("fetch_bytes", "fetch"):
            self._record(site.database, name, monkeypatch)

    def _record(self, database: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        real = getattr(database, name)

        async def recorded(sql: str, params: Sequence[Any] = ()) -> Any:
            self.texts.append(sql)
            return await real(sql, params)

        monkeypatch.setattr(database, name, recorded)


@pytest.fixture
async def site(lend: Lend) -> Site:
    return await lend(seed_newsroom)


def spelled(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


@pytest.mark.parametrize("place", PLACES)
async def test_nothing_sent_becomes_sql(site: Site, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = await rows(site)
    ran = Ran(site, monkeypatch)
    for evil in EVIL:
        name, _, value = place.partition("=")
        target = f"/items/articles?{name.format(spelled(evil))}={value.format(spelled(evil))}"
        answer = await site.ask("GET", target, token=ADMIN_TOKEN)
        assert answer.status in (200, 400, 403), (target[:200], answer.status, answer.body[:300])
    # `'`, `"` and `$1` stand in honest statements, too
    telling = [evil for evil in EVIL if len(evil) > 4]
    assert [sql for sql in ran.texts for evil in telling if evil in sql] == []
    assert await rows(site) == before


@pytest.mark.parametrize("path", ["/items/{}", "/items/articles/{}", "/users/{}", "/{}", "/items/{}/1"])
async def test_nothing_in_a_path_becomes_sql(site: Site, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = await rows(site)
    ran = Ran(site, monkeypatch)
    for evil in EVIL:
        answer = await site.ask("GET", path.format(spelled(evil)), token=ADMIN_TOKEN)
        assert answer.status in (200, 400, 403, 404), (evil[:100], answer.status, answer.body[:300])
    telling = [evil for evil in EVIL if len(evil) > 4]
    assert [sql for sql in ran.texts for evil in telling if evil in sql] == []
    assert await rows(site) == before


@pytest.mark.parametrize("evil", EVIL)
async def test_nothing_in_a_search_body_becomes_sql(site: Site, evil: str) -> None:
    before = await rows(site)
    for query in (
        {"filter": {"title": {"_eq": evil}}},
        {"filter": {evil: {"_eq": 1}}},
        {"filter": {"title": {evil: 1}}},
        {"fields": [evil]},
        {"sort": [evil]},
        {"alias": {evil: "title"}, "fields": [evil]},
        {"deep": {evil: {"_limit": 1}}},
        {"aggregate": {"max": [evil]}, "groupBy": [evil]},
        {"search": evil},
        {"limit": evil},
        {evil: evil},
    ):
        answer = await site.ask("SEARCH", "/items/articles", {"query": query}, token=ADMIN_TOKEN)
        assert answer.status in (200, 400, 403), (query, answer.status, answer.body[:300])
    assert await rows(site) == before


@pytest.mark.parametrize(
    ("operator", "value", "found"),
    [
        ("_contains", "%", [1]),
        ("_contains", "_", [2]),
        ("_contains", "100%", [1]),
        ("_contains", "d_b", [2]),
        ("_contains", "f%t", []),
        ("_starts_with", "%", []),
        ("_ends_with", "%", [1]),
        ("_icontains", "D_B", [2]),
        ("_ncontains", "%", [2, 3]),
    ],
)
async def test_wildcards_of_like_are_literal(site: Site, operator: str, value: str, found: list[int]) -> None:
    target = f"/items/articles?fields=id&sort=id&filter[body][{operator}]={quote(value)}"
    assert [item["id"] for item in data(await site.ask("GET", target, token=ADMIN_TOKEN))] == found
    searched = await site.ask("GET", "/items/articles?fields=id&search=%25", token=ADMIN_TOKEN)
    assert [item["id"] for item in data(searched)] == [1]


async def test_a_refusal_shows_no_sql(site: Site) -> None:
    for target in ("/items/articles/%27", "/items/articles?filter[id][_eq]=x", "/items/articles?fields=%27"):
        answer = await site.ask("GET", target, token=ADMIN_TOKEN)
        assert code(answer) in ("FORBIDDEN", "INVALID_QUERY")
        assert "select" not in answer.body.decode().lower()


async def rows(site: Site) -> str:
    found = await site.database.fetch("select id, title, body, secret, author from articles order by id")
    return json.dumps(found, default=str)
