"""Invitations, registration and lost passwords, from the request to the login, over REST and GraphQL."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest

from resolvers.mail.post import Letter
from tests.conftest import MakeDatabase
from tests.support.asgi import Answer
from tests.support.letters import BY_MAIL, PUBLIC_URL, collect, open_registration, token_in
from tests.support.project import (
    ADMIN_EMAIL,
    ADMIN_TOKEN,
    Site,
    add_role,
    add_user,
    code,
    data,
    running,
    seed_system,
)

ADA: Final = "ada@example.com"
OLD: Final = "the old password"
NEW: Final = "the new password"


async def with_ada(url: str) -> None:
    await seed_system(url)
    async with running(url) as site:
        await add_user(site.database, ADA, password=OLD, first_name="Ada", last_name="L")
        await add_role(site.database, "Editors")
        await add_role(site.database, "Readers")


@pytest.fixture
async def site(make_database: MakeDatabase) -> AsyncIterator[Site]:
    async with running(await make_database(with_ada), **BY_MAIL) as opened:
        yield opened


@pytest.fixture
def letters(site: Site, monkeypatch: pytest.MonkeyPatch) -> list[Letter]:
    return collect(site, monkeypatch)


async def users(site: Site, like: str) -> list[tuple[Any, ...]]:
    sql = """select u.email, u.status, r.name from directus_users u
             left join directus_roles r on r.id = u.role where u.email like $1 order by u.email"""
    return [tuple(row) for row in await site.database.fetch(site.database.native(sql), (like,))]


async def role(site: Site, name: str) -> str:
    sql = site.database.native("select cast(id as text) from directus_roles where name = $1")
    return str((await site.database.fetch(sql, (name,)))[0][0])


async def login(site: Site, email: str, password: str) -> Answer:
    return await site.ask("POST", "/auth/login", {"email": email, "password": password})


async def invite(site: Site, **payload: Any) -> Answer:
    return await site.ask("POST", "/users/invite", payload, token=ADMIN_TOKEN)


async def accept(site: Site, token: str, password: str) -> Answer:
    return await site.ask("POST", "/users/invite/accept", {"token": token, "password": password})


async def register(site: Site, email: str, password: str, **more: Any) -> Answer:
    return await site.ask("POST", "/users/register", {"email": email, "password": password, **more})


async def verify(site: Site, token: str) -> Answer:
    return await site.ask("GET", f"/users/register/verify-email?token={token}")


async def history(site: Site) -> tuple[Any, ...]:
    """The newest activity, and what its revision says."""
    sql = """select a.action, a.collection, cast(a."user" as text), a.ip, r.delta from directus_activity a
             left join directus_revisions r on r.activity = a.id order by a.id desc limit 1"""
    action, collection, user, ip, delta = (await site.database.fetch(sql))[0]
    return action, collection, user, ip, None if delta is None else json.loads(delta)


# --- invitations ----------------------------------------------------------------------------------------


async def test_an_invitation_is_accepted_once(site: Site, letters: list[Letter]) -> None:
    editors = await role(site, "Editors")
    answer = await invite(site, email="New@Example.com", role=editors)
    assert (answer.status, answer.body) == (204, b"")
    assert await users(site, "new%") == [("new@example.com", "invited", "Editors")]
    (letter,) = letters
    assert (letter.template, letter.to) == ("user-invitation", "new@example.com")
    assert letter.data["url"].startswith(f"{PUBLIC_URL}/admin/accept-invite?token=")
    assert (await login(site, "new@example.com", NEW)).status == 401
    assert (await accept(site, token_in(letter), NEW)).status == 204
    assert await users(site, "new%") == [("new@example.com", "active", "Editors")]
    told = {"status": "active", "password": "**********"}
    assert await history(site) == ("update", "directus_users", None, "192.0.2.1", told)
    assert (await login(site, "new@example.com", NEW)).status == 200
    assert code(await accept(site, token_in(letter), "another one")) == "INVALID_INVITE"
    assert (await login(site, "new@example.com", NEW)).status == 200


async def test_who_is_invited_again(site: Site, letters: list[Letter]) -> None:
    assert (await invite(site, email="new@example.com", role=await role(site, "Editors"))).status == 204
    assert (await invite(site, email="NEW@example.com", role=await role(site, "Readers"))).status == 204
    assert await users(site, "new%") == [("new@example.com", "invited", "Readers")]
    assert [letter.to for letter in letters] == ["new@example.com"] * 2
    # both links are good, and the first that is followed ends both
    assert (await accept(site, token_in(letters[0]), NEW)).status == 204
    assert code(await accept(site, token_in(letters[1]), NEW)) == "INVALID_INVITE"
    # who is a user already gets no mail, keeps the role, and the answer is the same
    for known in ("new@example.com", ADMIN_EMAIL, ADA):
        assert (await invite(site, email=known, role=await role(site, "Editors"))).status == 204
    assert len(letters) == 2
    assert await users(site, "new%") == [("new@example.com", "active", "Readers")]


async def test_several_at_once_or_none(site: Site, letters: list[Letter]) -> None:
    editors = await role(site, "Editors")
    assert (await invite(site, email=["a1@example.com", ADA, "a2@example.com"], role=editors)).status == 204
    assert [letter.to for letter in letters] == ["a1@example.com", "a2@example.com"]
    assert (await invite(site, email=["a3@example.com", "A3@EXAMPLE.COM"], role=editors)).status == 204
    assert [letter.to for letter in letters][2:] == ["a3@example.com"]
    assert (await invite(site, email=[], role=editors)).status == 204
    assert code(await invite(site, email=["a4@example.com", "none"], role=editors)) == "INVALID_PAYLOAD"
    nowhere = "11111111-2222-4333-8444-555555555555"
    refused = await invite(site, email=["a5@example.com", "a6@example.com"], role=nowhere)
    assert code(refused) == "INVALID_FOREIGN_KEY"
    # also whom the change of a role would have reached
    refused = await invite(site, email=["a1@example.com", "a7@example.com"], role=nowhere)
    assert code(refused) == "INVALID_FOREIGN_KEY"
    assert [email for email, *_ in await users(site, "a_@%")] == [f"a{n}@example.com" for n in (1, 2, 3)]
    assert len(letters) == 3


# --- lost passwords -------------------------------------------------------------------------------------


async def ask_for(site: Site, email: str, **more: Any) -> Answer:
    return await site.ask("POST", "/auth/password/request", {"email": email, **more})


async def reset(site: Site, token: str, password: str) -> Answer:
    return await site.ask("POST", "/auth/password/reset", {"token": token, "password": password})


async def test_a_new_password_ends_every_login(site: Site, letters: list[Letter]) -> None:
    tokens = data(await login(site, ADA, OLD))
    answer = await ask_for(site, "ADA@example.com")
    assert (answer.status, answer.body) == (204, b"")
    (letter,) = letters
    assert (letter.template, letter.to, letter.data["name"]) == ("password-reset", ADA, "Ada L")
    assert letter.data["url"].startswith(f"{PUBLIC_URL}/admin/reset-password?token=")
    assert (await site.ask("GET", "/users/me", token=tokens["access_token"])).status == 200
    answer = await reset(site, token_in(letter), NEW)
    assert (answer.status, answer.body) == (204, b"")
    told = {"password": "**********"}
    assert await history(site) == ("update", "directus_users", None, "192.0.2.1", told)
    assert (await site.ask("GET", "/users/me", token=tokens["access_token"])).status == 401
    refreshed = await site.ask("POST", "/auth/refresh", {"refresh_token": tokens["refresh_token"]})
    assert refreshed.status == 401
    assert (await login(site, ADA, OLD)).status == 401
    assert (await login(site, ADA, NEW)).status == 200


async def test_links_to_allowed_places(site: Site, letters: list[Letter]) -> None:
    for url, start in (
        (None, f"{PUBLIC_URL}/admin/reset-password?token="),
        ("", f"{PUBLIC_URL}/admin/reset-password?token="),
        (f"{PUBLIC_URL}/admin/reset-password", f"{PUBLIC_URL}/admin/reset-password?token="),
        ("https://APP.example.com/reset?a=b&token=x", "https://APP.example.com/reset?a=b&token="),
        ("https://other.example.com", "https://other.example.com?token="),
    ):
        assert (await ask_for(site, ADA, reset_url=url)).status == 204
        assert letters[-1].data["url"].startswith(start)
    assert (await ask_for(site, ADA, reset_url="https://app.example.com/reset#form")).status == 204
    assert letters[-1].data["url"].endswith("#form")
    count = len(letters)
    home = "https://app.example.com"
    elsewhere: list[Any] = [f"{home}/accept", f"{home}/", home, "https://evil.example", 5, {}]
    for one in elsewhere:
        answer = await ask_for(site, ADA, reset_url=one)
        assert code(answer) == "INVALID_PAYLOAD"
        assert "can't be used to reset passwords" in answer.body.decode()
    assert len(letters) == count


async def test_passwords_by_mail_that_are_asked_for_wrongly(site: Site, letters: list[Letter]) -> None:
    nobody: list[Any] = [{}, {"email": 5}, {"email": ""}, [], None]
    for payload in nobody:
        answer = await site.ask("POST", "/auth/password/request", payload)
        assert (answer.status, code(answer)) == (400, "INVALID_PAYLOAD")
        assert '\\"email\\" field is required' in answer.body.decode()
    half: list[tuple[str, Any]] = [
        ("token", {}),
        ("token", {"password": NEW}),
        ("token", {"token": 5, "password": NEW}),
        ("password", {"token": "x"}),
        ("password", {"token": "x", "password": ""}),
        ("password", {"token": "x", "password": 5}),
    ]
    for name, payload in half:
        answer = await site.ask("POST", "/auth/password/reset", payload)
        assert (answer.status, code(answer)) == (400, "INVALID_PAYLOAD")
        assert f'\\"{name}\\" field is required' in answer.body.decode()
    for address in ("nobody", "nobody@example.com", " ada@example.com", "ada@example.com\x00", "a" * 300):
        assert (await ask_for(site, address)).status == 204
    assert letters == []
    assert (await site.ask("GET", "/auth/password/request")).status == 404
    answer = await site.ask("OPTIONS", "/auth/password/reset")
    assert (answer.status, answer.body) == (200, b"POST")


# --- registration ---------------------------------------------------------------------------------------


async def test_registration_is_closed_unless_it_is_opened(site: Site, letters: list[Letter]) -> None:
    answer = await register(site, "new@example.com", NEW)
    assert (answer.status, code(answer)) == (403, "FORBIDDEN")
    assert letters == []


async def test_who_registers_confirms_the_address(site: Site, letters: list[Letter]) -> None:
    await open_registration(site, role=await role(site, "Readers"))
    answer = await register(site, "New@Example.com", NEW, first_name="N", last_name="E")
    assert (answer.status, answer.body) == (204, b"")
    assert await users(site, "new%") == [("new@example.com", "unverified", "Readers")]
    (letter,) = letters
    assert (letter.template, letter.to, letter.data["name"]) == (
        "user-registration",
        "new@example.com",
        "",
    )
    assert letter.data["url"].startswith(f"{PUBLIC_URL}/users/register/verify-email?token=")
    assert (await login(site, "new@example.com", NEW)).status == 401
    # looking is not following
    assert (await site.ask("HEAD", f"/users/register/verify-email?token={token_in(letter)}")).status == 404
    answer = await verify(site, token_in(letter))
    user = data(await site.ask("GET", "/users?filter[email]=new@example.com", token=ADMIN_TOKEN))[0]["id"]
    assert (answer.status, answer.headers["location"]) == (302, f"/admin/users/{user}")
    assert answer.headers["cache-control"] == "no-store"
    assert (await login(site, "new@example.com", NEW)).status == 200
    answer = await verify(site, token_in(letter))
    assert (answer.status, code(answer)) == (400, "INVALID_PAYLOAD")
    for token in ("", "garbage"):
        assert code(await verify(site, token)) == "INVALID_TOKEN"
    assert code(await site.ask("GET", "/users/register/verify-email?token[]=a")) == "INVALID_TOKEN"


async def test_the_last_word_of_who_registers_counts(site: Site, letters: list[Letter]) -> None:
    """Somebody else's password is never confirmed by the link that answers to one's own registration."""
    await open_registration(site)
    assert (await register(site, "new@example.com", "of a stranger", first_name="S")).status == 204
    assert (await register(site, "new@example.com", NEW, first_name="N")).status == 204
    first, second = letters
    assert code(await verify(site, token_in(first))) == "INVALID_PAYLOAD"
    assert (await verify(site, token_in(second))).status == 302
    assert (await login(site, "new@example.com", "of a stranger")).status == 401
    assert (await login(site, "new@example.com", NEW)).status == 200
    # and from then on nobody's
    assert (await register(site, "new@example.com", "of a stranger")).status == 204
    assert len(letters) == 2
    assert (await login(site, "new@example.com", NEW)).status == 200


async def test_registration_without_confirmation(site: Site, letters: list[Letter]) -> None:
    await open_registration(site, verify_email=False)
    assert (await register(site, "new@example.com", NEW)).status == 204
    assert await users(site, "new%") == [("new@example.com", "active", None)]
    assert (await login(site, "new@example.com", NEW)).status == 200
    assert (await register(site, "new@example.com", "another one")).status == 204
    assert (await login(site, "new@example.com", NEW)).status == 200
    assert letters == []


#: filter -> an address that meets it, one that does not
FILTERS: Final[tuple[tuple[Any, str | None, str | None], ...]] = (
    ({"email": {"_ends_with": "@example.com"}}, "A@EXAMPLE.com", "a@example.org"),
    ({"_and": [{"email": {"_starts_with": "b"}}]}, "b@example.org", "ab@example.org"),
    ({"email": {"_in": ["c@example.com"]}}, "c@example.com", "cc@example.com"),
    ({"_or": [{"email": {"_regex": "^d"}}]}, "d@example.com", "ad@example.com"),
    ({"email": {"_no_such": "x"}}, None, "e@example.com"),
    (["email"], None, "f@example.com"),
    ({}, "g@example.com", None),
)


async def test_only_some_addresses(site: Site, letters: list[Letter]) -> None:
    for email_filter, welcome, not_welcome in FILTERS:
        letters.clear()
        await open_registration(site, email_filter=json.dumps(email_filter))
        if not_welcome is not None:
            answer = await register(site, not_welcome, NEW)
            assert (answer.status, code(answer)) == (403, "FORBIDDEN"), email_filter
            assert letters == []
        if welcome is not None:
            assert (await register(site, welcome, NEW)).status == 204, email_filter
            assert [letter.to for letter in letters] == [welcome.lower()]


async def test_links_of_registrations(site: Site, letters: list[Letter]) -> None:
    await open_registration(site)
    url = "https://app.example.com/verify?x=1"
    assert (await register(site, "new@example.com", NEW, verification_url=url)).status == 204
    assert letters[0].data["url"].startswith(f"{url}&token=")
    answer = await register(site, "newer@example.com", NEW, verification_url="https://evil.example/verify")
    assert code(answer) == "INVALID_PAYLOAD"
    assert "can't be used to verify registered users" in answer.body.decode()
    assert await users(site, "newer%") == []


# --- GraphQL --------------------------------------------------------------------------------------------


async def call(site: Site, root: str, caller: str | None = None, /, **arguments: str) -> Any:
    """The answer of a mutation, or the code of its refusal."""
    given = ", ".join(f"{name}: {json.dumps(value)}" for name, value in arguments.items())
    payload = {"query": f"mutation {{ {root}({given}) }}"}
    answer = await site.ask("POST", "/graphql/system", payload, token=caller)
    body = json.loads(answer.body)
    return body["errors"][0]["extensions"]["code"] if "errors" in body else body["data"][root]


async def test_the_same_by_graphql(site: Site, letters: list[Letter]) -> None:
    editors = await role(site, "Editors")
    new = "new@example.com"
    assert await call(site, "users_invite", email=new, role=editors) == "GRAPHQL_VALIDATION"
    assert await call(site, "users_invite", ADMIN_TOKEN, email=new, role=editors) is True
    assert await call(site, "users_invite", ADMIN_TOKEN, email="none", role=editors) == "INVALID_PAYLOAD"
    evil = {"email": new, "role": editors, "invite_url": "https://evil.example"}
    assert await call(site, "users_invite", ADMIN_TOKEN, **evil) == "INVALID_PAYLOAD"
    token = token_in(letters[-1])
    assert await call(site, "users_invite_accept", token="garbage", password=NEW) == "INVALID_TOKEN"
    assert await call(site, "users_invite_accept", token=token, password=NEW) is True
    assert await call(site, "users_invite_accept", token=token, password=NEW) == "INVALID_INVITE"
    assert await call(site, "auth_password_request", email=new) is True
    assert await call(site, "auth_password_request", email="nobody@example.com") is True
    evil = {"email": new, "reset_url": "https://evil.example"}
    assert await call(site, "auth_password_request", **evil) == "INVALID_PAYLOAD"
    token = token_in(letters[-1])
    assert await call(site, "auth_password_reset", token=token, password="newer still") is True
    assert await call(site, "auth_password_reset", token=token, password="newest") == "FORBIDDEN"
    assert (await login(site, new, "newer still")).status == 200
    asked = {"email": "newer@example.com", "password": NEW}
    assert await call(site, "users_register", **asked) == "FORBIDDEN"
    await open_registration(site)
    assert await call(site, "users_register", **asked, first_name="N") is True
    token = token_in(letters[-1])
    assert await call(site, "users_register_verify", token="garbage") == "INVALID_TOKEN"
    assert await call(site, "users_register_verify", token=token) is True
    assert await call(site, "users_register_verify", token=token) == "INVALID_PAYLOAD"
    assert (await login(site, "newer@example.com", NEW)).status == 200
    # what REST alone asks has no name outside
    for root in ("users_invite_all", "users_register_verified"):
        assert await call(site, root, ADMIN_TOKEN, token=token) == "GRAPHQL_VALIDATION"
