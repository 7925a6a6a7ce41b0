"""One writer at a time for each upload, in all workers together.

    async with held(files, upload) as lease: ...        raises Refused (423) where somebody else is writing

The lease stands in the row and is out soon, so that a worker that was killed holds up nobody for long. It is
renewed for as long as something is done; while a client that may be gone is waited for it is not, and who
comes next takes the upload over: then `lease.check()` ends the writing here.

Clients that break off and go on at once are quicker than what they left: they are made to wait for a moment.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Final

from gateway.observe import LOGGER
from gateway.tus.protocol import locked
from resolvers.files.partial import PartialFiles
from schema_gen.errors import CausewayError

_LIFE: Final = timedelta(seconds=2)
#: seconds between two renewals, and for which a silent client is held to be there
_PAUSE: Final = 0.5
_PATIENCE: Final = 2.0
#: seconds between two looks at an upload that is somebody else's
_LOOK: Final = 0.05


@dataclass(slots=True, kw_only=True)
class Lease:
    """`offset`: how much of the upload there is, as far as its holder knows."""

    files: PartialFiles
    upload: str
    holder: str = field(default_factory=lambda: secrets.token_hex(8))
    offset: int = 0
    lost: bool = False
    #: monotonic seconds, since when the client is waited for
    waiting: float | None = None

    def check(self) -> None:
        """Raises Refused (423) where the upload is somebody else's by now."""
        if self.lost:
            raise locked()

    async def take(self, patience: float) -> None:
        until = time.monotonic() + patience
        while True:
            now = datetime.now(UTC)
            if await self.files.hold(self.upload, self.holder, now, now + _LIFE):
                return
            if time.monotonic() >= until:
                raise locked()
            await asyncio.sleep(_LOOK)

    def ended(self, keeper: asyncio.Task[None]) -> None:
        """Nothing renews the lease any more: whoever writes by it has to stop."""
        if not keeper.cancelled() and (error := keeper.exception()) is not None:
            self.lost = True
            logging.getLogger(LOGGER).error("a lease cannot be renewed", exc_info=error)

    async def keep(self) -> None:
        """Runs until cancelled, or until the lease is lost."""
        while not self.lost:
            await asyncio.sleep(_PAUSE)
            if self.waiting is not None and time.monotonic() - self.waiting > _PATIENCE:
                continue
            now = datetime.now(UTC)
            try:
                self.lost = not await self.files.renew(self.upload, self.holder, now, now + _LIFE)
            except CausewayError:  # the database is busy: the next time
                continue


async def released(files: PartialFiles, upload: str, patience: float) -> None:
    """Returns when nobody writes, or when somebody has done so for as long as that."""
    for _ in range(ceil(patience / _LOOK)):
        if not await files.is_held(upload, datetime.now(UTC)):
            return
        await asyncio.sleep(_LOOK)


@asynccontextmanager
async def held(files: PartialFiles, upload: str, patience: float = 0) -> AsyncIterator[Lease]:
    """`patience`: seconds for which somebody else may go on writing."""
    lease = Lease(files=files, upload=upload)
    await lease.take(patience)
    keeper = asyncio.create_task(lease.keep())
    keeper.add_done_callback(lease.ended)
    try:
        yield lease
    finally:
        keeper.cancel()
        await asyncio.wait([keeper])
        await files.release(upload, lease.holder, lease.offset, datetime.now(UTC))
