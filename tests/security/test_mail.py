"""Mails: nobody reads files by them, writes into them, learns links from the log, or stops the server so.

GHSA-5h38-6755-g83w, GHSA-4hmq-ggrm-qfc6 CVE-2023-27474, classes 13 and 17.
"""

from __future__ import annotations

import asyncio
import io
import logging
from pathlib import Path

import pytest

from gateway.observe import configure_logging
from resolvers.mail.look import spoken
from resolvers.mail.post import Letter
from resolvers.mail.templates import Templates
from schema_gen.errors import CausewayError
from tests.conftest import MakeDatabase
from tests.support.mail import mailbox
from tests.support.project import ADMIN_TOKEN, data, running, seed_system

TOKEN = "eyJhbGciOiJIUzI1NiJ9.c2VjcmV0.c2lnbmVk"
LINK = f"https://cms.example.com/admin/reset-password?token={TOKEN}"

#: what it is about does not reach the database
SQLITE_SHOWS = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)

NAMES = (
    *("../secret", "..", ".", "", "/etc/passwd", "../../../../etc/passwd", "a/b", "a\\b", "..\\secret"),
    *(
        "secret\x00",
        "secret.txt",
        "Secret",
        "secret\n",
        "sécret",
        "%2e%2e%2fsecret",
        "linked",
        "~root",
        "$HOME",
        "a" * 10_000,
    ),
)


@pytest.mark.parametrize("name", NAMES, ids=lambda name: repr(name[:40]))
def test_template_names_lead_nowhere_else(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.txt").write_text("the secret")
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "linked.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(CausewayError) as refused:
        Templates(folder).require(name)
    assert refused.value.status == 400
    assert refused.value.code == "INVALID_PAYLOAD"
    with pytest.raises(CausewayError):
        Templates(folder).render(name, {})


def test_links_inside_the_folder_are_followed(tmp_path: Path) -> None:
    """Volumes of containers are made of them."""
    (tmp_path / "..data").mkdir()
    (tmp_path / "..data" / "news.txt").write_text("inside")
    (tmp_path / "news.txt").symlink_to(tmp_path / "..data" / "news.txt")
    assert Templates(tmp_path).render("news", {}).text == "inside"


@SQLITE_SHOWS
async def test_a_refused_template_is_told_to_who_sends(make_database: MakeDatabase) -> None:
    async with running(await make_database(seed_system)) as site:
        for name in NAMES:
            with pytest.raises(CausewayError, match="There is no mail template"):
                site.project.post.send(Letter(template=name, to="ada@example.com", data={}))
        assert site.project.post.waiting == 0


@pytest.mark.parametrize(
    ("name", "told"),
    [
        *((name, name) for name in ("Ada", "J. R. Smith", "Zoë O'Neil-Núñez", "李雷")),
        *(
            (name, None)
            for name in ("evil.example", "http://x", "Click: here", "a@b", "<b>", "x" * 81, "", "\n", 5)
        ),
        ("Ada\r\n\r\nYour account is closed", "Ada Your account is closed"),
    ],
)
def test_names_are_names(name: object, told: str | None) -> None:
    """Who chooses a name may not be who gets the mail."""
    assert spoken(name) == told


async def test_what_is_sent_is_escaped_in_the_mail(make_database: MakeDatabase) -> None:
    """GHSA-4hmq-ggrm-qfc6: values cannot write HTML, headers or further recipients."""
    hostile = "\"><img src=x onerror=alert(1)><a href='https://evil.example'>\r\nBcc: eve@example.com"
    async with mailbox() as box, running(await make_database(seed_system), **box.settings) as site:
        for template in ("password-reset", "user-invitation", "user-registration"):
            letter = {"url": f"https://ok.example/?x={hostile}", "name": hostile}
            site.project.post.send(Letter(template=template, to="ada@example.com", data=letter))
            got = await box.next()
            assert "<img" not in got.html
            assert "evil.example'" not in got.html
            assert got.html.count("<a ") == 1
            assert got.recipients == ("ada@example.com",)
            assert "Bcc" not in got.message
        for to in (
            "ada@example.com, eve@example.com",
            "ada@example.com\r\nRCPT TO:<eve@example.com>",
            hostile,
        ):
            site.project.post.send(
                Letter(template="user-invitation", to=to, data={"url": LINK, "name": None})
            )
        site.project.post.send(Letter(template="mail-test", to="last@example.com", data={}))
    assert {letter.to for letter in box.letters} == {"ada@example.com", "last@example.com"}


@SQLITE_SHOWS
@pytest.mark.parametrize("style", ["pretty", "raw"])
async def test_the_log_holds_no_link(make_database: MakeDatabase, style: str) -> None:
    """Class 17: whatever becomes of a mail, nobody sets a password with what the log says of it."""
    url = await make_database(seed_system)
    log = io.StringIO()
    logger = logging.getLogger("causeway")
    before = [
        (one, one.handlers[:], one.level, one.propagate) for one in (logger, logging.getLogger("uvicorn"))
    ]
    configure_logging(log, level="trace", style=style)
    try:
        async with mailbox() as box:
            box.answers.extend(["550 no", "451 later"])
            for settings in ({}, box.settings):
                async with running(url, **settings) as site:
                    for template in ("password-reset", "user-invitation", "user-registration"):
                        values = {"url": LINK, "name": "Ada", "token": TOKEN}
                        site.project.post.send(Letter(template=template, to="ada@example.com", data=values))
                    site.project.post.send(Letter(template="password-reset", to="nobody", data={"url": LINK}))
    finally:
        for one, handlers, level, propagate in before:
            one.handlers[:], one.propagate = handlers, propagate
            one.setLevel(level)
    written = log.getvalue()
    assert "no mail is sent (EMAIL_TRANSPORT is not set)" in written
    assert "reset-password?token=--redacted--" in written
    assert "550 no" in written
    assert TOKEN not in written
    assert TOKEN.rpartition(".")[2] not in written


@SQLITE_SHOWS
async def test_a_mail_server_that_hangs_stops_nobody(make_database: MakeDatabase) -> None:
    """Letters to a server that does not answer: requests are served meanwhile, and health tells."""
    async with mailbox() as box:
        box.fall_silent()
        async with running(await make_database(seed_system), **box.settings) as site:
            for number in range(20):
                site.project.post.send(Letter(template="mail-test", to=f"{number}@example.com", data={}))
            answers = await asyncio.gather(
                *(site.ask("GET", "/users/me", token=ADMIN_TOKEN) for _ in range(10))
            )
            assert [data(answer)["id"] for answer in answers]
            assert site.project.post.waiting == 20
            box.answer()
            assert (await box.next()).subject == "Test mail of Causeway"
