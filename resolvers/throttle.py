"""How often somebody may try what costs something or could be guessed.

    await throttle.take("login", "ada@example.com", "192.0.2.1")     raises REQUESTS_EXCEEDED from one try on
    await throttle.clear("login", "ada@example.com", "192.0.2.1")    after a success

The stages that try say what and by whom; how many tries there are, and where they are counted, is the
gateway's.
"""

from __future__ import annotations

from typing import Literal, Protocol

#: login: mail and password; otp: a one-time code; password: one's own, once more; hash: a hash on demand
Kind = Literal["login", "otp", "password", "registration", "password_request", "hash", "invite", "email"]


class Throttle(Protocol):
    async def take(self, kind: Kind, *key: str) -> None:
        """One try of that key is used up. Raises REQUESTS_EXCEEDED (429, Retry-After) where none is left."""

    async def clear(self, kind: Kind, *key: str) -> None:
        """The key has all its tries again."""


class Unbounded:
    """A throttle that bounds nothing, for tools that run on the machine itself."""

    async def take(self, kind: Kind, *key: str) -> None:
        return None

    async def clear(self, kind: Kind, *key: str) -> None:
        return None
