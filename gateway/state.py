"""Everything a running project needs, behind one object: opened when the server starts, closed when it stops.

    async with open_project(settings) as project: ...

Nothing of it is a module-level singleton, so that one process can serve several projects, and tests several
at once. Opening reads the database and writes nothing to it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gateway.config import Settings
from resolvers.secrets import Hasher
from schema_gen.database import Database, open_database


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    settings: Settings
    database: Database


@asynccontextmanager
async def open_project(settings: Settings) -> AsyncIterator[Project]:
    """Raises ConfigurationError where the database cannot be opened."""
    database = await open_settings_database(settings)
    try:
        yield Project(settings=settings, database=database)
    finally:
        await database.close()


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
