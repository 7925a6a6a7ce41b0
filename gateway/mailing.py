"""The post office that the settings describe.

async with open_post(settings, database, snapshot, throttle) as office:
    office.send(Letter(template="password-reset", to="ada@example.com", data={...}))
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from gateway.config import Settings
from resolvers.mail.addresses import parse_sender
from resolvers.mail.log import Log
from resolvers.mail.look import Look
from resolvers.mail.office import Desk, PostOffice, open_office
from resolvers.mail.queue import Pace
from resolvers.mail.sendmail import Sendmail, SendmailFacts
from resolvers.mail.smtp import Smtp, SmtpFacts
from resolvers.mail.templates import Templates
from resolvers.mail.transport import Transport
from resolvers.throttle import Throttle
from schema_gen.database import Database
from schema_gen.errors import ConfigurationError
from schema_gen.model import SchemaSnapshot

#: seconds before each further attempt: servers that want to see one take mails after some minutes
PAUSES: Final = (5.0, 30.0, 120.0, 600.0, 1800.0)
_LINE_ENDS: Final = {"unix": "\n", "windows": "\r\n"}
#: seconds that mails have to leave when the server stops, if it gives requests less
_GRACE: Final = 5.0


@asynccontextmanager
async def open_post(
    settings: Settings, database: Database, snapshot: Callable[[], SchemaSnapshot], throttle: Throttle
) -> AsyncIterator[PostOffice]:
    """Raises ConfigurationError."""
    pace = Pace(capacity=settings.rate_limiter_email_queue_size, pauses=PAUSES)
    grace = max(settings.server_shutdown_timeout.total_seconds(), _GRACE)
    desk = desk_of(settings, database, snapshot)
    async with open_office(desk, pace, throttle, grace=grace) as office:
        yield office


def desk_of(settings: Settings, database: Database, snapshot: Callable[[], SchemaSnapshot]) -> Desk:
    """Raises ConfigurationError."""
    return Desk(
        templates=Templates(Path(settings.email_templates_path)),
        look=Look(database=database, snapshot=snapshot, public_url=settings.public_url),
        sender=parse_sender(settings.email_from),
        transport=transport_of(settings),
    )


def transport_of(settings: Settings) -> Transport:
    """Raises ConfigurationError."""
    if settings.email_transport == "smtp":
        try:
            return Smtp(smtp_of(settings))
        except OSError as error:
            file = settings.email_smtp_tls_ca_file
            raise ConfigurationError(
                f"EMAIL_SMTP_TLS_CA_FILE={file!r} cannot be read: {error.strerror or error}"
            ) from error
    if settings.email_transport == "sendmail":
        line_end = _LINE_ENDS[settings.email_sendmail_new_line]
        return Sendmail(SendmailFacts(path=settings.email_sendmail_path, line_end=line_end))
    return Log()


def smtp_of(settings: Settings) -> SmtpFacts:
    port = settings.email_smtp_port
    return SmtpFacts(
        host=settings.email_smtp_host,
        port=port if port is not None else 465 if settings.email_smtp_secure else 587,
        user=settings.email_smtp_user,
        password=settings.email_smtp_password,
        secure=settings.email_smtp_secure,
        ignore_tls=settings.email_smtp_ignore_tls,
        helo=settings.email_smtp_name,
        pool=settings.email_smtp_pool,
        ca_file=settings.email_smtp_tls_ca_file,
    )
