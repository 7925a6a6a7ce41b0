"""Database -> `Catalog`: tables, views, columns, keys and comments as the database itself describes them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

from schema_gen.catalog import Catalog, CatalogReading, Source
from schema_gen.dialects import postgresql_catalog, sqlite_catalog
from schema_gen.drivers.base import Database, DialectName

_Reader = Callable[[Source, frozenset[str], CatalogReading | None], Coroutine[Any, Any, CatalogReading]]
_READERS: Final[Mapping[DialectName, _Reader]] = {
    "postgresql": postgresql_catalog.read_catalog,
    "sqlite": sqlite_catalog.read_catalog,
}


async def introspect(database: Database, *, exclude: frozenset[str] = frozenset()) -> Catalog:
    """`exclude`: tables to leave out without a word (DB_EXCLUDE_TABLES)."""
    return (await introspect_again(database, database.dialect, exclude, None)).catalog


async def introspect_again(
    source: Source, dialect: DialectName, exclude: frozenset[str], before: CatalogReading | None
) -> CatalogReading:
    """`before`: an earlier reading of the same database; what has not changed since is taken from it."""
    return await _READERS[dialect](source, exclude, before)
