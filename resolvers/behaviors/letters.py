"""Mails that carry a ticket: what each is called, and where its link leads.

    letters.destination("password-reset", None)                        -> where links lead by default
    letters.destination("password-reset", "https://evil.example/")     INVALID_PAYLOAD
    letters.write("password-reset", addressee, url, now)               -> Letter(to="ada@example.com", ...)

A link leads to our own page, or to one that is allowed (`resolvers.url_allow`). Mails go to the address that
is stored, whatever was typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from resolvers.behaviors.addressees import Addressee
from resolvers.behaviors.signed import Purpose, Tickets
from resolvers.mail.post import Letter, Post
from resolvers.url_allow import AllowedUrls, with_token
from schema_gen.errors import invalid_payload

#: characters of a refused link that are told
_TOLD: Final = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """`use`: what a link that is not allowed cannot be used for."""

    template: str
    use: str


_KINDS: Final[Mapping[Purpose, _Kind]] = {
    "invite": _Kind(template="user-invitation", use="to invite users"),
    "password-reset": _Kind(template="password-reset", use="to reset passwords"),
    "pending-registration": _Kind(template="user-registration", use="to verify registered users"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """`default`: where links lead that nobody names a place for; `allowed`: the places that may be named."""

    default: str
    allowed: AllowedUrls


class Letters:
    """One for each project."""

    def __init__(self, tickets: Tickets, post: Post, destinations: Mapping[Purpose, Destination]) -> None:
        self.tickets = tickets
        self._post = post
        self._destinations = destinations

    def destination(self, purpose: Purpose, named: str | None) -> str:
        """Raises INVALID_PAYLOAD for a place that is not allowed."""
        known = self._destinations[purpose]
        if not named or named == known.default:
            return known.default
        if not known.allowed.permits(named):
            raise invalid_payload(f'URL "{named[:_TOLD]}" can\'t be used {_KINDS[purpose].use}')
        return named

    def write(self, purpose: Purpose, addressee: Addressee, url: str, now: datetime) -> Letter:
        kind = _KINDS[purpose]
        link = with_token(url, self.tickets.make(purpose, addressee, now))
        # what a stranger says of himself is nothing to send to an address that may be somebody else's
        name = "" if purpose == "pending-registration" else addressee.name
        data = {"url": link, "name": name}
        return Letter(template=kind.template, to=addressee.email, data=data)

    def send(self, letter: Letter) -> None:
        self._post.send(letter)
