"""`causeway mail test`: what it says, and with which exit code it ends."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from pathlib import Path

import pytest

from gateway.cli import run
from gateway.terminal import Terminal
from tests.conftest import MakeDatabase
from tests.support.mail import mailbox
from tests.support.project import seed_system

#: what it is about does not reach the database
SQLITE_SHOWS = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


@pytest.fixture
async def url(make_database: MakeDatabase) -> str:
    return await make_database(seed_system)


async def call(url: str, to: str, settings: Mapping[str, str]) -> tuple[int, str, str]:
    """Exit code, standard output and error. The command has a loop of its own, in a thread."""
    out, err = io.StringIO(), io.StringIO()
    terminal = Terminal(out=out, err=err, stdin=io.StringIO())
    values = {"DB_CONNECTION_STRING": url, **settings}
    code = await asyncio.to_thread(run, ["mail", "test", to], values, Path("/nonexistent"), terminal)
    return code, out.getvalue(), err.getvalue()


async def test_a_mail_is_sent(url: str) -> None:
    async with mailbox(tls="starttls", user="causeway", password="s3cret") as box:
        settings = {**box.settings, "EMAIL_FROM": "Me <me@example.org>"}
        code, out, err = await call(url, "ada@example.com", settings)
        assert (code, out) == (0, "Sent to ada@example.com from me@example.org.\n")
        assert err.startswith(f"connecting to 127.0.0.1:{box.port} ...\nconnected (TLSv1.")
        assert err.endswith(", logged in as causeway); sending ...\n")
        assert (await box.next()).subject == "Test mail of Causeway"


@SQLITE_SHOWS
async def test_what_goes_wrong_is_one_line(url: str) -> None:
    async with mailbox(user="causeway", password="s3cret") as box:
        box.answers.append("550 no such user")
        code, out, err = await call(url, "ada@example.com", box.settings)
        assert (code, out) == (1, "")
        assert err.startswith("EMAIL_FROM is not set")
        assert err.splitlines()[-1] == "causeway: not sent: 550 no such user"
        code, out, err = await call(url, "ada@example.com", {**box.settings, "EMAIL_SMTP_PASSWORD": "wrong"})
        assert (code, out) == (1, "")
        assert err.splitlines()[-1].startswith("causeway: not sent: 535 ")
        assert box.letters == []
    code, out, err = await call(url, "ada@example.com", box.settings)
    assert code == 1
    assert err.splitlines()[-1].startswith(
        f"causeway: not sent: Error connecting to 127.0.0.1 on port {box.port}"
    )
    assert err.endswith("; it may do better later\n")


@SQLITE_SHOWS
async def test_without_transport(url: str) -> None:
    code, out, err = await call(url, "ada@example.com", {})
    assert (code, out) == (1, "")
    assert "no transport is configured, mails go to the log: set EMAIL_TRANSPORT to smtp" in err


@SQLITE_SHOWS
async def test_no_address(url: str) -> None:
    assert await call(url, "ada", {}) == (2, "", "causeway: 'ada' is no mail address\n")
