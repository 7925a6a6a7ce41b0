"""What runs by itself or is shown on boards: flows, operations, dashboards, panels, deployments."""

from __future__ import annotations

from typing import Final

from schema_gen.registry.base import SystemTable, alias, column

FLOWS: Final = SystemTable(
    name="directus_flows",
    path="flows",
    behavior="flows",
    fields=(
        column("id", "uuid", None, "uuid", key=True),
        column("name", "string", 255, required=True),
        column("icon", "string", 64),
        column("color", "string", 255),
        column("description", "text"),
        column("status", "string", 255, default="active", required=True),
        column("trigger", "string", 255),
        column("accountability", "string", 255, default="all"),
        column("options", "json", None, "cast-json"),
        column("operation", "uuid", unique=True),
        column("date_created", "timestamp", None, "date-created", default="now"),
        column("user_created", "uuid", None, "user-created", to="directus_users", on_delete="SET NULL"),
        column("folder", "uuid", None, "m2o", to="directus_folders", on_delete="SET NULL"),
        alias("operations", "o2m"),
    ),
)

OPERATIONS: Final = SystemTable(
    name="directus_operations",
    path="operations",
    behavior="operations",
    fields=(
        column("id", "uuid", None, "uuid", key=True),
        column("name", "string", 255),
        column("key", "string", 255, required=True),
        column("type", "string", 255, required=True),
        column("position_x", "integer", required=True),
        column("position_y", "integer", required=True),
        column("options", "json", None, "cast-json"),
        column("resolve", "uuid", unique=True, to="directus_operations"),
        column("reject", "uuid", unique=True, to="directus_operations"),
        column("flow", "uuid", required=True, to="directus_flows", on_delete="CASCADE"),
        column("date_created", "timestamp", None, "date-created", default="now"),
        column("user_created", "uuid", None, "user-created", to="directus_users", on_delete="SET NULL"),
    ),
)

DASHBOARDS: Final = SystemTable(
    name="directus_dashboards",
    path="dashboards",
    behavior="dashboards",
    fields=(
        column("id", "uuid", None, "uuid", key=True),
        column("name", "string", 255, required=True),
        column("icon", "string", 64, default="dashboard", required=True),
        column("note", "text"),
        column("date_created", "timestamp", None, "date-created", "cast-timestamp", default="now"),
        column("user_created", "uuid", None, "user-created", to="directus_users", on_delete="SET NULL"),
        column("color", "string", 255),
        alias("panels", "o2m"),
    ),
)

PANELS: Final = SystemTable(
    name="directus_panels",
    path="panels",
    behavior="panels",
    fields=(
        column("id", "uuid", None, "uuid", key=True),
        column("dashboard", "uuid", required=True, to="directus_dashboards", on_delete="CASCADE"),
        column("name", "string", 255),
        column("icon", "string", 64),
        column("color", "string", 10),
        column("show_header", "boolean", None, "cast-boolean", default=False, required=True),
        column("note", "text"),
        column("type", "string", 255, required=True),
        column("position_x", "integer", required=True),
        column("position_y", "integer", required=True),
        column("width", "integer", required=True),
        column("height", "integer", required=True),
        column("options", "json", None, "cast-json"),
        column("date_created", "timestamp", None, "date-created", "cast-timestamp", default="now"),
        column("user_created", "uuid", None, "user-created", to="directus_users", on_delete="SET NULL"),
    ),
)

DEPLOYMENTS: Final = SystemTable(
    name="directus_deployments",
    path="deployments",
    icon="cloud_upload",
    fields=(
        column("id", "uuid", None, "uuid", key=True),
        column("provider", "string", 255, required=True, unique=True),
        column("credentials", "text", None, "encrypt"),
        column("options", "text", None, "cast-json"),
        column("date_created", "timestamp", None, "date-created", "cast-timestamp", default="now"),
        column("user_created", "uuid", None, "user-created", to="directus_users", on_delete="SET NULL"),
        column("webhook_ids", "json", None, "cast-json"),
        column("webhook_secret", "string", 255),
        column("last_synced_at", "timestamp", None, "cast-timestamp"),
        alias("projects", "o2m"),
    ),
)

DEPLOYMENT_PROJECTS: Final = SystemTable(
    name="directus_deployment_projects",
    uniques=(("deployment", "external_id"),),
    fields=(
        column("id", "uuid", None, "uuid", key=True),
        column("deployment", "uuid", required=True, to="directus_deployments", on_delete="CASCADE"),
        column("external_id", "string", 255, required=True),
        column("name", "string", 255, required=True),
        column("date_created", "timestamp", None, "date-created", "cast-timestamp", default="now"),
        column("user_created", "uuid", None, "user-created", to="directus_users", on_delete="SET NULL"),
        column("url", "string", 255),
        column("framework", "string", 255),
        column("deployable", "boolean", None, "cast-boolean", default=True, required=True),
        alias("runs", "o2m"),
    ),
)

DEPLOYMENT_RUNS: Final = SystemTable(
    name="directus_deployment_runs",
    fields=(
        column("id", "uuid", None, "uuid", key=True),
        column("project", "uuid", required=True, to="directus_deployment_projects", on_delete="CASCADE"),
        column("external_id", "string", 255, required=True),
        column("target", "string", 255, required=True),
        column("date_created", "timestamp", None, "date-created", "cast-timestamp", default="now"),
        column("user_created", "uuid", None, "user-created", to="directus_users", on_delete="SET NULL"),
        column("status", "string", 255),
        column("url", "string", 255),
        column("started_at", "timestamp", None, "cast-timestamp"),
        column("completed_at", "timestamp", None, "cast-timestamp"),
    ),
)
