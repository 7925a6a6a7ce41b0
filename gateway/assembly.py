"""Puts a project together: settings -> database, schema and rights -> engine -> doors' `Project`.

    async with open_project(settings) as project: ...

Opening reads the database and writes nothing to it. What a part needs of another is handed to it here, and
nowhere else; a new theme of calls is one line in `_assemble`.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from gateway.assets.desk import AssetDesk, asset_desk
from gateway.auth import Authenticator
from gateway.auth_desk import AuthDesk
from gateway.calls.about import own_calls, schema_calls, server_calls
from gateway.calls.files import import_calls
from gateway.calls.letters import invitation_calls, password_reset_calls, registration_calls
from gateway.calls.login import login_calls
from gateway.calls.own_logins import own_login_calls
from gateway.calls.people import people_calls
from gateway.calls.second_factor import second_factor_calls
from gateway.calls.simulation import simulation_calls
from gateway.calls.utilities import utility_calls
from gateway.chosen import (
    bridge_limits_of,
    destinations_of,
    facts_of,
    graphql_of,
    limits_of,
    lives_of,
    make_hasher,
    open_settings_database,
    page_of_files,
    spec_facts_of,
    sql_dialect,
    terms_of,
    ticket_lives_of,
)
from gateway.config import Settings
from gateway.explorer import BUILT, Explorer
from gateway.fetching.client import Fetcher
from gateway.fetching.opening import open_fetcher
from gateway.images.bounds import image_bounds
from gateway.images.pool import Images
from gateway.limiting.opening import Counting, open_counting, request_limits_of, tries_of
from gateway.limiting.tries import Tries
from gateway.mailing import open_post
from gateway.observe import LOGGER
from gateway.page_policy import page_policy
from gateway.secret import with_secret
from gateway.state import Project
from gateway.storage.opening import open_storage
from gateway.storage.watching import watched_of
from gateway.tokens import Tokens
from gateway.tus.desk import TusDesk
from gateway.uploads.desk import FileDesk
from gateway.uploads.importing import Imports
from gateway.uploads.intake import Bounds, Intake
from gateway.uploads.removal import Removal
from resolvers.actors import Actors
from resolvers.behaviors.addressees import Addressees
from resolvers.behaviors.auth import Login
from resolvers.behaviors.hashes import Hashes
from resolvers.behaviors.inner import Execute
from resolvers.behaviors.invitations import Invitations
from resolvers.behaviors.last_page import LastPage
from resolvers.behaviors.letters import Letters
from resolvers.behaviors.login_attempts import LoginAttempts
from resolvers.behaviors.own_logins import OwnLogins
from resolvers.behaviors.password_reset import PasswordReset
from resolvers.behaviors.proof import Proof
from resolvers.behaviors.redeeming import Redeeming
from resolvers.behaviors.registration import Registration
from resolvers.behaviors.revert import Revert
from resolvers.behaviors.rows import RowBehaviors
from resolvers.behaviors.second_factor import SecondFactor
from resolvers.behaviors.server import Server
from resolvers.behaviors.signed import Tickets
from resolvers.behaviors.sort import Sort
from resolvers.bundle import BundleHolder
from resolvers.calls import Brought, Calls
from resolvers.context import RequestContext
from resolvers.engine import Engine
from resolvers.events import Events
from resolvers.files.leaving import FileKeeping
from resolvers.files.partial import PartialFiles
from resolvers.files.rows import FileRows
from resolvers.files.settings import AssetChoices
from resolvers.files.storage import Storage
from resolvers.mail.office import PostOffice
from resolvers.mail.post import Post
from resolvers.mutations import Mutations
from resolvers.operation import Operation, Outcome
from resolvers.reload import SchemaReload
from resolvers.retention import Retention
from resolvers.root import GraphqlService
from resolvers.secrets import Hasher
from resolvers.sessions import Sessions
from resolvers.structure.calls import reading_calls
from resolvers.structure.changes import SchemaChanges
from resolvers.structure.model_calls import model_calls
from resolvers.structure.models import Models
from resolvers.structure.reading import Structure
from resolvers.structure.writing_calls import writing_calls
from resolvers.throttle import Throttle
from resolvers.url_allow import place_of
from resolvers.used_codes import UsedCodes
from resolvers.why.asking import Why
from rest_bridge.bridge import Bridge
from rest_bridge.openapi.service import Specifications
from schema_gen.database import Database
from schema_gen.epoch import Epochs, open_epochs
from schema_gen.model import SchemaSnapshot
from schema_gen.naming import Scope
from schema_gen.reading import SnapshotLoader

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What every part stands on."""

    settings: Settings
    database: Database
    epochs: Epochs
    hasher: Hasher
    loader: SnapshotLoader
    holder: BundleHolder
    reload: SchemaReload
    counting: Counting
    throttle: Throttle
    storage: Storage
    images: Images
    fetcher: Fetcher

    def snapshot(self) -> SchemaSnapshot:
        return self.holder.current.snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """Who comes in, and how."""

    sessions: Sessions
    actors: Actors
    tokens: Tokens
    authenticator: Authenticator
    desk: AuthDesk
    second: SecondFactor
    logins: OwnLogins


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """The data model, told and changed."""

    events: Events
    behaviors: RowBehaviors
    changes: SchemaChanges
    models: Models


