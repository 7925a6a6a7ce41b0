"""Old history is taken away: in small transactions, with pauses, by one process at a time.

Revisions go first; an activity goes when no revision hangs on it any more, so a revision that is to be kept
keeps its activity. Requests wait for one batch at most: after each, the database is left alone for as long
as the batch took.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from resolvers.sql.moments import stored
from resolvers.sql.retention import What, delete_rows, old_rows, take_turn
from schema_gen.database import Database
from schema_gen.model import SchemaSnapshot

_TABLES: Final = frozenset({"directus_activity", "directus_revisions"})
#: nothing is older; both databases and Python can hold it
_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: seconds, the longest pause after a batch
_LONGEST_PAUSE: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How long rows are kept; None: for ever. `flow_logs`: activity of flows. `batch`: rows deleted at a
    time.
    """

    activity: timedelta | None
    revisions: timedelta | None
    flow_logs: timedelta | None
    batch: int = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """Rows that are gone. `flow_logs` are rows of activity too, counted apart."""

    revisions: int = 0
    activity: int = 0
    flow_logs: int = 0


class Retention:
    """`pause`: waits for so many seconds."""

    def __init__(
        self,
        database: Database,
        snapshot: Callable[[], SchemaSnapshot],
        terms: Terms,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._database = database
        self._snapshot = snapshot
        self._terms = terms
        self._pause = pause

    async def run(self, now: datetime) -> Removed:
        """Takes away what is older than its term at `now`. Ends early where another process is at it."""
        if not self._snapshot().collections.keys() >= _TABLES:
            return Removed()
        kept: Mapping[What, timedelta | None] = {
            "revisions": self._terms.revisions,
            "activity": self._terms.activity,
            "flow_logs": self._terms.flow_logs,
        }
        counts: dict[str, int] = {}
        for what, term in kept.items():
            if term is not None:
                counts[what] = await self._clear(what, _before(now, term))
        return Removed(**counts)

    async def _clear(self, what: What, before: datetime) -> int:
        database = self._database
        removed = 0
        limit, since = stored(database, before), stored(database, _FIRST)
        while True:
            began = time.monotonic()
            rows = await old_rows(database, what, limit, since, self._terms.batch)
            gone = await self._delete(what, [number for number, _ in rows]) if rows else 0
            removed += gone
            if not gone or len(rows) < self._terms.batch:
                return removed
            since = rows[-1][1]
            await self._pause(min(time.monotonic() - began, _LONGEST_PAUSE))

    async def _delete(self, what: What, ids: list[int]) -> int:
        async with self._database.transaction() as transaction:
            if not await take_turn(self._database, transaction):
                return 0
            return await delete_rows(self._database, transaction, what, ids)


def _before(now: datetime, term: timedelta) -> datetime:
    try:
        return max(now - term, _FIRST)
    except OverflowError:
        return _FIRST
