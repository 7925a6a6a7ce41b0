"""Who holds which policies: the SQL of guards over users, roles, policies and access. Inside a transaction.

await one_at_a_time(database, transaction)     changes of rights wait for each other from here on
facts = await read_facts(database, transaction, users)
await has_admin(transaction)                   whether an active user may do everything
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from resolvers.sql.access import PermissionRow, PolicyRow, permission_row
from schema_gen.database import Database, Transaction

#: of PostgreSQL's advisory locks, this project's own for changes of rights; SQLite has one writer anyway
_TURN: Final = "select pg_advisory_xact_lock(7316032845120093)"
#: sixteen locks for all addresses, in one order
_ADDRESS_TURN: Final = """
select pg_advisory_xact_lock(1702389091, place) from (
  select distinct hashtext(address) & 15 as place from unnest($1::text[]) as address order by 1
) places"""
_HOLDERS: Final = "select lower(email), cast(id as text) from directus_users where lower(email) {among}"
_POLICIES: Final = """
select cast(id as text), ip_access, case when admin_access then '1' else '0' end,
  case when app_access then '1' else '0' end, case when enforce_tfa then '1' else '0' end
from directus_policies"""
_PERMISSIONS: Final = """
select cast(policy as text), collection, action, permissions, validation, presets, fields
from directus_permissions order by id"""
_REGISTERED: Final = "select cast(public_registration_role as text) from directus_settings limit 1"
_ROLES: Final = "select cast(id as text), cast(parent as text) from directus_roles"
_ACCESS: Final = 'select cast(role as text), cast("user" as text), cast(policy as text) from directus_access'
_USERS: Final = """
select cast(id as text), cast(role as text) from directus_users
where id {among} or id in (select "user" from directus_access)"""
_ADMIN: Final = """
with recursive given as (
  select a.role, a."user" from directus_access a join directus_policies p on p.id = a.policy
  where p.admin_access
), mighty(id) as (
  select role from given where role is not null
  union select r.id from directus_roles r join mighty on r.parent = mighty.id
)
select 1 from directus_users
where status = 'active' and (role in (select id from mighty) or id in (select "user" from given))
limit 1"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """An access row."""

    role: str | None
    user: str | None
    policy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that decides who may do what, at one moment. `parents`: role -> role above it; `roles`: user
    -> role, of the users asked for and of those with policies of their own. A policy knows nothing of how it
    is given.
    """

    policies: Mapping[str, PolicyRow]
    permissions: Mapping[str, tuple[PermissionRow, ...]]
    parents: Mapping[str, str | None]
    access: tuple[Assigned, ...]
    roles: Mapping[str, str | None]
    #: the role of who registers himself
    registered: str | None = None


async def one_at_a_time(database: Database, transaction: Transaction) -> None:
    """Until the transaction ends; what those before have done is seen."""
    if database.dialect == "postgresql":
        await transaction.fetch(_TURN)


async def address_holders(
    database: Database, transaction: Transaction, addresses: Iterable[str]
) -> list[tuple[str, str]]:
    """(address, user) of those who have one of these, in any case; `addresses` in lower case. Nobody else
    gets one of them until the transaction ends.
    """
    listed = sorted(addresses)
    if database.dialect == "postgresql":
        await transaction.fetch(_ADDRESS_TURN, (listed,))
    rows = await transaction.fetch(*_among(database, _HOLDERS, listed))
    return [(row[0], row[1]) for row in rows]


async def has_admin(transaction: Transaction) -> bool:
    return bool(await transaction.fetch(_ADMIN))


async def read_facts(
    database: Database, transaction: Transaction, users: Iterable[str], *, registering: bool
) -> Facts:
    """`registering`: whether the settings of this database have a role for who registers himself."""
    registered = await transaction.fetch(_REGISTERED) if registering else []
    permissions: dict[str, list[PermissionRow]] = {}
    for row in await transaction.fetch(_PERMISSIONS):
        permissions.setdefault(row[0], []).append(permission_row(row))
    return Facts(
        policies={row[0]: _policy(row) for row in await transaction.fetch(_POLICIES)},
        permissions={policy: tuple(rows) for policy, rows in permissions.items()},
        parents=dict(await _pairs(transaction, _ROLES)),
        access=tuple(
            Assigned(role=role, user=user, policy=policy)
            for role, user, policy in await transaction.fetch(_ACCESS)
        ),
        roles=await read_roles(database, transaction, users),
        registered=registered[0][0] if registered else None,
    )


async def read_roles(
    database: Database, transaction: Transaction, users: Iterable[str]
) -> dict[str, str | None]:
    """User -> role, of these users and of those with policies of their own."""
    return dict(await _pairs(transaction, *_among(database, _USERS, sorted(users))))


def _among(database: Database, text: str, listed: list[str]) -> tuple[str, tuple[Any]]:
    """The text and its parameter, a list."""
    if database.dialect == "postgresql":
        return text.format(among="= any($1)"), (listed,)
    return database.native(text.format(among="in (select value from json_each($1))")), (json.dumps(listed),)


async def _pairs(
    transaction: Transaction, text: str, parameters: Sequence[Any] = ()
) -> list[tuple[str, str | None]]:
    return [(row[0], row[1]) for row in await transaction.fetch(text, parameters)]


def _policy(row: Sequence[Any]) -> PolicyRow:
    key, ip_access, admin, app, tfa = row
    return PolicyRow(id=key, ip_access=ip_access, admin=admin == "1", app=app == "1", enforce_tfa=tfa == "1")
