"""Published flaws of reading, each as the request over HTTP that must fail (see the advisory named).

A is the administrator, U an editor who may not read `articles.secret`, `authors.email` and `vault`.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.asgi import Answer
from tests.support.lending import Lend
from tests.support.newsroom import EDITOR_TOKEN, seed_newsroom
from tests.support.project import ADMIN_TOKEN, Site, code, data


@pytest.fixture
async def site(lend: Lend) -> Site:
    return await lend(seed_newsroom)


async def get(site: Site, target: str, token: str | None = EDITOR_TOKEN) -> Answer:
    return await site.ask("GET", quote(target, safe="/?&=%"), token=token)


def text(answer: Answer) -> str:
    return answer.body.decode()


# --- GHSA-m5q3-8wgf-x8xf CVE-2023-27481: string filters on hash and concealed fields -------------------

_GUESSES = ("_starts_with", "_contains", "_eq", "_in", "_gt", "_istarts_with", "_ncontains", "_regex")


@pytest.mark.parametrize("operator", _GUESSES)
@pytest.mark.parametrize("field", ["password", "token", "tfa_secret"])
async def test_concealed_fields_cannot_be_guessed(site: Site, field: str, operator: str) -> None:
    for target in (
        f"/users?filter[{field}][{operator}]=$argon",
        f'/users?filter={{"{field}":{{"{operator}":"$argon"}}}}',
        f"/users?filter[_or][0][{field}][{operator}]=$argon",
        f"/roles?filter[users][{field}][{operator}]=$argon",
        f"/roles?filter[users][_some][{field}][{operator}]=$argon",
        f"/roles?fields=id,users.id&deep[users][_filter][{field}][{operator}]=$argon",
        f"/users?filter[{field}][{operator}]=$argon&export=csv",
    ):
        answer = await get(site, target, ADMIN_TOKEN)
        assert answer.status in (400, 403), target
        assert code(answer) in ("INVALID_QUERY", "FORBIDDEN"), target


@pytest.mark.parametrize(("operator", "found"), [("_null", False), ("_nnull", True)])
async def test_whether_there_is_one_may_be_asked(site: Site, operator: str, found: bool) -> None:
    answer = await get(site, f"/users?filter[token][{operator}]=true&fields=id,token", ADMIN_TOKEN)
    assert bool(data(answer)) is found
    assert EDITOR_TOKEN not in text(answer)


# --- GHSA-38hg-ww64-rrwc CVE-2026-35442: aggregates and groups show concealed values -------------------


@pytest.mark.parametrize(
    "query",
    [
        "aggregate[min]=token&groupBy=id",
        "aggregate[max]=password",
        "aggregate[min]=tfa_secret&groupBy=email",
        "groupBy=tfa_secret",
        "groupBy=token&aggregate[count]=*",
        "groupBy[]=password&aggregate[count]=id",
        "aggregate[countDistinct]=password",
        "sort=token",
        "sort=-password",
    ],
)
async def test_aggregates_groups_and_order_show_no_concealed_value(site: Site, query: str) -> None:
    answer = await get(site, f"/users?{query}", ADMIN_TOKEN)
    assert EDITOR_TOKEN not in text(answer)
    assert "$argon2" not in text(answer)
    assert answer.status in (400, 403), text(answer)


# --- GHSA-p8v3-m643-4xqx CVE-2024-34708: an alias skips masking ----------------------------------------


@pytest.mark.parametrize(
    "target",
    [
        "/users?alias[h]=password&fields=h,id",
        "/users?alias[h]=token&fields=h,id",
        "/users/me?alias[h]=password&fields=h",
        "/roles?fields=users.h,users.id&deep[users][_alias][h]=password",
        "/roles?fields=users.password,users.token",
        "/users?fields=json(token,a),id",
        "/users?fields=*.*",
    ],
)
async def test_no_spelling_unmasks(site: Site, target: str) -> None:
    answer = await get(site, target, ADMIN_TOKEN)
    assert "$argon2" not in text(answer), target
    assert EDITOR_TOKEN not in text(answer), target
    assert answer.status in (200, 400, 403), text(answer)


async def test_an_alias_is_masked(site: Site) -> None:
    answer = await get(site, "/users/me?alias[h]=password&fields=h,id", ADMIN_TOKEN)
    assert data(answer)["h"] == "**********"


# --- GHSA-8jpw-gpr4-8cmh CVE-2025-64748, GHSA-7wq3-jr35-275c CVE-2025-30352: search --------------------


@pytest.mark.parametrize("token", [ADMIN_TOKEN, EDITOR_TOKEN])
async def test_search_does_not_match_concealed_fields(site: Site, token: str) -> None:
    answer = await get(site, f"/users?search={EDITOR_TOKEN}", token)
    if answer.status == 200:
        assert data(answer) == []
    else:
        assert code(answer) == "FORBIDDEN"


async def test_search_does_not_look_where_the_caller_may_not(site: Site) -> None:
    assert data(await get(site, "/items/articles?search=plum-pudding")) == []
    assert data(await get(site, "/items/articles?search=plum-pudding", ADMIN_TOKEN)) != []
    counted = await get(site, "/items/articles?search=plum-pudding&meta=filter_count,total_count")
    assert json.loads(counted.body)["meta"] == {"filter_count": 0, "total_count": 2}
    aggregated = data(await get(site, "/items/articles?search=plum-pudding&aggregate[count]=*"))
    assert int(aggregated[0]["count"]) == 0


# --- GHSA-2xcm-7h22-3m66, GHSA-cph6-524f-3hgr CVE-2025-64749: hidden and missing look the same ---------

_WAYS = (
    "/items/articles?fields={}",
    "/items/articles?filter[{}][_eq]=x",
    "/items/articles?filter[_or][0][{}][_eq]=x",
    "/items/articles?filter[_and][0][_or][0][{}][_null]=true",
    "/items/articles?sort={}",
    "/items/articles?sort=-{}",
    "/items/articles?groupBy={}",
    "/items/articles?aggregate[max]={}",
    "/items/articles?alias[x]={}&fields=x",
    "/items/articles?fields=count({})",
    "/items/articles?filter[count({})][_eq]=1",
    "/items/articles/1?fields={}",
    "/items/articles?fields={}&export=csv",
)
_WAYS_THROUGH = (
    "/items/articles?fields=author.{}",
    "/items/articles?filter[author][{}][_eq]=x",
    "/items/articles?filter[author][_and][0][{}][_eq]=x",
    "/items/articles?sort=author.{}",
    "/items/articles?deep[author][_alias][x]={}&fields=author.x",
)


@pytest.mark.parametrize("way", _WAYS)
async def test_a_hidden_field_is_refused_like_a_missing_one(site: Site, way: str) -> None:
    await assert_same_refusal(site, way, "secret", "nope")


@pytest.mark.parametrize("way", _WAYS_THROUGH)
async def test_also_on_the_other_side_of_a_relation(site: Site, way: str) -> None:
    await assert_same_refusal(site, way, "email", "nope")


@pytest.mark.parametrize(
    "way", ["/items/{}", "/items/{}/1", "/items/{}?meta=*", "/items/{}?aggregate[count]=*"]
)
async def test_a_hidden_collection_is_refused_like_a_missing_one(site: Site, way: str) -> None:
    await assert_same_refusal(site, way, "vault", "nope")


async def assert_same_refusal(site: Site, way: str, hidden: str, missing: str) -> None:
    first = await get(site, way.format(hidden))
    second = await get(site, way.format(missing))
    assert first.status == second.status, (text(first), text(second))
    assert first.status in (400, 403), text(first)
    assert text(first).replace(hidden, "?") == text(second).replace(missing, "?")


async def test_items_out_of_sight_are_refused_like_missing_ones(site: Site) -> None:
    hidden, missing = await get(site, "/items/articles/3"), await get(site, "/items/articles/99")
    assert (hidden.status, hidden.body) == (missing.status, missing.body)
    assert hidden.status == 403


async def test_counts_say_nothing_of_items_out_of_sight(site: Site) -> None:
    counted = json.loads((await get(site, "/items/articles?meta=*&filter[status][_eq]=draft")).body)
    assert counted == {"meta": {"total_count": 2, "filter_count": 0}, "data": []}


async def test_system_tables_have_no_back_door(site: Site) -> None:
    for token in (ADMIN_TOKEN, EDITOR_TOKEN):
        answer = await get(site, "/items/directus_users", token)
        assert (answer.status, code(answer)) == (403, "FORBIDDEN")


# --- GHSA-5mhg-wv8w-p59j CVE-2024-27296: the version is not public -------------------------------------


async def test_the_version_is_for_administrators(site: Site) -> None:
    public = data(await get(site, "/server/info", None))
    assert "version" not in json.dumps(public)
    assert "version" not in json.dumps(data(await get(site, "/server/info")))
    version = data(await get(site, "/server/info", ADMIN_TOKEN))["version"]
    for target in ("/server/ping", "/server/info", "/", "/items/articles", "/nope"):
        answer = await get(site, target, None)
        assert version not in text(answer) + json.dumps(dict(answer.headers)), target


# --- GHSA-gwvv-rr68-cmv6: names that mean something to the language ------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "deep[__proto__][x]=1",
        "deep[constructor][prototype][x]=1",
        "filter[__proto__][x]=1",
        "filter[__class__][_eq]=1",
        "alias[__proto__]=title",
        "fields=__dict__",
        "fields[__proto__]=title",
        "aggregate[__init__]=title",
        "__proto__[limit]=1",
        "sort=__class__",
    ],
)
async def test_names_of_the_language_are_refused_or_ignored(site: Site, query: str) -> None:
    answer = await get(site, f"/items/articles?{query}", ADMIN_TOKEN)
    assert answer.status in (200, 400, 403), text(answer)
    again: Any = data(await get(site, "/items/articles?fields=id&sort=id", ADMIN_TOKEN))
    assert again == [{"id": 1}, {"id": 2}, {"id": 3}]
