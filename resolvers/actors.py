"""Credentials -> `Access`: the actor, and the rules that hold for it at this address.

    static token                -> the user whose row holds it
    claims of an access token   -> the user, as long as the login it came from lives
    claims of a session cookie  -> the user of the session row
    nothing                     -> the public actor

What a token says of roles and rights is not believed: the database decides. Only active users get in. An
answer is remembered for one epoch (see `resolvers.rules.Epochs`) and at most `ttl` seconds, never beyond the
end of the session; where a policy names addresses, for each address by itself.
"""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from resolvers.bounded import Bounded
from resolvers.context import PUBLIC, Actor
from resolvers.permissions import AccessRules, without_second_factor
from resolvers.rules import Epochs, RulesLoader, applying_policies
from resolvers.sessions import Sessions, login_of
from resolvers.single_flight import SingleFlight
from resolvers.sql.access import (
    Identity,
    PolicyRow,
    RoleIdentity,
    as_uuid,
    identity_by_id,
    identity_by_token,
    public_policies,
)
from schema_gen.database import Database
from schema_gen.errors import invalid_credentials
from schema_gen.model import SchemaSnapshot

_TABLES: Final = tuple(
    f"directus_{name}" for name in ("users", "roles", "policies", "access", "permissions", "sessions")
)
#: what `remembered` knows the public under; no credentials are a tuple
PUBLIC_KEY: Final = ("public",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    actor: Actor
    rules: AccessRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a token of ours says, its signature checked.

    `session`: token of a session row (cookie). `family`: the login an access token came from; None in tokens
    made by a Directus server. `expires`: seconds since 1970.
    """

    user: str
    expires: float
    session: str | None = None
    family: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Person:
    """Somebody, before the address is looked at. `second_factor`: whether there is one, or none is needed.
    `life`: seconds for which the credentials are good.
    """

    actor: Actor
    policies: tuple[PolicyRow, ...]
    second_factor: bool = True
    life: float = math.inf


@dataclass(slots=True, kw_only=True)
class _Known:
    """A person and the answers given: one where no policy names addresses, else one for each address.

    `until`: monotonic seconds; shrinks to the end of the rules used.
    """

    epoch: int
    until: float
    person: _Person
    everywhere: Access | None = None
    by_ip: Bounded[str | None, Access] = field(default_factory=lambda: Bounded(64))


Find = Callable[[], Awaitable[_Person]]


class Actors:
    """Who asks. One for each project. `ttl` and `capacity` bound what is remembered."""

    def __init__(
        self,
        database: Database,
        snapshot: Callable[[], SchemaSnapshot],
        epochs: Epochs,
        sessions: Sessions,
        *,
        ttl: float = 1.0,
        capacity: int = 10_000,
    ) -> None:
        self._database = database
        self._snapshot = snapshot
        self._epochs = epochs
        self._sessions = sessions
        self._ttl = ttl
        self._rules = RulesLoader(database, epochs, ttl=ttl)
        self._known: Bounded[Hashable, _Known] = Bounded(capacity)
        self._flights: SingleFlight[_Known] = SingleFlight()

    @property
    def installed(self) -> bool:
        """Whether the database has the system tables; where it has none, there is only the public."""
        collections = self._snapshot().collections
        return all(name in collections for name in _TABLES)

    def remembered(self, key: Hashable, ip: str | None) -> Access | None:
        """The answer given to these credentials a moment ago, or None."""
        known = self._known.get(key)
        if known is None or not self._good(known, self._epochs.access):
            return None
        return known.everywhere or known.by_ip.get(ip)

    async def public(self, ip: str | None) -> Access:
        return self.remembered(PUBLIC_KEY, ip) or await self._access(PUBLIC_KEY, ip, self._public)

    async def by_token(self, key: Hashable, token: str, ip: str | None) -> Access:
        """A static token. `key`: the credentials as given, for `remembered`. Raises INVALID_CREDENTIALS."""
        return await self._access(key, ip, lambda: self._by_token(token))

    async def by_claims(self, key: Hashable, claims: Claims, ip: str | None) -> Access:
        """An access token or a session cookie. Raises INVALID_CREDENTIALS."""
        return await self._access(key, ip, lambda: self._by_claims(claims))

    async def of_identity(self, identity: Identity, ip: str | None) -> Access:
        """The access of a user who is just logging in."""
        return await self._at(_Known(epoch=self._epochs.access, until=0.0, person=_person(identity)), ip)

    async def of_role(self, identity: RoleIdentity, ip: str | None) -> Access:
        """Of somebody with the role, and a second factor: what rules say of the user meets nothing."""
        actor = Actor(kind="user", role=identity.role, roles=identity.roles)
        person = _Person(actor=actor, policies=identity.policies)
        return await self._at(_Known(epoch=self._epochs.access, until=0.0, person=person), ip)

    # --- remembering ----------------------------------------------------------------------------------

    def _good(self, known: _Known, epoch: int) -> bool:
        return known.epoch == epoch and time.monotonic() < known.until and self._epochs.trusted

    async def _access(self, key: Hashable, ip: str | None, find: Find) -> Access:
        epoch = self._epochs.access
        known = self._known.get(key)
        if known is None or not self._good(known, epoch):
            known = await self._flights.run((key, epoch), lambda: self._load(key, epoch, find))
        return await self._at(known, ip)

    async def _load(self, key: Hashable, epoch: int, find: Find) -> _Known:
        began = time.monotonic()
        person = await find()
        known = _Known(epoch=epoch, until=began + min(self._ttl, person.life), person=person)
        if self._epochs.trusted:
            self._known.put(key, known)
        return known

    async def _at(self, known: _Known, ip: str | None) -> Access:
        person = known.person
        policies = applying_policies(person.policies, ip)
        rules, until = await self._rules.rules(policies)
        if not person.second_factor:
            rules = without_second_factor(rules)
        everywhere = all(policy.ip_access is None for policy in person.policies)
        actor = replace(
            person.actor,
            policies=tuple(policy.id for policy in policies),
            admin=rules.admin,
            app=rules.app,
            everywhere=everywhere,
        )
        access = Access(actor=actor, rules=rules)
        known.until = min(known.until, until)
        if everywhere:
            known.everywhere = access
        else:
            known.by_ip.put(ip, access)
        return access

    # --- finding --------------------------------------------------------------------------------------

    async def _public(self) -> _Person:
        policies = await public_policies(self._database) if self.installed else ()
        return _Person(actor=PUBLIC, policies=policies)

    async def _by_token(self, token: str) -> _Person:
        identity = await identity_by_token(self._database, token) if self.installed and token else None
        return _person(_active(identity))

    async def _by_claims(self, claims: Claims) -> _Person:
        user = as_uuid(claims.user)
        if user is None or not self.installed:
            raise invalid_credentials()
        identity = _active(await identity_by_id(self._database, user))
        now = datetime.now(UTC)
        life = claims.expires - now.timestamp()
        if claims.session is not None:
            session = await self._sessions.find(claims.session)
            if session is None or session.user != user or session.bound or session.expires <= now:
                raise invalid_credentials()
            life = min(life, (session.expires - now).total_seconds())
        elif claims.family is not None and not await self._sessions.family_lives(claims.family, user, now):
            raise invalid_credentials()
        login = claims.family if claims.session is None else login_of(claims.session)
        return _person(identity, login=login, life=life)


def _active(identity: Identity | None) -> Identity:
    if identity is None or not identity.user.active:
        raise invalid_credentials()
    return identity


def _person(identity: Identity, *, login: str | None = None, life: float = math.inf) -> _Person:
    user = identity.user
    actor = Actor(kind="user", user=user.id, role=user.role, roles=identity.roles, login=login)
    second_factor = bool(user.tfa_secret)
    return _Person(actor=actor, policies=identity.policies, second_factor=second_factor, life=life)
