"""Mails of a running project: from a letter to somebody's mailbox, beside the requests."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from resolvers.mail.post import Letter
from tests.conftest import MakeDatabase
from tests.support.mail import Mailbox, mailbox
from tests.support.project import Site, change, data, running, seed_system

LINK = "https://cms.example.com/admin/reset-password?token=abc.def-ghi"
#: what it is about does not reach the database
SQLITE_SHOWS = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
RESET = Letter(template="password-reset", to="ada@example.com", data={"url": LINK, "name": "Ada"})


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log says of mails."""
    return [record.getMessage() for record in caplog.records if record.name == "causeway.mail"]


@pytest.fixture
async def box() -> AsyncIterator[Mailbox]:
    async with mailbox() as opened:
        yield opened


@pytest.fixture
async def url(make_database: MakeDatabase) -> str:
    return await make_database(seed_system)


async def test_a_letter_arrives_in_the_project_s_name(url: str, box: Mailbox) -> None:
    async with running(url, PUBLIC_URL="https://cms.example.com", **box.settings) as site:
        sql = "update directus_settings set project_name = 'Bob & Söhne', project_color = '#123456'"
        await change(site.database, sql)
        site.project.post.send(RESET)
        got = await box.next()
    assert got.to == "ada@example.com"
    assert got.message["From"] == "Bob & Söhne <no-reply@example.com>"
    assert got.subject == "Choose a new password for Bob & Söhne"
    assert got.link == LINK
    assert "Hello Ada," in got.text
    assert "https://cms.example.com\n" in got.text
    assert f'href="{LINK}"' in got.html
    assert "Bob &amp; Söhne" in got.html
    assert "#123456" in got.html


async def test_without_system_tables(database_url: str, box: Mailbox) -> None:
    async with running(database_url, EMAIL_FROM="Mine <me@example.org>", **box.settings) as site:
        site.project.post.send(RESET)
        got = await box.next()
    assert (got.sender, got.message["From"]) == ("me@example.org", "Mine <me@example.org>")
    assert got.subject == "Choose a new password for Causeway"


@SQLITE_SHOWS
async def test_the_project_s_own_template(url: str, box: Mailbox, tmp_path: Path) -> None:
    (tmp_path / "password-reset.txt").write_text(
        "{% set subject %}{{ project_name }} {{ name }}{% endset %}Go to {{ url }}", encoding="utf-8"
    )
    async with running(url, EMAIL_TEMPLATES_PATH=str(tmp_path), **box.settings) as site:
        site.project.post.send(RESET)
        got = await box.next()
    assert (got.subject, got.text.strip()) == ("Causeway Ada", f"Go to {LINK}")
    assert "Choose a password" in got.html


@SQLITE_SHOWS
async def test_what_waits_leaves_before_the_end(url: str, box: Mailbox) -> None:
    async with running(url, **box.settings) as site:
        for number in range(10):
            site.project.post.send(Letter(template="mail-test", to=f"{number}@example.com", data={}))
    assert sorted(letter.to for letter in box.letters) == [f"{number}@example.com" for number in range(10)]


@SQLITE_SHOWS
async def test_a_dead_mail_server_at_the_start_is_a_warning(
    url: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("causeway"), "propagate", True)
    async with mailbox() as gone:
        pass
    with caplog.at_level(logging.WARNING, logger="causeway.mail"):
        async with running(url, **gone.settings) as site:
            async with asyncio.timeout(30):
                while not told(caplog):
                    assert data(await site.ask("GET", "/server/info"))
        assert told(caplog)[0].startswith(
            f"mails cannot be sent through 127.0.0.1:{gone.port}: Error connect"
        )
        caplog.clear()
        async with running(url, EMAIL_VERIFY_SETUP="false", **gone.settings) as site:
            assert data(await site.ask("GET", "/server/info"))
        assert told(caplog) == []


@SQLITE_SHOWS
async def test_what_is_wrong_with_templates_is_told_at_the_start(
    url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "password-reset.html").write_text("{% if %}", encoding="utf-8")
    with caplog.at_level(logging.WARNING, logger="causeway.mail"):
        async with running(url, EMAIL_TEMPLATES_PATH=str(tmp_path)) as site:
            async with asyncio.timeout(30):
                while not told(caplog):
                    assert data(await site.ask("GET", "/server/info"))
    assert told(caplog)[0].startswith("mail template password-reset.html: Expected an expression")


@SQLITE_SHOWS
async def test_a_template_that_lacks_a_value_is_logged(
    url: str, box: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, logger="causeway.mail"):
        async with running(url, **box.settings) as site:
            site.project.post.send(Letter(template="password-reset", to="ada@example.com", data={}))
            site.project.post.send(RESET)
            await box.next()
    assert told(caplog) == [
        'mail "password-reset" to ada@example.com is not sent: '
        "template password-reset.txt: 'name' is undefined"
    ]


def of(site: Site) -> int:
    return site.project.post.waiting


@SQLITE_SHOWS
async def test_mails_are_tried_again(url: str, box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.mailing.PAUSES", (0.0, 0.0))
    box.answers.extend(["451 later", "421 busy"])
    async with running(url, **box.settings) as site:
        site.project.post.send(RESET)
        got = await box.next()
        assert got.link == LINK
    assert of(site) == 0


@SQLITE_SHOWS
async def test_no_more_mails_leave_than_are_allowed(
    url: str, box: Mailbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("gateway.mailing._GRACE", 0.0)
    bounds = {"RATE_LIMITER_EMAIL_ENABLED": "true", "RATE_LIMITER_EMAIL_POINTS": "2"}
    longest = {"RATE_LIMITER_EMAIL_DURATION": "3600", "SERVER_SHUTDOWN_TIMEOUT": "10"}
    with caplog.at_level(logging.ERROR, logger="causeway.mail"):
        async with running(url, **bounds, **longest, **box.settings) as site:
            for number in range(5):
                site.project.post.send(Letter(template="mail-test", to=f"{number}@example.com", data={}))
            await box.next()
            await box.next()
    assert len(box.letters) == 2
    assert told(caplog) == ['3 mails are lost, for the server stops: 3 of "mail-test"']
