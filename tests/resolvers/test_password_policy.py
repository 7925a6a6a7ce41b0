"""The rule for passwords holds wherever a password is set; addresses of mail are addresses, and one's own."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final

import pytest

from resolvers.administering import NewUser, People
from resolvers.behaviors.password_policy import LONGEST
from schema_gen.errors import CausewayError
from tests.support.lending import Lend
from tests.support.press import graphql
from tests.support.project import (
    ADMIN_TOKEN,
    Site,
    add_role,
    add_user,
    change,
    code,
    data,
    grant,
    seed_system,
)
from tests.support.project import add_policy as policy_of
from tests.support.writers import rows

GOOD: Final = "long enough"


@pytest.fixture
async def site(lend: Lend) -> Site:
    return await lend(seed_system)


async def ruled(site: Site, pattern: str | None) -> None:
    await change(site.database, "update directus_settings set auth_password_policy = $1", pattern)


async def test_every_writer_of_passwords(site: Site) -> None:
    await ruled(site, "/^.{8,}$/")
    user = await add_user(site.database, "u@example.com", token="u")
    role = await add_role(site.database, "r")
    policy = await policy_of(site.database, user=user)
    for action in ("read", "update"):
        await grant(site.database, policy, "directus_users", action)
    await site.project.epochs.bump_access()

    def asked(password: Any) -> tuple[tuple[str, str, Any], ...]:
        secret = {"password": password}
        return (
            ("POST", "/users", {"email": "a1@example.com", **secret}),
            ("POST", "/users", [{"email": "a2@example.com"}, {"email": "a3@example.com", **secret}]),
            ("POST", "/users?on_conflict=id", {"id": user, **secret}),
            ("PATCH", f"/users/{user}", secret),
            ("PATCH", "/users", {"keys": [user], "data": secret}),
            ("PATCH", "/users", {"query": {"filter": {"id": {"_eq": user}}}, "data": secret}),
            ("PATCH", "/users", [{"id": user, **secret}]),
            ("PATCH", f"/roles/{role}", {"users": [{"email": "a4@example.com", **secret}]}),
            ("PATCH", f"/roles/{role}", {"users": {"update": [{"id": user, **secret}]}}),
            ("POST", "/access", {"user": {"email": "a5@example.com", **secret}, "policy": {"name": "p"}}),
        )

    refused: tuple[Any, ...] = ("short", "", 1234567, [])
    for password in refused:
        for method, target, body in asked(password):
            answer = await site.ask(method, target, body, token=ADMIN_TOKEN)
            assert (answer.status, code(answer)) == (400, "FAILED_VALIDATION"), (method, target, body)
            (error,) = json.loads(answer.body)["errors"]
            assert (error["extensions"]["field"], error["extensions"]["type"]) in (
                ("password", "regex"),
                ("password", "nempty"),
            )
            assert "short" not in answer.body.decode()
    for text in (
        'update_users_me(data: {password: "short"}) { id }',
        f'update_users_item(id: "{user}", data: {{password: "short"}}) {{ id }}',
    ):
        answer = await graphql(site, f"mutation {{ {text} }}", "u", path="/graphql/system")
        (error,) = json.loads(answer.body)["errors"]
        assert error["extensions"]["code"] == "FAILED_VALIDATION"
    assert code(await site.ask("PATCH", "/users/me", {"password": "short"}, token="u")) == "FAILED_VALIDATION"
    for method, target, body in asked(GOOD):
        answer = await site.ask(method, target, body, token=ADMIN_TOKEN)
        assert answer.status == 200, (method, target, answer.body)
    assert data(await site.ask("PATCH", f"/users/{user}", {"password": None}, token=ADMIN_TOKEN))["id"]


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (None, "x", ""),
        ("", "x", ""),
        ("^x", "xyz", "abc"),
        ("/^(?=.*[0-9]).{4,}$/", "abc1", "abcd"),
        ("/(/", None, "whatever it is"),
        ("/^(a+)+$/", "aaa", "a" * 60 + "!"),
    ],
)
async def test_the_rule(site: Site, pattern: str | None, good: str | None, bad: str) -> None:
    """What cannot be matched, or not in time, lets no password through."""
    await ruled(site, pattern)
    answer = await site.ask("POST", "/users", {"password": bad}, token=ADMIN_TOKEN)
    assert (answer.status, code(answer)) == (400, "FAILED_VALIDATION")
    if good is not None:
        assert (await site.ask("POST", "/users", {"password": good}, token=ADMIN_TOKEN)).status == 200


async def test_no_novels(site: Site) -> None:
    assert (await site.ask("POST", "/users", {"password": "x" * LONGEST}, token=ADMIN_TOKEN)).status == 200
    answer = await site.ask("POST", "/users", {"password": "x" * (LONGEST + 1)}, token=ADMIN_TOKEN)
    assert (answer.status, code(answer)) == (400, "INVALID_PAYLOAD")
    assert str(LONGEST) in answer.body.decode()


async def test_a_preset_is_a_password_as_any_other(site: Site) -> None:
    """It is hashed, and has to be good enough."""
    user = await add_user(site.database, "u@example.com", token="u")
    policy = await policy_of(site.database, user=user)
    await grant(site.database, policy, "directus_users", "create", presets={"password": "in clear"})
    await site.project.epochs.bump_access()
    assert (await site.ask("POST", "/users", {"email": "n@example.com"}, token="u")).status == 204
    stored = await site.database.fetch("select password from directus_users where email = 'n@example.com'")
    assert await site.project.hasher.verify(stored[0][0], "in clear")
    await ruled(site, "/[0-9]/")
    answer = await site.ask("POST", "/users", {"email": "m@example.com"}, token="u")
    assert (answer.status, code(answer)) == (400, "FAILED_VALIDATION")


async def test_the_command_line_asks_too(site: Site) -> None:
    await ruled(site, "/[0-9]/")
    project = site.project
    people = People(project.database, project.engine.execute, project.sessions, project.epochs)
    await people.create_user(NewUser(email="cli@example.com", password="long enough 1"))
    for password in ("long enough", "short 1", "x1" * LONGEST):
        with pytest.raises(CausewayError) as refused:
            await people.set_password("cli@example.com", password)
        assert refused.value.status == 400


# --- addresses ----------------------------------------------------------------------------------------------


async def test_addresses_are_addresses(site: Site) -> None:
    for address in ("", " ", "no address", " spaced@example.com", "a@b", "a@b@example.com", 5, None):
        answer = await site.ask("POST", "/users", {"email": address}, token=ADMIN_TOKEN)
        assert (answer.status, code(answer)) == (400, "FAILED_VALIDATION"), address
    user = data(await site.ask("POST", "/users", {"email": "Some.One@Example.com"}, token=ADMIN_TOKEN))
    assert user["email"] == "Some.One@Example.com"
    answer = await site.ask("PATCH", f"/users/{user['id']}", {"email": None}, token=ADMIN_TOKEN)
    assert data(answer)["email"] is None


async def test_no_two_addresses_differ_in_case_only(site: Site) -> None:
    one = data(await site.ask("POST", "/users", {"email": "one@example.com"}, token=ADMIN_TOKEN))["id"]
    two = data(await site.ask("POST", "/users", {"email": "two@example.com"}, token=ADMIN_TOKEN))["id"]
    for method, target, body in (
        ("POST", "/users", {"email": "ONE@example.com"}),
        ("POST", "/users", [{"email": "new@example.com"}, {"email": "NEW@example.com"}]),
        ("PATCH", f"/users/{two}", {"email": "One@Example.com"}),
        ("PATCH", "/users", {"keys": [one, two], "data": {"email": "both@example.com"}}),
        ("POST", "/roles", {"name": "r", "users": [{"email": "ADMIN@example.com"}]}),
    ):
        answer = await site.ask(method, target, body, token=ADMIN_TOKEN)
        assert (answer.status, code(answer)) == (400, "RECORD_NOT_UNIQUE"), (method, target, body)
    answer = await site.ask("PATCH", f"/users/{one}", {"email": "One@example.com"}, token=ADMIN_TOKEN)
    assert answer.status == 200
    answers = await asyncio.gather(
        *(site.ask("POST", "/users", {"email": f"{name}@example.com"}, token=ADMIN_TOKEN)
          for name in ("race", "Race", "RACE", "rACE"))
    )  # fmt: skip
    assert sorted(answer.status for answer in answers) == [200, 400, 400, 400]
    assert len(await rows(site, "select id from directus_users where lower(email) = 'race@example.com'")) == 1
