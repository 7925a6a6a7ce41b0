"""Names of what decides about rights, and by which access rows policies come to somebody.

access_rows(database)  -> (AccessRow(policy="...", role="...", user=None), ...)
role_names(database)   -> {"...": "Writer"}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from schema_gen.database import Database
from schema_gen.registry.tables import table

#: names that are compared with a misspelled one
_MOST: Final = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRow:
    """Without role and user: given to everybody."""

    policy: str
    role: str | None
    user: str | None


async def access_rows(database: Database) -> tuple[AccessRow, ...]:
    """Every one: there are as many as policies that somebody was given."""
    access = table("directus_access")
    rows = await database.run(
        sa.select(access.c.policy, access.c.role, access.c.user).order_by(
            access.c.user, access.c.role, access.c.id
        )
    )
    return tuple(AccessRow(policy=str(row[0]), role=_id(row[1]), user=_id(row[2])) for row in rows)


async def role_names(database: Database) -> Mapping[str, str]:
    """Id -> name."""
    roles = table("directus_roles")
    return {str(key): name for key, name in await database.run(sa.select(roles.c.id, roles.c.name))}


async def policy_names(database: Database) -> Mapping[str, str]:
    """Id -> name."""
    policies = table("directus_policies")
    return {str(key): name for key, name in await database.run(sa.select(policies.c.id, policies.c.name))}


async def mails(database: Database) -> tuple[str, ...]:
    """Of users, for suggestions."""
    users = table("directus_users")
    asked = sa.select(users.c.email).where(users.c.email.is_not(None)).order_by(users.c.email).limit(_MOST)
    return tuple(row[0] for row in await database.run(asked))


def _id(value: object) -> str | None:
    return None if value is None else str(value)
