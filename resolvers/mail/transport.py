"""Ways that a mail leaves by: SMTP, a program of the machine, or into the log.

A transport makes one attempt and says how it failed; whether there is another one is the queue's.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from typing import Protocol

from resolvers.mail.addresses import one_line
from resolvers.mail.post import Letter

_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What leaves: the message with the addresses of its envelope, and the letter that it was made of."""

    letter: Letter
    sender: str
    to: str
    message: EmailMessage


class DeliveryFailed(Exception):
    """An attempt failed. `temporary`: another one may do better. The text is one line for the log."""

    def __init__(self, reason: str, *, temporary: bool) -> None:
        super().__init__(one_line(reason)[:_LONGEST_REASON])
        self.temporary = temporary


class Transport(Protocol):
    @property
    def name(self) -> str:
        """For people: `smtp.example.com:587`."""

    @property
    def sends(self) -> bool:
        """Whether mails reach anybody by it."""

    async def deliver(self, mail: Mail) -> None:
        """Raises DeliveryFailed."""

    async def check(self) -> str:
        """Does everything but send a mail, and tells what was found. Raises DeliveryFailed."""

    async def close(self) -> None: ...
