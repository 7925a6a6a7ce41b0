"""When the schema is read again: after a change here, after one elsewhere, and where a statement met tables
that are no longer those it was made for.

    await reload.changed()        after the commit of a change: everybody sees it, this process at once
    if not reload.is_current: await reload.catch_up()          before each request
    await reload.renewed(bundle)                               what to run it on that failed on `bundle`

Readings are shared: who comes while one is under way waits for it, and for another one where it began too
early for what the caller has to see. Requests in flight keep the bundle they began with.
"""

from __future__ import annotations

import asyncio
from typing import Final

from resolvers.bundle import Bundle, BundleHolder
from resolvers.single_flight import SingleFlight
from schema_gen.database import Database
from schema_gen.epoch import Epochs
from schema_gen.errors import SchemaMoved

#: times that the schema is read while it keeps changing under the reading
_READINGS: Final = 5


class SchemaReload:
    """One for each project. `seen`: the epoch before the schema was first read. `remembered` False: every
    request sees the database as it is then.
    """

    def __init__(
        self, database: Database, epochs: Epochs, holder: BundleHolder, *, seen: int, remembered: bool = True
    ) -> None:
        self._database = database
        self._epochs = epochs
        self._holder = holder
        self._remembered = remembered
        #: readings that were wished for here, whatever the epoch says
        self._wishes = 0
        #: both counters as they were before the last reading
        self._seen = seen
        self._flights: SingleFlight[None] = SingleFlight()
        self._telling: set[asyncio.Task[None]] = set()

    @property
    def is_current(self) -> bool:
        return self._remembered and self._epochs.schema + self._wishes == self._seen

    async def catch_up(self) -> None:
        """Returns with a bundle at least as new as the database was at the last change that was told of; as
        the database at the time of the call, where nothing is remembered.
        """
        if not self._remembered:
            self._wishes += 1
        await self._read_up_to(self._epochs.schema + self._wishes)

    async def changed(self) -> None:
        """The schema has changed and is committed: the next request sees it, here and elsewhere. What
        anybody may do is read again, too: a field that is gone takes its permissions along. All of that
        happens also where the caller is cancelled meanwhile.
        """
        telling = asyncio.get_running_loop().create_task(self._tell())
        self._telling.add(telling)
        telling.add_done_callback(self._told)
        await asyncio.shield(telling)

    async def _tell(self) -> None:
        await self._epochs.bump_schema()
        await self._epochs.bump_access()
        await self._read_up_to(self._epochs.schema + self._wishes)

    def _told(self, telling: asyncio.Task[None]) -> None:
        self._telling.discard(telling)
        if not telling.cancelled():
            telling.exception()  # read, so that the loop does not report what a caller who left cannot see

    async def renewed(self, bundle: Bundle) -> Bundle | None:
        """Reads the schema again: what is current now. None where that is `bundle`, on which a request
        failed: it would fail again.
        """
        self._wishes += 1
        await self._read_up_to(self._epochs.schema + self._wishes)
        current = self._holder.current
        return None if current is bundle else current

    async def _read_up_to(self, moment: int) -> None:
        while self._seen < moment:
            await self._flights.run("schema", self._read)

    async def _read(self) -> None:
        moment = self._epochs.schema + self._wishes
        before = self._holder.current
        if await self._reload() is not before:
            await self._database.forget_statements()
        self._seen = moment

    async def _reload(self) -> Bundle:
        for _ in range(_READINGS - 1):
            try:
                return await self._holder.reload()
            except SchemaMoved:
                continue
        return await self._holder.reload()
