"""What rows of system collections do beyond being rows: what may not be set by hand, what a change brings
about.

    check("directus_users", "update", {"provider": "x"})      -> refused
    within(transaction, records)                              a changed password ends the user's logins
    after(event)                                              rules and rights are read again everywhere

The rest of what users, files and the like do comes with their own routes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from resolvers.context import RequestContext
from resolvers.events import Event
from resolvers.sessions import Sessions
from resolvers.writing.history import Record
from schema_gen.database import Transaction
from schema_gen.epoch import Epochs
from schema_gen.errors import invalid_payload

USERS: Final = "directus_users"
ROLES: Final = "directus_roles"
#: rows that decide what somebody may do
ACCESS: Final = frozenset(
    f"directus_{name}"
    for name in ("access", "permissions", "policies", "roles", "sessions", "shares", "users")
)
#: what only the server itself sets of a user
_BY_HAND: Final = frozenset({"auth_data", "external_identifier", "provider", "tfa_secret"})
#: changes of a user that end every login
_ENDING: Final = frozenset({"password", "status"})


def is_set_by_hand(collection: str, field: str) -> bool:
    """Whether anybody but the server sets it."""
    return collection != USERS or field not in _BY_HAND


def check(
    collection: str, action: str, payload: Mapping[str, Any], key: Any, context: RequestContext
) -> None:
    """Raises INVALID_PAYLOAD for what is not set by hand."""
    if collection == USERS and (action == "update" or not context.actor.admin):
        for name in sorted(_BY_HAND & payload.keys()):
            raise invalid_payload(f'You can\'t change the "{name}" value manually')
    if collection == ROLES and key is not None and payload.get("parent") == key[0]:
        raise invalid_payload("A role cannot be a parent of itself")


class RowBehaviors:
    def __init__(self, sessions: Sessions, epochs: Epochs) -> None:
        self._sessions = sessions
        self._epochs = epochs

    async def within(self, transaction: Transaction, records: Iterable[Record]) -> None:
        """What has to happen in the same transaction."""
        for record in records:
            ends = record.action == "update" and _ENDING & record.delta.keys()
            if record.collection.name == USERS and ends and record.key is not None:
                await self._sessions.revoke_user(transaction, str(record.key[0]))

    async def after(self, event: Event) -> None:
        """A listener of events."""
        if event.collection in ACCESS:
            await self._epochs.bump_access()