@dataclass(frozen=True, slots=True, kw_only=True)
class Correspondence:
    """What is done by mail."""

    reset: PasswordReset
    invitations: Invitations
    registration: Registration


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
        counting = await stack.enter_async_context(open_counting(chosen))
        storage = await stack.enter_async_context(open_storage(chosen))
        images = Images(image_bounds(chosen))
        stack.push_async_callback(images.close)
        fetcher = await stack.enter_async_context(open_fetcher(chosen))
        base = await _base(chosen, database, epochs, hasher, counting, storage, images, fetcher)
        post = await stack.enter_async_context(open_post(chosen, database, base.snapshot, base.throttle))
        project = _assemble(base, post)
        stack.callback(project.assets.threads.close)
        if not project.actors.installed:
            logger.warning(
                "this database has no system tables: nobody has any rights; run `causeway bootstrap`"
            )
        if chosen.email_transport is not None and place_of(chosen.public_url) is None:
            logger.warning("PUBLIC_URL is no address: links in mails lead nowhere")
        yield project


async def _base(
    settings: Settings,
    database: Database,
    epochs: Epochs,
    hasher: Hasher,
    counting: Counting,
    storage: Storage,
    images: Images,
    fetcher: Fetcher,
) -> Base:
    seen = epochs.schema
    loader = SnapshotLoader(
        database, infer_relations=settings.infer_relations, exclude_tables=settings.db_exclude_tables
    )
    holder = await BundleHolder.open(loader.load)
    ttl = settings.causeway_access_ttl.total_seconds()
    attempts = LoginAttempts(database, lambda: holder.current.snapshot, epochs, ttl)
    return Base(
        settings=settings,
        database=database,
        epochs=epochs,
        hasher=hasher,
        loader=loader,
        holder=holder,
        reload=SchemaReload(database, epochs, holder, seen=seen, remembered=settings.cache_schema),
        counting=counting,
        throttle=Tries(counting.tries, tries_of(settings), attempts),
        storage=storage,
        images=images,
        fetcher=fetcher,
    )


def _entrance(base: Base) -> Entrance:
    settings, database, epochs = base.settings, base.database, base.epochs
    sessions = Sessions(database, base.snapshot)
    ttl = settings.causeway_access_ttl.total_seconds()
    actors = Actors(database, base.snapshot, epochs, sessions, ttl=ttl)
    tokens = Tokens(settings.secret or "")
    authenticator = Authenticator(actors, tokens, settings)
    proof = Proof(database, base.hasher, UsedCodes(database), base.throttle, settings.login_stall_time)
    login = Login(database, actors, sessions, proof, base.throttle, tokens.mint, epochs, lives_of(settings))
    return Entrance(
        sessions=sessions,
        actors=actors,
        tokens=tokens,
        authenticator=authenticator,
        desk=AuthDesk(login, tokens, authenticator, settings),
        second=SecondFactor(database, proof, epochs, base.snapshot),
        logins=OwnLogins(database, sessions, epochs),
    )


def _model(base: Base, entrance: Entrance, removal: Removal) -> Model:
    database = base.database
    files = FileKeeping(locations=base.storage.names, remove=removal)
    behaviors = RowBehaviors(database, entrance.sessions, base.epochs, base.snapshot, files)
    events = Events((behaviors.after,))
    changes = SchemaChanges(database, sql_dialect(database), base.loader.within, base.reload.changed, events)
    return Model(events=events, behaviors=behaviors, changes=changes, models=Models(base.snapshot, changes))


def _correspondence(base: Base, tokens: Tokens, post: Post, execute: Execute) -> Correspondence:
    settings, snapshot = base.settings, base.snapshot
    tickets = Tickets(tokens.mint, tokens.opened, ticket_lives_of(settings))
    letters = Letters(tickets, post, destinations_of(settings))
    addressees = Addressees(base.database, snapshot)
    redeeming = Redeeming(addressees, execute)
    throttle = base.throttle
    return Correspondence(
        reset=PasswordReset(addressees, letters, redeeming, throttle, settings.login_stall_time),
        invitations=Invitations(snapshot, addressees, letters, redeeming, execute, throttle),
        registration=Registration(
            base.database,
            snapshot,
            addressees,
            letters,
            redeeming,
            execute,
            base.hasher,
            throttle,
            settings.register_stall_time,
        ),
    )


