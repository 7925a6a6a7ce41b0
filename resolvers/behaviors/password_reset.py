"""A new password by mail: for who has lost the old one, and reads the mail of the address.

    await reset.request("ada@example.com", None, context)     a mail with a link, or nothing: nobody can tell
    await reset.reset("eyJ...", "a better password", context)

Whoever is asked for, known or not, suspended, or of another provider: the same answer, the same work, never
before `stall`. A link is good once, for as long as the address and the password stay what they are.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from resolvers.behaviors.addressees import NOBODY, Addressee, Addressees
from resolvers.behaviors.letters import Letters
from resolvers.behaviors.redeeming import Redeeming, Terms
from resolvers.behaviors.stalling import at_least
from resolvers.context import RequestContext
from resolvers.throttle import Throttle
from schema_gen.errors import forbidden


def _may(addressee: Addressee) -> bool:
    return addressee.status == "active" and addressee.local


_TERMS: Final = Terms(may=_may, refusal=forbidden)


class PasswordReset:
    """One for each project."""

    def __init__(
        self,
        addressees: Addressees,
        letters: Letters,
        redeeming: Redeeming,
        throttle: Throttle,
        stall: timedelta,
    ) -> None:
        self._addressees = addressees
        self._letters = letters
        self._redeeming = redeeming
        self._throttle = throttle
        self._stall = stall.total_seconds()

    async def request(self, email: str, url: str | None, context: RequestContext) -> None:
        """Raises INVALID_PAYLOAD for a link that is not allowed, REQUESTS_EXCEEDED."""
        await self._throttle.take("password_request", email.casefold(), context.ip or "")
        async with at_least(self._stall):
            # before anybody is looked for: what is refused says nothing of who is known
            destination = self._letters.destination("password-reset", url)
            found = await self._addressees.by_email(email)
            letter = self._letters.write("password-reset", found or NOBODY, destination, context.now)
            if found is not None and _may(found):
                self._letters.send(letter)

    async def reset(self, token: str, password: str, context: RequestContext) -> None:
        """Ends every login of the user. Raises INVALID_TOKEN, TOKEN_EXPIRED, FORBIDDEN for a link that is
        used up, FAILED_VALIDATION for a password that the policy refuses.
        """
        ticket = self._letters.tickets.read("password-reset", token)
        await self._redeeming.redeem(ticket, _TERMS, {"password": password}, context)
