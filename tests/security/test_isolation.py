"""Each caller gets its own rows, in every order, from shared plans and memories (GHSA-c6w9-5g5j-jh2p)."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from schema_gen.database import open_database
from tests.conftest import MakeDatabase
from tests.support.asgi import Wire, http_scope
from tests.support.project import (
    ADMIN_TOKEN,
    Site,
    add_policy,
    add_role,
    add_user,
    change,
    code,
    data,
    grant,
    running,
    seed_system,
)

OWN = {"owner": {"_eq": "$CURRENT_USER.email"}}


async def with_notes(url: str) -> None:
    await seed_system(url)
    database = await open_database(url)
    async with database.transaction() as transaction:
        await transaction.execute("create table notes (id integer primary key, owner varchar(90), text text)")
        await transaction.execute(
            "insert into notes values (1, 'ada@x.y', 'a'), (2, 'eve@x.y', 'b'), (3, null, 'c')"
        )
    await database.close()


@pytest.fixture
async def site(make_database: MakeDatabase) -> AsyncIterator[Site]:
    async with running(await make_database(with_notes)) as running_site:
        yield running_site


async def notes(site: Site, token: str | None, ip: str = "192.0.2.1") -> list[int] | str:
    """The ids seen, or the refusal's code."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    wire = Wire().body(b"")
    scope = http_scope("GET", "/items/notes?fields=id&sort=id", headers) | {"client": (ip, 5)}
    await site.application(scope, wire.receive, wire.send)
    answer = wire.answer
    if answer.status != 200:
        return code(answer)
    return [item["id"] for item in data(answer)]


async def test_every_caller_its_own_rows_in_every_order(site: Site) -> None:
    role = await add_role(site.database, "writer")
    policy = await add_policy(site.database, role=role)
    await grant(site.database, policy, "notes", rule=OWN)
    for name in ("ada", "eve"):
        await add_user(site.database, f"{name}@x.y", token=name, role=role)
    await grant(
        site.database, await add_policy(site.database, public=True), "notes", rule={"owner": {"_null": True}}
    )
    expected: dict[str | None, Any] = {"ada": [1], "eve": [2], None: [3], ADMIN_TOKEN: [1, 2, 3]}
    for order in itertools.permutations(expected):
        for token in order:
            assert await notes(site, token) == expected[token]
    for _ in range(2):
        assert await notes(site, "nobody") == "INVALID_CREDENTIALS"


async def test_a_policy_bound_to_addresses_does_not_leak_to_others(site: Site) -> None:
    user = await add_user(site.database, "ada@x.y", token="ada")
    policy = await add_policy(site.database, user=user, ip_access="10.0.0.0/8")
    await grant(site.database, policy, "notes")
    public = await add_policy(site.database, public=True, ip_access="172.16.0.0/12")
    await grant(site.database, public, "notes", rule={"id": {"_eq": 3}})
    for _ in range(2):
        assert await notes(site, "ada", "10.0.0.5") == [1, 2, 3]
        assert await notes(site, "ada", "192.0.2.1") == "FORBIDDEN"
        assert await notes(site, None, "172.16.0.1") == [3]
        assert await notes(site, None, "10.0.0.5") == "FORBIDDEN"
        assert await notes(site, "ada", "172.16.0.1") == [3]


async def test_a_change_of_role_is_seen_by_the_next_request(site: Site) -> None:
    roles = {}
    for name, rule in (("all", None), ("own", OWN)):
        roles[name] = await add_role(site.database, name)
        await grant(site.database, await add_policy(site.database, role=roles[name]), "notes", rule=rule)
    await add_user(site.database, "ada@x.y", token="ada", role=roles["all"])
    assert await notes(site, "ada") == [1, 2, 3]
    for role, seen in (
        (roles["own"], [1]),
        (None, "FORBIDDEN"),
        (roles["all"], [1, 2, 3]),
    ):
        await change(site.database, "update directus_users set role = $1 where token = 'ada'", role)
        await site.project.epochs.bump_access()
        assert await notes(site, "ada") == seen


async def test_the_least_that_apps_need_is_one_s_own(site: Site) -> None:
    """GHSA-r9xq-xp38-j4j3: app access reads neither keys from the settings nor anybody else."""
    user = await add_user(site.database, "ada@x.y", token="ada")
    await add_policy(site.database, user=user, app_access=True)
    await add_user(site.database, "eve@x.y", token="eve")
    await change(site.database, "update directus_settings set ai_openai_api_key = 'sk-secret'")

    async def get(path: str) -> Any:
        return await site.ask("GET", path, token="ada")

    settings = data(await get("/settings"))
    assert settings["project_url"] is None
    assert not [name for name in settings if name.endswith("_api_key") or name.startswith("license")]
    for path in (
        "/settings?fields=ai_openai_api_key",
        "/users?fields=token",
        "/users?filter[email][_eq]=eve@x.y&fields=id,token",
        "/policies",
        "/permissions",
        "/access",
    ):
        answer = await get(path)
        assert (answer.status, code(answer)) == (403, "FORBIDDEN"), path
        assert b"sk-secret" not in answer.body
    for test in ("_null", "_nnull"):  # a singleton is not filtered, so that a filter tells nothing
        assert data(await get(f"/settings?filter[ai_openai_api_key][{test}]=true")) == settings
    assert [row["id"] for row in data(await get("/users"))] == [user]
    assert data(await get("/users?filter[email][_eq]=eve@x.y")) == []
    assert data(await get("/roles")) == []
    assert "sk-secret" not in json.dumps(settings)


@pytest.mark.parametrize("operator", ["_eq", "_starts_with", "_contains", "_gt", "_in"])
async def test_hashes_and_tokens_are_no_oracle(site: Site, operator: str) -> None:
    """GHSA-m5q3-8wgf-x8xf, GHSA-8jpw-gpr4-8cmh, GHSA-38hg-ww64-rrwc: not even for administrators."""
    for field in ("password", "token", "tfa_secret"):
        answer = await site.ask("GET", f"/users?filter[{field}][{operator}]=$argon", token=ADMIN_TOKEN)
        assert answer.status in (400, 403)
        for query in (f"aggregate[min]={field}", f"groupBy[]={field}", f"sort={field}"):
            answer = await site.ask("GET", f"/users?{query}", token=ADMIN_TOKEN)
            assert answer.status in (400, 403), query
            assert ADMIN_TOKEN.encode() not in answer.body
    assert data(await site.ask("GET", f"/users?search={ADMIN_TOKEN}", token=ADMIN_TOKEN)) == []
    me = data(await site.ask("GET", "/users/me?alias[h]=password&fields=h,token", token=ADMIN_TOKEN))
    assert me == {"h": "**********", "token": "**********"}
