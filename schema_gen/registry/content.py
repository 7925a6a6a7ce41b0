"""What goes with content: files, folders, comments, activity, revisions, versions, notifications, presets."""

from __future__ import annotations

from typing import Final

from schema_gen.registry.base import SystemTable, alias, column

FILES: Final = SystemTable(
    name="directus_files",
    path="files",
    behavior="files",
    icon="folder",
    display_template="{{ $thumbnail }} {{ title }}",
    fields=(
        column("id", "uuid", None, "uuid", key=True),
        column("storage", "string", 255, required=True),
        column("filename_disk", "string", 255),
        column("filename_download", "string", 255, required=True),
        column("title", "string", 255),
        column("type", "string", 255),
        column("folder", "uuid", None, "m2o", to="directus_folders", on_delete="SET NULL"),
        column("uploaded_by", "uuid", None, "user-created", to="directus_users"),
        column("created_on", "timestamp", None, "date-created", default="now", required=True),
        column("modified_by", "uuid", None, "user-updated", to="directus_users"),
        column(
            "modified_on", "timestamp", None, "date-created", "date-updated", default="now", required=True
        ),
        column("charset", "string", 50),
        column("filesize", "bigInteger"),
        column("width", "integer"),
        column("height", "integer"),
        column("duration", "integer"),
        column("embed", "string", 200),
        column("description", "text"),
        column("location", "text"),
        column("tags", "text", None, "cast-json"),
        column("metadata", "json", None, "cast-json"),
        column("focal_point_x", "integer"),
        column("focal_point_y", "integer"),
        column("tus_id", "string", 64),
        column("tus_data", "json", None, "cast-json"),
        column("uploaded_on", "timestamp"),
        alias("focal_point_divider", "alias", "no-data"),
        alias("storage_divider", "alias", "no-data"),
    ),
)

FOLDERS: Final = SystemTable(
    name="directus_folders",
    path="folders",
    behavior="folders",
    display_template="{{ name }}",
    fields=(
        column("id", "uuid", None, "uuid", key=True),
        column("name", "string", 255, required=True),
        column("parent", "uuid", to="directus_folders"),
        column("type", "string", 255, default="files", required=True),
    ),
)

COMMENTS: Final = SystemTable(
    name="directus_comments",
    path="comments",
    behavior="comments",
    fields=(
        column("id", "uuid", None, "uuid", key=True),
        column("collection", "string", 64, required=True),
        column("item", "string", 255, required=True),
        column("comment", "text", required=True),
        column("date_created", "timestamp", None, "date-created", "cast-timestamp", default="now"),
        column("date_updated", "timestamp", None, "date-updated", "cast-timestamp", default="now"),
        column("user_created", "uuid", None, "user-created", to="directus_users", on_delete="SET NULL"),
        column("user_updated", "uuid", None, "user-updated", to="directus_users"),
    ),
)

ACTIVITY: Final = SystemTable(
    name="directus_activity",
    path="activity",
    behavior="activity",
    accountability=None,
    fields=(
        column("id", "integer", key=True),
        column("action", "string", 45, required=True),
        column("user", "uuid"),
        column(
            "timestamp",
            "timestamp",
            None,
            "date-created",
            "cast-timestamp",
            default="now",
            required=True,
            indexed=True,
        ),
        column("ip", "string", 50),
        column("user_agent", "text"),
        column("collection", "string", 64, required=True),
        column("item", "string", 255, required=True),
        column("origin", "string", 255),
        alias("revisions", "o2m"),
    ),
)

REVISIONS: Final = SystemTable(
    name="directus_revisions",
    path="revisions",
    behavior="revisions",
    accountability=None,
    fields=(
        column("id", "integer", key=True),
        column(
            "activity", "integer", required=True, indexed=True, to="directus_activity", on_delete="CASCADE"
        ),
        column("collection", "string", 64, required=True),
        column("item", "string", 255, required=True),
        column("data", "json", None, "cast-json"),
        column("delta", "json", None, "cast-json"),
        column("parent", "integer", indexed=True, to="directus_revisions"),
        column("version", "uuid", to="directus_versions", on_delete="CASCADE"),
    ),
)

VERSIONS: Final = SystemTable(
    name="directus_versions",
    path="versions",
    behavior="versions",
    fields=(
        column("id", "uuid", None, "uuid", key=True),
        column("key", "string", 64, required=True),
        column("name", "string", 255),
        column(
            "collection",
            "string",
            64,
            required=True,
            to="directus_collections.collection",
            on_delete="CASCADE",
        ),
        column("item", "string", 255),
        column("hash", "string", 255),
        column("date_created", "timestamp", None, "date-created", "cast-timestamp", default="now"),
        column("date_updated", "timestamp", None, "date-updated", "cast-timestamp", default="now"),
        column("user_created", "uuid", None, "user-created", to="directus_users", on_delete="SET NULL"),
        column("user_updated", "uuid", None, "user-updated", to="directus_users"),
        column("delta", "json", None, "cast-json"),
    ),
)

NOTIFICATIONS: Final = SystemTable(
    name="directus_notifications",
    path="notifications",
    behavior="notifications",
    fields=(
        column("id", "integer", key=True),
        column("timestamp", "timestamp", None, "date-created", "cast-timestamp", default="now"),
        column("status", "string", 255, default="inbox"),
        column("recipient", "uuid", required=True, to="directus_users", on_delete="CASCADE"),
        column("sender", "uuid", to="directus_users"),
        column("subject", "string", 255, required=True),
        column("message", "text"),
        column("collection", "string", 64),
        column("item", "string", 255),
    ),
)

PRESETS: Final = SystemTable(
    name="directus_presets",
    path="presets",
    behavior="presets",
    icon="bookmark",
    accountability=None,
    fields=(
        column("id", "integer", key=True),
        column("bookmark", "string", 255),
        column("user", "uuid", None, "m2o", to="directus_users", on_delete="CASCADE"),
        column("role", "uuid", None, "m2o", to="directus_roles", on_delete="CASCADE"),
        column("collection", "string", 64),
        column("search", "string", 100),
        column("layout", "string", 100, default="tabular"),
        column("layout_query", "json", None, "cast-json"),
        column("layout_options", "json", None, "cast-json"),
        column("refresh_interval", "integer"),
        column("filter", "json", None, "cast-json"),
        column("icon", "string", 64, default="bookmark"),
        column("color", "string", 255),
    ),
)

TRANSLATIONS: Final = SystemTable(
    name="directus_translations",
    path="translations",
    behavior="translations",
    fields=(
        column("id", "uuid", None, "uuid", key=True),
        column("language", "string", 255, required=True),
        column("key", "string", 255, required=True),
        column("value", "text", required=True),
    ),
)
