"""What rows of system collections do beyond being rows: what may not be set by hand, what a change brings
about.

    check("directus_users", "update", {"provider": "x"})      -> refused
    check_sent("directus_files", "create", {"filesize"})      -> refused: the server counts
    leaving(snapshot)(transaction, "directus_roles", keys)    users of the roles are suspended
    departing(transaction, snapshot)                          notes bytes of files whose rows go
    within(transaction, records, context)                     a changed password ends the user's other
                                                              logins; a role above itself is refused
    after(event)                                              rules and rights are read again everywhere

The rest of what users, files and the like do comes with their own routes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from resolvers.addresses import is_address
from resolvers.behaviors.guard import Guard
from resolvers.behaviors.settings import SETTINGS, check_settings
from resolvers.context import RequestContext
from resolvers.events import Event
from resolvers.files.leaving import FILES, Departing, FileKeeping, Stored
from resolvers.sessions import Sessions
from resolvers.sql.trees import in_circle, leave_roles, leave_users
from resolvers.writing.following import followed
from resolvers.writing.history import Record
from resolvers.writing.steps import Key, Leaving
from schema_gen.database import Database, Transaction
from schema_gen.epoch import Epochs
from schema_gen.errors import CausewayError, invalid_payload
from schema_gen.model import SchemaSnapshot
from schema_gen.registry import SYSTEM

USERS: Final = "directus_users"
ROLES: Final = "directus_roles"
POLICIES: Final = "directus_policies"
#: rows that stand in rows of their own kind -> what one of them is called
_TREES: Final[Mapping[str, str]] = {ROLES: "role", "directus_folders": "folder"}
#: rows that decide what somebody may do
ACCESS: Final = frozenset(
    f"directus_{name}"
    for name in ("access", "permissions", "policies", "roles", "sessions", "shares", "users")
)
#: rows by which caches are kept that the access epoch ends
_REMEMBERED: Final = ACCESS | {"directus_settings"}
#: what only the server itself sets of a user
_BY_HAND: Final = frozenset({"auth_data", "external_identifier", "provider", "tfa_secret"})
#: what the server knows of a file's bytes
_MEASURED: Final = frozenset(
    {"filename_disk", "filesize", "tus_data", "tus_id", "uploaded_by", "uploaded_on"}
)
#: what is true of a file as long as its bytes are the same
_OF_BYTES: Final = _MEASURED | {"charset", "duration", "height", "storage", "type", "width"}
#: changes of a user that end every login
_ENDING: Final = frozenset({"password", "status"})
#: columns of the system that would hold up the deletion of a user
_LEADING: Final = tuple(
    (table.name, column.name)
    for table in SYSTEM.values()
    for column in table.columns
    if column.references is not None
    and column.references.table == USERS
    and column.references.on_delete is None
)


def check_sent(collection: str, action: str, sent: Collection[str], context: RequestContext) -> None:
    """Raises INVALID_PAYLOAD for what only the server writes, and the caller sent."""
    if collection == FILES and sent and context.actor.kind != "system":
        for name in sorted(_MEASURED.intersection(sent)):
            raise invalid_payload(f'You can\'t change the "{name}" value manually')


def is_set_by_hand(collection: str, field: str) -> bool:
    """Whether somebody may set it back to what it was: not what only the server sets, nor what tells of a
    file's bytes, which may be others by now.
    """
    if collection == FILES:
        return field not in _OF_BYTES
    return collection != USERS or field not in _BY_HAND


def check(
    collection: str, action: str, payload: Mapping[str, Any], key: Any, context: RequestContext
) -> None:
    """Raises INVALID_PAYLOAD for what is not set by hand."""
    if collection == USERS and (action == "update" or not context.actor.admin):
        for name in sorted(_BY_HAND & payload.keys()):
            raise invalid_payload(f'You can\'t change the "{name}" value manually')
    kind = _TREES.get(collection)
    if kind is not None and key is not None and payload.get("parent") == key[0]:
        raise _own_parent(kind)
    if collection == FILES and action == "create" and not payload.get("type"):
        raise invalid_payload('"type" is required')
    if collection == SETTINGS:
        check_settings(payload)
    if collection == POLICIES:
        _check_addresses(payload.get("ip_access"))


def _check_addresses(value: Any) -> None:
    parts = value.split(",") if isinstance(value, str) else value or ()
    listed = parts if isinstance(parts, (list, tuple)) else [parts]
    if not all(isinstance(part, str) and (not part.strip() or is_address(part)) for part in listed):
        raise invalid_payload(
            "IP Access contains an incorrect value. Valid values are: IP addresses, IP ranges and CIDR blocks"
        )


def _own_parent(kind: str) -> CausewayError:
    return invalid_payload(f"A {kind} cannot be a parent of itself")


def _is_there(snapshot: SchemaSnapshot, table: str, column: str) -> bool:
    home = snapshot.collections.get(table)
    return home is not None and column in home.fields


class RowBehaviors:
    def __init__(
        self,
        database: Database,
        sessions: Sessions,
        epochs: Epochs,
        snapshot: Callable[[], SchemaSnapshot],
        files: FileKeeping,
    ) -> None:
        self._snapshot = snapshot
        self._files = files
        self._database = database
        self._sessions = sessions
        self._epochs = epochs

    def guard(self, transaction: Transaction, snapshot: SchemaSnapshot, context: RequestContext) -> Guard:
        return Guard(self._database, transaction, snapshot, context)

    def departing(self, transaction: Transaction, snapshot: SchemaSnapshot) -> Departing:
        return Departing(self._database, transaction, snapshot)

    async def departed(self, gone: Sequence[Stored]) -> None:
        """After the commit: nothing stands for these bytes any more."""
        if gone:
            await self._files.remove(gone)

    def leaving(self, snapshot: SchemaSnapshot, departing: Departing) -> Leaving:
        """What has to happen before rows with some keys are deleted."""

        async def leave(transaction: Transaction, collection: str, keys: Sequence[Key]) -> None:
            await departing.before(collection, keys)
            if collection == ROLES and keys:
                await leave_roles(self._database, transaction, [key[0] for key in keys])
            elif collection == USERS and keys:
                places = [place for place in _LEADING if _is_there(snapshot, *place)]
                await leave_users(self._database, transaction, [key[0] for key in keys], places)

        return leave

    async def within(
        self, transaction: Transaction, records: Iterable[Record], context: RequestContext
    ) -> None:
        """What has to happen in the same transaction, after the rows were written."""
        for record in records:
            await self._keep_tree(transaction, record)
            self._check_location(record)
            ends = record.action == "update" and _ENDING & record.delta.keys()
            if record.collection.name == USERS and ends and record.key is not None:
                user = str(record.key[0])
                # who changes the own password stays logged in where that is done
                mine = user == context.actor.user and "status" not in record.delta
                await self._sessions.revoke_user(transaction, user, but=context.actor.login if mine else None)

    def _check_location(self, record: Record) -> None:
        if record.collection.name == FILES and record.action == "create":
            location = record.delta.get("storage")
            if location not in self._files.locations:
                raise invalid_payload(f'There is no storage location "{location}"')

    async def _keep_tree(self, transaction: Transaction, record: Record) -> None:
        name = record.collection.name
        kind = _TREES.get(name)
        if kind is None or record.key is None or record.delta.get("parent") is None:
            return
        if await in_circle(self._database, transaction, name, str(record.key[0])):
            if str(record.delta["parent"]) == str(record.key[0]):
                raise _own_parent(kind)
            raise invalid_payload(f"A {kind} cannot have a parent that is already a descendant of itself")

    async def after(self, event: Event) -> None:
        """A listener of events."""
        touched = {event.collection}
        if event.action == "delete":
            touched |= followed(self._snapshot(), event.collection)
        if not _REMEMBERED.isdisjoint(touched):
            await self._epochs.bump_access()
