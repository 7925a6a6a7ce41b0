"""Who is logged in somewhere sees where, and ends it; nobody else's, and at once everywhere."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest

from tests.conftest import MakeDatabase
from tests.support.asgi import Answer
from tests.support.project import ADMIN_TOKEN, Site, add_user, change, code, data, running, seed_system

PATH: Final = "/users/me/sessions"
ADA: Final = {"email": "ada@example.com", "password": "ada's password"}


async def with_people(url: str) -> None:
    await seed_system(url)
    async with running(url) as site:
        await add_user(site.database, token="ada-token", **ADA)
        await add_user(site.database, "eve@example.com", password="eve's password", token="eve-token")


@pytest.fixture
async def site(make_database: MakeDatabase) -> AsyncIterator[Site]:
    async with running(await make_database(with_people)) as running_site:
        yield running_site


async def login(site: Site, **values: Any) -> Answer:
    headers = {"user-agent": "a browser", "origin": "https://app.example.com"}
    return await site.ask("POST", "/auth/login", {**ADA, **values}, headers=headers)


def cookie_of(answer: Answer) -> str:
    return answer.headers["set-cookie"].partition(";")[0]


async def listed(site: Site, **given: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = data(await site.ask("GET", PATH, **given))
    return found


async def gets_in(site: Site, **given: Any) -> bool:
    return (await site.ask("GET", "/users/me", **given)).status == 200


async def test_where_one_is_logged_in(site: Site) -> None:
    assert await listed(site, token="ada-token") == []
    answer = await login(site)
    tokens = data(answer)
    cookie = cookie_of(await login(site, mode="session"))
    await login(site, email="eve@example.com", password="eve's password")
    by_cookie = await listed(site, headers={"cookie": cookie})
    by_token = await listed(site, token=tokens["access_token"])
    assert len(by_cookie) == len(by_token) == 2
    for found in (by_cookie, by_token):
        assert [one["current"] for one in found].count(True) == 1
        for one in found:
            assert list(one) == ["id", "current", "expires", "ip", "user_agent", "origin"]
            assert (one["user_agent"], one["origin"]) == ("a browser", "https://app.example.com")
            assert one["expires"].endswith("Z")
    current = {one["id"] for found in (by_cookie, by_token) for one in found if one["current"]}
    assert current == {one["id"] for one in by_cookie}
    # neither the token nor anything that leads to it
    stored = await site.database.fetch("select token from directus_sessions")
    for (token,) in stored:
        assert token[:24] not in json.dumps(by_cookie)
    for one in by_cookie:
        for answer in (
            await site.ask("POST", "/auth/refresh", {"refresh_token": one["id"]}),
            await site.ask("GET", "/users/me", token=one["id"]),
        ):
            assert (answer.status, code(answer)) == (401, "INVALID_CREDENTIALS")


async def test_a_refresh_is_the_same_login(site: Site) -> None:
    first = data(await login(site))
    (before,) = await listed(site, token="ada-token")
    second = data(await site.ask("POST", "/auth/refresh", {"refresh_token": first["refresh_token"]}))
    for token in (first["access_token"], second["access_token"]):
        (after,) = await listed(site, token=token)
        assert (after["id"], after["current"]) == (before["id"], True)
    assert (await site.ask("DELETE", f"{PATH}/{before['id']}", token="ada-token")).status == 204
    for token in (first["access_token"], second["access_token"]):
        assert not await gets_in(site, token=token)


@pytest.mark.parametrize("theirs", [False, True], ids=["ours", "of a Directus server"])
async def test_one_login_is_ended_at_once_everywhere(make_database: MakeDatabase, theirs: bool) -> None:
    url = await make_database(with_people)
    async with running(url) as site, running(url) as other:
        tokens = data(await login(site))
        if theirs:
            await change(
                site.database,
                "update directus_sessions set token = $1",
                "uw503uidN5cg2CkMnnmIntq-5vjbZMsVTS-qFOedtu-2oFNTqT0Qv8wDBdkqwg_P",
            )
        (lost,) = await listed(site, token="ada-token")
        kept = cookie_of(await login(site, mode="session"))
        if not theirs:
            assert await gets_in(other, token=tokens["access_token"])
        answer = await site.ask("DELETE", f"{PATH}/{lost['id']}", headers={"cookie": kept})
        assert (answer.status, answer.body) == (204, b"")
        for each in (site, other):
            refused = await each.ask("POST", "/auth/refresh", {"refresh_token": tokens["refresh_token"]})
            assert refused.status == 401
            assert not await gets_in(each, token=tokens["access_token"])
            assert await gets_in(each, headers={"cookie": kept})
        assert len(await listed(site, token="ada-token")) == 1


async def test_all_others_are_ended(site: Site) -> None:
    tokens = [data(await login(site)) for _ in range(3)]
    eve = data(await login(site, email="eve@example.com", password="eve's password"))
    mine = cookie_of(await login(site, mode="session"))
    assert (await site.ask("DELETE", PATH, headers={"cookie": mine})).status == 204
    for each in tokens:
        assert not await gets_in(site, token=each["access_token"])
    assert await gets_in(site, headers={"cookie": mine})
    assert await gets_in(site, token=eve["access_token"])
    assert [one["current"] for one in await listed(site, headers={"cookie": mine})] == [True]
    # a static token is no login: all are others
    assert (await site.ask("DELETE", PATH, token="ada-token")).status == 204
    assert not await gets_in(site, headers={"cookie": mine})
    assert await gets_in(site, token="ada-token")
    assert await gets_in(site, token=eve["access_token"])


async def test_only_one_s_own(site: Site) -> None:
    await login(site)
    (ada,) = await listed(site, token="ada-token")
    for token in ("eve-token", ADMIN_TOKEN):
        assert await listed(site, token=token) == []
        for name in (ada["id"], "x", "%00", "0" * 32):
            answer = await site.ask("DELETE", f"{PATH}/{name}", token=token)
            assert (answer.status, code(answer)) == (403, "FORBIDDEN"), name
    assert len(await listed(site, token="ada-token")) == 1
    for method, path in (("GET", PATH), ("DELETE", PATH), ("DELETE", f"{PATH}/{ada['id']}")):
        answer = await site.ask(method, path)
        assert (answer.status, code(answer)) == (401, "INVALID_CREDENTIALS")
    for method, path in (("POST", PATH), ("PATCH", PATH), ("GET", f"{PATH}/x"), ("DELETE", f"{PATH}/x/y")):
        answer = await site.ask(method, path, {}, token="ada-token")
        assert (answer.status, code(answer)) == (404, "ROUTE_NOT_FOUND"), (method, path)


async def test_the_same_through_graphql(site: Site) -> None:
    async def ask(text: str, token: str = "ada-token") -> Any:
        answer = await site.ask("POST", "/graphql/system", {"query": text}, token=token)
        return json.loads(answer.body)

    tokens = data(await login(site))
    data(await login(site))
    query = "{ users_me_sessions { id current expires ip user_agent origin } }"
    assert (await ask(query))["data"]["users_me_sessions"] == await listed(site, token="ada-token")
    (mine,) = [one for one in await listed(site, token=tokens["access_token"]) if one["current"]]
    ended = await ask("mutation { delete_users_me_sessions }", tokens["access_token"])
    assert ended == {"data": {"delete_users_me_sessions": True}}
    assert [one["id"] for one in await listed(site, token="ada-token")] == [mine["id"]]
    text = f'mutation {{ delete_users_me_session(id: "{mine["id"]}") }}'
    assert (await ask(text, "eve-token"))["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert await ask(text) == {"data": {"delete_users_me_session": True}}
    assert not await gets_in(site, token=tokens["access_token"])
