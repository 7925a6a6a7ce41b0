"""Letters become messages: headers, bodies, and what no value can do to them."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.mail.addresses import Sender, is_address, parse_sender
from resolvers.mail.message import NoAddress, compose
from resolvers.mail.templates import Rendered

SENDER = Sender(name=None, address="no-reply@example.com")
NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


def arrived(rendered: Rendered, *, to: str = "ada@example.com", project: str = "Causeway") -> EmailMessage:
    """The message as who gets it reads it."""
    message = compose(rendered, to=to, sender=SENDER, project_name=project, now=NOW)
    return message_from_bytes(message.as_bytes(), policy=default)


def bodies(message: EmailMessage) -> list[str]:
    return [part.get_content().replace("\r\n", "\n") for part in message.iter_parts()]


def test_headers_and_bodies() -> None:
    message = arrived(Rendered(subject="Grüße", text="Hallo Welt, ä\n", html="<p>Hallo ä</p>\n"))
    assert message["From"] == "Causeway <no-reply@example.com>"
    assert message["To"] == "ada@example.com"
    assert message["Subject"] == "Grüße"
    assert message["Date"].datetime == NOW
    assert message["Message-ID"].endswith("@example.com>")
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert bodies(message) == ["Hallo Welt, ä\n", "<p>Hallo ä</p>\n"]


def test_one_body() -> None:
    assert arrived(Rendered(subject="x", text="a", html=None)).get_content_type() == "text/plain"
    assert arrived(Rendered(subject="x", text=None, html="a")).get_content_type() == "text/html"


def test_no_two_messages_have_one_id() -> None:
    rendered = Rendered(subject="x", text="a", html=None)
    assert arrived(rendered)["Message-ID"] != arrived(rendered)["Message-ID"]


def test_every_line_is_short_and_ascii() -> None:
    """Long links come through whole, whatever servers do to lines."""
    link = "https://example.com/?token=" + "x" * 900
    rendered = Rendered(subject="ä" * 300, text=f"{link}\n", html=f'<a href="{link}">ä</a>\n')
    raw = compose(rendered, to="ada@example.com", sender=SENDER, project_name="P", now=NOW).as_bytes()
    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 78
    message = message_from_bytes(raw, policy=default)
    assert bodies(message) == [rendered.text, rendered.html]
    assert message["Subject"] == "ä" * 300


HEADERS = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"]


@given(subject=st.text(), project=st.text())
def test_no_value_adds_a_header(subject: str, project: str) -> None:
    message = arrived(Rendered(subject=subject, text="x", html=None), project=project)
    kept = [name for name in message if not name.startswith(("Content-", "MIME-"))]
    assert kept == HEADERS
    (sender,) = message["From"].addresses
    assert sender.addr_spec == "no-reply@example.com"


@pytest.mark.parametrize(
    "subject", ["x\r\nBcc: eve@example.com", "x\nBcc: e@example.com", "x\rBcc: e", "\x00\x0b"]
)
def test_line_breaks_in_subject_and_name(subject: str) -> None:
    message = arrived(Rendered(subject=subject, text="x", html=None), project=subject)
    assert "Bcc" not in message
    assert list(message)[: len(HEADERS)] == HEADERS


@pytest.mark.parametrize(
    "address",
    [
        *("", "ada", "@example.com", "ada@", "a@b@c", "ada@example.com, eve@example.com", "a b@example.com"),
        *(
            "ada@example.com\nBcc: eve@example.com",
            "ada@example.com\r",
            "<ada@example.com>",
            "Ada <ada@example.com>",
        ),
        *(
            "-oQ/tmp@example.com",
            '"a"@example.com',
            "a@example.com(x)",
            "a@ex\u202eample.com",
            "a@b.c" + "d" * 260,
        ),
    ],
)
def test_what_is_no_address(address: str) -> None:
    assert not is_address(address)
    with pytest.raises(NoAddress):
        compose(
            Rendered(subject="x", text="x", html=None), to=address, sender=SENDER, project_name="P", now=NOW
        )


@pytest.mark.parametrize("address", ["ada@exämple.com", "ädä@example.com", "\uff41da@example.com"])
def test_other_letters_stay_as_they_are(address: str) -> None:
    """GHSA-qw9g-7549-7wg5: nobody folds an address into another one."""
    message = compose(
        Rendered(subject="x", text="x", html=None), to=address, sender=SENDER, project_name="P", now=NOW
    )
    assert f"To: {address}\r\n".encode() in message.as_bytes()


def test_senders() -> None:
    assert parse_sender(" no-reply@example.com ") == Sender(name=None, address="no-reply@example.com")
    assert parse_sender('"My site" <a@b.example>') == Sender(name="My site", address="a@b.example")
    for text in ("", "nobody", "A <a@b.example> <c@d.example>", "A <>", "a@b.example, c@d.example"):
        with pytest.raises(ValueError, match="no mail address"):
            parse_sender(text)
    named = compose(
        Rendered(subject="x", text="x", html=None),
        to="ada@example.com",
        sender=Sender(name="A, B", address="a@b.example"),
        project_name="P",
        now=NOW,
    )
    assert named["From"] == '"A, B" <a@b.example>'
