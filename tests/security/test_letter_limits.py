"""How often mails can be asked for, and registrations tried: by one door as by the other."""

from __future__ import annotations

import pytest

from tests.conftest import MakeDatabase
from tests.support.asgi import Answer
from tests.support.letters import BY_MAIL, collect, open_registration
from tests.support.project import ADMIN_TOKEN, Site, add_role, add_user, code, running, seed_system


async def ask_for(site: Site, email: str) -> int:
    return (await site.ask("POST", "/auth/password/request", {"email": email})).status


async def test_a_mailbox_is_not_flooded(make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """Known or not, over REST or GraphQL, in whatever case: five a quarter of an hour, then 429."""
    async with running(await make_database(seed_system), **BY_MAIL) as site:
        letters = collect(site, monkeypatch, bounded=True)
        await add_user(site.database, "ada@example.com", password="the old password")
        for email in ("ada@example.com", "nobody@example.com"):
            statuses = [await ask_for(site, email) for _ in range(4)]
            query = f'mutation {{ auth_password_request(email: "{email.upper()}") }}'
            assert (await site.ask("POST", "/graphql/system", {"query": query})).status == 200
            statuses.append(await ask_for(site, email))
            assert statuses == [204] * 4 + [429]
        assert len(letters) == 5
        refused = await site.ask("POST", "/auth/password/request", {"email": "ada@example.com"})
        assert code(refused) == "REQUESTS_EXCEEDED"
        assert int(refused.headers["retry-after"]) > 0


async def test_registrations_are_bounded(
    make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the place they come from, open or closed, whether the address is known or not."""
    bounds = {"RATE_LIMITER_REGISTRATION_POINTS": "3", "RATE_LIMITER_REGISTRATION_DURATION": "60"}
    async with running(await make_database(seed_system), **BY_MAIL, **bounds) as site:
        letters = collect(site, monkeypatch, bounded=True)
        await open_registration(site)
        statuses = []
        for email in (
            "a@example.com",
            "a@example.com",
            "b@example.com",
            "c@example.com",
            "admin@example.com",
        ):
            body = {"email": email, "password": "the new password"}
            statuses.append((await site.ask("POST", "/users/register", body)).status)
        assert statuses == [204, 204, 204, 429, 429]
        assert [letter.to for letter in letters] == ["a@example.com", "a@example.com", "b@example.com"]


async def test_invitations_are_bounded(make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """By who invites: a hundred requests an hour."""
    async with running(await make_database(seed_system), **BY_MAIL) as site:
        collect(site, monkeypatch, bounded=True)
        nobody = {"email": [], "role": await add_role(site.database, "editors")}
        statuses = [(await invite(site, nobody)).status for _ in range(100)]
        assert set(statuses) == {204}
        answer = await invite(site, {**nobody, "email": "new@example.com"})
        assert (answer.status, code(answer)) == (429, "REQUESTS_EXCEEDED")


async def invite(site: Site, payload: object) -> Answer:
    return await site.ask("POST", "/users/invite", payload, token=ADMIN_TOKEN)
