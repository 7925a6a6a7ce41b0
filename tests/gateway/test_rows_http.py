"""System collections that are no more than rows, through REST: what they protect, what follows a change."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.asgi import Answer
from tests.support.lending import Lend
from tests.support.project import ADMIN_TOKEN, Site, add_policy, add_role, add_user, data
from tests.support.writers import rows, seed_writers

NOBODY = "00000000-0000-4000-8000-00000000dead"


@pytest.fixture
async def site(lend: Lend) -> Site:
    return await lend(seed_writers)


async def ask(site: Site, method: str, path: str, payload: Any = None, token: str = ADMIN_TOKEN) -> Answer:
    return await site.ask(method, path, payload, token=token)


def refusals(answer: Answer) -> list[tuple[str, str | None, str | None]]:
    """(code, field, type or reason)"""
    return [
        (told["code"], told.get("field"), told.get("type", told.get("reason")))
        for told in (error["extensions"] for error in json.loads(answer.body)["errors"])
    ]


async def chain(site: Site, path: str) -> list[str]:
    """Three rows, each in the one before."""
    made: list[str] = []
    for name in ("a", "b", "c"):
        body = {"name": name, "parent": made[-1] if made else None}
        made.append(data(await ask(site, "POST", path, body))["id"])
    return made


@pytest.mark.parametrize(("path", "kind"), [("/roles", "role"), ("/folders", "folder")])
async def test_no_row_stands_in_itself(site: Site, path: str, kind: str) -> None:
    first, second, third = await chain(site, path)
    itself = [("INVALID_PAYLOAD", None, f"A {kind} cannot be a parent of itself")]
    below = [
        ("INVALID_PAYLOAD", None, f"A {kind} cannot have a parent that is already a descendant of itself")
    ]
    for parent, expected in ((first, itself), (second, below), (third, below)):
        answer = await ask(site, "PATCH", f"{path}/{first}", {"parent": parent})
        assert (answer.status, refusals(answer)) == (400, expected)
    answer = await ask(site, "PATCH", path, {"keys": [second, first], "data": {"parent": third}})
    assert refusals(answer) == below
    answer = await ask(site, "PATCH", f"{path}/{first}", {"parent": {"id": third, "name": "x"}})
    assert refusals(answer) == below
    table = f"directus_{path[1:]}"
    assert await rows(site, f"select name from {table} where name = 'x'") == []
    # what is no circle may move
    assert (await ask(site, "PATCH", f"{path}/{third}", {"parent": first})).status == 200
    assert (await ask(site, "PATCH", f"{path}/{second}", {"parent": third})).status == 200
    assert (await ask(site, "PATCH", f"{path}/{second}", {"parent": None})).status == 200


async def test_children_of_a_role_are_looked_at_as_well(site: Site) -> None:
    first, second, _ = await chain(site, "/roles")
    for role, children in (
        (first, [first]),
        (second, [first]),
        (second, {"create": [], "update": [], "delete": []}),
    ):
        answer = await ask(site, "PATCH", f"/roles/{role}", {"children": children})
        assert answer.status == (200 if isinstance(children, dict) else 400), answer.body


async def test_a_circle_made_behind_the_back_ends(site: Site) -> None:
    """Looking for one must not run for ever where there is another."""
    first, second, third = await chain(site, "/roles")
    async with site.database.transaction() as transaction:
        sql = site.database.native("update directus_roles set parent = $1 where id = $2")
        await transaction.execute(sql, (third, second))
    answer = await ask(site, "PATCH", f"/roles/{first}", {"parent": third})
    assert answer.status == 200


async def test_who_had_a_role_that_goes_is_suspended(site: Site) -> None:
    first, second, third = await chain(site, "/roles")
    user = await add_user(site.database, "a@example.com", role=second, token="one")
    other = await add_user(site.database, "b@example.com", role=third, token="two")
    await add_policy(site.database, role=second)
    async with site.database.transaction() as transaction:
        sql = 'insert into directus_sessions (token, "user", expires) values ($1, $2, $3)'
        await transaction.execute(
            site.database.native(sql),
            ("x", user, await _far(site)),
        )
    assert (await ask(site, "GET", "/users/me", token="one")).status == 200
    assert (await ask(site, "DELETE", f"/roles/{second}")).status == 204
    found = await rows(
        site, "select email, status, role from directus_users where email like '_@%' order by email"
    )
    assert [(row[0], row[1], None if row[2] is None else str(row[2])) for row in found] == [
        ("a@example.com", "suspended", None),
        ("b@example.com", "active", third),
    ]
    assert await rows(site, "select token from directus_sessions") == []
    assert (
        await rows(site, "select id from directus_access where role is not null and role = $1", second) == []
    )
    assert [row[0] for row in await rows(site, "select parent from directus_roles where id = $1", third)] == [
        None
    ]
    assert (await ask(site, "GET", "/users/me", token="one")).status == 401
    assert (await ask(site, "GET", "/users/me", token="two")).status == 200
    assert other
    assert first


async def _far(site: Site) -> Any:
    (row,) = await rows(site, "select 4102444800000" if site.database.dialect == "sqlite" else "select now()")
    return row[0]


async def test_a_role_that_may_not_go_leaves_everything(site: Site) -> None:
    role = await add_role(site.database, "kept")
    await add_user(site.database, "a@example.com", role=role)
    answer = await ask(site, "DELETE", "/roles", [role, NOBODY], token=await _reader(site))
    assert answer.status == 403
    assert await rows(site, "select status from directus_users where email = 'a@example.com'") == [
        ("active",)
    ]


async def _reader(site: Site) -> str:
    await add_policy(
        site.database, user=await add_user(site.database, "r@example.com", token="reader"), app_access=True
    )
    return "reader"


@pytest.mark.parametrize(
    "value", [["10.0.0.0/8", "192.168.1.1", "10.0.0.1-10.0.0.9", "::1"], "10.0.0.1,10.0.0.2", [], "", None]
)
async def test_addresses_of_a_policy(site: Site, value: Any) -> None:
    assert (await ask(site, "POST", "/policies", {"name": "p", "ip_access": value})).status == 200


@pytest.mark.parametrize("value", [["bad"], "10.0.0.1,bad", ["10.0.0.0/99"], [7], 7, ["10.0.0.9-::1"]])
async def test_addresses_that_are_none(site: Site, value: Any) -> None:
    policy = data(await ask(site, "POST", "/policies", {"name": "p"}))["id"]
    sentence = (
        "IP Access contains an incorrect value. Valid values are: IP addresses, IP ranges and CIDR blocks"
    )
    for method, path in (("POST", "/policies"), ("PATCH", f"/policies/{policy}")):
        answer = await ask(site, method, path, {"name": "p", "ip_access": value})
        assert (answer.status, refusals(answer)) == (400, [("INVALID_PAYLOAD", None, sentence)])


@pytest.mark.parametrize(
    ("path", "missing"),
    [
        ("/roles", ["name"]),
        ("/policies", ["name"]),
        ("/folders", ["name"]),
        ("/access", ["policy"]),
        ("/permissions", ["action", "collection", "policy"]),
        ("/dashboards", ["name"]),
        ("/notifications", ["recipient", "subject"]),
        ("/translations", ["key", "language", "value"]),
    ],
)
async def test_what_has_to_be_there(site: Site, path: str, missing: list[str]) -> None:
    answer = await ask(site, "POST", path, {})
    assert answer.status == 400
    assert sorted(refusals(answer), key=str) == [("FAILED_VALIDATION", name, "required") for name in missing]


async def test_a_permission_that_means_nothing_gives_nothing(site: Site) -> None:
    """As in the protocol, what a permission says is not looked at when it is stored."""
    user = await add_user(site.database, "e@example.com", token="e")
    policy = await add_policy(site.database, user=user)
    for right in (
        {"action": "nonsense", "collection": "tags", "fields": ["*"]},
        {"action": "read", "collection": "nope", "fields": ["*"]},
        {"action": "read", "collection": "tags", "fields": ["*"], "permissions": {"_bogus": 1}},
    ):
        made = await ask(site, "POST", "/permissions", {"policy": policy, **right})
        assert made.status == 200, made.body
    await ask(site, "POST", "/items/tags", {"name": "red"})
    answer = await ask(site, "GET", "/items/tags", token="e")
    assert answer.status == 403 or data(answer) == []


async def test_presets_are_ones_own(site: Site) -> None:
    token = await _reader(site)
    (me,) = await rows(site, "select id from directus_users where email = 'r@example.com'")
    made = await ask(site, "POST", "/presets", {"collection": "posts", "user": str(me[0])}, token=token)
    assert data(made)["user"] == str(me[0])
    for user in (NOBODY, None):
        answer = await ask(site, "POST", "/presets", {"collection": "posts", "user": user}, token=token)
        assert refusals(answer) == [("FAILED_VALIDATION", "user", "eq")]
    assert data(await ask(site, "POST", "/presets", {"collection": "posts"}))["user"] is None
    assert await rows(site, "select id from directus_activity") == []


async def test_lists_of_a_policy(site: Site) -> None:
    """Permissions and what a policy is given to, nested both ways."""
    role = await add_role(site.database, "team")
    right = {"collection": "tags", "action": "read", "fields": ["*"]}
    policy = data(
        await ask(site, "POST", "/policies", {"name": "p", "permissions": [right], "roles": [{"role": role}]})
    )
    assert len(policy["permissions"]) == 1
    await add_user(site.database, "e@example.com", role=role, token="e")
    assert (await ask(site, "GET", "/items/tags", token="e")).status == 200
    body = {"permissions": {"create": [], "update": [], "delete": policy["permissions"]}}
    assert (await ask(site, "PATCH", f"/policies/{policy['id']}", body)).status == 200
    assert await rows(site, "select id from directus_permissions") == []
    assert (await ask(site, "GET", "/items/tags", token="e")).status == 403
    assert (await ask(site, "DELETE", f"/policies/{policy['id']}")).status == 204
    assert await rows(site, "select id from directus_access where role = $1", role) == []
