"""Privileges cannot be raised: every way in, every thing that could be written, both databases.

Maud manages people: she may write every row that decides who may do what, and is no administrator. What she
has herself she may give; what she has not she may give to nobody, herself included. That a refusal left the
database as it was is checked of each request.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pytest

from tests.conftest import MakeDatabase
from tests.support.asgi import Answer
from tests.support.press import graphql, seed_press
from tests.support.project import (
    ADMIN_TOKEN,
    Site,
    add_policy,
    add_role,
    add_user,
    code,
    data,
    grant,
    running,
)
from tests.support.writers import rows

MAUD: Final = "the-token-of-maud"
RIGHTS: Final = ("users", "roles", "policies", "access", "permissions", "settings")


@dataclass(frozen=True, kw_only=True)
class Town:
    """Keys of rows. `strong`: a policy that gives more than Maud has; `weak`: a part of what she has."""

    site: Site
    maud: str
    other: str
    managers: str
    strong_role: str
    weak_role: str
    strong: str
    weak: str
    admins: str
    almighty: str
    admin: str
    weak_permission: int
    strong_user: str

    def fill(self, value: Any) -> Any:
        text = json.dumps(value)
        for name in self.__dataclass_fields__:
            if name != "site":
                text = text.replace(f"{{{name}}}", str(getattr(self, name)))
        return json.loads(text)

    async def ask(self, method: str, target: str, body: Any = None, token: str | None = MAUD) -> Answer:
        return await self.site.ask(method, self.fill(target), self.fill(body), token=token)


@pytest.fixture
async def town(make_database: MakeDatabase) -> AsyncIterator[Town]:
    async with running(await make_database(seed_press)) as site:
        yield await settled(site)


async def settled(site: Site) -> Town:
    base = site.database
    managers = await add_role(base, "managers")
    weak_role, strong_role = await add_role(base, "weak"), await add_role(base, "strong")
    policy = await add_policy(base, role=managers, app_access=True)
    for name in RIGHTS:
        for action in ("create", "read", "update", "delete"):
            await grant(base, policy, f"directus_{name}", action)
    await grant(base, policy, "articles", fields="id,title", rule={"status": {"_eq": "published"}})
    await grant(base, policy, "articles", "create", fields="title", validation={"title": {"_nempty": True}})
    strong, weak = await add_policy(base, role=strong_role), await add_policy(base, role=weak_role)
    await grant(base, strong, "vault")
    await grant(base, weak, "articles", fields="id", rule={"status": {"_eq": "published"}})
    found = await rows(site, "select id from directus_permissions where policy = $1", weak)
    maud = await add_user(base, "maud@example.com", token=MAUD, role=managers)
    other = await add_user(base, "other@example.com", token="other")
    strong_user = await add_user(base, "strong@example.com", role=strong_role, token="strong")
    admins = await rows(site, "select id from directus_roles where name = 'Administrator'")
    almighty = await rows(site, "select id from directus_policies where admin_access = $1", True)
    admin = await rows(site, "select id from directus_users where email = 'admin@example.com'")
    await site.project.epochs.bump_access()
    return Town(
        site=site, maud=maud, other=other, managers=managers, strong_role=strong_role, weak_role=weak_role,
        strong=strong, weak=weak, admins=str(admins[0][0]), almighty=str(almighty[0][0]),
        admin=str(admin[0][0]), weak_permission=found[0][0], strong_user=strong_user,
    )  # fmt: skip


NEW: Final = {"email": "new@example.com"}
VAULT: Final = {"collection": "vault", "action": "read", "fields": ["*"]}


def of(policy: str) -> Any:
    """A query for its rows."""
    return {"filter": {"policy": {"_eq": policy}}}


#: what is written -> requests that would do it
RAISING: Final[Mapping[str, tuple[tuple[str, str, Any], ...]]] = {
    "the role of a user": (
        ("PATCH", "/users/me", {"role": "{admins}"}),
        ("PATCH", "/users/me", {"role": "{strong_role}"}),
        ("PATCH", "/users/{maud}", {"role": "{admins}"}),
        ("PATCH", "/users/me", {"role": {"id": "{admins}"}}),
        ("PATCH", "/users/{other}", {"role": {"id": "{strong_role}", "name": "strong"}}),
        ("PATCH", "/users/{other}", {"role": {"connect": "{strong_role}"}}),
        ("PATCH", "/users/{other}", {"role": "{strong_role}"}),
        ("PATCH", "/users", {"keys": ["{other}"], "data": {"role": "{strong_role}"}}),
        ("PATCH", "/users", [{"id": "{other}", "role": "{strong_role}"}]),
        ("PATCH", "/users", {"query": {"filter": {"id": {"_eq": "{other}"}}}, "data": {"role": "{admins}"}}),
        ("POST", "/users", {"email": "new@example.com", "role": "{admins}"}),
        ("POST", "/users", [NEW, {"email": "n@example.com", "role": "{strong_role}"}]),
        ("POST", "/users?on_conflict=id", {"id": "{other}", "role": "{admins}"}),
        ("POST", "/users", {"email": "new@example.com", "role": {"name": "r", "parent": "{admins}"}}),
        ("PATCH", "/roles/{strong_role}", {"users": {"connect": ["{maud}"]}}),
        ("PATCH", "/roles/{strong_role}", {"users": {"update": [{"id": "{maud}", "role": "{strong_role}"}]}}),
        ("PATCH", "/roles/{admins}", {"users": {"create": [{"email": "new@example.com"}]}}),
        ("PATCH", "/roles/{admins}", {"users": ["{maud}", "{admin}"]}),
        ("PATCH", "/access", {"query": {"limit": 1}, "data": {"user": {"id": "{maud}", "role": "{admins}"}}}),
    ),
    "the policies of a user": (
        ("PATCH", "/users/me", {"policies": [{"policy": "{almighty}"}]}),
        ("PATCH", "/users/me", {"policies": {"create": [{"policy": "{strong}"}]}}),
        ("PATCH", "/users/me", {"policies": [{"policy": {"name": "p", "admin_access": True}}]}),
        ("PATCH", "/users/me", {"policies": [{"policy": {"name": "p", "permissions": [VAULT]}}]}),
        ("PATCH", "/users/{other}", {"policies": [{"policy": "{strong}"}]}),
        ("PATCH", "/policies/{strong}", {"users": {"create": [{"user": "{maud}"}]}}),
        ("PATCH", "/policies/{strong}", {"users": [{"user": "{other}"}]}),
        ("POST", "/users", {"email": "new@example.com", "policies": [{"policy": "{strong}"}]}),
        ("POST", "/access", {"user": "{maud}", "policy": "{almighty}"}),
        ("POST", "/access", [{"user": "{other}", "policy": each} for each in ("{weak}", "{strong}")]),
        ("PATCH", "/access", {"query": of("{strong}"), "data": {"user": "{maud}"}}),
        ("PATCH", "/access", {"query": of("{weak}"), "data": {"policy": "{strong}"}}),
    ),
    "what a role has": (
        ("POST", "/roles", {"name": "x", "parent": "{admins}"}),
        ("PATCH", "/roles/{managers}", {"parent": "{strong_role}"}),
        ("PATCH", "/roles/{managers}", {"parent": {"id": "{strong_role}"}}),
        ("PATCH", "/roles/{weak_role}", {"parent": {"name": "x", "policies": [{"policy": "{strong}"}]}}),
        ("PATCH", "/roles/{strong_role}", {"children": {"connect": ["{managers}"]}}),
        ("PATCH", "/roles/{strong_role}", {"children": ["{weak_role}"]}),
        ("PATCH", "/roles/{managers}", {"policies": {"create": [{"policy": "{strong}"}]}}),
        ("POST", "/roles", {"name": "x", "policies": [{"policy": "{strong}"}], "users": ["{maud}"]}),
        ("POST", "/roles", {"name": "x", "policies": [{"policy": {"name": "p", "admin_access": True}}]}),
        ("POST", "/access", {"role": "{weak_role}", "policy": "{strong}"}),
        ("PATCH", "/policies/{strong}", {"roles": {"create": [{"role": "{managers}"}]}}),
    ),
    "what everybody has": (
        ("POST", "/access", {"policy": "{strong}"}),
        ("POST", "/access", {"policy": {"name": "p", "permissions": [VAULT]}}),
    ),
    "what who registers has": (
        ("PATCH", "/settings", {"public_registration_role": "{strong_role}"}),
        ("PATCH", "/settings", {"public_registration_role": {"id": "{admins}"}}),
        ("PATCH", "/settings", {"public_registration_role": {"name": "x", "parent": "{admins}"}}),
    ),
    "what a policy gives": (
        ("POST", "/permissions", {"policy": "{weak}", **VAULT}),
        ("POST", "/permissions", {"policy": {"id": "{weak}", "admin_access": True}, **VAULT}),
        ("PATCH", "/permissions/{weak_permission}", {"collection": "vault"}),
        ("PATCH", "/permissions/{weak_permission}", {"action": "update"}),
        ("PATCH", "/permissions/{weak_permission}", {"fields": ["*"]}),
        ("PATCH", "/permissions/{weak_permission}", {"permissions": None}),
        ("PATCH", "/permissions/{weak_permission}", {"permissions": {"status": {"_eq": "draft"}}}),
        ("PATCH", "/permissions", {"query": of("{weak}"), "data": {"fields": ["secret"]}}),
        ("PATCH", "/permissions", {"query": of("{strong}"), "data": {"policy": "{weak}"}}),
        ("POST", "/permissions", {"policy": "{weak}", "collection": "articles", "action": "create",
                                  "fields": ["title"]}),
        ("POST", "/permissions", {"policy": "{weak}", "collection": "directus_users", "action": "create",
                                  "fields": ["email"], "presets": {"role": "{strong_role}"}}),
        ("PATCH", "/policies/{weak}", {"permissions": {"create": [VAULT]}}),
        ("PATCH", "/policies/{weak}", {"admin_access": True}),
        ("PATCH", "/policies", {"query": {}, "data": {"admin_access": True}}),
        ("POST", "/policies", {"name": "x", "admin_access": True, "users": [{"user": "{maud}"}]}),
        ("POST", "/policies", {"name": "x", "permissions": [VAULT], "users": [{"user": "{maud}"}]}),
    ),
    "an account": (
        ("PATCH", "/users/{admin}", {"password": "a password of Maud's"}),
        ("PATCH", "/users/{admin}", {"token": "a token of Maud's"}),
        ("PATCH", "/users/{admin}", {"email": "maud2@example.com"}),
        ("PATCH", "/users/{strong_user}", {"password": "a password of Maud's"}),
        ("PATCH", "/users", [{"id": "{strong_user}", "token": "a token of Maud's"}]),
        ("PATCH", "/roles/{strong_role}", {"users": {"update": [{"id": "{strong_user}", "token": "x"}]}}),
        ("PATCH", "/users/{strong_user}", {"status": "active"}),
    ),
}  # fmt: skip


@pytest.mark.parametrize("thing", RAISING)
async def test_privileges_cannot_be_raised(town: Town, thing: str) -> None:
    for method, target, body in RAISING[thing]:
        answer = await town.ask(method, target, body)
        refused = (answer.status, code(answer)) if answer.status >= 400 else (answer.status, "")
        # her strongest policies have none of the roots of others: what she would take leaves the last admin
        assert refused in ((403, "FORBIDDEN"), (422, "UNPROCESSABLE_CONTENT")), (
            method,
            target,
            body,
            answer.body,
        )
    for token in (MAUD, "other", None):
        assert (await town.ask("GET", "/items/vault", token=token)).status == 403


async def test_graphql_is_no_other_way_in(town: Town) -> None:
    for text in (
        'update_users_me(data: {role: {id: "{admins}"}}) { id }',
        'update_users_item(id: "{other}", data: {role: {id: "{strong_role}"}}) { id }',
        'update_users_items(ids: ["{other}"], data: {token: "x", role: {id: "{strong_role}"}}) { id }',
        'create_users_item(data: {email: "n@example.com",'
        ' role: {id: "{strong_role}", name: "strong"}}) { id }',
        'create_access_item(data: {user: {id: "{maud}"}, policy: {id: "{strong}", name: "strong"}}) { id }',
        'create_permissions_item(data: {policy: {id: "{weak}", name: "x"}, collection: "vault",'
        ' action: "read", fields: ["*"]}) { id }',
        'update_permissions_item(id: {weak_permission}, data: {collection: "vault"}) { id }',
        'update_policies_item(id: "{weak}", data: {admin_access: true}) { id }',
        'update_roles_item(id: "{managers}", data: {parent: {id: "{admins}"}}) { id }',
        'update_users_item(id: "{strong_user}", data: {password: "a password"}) { id }',
        'update_roles_item(id: "{strong_role}", data: {users_changes: {connect: ["{maud}"]}}) { id }',
    ):
        query = town.fill(f"mutation {{ {text} }}").replace("mutation {{", "mutation {")
        answer = await graphql(town.site, query, MAUD, path="/graphql/system")
        told = json.loads(answer.body)
        codes = [error["extensions"]["code"] for error in told.get("errors", ())]
        assert codes == ["FORBIDDEN"], (text, answer.body)
    assert (await town.ask("GET", "/items/vault")).status == 403


PART: Final = {
    "collection": "articles",
    "action": "read",
    "fields": ["title"],
    "permissions": {"_and": [{"status": {"_eq": "published"}}, {"owner": {"_eq": "$CURRENT_USER"}}]},
}
BOUND: Final = {
    "collection": "articles",
    "action": "create",
    "fields": ["title"],
    "validation": {"title": {"_nempty": True}},
}


async def test_not_in_several_steps_either(town: Town) -> None:
    """Each root of a transaction is asked of by itself, and one that is refused undoes the others."""
    roots = (
        'a: create_policies_item(data: {id: "{new}", name: "mine"}) { id }'
        ' b: create_access_item(data: {policy: {id: "{new}", name: "mine"}, user: {id: "{maud}"}}) { id }'
        ' c: create_permissions_item(data: {policy: {id: "{new}", name: "mine"}, collection: "vault",'
        ' action: "read", fields: ["*"]}) { id }'
    ).replace("{new}", "6f0e2c1a-0000-4000-8000-000000000099")
    for head, made in (("mutation @transaction", 0), ("mutation", 2)):
        query = town.fill("%s { %s }" % (head, roots))  # noqa: UP031 - braces
        told = json.loads((await graphql(town.site, query, MAUD, path="/graphql/system")).body)
        (error,) = told["errors"]
        assert (error["extensions"]["code"], error["path"]) == ("FORBIDDEN", ["c"])
        assert sum(answer is not None for answer in told["data"].values()) == made
    assert (await town.ask("GET", "/items/vault")).status == 403


async def test_taking_away_may_be_giving(town: Town) -> None:
    """All validations hold at once: without one of them, what another policy grants is less bound."""
    base = town.site.database
    binding = await add_policy(base, role=town.weak_role)
    await grant(base, binding, "articles", "create", fields="title", validation={"title": {"_eq": "x"}})
    loose = await add_policy(base, role=town.weak_role)
    await grant(base, loose, "articles", "create", fields="title,secret")
    user = await add_user(base, "bound@example.com", role=town.weak_role)
    await add_policy(base, user=user)
    await town.site.project.epochs.bump_access()
    found = await rows(town.site, "select id from directus_permissions where policy = $1", binding)
    for method, target, body in (
        ("DELETE", f"/permissions/{found[0][0]}", None),
        ("PATCH", f"/permissions/{found[0][0]}", {"validation": None}),
        ("PATCH", f"/permissions/{found[0][0]}", {"action": "read"}),
        ("DELETE", f"/policies/{binding}", None),
        ("DELETE", "/access", {"query": of(binding)}),
        ("PATCH", f"/policies/{binding}", {"ip_access": ["10.0.0.1"]}),
        ("PATCH", f"/policies/{binding}", {"permissions": []}),
    ):
        answer = await town.ask(method, target, body)
        assert (answer.status, code(answer)) == (403, "FORBIDDEN"), (method, target, body, answer.body)
    assert (await town.ask("DELETE", f"/policies/{loose}")).status == 204
    assert (await town.ask("DELETE", f"/policies/{binding}")).status == 204


async def test_what_holds_at_some_addresses_is_given_for_these(town: Town) -> None:
    base = town.site.database
    fenced = await add_policy(base, user=town.other, ip_access="10.9.9.9")
    await grant(base, fenced, "vault")
    away = await add_policy(base, user=town.maud, ip_access="10.9.9.9")
    await grant(base, away, "vault", fields="id")
    await town.site.project.epochs.bump_access()
    for method, target, body in (
        ("PATCH", f"/policies/{fenced}", {"ip_access": None}),
        ("PATCH", f"/policies/{fenced}", {"ip_access": ["10.9.9.9", "10.9.9.10"]}),
        ("PATCH", f"/policies/{away}", {"ip_access": []}),
        # she is not there
        ("POST", "/access", {"role": "{weak_role}", "policy": away}),
        ("POST", "/policies", {"name": "x", "ip_access": ["10.9.9.9"], "permissions": [VAULT],
                               "users": [{"user": "{maud}"}]}),
    ):  # fmt: skip
        answer = await town.ask(method, target, body)
        assert (answer.status, code(answer)) == (403, "FORBIDDEN"), (method, target, body, answer.body)


async def test_what_one_has_one_may_give(town: Town) -> None:
    for method, target, body in (
        ("PATCH", "/users/{other}", {"role": "{weak_role}"}),
        ("PATCH", "/users/{other}", {"role": "{managers}"}),
        ("POST", "/users?fields=id", {**NEW, "password": "a password", "role": "{weak_role}"}),
        ("PATCH", "/settings", {"public_registration_role": "{weak_role}"}),
        ("POST", "/access", {"user": "{other}", "policy": "{weak}"}),
        ("POST", "/roles", {"name": "x", "parent": "{weak_role}", "users": ["{other}"]}),
        ("POST", "/policies", {"name": "mine", "app_access": True, "users": [{"user": "{other}"}],
                               "permissions": [PART, BOUND]}),
        ("PATCH", "/permissions/{weak_permission}", {"fields": ["title"]}),
        ("PATCH", "/users/{other}", {"password": "another password", "token": "other2"}),
        ("PATCH", "/users/{other}", {"status": "suspended"}),
        ("PATCH", "/users/{strong_user}", {"first_name": "Strong", "status": "suspended"}),
        ("PATCH", "/users/me", {"password": "a new password", "email": "maud3@example.com"}),
        ("DELETE", "/permissions/{weak_permission}", None),
        ("DELETE", "/policies/{strong}", None),
        ("DELETE", "/roles/{strong_role}", None),
        ("DELETE", "/users/{other}", None),
    ):  # fmt: skip
        answer = await town.ask(method, target, body)
        assert answer.status in (200, 204), (method, target, body, answer.body)


async def test_what_a_permission_presets_is_the_choice_of_who_wrote_it(town: Town) -> None:
    """Who registers by a permission of the public gets the role that stands there, and no other."""
    base = town.site.database
    public = await add_policy(base, public=True)
    await grant(
        base, public, "directus_users", "create", fields="email,first_name",
        presets={"role": town.strong_role, "status": "active"},
    )  # fmt: skip
    await town.site.project.epochs.bump_access()
    assert (await town.ask("POST", "/users", {**NEW, "first_name": "x"}, token=None)).status == 204
    found = await rows(town.site, "select role from directus_users where email = 'new@example.com'")
    assert str(found[0][0]) == town.strong_role
    for more in ({"role": "{admins}"}, {"status": "active"}, {"policies": [{"policy": "{strong}"}]}):
        answer = await town.ask("POST", "/users", {"email": "n2@example.com", **more}, token=None)
        assert (answer.status, code(answer)) == (403, "FORBIDDEN"), more


async def test_a_second_factor_stays_asked_for(town: Town) -> None:
    bound = await add_policy(town.site.database, role=town.weak_role, enforce_tfa=True)
    await add_policy(town.site.database, user=town.other, enforce_tfa=True)
    user = await add_user(town.site.database, "bound@example.com", role=town.weak_role)
    await town.site.project.epochs.bump_access()
    for method, target, body in (
        ("PATCH", f"/policies/{bound}", {"enforce_tfa": False}),
        ("PATCH", f"/policies/{bound}", {"ip_access": ["10.0.0.1"]}),
        ("DELETE", f"/policies/{bound}", None),
        ("PATCH", f"/users/{user}", {"role": None}),
        ("PATCH", f"/users/{user}", {"role": "{managers}"}),
        ("PATCH", "/users/{other}", {"policies": []}),
        ("DELETE", "/access", {"query": {"filter": {"user": {"_eq": "{other}"}}}}),
    ):
        answer = await town.ask(method, target, body)
        assert (answer.status, code(answer)) == (403, "FORBIDDEN"), (method, target, body, answer.body)


# --- somebody has to be in charge ---------------------------------------------------------------------------

LAST: Final[tuple[tuple[str, str, Any], ...]] = (
    ("PATCH", "/users/{admin}", {"status": "suspended"}),
    ("PATCH", "/users/{admin}", {"role": None}),
    ("PATCH", "/users/me", {"role": "{managers}"}),
    ("PATCH", "/users/me", {"role": {"id": "{managers}"}}),
    ("PATCH", "/users", {"query": {}, "data": {"status": "archived"}}),
    ("PATCH", "/users", [{"id": "{admin}", "status": "draft"}]),
    ("DELETE", "/users/{admin}", None),
    ("DELETE", "/users/me", None),
    ("DELETE", "/users", ["{admin}", "{other}"]),
    ("DELETE", "/users", {"query": {}}),
    ("DELETE", "/roles/{admins}", None),
    ("DELETE", "/policies/{almighty}", None),
    ("DELETE", "/access", {"query": {}}),
    ("PATCH", "/policies/{almighty}", {"admin_access": False}),
    ("PATCH", "/policies/{almighty}", {"roles": []}),
    ("PATCH", "/roles/{admins}", {"policies": []}),
    ("PATCH", "/roles/{admins}", {"users": []}),
    ("PATCH", "/roles/{admins}", {"users": ["{other}", {"id": "{other}", "status": "suspended"}]}),
    ("PATCH", "/access", {"query": {}, "data": {"role": "{weak_role}"}}),
    ("PATCH", "/access", {"query": {}, "data": {"policy": "{weak}"}}),
    ("PATCH", "/users/{other}", {"role": {"id": "{admins}", "users": ["{other}"], "policies": []}}),
)


@pytest.mark.parametrize(
    "change",
    [{"ip_access": ["10.0.0.1"]}, {"enforce_tfa": True}, {"admin_access": False, "app_access": False}],
    ids=json.dumps,
)
async def test_what_makes_administrators_is_changed_by_them_alone(
    town: Town, change: Mapping[str, Any]
) -> None:
    for target, body in (
        ("/policies/{almighty}", change),
        ("/policies", {"keys": ["{almighty}"], "data": change}),
        ("/policies", [{"id": "{almighty}", **change}]),
    ):
        refused = await town.ask("PATCH", target, body)
        assert (refused.status, code(refused)) == (403, "FORBIDDEN")
    # its name says nothing of rights
    assert (await town.ask("PATCH", "/policies/{almighty}", {"name": "Chiefs"})).status == 200
    assert (await town.ask("PATCH", "/policies/{weak}", {"ip_access": ["10.0.0.1"]})).status == 200


async def test_the_last_administrator_stays(town: Town) -> None:
    """Class 4: not removed, suspended or stripped, on any way, not even by himself."""
    for method, target, body in LAST:
        answer = await town.ask(method, target, body, token=ADMIN_TOKEN)
        assert answer.status in (400, 422), (method, target, body, answer.body)
        assert code(answer) in ("UNPROCESSABLE_CONTENT", "INVALID_PAYLOAD"), (method, target, body)
        if answer.status == 422:
            assert "last admin" in answer.body.decode()
    roots = f'update_users_me(data: {{status: "suspended"}}) {{ id }} delete_roles_item(id: "{town.admins}")'
    query = f"mutation {{ {roots} {{ id }} }}"
    answer = await graphql(town.site, query, ADMIN_TOKEN, path="/graphql/system")
    codes = [error["extensions"]["code"] for error in json.loads(answer.body)["errors"]]
    assert codes == ["UNPROCESSABLE_CONTENT"] * 2
    assert data(await town.ask("GET", "/users/me?fields=status", token=ADMIN_TOKEN)) == {"status": "active"}


async def test_the_last_administrator_stays_where_the_database_deletes(town: Town) -> None:
    """Users may go with what they lead to: who is last stays, and who is gone is out at once."""
    key = {"field": "id", "type": "integer", "schema": {"is_primary_key": True, "has_auto_increment": True}}
    led = {"collection": "directus_users", "field": "place", "related_collection": "places"}
    for method, target, body in (
        ("POST", "/collections", {"collection": "places", "schema": {}, "fields": [key]}),
        ("POST", "/fields/directus_users", {"field": "place", "type": "integer", "schema": {}}),
        ("POST", "/relations", {**led, "schema": {"on_delete": "CASCADE"}}),
        ("POST", "/items/places", [{"id": 1}, {"id": 2}]),
        ("PATCH", "/users/{admin}", {"place": 1}),
        ("PATCH", "/users/{other}", {"place": 2}),
    ):
        assert (await town.ask(method, target, body, ADMIN_TOKEN)).status == 200, target
    for target, gone in (("/items/places/1", None), ("/items/places", [2, 1])):
        answer = await town.ask("DELETE", target, gone, ADMIN_TOKEN)
        assert (answer.status, code(answer)) == (422, "UNPROCESSABLE_CONTENT"), target
    assert (await town.ask("GET", "/users/me", token="other")).status == 200
    assert (await town.ask("DELETE", "/items/places/2", None, ADMIN_TOKEN)).status == 204
    assert (await town.ask("GET", "/users/me", token="other")).status == 401
    assert (await town.ask("GET", "/users/me", token=ADMIN_TOKEN)).status == 200


@pytest.mark.parametrize("part", ["permissions", "validation", "presets"])
async def test_a_permission_that_holds_a_number_allows_nothing(town: Town, part: str) -> None:
    """What cannot be understood widens nothing, and stops nobody else."""
    await add_policy(town.site.database, public=True)
    public = await rows(town.site, 'select policy from directus_access where role is null and "user" is null')
    for value in (5, 1.5, "x", True):
        row = {"policy": str(public[0][0]), "collection": "vault", "action": "read", "fields": ["*"]}
        answer = await town.ask("POST", "/permissions", {**row, part: value}, ADMIN_TOKEN)
        assert answer.status == 200, answer.body
    assert (await town.ask("GET", "/items/vault", token=None)).status == 403
    assert (await town.ask("GET", "/server/info", token=None)).status == 200
    assert (await town.ask("PATCH", "/users/{other}", {"role": "{weak_role}"})).status == 200


async def test_another_administrator_makes_it_possible(town: Town) -> None:
    assert (await town.ask("PATCH", "/users/{other}", {"role": "{admins}"}, ADMIN_TOKEN)).status == 200
    assert (await town.ask("PATCH", "/users/{admin}", {"status": "suspended"}, ADMIN_TOKEN)).status == 200
    answer = await town.ask("DELETE", "/users/{other}", token="other")
    assert (answer.status, code(answer)) == (422, "UNPROCESSABLE_CONTENT")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("DELETE", "/users/{other}", None), ("DELETE", "/users/{admin}", None)),
        (("PATCH", "/users/{other}", {"status": "suspended"}), ("PATCH", "/users/{admin}", {"role": None})),
        (("PATCH", "/users/{other}", {"policies": []}), ("DELETE", "/users", ["{admin}"])),
        (("PATCH", "/users/me", {"status": "suspended"}), ("PATCH", "/users/me", {"status": "suspended"})),
        (("PATCH", "/users/{other}", {"status": "suspended"}), ("DELETE", "/roles/{admins}", None)),
    ],
)
async def test_two_administrators_cannot_remove_each_other_at_once(
    town: Town, first: tuple[str, str, Any], second: tuple[str, str, Any]
) -> None:
    await add_policy(town.site.database, user=town.other, admin_access=True)
    await town.site.project.epochs.bump_access()
    one, two = await asyncio.gather(town.ask(*first, token=ADMIN_TOKEN), town.ask(*second, token="other"))
    assert sum(answer.status in (200, 204) for answer in (one, two)) == 1, (one.body, two.body)
    alive = [
        (await town.ask("GET", "/users/me", token=token)).status == 200 for token in (ADMIN_TOKEN, "other")
    ]
    mighty = await rows(
        town.site,
        'select u.email from directus_users u join directus_access a on a.role = u.role or a."user" = u.id'
        " join directus_policies p on p.id = a.policy where p.admin_access and u.status = 'active'",
    )
    assert any(alive)
    assert len(mighty) == 1
