"""Watches over what a mutation writes of users, roles, policies and access, inside its transaction.

    guard = Guard(database, transaction, snapshot, context)
    await guard.coming("directus_users", "update", touches)    before the first row changes
    await guard.done(records)                                  after the last one

These hold, whichever way rows are written: there is still an active administrator where there was one; nobody
who is no administrator gave what he does not have (`granting`); passwords are good enough
(`password_policy`); addresses are addresses, and no two alike but for their case; nobody says of a file that
its bytes are elsewhere. Changes of rights wait for each other, so that two of them together cannot do what
each of them may not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from resolvers.behaviors.credentials import is_mail_address
from resolvers.behaviors.granting import Moment, raised
from resolvers.behaviors.password_policy import check_password
from resolvers.context import RequestContext
from resolvers.files.leaving import FILES
from resolvers.sql.files import by_key
from resolvers.sql.powers import (
    Facts,
    address_holders,
    has_admin,
    one_at_a_time,
    read_facts,
    read_roles,
)
from resolvers.writing.hashing import Hashed
from resolvers.writing.history import Record
from resolvers.writing.watching import Touch
from schema_gen.database import Database, Transaction
from schema_gen.errors import (
    failed_validation,
    forbidden,
    invalid_payload,
    record_not_unique,
    unprocessable_content,
)
from schema_gen.model import SchemaSnapshot

_USERS: Final = "directus_users"
_SETTINGS: Final = "directus_settings"
_REGISTERED: Final = "public_registration_role"
#: what opens an account to who sets it; a status, where it lets somebody in
_CREDENTIALS: Final = frozenset({"email", "password", "status", "token"})
_ACTIVE: Final = "active"
_FLAGS: Final = frozenset({"admin_access", "app_access", "enforce_tfa", "ip_access"})
_ANY: Final = frozenset({"*"})
#: (collection, action) -> fields whose change may leave nobody in charge
_IN_CHARGE: Final[Mapping[tuple[str, str], frozenset[str]]] = {
    (_USERS, "update"): frozenset({"role", "status"}),
    (_USERS, "delete"): _ANY,
    ("directus_roles", "update"): frozenset({"parent"}),
    ("directus_roles", "delete"): _ANY,
    ("directus_policies", "update"): frozenset({"admin_access"}),
    ("directus_policies", "delete"): _ANY,
    ("directus_access", "update"): _ANY,
    ("directus_access", "delete"): _ANY,
}
#: (collection, action) -> fields whose change may give somebody more than he had
_GIVING: Final[Mapping[tuple[str, str], frozenset[str]]] = {
    (_USERS, "create"): _ANY,
    (_USERS, "update"): _CREDENTIALS | {"role"},
    ("directus_roles", "create"): _ANY,
    ("directus_roles", "update"): frozenset({"parent"}),
    ("directus_roles", "delete"): _ANY,
    ("directus_policies", "create"): _ANY,
    ("directus_policies", "update"): _FLAGS,
    ("directus_policies", "delete"): _ANY,
    (_SETTINGS, "create"): frozenset({_REGISTERED}),
    (_SETTINGS, "update"): frozenset({_REGISTERED}),
    **{
        (f"directus_{name}", action): _ANY
        for name in ("access", "permissions")
        for action in ("create", "update", "delete")
    },
}


def cautions(collection: str, action: str, field: str | None, *, admin: bool) -> tuple[str, ...]:
    """What such a change may be refused for although rules allow it, in words."""

    def about(watched: Mapping[tuple[str, str], frozenset[str]]) -> bool:
        fields = watched.get((collection, action), frozenset())
        return bool(fields) and (fields == _ANY or field is None or field in fields)

    found: list[str] = []
    if not admin and about(_GIVING):
        found.append("refused where somebody could do more by it than the caller may")
    if about(_IN_CHARGE):
        found.append("refused where no active administrator would be left")
    return tuple(found)


@dataclass(slots=True, kw_only=True)
class _Before:
    """What held before the first change of rights. `admin` None: nobody has asked."""

    admin: bool | None = None
    facts: Facts | None = None


class Guard:
    """Of one mutation root and its transaction."""

    def __init__(
        self, database: Database, transaction: Transaction, snapshot: SchemaSnapshot, context: RequestContext
    ) -> None:
        self._database = database
        self._transaction = transaction
        self._snapshot = snapshot
        self._context = context
        self._before = _Before()
        #: users whose credentials the caller sets; roles that permissions give to new ones
        self._taken: set[str] = set()
        self._chosen: set[str] = set()

    async def coming(self, collection: str, action: str, touches: Sequence[Touch]) -> None:
        """Raises what passwords, addresses and places of files are refused for."""
        if collection == _USERS:
            for touch in touches:
                await self._password(touch)
            await self._addresses(action, touches)
        if collection == FILES and action == "update":
            await self._locations(touches)
        place = (collection, action)
        in_charge = _concerns(_IN_CHARGE.get(place), touches)
        giving = _concerns(_GIVING.get(place), touches)
        if not in_charge and (not giving or (self._context.actor.admin and collection == _USERS)):
            return
        await one_at_a_time(self._database, self._transaction)
        if in_charge and self._before.admin is None:
            self._before.admin = await has_admin(self._transaction)
        if giving and not self._context.actor.admin:
            await self._remember(collection, action, touches)

    async def done(self, records: Iterable[Record]) -> None:
        """Raises FORBIDDEN, UNPROCESSABLE_CONTENT."""
        before = self._before.facts
        if before is not None:
            await self._nobody_raised(before, records)
        if self._before.admin and not await has_admin(self._transaction):
            raise unprocessable_content("Cannot remove the last admin user from the system")

    async def _password(self, touch: Touch) -> None:
        if "password" not in touch.values or touch.values["password"] is None:
            return
        password = touch.values["password"]
        if not isinstance(password, Hashed):
            # the empty text: nobody could log in with it
            raise failed_validation("password", "nempty")
        await check_password(self._transaction, self._snapshot, password.plain)

    async def _locations(self, touches: Sequence[Touch]) -> None:
        """Where the bytes of a file are is no wish. To say it is none either: GraphQL asks for it."""
        said = {
            touch.key: touch.values["storage"] for touch in touches if "storage" in touch.sent and touch.key
        }
        for key, location, _, _ in await by_key(self._database, self._transaction, list(said)):
            if said[str(key)] != location and self._context.actor.kind != "system":
                raise invalid_payload('You can\'t change the "storage" value manually')

    async def _addresses(self, action: str, touches: Sequence[Touch]) -> None:
        """Mail addresses are kept as they are written, and compared without case."""
        given = [
            (touch.key, touch.values["email"])
            for touch in touches
            if "email" in touch.values and (action == "create" or touch.values["email"] is not None)
        ]
        wanted: dict[str, tuple[str | None, str]] = {}
        for key, address in given:
            if not isinstance(address, str) or not is_mail_address(address):
                raise failed_validation("email", "email")
            known = wanted.setdefault(address.lower(), (key, address))
            if known != (key, address):
                raise record_not_unique(_USERS, "email", address)
        if not wanted:
            return
        holders = await address_holders(self._database, self._transaction, wanted)
        for lower, holder in holders:
            key, address = wanted[lower]
            if holder != key:
                raise record_not_unique(_USERS, "email", address)

    async def _remember(self, collection: str, action: str, touches: Sequence[Touch]) -> None:
        users: set[str] = set()
        if collection == _USERS and action == "create":
            self._chosen |= {str(touch.values["role"]) for touch in touches if "role" in touch.preset}
        elif collection == _USERS:
            users = {touch.key for touch in touches if touch.key is not None}
            self._taken |= {touch.key for touch in touches if touch.key is not None and _takes(touch)}
        known = self._before.facts
        if known is None:
            self._before.facts = await self._facts(users)
        elif users - known.roles.keys():
            found = await read_roles(self._database, self._transaction, users)
            self._before.facts = replace(known, roles={**found, **known.roles})

    async def _facts(self, users: Iterable[str]) -> Facts:
        settings = self._snapshot.collections.get(_SETTINGS)
        registering = settings is not None and _REGISTERED in settings.fields
        return await read_facts(self._database, self._transaction, users, registering=registering)

    async def _nobody_raised(self, before: Facts, records: Iterable[Record]) -> None:
        actor = self._context.actor
        made = frozenset(
            str(record.key[0])
            for record in records
            if record.collection.name == _USERS and record.action == "create" and record.key is not None
        )
        # whom the caller has made he can log in as; himself he is
        taken = (made | self._taken) - {actor.user}
        after = Moment(facts=await self._facts(made | before.roles.keys()))
        former = Moment(facts=before)
        if raised(
            former,
            after,
            mine=frozenset(one for one in former.of(actor.user, actor.role) if one[0] in actor.policies),
            made=made,
            taken=frozenset(taken),
            chosen=frozenset(self._chosen),
        ):
            raise forbidden()


def _takes(touch: Touch) -> bool:
    """Whether the account is as good as the caller's then."""
    named = _CREDENTIALS & touch.fields
    return bool(named - {"status"}) or touch.values.get("status") == _ACTIVE


def _concerns(fields: frozenset[str] | None, touches: Sequence[Touch]) -> bool:
    if fields is None or not touches:
        return False
    return fields == _ANY or any(not fields.isdisjoint(touch.fields) for touch in touches)
