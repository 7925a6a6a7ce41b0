"""Everything a running project needs, behind one object: opened when the server starts, closed when it stops
(see `gateway.assembly`). Doors get it with each request.

Nothing of it is a module-level singleton, so that one process can serve several projects, and tests several
at once.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from gateway.assets.desk import AssetDesk
from gateway.auth import Authenticator
from gateway.auth_desk import AuthDesk
from gateway.config import Settings
from gateway.explorer import Explorer
from gateway.housekeeping import Job
from gateway.limiting.requests import RequestLimits
from gateway.observe import LOGGER
from gateway.tokens import Tokens
from gateway.tus.desk import TusDesk
from gateway.uploads.desk import FileDesk
from resolvers.actors import Actors
from resolvers.behaviors.password_reset import PasswordReset
from resolvers.behaviors.server import Server
from resolvers.bundle import BundleHolder
from resolvers.engine import Engine
from resolvers.mail.office import PostOffice
from resolvers.reload import SchemaReload
from resolvers.retention import Retention
from resolvers.root import GraphqlService
from resolvers.secrets import Hasher
from resolvers.sessions import Sessions
from resolvers.structure.models import Models
from resolvers.throttle import Throttle
from rest_bridge.bridge import Bridge
from rest_bridge.openapi.service import Specifications
from schema_gen.database import Database
from schema_gen.epoch import Epochs


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
    password_reset: PasswordReset
    server: Server
    specifications: Specifications
    models: Models
    retention: Retention
    throttle: Throttle
    #: None: requests are not bounded
    request_limits: RequestLimits | None
    post: PostOffice
    assets: AssetDesk
    files: FileDesk
    tus: TusDesk

    @property
    def jobs(self) -> tuple[Job, ...]:
        """What a server does by itself."""
        settings = self.settings
        jobs: list[Job] = []
        if settings.retention_enabled:
            jobs.append(Job(name="retention", schedule=settings.retention_schedule, work=self._retain))
        if settings.tus_enabled:
            jobs.append(Job(name="uploads", schedule=settings.tus_cleanup_schedule, work=self._clean))
        return tuple(jobs)

    async def _clean(self, now: datetime) -> None:
        count = await self.tus.clean(now)
        if count:
            logging.getLogger(LOGGER).info("uploads that were given up: %s", count)

    async def _retain(self, now: datetime) -> None:
        removed = await self.retention.run(now)
        logging.getLogger(LOGGER).info("retention: %s", removed)
