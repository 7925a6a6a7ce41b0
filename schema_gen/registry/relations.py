"""Relations among the system collections."""

from __future__ import annotations

from typing import Final

from schema_gen.registry.base import SystemRelation

RELATIONS: Final[tuple[SystemRelation, ...]] = (
    SystemRelation(collection="directus_folders", field="parent", related="directus_folders"),
    SystemRelation(collection="directus_files", field="folder", related="directus_folders"),
    SystemRelation(collection="directus_files", field="modified_by", related="directus_users"),
    SystemRelation(collection="directus_files", field="uploaded_by", related="directus_users"),
    SystemRelation(collection="directus_operations", field="user_created", related="directus_users"),
    SystemRelation(
        collection="directus_operations",
        field="flow",
        related="directus_flows",
        one_field="operations",
        deselect="delete",
    ),
    SystemRelation(collection="directus_operations", field="reject", related="directus_operations"),
    SystemRelation(collection="directus_operations", field="resolve", related="directus_operations"),
    SystemRelation(collection="directus_notifications", field="sender", related="directus_users"),
    SystemRelation(collection="directus_notifications", field="recipient", related="directus_users"),
    SystemRelation(collection="directus_shares", field="user_created", related="directus_users"),
    SystemRelation(collection="directus_shares", field="role", related="directus_roles"),
    SystemRelation(collection="directus_shares", field="collection", related="directus_collections"),
    SystemRelation(collection="directus_revisions", field="version", related="directus_versions"),
    SystemRelation(
        collection="directus_revisions", field="activity", related="directus_activity", one_field="revisions"
    ),
    SystemRelation(collection="directus_revisions", field="parent", related="directus_revisions"),
    SystemRelation(collection="directus_users", field="role", related="directus_roles", one_field="users"),
    SystemRelation(
        collection="directus_permissions",
        field="policy",
        related="directus_policies",
        one_field="permissions",
        deselect="delete",
    ),
    SystemRelation(
        collection="directus_access",
        field="policy",
        related="directus_policies",
        one_field="roles",
        junction_field="role",
        deselect="delete",
    ),
    SystemRelation(
        collection="directus_access",
        field="user",
        related="directus_users",
        one_field="policies",
        junction_field="policy",
        sort_field="sort",
        deselect="delete",
    ),
    SystemRelation(
        collection="directus_access",
        field="role",
        related="directus_roles",
        one_field="policies",
        junction_field="policy",
        sort_field="sort",
        deselect="delete",
    ),
    SystemRelation(collection="directus_collections", field="group", related="directus_collections"),
    SystemRelation(collection="directus_dashboards", field="user_created", related="directus_users"),
    SystemRelation(collection="directus_panels", field="user_created", related="directus_users"),
    SystemRelation(
        collection="directus_panels", field="dashboard", related="directus_dashboards", one_field="panels"
    ),
    SystemRelation(collection="directus_presets", field="role", related="directus_roles"),
    SystemRelation(collection="directus_presets", field="user", related="directus_users"),
    SystemRelation(
        collection="directus_roles", field="parent", related="directus_roles", one_field="children"
    ),
    SystemRelation(collection="directus_comments", field="user_updated", related="directus_users"),
    SystemRelation(collection="directus_comments", field="user_created", related="directus_users"),
    SystemRelation(
        collection="directus_settings", field="public_registration_role", related="directus_roles"
    ),
    SystemRelation(collection="directus_settings", field="public_favicon", related="directus_files"),
    SystemRelation(
        collection="directus_settings", field="storage_default_folder", related="directus_folders"
    ),
    SystemRelation(collection="directus_settings", field="public_background", related="directus_files"),
    SystemRelation(collection="directus_settings", field="public_foreground", related="directus_files"),
    SystemRelation(collection="directus_settings", field="project_logo", related="directus_files"),
    SystemRelation(collection="directus_deployments", field="user_created", related="directus_users"),
    SystemRelation(collection="directus_deployment_projects", field="user_created", related="directus_users"),
    SystemRelation(
        collection="directus_deployment_projects",
        field="deployment",
        related="directus_deployments",
        one_field="projects",
        deselect="delete",
    ),
    SystemRelation(collection="directus_deployment_runs", field="user_created", related="directus_users"),
    SystemRelation(
        collection="directus_deployment_runs",
        field="project",
        related="directus_deployment_projects",
        one_field="runs",
        deselect="delete",
    ),
    SystemRelation(collection="directus_versions", field="user_updated", related="directus_users"),
    SystemRelation(collection="directus_versions", field="user_created", related="directus_users"),
    SystemRelation(collection="directus_versions", field="collection", related="directus_collections"),
    SystemRelation(collection="directus_oauth_consents", field="client", related="directus_oauth_clients"),
    SystemRelation(collection="directus_oauth_consents", field="user", related="directus_users"),
    SystemRelation(collection="directus_oauth_codes", field="user", related="directus_users"),
    SystemRelation(collection="directus_oauth_codes", field="client", related="directus_oauth_clients"),
    SystemRelation(collection="directus_oauth_tokens", field="user", related="directus_users"),
    SystemRelation(
        collection="directus_oauth_tokens",
        field="client",
        related="directus_oauth_clients",
        one_field="tokens",
    ),
    SystemRelation(collection="directus_sessions", field="oauth_client", related="directus_oauth_clients"),
    SystemRelation(collection="directus_sessions", field="share", related="directus_shares"),
    SystemRelation(collection="directus_sessions", field="user", related="directus_users"),
    SystemRelation(collection="directus_flows", field="folder", related="directus_folders"),
    SystemRelation(collection="directus_flows", field="user_created", related="directus_users"),
    SystemRelation(collection="directus_comments", field="collection", related="directus_collections"),
    SystemRelation(collection="directus_users", field="avatar", related="directus_files"),
    SystemRelation(
        collection="directus_fields", field="collection", related="directus_collections", one_field="fields"
    ),
    SystemRelation(collection="directus_fields", field="group", related="directus_fields"),
    SystemRelation(collection="directus_activity", field="user", related="directus_users"),
    SystemRelation(collection="directus_flows", field="operation", related="directus_operations"),
    SystemRelation(
        collection="directus_access",
        field="policy",
        related="directus_policies",
        one_field="users",
        junction_field="user",
        deselect="delete",
    ),
)
