"""What of a schema change is done after its commit, outside of a transaction: indexes that hold up nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from resolvers.sql.ddl.postgresql import undoing
from schema_gen.drivers.base import Database


async def finish(database: Database, statements: Sequence[str]) -> None:
    """Runs what `carry_out` left for later. What fails leaves nothing behind, and what has not begun then is
    not done; the first failure is raised.
    """
    for statement in statements:
        try:
            await database.fetch(statement)
        except BaseException:
            undo = undoing(statement)
            if undo is not None:  # also for a caller who has gone: else an index stays that nothing uses
                await asyncio.shield(asyncio.ensure_future(database.fetch(undo)))
            raise
