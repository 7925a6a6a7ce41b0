"""`/server/*` and `/policies/me/globals`, `/permissions/me`: what the server tells whom."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from importlib.metadata import version
from typing import Any

import pytest

from resolvers.behaviors.server import Server
from schema_gen.errors import service_unavailable
from tests.conftest import MakeDatabase
from tests.support.mail import mailbox
from tests.support.project import (
    ADMIN_TOKEN,
    Site,
    add_policy,
    add_user,
    change,
    code,
    data,
    grant,
    running,
    seed_system,
)

PROJECT = [
    *("project_name", "project_descriptor", "project_logo", "project_color", "default_appearance"),
    *("default_theme_light", "default_theme_dark", "theme_light_overrides", "theme_dark_overrides"),
    *("default_language", "public_foreground", "public_background", "public_favicon", "public_note"),
    *("custom_css", "public_registration", "public_registration_verify_email"),
]


@pytest.fixture
async def site(make_database: MakeDatabase) -> AsyncIterator[Site]:
    url = await make_database(seed_system)
    # a busy machine must not make the database look slow
    async with running(
        url, DB_HEALTHCHECK_THRESHOLD="60000", HEALTHCHECK_SERVICES="database"
    ) as running_site:
        await add_user(running_site.database, "ada@example.com", token="ada")
        yield running_site


async def get(site: Site, path: str, token: str | None = None) -> Any:
    return data(await site.ask("GET", path, token=token))


# --- info ----------------------------------------------------------------------------------------------


async def test_info_for_the_public(site: Site) -> None:
    info = await get(site, "/server/info")
    assert list(info) == ["project", "license"]
    assert list(info["project"]) == PROJECT
    assert info["project"]["project_name"] == "Causeway"
    assert info["project"]["public_registration"] is False
    assert info["project"]["public_registration_verify_email"] is True


async def test_info_for_users(site: Site) -> None:
    info = await get(site, "/server/info", "ada")
    assert info["queryLimit"] == {"default": 100, "max": 50_000}
    assert info["rateLimit"] is False
    assert info["websocket"] is False
    assert "version" not in info


async def test_info_for_administrators(site: Site) -> None:
    """GHSA-5mhg-wv8w-p59j, GHSA-rmjh-cf9q-pv7q: the exact version is for administrators."""
    assert (await get(site, "/server/info", ADMIN_TOKEN))["version"] == version("causeway")
    for token in (None, "ada"):
        answer = await site.ask("GET", "/server/info", token=token)
        assert version("causeway") not in f"{answer.body.decode()}{dict(answer.headers)}"


async def test_info_shows_the_settings(site: Site) -> None:
    sql = """update directus_settings set project_name = 'My "Site"', public_registration = true,
             theme_light_overrides = '{"a":[1]}', custom_css = ''"""
    await change(site.database, sql)
    project = (await get(site, "/server/info"))["project"]
    assert project["project_name"] == 'My "Site"'
    assert project["public_registration"] is True
    assert project["theme_light_overrides"] == {"a": [1]}
    assert project["custom_css"] == ""


async def test_info_without_system_tables(database_url: str) -> None:
    async with running(database_url) as site:
        assert (await get(site, "/server/info"))["project"]["project_name"] == "Causeway"


# --- health --------------------------------------------------------------------------------------------


async def test_health_is_not_for_the_public(site: Site) -> None:
    answer = await site.ask("GET", "/server/health")
    assert (answer.status, code(answer)) == (403, "FORBIDDEN")
    assert (await site.ask("GET", "/server/health", token="nope")).status == 401


async def test_health_for_users(site: Site) -> None:
    answer = await site.ask("GET", "/server/health", token="ada")
    assert answer.headers["content-type"] == "application/health+json; charset=utf-8"
    assert json.loads(answer.body) == {"status": "ok"}


async def test_health_for_administrators(site: Site, dialect: str) -> None:
    answer = await site.ask("GET", "/server/health", token=ADMIN_TOKEN)
    health = json.loads(answer.body)
    assert list(health) == ["status", "releaseId", "serviceId", "checks"]
    ((name, (check,)),) = health["checks"].items()
    assert name == ("sqlite3:responseTime" if dialect == "sqlite" else "pg:responseTime")
    assert check["componentType"] == "datastore"
    assert check["observedUnit"] == "ms"
    assert check["status"] == "ok"
    assert 0 < check["observedValue"] < check["threshold"] == 60_000


async def test_asking_often_is_one_check(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """GHSA-6q22-g298-grjh: however often health is asked for, the database is asked once."""
    pings = 0
    ping = type(site.database).ping

    async def counted(self: Any) -> None:
        nonlocal pings
        pings += 1
        await ping(self)

    monkeypatch.setattr(type(site.database), "ping", counted)
    monkeypatch.setattr("resolvers.behaviors.server._REPORT_LIFE", 1000.0)
    for _ in range(20):
        assert (await site.ask("GET", "/server/health", token=ADMIN_TOKEN)).status == 200
    assert pings == 1


async def test_health_of_a_database_that_does_not_answer(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def gone(self: Any) -> None:
        raise service_unavailable("database", "Cannot be reached", retry_after=1)

    await site.ask("GET", "/server/info", token=ADMIN_TOKEN)
    monkeypatch.setattr(type(site.database), "ping", gone)
    answer = await site.ask("GET", "/server/health", token=ADMIN_TOKEN)
    assert answer.status == 503
    health = json.loads(answer.body)
    assert health["status"] == "error"
    ((check,),) = health["checks"].values()
    assert check["output"] == 'Service "database" is unavailable. Cannot be reached.'


async def test_health_of_the_way_that_mails_leave_by(
    make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mails that cannot leave are told, and keep nobody from being served."""
    # a busy machine must not make the mail server look slow
    monkeypatch.setattr("resolvers.mail.connection._PATIENCE", 30.0)
    url = await make_database(seed_system)

    async def health(**values: str) -> tuple[int, dict[str, Any]]:
        async with running(url, DB_HEALTHCHECK_THRESHOLD="60000", **values) as site:
            answer = await site.ask("GET", "/server/health", token=ADMIN_TOKEN)
            return answer.status, json.loads(answer.body)

    def part(health: dict[str, Any]) -> dict[str, Any]:
        (check,) = health["checks"]["email:connection"]
        return dict(check)

    status, without = await health()
    assert (status, without["status"]) == (200, "warn")
    assert part(without) == {
        "status": "warn",
        "componentType": "email",
        "output": "no transport is configured: mails go to the log",
    }
    async with mailbox() as box:
        status, well = await health(**box.settings)
        assert (status, well["status"]) == (200, "ok")
        assert part(well) == {"status": "ok", "componentType": "email"}
    status, dead = await health(**box.settings)
    assert (status, dead["status"], part(dead)["status"]) == (200, "warn", "error")
    assert f"127.0.0.1 on port {box.port}" in part(dead)["output"]
    status, nothing = await health(HEALTHCHECK_SERVICES="redis")
    assert (status, nothing["status"], nothing["checks"]) == (200, "ok", {})


