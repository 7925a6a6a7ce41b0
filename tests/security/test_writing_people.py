"""Published flaws of writing rows that decide who may do what: people, roles, policies, and their history.

Every refusal is checked to have left the database as it was.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import pytest

from tests.support.lending import Lend
from tests.support.press import ADA, EVE, EVE_ID, granted, graphql, seed_press
from tests.support.project import (
    ADMIN_TOKEN,
    Site,
    add,
    add_policy,
    add_role,
    add_user,
    code,
    data,
    grant,
)
from tests.support.writers import rows


@pytest.fixture
async def site(lend: Lend) -> Site:
    return await lend(seed_press)


async def test_presets_of_other_people(site: Site) -> None:
    """GHSA-3fff-gqw3-vj86 CVE-2024-6534: nobody gives his bookmarks away, or takes those of others."""
    user = await add_user(site.database, "app@example.com", token="app")
    await add_policy(site.database, user=user, app_access=True)
    await site.project.epochs.bump_access()
    mine = data(await site.ask("POST", "/presets", {"user": user, "bookmark": "a"}, token="app"))["id"]
    other = data(await site.ask("POST", "/presets", {"user": EVE_ID, "bookmark": "b"}, token=ADMIN_TOKEN))[
        "id"
    ]
    for method, target, body in (
        ("PATCH", f"/presets/{mine}", {"user": EVE_ID}),
        ("PATCH", f"/presets/{mine}", {"user": None}),
        ("PATCH", f"/presets/{mine}", {"user": {"id": EVE_ID}}),
        ("PATCH", f"/presets/{mine}", {"user": {"first_name": "new"}}),
        ("PATCH", "/presets", [{"id": mine, "user": EVE_ID}]),
        ("PATCH", "/presets", {"keys": [mine], "data": {"user": EVE_ID}}),
        ("PATCH", f"/presets/{other}", {"bookmark": "x"}),
        ("PATCH", f"/presets/{other}", {"user": user}),
        ("DELETE", f"/presets/{other}", None),
        ("POST", "/presets", {"user": EVE_ID}),
        ("POST", "/presets", {"user": {"id": EVE_ID}}),
        ("POST", "/presets?on_conflict=id", {"id": other, "user": user}),
    ):  # fmt: skip
        answer = await site.ask(method, target, body, token="app")
        assert answer.status in (400, 403), (method, target, body)
        assert code(answer) in ("FORBIDDEN", "FAILED_VALIDATION"), (method, target, body)
    for query in (
        f'update_presets_item(id: {mine}, data: {{user: {{id: "{EVE_ID}"}}}}) {{ id }}',
        f'update_presets_item(id: {other}, data: {{bookmark: "x"}}) {{ id }}',
        f"delete_presets_item(id: {other}) {{ id }}",
    ):
        answer = await graphql(site, f"mutation {{ {query} }}", "app", path="/graphql/system")
        assert json.loads(answer.body)["errors"], query
    assert (await site.ask("DELETE", f"/presets/{mine}", token="app")).status == 204


PRIVILEGES: Final[Mapping[str, Any]] = {
    "role": "{admins}",
    "policies": [{"policy": "{almighty}"}],
    "status": "active",
    "provider": "google",
    "external_identifier": "x",
    "auth_data": {"refreshToken": "x"},
    "token": "a new token",
    "tfa_secret": "JBSWY3DPEHPK3PXP",
    "email": "admin2@example.com",
    "password": "another password",
    "last_access": "2024-01-01T00:00:00Z",
}


async def _powers(site: Site) -> dict[str, str]:
    role = await rows(site, "select id from directus_roles where name = 'Administrator'")
    policy = await rows(site, "select id from directus_policies where admin_access = $1", True)
    return {"admins": str(role[0][0]), "almighty": str(policy[0][0])}


def filled(value: Any, powers: Mapping[str, str]) -> Any:
    text = json.dumps(value)
    for name, key in powers.items():
        text = text.replace(f"{{{name}}}", key)
    return json.loads(text)


async def test_nobody_makes_himself_more_than_he_is(site: Site) -> None:
    """Class 3, mass assignment: on `/users/me` and `/users/:id`, over REST and GraphQL, nested too."""
    powers = await _powers(site)
    user = await add_user(site.database, "app@example.com", token="app")
    policy = await add_policy(site.database, user=user, app_access=True)
    for fields in (None, "first_name"):
        if fields is not None:
            mine = {"id": {"_eq": "$CURRENT_USER"}}
            await grant(site.database, policy, "directus_users", "update", fields=fields, rule=mine)
            await site.project.epochs.bump_access()
        for name, value in PRIVILEGES.items():
            sent = {name: filled(value, powers)}
            for target, body in (
                ("/users/me", sent),
                (f"/users/{user}", sent),
                (f"/users/{user}", {"first_name": "x", **sent}),
                (f"/users/{EVE_ID}", sent),
                ("/users", {"keys": [user], "data": sent}),
                ("/users", {"query": {}, "data": sent}),
            ):
                answer = await site.ask("PATCH", target, body, token="app")
                assert (answer.status, code(answer)) == (403, "FORBIDDEN"), (target, body)
        for root in ("update_users_me(data: {status: \"active\"}) { id }",
                     f'update_users_item(id: "{user}", data: {{token: "x"}}) {{ id }}'):  # fmt: skip
            answer = await graphql(site, f"mutation {{ {root} }}", "app", path="/graphql/system")
            assert json.loads(answer.body)["errors"], root
    # an item keeps its key, whatever is sent (protocol)
    await site.ask("PATCH", "/users/me", {"id": EVE_ID}, token="app")
    assert data(await site.ask("GET", "/users/me?fields=id,role", token="app")) == {"id": user, "role": None}


async def test_what_only_the_server_sets_of_a_user(site: Site) -> None:
    """Not even where every field is granted, and not by administrators."""
    user = await add_user(site.database, "me@example.com", token="me")
    await granted(site, user, "directus_users", "read", "update", rule={"id": {"_eq": "$CURRENT_USER"}})
    await granted(site, user, "directus_users", "create")
    for name in ("provider", "external_identifier", "tfa_secret", "auth_data"):
        sent = {name: PRIVILEGES[name]}
        for method, target, body, token in (
            ("PATCH", "/users/me", sent, "me"),
            ("PATCH", f"/users/{user}", sent, "me"),
            ("PATCH", "/users", [{"id": user, **sent}], "me"),
            ("POST", "/users", {"email": "new@example.com", **sent}, "me"),
            ("PATCH", f"/users/{user}", sent, ADMIN_TOKEN),
        ):
            answer = await site.ask(method, target, body, token=token)
            assert (answer.status, code(answer)) == (400, "INVALID_PAYLOAD"), (method, target, body)


async def test_rights_are_not_for_the_taking(site: Site) -> None:
    """Rows that decide what somebody may do are written by nobody who was not given that very right."""
    powers = await _powers(site)
    user = await add_user(site.database, "app@example.com", token="app")
    policy = await add_policy(site.database, user=user, app_access=True)
    asked: list[tuple[str, str, Any]] = [
        ("POST", "/access", {"user": user, "policy": "{almighty}"}),
        ("POST", "/access", {"policy": "{almighty}"}),
        ("PATCH", "/access", {"query": {}, "data": {"user": user}}),
        ("DELETE", "/access", {"query": {}}),
        ("POST", "/permissions", {"policy": policy, "collection": "vault", "action": "read"}),
        ("PATCH", "/permissions/1", {"collection": "vault"}),
        ("PATCH", "/permissions", {"query": {}, "data": {"fields": ["*"], "permissions": None}}),
        ("DELETE", "/permissions/1", None),
        ("POST", "/policies", {"name": "x", "admin_access": True, "users": [{"user": user}]}),
        ("PATCH", f"/policies/{policy}", {"admin_access": True}),
        ("PATCH", f"/policies/{policy}", {"permissions": [{"collection": "vault", "action": "read"}]}),
        ("PATCH", "/policies/{almighty}", {"users": {"create": [{"user": user}]}}),
        ("DELETE", "/policies/{almighty}", None),
        ("POST", "/roles", {"name": "x", "users": [user]}),
        ("PATCH", "/roles/{admins}", {"users": {"connect": [user]}}),
        ("PATCH", "/roles/{admins}", {"users": [{"id": user}]}),
        ("DELETE", "/roles/{admins}", None),
        ("POST", "/users", {"email": "x@example.com", "role": "{admins}"}),
        ("DELETE", f"/users/{EVE_ID}", None),
        ("DELETE", "/users", {"query": {}}),
        ("PATCH", "/settings", {"public_registration": True, "public_registration_role": "{admins}"}),
        ("POST", "/flows", {"name": "x", "trigger": "webhook"}),
        ("POST", "/operations", {"key": "x", "type": "exec", "flow": user}),
        ("POST", "/folders", {"name": "x"}),
        ("POST", "/notifications", {"recipient": EVE_ID, "subject": "x"}),
        ("POST", "/items/directus_permissions", {"policy": policy, "collection": "vault", "action": "read"}),
        ("PATCH", f"/items/directus_users/{user}", {"role": "{admins}"}),
    ]  # fmt: skip
    for token in ("app", EVE, ADA, None):
        for method, target, body in asked:
            answer = await site.ask(method, filled(target, powers), filled(body, powers), token=token)
            assert (answer.status, code(answer)) in ((403, "FORBIDDEN"), (404, "ROUTE_NOT_FOUND")), (
                token, method, target, body, answer.body,
            )  # fmt: skip


async def test_a_right_to_one_side_is_none_to_the_other(site: Site) -> None:
    """Roles and policies of a user are rows of their own, and so are the users of a role."""
    powers = await _powers(site)
    user = await add_user(site.database, "me@example.com", token="me")
    mine = {"id": {"_eq": "$CURRENT_USER"}}
    await granted(
        site, user, "directus_users", "read", "update", fields="first_name,policies,role", rule=mine
    )
    await granted(site, user, "directus_roles", "read", "update", "create", fields="id,name,users,policies")
    for method, target, body in (
        ("PATCH", "/users/me", {"policies": [{"policy": "{almighty}"}]}),
        ("PATCH", "/users/me", {"policies": {"create": [{"policy": "{almighty}"}]}}),
        ("PATCH", "/users/me", {"policies": {"connect": ["{almighty}"]}}),
        ("PATCH", "/users/me", {"policies": []}),
        ("PATCH", "/users/me", {"role": {"id": "{admins}", "admin_access": True}}),
        ("PATCH", "/users/me", {"role": {"name": "mine", "policies": [{"policy": "{almighty}"}]}}),
        ("PATCH", "/roles/{admins}", {"users": {"connect": [EVE_ID]}}),
        ("PATCH", "/roles/{admins}", {"policies": {"delete": [1]}}),
        ("POST", "/roles", {"name": "x", "policies": [{"policy": "{almighty}"}]}),
        ("POST", "/roles", {"name": "x", "policies": [{"policy": {"name": "p", "admin_access": True}}]}),
    ):  # fmt: skip
        answer = await site.ask(method, filled(target, powers), filled(body, powers), token="me")
        assert (answer.status, code(answer)) == (403, "FORBIDDEN"), (method, target, body, answer.body)


async def test_a_refused_deletion_takes_nothing_with_it(site: Site) -> None:
    """GHSA-p623-wgx3-wxp8: nothing happens on the way to a refusal."""
    flow = await add(site.database, "directus_flows", name="flow")
    await add(
        site.database, "directus_operations",
        key="k", type="log", position_x=1, position_y=1, flow=flow,
    )  # fmt: skip
    role = await add_role(site.database, "other")
    for target in (f"/flows/{flow}", f"/roles/{role}", f"/users/{EVE_ID}", "/items/articles/2"):
        for token in (ADA, EVE, None):
            answer = await site.ask("DELETE", target, token=token)
            assert (answer.status, code(answer)) == (403, "FORBIDDEN"), (target, token)
    # the rights are what they were
    assert data(await site.ask("GET", "/items/articles/1?fields=id", token=ADA)) == {"id": 1}


async def test_history_knows_no_secrets(site: Site) -> None:
    """GHSA-mvv8-v4jj-g47j CVE-2026-39943: neither its rows nor what is told of them."""
    secrets = {"token": "token-in-clear", "password": "password in clear"}
    user = data(await site.ask("POST", "/users", {"email": "s@example.com", **secrets}, token=ADMIN_TOKEN))[
        "id"
    ]
    changed = {"token": "token-in-clear-2", "password": "password in clear 2"}
    assert (await site.ask("PATCH", f"/users/{user}", changed, token=ADMIN_TOKEN)).status == 200
    item = {"title": "x", "pin": "pin in clear", "hush": "hush in clear", "author": {"name": "nested"}}
    assert (await site.ask("POST", "/items/articles", item, token=ADMIN_TOKEN)).status == 200
    nested = {"id": 1, "articles": {"update": [{"id": 1, "pin": "pin in clear"}]}}
    assert (await site.ask("PATCH", "/items/authors/1", nested, token=ADMIN_TOKEN)).status == 200
    settings = {"ai_openai_api_key": "key in clear"}
    assert (await site.ask("PATCH", "/settings", settings, token=ADMIN_TOKEN)).status == 200
    text = str(await rows(site, "select * from directus_revisions, directus_activity"))
    answers = [
        await site.ask("GET", f"/{name}?limit=-1", token=ADMIN_TOKEN) for name in ("revisions", "activity")
    ]
    for place in (text, *(answer.body.decode() for answer in answers)):
        assert "in clear" not in place
        assert "in-clear" not in place
        assert "$argon2" not in place
    assert "**********" in text


async def test_refusals_repeat_no_secret(site: Site) -> None:
    rule = {"_and": [{"hush": {"_regex": "^[0-9]+$"}}, {"pin": {"_eq": "1234"}}]}
    await granted(site, EVE_ID, "articles", "create", validation=rule)
    refused = [
        await site.ask("POST", "/items/articles", {"title": "x", **secret}, token=EVE)
        for secret in ({"hush": "my secret"}, {"pin": "my secret"})
    ]
    refused += [
        await site.ask("POST", "/items/articles", {"title": "x", "pin": "my secret" * 9}, token=ADMIN_TOKEN),
        await site.ask("POST", "/users", {"token": "my secret" * 99}, token=ADMIN_TOKEN),
        await site.ask("POST", "/users", [{"token": "my secret"}] * 2, token=ADMIN_TOKEN),
        await site.ask("PATCH", f"/users/{EVE_ID}", {"token": ADMIN_TOKEN}, token=ADMIN_TOKEN),
    ]
    for answer in refused:
        assert answer.status == 400, answer.body
        assert b"my secret" not in answer.body
        assert ADMIN_TOKEN.encode() not in answer.body
