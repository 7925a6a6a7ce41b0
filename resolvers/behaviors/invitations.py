"""Users who are asked to come: a row with the status "invited", a mail with a link, and a password to begin
with.

    await invitations.invite(["ada@example.com"], role, None, context)     row and mail
    await invitations.accept("eyJ...", "a good password", context)         status "active"

Rows are written under the rules of who invites, as any others: it takes the right to create users with
`email`, `role` and `status`, and nobody is given a role that allows more than the caller may. Who is invited
already gets another mail, who is a user already gets none; the answer to who may invite into the role is the
same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from resolvers.behaviors.addressees import Addressee, Addressees
from resolvers.behaviors.credentials import is_mail_address
from resolvers.behaviors.inner import Execute, inner
from resolvers.behaviors.letters import Letters
from resolvers.behaviors.redeeming import Redeeming, Terms
from resolvers.context import RequestContext
from resolvers.permissions import Gate
from resolvers.sql.access import as_uuid
from resolvers.throttle import Throttle
from schema_gen.errors import CausewayError, forbidden, invalid_invite, invalid_payload
from schema_gen.model import SchemaSnapshot

_INVITED: Final = "invited"
_WRITTEN: Final = frozenset({"email", "role", "status"})
#: what is written of those who are new, and of those who are invited already
_NEW: Final = "new: create_users_items(payload: $new)"
_KNOWN: Final = "known: update_users_batch(payload: $known)"


def _may(addressee: Addressee) -> bool:
    return addressee.status == _INVITED and addressee.local


_TERMS: Final = Terms(may=_may, refusal=invalid_invite)


class Invitations:
    """One for each project. `execute`: the engine's door."""

    def __init__(
        self,
        snapshot: Callable[[], SchemaSnapshot],
        addressees: Addressees,
        letters: Letters,
        redeeming: Redeeming,
        execute: Execute,
        throttle: Throttle,
    ) -> None:
        self._snapshot = snapshot
        self._addressees = addressees
        self._letters = letters
        self._redeeming = redeeming
        self._execute = execute
        self._throttle = throttle

    async def invite(
        self, emails: Sequence[str], role: str, url: str | None, context: RequestContext
    ) -> None:
        """All of them or none. Raises FORBIDDEN, INVALID_PAYLOAD, INVALID_FOREIGN_KEY, REQUESTS_EXCEEDED."""
        self._allow(context)
        if context.actor.user is not None:
            await self._throttle.take("invite", context.actor.user)
        wanted = list(dict.fromkeys(email.lower() for email in emails))
        if not all(is_mail_address(email) for email in wanted):
            raise invalid_payload('"email" must be a valid email')
        destination = self._letters.destination("invite", url)
        await self._write(wanted, role, context)
        for email in wanted:
            found = await self._addressees.by_email(email)
            if found is not None and _may(found):
                self._letters.send(self._letters.write("invite", found, destination, context.now))

    async def accept(self, token: str, password: str, context: RequestContext) -> None:
        """Raises INVALID_TOKEN, TOKEN_EXPIRED, INVALID_INVITE for one that is used up or whose user is
        another now, FAILED_VALIDATION for a password that the policy refuses.
        """
        ticket = self._letters.tickets.read("invite", token)
        await self._redeeming.redeem(ticket, _TERMS, {"password": password, "status": "active"}, context)

    def _allow(self, context: RequestContext) -> None:
        """Asked before anybody is looked for, so that the answer tells nothing of who is known."""
        scope = Gate(context.rules, self._snapshot()).scope("create", "directus_users")
        if scope is None or not scope.fields >= _WRITTEN:
            raise forbidden()

    async def _write(self, emails: Sequence[str], role: str, context: RequestContext) -> None:
        new: list[dict[str, Any]] = []
        known: list[dict[str, Any]] = []
        for email in emails:
            found = await self._addressees.by_email(email)
            if found is None:
                new.append({"email": email, "role": role, "status": _INVITED})
            elif _may(found) and found.role != as_uuid(role):
                known.append({"id": found.id, "role": role})
        given = {name: rows for name, rows in (("new", new), ("known", known)) if rows}
        if given:
            declared = ", ".join(f"${name}: JSON!" for name in given)
            roots = " ".join({"new": _NEW, "known": _KNOWN}[name] for name in given)
            text = f"mutation ({declared}) @transaction {{ {roots} }}"
            try:
                await inner(self._execute, text, "system", given, replace(context, idempotency=None))
            except CausewayError as error:
                if error.code != "FORBIDDEN":
                    raise
                # whether it was a new row or a known one that was refused is nobody's business
                raise forbidden() from error
