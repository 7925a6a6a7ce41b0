"""A ticket from a mail against what it allows: once, and only while the user is the one it was made for.

ticket, {"password": ..., "status": "active"} ─ looked at ─> hash ─ looked at again, held ─> row, history

The change is an ordinary one, made by the server: hashes, password policy, history and the end of logins are
those of every change of a user. Of two requests with the same ticket at once the second is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from resolvers.behaviors.addressees import Addressee, Addressees
from resolvers.behaviors.inner import Execute, as_server, inner
from resolvers.behaviors.signed import Ticket
from resolvers.context import RequestContext
from schema_gen.database import Transaction
from schema_gen.errors import CausewayError

_CHANGE: Final = (
    "mutation ($id: JSON!, $payload: JSON!) { data: update_users_item(id: $id, payload: $payload) }"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """`may`: whether a user is in the state in which the ticket is good; `refusal`: what is said else."""

    may: Callable[[Addressee], bool]
    refusal: Callable[[], CausewayError]


class Redeeming:
    """One for each project. `execute`: the engine's door."""

    def __init__(self, addressees: Addressees, execute: Execute) -> None:
        self._addressees = addressees
        self._execute = execute

    async def redeem(
        self, ticket: Ticket, terms: Terms, payload: Mapping[str, Any], context: RequestContext
    ) -> None:
        """Raises the refusal of the terms, and what the change is refused for."""

        def may(addressee: Addressee) -> bool:
            return terms.may(addressee) and ticket.fits(addressee)

        await self.change(ticket.user, replace(terms, may=may), payload, context)

    async def change(
        self, user: str, terms: Terms, payload: Mapping[str, Any], context: RequestContext
    ) -> None:
        """By the server, whoever asks. Raises as `redeem`."""

        async def look(transaction: Transaction | None = None) -> None:
            found = await self._addressees.by_id(user, transaction)
            if found is None or not terms.may(found):
                raise terms.refusal()

        # hashing is costly: not for a ticket that is used up
        await look()
        context = replace(as_server(context), precondition=look)
        await inner(self._execute, _CHANGE, "system", {"id": user, "payload": payload}, context)
