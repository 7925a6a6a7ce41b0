"""Bytes that arrive become an object of an object store, whatever their number, in bounded memory.

    up to one part: one request
    more: a multipart upload; the next parts are taken while the last ones are sent

What breaks it off (the sender, the store, the end of the request) gives the multipart upload up, so that
nothing of it is left to be paid for.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable
from typing import Final

import obstore
from obstore.store import ObjectStore

from gateway.storage.pieces import gathered
from gateway.storage.refusals import told
from gateway.storage.threads import over

#: bytes of one part; S3 takes 10,000 of them
PART: Final = 8 << 20
#: parts of one upload that are under way; each is held in memory
PARTS_AT_ONCE: Final = 2
#: seconds for which a request that is over waits until the store knows
PATIENCE: Final = 5.0
#: bytes that are handed over at once
_PIECE: Final = 1 << 20


class _GivenUp(Exception):
    """What the library gets in place of more."""


class _Feed:
    """Hands pieces from who receives them to who sends them, one at a time."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[bytes | _GivenUp | None] = asyncio.Queue(1)
        self._over = False

    async def give(self, piece: bytes | None) -> bool:
        """Whether more is wanted. None: that was all."""
        if not self._over:
            await self._queue.put(piece)
        return not self._over

    def give_up(self) -> None:
        self.end(None)
        self._queue.put_nowait(_GivenUp())

    async def taken(self) -> AsyncGenerator[bytes, None]:
        while (piece := await self._queue.get()) is not None:
            if isinstance(piece, _GivenUp):
                raise piece
            yield piece

    def end(self, _: object) -> None:
        """Nobody takes any more: who waits to give need not."""
        self._over = True
        while not self._queue.empty():
            self._queue.get_nowait()


async def upload(store: ObjectStore, key: str, chunks: AsyncIterable[bytes]) -> int:
    """The size of the object. What `chunks` raises goes through. Raises StorageError."""
    pieces = gathered(chunks, _PIECE)
    head: list[bytes] = []
    size = 0
    async for piece in pieces:
        head.append(piece)
        size += len(piece)
        if size >= PART:
            return await _in_parts(store, key, head, pieces)
    with told("writing"):
        await obstore.put_async(store, key, b"".join(head), use_multipart=False)
    return size


async def _in_parts(
    store: ObjectStore, key: str, head: list[bytes], rest: AsyncGenerator[bytes, None]
) -> int:
    feed = _Feed()
    sending = asyncio.create_task(_send(store, key, feed))
    sending.add_done_callback(feed.end)
    size = 0
    try:
        head.reverse()
        while head:
            size += len(head[-1])
            await feed.give(head.pop())
        async for piece in rest:
            size += len(piece)
            if not await feed.give(piece):
                break
        await feed.give(None)
        await asyncio.shield(sending)
    finally:
        if not sending.done():
            feed.give_up()
            await _ended(sending)
    return size


async def _ended(sending: asyncio.Task[None]) -> None:
    """A store that says nothing is not told that this is over."""
    await asyncio.wait([sending], timeout=PATIENCE)
    sending.cancel()
    await over(sending)


async def _send(store: ObjectStore, key: str, feed: _Feed) -> None:
    with told("writing"):
        await obstore.put_async(
            store, key, feed.taken(), chunk_size=PART, max_concurrency=PARTS_AT_ONCE, use_multipart=True
        )
