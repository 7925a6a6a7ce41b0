"""Who may what, as rows: the SQL of users, roles, policies and permissions. Keys in, frozen facts out.

    identity_by_token(database, "...")     -> Identity(user=UserRow(...), roles=(...), policies=(...))
    public_policies(database)              -> (PolicyRow(...), ...)
    permissions_of(database, policy_ids)   -> (PermissionRow(...), ...)

An identity is one statement: the user, the role with its ancestors, and every policy given to them. Ids
are text, whatever the column is; flags are bool.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from schema_gen.database import Database, Transaction

_FLAGS: Final = ", ".join(
    f"case when p.{flag} then '1' else '0' end" for flag in ("admin_access", "app_access", "enforce_tfa")
)
_GIVEN: Final = "directus_access a join directus_policies p on p.id = a.policy"
_TO_ALL: Final = 'a.role is null and a."user" is null'
#: rows of three kinds in one shape: the user, the roles (id, parent), the policies
_IDENTITY: Final = """
with recursive who as (
  select id, email, password, tfa_secret, status, role, provider from directus_users where {place} = $1
), chain(id, parent) as (
  select r.id, r.parent from directus_roles r join who on who.role = r.id
  union select r.id, r.parent from directus_roles r join chain on r.id = chain.parent
)
select 0, cast(id as text), email, password, tfa_secret, status, cast(role as text), provider from who
union all select 1, cast(id as text), cast(parent as text), null, null, null, null, null from chain
union all select 2, cast(p.id as text), p.ip_access, {flags}, case when {to_all} then '1' else '0' end, null
from who cross join {given}
where a."user" = who.id or a.role in (select id from chain) or (who.role is null and {to_all})
order by 1, 2"""
_IDENTITY_BY: Final = {
    place: _IDENTITY.format(place=place, flags=_FLAGS, given=_GIVEN, to_all=_TO_ALL)
    for place in ("token", "id", "lower(email)")
}
_OF_ROLE: Final = f"""
with recursive chain(id, parent) as (
  select id, parent from directus_roles where id = $1
  union select r.id, r.parent from directus_roles r join chain on r.id = chain.parent
)
select 1, cast(id as text), cast(parent as text), null, null, null from chain
union all select 2, cast(p.id as text), p.ip_access, {_FLAGS}
from {_GIVEN} where a.role in (select id from chain)
order by 1, 2"""
_PUBLIC: Final = f"""
select cast(p.id as text), p.ip_access, {_FLAGS}, '1' from {_GIVEN} where {_TO_ALL} order by 1"""
_ANY_HASH: Final = "select password from directus_users where password like '$argon2%' limit 1"
#: columns of a permission row without its id
_WITHOUT_ID: Final = 7
_PERMISSIONS: Final = """
select cast(policy as text), collection, action, permissions, validation, presets, fields, cast(id as text)
from directus_permissions where policy {among} order by id"""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRow:
    """`password`: the stored hash; None for users of other providers. It never leaves the server."""

    id: str
    email: str | None
    password: str | None
    tfa_secret: str | None
    status: str
    role: str | None
    provider: str

    @property
    def active(self) -> bool:
        return self.status == "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRow:
    """`public`: given to everybody, by an access row without role and user."""

    id: str
    ip_access: str | None = None
    admin: bool = False
    app: bool = False
    enforce_tfa: bool = False
    public: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """`roles`: the role and its ancestors, nearest first. `policies`: each once, wherever it applies."""

    user: UserRow
    roles: tuple[str, ...]
    policies: tuple[PolicyRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleIdentity:
    """Somebody with the role and nothing else. `roles`, `policies`: as of an identity."""

    role: str
    roles: tuple[str, ...]
    policies: tuple[PolicyRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionRow:
    """One permission row as stored. JSON stays text: it is parsed when rules are made, not at each re-
    reading.
    """

    policy: str
    collection: str
    action: str
    permissions: str | None = None
    validation: str | None = None
    presets: str | None = None
    fields: str | None = None
    #: rows that allow the same are the same
    id: str | None = field(default=None, compare=False)


def as_uuid(value: object) -> str | None:
    """The id in the form in which rows hold it; None for what cannot be one."""
    try:
        return str(UUID(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def plain_text(text: str) -> bool:
    """Whether a column could hold the text: no control characters, no halves of characters, no novel."""
    return len(text) <= 255 and text.isprintable()


async def identity_by_token(database: Database, token: str) -> Identity | None:
    return await _identity(database, "token", token)


async def identity_by_id(database: Database, user: str, within: Transaction | None = None) -> Identity | None:
    """`user`: in the form of `as_uuid`."""
    return await _identity(database, "id", user, within)


async def identity_by_email(database: Database, email: str) -> Identity | None:
    """`email` in any case; None too where several users differ in case only."""
    return await _identity(database, "lower(email)", email.lower())


async def identity_of_role(database: Database, role: str) -> RoleIdentity | None:
    """`role`: in the form of `as_uuid`."""
    rows = await database.fetch(database.native(_OF_ROLE), (role,))
    parents = {row[1]: row[2] for row in rows if row[0] == 1}
    if role not in parents:
        return None
    policies = _policies([(*row[1:], "0") for row in rows if row[0] == 2])
    return RoleIdentity(role=role, roles=_chain(role, parents), policies=policies)


async def some_password(database: Database) -> str | None:
    """A stored hash, whosoever: what hashes cost here."""
    rows = await database.fetch(_ANY_HASH)
    return rows[0][0] if rows else None


async def public_policies(database: Database) -> tuple[PolicyRow, ...]:
    return _policies(await database.fetch(_PUBLIC))


async def permissions_of(database: Database, policies: Sequence[str]) -> tuple[PermissionRow, ...]:
    if not policies:
        return ()
    postgres = database.dialect == "postgresql"
    among = "= any($1)" if postgres else "in (select value from json_each($1))"
    listed = list(policies) if postgres else json.dumps(list(policies))
    rows = await database.fetch(database.native(_PERMISSIONS.format(among=among)), (listed,))
    return tuple(permission_row(row) for row in rows)


def permission_row(row: Sequence[Any]) -> PermissionRow:
    """Of the columns policy, collection, action, permissions, validation, presets, fields; id, where there is
    one more.
    """
    return PermissionRow(
        policy=row[0],
        collection=row[1],
        action=row[2],
        permissions=json_text(row[3]),
        validation=json_text(row[4]),
        presets=json_text(row[5]),
        fields=row[6],
        id=row[7] if len(row) > _WITHOUT_ID else None,
    )


async def _identity(
    database: Database, place: str, key: str, within: Transaction | None = None
) -> Identity | None:
    if not plain_text(key):
        return None
    rows = await (within or database).fetch(database.native(_IDENTITY_BY[place]), (key,))
    users = [row[1:] for row in rows if row[0] == 0]
    if len(users) != 1:
        return None
    user_id, email, password, tfa_secret, status, role, provider = users[0]
    user = UserRow(
        id=user_id,
        email=email,
        password=password,
        tfa_secret=tfa_secret,
        status=status,
        role=role,
        provider=provider,
    )
    return Identity(
        user=user,
        roles=_chain(role, {row[1]: row[2] for row in rows if row[0] == 1}),
        policies=_policies([row[1:] for row in rows if row[0] == 2]),
    )


def _chain(role: str | None, parents: dict[str, str | None]) -> tuple[str, ...]:
    """The role and its ancestors; a circle ends where it closes."""
    chain: list[str] = []
    while role is not None and role in parents and role not in chain:
        chain.append(role)
        role = parents[role]
    return tuple(chain)


def _policies(rows: Sequence[Sequence[Any]]) -> tuple[PolicyRow, ...]:
    """A policy given twice counts once, and as the user's own where it is given by name or role."""
    found: dict[str, PolicyRow] = {}
    for key, ip_access, admin, app, tfa, public, *_ in rows:
        if key not in found or found[key].public:
            found[key] = PolicyRow(
                id=key,
                ip_access=ip_access,
                admin=admin == "1",
                app=app == "1",
                enforce_tfa=tfa == "1",
                public=public == "1",
            )
    return tuple(found.values())


def json_text(value: str | bytes | float | None) -> str | None:
    """JSON text; PostgreSQL gives json columns as bytes, SQLite a number that stands in one as a number."""
    if isinstance(value, bytes):
        return value.decode()
    return value if value is None or isinstance(value, str) else json.dumps(value)
