"""Reads the schema of one database again and again: what has not changed is neither asked for nor made anew.

    loader = SnapshotLoader(database, infer_relations=True, exclude_tables=())
    first = await loader.load()
    second = await loader.load()                  first, where nothing has changed; else of all collections
                                                  that are as they were the same objects
    inside = await loader.within(transaction)     with what the transaction has changed so far

Every reading looks at the stamps of all tables and at all metadata rows, so it needs no word of what was
changed, and by whom.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from schema_gen.catalog import CatalogReading, Source
from schema_gen.drivers.base import Database, Transaction
from schema_gen.introspect import introspect_again
from schema_gen.loader import OWN_TABLES, Built, build
from schema_gen.metadata import MetadataReading, read_metadata_again
from schema_gen.model import SchemaSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    catalog: CatalogReading
    metadata: MetadataReading
    built: Built


class SnapshotLoader:
    """One for each database. Snapshots are numbered by `version`."""

    def __init__(
        self, database: Database, *, infer_relations: bool = True, exclude_tables: Iterable[str] = ()
    ) -> None:
        self._database = database
        self._infer = infer_relations
        self._exclude = frozenset(exclude_tables) | OWN_TABLES
        self._last: _Read | None = None
        self._turn = asyncio.Lock()

    async def load(self) -> SchemaSnapshot:
        async with self._turn:
            self._last = await self._read(self._database)
            return self._last.built.snapshot

    async def within(self, transaction: Transaction) -> SchemaSnapshot:
        """What nobody else sees yet."""
        return (await self._read(transaction)).built.snapshot

    async def _read(self, source: Source) -> _Read:
        last = self._last
        catalog = await introspect_again(
            source, self._database.dialect, self._exclude, None if last is None else last.catalog
        )
        metadata = await read_metadata_again(
            source, self._database.dialect, catalog.catalog, None if last is None else last.metadata
        )
        built = await asyncio.to_thread(
            build,
            self._database.dialect,
            catalog.catalog,
            metadata.metadata,
            infer_relations=self._infer,
            version=1 if last is None else last.built.snapshot.version + 1,
            before=None if last is None else last.built,
        )
        if last is not None and built.snapshot.fingerprint == last.built.snapshot.fingerprint:
            built = last.built
        return _Read(catalog=catalog, metadata=metadata, built=built)