async def test_a_slow_database_warns(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    server = site.project.server
    facts = type(server._facts)(
        version="1",
        public_url="/",
        query_limit_default=1,
        query_limit_max=1,
        health_threshold=-1,
        health_services=frozenset({"database"}),
    )
    slow = Server(site.database, server._snapshot, facts, site.project.post.connection)
    assert (await slow._check()).status == "warn"


async def test_health_may_be_switched_off(make_database: MakeDatabase) -> None:
    async with running(await make_database(seed_system), HEALTHCHECK_ENABLED="false") as site:
        assert (await site.ask("GET", "/server/health", token=ADMIN_TOKEN)).status == 404
        assert ("system", "query", "server_health") not in site.project.engine.calls.roots


async def test_ping_and_unknown_routes(site: Site) -> None:
    ping = await site.ask("GET", "/server/ping")
    assert (ping.status, ping.body) == (200, b"pong")
    assert ping.headers["content-type"] == "text/html; charset=utf-8"
    for method, path in (("POST", "/server/ping"), ("GET", "/server/nope"), ("POST", "/server/info")):
        answer = await site.ask(method, path, token=ADMIN_TOKEN)
        assert (answer.status, code(answer)) == (404, "ROUTE_NOT_FOUND")


# --- what may I ------------------------------------------------------------------------------------------


async def test_globals(site: Site) -> None:
    user = await add_user(site.database, "app@example.com", token="app")
    await add_policy(site.database, user=user, app_access=True, enforce_tfa=True)
    assert await get(site, "/policies/me/globals") == {"app_access": False}
    nothing = {"app_access": False, "admin_access": False, "enforce_tfa": False}
    assert await get(site, "/policies/me/globals", "ada") == nothing
    assert await get(site, "/policies/me/globals", "app") == {
        **nothing,
        "app_access": True,
        "enforce_tfa": True,
    }
    everything = {**nothing, "app_access": True, "admin_access": True}
    assert await get(site, "/policies/me/globals", ADMIN_TOKEN) == everything


async def test_permissions(site: Site) -> None:
    assert (await site.ask("GET", "/permissions/me")).status == 403
    assert await get(site, "/permissions/me", "ada") == {}
    user = await add_user(site.database, "eve@example.com", token="eve")
    policy = await add_policy(site.database, user=user)
    mine = {"id": {"_eq": "$CURRENT_USER"}}
    await grant(site.database, policy, "directus_users", fields="last_name,first_name,gone", rule=mine)
    await grant(site.database, policy, "directus_files")
    await grant(site.database, policy, "directus_files", fields="id", rule=mine)
    await grant(site.database, policy, "directus_files", "update", fields="title", rule=mine)
    await grant(site.database, policy, "gone")
    none = {"access": "none"}
    nothing = dict.fromkeys(("read", "create", "update", "delete", "share"), none)
    found = await get(site, "/permissions/me", "eve")
    assert found == {
        "directus_files": {
            **nothing,
            "read": {"access": "full", "fields": ["*"]},
            "update": {"access": "partial", "fields": ["title"]},
        },
        "directus_users": {
            **nothing,
            "read": {"access": "partial", "fields": ["first_name", "last_name"]},
        },
    }
    assert list(found["directus_files"]) == ["read", "create", "update", "delete", "share"]


async def test_permissions_of_administrators(site: Site) -> None:
    found = await get(site, "/permissions/me", ADMIN_TOKEN)
    assert set(found) == set(site.project.holder.current.snapshot.collections)
    access = {"access": "full", "fields": ["*"]}
    assert found["directus_users"] == dict.fromkeys(("create", "read", "update", "delete", "share"), access)


async def test_me(site: Site) -> None:
    user = await add_user(site.database, "app@example.com", token="app", first_name="Ada")
    assert await get(site, "/users/me", "app") == {"id": user}
    assert await get(site, "/users/me?fields=email", "app") == {"id": user}
    await add_policy(site.database, user=user, app_access=True)
    await site.project.epochs.bump_access()
    me = await get(site, "/users/me?fields=first_name,email,status", "app")
    assert me == {"first_name": "Ada", "email": "app@example.com", "status": "active"}
    answer = await site.ask("GET", "/users/me")
    assert (answer.status, code(answer)) == (401, "INVALID_CREDENTIALS")
    assert await get(site, "/users/me?fields=email,token", "app") == {"id": user}
    assert [row["id"] for row in await get(site, "/users", "app")] == [user]
