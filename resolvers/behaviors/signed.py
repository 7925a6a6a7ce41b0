"""Tokens that go out in mails: each made for one purpose, for one user as the row is now.

    tickets.make("invite", addressee, now)   -> "eyJ..."   {"scope": "invite", "id": ..., "stamp": ..., ...}
    tickets.read("invite", "eyJ...")         -> Ticket(user=..., stamp=...)
    ticket.fits(addressee)                   -> whether the user is still the one it was made for

The stamp is of the address and the stored password: a ticket dies with every change of the two, so with its
own use where that sets a password. What is no ticket of this purpose is refused; none of them is ever taken
for an access token (`gateway.tokens` refuses whatever has a `scope`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import compare_digest
from typing import Any, Literal

from resolvers.behaviors.addressees import Addressee
from resolvers.sql.access import as_uuid
from schema_gen.errors import invalid_token

Purpose = Literal["invite", "password-reset", "pending-registration"]
#: payload, issued, expires -> signed token
Mint = Callable[[Mapping[str, Any], datetime, datetime], str]
#: token, scope -> payload; raises TOKEN_EXPIRED, INVALID_TOKEN
Open = Callable[[str, str], Mapping[str, Any]]


def stamp_of(addressee: Addressee) -> str:
    """Changes with the row's address and password; tells nothing of them."""
    parts = [addressee.id, addressee.email, addressee.password]
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=16, person=b"causeway-ticket").hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    user: str
    stamp: str

    def fits(self, addressee: Addressee | None) -> bool:
        return addressee is not None and compare_digest(self.stamp, stamp_of(addressee))


class Tickets:
    """`lives`: how long those of each purpose are good."""

    def __init__(self, mint: Mint, opened: Open, lives: Mapping[Purpose, timedelta]) -> None:
        self._mint = mint
        self._opened = opened
        self._lives = lives

    def make(self, purpose: Purpose, addressee: Addressee, now: datetime) -> str:
        payload = {
            "id": addressee.id,
            "email": addressee.email,
            "scope": purpose,
            "stamp": stamp_of(addressee),
        }
        return self._mint(payload, now, now + self._lives[purpose])

    def read(self, purpose: Purpose, token: str) -> Ticket:
        """Raises TOKEN_EXPIRED, INVALID_TOKEN. Whom it was made for has to be looked at still."""
        payload = self._opened(token, purpose)
        user, stamp = as_uuid(payload.get("id")), payload.get("stamp")
        if user is None or not isinstance(stamp, str) or not stamp.isascii():
            raise invalid_token()
        return Ticket(user=user, stamp=stamp)
