"""A running project in process, on a database with the system tables, and rows to give it people and rights.

    async with running(url) as site:
        editor = await add_role(site.database, "editor")
        answer = await site.ask("GET", "/users/me", token="...")

Hashes are cheap here; everything else is as in a server.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gateway.app import create_app
from gateway.config import Settings
from gateway.config_load import load_settings
from gateway.shell import Application
from gateway.state import Project
from resolvers.bootstrap import bootstrap
from resolvers.secrets import Hasher
from schema_gen.database import Database, open_database
from tests.support.asgi import Answer, ask, serving
from tests.support.dump import Watch, watched
from tests.support.session import VARIABLE

SECRET: Final = "a secret of the tests that is long enough"
ADMIN_EMAIL: Final = "admin@example.com"
ADMIN_PASSWORD: Final = "the password of the admin"
ADMIN_TOKEN: Final = "admin-token"
_CHEAP: Final = {"HASH_MEMORY_COST": "8192", "HASH_TIME_COST": "1", "HASH_PARALLELISM": "1"}


def cheap_hasher() -> Hasher:
    return Hasher(memory=8192, time=1, parallelism=1)


async def seed_system(url: str) -> None:
    """The system tables with an administrator."""
    database = await open_database(url)
    hasher = cheap_hasher()
    try:
        await bootstrap(
            database,
            admin_email=ADMIN_EMAIL,
            admin_password=ADMIN_PASSWORD,
            admin_token=ADMIN_TOKEN,
            hasher=hasher,
        )
    finally:
        hasher.close()
        await database.close()


def settings_for(url: str, **values: str) -> Settings:
    """Settings of a test server; nothing of the machine's environment gets in."""
    environment = {
        "DB_CONNECTION_STRING": url,
        "SECRET": SECRET,
        "LOG_LEVEL": "silent",
        "LOGIN_STALL_TIME": "1",
        "REGISTER_STALL_TIME": "1",
        # how busy the machine of the tests is decides nothing here
        "PRESSURE_LIMITER_ENABLED": "false",
        "DB_POOL__MIN": "1",
        "DB_POOL__MAX": "4",
        "STORAGE_LOCAL_ROOT": str(Path(os.environ.get(VARIABLE, "/nonexistent")) / "uploads"),
        **_CHEAP,
        **values,
    }
    return load_settings(environment, Path("/nonexistent"))


@dataclass(frozen=True, kw_only=True)
class Site:
    """`ask` checks of every refused request that could write that it left the database as it was."""

    application: Application
    project: Project
    watch: Watch

    @property
    def database(self) -> Database:
        return self.project.database

    async def ask(
        self,
        method: str,
        target: str,
        payload: object = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        sent = dict(headers or {})
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        body = b""
        if payload is not None:
            sent.setdefault("content-type", "application/json")
            body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()

        async def send() -> Answer:
            return await ask(self.application, method, target, headers=sent, body=body)

        if not watched(method, target, payload):
            return await send()
        return await self.watch.over(f"{method} {target}", send)


@asynccontextmanager
async def running(url: str, **values: str) -> AsyncIterator[Site]:
    application = create_app(settings_for(url, **values))
    async with serving(application):
        project = application._project
        assert project is not None
        with closing(Watch(project.database)) as watch:
            yield Site(application=application, project=project, watch=watch)


def data(answer: Answer) -> Any:
    assert answer.status == 200, answer.body
    return json.loads(answer.body)["data"]


def code(answer: Answer) -> str:
    """The error code of a refusal."""
    return str(json.loads(answer.body)["errors"][0]["extensions"]["code"])


# --- rows --------------------------------------------------------------------------------------------


async def add(database: Database, table: str, **values: Any) -> str:
    """Inserts one row; mappings and lists as JSON. Gives its id (made where none is given)."""
    row = {"id": str(uuid.uuid4()), **values}
    if table == "directus_permissions":
        del row["id"]
    columns = ", ".join(f'"{name}"' for name in row)
    places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    parameters = [json.dumps(v) if isinstance(v, (dict, list)) else v for v in row.values()]
    async with database.transaction() as transaction:
        await transaction.execute(
            database.native(f"insert into {table} ({columns}) values ({places})"), parameters
        )
    return str(row.get("id", ""))


async def add_role(database: Database, name: str, *, parent: str | None = None) -> str:
    return await add(database, "directus_roles", name=name, parent=parent)


async def add_policy(
    database: Database,
    *,
    role: str | None = None,
    user: str | None = None,
    public: bool = False,
    **flags: Any,
) -> str:
    """A policy, given to a role, a user, or everybody."""
    policy = await add(database, "directus_policies", **{"name": "policy", **flags})
    if role is not None or user is not None or public:
        await add(database, "directus_access", role=role, user=user, policy=policy)
    return policy


async def add_user(database: Database, email: str, **values: Any) -> str:
    """An active user; `password` is hashed."""
    if "password" in values:
        hasher = cheap_hasher()
        values["password"] = await hasher.hash(values["password"])
        hasher.close()
    return await add(database, "directus_users", email=email, **values)


async def grant(
    database: Database,
    policy: str,
    collection: str,
    action: str = "read",
    *,
    fields: str | None = "*",
    rule: Mapping[str, Any] | None = None,
    validation: Mapping[str, Any] | None = None,
    presets: Mapping[str, Any] | None = None,
) -> None:
    await add(
        database,
        "directus_permissions",
        policy=policy,
        collection=collection,
        action=action,
        fields=fields,
        permissions=None if rule is None else dict(rule),
        validation=None if validation is None else dict(validation),
        presets=None if presets is None else dict(presets),
    )


async def change(database: Database, sql: str, *parameters: Any) -> None:
    """SQL behind the back of the server."""
    async with database.transaction() as transaction:
        await transaction.execute(database.native(sql), parameters)
