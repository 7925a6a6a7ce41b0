"""A real SMTP server for tests, in the loop of the test: what is sent can be read, and it can misbehave.

    async with mailbox() as box:
        async with running(url, **box.settings) as site:
            ...
            letter = await box.next()
            assert letter.to == "ada@example.com" and letter.link.startswith("https://")

`box.settings` are the EMAIL_* variables that lead there. `box.answers` holds what the next recipients are
answered, one by one ("451 later", "550 no"); after those, everything is taken. `mailbox(tls="starttls")` and
`tls="implicit"` encrypt, with a certificate that `box.settings` trust; `user` and `password` demand a login;
`utf8=False` takes addresses in ASCII only.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import warnings
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal, cast

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

Tls = Literal["none", "starttls", "implicit"]

#: seconds that a test waits for a mail before it fails
PATIENCE: Final = 30.0
_LINK: Final = re.compile(r"https?://\S+")


@dataclass(frozen=True, kw_only=True)
class Received:
    """A mail as it arrived. `sender` and `to` are those of the envelope. `encrypted`: by TLS."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage
    raw: bytes
    encrypted: bool
    login: str | None

    @property
    def to(self) -> str:
        (recipient,) = self.recipients
        return recipient

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        return self._body("plain")

    @property
    def html(self) -> str:
        return self._body("html")

    @property
    def link(self) -> str:
        """The first address of a page in the text."""
        found = _LINK.search(self.text)
        assert found is not None, self.text
        return found[0]

    def _body(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        assert part is not None, f"no {kind} part"
        return str(part.get_content()).replace("\r\n", "\n")


@dataclass(kw_only=True, eq=False)
class Mailbox:
    """`letters`: all that came, in order. `settings`: what points a server at it. `sessions`: connections so
    far.
    """

    settings: Mapping[str, str]
    port: int
    letters: list[Received] = field(default_factory=list)
    answers: deque[str] = field(default_factory=deque)
    sessions: int = 0
    _answering: asyncio.Event = field(default_factory=asyncio.Event)
    open: set[asyncio.Transport] = field(default_factory=set)
    _read: int = 0
    _came: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def next(self) -> Received:
        """The first mail that was not given yet; waits for it."""
        async with asyncio.timeout(PATIENCE), self._came:
            await self._came.wait_for(lambda: len(self.letters) > self._read)
        self._read += 1
        return self.letters[self._read - 1]

    def fall_silent(self) -> None:
        """No recipient is answered until `answer`."""
        self._answering.clear()

    def answer(self) -> None:
        self._answering.set()

    async def hang_up(self) -> None:
        """Ends every connection that is open, as servers do that have waited long enough."""
        for transport in self.open:
            transport.abort()
        self.open.clear()
        await asyncio.sleep(0)

    # --- what aiosmtpd calls ---------------------------------------------------------------------------

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        await self._answering.wait()
        if self.answers:
            answer = self.answers.popleft()
            if not answer.startswith("2"):
                return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        raw, transport = envelope.content, server.transport
        assert isinstance(raw, bytes)
        assert transport is not None
        message = message_from_bytes(raw, policy=default)
        login = session.auth_data
        self.letters.append(
            Received(
                sender=str(envelope.mail_from),
                recipients=tuple(str(address) for address in envelope.rcpt_tos),
                message=message,
                raw=raw,
                encrypted=transport.get_extra_info("sslcontext") is not None,
                login=login.login.decode() if isinstance(login, LoginPassword) else None,
            )
        )
        async with self._came:
            self._came.notify_all()
        return "250 taken"


class Conversation(SMTP):
    """One connection, which the mailbox can end."""

    event_handler: Mailbox

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.event_handler.open.add(cast(asyncio.Transport, transport))


@asynccontextmanager
async def mailbox(
    *, tls: Tls = "none", user: str | None = None, password: str = "", utf8: bool = True
) -> AsyncIterator[Mailbox]:
    with TemporaryDirectory() as directory:
        context, settings = _certificates(Path(directory)) if tls != "none" else (None, {})
        loop = asyncio.get_running_loop()
        box = Mailbox(settings={}, port=0)
        box.answer()

        def check(
            server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
        ) -> AuthResult:
            right = isinstance(data, LoginPassword) and (data.login, data.password) == (
                (user or "").encode(),
                password.encode(),
            )
            return AuthResult(success=right, handled=False, auth_data=data)

        def conversation() -> SMTP:
            box.sessions += 1
            with warnings.catch_warnings():
                # a login in clear is what some tests are about
                warnings.simplefilter("ignore", UserWarning)
                return Conversation(
                    box,
                    hostname="mailbox.test",
                    enable_SMTPUTF8=utf8,
                    tls_context=context if tls == "starttls" else None,
                    require_starttls=tls == "starttls",
                    authenticator=check if user is not None else None,
                    auth_required=user is not None,
                    auth_require_tls=False,
                    loop=loop,
                )

        server = await loop.create_server(
            conversation, "127.0.0.1", 0, ssl=context if tls == "implicit" else None
        )
        box.port = server.sockets[0].getsockname()[1]
        box.settings = {
            "EMAIL_TRANSPORT": "smtp",
            "EMAIL_SMTP_HOST": "127.0.0.1",
            "EMAIL_SMTP_PORT": str(box.port),
            "EMAIL_SMTP_SECURE": "true" if tls == "implicit" else "false",
            **({"EMAIL_SMTP_USER": user, "EMAIL_SMTP_PASSWORD": password} if user is not None else {}),
            **settings,
        }
        try:
            yield box
        finally:
            server.close()
            await box.hang_up()


def _certificates(directory: Path) -> tuple[ssl.SSLContext, Mapping[str, str]]:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    path = directory / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return context, {"EMAIL_SMTP_TLS_CA_FILE": str(path)}
