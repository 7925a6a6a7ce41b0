"""The system collections as data: every `directus_*` table with its columns, keys, specials and REST path.

    SYSTEM["directus_users"].path                -> "users"
    SYSTEM["directus_users"].primary_key         -> "id"
    BY_PATH["users"].name                        -> "directus_users"

The columns are those of a Directus 12 database, so that such a database is served, and can be taken over,
as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schema_gen.registry.access import ACCESS, PERMISSIONS, POLICIES, ROLES, SESSIONS, SHARES, USERS
from schema_gen.registry.automation import (
    DASHBOARDS,
    DEPLOYMENT_PROJECTS,
    DEPLOYMENT_RUNS,
    DEPLOYMENTS,
    FLOWS,
    OPERATIONS,
    PANELS,
)
from schema_gen.registry.base import SystemField, SystemRelation, SystemTable
from schema_gen.registry.content import (
    ACTIVITY,
    COMMENTS,
    FILES,
    FOLDERS,
    NOTIFICATIONS,
    PRESETS,
    REVISIONS,
    TRANSLATIONS,
    VERSIONS,
)
from schema_gen.registry.oauth import OAUTH_CLIENTS, OAUTH_CODES, OAUTH_CONSENTS, OAUTH_TOKENS
from schema_gen.registry.project import SETTINGS
from schema_gen.registry.relations import RELATIONS
from schema_gen.registry.structure import COLLECTIONS, EXTENSIONS, FIELDS, MIGRATIONS, RELATIONS_TABLE

__all__ = ["BY_PATH", "RELATIONS", "SYSTEM", "SystemField", "SystemRelation", "SystemTable"]

SYSTEM: Final[Mapping[str, SystemTable]] = {
    table.name: table
    for table in (
        ACCESS,
        ACTIVITY,
        COLLECTIONS,
        COMMENTS,
        DASHBOARDS,
        DEPLOYMENT_PROJECTS,
        DEPLOYMENT_RUNS,
        DEPLOYMENTS,
        EXTENSIONS,
        FIELDS,
        FILES,
        FLOWS,
        FOLDERS,
        MIGRATIONS,
        NOTIFICATIONS,
        OAUTH_CLIENTS,
        OAUTH_CODES,
        OAUTH_CONSENTS,
        OAUTH_TOKENS,
        OPERATIONS,
        PANELS,
        PERMISSIONS,
        POLICIES,
        PRESETS,
        RELATIONS_TABLE,
        REVISIONS,
        ROLES,
        SESSIONS,
        SETTINGS,
        SHARES,
        TRANSLATIONS,
        USERS,
        VERSIONS,
    )
}

#: REST route (without slash) -> its collection
BY_PATH: Final[Mapping[str, SystemTable]] = {
    table.path: table for table in SYSTEM.values() if table.path is not None
}
