"""Guessing and flooding: what is tried too often is refused, alike for what is there and what is not.

GHSA-g293-vf99-xv36: a login by GraphQL is a login, each counts.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from resolvers.secrets import Hasher
from tests.conftest import MakeDatabase
from tests.support.asgi import Answer
from tests.support.project import ADMIN_TOKEN, Site, add_user, change, code, data, running, seed_system
from tests.support.redis import RedisServer

ADA = {"email": "ada@example.com", "password": "ada's password"}
#: the address of the client is what its proxy says
BEHIND_A_PROXY = {"IP_TRUST_PROXY": "1"}


async def with_ada(url: str) -> None:
    await seed_system(url)
    async with running(url) as site:
        await add_user(site.database, **ADA)
        await change(site.database, "update directus_settings set auth_login_attempts = 3")


@pytest.fixture
async def site(make_database: MakeDatabase) -> AsyncIterator[Site]:
    async with running(await make_database(with_ada), **BEHIND_A_PROXY) as running_site:
        yield running_site


async def login(site: Site, *, ip: str = "192.0.2.1", **values: Any) -> Answer:
    headers = {"x-forwarded-for": ip}
    return await site.ask("POST", "/auth/login", {**ADA, "password": "wrong", **values}, headers=headers)


async def statuses(site: Site, times: int, **values: Any) -> list[int]:
    return [(await login(site, **values)).status for _ in range(times)]


# --- logins -------------------------------------------------------------------------------------------


async def test_guesses_are_counted(site: Site) -> None:
    assert await statuses(site, 5) == [401, 401, 401, 429, 429]
    refused = await login(site, password=ADA["password"])
    assert (refused.status, code(refused)) == (429, "REQUESTS_EXCEEDED")
    facts = json.loads(refused.body)["errors"][0]["extensions"]
    assert facts["limit"] == 3
    assert facts["reset"].endswith("Z")
    assert 1 <= int(refused.headers["retry-after"]) <= 900
    # in any case of the letters
    assert (await login(site, email="ADA@example.com", password=ADA["password"])).status == 429
    # elsewhere she still gets in
    assert (await login(site, ip="192.0.2.2", password=ADA["password"])).status == 200


async def test_a_login_forgets_the_guesses_before_it(site: Site) -> None:
    for _ in range(3):
        assert await statuses(site, 2) == [401, 401]
        assert (await login(site, password=ADA["password"])).status == 200


async def test_nobody_is_told_whether_there_is_an_account(site: Site) -> None:
    await add_user(site.database, "suspended@example.com", password="p", status="suspended")
    await add_user(site.database, "sso@example.com", password="p", provider="github")
    answers = {}
    for email in (ADA["email"], "nobody@example.com", "suspended@example.com", "sso@example.com"):
        given = [await login(site, email=email) for _ in range(5)]
        assert [answer.status for answer in given] == [401, 401, 401, 429, 429]
        facts = json.loads(given[-1].body)["errors"][0]["extensions"]
        answers[email] = (facts["limit"], sorted(facts), sorted(set(given[-1].headers)))
    assert len({str(answer) for answer in answers.values()}) == 1


async def test_what_is_refused_costs_no_hash(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = 0
    verify = Hasher.verify

    async def counted(self: Hasher, stored: str, secret: str) -> bool:
        nonlocal hashed
        hashed += 1
        return await verify(self, stored, secret)

    monkeypatch.setattr(Hasher, "verify", counted)
    # at the same time, too
    answers = await asyncio.gather(*(login(site) for _ in range(20)))
    assert sorted(answer.status for answer in answers) == [401] * 3 + [429] * 17
    assert hashed == 3


async def test_one_password_for_every_account(site: Site) -> None:
    tried = [(await login(site, email=f"user{number}@example.com")).status for number in range(35)]
    assert tried == [401] * 30 + [429] * 5
    # an account of one's own does not help
    assert (await login(site, password=ADA["password"])).status == 429
    assert (await login(site, ip="192.0.2.2", password=ADA["password"])).status == 200


async def test_one_account_from_many_addresses(site: Site) -> None:
    tried = [(await login(site, ip=f"198.51.100.{number}")).status for number in range(35)]
    assert tried == [401] * 30 + [429] * 5


@pytest.mark.parametrize("through", ["rest", "sql"])
async def test_the_settings_say_how_often(site: Site, through: str) -> None:
    async def set_to(attempts: int | None) -> None:
        if through == "sql":
            await change(site.database, "update directus_settings set auth_login_attempts = $1", attempts)
            await site.project.epochs.bump_access()
            return
        data(await site.ask("PATCH", "/settings", {"auth_login_attempts": attempts}, token=ADMIN_TOKEN))

    assert await statuses(site, 4) == [401, 401, 401, 429]
    await set_to(6)
    assert await statuses(site, 3) == [401, 401, 429]
    await set_to(None)
    assert await statuses(site, 10) == [401] * 10


async def test_graphql_logins_count(site: Site) -> None:
    """GHSA-g293-vf99-xv36."""

    async def ask(query: str) -> Any:
        answer = await site.ask(
            "POST", "/graphql/system", {"query": query}, headers={"x-forwarded-for": "192.0.2.1"}
        )
        return json.loads(answer.body)["errors"][0]["extensions"]["code"]

    one = 'auth_login(email: "ada@example.com", password: "wrong") { expires }'
    assert await ask(f"mutation {{ a: {one} b: {one} }}") == "GRAPHQL_VALIDATION"
    codes = [await ask(f"mutation {{ {one} }}") for _ in range(4)]
    assert codes == ["INVALID_CREDENTIALS"] * 3 + ["REQUESTS_EXCEEDED"]
    assert (await login(site)).status == 429


async def test_aliases_count_each(make_database: MakeDatabase) -> None:
    """GHSA-g293-vf99-xv36, where somebody allows several logins in one request."""
    url = await make_database(with_ada)
    async with running(url, GRAPHQL_SINGLE_USE_MUTATIONS="auth_refresh") as site:
        one = 'auth_login(email: "ada@example.com", password: "wrong") { expires }'
        query = "mutation { " + " ".join(f"a{number}: {one}" for number in range(5)) + " }"
        answer = await site.ask("POST", "/graphql/system", {"query": query})
    codes = [error["extensions"]["code"] for error in json.loads(answer.body)["errors"]]
    assert codes == ["INVALID_CREDENTIALS"] * 3 + ["REQUESTS_EXCEEDED"] * 2


async def test_workers_count_logins_together(make_database: MakeDatabase, redis: RedisServer) -> None:
    url = await make_database(with_ada)
    values = {"RATE_LIMITER_STORE": "redis", "REDIS": redis.url, "SECRET": uuid.uuid4().hex}
    async with running(url, **values) as one, running(url, **values) as other:
        tried = [(await login(site)).status for site in (one, other, one, other, one)]
    assert tried == [401, 401, 401, 429, 429]


# --- requests -----------------------------------------------------------------------------------------

NAMES = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
PER_ADDRESS = {"RATE_LIMITER_ENABLED": "true", "RATE_LIMITER_POINTS": "3", "RATE_LIMITER_DURATION": "600"}


async def get(site: Site, path: str = "/server/info", *, ip: str = "192.0.2.1", **headers: str) -> Answer:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return await site.ask("GET", path, headers={"x-forwarded-for": ip, **sent})


async def test_every_answer_tells_how_one_stands(make_database: MakeDatabase) -> None:
    url = await make_database(with_ada)
    async with running(url, **PER_ADDRESS, **BEHIND_A_PROXY) as site:
        answers = [
            await get(site, path) for path in ("/server/info", "/nowhere", "/users/me", "/server/info")
        ]
        elsewhere = await get(site, ip="192.0.2.2")
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert [answer.headers["x-ratelimit-limit"] for answer in answers] == ["3"] * 4
    assert len({answer.headers["x-ratelimit-reset"] for answer in answers}) == 1
    assert [answer.status for answer in answers] == [200, 404, 401, 429]
    refused = answers[-1]
    assert code(refused) == "REQUESTS_EXCEEDED"
    assert 1 <= int(refused.headers["retry-after"]) <= 600
    assert (elsewhere.status, elsewhere.headers["x-ratelimit-remaining"]) == (200, "2")


async def test_nothing_is_said_where_nothing_is_bounded(site: Site) -> None:
    answer = await get(site)
    assert not set(NAMES) & set(answer.headers)


async def test_all_together(make_database: MakeDatabase) -> None:
    values = {f"RATE_LIMITER_GLOBAL_{name}": value for name, value in (("ENABLED", "true"), ("POINTS", "3"))}
    url = await make_database(with_ada)
    async with running(url, **values, RATE_LIMITER_GLOBAL_DURATION="600", **BEHIND_A_PROXY) as site:
        answers = [await get(site, ip=f"192.0.2.{number}") for number in range(5)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429, 429]


async def test_a_flood_is_refused_before_anything_costs(make_database: MakeDatabase) -> None:
    """Neither the body is read nor anybody looked up."""
    url = await make_database(with_ada)
    async with running(url, **PER_ADDRESS, MAX_PAYLOAD_SIZE="1kb") as site:
        for _ in range(3):
            await site.ask("GET", "/server/info")
        large = await site.ask("POST", "/auth/login", b"x" * 5000)
        wrong = await site.ask("GET", "/items/x", token="a-wrong-token")
    assert (large.status, wrong.status) == (429, 429)


async def test_other_origins_see_their_refusals(make_database: MakeDatabase) -> None:
    origin = "https://app.example"
    url = await make_database(with_ada)
    async with running(url, **PER_ADDRESS, CORS_ENABLED="true", CORS_ORIGIN=origin) as site:
        for _ in range(5):
            # asked by browsers on their own: never counted, never refused
            preflight = await site.ask(
                "OPTIONS", "/items/x", headers={"origin": origin, "access-control-request-method": "PATCH"}
            )
            assert preflight.status == 204
            assert not set(NAMES) & set(preflight.headers)
        answers = [await get(site, origin=origin) for _ in range(4)]
        foreign = await get(site, origin="https://evil.example")
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].headers["access-control-allow-origin"] == origin
    assert answers[-1].headers["vary"] == "Origin"
    assert foreign.status == 429
    assert "access-control-allow-origin" not in foreign.headers


@pytest.mark.parametrize("store", ["memory", "redis"])
async def test_workers_count_requests(make_database: MakeDatabase, redis: RedisServer, store: str) -> None:
    url = await make_database(with_ada)
    values = {"RATE_LIMITER_STORE": store, "REDIS": redis.url, "SECRET": uuid.uuid4().hex, **PER_ADDRESS}
    async with running(url, **values) as one, running(url, **values) as other:
        tried = [(await get(site)).status for site in (one, other, one, other, one, other)]
    assert tried == ([200] * 6 if store == "memory" else [200] * 3 + [429] * 3)


async def test_without_redis_nothing_fails(make_database: MakeDatabase) -> None:
    url = await make_database(with_ada)
    values = {"RATE_LIMITER_STORE": "redis", "REDIS": "redis://127.0.0.1:1", **PER_ADDRESS}
    async with running(url, **values) as site:
        assert [(await get(site)).status for _ in range(4)] == [200, 200, 200, 429]
    async with running(url, RATE_LIMITER_STORE="redis", REDIS="redis://127.0.0.1:1") as site:
        assert await statuses(site, 4) == [401, 401, 401, 429]


@pytest.mark.parametrize("away", [False, True])
async def test_health_looks_at_redis(make_database: MakeDatabase, redis: RedisServer, away: bool) -> None:
    address = "redis://127.0.0.1:1" if away else redis.url
    values = {"HEALTHCHECK_SERVICES": "redis", "RATE_LIMITER_STORE": "redis", "REDIS": address}
    async with running(await make_database(with_ada), **values, DB_HEALTHCHECK_THRESHOLD="60000") as site:
        answer = await site.ask("GET", "/server/health", token=ADMIN_TOKEN)
    told = json.loads(answer.body)
    (check,) = told["checks"]["redis:responseTime"]
    assert answer.status == 200
    assert (told["status"], check["componentType"]) == ("warn" if away else "ok", "cache")
    assert ("observedValue" in check) is not away


async def test_the_server_tells_its_limits(make_database: MakeDatabase) -> None:
    everybody = {"RATE_LIMITER_GLOBAL_ENABLED": "true", "RATE_LIMITER_GLOBAL_POINTS": "700"}
    url = await make_database(with_ada)
    async with running(url, **everybody, **{**PER_ADDRESS, "RATE_LIMITER_POINTS": "300"}) as site:
        info = data(await site.ask("GET", "/server/info", token=ADMIN_TOKEN))
        query = {
            "query": "{ server_info { rateLimit { points duration } rateLimitGlobal { points duration } } }"
        }
        told = data(await site.ask("POST", "/graphql/system", query, token=ADMIN_TOKEN))["server_info"]
    each, everybodys = {"points": 300, "duration": 600}, {"points": 700, "duration": 1}
    assert told == {"rateLimit": each, "rateLimitGlobal": everybodys}
    assert (info["rateLimit"], info["rateLimitGlobal"]) == (each, everybodys)
