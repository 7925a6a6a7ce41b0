"""How mails leave: through a real SMTP server, encrypted or not, through a program, and into the log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.mailing import smtp_of, transport_of
from resolvers.mail.addresses import Sender
from resolvers.mail.connection import Connection, State
from resolvers.mail.log import Log, redacted_link
from resolvers.mail.message import compose
from resolvers.mail.post import Letter
from resolvers.mail.sendmail import Sendmail, SendmailFacts
from resolvers.mail.smtp import Smtp, SmtpFacts
from resolvers.mail.templates import Rendered
from resolvers.mail.transport import DeliveryFailed, Mail
from schema_gen.errors import ConfigurationError
from tests.support.mail import Mailbox, mailbox
from tests.support.project import settings_for

TEXT = "See https://example.com/?token=abc\n.\n.. dots stay\nFrom here, too\n"


def mail(to: str = "ada@example.com", data: Mapping[str, Any] | None = None) -> Mail:
    sender = Sender(name=None, address="no-reply@example.com")
    message = compose(
        Rendered(subject="Hello", text=TEXT, html=None),
        to=to,
        sender=sender,
        project_name="Causeway",
        now=datetime(2026, 5, 4, tzinfo=UTC),
    )
    return Mail(
        letter=Letter(template="password-reset", to=to, data=data or {}),
        sender=sender.address,
        to=to,
        message=message,
    )


def smtp(box: Mailbox, **values: str) -> Smtp:
    transport = transport_of(settings_for("sqlite://", **{**box.settings, **values}))
    assert isinstance(transport, Smtp)
    return transport


async def refusal(transport: Smtp | Sendmail, given: Mail | None = None) -> tuple[str, bool]:
    with pytest.raises(DeliveryFailed) as failed:
        await transport.deliver(given or mail())
    return str(failed.value), failed.value.temporary


# --- SMTP ----------------------------------------------------------------------------------------------


async def test_a_mail_arrives_as_it_was_sent() -> None:
    async with mailbox() as box:
        assert await smtp(box).check() == "not encrypted"
        await smtp(box).deliver(mail())
        got = await box.next()
        assert (got.sender, got.to, got.subject) == ("no-reply@example.com", "ada@example.com", "Hello")
        assert got.text == TEXT
        assert not got.encrypted


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_with_tls_and_a_login(tls: Any) -> None:
    async with mailbox(tls=tls, user="causeway", password="s3cret") as box:
        transport = smtp(box)
        assert (await transport.check()).endswith(", logged in as causeway")
        await transport.deliver(mail())
        got = await box.next()
        assert (got.encrypted, got.login) == (True, "causeway")
        reason, temporary = await refusal(smtp(box, EMAIL_SMTP_PASSWORD="wrong-one"))
        assert (reason[:4], temporary) == ("535 ", False)
        assert "wrong-one" not in reason


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_an_unknown_certificate_is_refused(tls: Any) -> None:
    async with mailbox(tls=tls) as box:
        reason, temporary = await refusal(smtp(box, EMAIL_SMTP_TLS_CA_FILE=""))
        assert "certificate verify failed" in reason.lower()
        assert temporary
        assert box.letters == []


async def test_a_certificate_for_another_host_is_refused() -> None:
    async with mailbox(tls="implicit") as box:
        reason, _ = await refusal(smtp(box, EMAIL_SMTP_HOST="localhost"))
        assert "mismatch" in reason.lower()
        assert box.letters == []


async def test_nothing_is_sent_in_clear_to_other_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resolvers.mail.smtp.is_this_machine", lambda host: False)
    async with mailbox(user="causeway", password="s3cret") as box:
        reason, temporary = await refusal(smtp(box))
        assert "STARTTLS" in reason
        assert "EMAIL_SMTP_IGNORE_TLS" in reason
        assert not temporary
        await smtp(box, EMAIL_SMTP_IGNORE_TLS="true").deliver(mail())
        assert len(box.letters) == 1


async def test_answers_tell_whether_to_try_again() -> None:
    async with mailbox() as box:
        transport = smtp(box)
        box.answers.extend(["451 4.7.1 Greylisted", "550 5.1.1 No such user", "250 ok"])
        assert await refusal(transport) == ("451 4.7.1 Greylisted", True)
        assert await refusal(transport) == ("550 5.1.1 No such user", False)
        await transport.deliver(mail())
    reason, temporary = await refusal(transport)
    assert temporary
    assert "Error connecting to 127.0.0.1" in reason


async def test_a_server_that_says_nothing() -> None:
    async with mailbox() as box:
        box.fall_silent()
        facts = smtp_of(settings_for("sqlite://", **box.settings))
        transport = Smtp(SmtpFacts(host=facts.host, port=facts.port, timeout=0.05))
        reason, temporary = await refusal(transport)
        assert "timed out" in reason.lower()
        assert temporary


async def test_connections_are_kept_where_that_is_wanted() -> None:
    async with mailbox() as box:
        single = smtp(box)
        await single.deliver(mail())
        await single.deliver(mail())
        assert box.sessions == 2
        pool = smtp(box, EMAIL_SMTP_POOL="true")
        for _ in range(3):
            await pool.deliver(mail())
        assert (box.sessions, len(box.letters)) == (3, 5)
        await asyncio.gather(*(pool.deliver(mail()) for _ in range(2)))
        assert box.sessions == 4
        await box.hang_up()
        await pool.deliver(mail())
        assert (box.sessions, len(box.letters)) == (5, 8)
        await pool.close()


async def test_addresses_in_other_letters() -> None:
    async with mailbox() as box:
        await smtp(box).deliver(mail("ädä@exämple.com"))
        got = await box.next()
        assert got.to == "ädä@exämple.com"
        assert got.message["To"] == "ädä@exämple.com"


async def test_no_address_is_changed_for_a_server_that_knows_ascii_only() -> None:
    """GHSA-qw9g-7549-7wg5: it goes to whose address it is, or to nobody."""
    async with mailbox(utf8=False) as box:
        for address in ("ada@exämple.com", "ädä@example.com", "ada@stra\u00dfe.example"):
            reason, temporary = await refusal(smtp(box), mail(address))
            assert "SMTPUTF8" in reason.upper()
            assert not temporary
        assert box.letters == []


def test_a_file_of_certificates_that_is_none() -> None:
    for path in ("/nonexistent", __file__):
        settings = settings_for("sqlite://", EMAIL_TRANSPORT="smtp", EMAIL_SMTP_TLS_CA_FILE=path)
        with pytest.raises(ConfigurationError, match=f"EMAIL_SMTP_TLS_CA_FILE='{path}' cannot be read"):
            transport_of(settings)


# --- sendmail ------------------------------------------------------------------------------------------


def program(path: Path, script: str) -> str:
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


async def test_a_program_takes_the_mail(tmp_path: Path) -> None:
    path = program(
        tmp_path / "sendmail", f'printf "%s\\n" "$@" > {tmp_path}/arguments; cat > {tmp_path}/mail'
    )
    transport = transport_of(settings_for("sqlite://", EMAIL_TRANSPORT="sendmail", EMAIL_SENDMAIL_PATH=path))
    await transport.check()
    await transport.deliver(
        mail("$(touch x)'@example.com".replace("(", "").replace(")", "").replace(" ", "_"))
    )
    arguments = (tmp_path / "arguments").read_text().splitlines()
    assert arguments == ["-i", "-f", "no-reply@example.com", "--", "$touch_x'@example.com"]
    sent = (tmp_path / "mail").read_bytes()
    assert b"Subject: Hello\n" in sent
    assert b"\r" not in sent
    await Sendmail(SendmailFacts(path=path, line_end="\r\n")).deliver(mail())
    assert b"Subject: Hello\r\n" in (tmp_path / "mail").read_bytes()


async def test_what_the_program_says(tmp_path: Path) -> None:
    busy = Sendmail(SendmailFacts(path=program(tmp_path / "busy", "echo later >&2; exit 75")))
    assert await refusal(busy) == ("exit code 75: later", True)
    broken = Sendmail(SendmailFacts(path=program(tmp_path / "broken", "cat > /dev/null; exit 67")))
    assert await refusal(broken) == ("exit code 67", False)
    missing = Sendmail(SendmailFacts(path=str(tmp_path / "missing")))
    assert await refusal(missing) == (f"{tmp_path}/missing is not a program", False)


# --- the log -------------------------------------------------------------------------------------------


async def test_without_transport_the_log_tells(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="causeway.mail")
    transport = transport_of(settings_for("sqlite://"))
    assert isinstance(transport, Log)
    await transport.deliver(mail(data={"url": "https://a.example/reset?token=abc", "name": "Ada"}))
    assert caplog.messages == [
        'no mail is sent (EMAIL_TRANSPORT is not set): "password-reset" to ada@example.com, '
        'subject "Hello", link https://a.example/reset?token=--redacted--'
    ]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://a.example/x", "https://a.example/x"),
        ("/admin/reset?token=abc", "/admin/reset?token=--redacted--"),
        ("https://a.example/?abc", "https://a.example/?--redacted--"),
        (
            "https://a.example/?x=1&%74oken=abc&x=2",
            "https://a.example/?x=--redacted--&%74oken=--redacted--&x=--redacted--",
        ),
        ("https://a:b@c.example/#abc", "https://c.example/#--redacted--"),
        ("https://[bad/?token=abc", "--redacted--"),
    ],
)
def test_links_are_told_without_their_secrets(url: str, told: str) -> None:
    assert redacted_link(url) == told


# --- what health tells ----------------------------------------------------------------------------------


async def test_the_connection_is_looked_at_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resolvers.mail.connection._PATIENCE", 30.0)
    async with mailbox() as box:
        connection = Connection(smtp(box))
        assert [await connection.check() for _ in range(5)] == [State(status="ok")] * 5
        assert box.sessions == 1
        await connection.close()


async def test_a_dead_server_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resolvers.mail.connection._PATIENCE", 30.0)
    async with mailbox() as box:
        transport = smtp(box)
    state = await Connection(transport).check()
    assert state.status == "error"
    assert "Error connecting to 127.0.0.1" in (state.output or "")


async def test_nobody_waits_for_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stuck(Log):
        sends = True
        looks = 0

        async def check(self) -> str:
            self.looks += 1
            await asyncio.Event().wait()
            return ""

    monkeypatch.setattr("resolvers.mail.connection._PATIENCE", 0.001)
    transport = Stuck()
    connection = Connection(transport)
    for _ in range(3):
        assert await connection.check() == State(status="warn", output="no answer yet")
    assert transport.looks == 1
    await connection.close()
