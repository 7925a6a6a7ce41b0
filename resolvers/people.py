"""Users, roles and policies as the command line shows and names them, without a request and its rules.

    await list_roles(database) -> (RoleRow(name="Editor", users=3, ...), ...)
    id_of("role", "Editor", await role_names(database)) -> "6f0e..."

What is changed goes through the engine (`resolvers.administering`). A database without system tables is a
`ConfigurationError`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from resolvers.sql.why import AccessRow, access_rows, role_names
from schema_gen.database import Database
from schema_gen.errors import ConfigurationError, invalid_payload
from schema_gen.registry.tables import moment, table

LEAST_PASSWORD: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRow:
    """`policies`: names of the policies given to the role itself. `admin`: one of them gives everything."""

    id: str
    name: str
    parent: str | None
    admin: bool
    app: bool
    policies: tuple[str, ...]
    users: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRow:
    """`second_factor`, `token`: whether there is one."""

    id: str
    email: str | None
    name: str
    status: str
    role: str | None
    second_factor: bool
    token: bool
    last_access: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRow:
    """`given_to`: roles by their names, mails of users, and "public"."""

    id: str
    name: str
    admin: bool
    app: bool
    enforce_tfa: bool
    ip_access: str | None
    permissions: int
    given_to: tuple[str, ...]


async def list_roles(database: Database) -> tuple[RoleRow, ...]:
    """Every role, by name."""
    await require_system_tables(database)
    roles, users = table("directus_roles"), table("directus_users")
    access, policies = table("directus_access"), table("directus_policies")
    given = await database.run(
        sa.select(access.c.role, policies.c.name, policies.c.admin_access, policies.c.app_access)
        .join(policies, policies.c.id == access.c.policy)
        .where(access.c.role.is_not(None))
        .order_by(policies.c.name)
    )
    counts = dict(
        (str(role), int(count))
        for role, count in await database.run(
            sa.select(users.c.role, sa.func.count()).where(users.c.role.is_not(None)).group_by(users.c.role)
        )
    )
    rows = await database.run(sa.select(roles.c.id, roles.c.name, roles.c.parent).order_by(roles.c.name))
    names = {str(identifier): name for identifier, name, _ in rows}
    return tuple(
        _role_row(str(identifier), name, names.get(str(parent)), given, counts)
        for identifier, name, parent in rows
    )


async def list_users(database: Database) -> tuple[UserRow, ...]:
    """Every user, by mail."""
    await require_system_tables(database)
    users = table("directus_users")
    roles = await role_names(database)
    rows = await database.run(
        sa.select(
            users.c.id,
            users.c.email,
            users.c.first_name,
            users.c.last_name,
            users.c.status,
            users.c.role,
            users.c.tfa_secret.is_not(None),
            users.c.token.is_not(None),
            users.c.last_access,
        ).order_by(sa.func.lower(users.c.email), users.c.id)
    )
    return tuple(
        UserRow(
            id=str(row[0]),
            email=row[1],
            name=" ".join(part for part in row[2:4] if part),
            status=row[4],
            role=None if row[5] is None else roles.get(str(row[5]), str(row[5])),
            second_factor=bool(row[6]),
            token=bool(row[7]),
            last_access=moment(row[8]),
        )
        for row in rows
    )


async def list_policies(database: Database) -> tuple[PolicyRow, ...]:
    """Every policy, by name."""
    await require_system_tables(database)
    policies, permissions = table("directus_policies"), table("directus_permissions")
    users = table("directus_users")
    roles = await role_names(database)
    mails = {
        str(key): email
        for key, email in await database.run(sa.select(users.c.id, users.c.email))
        if email is not None
    }
    counts = {
        str(policy): int(count)
        for policy, count in await database.run(
            sa.select(permissions.c.policy, sa.func.count()).group_by(permissions.c.policy)
        )
    }
    given: dict[str, list[str]] = {}
    for row in await access_rows(database):
        given.setdefault(row.policy, []).append(_receiver(row, roles, mails))
    rows = await database.run(
        sa.select(
            policies.c.id,
            policies.c.name,
            policies.c.admin_access,
            policies.c.app_access,
            policies.c.enforce_tfa,
            policies.c.ip_access,
        ).order_by(policies.c.name, policies.c.id)
    )
    return tuple(
        PolicyRow(
            id=str(row[0]),
            name=row[1],
            admin=bool(row[2]),
            app=bool(row[3]),
            enforce_tfa=bool(row[4]),
            ip_access=row[5] or None,
            permissions=counts.get(str(row[0]), 0),
            given_to=tuple(given.get(str(row[0]), ())),
        )
        for row in rows
    )


async def require_system_tables(database: Database) -> None:
    if not await database.run_sync(lambda connection: sa.inspect(connection).has_table("directus_users")):
        raise ConfigurationError("this database has no system tables; run `causeway bootstrap` first")


def _receiver(row: AccessRow, roles: Mapping[str, str], mails: Mapping[str, str]) -> str:
    if row.role is not None:
        return roles.get(row.role, row.role)
    return "public" if row.user is None else mails.get(row.user, row.user)


def _role_row(
    identifier: str, name: str, parent: str | None, given: Sequence[Any], counts: dict[str, int]
) -> RoleRow:
    mine = [row for row in given if str(row[0]) == identifier]
    return RoleRow(
        id=identifier,
        name=name,
        parent=parent,
        admin=any(row[2] for row in mine),
        app=any(row[3] for row in mine),
        policies=tuple(row[1] for row in mine),
        users=counts.get(identifier, 0),
    )


def id_of(what: str, named: str, names: Mapping[str, str]) -> str:
    """The id of the one with that id or name. `names`: id -> name. Raises INVALID_PAYLOAD."""
    found = sorted(key for key, name in names.items() if named in (key, name))
    if not found:
        known = ", ".join(sorted(f'"{name}"' for name in names.values())) or "none"
        raise invalid_payload(f'There is no {what} "{named}"; there are: {known}')
    if len(found) > 1:
        raise invalid_payload(f'Several are named "{named}"; give the id of a {what}: {", ".join(found)}')
    return found[0]


def normalised(email: str) -> str:
    """A mail address as it is stored. Raises INVALID_PAYLOAD for what is none."""
    name, at, domain = email.strip().lower().rpartition("@")
    if not at or not name or not domain or any(character.isspace() for character in email.strip()):
        raise invalid_payload('"email" must be a valid email')
    return f"{name}@{domain}"
