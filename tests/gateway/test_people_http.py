"""Routes of users beside their rows: what they take, whom they are for, what they leave behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.conftest import MakeDatabase
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
from tests.support.writers import rows

TOKEN = "token-of-u"


@pytest.fixture
async def site(make_database: MakeDatabase) -> AsyncIterator[Site]:
    async with running(await make_database(seed_system)) as opened:
        yield opened


async def test_where_somebody_was_last(site: Site) -> None:
    """Without any right; nothing else is written, and there is no history of it."""
    user = await add_user(site.database, "u@example.com", token=TOKEN)
    page = {"last_page": "/content/articles", "first_name": "x", "role": None}
    answer = await site.ask("PATCH", "/users/me/track/page", page, token=TOKEN)
    assert (answer.status, answer.body) == (204, b"")
    found = await rows(site, f"select last_page, first_name from directus_users where id = '{user}'")
    assert [tuple(row) for row in found] == [("/content/articles", None)]
    assert await rows(site, "select id from directus_activity where action = 'update'") == []
    refused: tuple[tuple[Any, str], ...] = (
        ({}, "INVALID_PAYLOAD"),
        ([], "INVALID_PAYLOAD"),
        ({"last_page": None}, "INVALID_PAYLOAD"),
        ({"last_page": ""}, "INVALID_PAYLOAD"),
        ({"last_page": 5}, "INVALID_PAYLOAD"),
        ({"last_page": "/\x00"}, "INVALID_PAYLOAD"),
        ({"last_page": "/" + "x" * 255}, "VALUE_TOO_LONG"),
    )
    for body, told in refused:
        answer = await site.ask("PATCH", "/users/me/track/page", body, token=TOKEN)
        assert (answer.status, code(answer)) == (400, told), body
        assert code(await site.ask("PATCH", "/users/me/track/page", body)) == "INVALID_CREDENTIALS"
    for method in ("GET", "POST", "DELETE"):
        assert (await site.ask(method, "/users/me/track/page", {}, token=TOKEN)).status == 404


async def test_a_change_of_oneself_takes_the_right_to_it(site: Site) -> None:
    """`/users/me` is no way around the permissions of users; the answer is what was asked for."""
    user = await add_user(site.database, "u@example.com", token=TOKEN)
    answer = await site.ask("PATCH", "/users/me", {"first_name": "x"}, token=TOKEN)
    assert (answer.status, code(answer)) == (403, "FORBIDDEN")
    policy = await add_policy(site.database, user=user)
    mine = {"id": {"_eq": "$CURRENT_USER"}}
    await grant(site.database, policy, "directus_users", "update", fields="first_name", rule=mine)
    await site.project.epochs.bump_access()
    assert (await site.ask("PATCH", "/users/me", {"first_name": "x"}, token=TOKEN)).status == 204
    await grant(site.database, policy, "directus_users", fields="id,first_name,email", rule=mine)
    await site.project.epochs.bump_access()
    answer = await site.ask("PATCH", "/users/me?fields=first_name", {"first_name": "y"}, token=TOKEN)
    assert data(answer) == {"first_name": "y"}
    for body in ({"last_name": "x"}, {"status": "active"}, {"first_name": "z", "role": None}):
        answer = await site.ask("PATCH", "/users/me", body, token=TOKEN)
        assert (answer.status, code(answer)) == (403, "FORBIDDEN"), body


async def test_one_s_own_roles_and_flags(site: Site) -> None:
    parent = await add_role(site.database, "parent")
    role = await add_role(site.database, "child", parent=parent)
    await add_policy(site.database, role=parent, app_access=True)
    await add_user(site.database, "u@example.com", token=TOKEN, role=role)
    await site.project.epochs.bump_access()
    own = data(await site.ask("GET", "/roles/me?fields=name", token=TOKEN))
    assert sorted(one["name"] for one in own) == ["child", "parent"]
    flags = data(await site.ask("GET", "/policies/me/globals", token=TOKEN))
    assert flags == {"app_access": True, "admin_access": False, "enforce_tfa": False}
    assert data(await site.ask("GET", "/policies/me/globals")) == {"app_access": False}
    assert data(await site.ask("GET", "/policies/me/globals", token=ADMIN_TOKEN))["admin_access"]
    assert (await site.ask("GET", "/roles/me")).status == 403


async def test_rights_to_a_singleton_tell_its_fields_and_presets(site: Site) -> None:
    """Those of creating it while it is not there; what nobody granted is as it is for other items."""
    columns = "id integer primary key, a varchar(20), b varchar(20)"
    await change(site.database, f"create table single ({columns})")
    await change(site.database, f"create table many ({columns})")
    await change(site.database, "insert into many values (1, 'x', null), (2, 'y', null)")
    await add_singleton(site, "single")
    user = await add_user(site.database, "u@example.com", token=TOKEN)
    policy = await add_policy(site.database, user=user)

    async def rights(target: str) -> Any:
        await site.project.epochs.bump_access()
        return data(await site.ask("GET", f"/permissions/me/{target}", token=TOKEN))

    none = {action: {"access": False} for action in ("update", "delete", "share")}
    assert await rights("single") == await rights("single/1") == await rights("many/1") == none
    await grant(
        site.database, policy, "single", "update", fields="a", rule={"a": {"_neq": "no"}}, presets={"b": "z"}
    )
    await grant(site.database, policy, "many", "update", fields="a", rule={"a": {"_eq": "x"}})
    assert (await rights("single"), await rights("single/1")) == (none, none)
    assert (await rights("many/1"))["update"] == {"access": True}
    assert (await rights("many/2"), await rights("many/9")) == (none, none)
    own = {"a": "$CURRENT_USER", "id": "$CURRENT_USER.email"}
    await grant(site.database, policy, "single", "create", fields="b", presets=own)
    created = {"access": True, "fields": ["b"], "presets": {**own, "a": user}}
    assert (await rights("single"))["update"] == created
    await change(site.database, "insert into single values (1, 'yes', null)")
    changed = {"access": True, "fields": ["a"], "presets": {"b": "z"}}
    assert (await rights("single"))["update"] == (await rights("single/1"))["update"] == changed
    await change(site.database, "update single set a = 'no'")
    assert (await rights("single"), await rights("single/1")) == (none, none)
    told = data(await site.ask("GET", "/permissions/me", token=TOKEN))["single"]
    assert told["create"] == {"access": "full", "fields": ["b"], "presets": {**own, "a": user}}
    full = {action: {"access": True} for action in ("update", "delete", "share")}
    assert data(await site.ask("GET", "/permissions/me/single", token=ADMIN_TOKEN)) == full


async def add_singleton(site: Site, name: str) -> None:
    sql = "insert into directus_collections (collection, singleton) values ($1, $2)"
    await change(site.database, sql, name, True)
    assert (await site.ask("POST", "/utils/cache/clear", token=ADMIN_TOKEN)).status == 200
