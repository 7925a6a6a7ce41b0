"""OAuth clients of the project and what they were granted."""

from __future__ import annotations

from typing import Final

from schema_gen.registry.base import SystemTable, alias, column

OAUTH_CLIENTS: Final = SystemTable(
    name="directus_oauth_clients",
    accountability=None,
    fields=(
        column("client_id", "string", 255, key=True),
        column("client_name", "string", 200, required=True),
        column("redirect_uris", "json", None, "cast-json", required=True),
        column("grant_types", "json", None, "cast-json", required=True),
        column("token_endpoint_auth_method", "string", 255, default="none", required=True),
        column("client_secret_hash", "string", 64, "conceal"),
        column("registration_type", "string", 10, default="dcr", required=True),
        column("client_uri", "text"),
        column("logo_uri", "text"),
        column("tos_uri", "text"),
        column("policy_uri", "text"),
        column("metadata_fetched_at", "timestamp", None, "cast-timestamp"),
        column("metadata_expires_at", "timestamp", None, "cast-timestamp"),
        column("metadata_etag", "string", 255),
        column(
            "date_created",
            "timestamp",
            None,
            "date-created",
            "cast-timestamp",
            default="now",
            required=True,
            indexed=True,
        ),
        alias("tokens", "o2m"),
    ),
)

OAUTH_CODES: Final = SystemTable(
    name="directus_oauth_codes",
    accountability=None,
    fields=(
        column("id", "uuid", None, "uuid", key=True),
        column("code_hash", "string", 64, "conceal", required=True, unique=True),
        column(
            "client",
            "string",
            255,
            "m2o",
            required=True,
            to="directus_oauth_clients.client_id",
            on_delete="CASCADE",
        ),
        column("user", "uuid", None, "m2o", required=True, to="directus_users", on_delete="CASCADE"),
        column("redirect_uri", "string", 255, required=True),
        column("resource", "string", 255, required=True),
        column("code_challenge", "string", 128, required=True),
        column("code_challenge_method", "string", 10, required=True),
        column("scope", "string", 255),
        column("expires_at", "timestamp", None, "cast-timestamp", required=True, indexed=True),
        column("used_at", "timestamp", None, "cast-timestamp", indexed=True),
    ),
)

OAUTH_CONSENTS: Final = SystemTable(
    name="directus_oauth_consents",
    accountability=None,
    uniques=(("user", "client", "redirect_uri"),),
    fields=(
        column("id", "uuid", None, "uuid", key=True),
        column("user", "uuid", None, "m2o", required=True, to="directus_users", on_delete="CASCADE"),
        column(
            "client",
            "string",
            255,
            "m2o",
            required=True,
            indexed=True,
            to="directus_oauth_clients.client_id",
            on_delete="CASCADE",
        ),
        column("redirect_uri", "string", 255, required=True),
        column("scope", "string", 255),
        column("date_created", "timestamp", None, "date-created", "cast-timestamp", required=True),
        column("date_updated", "timestamp", None, "date-updated", "cast-timestamp", required=True),
    ),
)

OAUTH_TOKENS: Final = SystemTable(
    name="directus_oauth_tokens",
    accountability=None,
    uniques=(("client", "user"),),
    fields=(
        column("id", "uuid", None, "uuid", key=True),
        column(
            "client",
            "string",
            255,
            "m2o",
            required=True,
            to="directus_oauth_clients.client_id",
            on_delete="CASCADE",
        ),
        column("user", "uuid", None, "m2o", required=True, to="directus_users", on_delete="CASCADE"),
        column("session", "string", 64, "conceal", required=True, indexed=True),
        column("previous_session", "string", 64, "conceal", indexed=True),
        column("resource", "string", 255, required=True),
        column("code_hash", "string", 64, "conceal", required=True, indexed=True),
        column("scope", "string", 255),
        column("expires_at", "timestamp", None, "cast-timestamp", required=True, indexed=True),
        column("date_created", "timestamp", None, "date-created", "cast-timestamp", required=True),
    ),
)
