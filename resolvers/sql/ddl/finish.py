"""What of a schema change is done after its commit, outside of a transaction: indexes that hold up nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from resolvers.sql.ddl.postgresql import concurrent_index
from schema_gen.drivers.base import Database
from schema_gen.errors import conflict

_VALID: Final = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)::oid"


async def finish(database: Database, statements: Sequence[str]) -> None:
    """Runs what `carry_out` left for later. What fails leaves nothing behind, and what has not begun then is
    not done; the first failure is raised.
    """
    for statement in statements:
        index = concurrent_index(statement)
        try:
            await database.fetch(statement)
            # a read that met a deadlock is tried again by the driver; an index is there then, and broken
            if index is not None and await database.fetch(_VALID, (index,)) != [(True,)]:
                raise conflict()
        except BaseException:
            if index is not None:  # also for a caller who has gone: else an index stays that nothing uses
                undo = database.fetch(f"DROP INDEX CONCURRENTLY IF EXISTS {index}")
                await asyncio.shield(asyncio.ensure_future(undo))
            raise
