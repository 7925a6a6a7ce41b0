"""A location in an object store: a bucket of S3, or what the library can besides.

    chunks -> up to one part: put at once; more: a multipart upload (see `uploading`)
    <prefix>/<name>                            objects
    <prefix>/.parts/<name>/<offset>            what there is of a resumable upload, an object for each piece

An object is there whole or not at all: the store sees to that.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final
from uuid import uuid4

import obstore
from obstore.store import ObjectStore

from gateway.storage.disk import write_all
from gateway.storage.names import checked, is_name, looked_up
from gateway.storage.pieces import kept
from gateway.storage.refusals import told
from gateway.storage.stored_opened import StoredOpened
from gateway.storage.stored_parts import Piece, StoredParts
from gateway.storage.threads import Threads
from gateway.storage.uploading import PART, PARTS_AT_ONCE, PATIENCE, upload
from resolvers.files.storage import StorageError, StoredMissing

_HEALTH: Final = ".health"
_THREADS: Final = 4


class StoredLocation:
    """`temporary`: where objects are kept that are needed as files; None: where the system keeps such."""

    def __init__(self, name: str, store: ObjectStore, temporary: Path | None) -> None:
        self._name = name
        self._store = store
        self._parts = StoredParts(store)
        self._temporary = temporary
        self._threads = Threads(_THREADS)

    @property
    def name(self) -> str:
        return self._name

    async def write(self, name: str, chunks: AsyncIterable[bytes]) -> int:
        key = checked(name)
        try:
            return await upload(self._store, key, chunks)
        except asyncio.CancelledError:
            # nobody will know of it, if it was complete already
            with suppress(StorageError, TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await self.remove([key])
            raise

    async def take_in(self, name: str, path: Path) -> int:
        key = checked(name)
        with told("writing"):
            size = await self._threads.run(lambda: path.stat().st_size)
            await obstore.put_async(self._store, key, path, chunk_size=PART, max_concurrency=PARTS_AT_ONCE)
            await self._threads.run(partial(path.unlink, missing_ok=True))
        return size

    async def open(self, name: str) -> StoredOpened:
        key = looked_up(name)
        with told("reading"):
            result = await obstore.get_async(self._store, key)
            return StoredOpened(self._store, key, result)

    @asynccontextmanager
    async def local(self, name: str) -> AsyncIterator[Path]:
        opened = await self.open(name)
        suffix = Path(name).suffix
        with told("reading"):
            descriptor, text = tempfile.mkstemp(suffix=suffix, dir=self._temporary)
        path = Path(text)
        try:
            try:
                async for piece in opened.chunks():
                    with told("reading"):
                        await self._threads.run(partial(write_all, descriptor, piece))
            finally:
                os.close(descriptor)
                await opened.close()
            yield path
        finally:
            await self._threads.run(partial(path.unlink, missing_ok=True))

    async def remove(self, names: Sequence[str]) -> None:
        await self._parts.remove([name for name in names if is_name(name)])

    async def listed(self, prefix: str) -> list[str]:
        """In the order of the store, from the first that may begin with it to the first that no more does."""
        found: list[str] = []
        if prefix and not is_name(prefix):
            return found
        with told("listing"):
            # the library's own `prefix` matches whole segments of a path only
            async for batch in obstore.list(self._store, offset=prefix[:-1] or None):
                for meta in batch:
                    name = meta["path"]
                    if name.startswith(prefix):
                        found.append(name)
                    elif name > prefix:
                        return [name for name in found if is_name(name)]
        return [name for name in found if is_name(name)]

    async def append(self, name: str, offset: int, chunks: AsyncIterable[bytes]) -> int:
        """What there was from `offset` on is replaced."""
        key = checked(name)
        await self._parts.cut(key, offset)
        end = offset

        async def keep(piece: bytes) -> None:
            nonlocal end
            await self._parts.add(key, end, piece)
            end += len(piece)

        try:
            await kept(chunks, PART, keep)
        finally:
            if end == 0:  # begun, though nothing came yet
                await keep(b"")
        return end

    async def size_of(self, name: str) -> int:
        pieces = await self._parts.of(looked_up(name))
        if not pieces:
            raise StoredMissing("there is no such upload")
        return pieces[-1].end

    async def finish(self, name: str, final: str) -> int:
        key = looked_up(name)
        pieces = await self._parts.of(key)
        if pieces:
            await self._compose(pieces, checked(final))
            await self._parts.clear(key)
        with told("finishing"):
            meta = await obstore.head_async(self._store, checked(final))
        return meta["size"]

    async def _compose(self, pieces: Sequence[Piece], final: str) -> None:
        if len(pieces) == 1:
            with told("finishing"):
                await obstore.copy_async(self._store, pieces[0].key, final)
        else:
            await upload(self._store, final, self._parts.read(pieces))

    async def abandon(self, name: str) -> None:
        if is_name(name):
            await self._parts.clear(name)

    async def check(self) -> None:
        """Writes an object and removes it."""
        key = f"{_HEALTH}/{uuid4()}"
        with told("writing"):
            await obstore.put_async(self._store, key, b"health", use_multipart=False)
            await obstore.delete_async(self._store, key)

    def close(self) -> None:
        self._threads.close()
