"""`auth_login`, `auth_refresh`, `auth_logout` and what the system scope tells of the caller."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.asgi import Answer
from tests.support.lending import Lend
from tests.support.project import (
    ADMIN_EMAIL,
    ADMIN_PASSWORD,
    ADMIN_TOKEN,
    Site,
    add,
    add_policy,
    add_user,
    grant,
    seed_system,
)

LOGIN = """mutation ($email: String!, $password: String!, $mode: auth_mode, $otp: String) {
  auth_login(email: $email, password: $password, mode: $mode, otp: $otp) {
    access_token refresh_token expires
  }
}"""
REFRESH = """mutation ($token: String, $mode: auth_mode) {
  auth_refresh(refresh_token: $token, mode: $mode) { access_token refresh_token expires }
}"""
LOGOUT = "mutation ($token: String, $mode: auth_mode) { auth_logout(refresh_token: $token, mode: $mode) }"
ADMIN = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}


@pytest.fixture
async def site(lend: Lend) -> Site:
    return await lend(seed_system)


async def ask(
    site: Site,
    query: str,
    variables: dict[str, Any] | None = None,
    *,
    token: str | None = None,
    cookie: str | None = None,
    origin: str | None = None,
) -> Answer:
    sent = {"cookie": cookie, "origin": origin, "host": "cms.example.com"}
    headers = {name: value for name, value in sent.items() if value is not None}
    payload = {"query": query, "variables": variables or {}}
    return await site.ask("POST", "/graphql/system", payload, token=token, headers=headers)


def value(answer: Answer, name: str) -> Any:
    assert answer.status == 200, answer.body
    body = json.loads(answer.body)
    assert "errors" not in body, body
    return body["data"][name]


def refusal(answer: Answer) -> str:
    """The code of the one error of a mutation that was refused."""
    assert answer.status == 200, answer.body
    body = json.loads(answer.body)
    assert set(body["data"].values()) == {None}
    (error,) = body["errors"]
    return str(error["extensions"]["code"])


def cookie_of(answer: Answer) -> str:
    return answer.headers["set-cookie"].partition(";")[0]


async def test_login(site: Site) -> None:
    answer = await ask(site, LOGIN, ADMIN)
    tokens = value(answer, "auth_login")
    assert tokens["expires"] == "900000"
    assert len(tokens["refresh_token"]) == 64
    assert "set-cookie" not in answer.headers
    me = await ask(site, "{ users_me { email } }", token=tokens["access_token"])
    assert value(me, "users_me") == {"email": ADMIN_EMAIL}


async def test_modes_with_cookies(site: Site) -> None:
    answer = await ask(site, LOGIN, {**ADMIN, "mode": "cookie"})
    tokens = value(answer, "auth_login")
    assert tokens["access_token"]
    assert tokens["refresh_token"] is None
    assert answer.headers["set-cookie"].startswith("directus_refresh_token=")
    again = await ask(site, REFRESH, {"mode": "cookie"}, cookie=cookie_of(answer))
    assert value(again, "auth_refresh")["access_token"]
    assert cookie_of(again) != cookie_of(answer)
    answer = await ask(site, LOGIN, {**ADMIN, "mode": "session"})
    expected = {"access_token": None, "refresh_token": None, "expires": "86400000"}
    assert value(answer, "auth_login") == expected
    session = cookie_of(answer)
    me = await ask(site, "{ users_me { email } }", cookie=session)
    assert value(me, "users_me") == {"email": ADMIN_EMAIL}
    answer = await ask(site, LOGOUT, {"mode": "session"}, cookie=session)
    assert value(answer, "auth_logout") is True
    assert answer.headers["set-cookie"].startswith("directus_session_token=; Max-Age=0;")
    assert (await ask(site, "{ users_me { email } }", cookie=session)).status == 401


async def test_refusals(site: Site) -> None:
    assert refusal(await ask(site, LOGIN, {**ADMIN, "password": "x"})) == "INVALID_CREDENTIALS"
    assert refusal(await ask(site, LOGIN, {**ADMIN, "email": "nobody"})) == "INVALID_CREDENTIALS"
    assert refusal(await ask(site, LOGIN, {**ADMIN, "email": "\x00"})) == "INVALID_CREDENTIALS"
    for query in (REFRESH, LOGOUT):
        assert refusal(await ask(site, query)) == "INVALID_PAYLOAD"
        assert refusal(await ask(site, query, {"mode": "session"})) == "INVALID_PAYLOAD"
    assert refusal(await ask(site, REFRESH, {"token": "x"})) == "INVALID_CREDENTIALS"
    answer = await ask(site, REFRESH, {"mode": "cookie"}, cookie="directus_refresh_token=nope")
    assert refusal(answer) == "INVALID_CREDENTIALS"
    assert answer.headers["set-cookie"].startswith("directus_refresh_token=; Max-Age=0;")
    assert value(await ask(site, LOGOUT, {"token": "x"}), "auth_logout") is True


async def test_refresh_and_logout(site: Site) -> None:
    token = value(await ask(site, LOGIN, ADMIN), "auth_login")["refresh_token"]
    tokens = value(await ask(site, REFRESH, {"token": token}), "auth_refresh")
    assert tokens["refresh_token"] not in (None, token)
    assert value(await ask(site, LOGOUT, {"token": tokens["refresh_token"]}), "auth_logout") is True
    assert (await ask(site, "{ users_me { id } }", token=tokens["access_token"])).status == 401


async def test_other_sites_cannot_use_the_cookies(site: Site) -> None:
    answer = await ask(site, LOGIN, {**ADMIN, "mode": "cookie"})
    evil = "https://evil.example"
    found = await ask(site, REFRESH, {"mode": "cookie"}, cookie=cookie_of(answer), origin=evil)
    assert refusal(found) == "FORBIDDEN"
    session = cookie_of(await ask(site, LOGIN, {**ADMIN, "mode": "session"}))
    assert (await ask(site, "{ users_me { id } }", cookie=session, origin=evil)).status == 403
    own = "https://cms.example.com"
    assert value(await ask(site, "{ users_me { id } }", cookie=session, origin=own), "users_me")


async def test_login_once_per_request(site: Site) -> None:
    """GHSA-g293-vf99-xv36: aliases must not multiply attempts."""
    call = 'auth_login(email: "a@b.co", password: "x") { expires }'
    answer = await ask(site, f"mutation {{ a: {call} b: {call} }}")
    assert answer.status == 400
    assert b"can only be used once per request" in answer.body


async def test_who_am_i(site: Site) -> None:
    user = await add_user(site.database, "ada@example.com", token="ada")
    query = """{ users_me { id } roles_me { id } permissions_me
                 policies_me_globals { app_access admin_access enforce_tfa } server_ping
                 server_info { project { project_name } queryLimit { default max } version } }"""
    found = json.loads((await ask(site, query, token="ada")).body)["data"]
    assert found == {
        "users_me": {"id": user},
        "roles_me": [],
        "permissions_me": {},
        "policies_me_globals": {"app_access": False, "admin_access": False, "enforce_tfa": False},
        "server_ping": "pong",
        "server_info": {
            "project": {"project_name": "Causeway"},
            "queryLimit": {"default": 100, "max": 50_000},
            "version": None,
        },
    }
    await add_policy(site.database, user=user, app_access=True)
    await site.project.epochs.bump_access()
    found = json.loads((await ask(site, "{ users_me { id email } server_health }", token="ada")).body)
    assert found["data"] == {
        "users_me": {"id": user, "email": "ada@example.com"},
        # no mails can be sent
        "server_health": {"status": "warn"},
    }


async def test_the_public(site: Site) -> None:
    found = json.loads((await ask(site, "{ server_ping server_info { project { project_name } } }")).body)
    assert found["data"]["server_ping"] == "pong"
    assert refusal(await ask(site, "{ server_health }")) == "FORBIDDEN"
    health = json.loads((await ask(site, "{ server_health }", token=ADMIN_TOKEN)).body)["data"]
    assert health["server_health"]["checks"]


# --- the caller's own row -------------------------------------------------------------------------------


async def person(site: Site, email: str, *, read: str | None, update: str | None) -> str:
    """A user with a token like the name; rights on users by their fields."""
    policy = await add_policy(site.database)
    for action, fields in (("read", read), ("update", update)):
        if fields is not None:
            rule = {"id": {"_eq": "$CURRENT_USER"}}
            await grant(site.database, policy, "directus_users", action, fields=fields, rule=rule)
    user = await add_user(site.database, f"{email}@example.com", token=f"{email}-token")
    await add(site.database, "directus_access", user=user, policy=policy)
    return user


async def test_own_row_is_changed_as_far_as_it_may_be(site: Site) -> None:
    await person(site, "ann", read="id,first_name,email", update="first_name,title")
    change = (
        "mutation ($data: update_directus_users_input) { update_users_me(data: $data) { id first_name } }"
    )
    told = value(
        await ask(site, change, {"data": {"first_name": "Ann"}}, token="ann-token"), "update_users_me"
    )
    assert told["first_name"] == "Ann"
    # the id is the caller's, whatever is sent
    others = {"data": {"id": "00000000-0000-0000-0000-000000000000", "title": "Dr"}}
    again = value(await ask(site, change, others, token="ann-token"), "update_users_me")
    assert again["id"] == told["id"]
    rows = await site.database.fetch("select title from directus_users where title is not null")
    assert [tuple(row) for row in rows] == [("Dr",)]
    refused = await ask(site, change, {"data": {"status": "suspended"}}, token="ann-token")
    assert refused.status == 400


async def test_nothing_sent_changes_nothing(site: Site) -> None:
    user = await person(site, "ann", read="id", update="first_name")
    for sent in ("", "(data: null)", "(data: {})"):
        answer = await ask(site, f"mutation {{ update_users_me{sent} {{ id }} }}", token="ann-token")
        assert value(answer, "update_users_me") == {"id": user}


async def test_who_may_not_read_users_is_told_of_the_own_key(site: Site) -> None:
    user = await person(site, "bob", read=None, update="first_name")
    answer = await ask(
        site, 'mutation { update_users_me(data: {first_name: "B"}) { id } }', token="bob-token"
    )
    assert value(answer, "update_users_me") == {"id": user}


@pytest.mark.parametrize("token", ["cat-token", None])
async def test_without_the_right_there_is_no_such_root(site: Site, token: str | None) -> None:
    await person(site, "cat", read="id", update=None)
    answer = await ask(site, 'mutation { update_users_me(data: {title: "x"}) { id } }', token=token)
    assert answer.status == 400


async def test_random_strings(site: Site) -> None:
    for length in (1, 32, 500):
        answer = await ask(site, f"mutation {{ utils_random_string(length: {length}) }}")
        assert len(value(answer, "utils_random_string")) == length
    first, second = [
        value(await ask(site, "mutation { utils_random_string }"), "utils_random_string") for _ in "ab"
    ]
    assert len(first) == 32
    assert first != second
    for length in (0, -1, 501, 1_000_000_000):
        body = json.loads((await ask(site, f"mutation {{ utils_random_string(length: {length}) }}")).body)
        assert body["errors"][0]["extensions"]["code"] == "INVALID_PAYLOAD"
    assert (await ask(site, 'mutation { utils_random_string(length: "x") }')).status == 400
