"""Everything a running project needs, behind one object: opened when the server starts, closed when it stops.

    async with open_project(settings) as project: ...

Nothing of it is a module-level singleton, so that one process can serve several projects, and tests several
at once. Opening reads the database and writes nothing to it.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from gateway.auth import Authenticator
from gateway.auth_desk import AuthDesk
from gateway.calls import calls_of
from gateway.config import Settings
from gateway.explorer import BUILT, Explorer
from gateway.housekeeping import Job
from gateway.observe import LOGGER
from gateway.secret import with_secret
from gateway.tokens import Tokens
from gateway.version import VERSION
from resolvers.actors import Actors
from resolvers.behaviors.auth import Lives, Login
from resolvers.behaviors.proof import Proof
from resolvers.behaviors.revert import Revert
from resolvers.behaviors.rows import RowBehaviors
from resolvers.behaviors.second_factor import SecondFactor
from resolvers.behaviors.server import Server, ServerFacts
from resolvers.behaviors.sort import Sort
from resolvers.bundle import BundleHolder
from resolvers.calls import Calls
from resolvers.context import RequestContext
from resolvers.documents import Documents
from resolvers.engine import Engine
from resolvers.events import Events
from resolvers.mutations import Mutations
from resolvers.operation import Operation, Outcome
from resolvers.paging import Limits
from resolvers.reload import SchemaReload
from resolvers.retention import Retention, Terms
from resolvers.root import GraphqlService
from resolvers.secrets import Hasher
from resolvers.sessions import Sessions
from resolvers.sql.dialects.base import SqlDialect
from resolvers.sql.dialects.postgresql import PostgresqlSql
from resolvers.sql.dialects.sqlite import SqliteSql
from resolvers.structure.changes import SchemaChanges
from resolvers.structure.models import Models
from resolvers.structure.reading import Structure
from resolvers.views import Schemas
from rest_bridge.bridge import Bridge, BridgeLimits
from rest_bridge.openapi.service import Specifications
from rest_bridge.openapi.setting import Facts as SpecFacts
from schema_gen.database import Database, open_database
from schema_gen.epoch import Epochs, open_epochs
from schema_gen.graphql.limits import DocumentLimits
from schema_gen.model import SchemaSnapshot
from schema_gen.naming import Scope
from schema_gen.reading import SnapshotLoader

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """`settings.secret` is always set here."""

    settings: Settings
    database: Database
    epochs: Epochs
    holder: BundleHolder
    schema: SchemaReload
    engine: Engine
    graphql: GraphqlService
    explorer: Explorer
    bridge: Bridge
    hasher: Hasher
    sessions: Sessions
    tokens: Tokens
    actors: Actors
    authenticator: Authenticator
    desk: AuthDesk
    server: Server
    specifications: Specifications
    models: Models
    retention: Retention

    @property
    def jobs(self) -> tuple[Job, ...]:
        """What a server does by itself."""
        settings = self.settings
        if not settings.retention_enabled:
            return ()
        return (Job(name="retention", schedule=settings.retention_schedule, work=self._retain),)

    async def _retain(self, now: datetime) -> None:
        removed = await self.retention.run(now)
        logging.getLogger(LOGGER).info("retention: %s", removed)


@asynccontextmanager
async def open_project(settings: Settings) -> AsyncIterator[Project]:
    """Raises ConfigurationError where the database cannot be opened."""
    logger = logging.getLogger(LOGGER)
    chosen = with_secret(settings, logger.warning)
    async with AsyncExitStack() as stack:
        database = await open_settings_database(chosen)
        stack.push_async_callback(database.close)
        epochs = await open_epochs(database)
        stack.push_async_callback(epochs.close)
        hasher = make_hasher(chosen)
        stack.callback(hasher.close)
        project = await _assemble(chosen, database, epochs, hasher)
        if not project.actors.installed:
            logger.warning(
                "this database has no system tables: nobody has any rights; run `causeway bootstrap`"
            )
        yield project


async def _assemble(settings: Settings, database: Database, epochs: Epochs, hasher: Hasher) -> Project:
    seen = epochs.schema
    loader = SnapshotLoader(
        database, infer_relations=settings.infer_relations, exclude_tables=settings.db_exclude_tables
    )
    holder = await BundleHolder.open(loader.load)
    reload = SchemaReload(database, epochs, holder, seen=seen, remembered=settings.cache_schema)

    def snapshot() -> SchemaSnapshot:
        return holder.current.snapshot

    sessions = Sessions(database, snapshot)
    actors = Actors(database, snapshot, epochs, sessions, ttl=settings.causeway_access_ttl.total_seconds())
    tokens = Tokens(settings.secret or "")
    authenticator = Authenticator(actors, tokens, settings)
    proof = Proof(database, hasher, settings.login_stall_time)
    login = Login(database, actors, sessions, proof, tokens.mint, epochs, lives_of(settings))
    desk = AuthDesk(login, tokens, authenticator, settings)
    server = Server(database, snapshot, facts_of(settings))

    async def sdl(scope: Scope, context: RequestContext) -> str:
        return await graphql.sdl(scope, context)

    async def aside(work: Callable[[], T], /) -> T:
        return await graphql.beside(work)

    async def execute(operation: Operation, context: RequestContext) -> Outcome:
        return await engine.execute(operation, context)

    specifications = Specifications(holder, spec_facts_of(settings), aside)
    dialect = sql_dialect(database)
    behaviors = RowBehaviors(database, sessions, epochs)
    events = Events((behaviors.after,))
    changes = SchemaChanges(database, dialect, loader.within, reload.changed, events)
    models = Models(snapshot, changes)
    calls = calls_of(
        desk,
        server,
        holder,
        sdl,
        specifications.openapi,
        Revert(holder, execute),
        Sort(database, holder, dialect),
        Structure(holder),
        changes,
        models,
        reload.changed,
        SecondFactor(database, proof, epochs, snapshot),
        health_enabled=settings.healthcheck_enabled,
        introspection=settings.graphql_introspection,
        openapi_enabled=settings.openapi_enabled,
    )
    limits = limits_of(settings)
    mutations = Mutations(database, limits, dialect, calls, hasher, events, behaviors, reload.renewed)
    engine = Engine(database, holder, limits, dialect, calls, mutations)
    graphql = graphql_of(settings, engine, calls)
    return Project(
        settings=settings,
        database=database,
        epochs=epochs,
        holder=holder,
        schema=reload,
        engine=engine,
        graphql=graphql,
        explorer=Explorer.find(BUILT, settings.public_url),
        bridge=Bridge(engine, holder, bridge_limits_of(settings)),
        hasher=hasher,
        sessions=sessions,
        tokens=tokens,
        actors=actors,
        authenticator=authenticator,
        desk=desk,
        server=server,
        specifications=specifications,
        models=models,
        retention=Retention(database, snapshot, terms_of(settings)),
    )


def limits_of(settings: Settings) -> Limits:
    return Limits(
        query_limit_default=settings.query_limit_default,
        query_limit_max=settings.query_limit_max,
        max_relational_depth=settings.max_relational_depth,
        max_json_query_depth=settings.max_json_query_depth,
        max_batch_mutation=settings.max_batch_mutation,
    )


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
    )


def spec_facts_of(settings: Settings) -> SpecFacts:
    return SpecFacts(
        url=settings.public_url,
        cookie=settings.session_cookie_name,
        health=settings.healthcheck_enabled,
        introspection=settings.graphql_introspection,
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
    )
