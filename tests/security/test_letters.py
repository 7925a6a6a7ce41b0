"""Links in mails open what they were made for, once, to who reads the mail; asking for one tells nothing."""

# Letters that only look alike are what is tested.
# ruff: noqa: RUF001

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from resolvers.behaviors import password_reset, registration
from resolvers.behaviors.addressees import Addressees
from resolvers.behaviors.signed import Tickets
from resolvers.mail.post import Letter
from resolvers.secrets import Hasher
from tests.conftest import MakeDatabase
from tests.support.asgi import Answer
from tests.support.letters import BY_MAIL, collect, open_registration, token_in
from tests.support.project import (
    ADMIN_EMAIL,
    ADMIN_TOKEN,
    Site,
    add,
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

ADA: Final = "ada@example.com"
OLD: Final = "the old password"
NEW: Final = "the new password"
#: of everybody who is there, in a state in which no password is set by mail
OTHERS: Final = {
    "suspended@example.com": {"status": "suspended"},
    "invited@example.com": {"status": "invited"},
    "unverified@example.com": {"status": "unverified"},
    "elsewhere@example.com": {"provider": "google", "external_identifier": "elsewhere"},
}


async def with_people(url: str) -> None:
    await seed_system(url)
    async with running(url) as site:
        await add_user(site.database, ADA, password=OLD)
        for email, state in OTHERS.items():
            await add_user(site.database, email, password=OLD, **state)


@pytest.fixture
async def site(make_database: MakeDatabase) -> AsyncIterator[Site]:
    async with running(await make_database(with_people), **BY_MAIL) as opened:
        yield opened


@pytest.fixture
def letters(site: Site, monkeypatch: pytest.MonkeyPatch) -> list[Letter]:
    return collect(site, monkeypatch)


async def ask_for(site: Site, email: str, **more: Any) -> Answer:
    return await site.ask("POST", "/auth/password/request", {"email": email, **more})


async def reset(site: Site, token: str, password: str = NEW) -> Answer:
    return await site.ask("POST", "/auth/password/reset", {"token": token, "password": password})


async def accept(site: Site, token: str, password: str = NEW) -> Answer:
    return await site.ask("POST", "/users/invite/accept", {"token": token, "password": password})


async def register(site: Site, email: str, **more: Any) -> Answer:
    return await site.ask("POST", "/users/register", {"email": email, "password": NEW, **more})


async def verify(site: Site, token: str) -> Answer:
    return await site.ask("GET", f"/users/register/verify-email?token={token}")


async def login(site: Site, email: str, password: str) -> int:
    return (await site.ask("POST", "/auth/login", {"email": email, "password": password})).status


def told(answer: Answer) -> tuple[int, dict[str, str], bytes]:
    """All that somebody learns, but for the number of the request."""
    headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
    return answer.status, headers, answer.body


class Work:
    """What is done for a request, by name, in its order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done: list[str] = []
        self._watch(monkeypatch, Addressees, "all_by_email")
        self._watch(monkeypatch, Tickets, "make")
        self._watch(monkeypatch, Hasher, "hash")
        for module in (password_reset, registration):
            self._watch(monkeypatch, module, "at_least")

    def _watch(self, monkeypatch: pytest.MonkeyPatch, home: Any, name: str) -> None:
        original = getattr(home, name)

        def watched(*arguments: Any, **more: Any) -> Any:
            self.done.append(name)
            return original(*arguments, **more)

        monkeypatch.setattr(home, name, watched)

    def take(self) -> list[str]:
        done, self.done = self.done, []
        return done


# --- asking for a link ----------------------------------------------------------------------------------


async def test_asking_for_a_password_tells_nobody_apart(
    site: Site, letters: list[Letter], monkeypatch: pytest.MonkeyPatch
) -> None:
    """CVE-2021-29641: known, unknown, suspended, invited, of another provider: one answer, the same work."""
    work = Work(monkeypatch)
    expected = told(await ask_for(site, ADA))
    done = work.take()
    assert done == ["at_least", "all_by_email", "make"]
    assert [letter.to for letter in letters] == [ADA]
    for email in ("nobody@example.com", "no address", "ada@example.com\x00", *OTHERS):
        assert told(await ask_for(site, email)) == expected
        assert work.take() == done
    assert len(letters) == 1


async def test_a_refused_link_tells_nothing_of_the_address(
    site: Site, letters: list[Letter], monkeypatch: pytest.MonkeyPatch
) -> None:
    """GHSA-jr94-gj3h-c8rf: a link is judged before anybody is looked for, and no sooner refused."""
    work = Work(monkeypatch)
    evil = "https://app.example.com.evil.example/reset"
    expected = told(await ask_for(site, ADA, reset_url=evil))
    assert expected[0] == 400
    done = work.take()
    assert done == ["at_least"]
    for email in ("nobody@example.com", *OTHERS):
        assert told(await ask_for(site, email, reset_url=evil)) == expected
        assert work.take() == done
    assert letters == []


async def test_mail_goes_to_the_stored_address(site: Site, letters: list[Letter]) -> None:
    """GHSA-qw9g-7549-7wg5: nothing is folded but case, and what was typed gets no mail."""
    await add_user(site.database, "Zoe@Example.com", password=OLD)
    assert (await ask_for(site, "zoe@EXAMPLE.com")).status == 204
    assert [letter.to for letter in letters] == ["Zoe@Example.com"]
    for alike in (
        "ada@exämple.com",
        "adá@example.com",
        "ａda@example.com",
        "аda@example.com",
        "ada@ｅxample.com",
        "ada@example.com.",
        "ada@example.com ",
        "ada+x@example.com",
        "ada@example.com,eve@evil.example",
        "ada@example.com\neve@evil.example",
        "ADA@EXAMPLE.COM%",
        "a_a@example.com",
    ):
        assert (await ask_for(site, alike)).status == 204
    assert len(letters) == 1
    # who is meant is not known where two differ in case only
    await add_user(site.database, "zoe@example.com", password=OLD)
    assert (await ask_for(site, "zoe@example.com")).status == 204
    assert len(letters) == 1


async def test_links_hold_no_markup(site: Site, letters: list[Letter]) -> None:
    """GHSA-4hmq-ggrm-qfc6: an allowed place, and a query that would be more than a query."""
    url = "https://app.example.com/reset?x=\"><img src=x onerror='alert(1)'>&y=1"
    assert (await ask_for(site, ADA, reset_url=url)).status == 400  # white space is in no URL
    assert (await ask_for(site, ADA, reset_url=url.replace(" ", "/"))).status == 204
    link = letters[0].data["url"]
    assert link.startswith("https://app.example.com/reset?x=%22%3E%3Cimg/src=x/onerror=")
    assert not set('<>"') & set(link)
    assert token_in(letters[0])


# --- registration ---------------------------------------------------------------------------------------


async def test_registering_a_known_address_mails_the_stored_one(site: Site, letters: list[Letter]) -> None:
    """GHSA-8xp8-xrh2-88vr: variants of a known address, in case and in accents."""
    await open_registration(site)
    await add_user(site.database, "Waiting@Example.com", password=OLD, status="unverified")
    assert (await register(site, "waiting@EXAMPLE.com")).status == 204
    assert [letter.to for letter in letters] == ["Waiting@Example.com"]
    assert (await register(site, "ADA@example.com")).status == 204
    assert len(letters) == 1
    # another address is another user, whatever it looks like
    assert (await register(site, "adá@example.com")).status == 204
    assert [letter.to for letter in letters][1:] == ["adá@example.com"]
    assert (await verify(site, token_in(letters[1]))).status == 302
    assert await login(site, ADA, OLD) == 200
    assert await login(site, ADA, NEW) == 401


@pytest.mark.parametrize(
    "stored", ["5", "0", "true", '"x"', '["x"]', '{"_and": 5}', '{"_or": [5]}', '{"email": 5}']
)
async def test_what_is_no_filter_is_met_by_nobody(site: Site, letters: list[Letter], stored: str) -> None:
    await open_registration(site, email_filter=stored)
    answer = await site.ask("POST", "/users/register", {"email": "new@example.com", "password": NEW})
    assert (answer.status, code(answer)) == (403, "FORBIDDEN")
    assert not letters


async def test_registration_writes_nothing_else(site: Site, letters: list[Letter]) -> None:
    """GHSA-gc7p-j5xm-xxh2: neither rights nor state nor credentials of another kind."""
    await open_registration(site)
    admins = (await site.database.fetch("select cast(id as text) from directus_roles"))[0][0]
    for name, value in (
        ("role", admins),
        ("policies", [{"policy": {"admin_access": True}}]),
        ("status", "active"),
        ("token", "a static token of mine"),
        ("id", "6f0e2c1a-0000-4000-8000-000000000001"),
        ("provider", "google"),
        ("external_identifier", "x"),
        ("tfa_secret", "x"),
        ("auth_data", {}),
        ("email_notifications", False),
        ("Role", admins),
        ("__proto__", {"role": admins}),
    ):
        answer = await register(site, "new@example.com", **{name: value})
        assert (answer.status, code(answer)) == (400, "INVALID_PAYLOAD")
        query = json.dumps({"email": "new@example.com", "password": NEW, name: value})
        body = {
            "query": f"mutation {{ users_register({query[1:-1]}) }}".replace('"' + name + '":', name + ":")
        }
        assert (await site.ask("POST", "/graphql/system", body)).status == 400
    assert (await register(site, "new@example.com")).status == 204
    sql = (
        "select status, role, token, provider, tfa_secret from directus_users where email = 'new@example.com'"
    )
    assert [tuple(row) for row in await site.database.fetch(sql)] == [
        ("unverified", None, None, "default", None)
    ]


@pytest.mark.parametrize("moment", ["hashing", "between"])
async def test_a_confirmed_address_is_nobody_else_s(
    site: Site, letters: list[Letter], monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Who registers an address while its owner confirms it changes nothing, and gets no link."""
    await open_registration(site)
    assert (await register(site, "new@example.com")).status == 204
    home: Any = Hasher if moment == "hashing" else Addressees
    name = "hash" if moment == "hashing" else "by_id"
    original = getattr(home, name)

    async def meanwhile(*arguments: Any, **more: Any) -> Any:
        monkeypatch.setattr(home, name, original)
        result = await original(*arguments, **more)
        assert (await verify(site, token_in(letters[0]))).status == 302
        return result

    monkeypatch.setattr(home, name, meanwhile)
    body = {"email": "new@example.com", "password": "of a stranger"}
    assert (await site.ask("POST", "/users/register", body)).status == 204
    assert len(letters) == 1
    assert await login(site, "new@example.com", NEW) == 200
    assert await login(site, "new@example.com", "of a stranger") == 401


async def test_two_register_the_same_address_at_once(site: Site, letters: list[Letter]) -> None:
    """Whichever link is followed, it confirms the password that it answers to."""
    await open_registration(site)
    words = [f"password number {n}" for n in range(4)]
    bodies = [{"email": "new@example.com", "password": word} for word in words]
    answers = await asyncio.gather(*(site.ask("POST", "/users/register", body) for body in bodies))
    assert [answer.status for answer in answers] == [204] * 4
    good = [letter for letter in letters if (await verify(site, token_in(letter))).status == 302]
    assert len(good) == 1
    logins = [await login(site, "new@example.com", word) for word in words]
    assert sorted(logins) == [200, 401, 401, 401]


async def test_registering_tells_nobody_apart(
    site: Site, letters: list[Letter], monkeypatch: pytest.MonkeyPatch
) -> None:
    await open_registration(site)
    work = Work(monkeypatch)
    expected = told(await register(site, "new@example.com"))
    assert expected[0] == 204
    done = work.take()
    assert done.count("hash") == done.count("make") == done.count("at_least") == 1
    for email in ("newer@example.com", ADA, ADMIN_EMAIL, *OTHERS):
        assert told(await register(site, email)) == expected
        assert work.take() == done
    # what an unknown address would be refused for, a known one is refused for
    for more in (
        {"first_name": "x" * 300},
        {"last_name": "\x00"},
        {"verification_url": "https://evil.example"},
    ):
        refused = told(await register(site, "newest@example.com", **more))
        assert refused[0] == 400
        for email in (ADA, ADMIN_EMAIL, *OTHERS):
            assert told(await register(site, email, **more)) == refused
    # mails have gone to those whose address is to be confirmed
    waiting = {"new@example.com", "newer@example.com", "unverified@example.com"}
    assert {letter.to for letter in letters} == waiting


async def test_texts_that_no_column_holds(site: Site, letters: list[Letter]) -> None:
    """Null characters, halves of characters, names and addresses that are too long: refused, never a 5xx."""
    await open_registration(site)
    half, null = "a\ud800b", "a\x00b"
    long = f"{'x' * 60}@{'.'.join(['y' * 60] * 3)}.com"
    for email in (half, null, f"{half}@example.com", f"{null}@example.com", long):
        assert (await register(site, email)).status == 400
        assert (await ask_for(site, email)).status == 204
    for name, value in (
        ("first_name", half),
        ("last_name", null),
        ("password", half),
        ("first_name", "x" * 300),
    ):
        body = {"email": "new@example.com", "password": NEW, name: value}
        assert (await site.ask("POST", "/users/register", body)).status == 400
    assert (await ask_for(site, ADA, reset_url=half)).status == 400
    token = await password_ticket(site, letters)
    assert (await reset(site, token, half)).status == 400
    assert (await reset(site, half)).status == 403
    assert (await accept(site, null)).status == 403
    assert (await verify(site, "%ed%a0%80%00")).status == 403
    assert (await reset(site, token)).status == 204


# --- class 4: invitations -------------------------------------------------------------------------------


async def inviting(site: Site, *, fields: str | None = "*") -> tuple[str, str]:
    """A policy that may create users, given to an "inviter"; the policy and the role."""
    role = await add_role(site.database, "inviters")
    policy = await add_policy(site.database, role=role, app_access=True)
    if fields is not None:
        await grant(site.database, policy, "directus_users", "create", fields=fields)
    await add_user(site.database, "inviter@example.com", role=role, token="inviter")
    await site.project.epochs.bump_access()
    return policy, role


async def invite(site: Site, role: str, token: str | None, email: str = "new@example.com") -> Answer:
    return await site.ask("POST", "/users/invite", {"email": email, "role": role}, token=token)


async def test_nobody_invites_into_more_than_he_has(site: Site, letters: list[Letter]) -> None:
    """Class 4: the role of administrators, roles that may do more, roles below them."""
    policy, role = await inviting(site)
    admins = await site.database.fetch("select cast(id as text) from directus_roles where name like 'Admin%'")
    above = await add_role(site.database, "above")
    more = await add_policy(site.database, role=above, app_access=True)
    await grant(site.database, more, "directus_users", "update")
    below = await add_role(site.database, "below", parent=above)
    strong = await add_role(site.database, "strong")
    await add_policy(site.database, role=strong, admin_access=True)
    for wanted in (admins[0][0], above, below, strong):
        answer = await invite(site, wanted, "inviter")
        assert (answer.status, code(answer)) == (403, "FORBIDDEN")
        # neither as another role of who is invited already
        known = await invite(site, wanted, "inviter", "invited@example.com")
        assert told(known) == told(answer)
    assert letters == []
    assert (await invite(site, role, "inviter")).status == 204
    same = await add_role(site.database, "the same")
    await add(site.database, "directus_access", role=same, policy=policy)
    assert (await invite(site, same, "inviter", "newer@example.com")).status == 204
    assert [letter.to for letter in letters] == ["new@example.com", "newer@example.com"]


async def test_inviting_takes_the_right_to_create_users(site: Site, letters: list[Letter]) -> None:
    """Class 4: whether the address is known or not, the same refusal; the public has no such right at all."""
    policy, role = await inviting(site, fields=None)
    for fields in (None, "email,status", "email,role", "role,status", "first_name"):
        await change(site.database, "delete from directus_permissions where policy = $1", policy)
        if fields is not None:
            await grant(site.database, policy, "directus_users", "create", fields=fields)
        await site.project.epochs.bump_access()
        answer = told(await invite(site, role, "inviter"))
        assert answer[0] == 403, fields
        for email in (ADA, "invited@example.com"):
            assert told(await invite(site, role, "inviter", email)) == answer
    assert (await invite(site, role, None)).status == 403
    assert letters == []


async def test_an_invitation_is_for_one_user_and_one_time(site: Site, letters: list[Letter]) -> None:
    """Class 4: twice, for another user, after the address has changed, and after an administrator's word."""
    role = await add_role(site.database, "editors")
    for email in ("x@example.com", "y@example.com", "z@example.com"):
        assert (await invite(site, role, ADMIN_TOKEN, email)).status == 204
    x, y, z = map(token_in, letters)
    # the address of x becomes that of y, who is still invited
    await change(
        site.database, "update directus_users set email = 'q@example.com' where email = 'y@example.com'"
    )
    await change(
        site.database, "update directus_users set email = 'y@example.com' where email = 'x@example.com'"
    )
    for token in (x, y):
        assert code(await accept(site, token)) == "INVALID_INVITE"
    await change(
        site.database, "update directus_users set status = 'suspended' where email = 'z@example.com'"
    )
    assert code(await accept(site, z)) == "INVALID_INVITE"
    await change(site.database, "update directus_users set status = 'invited' where email = 'z@example.com'")
    assert (await accept(site, z)).status == 204
    await change(site.database, "update directus_users set status = 'invited' where email = 'z@example.com'")
    assert code(await accept(site, z, "another one")) == "INVALID_INVITE"
    await change(site.database, "delete from directus_users where email = 'y@example.com'")
    assert code(await accept(site, x)) == "INVALID_INVITE"


# --- class 5: tickets -----------------------------------------------------------------------------------


async def password_ticket(site: Site, letters: list[Letter], email: str = ADA) -> str:
    assert (await ask_for(site, email)).status == 204
    return token_in(letters[-1])


async def test_a_link_to_a_new_password_is_good_once(site: Site, letters: list[Letter]) -> None:
    """Class 5: the second use, every other link that was sent before, and two uses at once."""
    first = await password_ticket(site, letters)
    second = await password_ticket(site, letters)
    answers = await asyncio.gather(*(reset(site, second, f"password number {n}") for n in range(4)))
    assert sorted(answer.status for answer in answers) == [204, 403, 403, 403]
    won = next(n for n, answer in enumerate(answers) if answer.status == 204)
    assert await login(site, ADA, f"password number {won}") == 200
    for token in (first, second):
        assert code(await reset(site, token)) == "FORBIDDEN"
    assert await login(site, ADA, f"password number {won}") == 200


async def test_a_link_dies_with_what_it_was_made_for(site: Site, letters: list[Letter]) -> None:
    """Class 5: another address, another password, suspension, another provider; the user is gone."""
    for number, event in enumerate(
        (
            "email = 'another@example.com'",
            "password = null",
            "status = 'suspended'",
            "status = 'invited'",
            "provider = 'google', external_identifier = 'x'",
            None,
        )
    ):
        email = f"u{number}@example.com"
        user = await add_user(site.database, email, password=OLD)
        token = await password_ticket(site, letters, email)
        if event is not None:
            await change(site.database, f"update directus_users set {event} where id = $1", user)
            assert code(await reset(site, token)) == "FORBIDDEN", event
        await change(site.database, "delete from directus_users where id = $1", user)
        assert code(await reset(site, token)) == "FORBIDDEN", event


async def test_tickets_open_nothing_else(site: Site, letters: list[Letter]) -> None:
    """Class 5: each for its purpose; none is an access token, and no access token is one of them."""
    await open_registration(site)
    role = await add_role(site.database, "editors")
    assert (await invite(site, role, ADMIN_TOKEN)).status == 204
    assert (await register(site, "newer@example.com")).status == 204
    await password_ticket(site, letters)
    invitation, registration, password = map(token_in, letters)
    login_ = data(await site.ask("POST", "/auth/login", {"email": ADA, "password": OLD}))
    ways: dict[str, Callable[[str], Awaitable[Answer]]] = {
        invitation: lambda token: accept(site, token),
        registration: lambda token: verify(site, token),
        password: lambda token: reset(site, token),
    }
    for own, way in ways.items():
        for token in (invitation, registration, password, login_["access_token"], login_["refresh_token"]):
            if token != own:
                assert (await way(token)).status == 403
    for token in ways:
        for headers, query in (
            ({"authorization": f"Bearer {token}"}, ""),
            ({}, f"?access_token={token}"),
            ({"cookie": f"directus_session_token={token}"}, ""),
        ):
            answer = await site.ask("GET", f"/users/me{query}", headers=headers)
            assert (answer.status, code(answer)) == (403, "INVALID_TOKEN")
        assert (await site.ask("POST", "/auth/refresh", {"refresh_token": token})).status == 401
    # they were good all the while
    for token, way in ways.items():
        assert (await way(token)).status in (204, 302)


async def test_tickets_that_were_tampered_with(site: Site, letters: list[Letter]) -> None:
    """Class 5: expired, of another server, changed, of a shape that none of ours has."""
    token = await password_ticket(site, letters)
    tokens, now = site.project.tokens, datetime.now(UTC)
    claims = tokens.opened(token, "password-reset")
    own = {name: claims[name] for name in ("id", "email", "scope", "stamp")}
    day = timedelta(days=1)
    expired = tokens.mint(own, now - 2 * day, now - day)
    answer = await reset(site, expired)
    assert (answer.status, code(answer)) == (401, "TOKEN_EXPIRED")
    head, body, signature = token.split(".")
    for other in (
        f"{head}.{body}.{signature[::-1]}",
        f"{head}.{body}.",
        f"{head}.{body[:-2]}.{signature}",
        "garbage",
        "a.b.c",
        "x" * 10_000,
        tokens.mint({**own, "id": "no id"}, now, now + day),
        tokens.mint({**own, "stamp": None}, now, now + day),
        tokens.mint({**own, "stamp": "é"}, now, now + day),
        tokens.mint({"scope": "password-reset", "email": ADA, "hash": "abc"}, now, now + day),
    ):
        answer = await reset(site, other)
        assert (answer.status, code(answer)) == (403, "INVALID_TOKEN")
    stamped = tokens.mint({**own, "stamp": "0" * 32}, now, now + day)
    assert code(await reset(site, stamped)) == "FORBIDDEN"
    assert (await reset(site, token)).status == 204


async def test_a_link_lives_as_long_as_the_settings_say(
    make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    lives = {
        "USER_INVITE_TOKEN_TTL": "2h",
        "EMAIL_VERIFICATION_TOKEN_TTL": "3h",
        "CAUSEWAY_PASSWORD_RESET_TOKEN_TTL": "4h",
    }
    async with running(await make_database(with_people), **BY_MAIL, **lives) as site:
        letters = collect(site, monkeypatch)
        await open_registration(site)
        assert (await invite(site, await add_role(site.database, "editors"), ADMIN_TOKEN)).status == 204
        assert (await register(site, "newer@example.com")).status == 204
        await password_ticket(site, letters)
        scopes = ("invite", "pending-registration", "password-reset")
        for letter, scope, hours in zip(letters, scopes, (2, 3, 4), strict=True):
            claims = site.project.tokens.opened(token_in(letter), scope)
            assert claims["exp"] - claims["iat"] == hours * 3600
