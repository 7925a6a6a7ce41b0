"""Database -> `Catalog`: tables, views, columns, keys and comments as the database itself describes them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from schema_gen.catalog import Catalog
from schema_gen.dialects import postgresql_catalog, sqlite_catalog
from schema_gen.drivers.base import Database

_READERS: Final[Mapping[str, Callable[[Database, frozenset[str]], Awaitable[Catalog]]]] = {
    "postgresql": postgresql_catalog.read_catalog,
    "sqlite": sqlite_catalog.read_catalog,
}


async def introspect(database: Database, *, exclude: frozenset[str] = frozenset()) -> Catalog:
    """`exclude`: tables to leave out without a word (DB_EXCLUDE_TABLES)."""
    return await _READERS[database.dialect](database, exclude)
