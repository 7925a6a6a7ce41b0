"""What each stage takes of the settings, in the stage's own words; and what is opened as they say.

limits_of(settings) -> Limits(query_limit_default=100, ...)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from gateway.config import Settings
from gateway.limiting.counting import Rate
from gateway.limiting.opening import each_rate, everybody_rate
from gateway.version import VERSION
from resolvers.behaviors.auth import Lives
from resolvers.behaviors.letters import Destination
from resolvers.behaviors.server import ServerFacts
from resolvers.behaviors.signed import Purpose
from resolvers.calls import Calls
from resolvers.documents import Documents
from resolvers.engine import Engine
from resolvers.paging import Limits
from resolvers.retention import Terms
from resolvers.root import GraphqlService
from resolvers.secrets import Hasher
from resolvers.sql.dialects.base import SqlDialect
from resolvers.sql.dialects.postgresql import PostgresqlSql
from resolvers.sql.dialects.sqlite import SqliteSql
from resolvers.url_allow import AllowedUrls
from resolvers.views import Schemas
from rest_bridge.bridge import BridgeLimits
from rest_bridge.openapi.setting import Facts as SpecFacts
from schema_gen.database import Database, open_database
from schema_gen.graphql.limits import DocumentLimits

#: rows of files that one statement reads, where all are wanted
_FILES: Final = 5000


def limits_of(settings: Settings) -> Limits:
    return Limits(
        query_limit_default=settings.query_limit_default,
        query_limit_max=settings.query_limit_max,
        max_relational_depth=settings.max_relational_depth,
        max_json_query_depth=settings.max_json_query_depth,
        max_batch_mutation=settings.max_batch_mutation,
    )


def page_of_files(settings: Settings) -> int:
    bound = settings.query_limit_max
    return _FILES if bound < 1 else min(bound, _FILES)


def terms_of(settings: Settings) -> Terms:
    return Terms(
        activity=settings.activity_retention,
        revisions=settings.revisions_retention,
        flow_logs=settings.flow_logs_retention,
        batch=settings.retention_batch,
    )


def facts_of(settings: Settings) -> ServerFacts:
    return ServerFacts(
        version=VERSION,
        public_url=settings.public_url,
        query_limit_default=settings.query_limit_default,
        query_limit_max=settings.query_limit_max,
        health_threshold=settings.db_healthcheck_threshold,
        health_services=frozenset(settings.healthcheck_services),
        rate_limit=_told(each_rate(settings)),
        rate_limit_global=_told(everybody_rate(settings)),
        file_kinds=settings.files_mime_type_allow_list,
        upload_part=settings.tus_chunk_size if settings.tus_enabled else None,
    )


def _told(rate: Rate | None) -> Mapping[str, int] | None:
    return None if rate is None else {"points": rate.points, "duration": rate.seconds}


def spec_facts_of(settings: Settings) -> SpecFacts:
    return SpecFacts(
        url=settings.public_url,
        cookie=settings.session_cookie_name,
        health=settings.healthcheck_enabled,
        introspection=settings.graphql_introspection,
        limited=settings.rate_limiter_enabled or settings.rate_limiter_global_enabled,
        resumable=settings.tus_enabled,
    )


def graphql_of(settings: Settings, engine: Engine, calls: Calls) -> GraphqlService:
    schemas = Schemas(
        calls,
        capacity=settings.graphql_schema_cache_capacity,
        concurrent=settings.graphql_schema_generation_max_concurrent,
        introspection=settings.graphql_introspection,
    )
    limits = DocumentLimits(
        tokens=settings.graphql_query_token_limit,
        depth=settings.max_relational_depth,
        aliases=settings.graphql_alias_limit,
        cost=settings.graphql_cost_limit,
    )
    once = frozenset(settings.graphql_single_use_mutations)
    return GraphqlService(engine, Documents(schemas, limits, once))


def lives_of(settings: Settings) -> Lives:
    return Lives(
        access_token=settings.access_token_ttl,
        refresh_token=settings.refresh_token_ttl,
        session=settings.session_cookie_ttl,
        grace=settings.session_refresh_grace_period,
    )


def ticket_lives_of(settings: Settings) -> Mapping[Purpose, timedelta]:
    return {
        "invite": settings.user_invite_token_ttl,
        "password-reset": settings.causeway_password_reset_token_ttl,
        "pending-registration": settings.email_verification_token_ttl,
    }


def destinations_of(settings: Settings) -> Mapping[Purpose, Destination]:
    """Where links of mails lead: by default to the pages at which apps of the protocol have these."""
    home = settings.public_url.rstrip("/")

    def destination(page: str, allowed: tuple[str, ...]) -> Destination:
        return Destination(default=f"{home}{page}", allowed=AllowedUrls.of(allowed))

    return {
        "invite": destination("/admin/accept-invite", settings.user_invite_url_allow_list),
        "password-reset": destination("/admin/reset-password", settings.password_reset_url_allow_list),
        "pending-registration": destination(
            "/users/register/verify-email", settings.user_register_url_allow_list
        ),
    }


def bridge_limits_of(settings: Settings) -> BridgeLimits:
    return BridgeLimits(
        parse_depth=settings.querystring_max_parse_depth, array_limit=settings.querystring_array_limit
    )


def sql_dialect(database: Database) -> SqlDialect:
    return SqliteSql() if database.dialect == "sqlite" else PostgresqlSql()


async def open_settings_database(settings: Settings) -> Database:
    """The database that the settings name; the caller closes it."""
    return await open_database(
        settings.database_url,
        pool_min=settings.db_pool__min,
        pool_max=settings.db_pool__max,
        readers=settings.causeway_sqlite_readers,
        max_waiting=settings.causeway_max_requests,
        search_path=settings.db_search_path,
    )


def make_hasher(settings: Settings) -> Hasher:
    """argon2id at the cost that the settings name; the caller closes it."""
    return Hasher(
        memory=settings.hash_memory_cost,
        time=settings.hash_time_cost,
        parallelism=settings.hash_parallelism,
        length=settings.hash_length,
        secret=settings.secret,
    )
