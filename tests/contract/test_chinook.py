"""Chinook, a database that knows nothing of us: thirty questions, the same answers from both databases.

Its names are `AlbumId` on SQLite and `album_id` on PostgreSQL; here they are written `<album_id>`.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.project import ADMIN_TOKEN, Site, running, seed_system
from tests.support.seeds import seed_chinook
from tests.support.session import TestRun

pytestmark = pytest.mark.reference

REST = [
    "/items/<album>?limit=3",
    "/items/<album>/5",
    "/items/<album>/99999",
    "/items/<album>?fields=<title>,<artist_id>.<name>&limit=5&sort=-<album_id>",
    "/items/<artist>?fields=<name>,<album>.<title>&filter[<name>][_starts_with]=Iron",
    "/items/<artist>?fields=<name>,<album>.<track>.<name>&limit=2&deep[<album>][<track>][_limit]=2",
    "/items/<track>?filter[<milliseconds>][_between]=300000,301000&fields=<name>,<milliseconds>&sort=<milliseconds>",
    "/items/<track>?filter[<album_id>][<artist_id>][<name>][_eq]=AC/DC&fields=<track_id>,<name>&limit=-1",
    "/items/<track>?filter[_or][0][<composer>][_null]=true&filter[_or][1][<unit_price>][_gt]=1&meta=*&limit=1",
    "/items/<track>?aggregate[count]=*",
    "/items/<track>?aggregate[sum]=<milliseconds>&aggregate[avg]=<unit_price>&aggregate[max]=<bytes>",
    "/items/<track>?groupBy[]=<genre_id>&aggregate[count]=<track_id>&sort=-count.<track_id>&limit=5",
    "/items/<invoice>?groupBy[]=year(<invoice_date>)&aggregate[sum]=<total>",
    "/items/<invoice>?fields=<invoice_id>,year(<invoice_date>),month(<invoice_date>)&limit=3",
    "/items/<invoice>?filter[year(<invoice_date>)][_eq]=2022&aggregate[count]=*",
    "/items/<invoice>?filter[<invoice_date>][_gte]=2024-06-01&fields=<invoice_id>,<invoice_date>,<total>&limit=4",
    "/items/<invoice>?filter[<invoice_line>][<track_id>][<genre_id>][<name>][_eq]=Jazz&fields=<invoice_id>&limit=9",
    "/items/<customer>?search=brazil&fields=<first_name>,<country>",
    "/items/<customer>?fields=<last_name>,<support_rep_id>.<last_name>,<support_rep_id>.<reports_to>.<title>&limit=4",
    "/items/<customer>?sort=<country>,-<last_name>&fields=<country>,<last_name>&limit=6&page=2",
    "/items/<customer>?filter[<company>][_empty]=true&aggregate[count]=*",
    "/items/<employee>?fields=<last_name>,<birth_date>,<reports_to>.<last_name>&sort=<employee_id>",
    "/items/<employee>?filter[<reports_to>][_null]=true",
    "/items/<playlist>?fields=<name>,count(<playlist_track>)&sort=<playlist_id>",
    "/items/<playlist_track>?limit=3",
    "/items/<playlist_track>/1,3402",
    "/items/<playlist_track>/1",
    "/items/<playlist>?filter[<playlist_track>][_none][<track_id>][_gt]=0&fields=<name>",
    "/items/<genre>?fields=*,<track>.<name>&deep[<track>][_sort]=-<name>&deep[<track>][_limit]=1&limit=3",
    "/items/<media_type>?alias[n]=<name>&fields=<media_type_id>,n",
]
GRAPHQL = [
    "{ <artist>(limit: 2) { <name> <album> { <title> <track>(limit: 1) { <name> <unit_price> } } } }",
    '{ <track>(filter: {<genre_id>: {<name>: {_eq: "Jazz"}}}, sort: ["-<milliseconds>"], limit: 3) '
    "{ <track_id> <name> } }",
    "{ <invoice>_aggregated { countAll sum { <total> } min { <invoice_date> } } }",
    "{ <playlist_track>_by_id(key: {<playlist_id>: 1, <track_id>: 3402}) "
    "{ <playlist_id> { <name> } <track_id> { <name> } } }",
    '{ <playlist_track>_by_id(id: "1,3402") { <track_id> { <name> } } '
    "<album>_by_id(id: 1) { <artist_id> { <name> } } }",
]


class Chinook:
    def __init__(self, name: str, site: Site) -> None:
        self.pascal = name == "sqlite"
        self.site = site

    def spell(self, text: str) -> str:
        return re.sub(r"<(\w+)>", lambda match: _pascal(match[1]) if self.pascal else match[1], text)

    def told(self, status: int, body: bytes) -> Any:
        # averages differ in the digits that sums of binary numbers lose
        answer = json.loads(body, parse_float=lambda text: round(float(text), 9))
        return status, _renamed(answer) if self.pascal else answer

    async def get(self, path: str) -> Any:
        target = quote(self.spell(path), safe="/?&=[]*,()-._%:")
        answer = await self.site.ask("GET", target, token=ADMIN_TOKEN)
        return self.told(answer.status, answer.body)

    async def graphql(self, query: str) -> Any:
        answer = await self.site.ask("POST", "/graphql", {"query": self.spell(query)}, token=ADMIN_TOKEN)
        return self.told(answer.status, answer.body)


def _pascal(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _renamed(value: Any) -> Any:
    """Keys as PostgreSQL has them: `InvoiceDate_year` -> `invoice_date_year`."""
    if isinstance(value, list):
        return [_renamed(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).lower() if key[0].isupper() else key: _renamed(item)
        for key, item in value.items()
    }


async def _prepared(url: str, data: Path) -> None:
    await seed_chinook(url, data)
    await seed_system(url)


@pytest.fixture(scope="module")
async def shops(
    test_run: TestRun, reference_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Chinook, Chinook]]:
    """Chinook on SQLite and on PostgreSQL, each behind a running project."""
    directory = tmp_path_factory.mktemp("chinook")
    name = f"chinook_{uuid.uuid4().hex}"  # each worker has its own
    first = test_run.copy_template("sqlite", None, "chinook", directory)
    second = test_run.copy_template("postgresql", None, name, directory)
    for url in (first, second):
        await _prepared(url, reference_dir / "data")
    async with running(first) as sqlite, running(second) as postgresql:
        yield Chinook("sqlite", sqlite), Chinook("postgresql", postgresql)
    test_run.cluster().drop(name)


@pytest.mark.parametrize("path", REST)
async def test_rest(shops: tuple[Chinook, Chinook], path: str) -> None:
    sqlite, postgresql = [await shop.get(path) for shop in shops]
    assert sqlite[0] in (200, 403)
    assert sqlite == postgresql


@pytest.mark.parametrize("query", GRAPHQL)
async def test_graphql(shops: tuple[Chinook, Chinook], query: str) -> None:
    sqlite, postgresql = [await shop.graphql(query) for shop in shops]
    assert sqlite[0] == 200
    assert sqlite == postgresql
    assert "errors" not in sqlite[1]


async def test_nothing_was_refused_that_exists(shops: tuple[Chinook, Chinook]) -> None:
    """So that the comparison above compares rows: of all questions two are about items that do not exist."""
    found = [(await shops[0].get(path))[0] for path in REST]
    assert found.count(200) == len(REST) - 2
