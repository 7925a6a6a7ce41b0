"""Resumable uploads in an object store: an object for each piece that came, named by where it begins.

    .parts/<name>/00000000000000000000    8 MB
    .parts/<name>/00000000000008388608    8 MB
    .parts/<name>/00000000000016777216    1 MB      what there is: 17 MB

What any process sees in the store is all there is to know: another machine goes on from there.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Final

import obstore
from obstore.store import ObjectStore

from gateway.storage.refusals import told
from gateway.storage.stored_opened import StoredOpened
from resolvers.files.storage import StorageError, StoredMissing

_PARTS: Final = ".parts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    key: str
    start: int
    size: int

    @property
    def end(self) -> int:
        return self.start + self.size


class StoredParts:
    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def of(self, name: str) -> list[Piece]:
        """What there is of it without a gap; nothing, where its beginning is not there."""
        return _without_gap(await self._all(name))

    async def add(self, name: str, start: int, piece: bytes) -> None:
        with told("writing"):
            await obstore.put_async(self._store, _key(name, start), piece, use_multipart=False)

    async def cut(self, name: str, size: int) -> None:
        """What is behind `size` goes. Raises StorageError where there is less."""
        found = await self._all(name)
        there = _without_gap(found)
        end = there[-1].end if there else 0
        if end < size:
            raise StorageError(f"the upload has {end} bytes, it cannot go on at {size}")
        for piece in there:
            if piece.start < size < piece.end:
                head = [part async for part in self._read(piece, size - piece.start)]
                await self.add(name, piece.start, b"".join(head))
        await self.remove([piece.key for piece in found if piece.start >= size])

    async def read(self, pieces: Sequence[Piece]) -> AsyncGenerator[bytes, None]:
        for piece in pieces:
            async for part in self._read(piece, piece.size):
                yield part

    async def _read(self, piece: Piece, size: int) -> AsyncGenerator[bytes, None]:
        with told("reading"):
            result = await obstore.get_async(self._store, piece.key)
            opened = StoredOpened(self._store, piece.key, result)
        async for part in opened.chunks(0, size):
            yield part

    async def clear(self, name: str) -> None:
        """The beginning first: what is left when this is broken off is no upload."""
        keys = [piece.key for piece in await self._all(name)]
        await self.remove(keys[:1])
        await self.remove(keys[1:])

    async def remove(self, keys: Sequence[str]) -> None:
        if not keys:
            return
        try:
            with told("removing"):
                await obstore.delete_async(self._store, list(keys))
        except StoredMissing:
            # stores that tell of missing ones stop there: S3 does not
            if len(keys) > 1:
                for key in keys:
                    await self.remove([key])

    async def _all(self, name: str) -> list[Piece]:
        """In the order in which they begin."""
        found: list[Piece] = []
        with told("listing"):
            async for batch in obstore.list(self._store, prefix=f"{_PARTS}/{name}"):
                for meta in batch:
                    start = meta["path"].rpartition("/")[2]
                    if start.isdecimal():
                        found.append(Piece(key=meta["path"], start=int(start), size=meta["size"]))
        return sorted(found, key=lambda piece: piece.start)


def _without_gap(pieces: Sequence[Piece]) -> list[Piece]:
    there: list[Piece] = []
    for piece in pieces:
        if piece.start != (there[-1].end if there else 0):
            break
        there.append(piece)
    return there


def _key(name: str, start: int) -> str:
    return f"{_PARTS}/{name}/{start:020d}"
