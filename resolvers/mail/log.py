"""No transport: what would be sent is told to the log, and nobody gets it.

    no mail is sent (EMAIL_TRANSPORT is not set): "password-reset" to ada@example.com,
    subject "Choose a new password for Causeway", link https://example.com/reset?token=--redacted--

A link in a mail is as good as a password for a while: of its query and fragment only the names are told.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from resolvers.mail.addresses import one_line
from resolvers.mail.transport import Mail

REDACTED: Final = "--redacted--"
_LOGGER: Final = logging.getLogger("causeway.mail")


class Log:
    """The transport where none is configured."""

    name = "the log"
    sends = False

    async def deliver(self, mail: Mail) -> None:
        links = "".join(f", link {link}" for link in redacted_links(mail.letter.data))
        _LOGGER.info(
            'no mail is sent (EMAIL_TRANSPORT is not set): "%s" to %s, subject "%s"%s',
            mail.letter.template,
            mail.to,
            one_line(str(mail.message["Subject"])),
            links,
        )

    async def check(self) -> str:
        return ""

    async def close(self) -> None:
        return None


def redacted_links(data: Mapping[str, Any]) -> Iterator[str]:
    """The values that are addresses of pages, without what is secret in them."""
    for value in data.values():
        if isinstance(value, str) and value.startswith(("http://", "https://", "/")):
            yield redacted_link(value)


def redacted_link(url: str) -> str:
    """
    >>> redacted_link("https://user:pw@example.com/reset?lang=en&token=abc#at")
    'https://example.com/reset?lang=--redacted--&token=--redacted--#--redacted--'
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return REDACTED
    host = parts.netloc.rpartition("@")[2]
    head = f"{parts.scheme}://{host}" if parts.scheme else ""
    query = f"?{'&'.join(map(_redacted, parts.query.split('&')))}" if parts.query else ""
    return one_line(f"{head}{parts.path}{query}{f'#{REDACTED}' if parts.fragment else ''}")


def _redacted(parameter: str) -> str:
    name, equals, _ = parameter.partition("=")
    return f"{name}={REDACTED}" if equals else REDACTED
