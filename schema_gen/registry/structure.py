"""How content is shaped: collections, fields, relations, extensions and the migrations that were run."""

from __future__ import annotations

from typing import Final

from schema_gen.registry.base import SystemTable, alias, column

COLLECTIONS: Final = SystemTable(
    name="directus_collections",
    path="collections",
    graphql=False,
    behavior="collections",
    icon="database",
    fields=(
        column("collection", "string", 64, key=True),
        column("icon", "string", 64),
        column("note", "text"),
        column("display_template", "string", 255),
        column("hidden", "boolean", None, "cast-boolean", default=False, required=True),
        column("singleton", "boolean", None, "cast-boolean", default=False, required=True),
        column("translations", "json", None, "cast-json"),
        column("archive_field", "string", 64),
        column("archive_app_filter", "boolean", None, "cast-boolean", default=True, required=True),
        column("archive_value", "string", 255),
        column("unarchive_value", "string", 255),
        column("sort_field", "string", 64),
        column("accountability", "string", 255, default="all"),
        column("color", "string", 255),
        column("item_duplication_fields", "json", None, "cast-json"),
        column("sort", "integer"),
        column("group", "string", 64, to="directus_collections.collection"),
        column("collapse", "string", 255, default="open", required=True),
        column("preview_url", "string", 255),
        column("versioning", "boolean", None, "cast-boolean", default=False, required=True),
        column("status", "string", 255, default="active", required=True),
        column("autosave_revision_interval", "float"),
        alias("collection_divider", "alias", "no-data"),
        alias("content_translations_divider", "alias", "no-data"),
        alias("translations_enable_helper", "alias", "no-data"),
        alias("preview_divider", "alias", "no-data"),
        alias("content_versioning_divider", "alias", "no-data"),
        alias("archive_divider", "alias", "no-data"),
        alias("sort_divider", "alias", "no-data"),
        alias("accountability_divider", "alias", "no-data"),
        alias("duplication_divider", "alias", "no-data"),
    ),
)

FIELDS: Final = SystemTable(
    name="directus_fields",
    path="fields",
    graphql=False,
    behavior="fields",
    icon="input",
    fields=(
        column("id", "integer", key=True),
        column("collection", "string", 64, required=True),
        column("field", "string", 64, required=True),
        column("special", "string", 64, "cast-csv"),
        column("interface", "string", 64),
        column("options", "json", None, "cast-json"),
        column("display", "string", 64),
        column("display_options", "json", None, "cast-json"),
        column("readonly", "boolean", None, "cast-boolean", default=False, required=True),
        column("hidden", "boolean", None, "cast-boolean", default=False, required=True),
        column("sort", "integer"),
        column("width", "string", 30, default="full"),
        column("translations", "json", None, "cast-json"),
        column("note", "text"),
        column("conditions", "json", None, "cast-json"),
        column("required", "boolean", None, "cast-boolean", default=False),
        column("group", "string", 64),
        column("validation", "json", None, "cast-json"),
        column("validation_message", "text"),
        column("searchable", "boolean", None, "cast-boolean", default=True, required=True),
    ),
)

RELATIONS_TABLE: Final = SystemTable(
    name="directus_relations",
    path="relations",
    graphql=False,
    behavior="relations",
    icon="merge_type",
    fields=(
        column("id", "integer", key=True),
        column("many_collection", "string", 64, required=True),
        column("many_field", "string", 64, required=True),
        column("one_collection", "string", 64),
        column("one_field", "string", 64),
        column("one_collection_field", "string", 64),
        column("one_allowed_collections", "text", None, "cast-csv"),
        column("junction_field", "string", 64),
        column("sort_field", "string", 64),
        column("one_deselect_action", "string", 255, default="nullify", required=True),
    ),
)

EXTENSIONS: Final = SystemTable(
    name="directus_extensions",
    path="extensions",
    graphql=False,
    behavior="extensions",
    fields=(
        column("enabled", "boolean", None, "cast-boolean", default=True, required=True),
        column("id", "uuid", None, "uuid", key=True),
        column("folder", "string", 255, required=True),
        column("source", "string", 255, required=True),
        column("bundle", "uuid"),
    ),
)

MIGRATIONS: Final = SystemTable(
    name="directus_migrations",
    graphql=False,
    fields=(
        column("version", "string", 255, key=True),
        column("name", "string", 255, required=True),
        column("timestamp", "timestamp", default="now"),
    ),
)