def _files(base: Base, removal: Removal, mutations: Mutations) -> FileDesk:
    settings = base.settings
    bounds = Bounds(
        size=settings.files_max_upload_size,
        at_once=settings.files_max_upload_concurrency,
        kinds=settings.files_mime_type_allow_list,
    )
    return FileDesk(
        database=base.database,
        holder=base.holder,
        storage=base.storage,
        intake=Intake(base.storage, bounds, base.images.describe),
        remove=removal,
        mutations=mutations,
        moved_go=settings.files_delete_original_on_move,
    )


def _tus(base: Base, files: FileDesk) -> TusDesk:
    settings = base.settings
    partial = PartialFiles(base.database)
    rest, temporary = settings.tus_upload_expiration, settings.temp_path
    return TusDesk(partial, base.storage, files.intake, rest, temporary)


def _assemble(base: Base, post: PostOffice) -> Project:
    settings, database, holder = base.settings, base.database, base.holder
    entrance = _entrance(base)
    removal = Removal(base.storage)
    model = _model(base, entrance, removal)
    facts = facts_of(settings)
    watched = watched_of(settings, base.storage)
    server = Server(database, base.snapshot, facts, post.connection, base.counting.shared, watched)

    # calls are what the engine runs, and some of them run operations themselves: these four close the circle
    async def sdl(scope: Scope, context: RequestContext) -> str:
        return await graphql.sdl(scope, context)

    async def aside(work: Callable[[], T], /) -> T:
        return await graphql.beside(work)

    async def execute(operation: Operation, context: RequestContext) -> Outcome:
        return await engine.execute(operation, context)

    async def bring(given: Mapping[str, Any], payload: Mapping[str, Any], context: RequestContext) -> Brought:
        return await imports.bring(given, payload, context)

    specifications = Specifications(holder, spec_facts_of(settings), aside)
    dialect = sql_dialect(database)
    structure = Structure(holder)
    correspondence = _correspondence(base, entrance.tokens, post, execute)
    calls = Calls.of(
        *server_calls(server, facts, health_enabled=settings.healthcheck_enabled),
        *schema_calls(
            sdl,
            specifications.openapi,
            introspection=settings.graphql_introspection,
            openapi_enabled=settings.openapi_enabled,
        ),
        *own_calls(holder),
        *login_calls(entrance.desk),
        *people_calls(LastPage(base.database)),
        *password_reset_calls(correspondence.reset),
        *invitation_calls(correspondence.invitations),
        *registration_calls(correspondence.registration, settings.public_url),
        *second_factor_calls(entrance.second),
        *own_login_calls(entrance.logins),
        *reading_calls(structure),
        *writing_calls(model.changes, structure),
        *model_calls(model.models),
        *utility_calls(
            Revert(holder, execute),
            Sort(database, holder, dialect),
            Hashes(base.hasher, base.throttle),
            base.reload.changed,
        ),
        *simulation_calls(Why(database, holder, entrance.actors, dialect)),
        bringing=import_calls(bring),
    )
    limits = limits_of(settings)
    mutations = Mutations(
        database, limits, dialect, calls, base.hasher, model.events, model.behaviors, base.reload.renewed
    )
    engine = Engine(database, holder, limits, dialect, calls, mutations)
    graphql = graphql_of(settings, engine, calls)
    files = _files(base, removal, mutations)
    assets = _assets(base, execute)
    imports = Imports(base.fetcher, files)
    return _project(
        base, entrance, correspondence, model, engine, graphql, server, specifications, post, assets, files
    )


def _assets(base: Base, execute: Execute) -> AssetDesk:
    settings = base.settings
    ttl = settings.causeway_access_ttl.total_seconds()
    choices = AssetChoices(base.database, base.snapshot, base.epochs, ttl)
    rows = FileRows(execute, base.snapshot, page_of_files(settings))
    return asset_desk(settings, rows, choices, base.storage, base.images)


def _project(
    base: Base,
    entrance: Entrance,
    correspondence: Correspondence,
    model: Model,
    engine: Engine,
    graphql: GraphqlService,
    server: Server,
    specifications: Specifications,
    post: PostOffice,
    assets: AssetDesk,
    files: FileDesk,
) -> Project:
    settings = base.settings
    return Project(
        settings=settings,
        database=base.database,
        epochs=base.epochs,
        holder=base.holder,
        schema=base.reload,
        engine=engine,
        graphql=graphql,
        explorer=Explorer.find(
            BUILT, settings.public_url, page_policy(settings.content_security_policy_directives)
        ),
        bridge=Bridge(engine, base.holder, bridge_limits_of(settings)),
        hasher=base.hasher,
        sessions=entrance.sessions,
        tokens=entrance.tokens,
        actors=entrance.actors,
        authenticator=entrance.authenticator,
        desk=entrance.desk,
        password_reset=correspondence.reset,
        server=server,
        specifications=specifications,
        models=model.models,
        retention=Retention(base.database, base.snapshot, terms_of(settings)),
        throttle=base.throttle,
        request_limits=request_limits_of(settings, base.counting.requests),
        post=post,
        assets=assets,
        files=files,
        tus=_tus(base, files),
    )
