"""Mails leave through an SMTP server.

    transport = Smtp(SmtpFacts(host="smtp.example.com", port=587, user="...", password="...", ...))
    await transport.deliver(mail)

Connections are encrypted and the server's certificate is checked: with TLS from the start (`secure`), else by
STARTTLS, without which nothing is sent. `ignore_tls` sends in clear; a server on this very machine may do
without. An answer 4xx, and no answer, are temporary; 5xx is final.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Final

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)
from aiosmtplib.errors import SMTPConnectError

from resolvers.mail.transport import DeliveryFailed, Mail

#: seconds for a connection, and for each answer
_TIMEOUT: Final = 20.0
#: connections that are kept open for the next mail
_KEPT: Final = 4
_NO_TLS: Final = "the server offers no STARTTLS; EMAIL_SMTP_IGNORE_TLS=true sends in clear"
_TEMPORARY: Final = (OSError, SMTPConnectError, SMTPServerDisconnected, SMTPTimeoutError)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpFacts:
    """`helo`: how this machine calls itself; None: its name, if that has a domain. `pool`: connections stay
    open for the next mail. `ca_file`: certificates to trust besides those of the machine.
    """

    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    secure: bool = False
    ignore_tls: bool = False
    helo: str | None = None
    pool: bool = False
    ca_file: str | None = None
    timeout: float = _TIMEOUT


class Smtp:
    sends = True

    def __init__(self, facts: SmtpFacts) -> None:
        """Raises OSError where the file with certificates cannot be read."""
        self._facts = facts
        self._tls = ssl.create_default_context()
        if facts.ca_file is not None:
            self._tls.load_verify_locations(cafile=facts.ca_file)
        self._idle: list[SMTP] = []

    @property
    def name(self) -> str:
        return f"{self._facts.host}:{self._facts.port}"

    async def deliver(self, mail: Mail) -> None:
        try:
            client = await self._client()
            try:
                await _send(client, mail.sender, mail.to, mail.message)
            except BaseException:
                client.close()
                raise
            await self._done_with(client)
        except (SMTPException, OSError) as error:
            raise failure(error) from None

    async def check(self) -> str:
        try:
            client = await self._connected()
            found = self._found(client)
            await client.quit()
        except (SMTPException, OSError) as error:
            raise failure(error) from None
        return found

    def _found(self, client: SMTP) -> str:
        tls: ssl.SSLObject | None = client.get_transport_info("ssl_object")
        encryption = "not encrypted" if tls is None else tls.version() or "encrypted"
        user = self._facts.user
        return encryption if user is None else f"{encryption}, logged in as {user}"

    async def close(self) -> None:
        idle, self._idle = self._idle, []
        for client in idle:
            await _quit(client)

    async def _client(self) -> SMTP:
        """One that is open and answers, or a new one."""
        while self._idle:
            client = self._idle.pop()
            try:
                await client.noop()
            except (SMTPException, OSError):
                # servers end connections that nothing comes through for a while
                client.close()
            else:
                return client
        return await self._connected()

    async def _connected(self) -> SMTP:
        facts = self._facts
        client = SMTP(
            hostname=facts.host,
            port=facts.port,
            username=facts.user,
            password=facts.password,
            local_hostname=facts.helo or own_name(),
            timeout=facts.timeout,
            use_tls=facts.secure,
            start_tls=self._start_tls(),
            tls_context=self._tls,
        )
        try:
            await client.connect()
        except BaseException as error:
            client.close()
            if type(error) is SMTPException and "STARTTLS" in error.message:
                raise SMTPNotSupported(_NO_TLS) from error
            raise
        return client

    def _start_tls(self) -> bool | None:
        """None: where the server offers it."""
        facts = self._facts
        if facts.secure or facts.ignore_tls:
            return False
        return None if is_this_machine(facts.host) else True

    async def _done_with(self, client: SMTP) -> None:
        if self._facts.pool and len(self._idle) < _KEPT:
            self._idle.append(client)
        else:
            await _quit(client)


async def _send(client: SMTP, sender: str, to: str, message: EmailMessage) -> None:
    await client.send_message(message, sender=sender, recipients=[to])


async def _quit(client: SMTP) -> None:
    """The mail has been taken already: how the server says goodbye changes nothing."""
    try:
        await client.quit()
    except (SMTPException, OSError):
        client.close()


def failure(error: SMTPException | OSError) -> DeliveryFailed:
    """What an answer, or none, means for the mail."""
    if isinstance(error, SMTPRecipientsRefused):
        refusals = error.recipients
        return failure(refusals[0]) if refusals else DeliveryFailed("refused", temporary=False)
    if isinstance(error, SMTPResponseException):
        return DeliveryFailed(f"{error.code} {error.message}", temporary=error.code < 500)
    if isinstance(error, SMTPException):
        reason = str(error.message) or type(error).__name__
        return DeliveryFailed(reason, temporary=isinstance(error, _TEMPORARY))
    return DeliveryFailed(str(error) or type(error).__name__, temporary=True)


def is_this_machine(host: str) -> bool:
    """
    >>> is_this_machine("localhost"), is_this_machine("127.0.0.1"), is_this_machine("mail.example.com")
    (True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.rstrip(".").lower() == "localhost"


def own_name() -> str:
    """What RFC 5321 wants to hear: a name with a domain, or an address."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"
