"""Who may do what: users, roles, policies, permissions, sessions and shares."""

from __future__ import annotations

from typing import Final

from schema_gen.registry.base import SystemTable, alias, column

USERS: Final = SystemTable(
    name="directus_users",
    path="users",
    behavior="users",
    icon="people_alt",
    display_template="{{ first_name }} {{ last_name }}",
    archive_field="status",
    archive_value="archived",
    unarchive_value="draft",
    fields=(
        column("id", "uuid", None, "uuid", key=True),
        column("first_name", "string", 50),
        column("last_name", "string", 50),
        column("email", "string", 128, unique=True),
        column("password", "string", 255, "hash", "conceal"),
        column("location", "string", 255),
        column("title", "string", 50),
        column("description", "text"),
        column("tags", "json", None, "cast-json"),
        column("avatar", "uuid"),
        column("language", "string", 255),
        column("tfa_secret", "string", 255, "conceal"),
        column("status", "string", 16, default="active", required=True),
        column("role", "uuid", None, "m2o", to="directus_roles", on_delete="SET NULL"),
        column("token", "string", 255, "conceal", unique=True),
        column("last_access", "timestamp"),
        column("last_page", "string", 255),
        column("provider", "string", 128, default="default", required=True),
        column("external_identifier", "string", 255, unique=True),
        column("auth_data", "json"),
        column("email_notifications", "boolean", None, "cast-boolean", default=True),
        column("appearance", "string", 255),
        column("theme_dark", "string", 255),
        column("theme_light", "string", 255),
        column("theme_light_overrides", "json", None, "cast-json"),
        column("theme_dark_overrides", "json", None, "cast-json"),
        column("text_direction", "string", 255, default="auto", required=True),
        alias("preferences_divider", "alias", "no-data"),
        alias("theming_divider", "alias", "no-data"),
        alias("admin_divider", "alias", "no-data"),
        alias("policies", "m2m"),
    ),
)

ROLES: Final = SystemTable(
    name="directus_roles",
    path="roles",
    behavior="roles",
    icon="supervised_user_circle",
    fields=(
        column("id", "uuid", None, "uuid", key=True),
        column("name", "string", 100, required=True),
        column("icon", "string", 64, default="supervised_user_circle", required=True),
        column("description", "text"),
        column("parent", "uuid", None, "m2o", to="directus_roles"),
        alias("children", "o2m"),
        alias("policies", "m2m"),
        alias("users_group", "alias", "no-data", "group"),
        alias("users_divider", "alias", "no-data"),
        alias("users", "o2m"),
    ),
)

POLICIES: Final = SystemTable(
    name="directus_policies",
    path="policies",
    behavior="policies",
    icon="admin_panel_settings",
    fields=(
        column("id", "uuid", None, "uuid", key=True),
        column("name", "string", 100, required=True),
        column("icon", "string", 64, default="badge", required=True),
        column("description", "text"),
        column("ip_access", "text", None, "cast-csv"),
        column("enforce_tfa", "boolean", None, "cast-boolean", default=False, required=True),
        column("admin_access", "boolean", None, "cast-boolean", default=False, required=True),
        column("app_access", "boolean", None, "cast-boolean", default=False, required=True),
        alias("permissions", "o2m"),
        alias("assigned_to_divider", "alias", "no-data"),
        alias("users", "m2m"),
        alias("roles", "m2m"),
    ),
)

PERMISSIONS: Final = SystemTable(
    name="directus_permissions",
    path="permissions",
    behavior="permissions",
    icon="admin_panel_settings",
    fields=(
        column("id", "integer", key=True),
        column("collection", "string", 64, required=True),
        column("action", "string", 10, required=True),
        column("permissions", "json", None, "cast-json"),
        column("validation", "json", None, "cast-json"),
        column("presets", "json", None, "cast-json"),
        column("fields", "text", None, "cast-csv"),
        column("policy", "uuid", None, "m2o", required=True, to="directus_policies", on_delete="CASCADE"),
    ),
)

ACCESS: Final = SystemTable(
    name="directus_access",
    path="access",
    behavior="access",
    icon="admin_panel_settings",
    display_template="{{ policy.name }}",
    sort_field="sort",
    fields=(
        column("id", "uuid", None, "uuid", key=True),
        column("role", "uuid", None, "m2o", to="directus_roles", on_delete="CASCADE"),
        column("user", "uuid", None, "m2o", to="directus_users", on_delete="CASCADE"),
        column("policy", "uuid", None, "m2o", required=True, to="directus_policies", on_delete="CASCADE"),
        column("sort", "integer"),
    ),
)

SESSIONS: Final = SystemTable(
    name="directus_sessions",
    graphql=False,
    fields=(
        column("token", "string", 64, key=True),
        column("user", "uuid", to="directus_users", on_delete="CASCADE"),
        column("expires", "timestamp", required=True),
        column("ip", "string", 255),
        column("user_agent", "text"),
        column("share", "uuid", to="directus_shares", on_delete="CASCADE"),
        column("origin", "string", 255),
        column("next_token", "string", 64),
        column(
            "oauth_client",
            "string",
            255,
            indexed=True,
            to="directus_oauth_clients.client_id",
            on_delete="CASCADE",
        ),
    ),
)

SHARES: Final = SystemTable(
    name="directus_shares",
    path="shares",
    behavior="shares",
    icon="share",
    fields=(
        column("id", "uuid", None, "uuid", key=True),
        column("name", "string", 255),
        column(
            "collection",
            "string",
            64,
            required=True,
            to="directus_collections.collection",
            on_delete="CASCADE",
        ),
        column("item", "string", 255, required=True),
        column("role", "uuid", to="directus_roles", on_delete="CASCADE"),
        column("password", "string", 255, "hash", "conceal"),
        column("user_created", "uuid", None, "user-created", to="directus_users", on_delete="SET NULL"),
        column("date_created", "timestamp", None, "date-created", "cast-timestamp", default="now"),
        column("date_start", "timestamp"),
        column("date_end", "timestamp"),
        column("times_used", "integer", default=0),
        column("max_uses", "integer"),
    ),
)
