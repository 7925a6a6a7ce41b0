"""From the request to the mail that a server of mails took, and from its link to the login."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.conftest import MakeDatabase
from tests.support.letters import BY_MAIL, open_registration
from tests.support.mail import Mailbox, Received, mailbox
from tests.support.project import ADMIN_TOKEN, Site, add_role, change, running, seed_system

NEW: Final = "the new password"


def token_in(mail: Received) -> str:
    (token,) = parse_qs(urlsplit(mail.link).query)["token"]
    return token


async def post(site: Site, path: str, caller: str | None = None, /, **payload: str) -> int:
    return (await site.ask("POST", path, payload, token=caller)).status


async def test_links_of_mails(make_database: MakeDatabase) -> None:
    """An invitation, a registration and a new password, as they are read; what is hostile is escaped."""
    async with (
        mailbox() as box,
        running(await make_database(seed_system), **BY_MAIL, **box.settings) as site,
    ):
        await change(site.database, "update directus_settings set project_name = 'The Sun'")
        await invited(site, box)
        await registered(site, box)
        await forgotten(site, box)
        assert len(box.letters) == 3


async def test_a_server_without_an_address_says_so(
    make_database: MakeDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    """Links of mails begin with it; where no mail leaves, nobody needs it."""
    url = await make_database(seed_system)
    async with mailbox() as box:
        for settings, told in (({}, []), (box.settings, ["PUBLIC_URL"]), ({**box.settings, **BY_MAIL}, [])):
            caplog.clear()
            async with running(url, LOG_LEVEL="warn", **settings):
                assert [text.split()[0] for text in caplog.messages if "PUBLIC_URL" in text] == told


async def invited(site: Site, box: Mailbox) -> None:
    role = await add_role(site.database, "Editors")
    assert await post(site, "/users/invite", ADMIN_TOKEN, email="Ada@example.com", role=role) == 204
    mail = await box.next()
    assert (mail.to, mail.subject) == ("ada@example.com", "Invitation to The Sun")
    assert mail.link in mail.html.replace("&amp;", "&")
    accepted = {"token": token_in(mail), "password": "the first password"}
    assert await post(site, "/users/invite/accept", **accepted) == 204
    assert await post(site, "/auth/login", email="ada@example.com", password="the first password") == 200


async def registered(site: Site, box: Mailbox) -> None:
    await open_registration(site)
    hostile = "<b>Eve</b>\r\nBcc: mallory@example.com"
    asked = {"email": "Eve@example.com", "password": NEW, "first_name": hostile}
    status = await post(site, "/users/register", **asked)
    assert status == 204
    mail = await box.next()
    assert mail.to == "eve@example.com"
    # what a stranger writes goes to nobody's address
    assert "Eve" not in mail.html.replace("eve@example.com", "")
    assert mail.message["Bcc"] is None
    link = urlsplit(mail.link)
    assert (await site.ask("GET", f"{link.path}?{link.query}")).status == 302
    assert await post(site, "/auth/login", email="eve@example.com", password=NEW) == 200


async def forgotten(site: Site, box: Mailbox) -> None:
    """GHSA-4hmq-ggrm-qfc6: an allowed place whose query would be markup."""
    url = 'https://app.example.com/reset?x="><img/src=x>&y=1'
    assert await post(site, "/auth/password/request", email="ADA@example.com", reset_url=url) == 204
    mail = await box.next()
    assert mail.to == "ada@example.com"
    assert "<img" not in mail.html
    assert "y=1&amp;token=" in mail.html
    assert await post(site, "/auth/password/reset", token=token_in(mail), password=NEW) == 204
    assert await post(site, "/auth/login", email="ada@example.com", password=NEW) == 200
