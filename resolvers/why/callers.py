"""Who a question is about, found in the database, with the rules that hold for it at an address.

What applies is decided where requests are decided (`Actors`); here it is told by which way each policy came.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from resolvers.actors import Access, Actors
from resolvers.sql.access import (
    Identity,
    PolicyRow,
    as_uuid,
    identity_by_email,
    identity_by_id,
    identity_of_role,
    public_policies,
)
from resolvers.sql.why import AccessRow, access_rows, mails, policy_names, role_names
from resolvers.why.facts import Caller, Named, Policy, Question, Way
from resolvers.why.named import unknown
from schema_gen.database import Database
from schema_gen.errors import invalid_payload


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """`policies`: each that the caller was given, also those that do not apply here."""

    caller: Caller
    access: Access
    policies: tuple[Policy, ...]


class Callers:
    def __init__(self, database: Database, actors: Actors) -> None:
        self._database = database
        self._actors = actors

    async def find(self, question: Question) -> Found:
        """Raises INVALID_PAYLOAD for who is not there."""
        if not self._actors.installed:
            raise invalid_payload("This database has no system tables, and so no users and roles")
        names = await role_names(self._database)
        if question.user is not None:
            return await self._user(question.user, question.ip, names)
        if question.role is not None:
            return await self._role(question.role, question.ip, names)
        given = await public_policies(self._database)
        access = await self._actors.public(question.ip)
        return await self._told(Caller(kind="public"), access, given, None)

    async def _user(self, named: str, ip: str | None, names: Mapping[str, str]) -> Found:
        identity = await self._identity(named)
        access = await self._actors.of_identity(identity, ip)
        user = identity.user
        caller = Caller(
            kind="user",
            user=user.id,
            email=user.email,
            status=user.status,
            roles=tuple(Named(id=role, name=names.get(role)) for role in identity.roles),
            second_factor=user.tfa_secret is not None,
        )
        return await self._told(caller, access, identity.policies, user.id)

    async def _identity(self, named: str) -> Identity:
        key = as_uuid(named)
        found = (
            await identity_by_email(self._database, named.strip())
            if key is None
            else await identity_by_id(self._database, key)
        )
        if found is None:
            raise unknown("user", named, await mails(self._database))
        return found

    async def _role(self, named: str, ip: str | None, names: Mapping[str, str]) -> Found:
        meant = [key for key, name in names.items() if named == name or as_uuid(named) == key]
        if len(meant) > 1:
            raise invalid_payload(
                f'Several roles are named "{named}"; give an id: {", ".join(sorted(meant))}'
            )
        identity = await identity_of_role(self._database, meant[0]) if meant else None
        if identity is None:
            raise unknown("role", named, names.values())
        access = await self._actors.of_role(identity, ip)
        caller = Caller(
            kind="role", roles=tuple(Named(id=role, name=names.get(role)) for role in identity.roles)
        )
        return await self._told(caller, access, identity.policies, None)

    async def _told(
        self, caller: Caller, access: Access, given: Sequence[PolicyRow], user: str | None
    ) -> Found:
        names = await policy_names(self._database)
        rows = await access_rows(self._database)
        rules, applying = access.rules, frozenset(access.actor.policies)
        told = Caller(
            kind=caller.kind,
            user=caller.user,
            email=caller.email,
            status=caller.status,
            roles=caller.roles,
            second_factor=caller.second_factor,
            admin=rules.admin,
            app=rules.app,
            enforce_tfa=rules.enforce_tfa,
            waiting=rules.waiting is not None,
        )
        policies = tuple(
            policy_of(row, names.get(row.id), ways(row, rows, caller.roles, user), row.id in applying)
            for row in given
        )
        return Found(caller=told, access=access, policies=policies)


def policy_of(row: PolicyRow, name: str | None, by: tuple[Way, ...], applies: bool) -> Policy:
    """The flags of a policy that everybody has mean nothing."""
    return Policy(
        id=row.id,
        name=name,
        ways=by,
        admin=row.admin and not row.public,
        app=row.app and not row.public,
        enforce_tfa=row.enforce_tfa and not row.public,
        ip_access=row.ip_access,
        applies=applies,
        because=None if applies else f"it holds only for requests from {row.ip_access}",
    )


def ways(
    policy: PolicyRow, rows: Sequence[AccessRow], roles: Sequence[Named], user: str | None
) -> tuple[Way, ...]:
    """By which access rows the policy comes to somebody, the nearest first."""
    mine = [row for row in rows if row.policy == policy.id]
    found: list[Way] = []
    if user is not None and any(row.user == user for row in mine):
        found.append(Way(through="user"))
    for place, role in enumerate(roles):
        if any(row.role == role.id for row in mine):
            found.append(Way(through="parent role" if place else "role", role=role))
    if policy.public:
        found.append(Way(through="public"))
    return tuple(found)
