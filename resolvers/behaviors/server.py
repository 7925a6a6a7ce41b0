"""What the server says of itself: `server_info`, `server_health`, `server_ping`.

The public learns how the login page should look; who is logged in learns the limits too; only administrators
learn the exact version (an attacker would look up what it is good for).
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from resolvers.context import RequestContext
from resolvers.files.storage import Location, StorageError
from resolvers.mail.connection import Connection
from resolvers.single_flight import SingleFlight
from resolvers.sql.access import json_text
from schema_gen.database import Database
from schema_gen.errors import CausewayError, forbidden
from schema_gen.model import SchemaSnapshot

PONG: Final = "pong"

#: of `directus_settings`, in the order of the protocol -> what stands for a missing value
_PROJECT: Final[Mapping[str, Any]] = {
    "project_name": "Causeway",
    "project_descriptor": None,
    "project_logo": None,
    "project_color": "#6644FF",
    "default_appearance": "auto",
    "default_theme_light": None,
    "default_theme_dark": None,
    "theme_light_overrides": None,
    "theme_dark_overrides": None,
    "default_language": "en-US",
    "public_foreground": None,
    "public_background": None,
    "public_favicon": None,
    "public_note": None,
    "custom_css": None,
    "public_registration": False,
    "public_registration_verify_email": True,
}
_JSON: Final = frozenset({"theme_light_overrides", "theme_dark_overrides"})
_FLAGS: Final = frozenset({"public_registration", "public_registration_verify_email"})
#: the same fields -> their GraphQL types
PROJECT_TYPES: Final[Mapping[str, str]] = {
    name: "JSON" if name in _JSON else "Boolean" if name in _FLAGS else "String" for name in _PROJECT
}
#: clients of the protocol look here for what they may offer; nothing is for sale
_LICENSE: Final[Mapping[str, Any]] = {
    "source": None,
    "entitlements": {
        "production_enabled": True,
        "ai_translations_enabled": False,
        "display_powered_by": None,
    },
}
#: what is not there (yet), or is not set
_ABSENT: Final[Mapping[str, Any]] = {
    "project_owner_enabled": False,
    "mcp_enabled": False,
    "ai_enabled": False,
    "mcp_oauth_enabled": False,
    "mcp_oauth_dcr_enabled": False,
    "mcp_oauth_cimd_enabled": False,
    "autoSave": {"revisionInterval": 300},
    "ai_providers": [],
    "files": {},
    "rateLimit": False,
    "rateLimitGlobal": False,
    "extensions": {"limit": None},
}
#: seconds for which a health report is given again: asking often must not become load
_REPORT_LIFE: Final = 1.0
#: seconds that a location of files has to answer
_PATIENCE: Final = 5.0
_PREFIXES: Final = {"sqlite": "sqlite3", "postgresql": "pg"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """`health_threshold`: milliseconds of a database answer above which health warns. `health_services`: what
    it looks at: `database`, `redis`, `storage`, `email`.

    `rate_limit`: points and duration of one address; `rate_limit_global`: of all. None: unbounded.
    `file_kinds`: that are taken; `upload_part`: bytes that clients of resumable uploads may send at once,
    None: there are none.
    """

    version: str
    public_url: str
    query_limit_default: int
    query_limit_max: int
    health_threshold: int
    health_services: frozenset[str]
    rate_limit: Mapping[str, int] | None = None
    rate_limit_global: Mapping[str, int] | None = None
    file_kinds: tuple[str, ...] = ("*/*",)
    upload_part: int | None = None


Status = Literal["ok", "warn", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """`checks` in the form of health+json."""

    status: Status
    checks: Mapping[str, Any]


class Store(Protocol):
    async def answers(self) -> bool:
        """Quickly, whatever is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A location of files; `threshold`: milliseconds above which health warns."""

    location: Location
    threshold: int


class Server:
    """`store`: where limits are counted for all workers, if they are. `watched`: where files are; `patience`:
    seconds that these have to answer.
    """

    def __init__(
        self,
        database: Database,
        snapshot: Callable[[], SchemaSnapshot],
        facts: ServerFacts,
        mail: Connection,
        store: Store | None = None,
        watched: Sequence[Watched] = (),
        *,
        patience: float = _PATIENCE,
    ) -> None:
        self._database = database
        self._snapshot = snapshot
        self._facts = facts
        self._mail = mail
        self._store = store
        self._watched = watched
        self._patience = patience
        self._asking: dict[str, asyncio.Task[str | None]] = {}
        self._health: tuple[float, Health] | None = None
        self._flights: SingleFlight[Health] = SingleFlight()

    async def info(self, context: RequestContext) -> dict[str, Any]:
        info: dict[str, Any] = {"project": await self._project()}
        if context.actor.user is not None:
            facts = self._facts
            limits = {"default": facts.query_limit_default, "max": facts.query_limit_max}
            info |= {
                **_ABSENT,
                "files": {"mimeTypeAllowList": list(facts.file_kinds)},
                "rateLimit": facts.rate_limit or False,
                "rateLimitGlobal": facts.rate_limit_global or False,
                "queryLimit": limits,
                "websocket": False,
            }
            if facts.upload_part is not None:
                info["uploads"] = {"tus": True, "chunkSize": facts.upload_part}
        if context.actor.admin:
            info["version"] = self._facts.version
        info["license"] = _LICENSE
        return info

    async def health(self, context: RequestContext) -> dict[str, Any]:
        """Raises FORBIDDEN for the public. The checks are for administrators."""
        if context.actor.user is None:
            raise forbidden()
        known = self._health
        if known is not None and time.monotonic() - known[0] < _REPORT_LIFE:
            health = known[1]
        else:
            health = await self._flights.run("health", self._check)
        if not context.actor.admin:
            return {"status": health.status}
        return {
            "status": health.status,
            "releaseId": self._facts.version,
            "serviceId": self._facts.public_url,
            "checks": health.checks,
        }

    async def _check(self) -> Health:
        """The database decides: as long as it answers, requests are served, whatever else is wrong."""
        services = self._facts.health_services
        status: Status = "ok"
        checks: dict[str, Any] = {}
        if "database" in services:
            check = await self._database_check()
            status = check["status"]
            checks[f"{_PREFIXES[self._database.dialect]}:responseTime"] = [check]
        if "email" in services:
            mail = await self._mail.check()
            told = {"output": mail.output} if mail.output is not None else {}
            checks["email:connection"] = [{"status": mail.status, "componentType": "email", **told}]
            if status == "ok" and mail.status != "ok":
                status = "warn"
        if "redis" in services and self._store is not None:
            check = await self._store_check(self._store)
            checks["redis:responseTime"] = [check]
            if status == "ok":
                status = check["status"]
        if "storage" in services:
            found = await asyncio.gather(*map(self._location_check, self._watched))
            for watched, check in zip(self._watched, found, strict=True):
                checks[f"storage:{watched.location.name}:responseTime"] = [check]
                if status == "ok" and check["status"] != "ok":
                    status = "warn"
        health = Health(status=status, checks=checks)
        self._health = (time.monotonic(), health)
        return health

    async def _database_check(self) -> dict[str, Any]:
        began = time.perf_counter()
        try:
            await self._database.ping()
        except CausewayError as error:
            return {"status": "error", "componentType": "datastore", "output": error.message}
        return self._timed("datastore", began, self._facts.health_threshold)

    async def _store_check(self, store: Store) -> dict[str, Any]:
        """No more than a warning: without it each worker counts for itself."""
        began = time.perf_counter()
        if not await store.answers():
            return {"status": "warn", "componentType": "cache", "output": "Redis does not answer"}
        return self._timed("cache", began, self._facts.health_threshold)

    async def _location_check(self, watched: Watched) -> dict[str, Any]:
        began = time.perf_counter()
        error = await self._asked(watched.location)
        if error is not None:
            return {"status": "error", "componentType": "objectstore", "output": error}
        return self._timed("objectstore", began, watched.threshold)

    async def _asked(self, location: Location) -> str | None:
        """What is wrong with it. A disk that hangs cannot be called back: it is asked once, and waited for
        for some seconds.
        """
        task = self._asking.get(location.name)
        if task is None or task.done():
            task = asyncio.create_task(_checked(location))
            self._asking[location.name] = task
        done, _ = await asyncio.wait([task], timeout=self._patience)
        return task.result() if done else "it does not answer in time"

    def _timed(self, component: str, began: float, threshold: int) -> dict[str, Any]:
        took = round((time.perf_counter() - began) * 1000, 3)
        return {
            "status": "ok" if took <= threshold else "warn",
            "componentType": component,
            "observedUnit": "ms",
            "observedValue": took,
            "threshold": threshold,
        }

    async def _project(self) -> dict[str, Any]:
        table = self._snapshot().collections.get("directus_settings")
        names = [name for name in _PROJECT if table is not None and name in table.fields]
        rows = []
        if names:
            columns = ", ".join(f'"{name}"' for name in names)
            rows = await self._database.fetch(f"select {columns} from directus_settings limit 1")
        found = dict(zip(names, rows[0], strict=True)) if rows else {}
        return {name: _wire(name, found.get(name), default) for name, default in _PROJECT.items()}


async def _checked(location: Location) -> str | None:
    try:
        await location.check()
    except StorageError as error:
        return str(error)
    return None


def _wire(name: str, value: Any, default: Any) -> Any:
    if value is None:
        return default
    if name in _JSON:
        text = json_text(value)
        return default if text is None else json.loads(text)
    if name in _FLAGS:
        return bool(value)
    return str(value)
