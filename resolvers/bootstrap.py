"""An empty database -> one with the system tables, their first rows and an admin; any other is left as it is.

The first rows are those of a fresh Directus 12: the public policy, an administrator role with its policy,
the settings and the record of migrations, so that a Directus server can take the database over and the
other way round. All of it happens in one transaction: either everything is there afterwards, or nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from resolvers.secrets import Hasher, random_text
from schema_gen.database import Database
from schema_gen.registry import SYSTEM
from schema_gen.registry.migrations import INCLUDED
from schema_gen.registry.tables import system_metadata, table

#: the policy of callers without credentials has the same id in every database
PUBLIC_POLICY: Final = "abf8a154-5b1c-4a46-ac9c-7300570f4f17"
DEFAULT_EMAIL: Final = "admin@example.com"
#: any number will do, as long as every process takes the same
_LOCK: Final = 7_243_392_115


@dataclass(frozen=True, slots=True, kw_only=True)
class BootstrapReport:
    """What was done. `created` False: the database had system tables and nothing was changed.

    `generated_password`: the admin's, when none was given; it is told here once and stored nowhere.
    `missing`: system tables that a database made by another version lacks.
    """

    created: bool
    admin_email: str | None = None
    generated_password: str | None = None
    missing: tuple[str, ...] = ()


async def bootstrap(
    database: Database,
    *,
    admin_email: str | None = None,
    admin_password: str | None = None,
    admin_token: str | None = None,
    project_name: str = "Causeway",
    hasher: Hasher | None = None,
) -> BootstrapReport:
    """Idempotent, also when several processes call it at once. `hasher`: its costs; the default's when
    None."""
    present = await database.run_sync(_present)
    if present:
        return _untouched(present)
    password = admin_password or random_text(20)
    used = hasher or Hasher(threads=1)
    try:
        hashed = await used.hash(password)
    finally:
        if hasher is None:
            used.close()
    email = (admin_email or DEFAULT_EMAIL).strip().lower()
    rows = _first_rows(email, hashed, admin_token or None, project_name)
    present = await database.run_sync(partial(_install, rows=rows))
    if present:
        return _untouched(present)
    return BootstrapReport(
        created=True, admin_email=email, generated_password=None if admin_password else password
    )


def _untouched(present: frozenset[str]) -> BootstrapReport:
    return BootstrapReport(created=False, missing=tuple(sorted(SYSTEM.keys() - present)))


def _present(connection: sa.Connection) -> frozenset[str]:
    """The system tables that exist."""
    return frozenset(sa.inspect(connection).get_table_names()) & SYSTEM.keys()


def _install(connection: sa.Connection, *, rows: Mapping[str, list[dict[str, Any]]]) -> frozenset[str]:
    """Makes tables and rows where there is no system table; returns those that were there already."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    present = _present(connection)
    if present:
        return present
    system_metadata().create_all(connection, checkfirst=False)
    for name, values in rows.items():
        connection.execute(sa.insert(table(name)), values)
    return present


def _first_rows(
    email: str, password: str, token: str | None, project_name: str
) -> Mapping[str, list[dict[str, Any]]]:
    """Table -> rows, in an order that foreign keys allow. Rows of one table have the same keys."""
    role, policy = str(uuid.uuid4()), str(uuid.uuid4())
    now = datetime.now(UTC)
    return {
        "directus_migrations": [
            {"version": version, "name": name, "timestamp": now} for version, name in INCLUDED
        ],
        "directus_policies": [
            {
                "id": PUBLIC_POLICY,
                "name": "$t:public_label",
                "icon": "public",
                "description": "$t:public_description",
                "admin_access": False,
                "app_access": False,
            },
            {
                "id": policy,
                "name": "Administrator",
                "icon": "verified",
                "description": "$t:admin_description",
                "admin_access": True,
                "app_access": True,
            },
        ],
        "directus_roles": [
            {
                "id": role,
                "name": "Administrator",
                "icon": "verified",
                "description": "$t:admin_description",
            }
        ],
        "directus_users": [
            {
                "id": str(uuid.uuid4()),
                "first_name": "Admin",
                "last_name": "User",
                "email": email,
                "password": password,
                "status": "active",
                "role": role,
                "token": token,
            }
        ],
        "directus_access": [
            {"id": str(uuid.uuid4()), "role": None, "policy": PUBLIC_POLICY, "sort": 1},
            {"id": str(uuid.uuid4()), "role": role, "policy": policy, "sort": None},
        ],
        "directus_settings": [{"project_name": project_name, "project_id": str(uuid.uuid4())}],
    }
