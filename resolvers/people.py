"""Users and roles as the command line handles them: by name and mail, without a request and its rules.

    await create_user(database, hasher, NewUser(email="a@b.c", password="...", role="Editor")) -> id
    await set_password(database, hasher, "a@b.c", "...")
    await list_roles(database) -> (RoleRow(name="Editor", users=3, ...), ...)

A changed password ends every login of the user. Refusals are `CausewayError`; a database without system
tables is a `ConfigurationError`.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from resolvers.behaviors.password_policy import check_ruled
from resolvers.secrets import Hasher
from schema_gen.database import Database, Transaction
from schema_gen.errors import ConfigurationError, invalid_payload, record_not_unique
from schema_gen.registry.tables import table

LEAST_PASSWORD: Final = 8
_SETTINGS: Final = "directus_settings"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """`role`: its name or id; None: no role. `token`: a static token."""

    email: str
    password: str
    role: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    token: str | None = None


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


async def create_user(database: Database, hasher: Hasher, new: NewUser) -> str:
    """The id of the new, active user."""
    email = _checked_email(new.email)
    await require_system_tables(database)
    hashed = await hasher.hash(await _checked_password(database, new.password))
    users = table("directus_users")
    identifier = str(uuid.uuid4())
    async with database.transaction() as transaction:
        if await transaction.run(sa.select(users.c.id).where(sa.func.lower(users.c.email) == email)):
            raise record_not_unique("directus_users", "email", email)
        row = {
            "id": identifier,
            "email": email,
            "password": hashed,
            "status": "active",
            "provider": "default",
            "role": None if new.role is None else await _role(transaction, new.role),
            "first_name": new.first_name,
            "last_name": new.last_name,
            "token": new.token,
        }
        await transaction.run(sa.insert(users).values(row))
    return identifier


async def set_password(database: Database, hasher: Hasher, email: str, password: str) -> None:
    """Also ends every login of the user."""
    await require_system_tables(database)
    hashed = await hasher.hash(await _checked_password(database, password))
    users, sessions = table("directus_users"), table("directus_sessions")
    async with database.transaction() as transaction:
        found = await transaction.run(
            sa.select(users.c.id).where(sa.func.lower(users.c.email) == email.strip().lower())
        )
        if not found:
            raise invalid_payload(f'There is no user "{email}"')
        user = str(found[0][0])
        await transaction.run(sa.update(users).where(users.c.id == user).values(password=hashed))
        await transaction.run(sa.delete(sessions).where(sessions.c.user == user))


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


async def require_system_tables(database: Database) -> None:
    if not await database.run_sync(lambda connection: sa.inspect(connection).has_table("directus_users")):
        raise ConfigurationError("this database has no system tables; run `causeway bootstrap` first")


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


async def _role(transaction: Transaction, named: str) -> str:
    """The id of the role with that id or name."""
    roles = table("directus_roles")
    rows = await transaction.run(sa.select(roles.c.id, roles.c.name))
    found = [str(identifier) for identifier, name in rows if named in (str(identifier), name)]
    if not found:
        known = ", ".join(sorted(f'"{name}"' for _, name in rows)) or "none"
        raise invalid_payload(f'There is no role "{named}"; there are: {known}')
    if len(found) > 1:
        raise invalid_payload(f'Several roles are named "{named}"; give an id: {", ".join(sorted(found))}')
    return found[0]


def _checked_email(email: str) -> str:
    name, at, domain = email.strip().lower().rpartition("@")
    if not at or not name or not domain or any(character.isspace() for character in email.strip()):
        raise invalid_payload('"email" must be a valid email')
    return f"{name}@{domain}"


async def _checked_password(database: Database, password: str) -> str:
    """Long enough, and good enough for the rule of the settings."""
    if len(password) < LEAST_PASSWORD:
        raise invalid_payload(f'"password" needs at least {LEAST_PASSWORD} characters')
    columns = await database.run_sync(lambda connection: sa.inspect(connection).get_columns(_SETTINGS))
    ruled = any(column["name"] == "auth_password_policy" for column in columns)
    await check_ruled(database, password, ruled=ruled)
    return password
