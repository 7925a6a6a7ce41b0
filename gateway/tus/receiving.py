"""Bytes of a part: from the client into the location.

    body = Body(parts=stream, room=file.length - offset, lease=lease)
    end = await receive(location, name, offset, body)              where the upload ends now
    end = await receive_checked(..., checksum, temp_path)          all of the part, or nothing

What arrived before a client left stays, and the next request goes on behind it. A part with a checksum is
kept apart until it is known to be right.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from hmac import compare_digest
from typing import IO, Final

from gateway.body_stream import ClientGone
from gateway.tus.lease import Lease
from gateway.tus.protocol import Checksum, Refused, other_checksum, too_much
from resolvers.files.storage import Location
from schema_gen.errors import CausewayError

#: bytes that are handed to a disk in one turn
_AT_ONCE: Final = 1 << 20


@dataclass(slots=True, kw_only=True)
class Body:
    """What a client sends, of which `room` bytes may come. `broken`: what ended it before its end."""

    parts: AsyncIterator[bytes]
    room: int
    lease: Lease
    broken: Exception | None = None
    _ahead: bytes = b""

    async def more(self) -> bool:
        """Whether there is more. Raises nothing that comes from the client: what it sent is to be kept."""
        if not self._ahead and self.room and self.broken is None:
            self._ahead = await self._next()
        return bool(self._ahead)

    async def taken(self, most: int | None = None) -> AsyncGenerator[bytes, None]:
        """The next bytes: about `most`, or all."""
        left = self.room if most is None else most
        while left > 0 and await self.more():
            part, self._ahead = self._ahead, b""
            self.room -= len(part)
            left -= len(part)
            yield part

    async def _next(self) -> bytes:
        self.lease.waiting = time.monotonic()
        try:
            part = await anext(self.parts, b"")
            self.lease.check()
        except (ClientGone, CausewayError, Refused) as error:
            self.broken = error
            return b""
        finally:
            self.lease.waiting = None
        if len(part) > self.room:
            self.broken = too_much()
            return b""
        return part


async def receive(location: Location, name: str, offset: int, body: Body) -> int:
    """Raises what broke the body off, when what came before is kept."""
    if await body.more():
        offset = await location.append(name, offset, body.taken())
        body.lease.offset = offset
    if body.broken is not None:
        raise body.broken
    return offset


async def receive_checked(
    location: Location, name: str, offset: int, body: Body, checksum: Checksum, temp_path: str | None
) -> int:
    """Raises Refused (460) where the part is not what was meant to come."""
    with await asyncio.to_thread(_temporary, temp_path) as spool:
        found = checksum.begin()
        while await body.more():
            piece = b"".join([part async for part in body.taken(_AT_ONCE)])
            found.update(piece)
            await asyncio.to_thread(spool.write, piece)
        if body.broken is not None:
            raise body.broken
        if not compare_digest(found.digest(), checksum.digest):
            raise other_checksum()
        await asyncio.to_thread(spool.seek, 0)
        end = await location.append(name, offset, _pieces(spool))
        body.lease.offset = end
        return end


def _temporary(directory: str | None) -> IO[bytes]:
    return tempfile.TemporaryFile(dir=directory)


async def _pieces(spool: IO[bytes]) -> AsyncGenerator[bytes, None]:
    while piece := await asyncio.to_thread(spool.read, _AT_ONCE):
        yield piece
