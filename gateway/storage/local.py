"""A location on a disk: one directory, flat.

    chunks -> pieces of 1 MB -> .new-<random> -> fsync -> renamed to the object -> fsync of the directory

Readers hold the file that they opened: its bytes stay, whatever is renamed over it or removed. All work of
the disk is done on threads, in as few turns as it takes (a small file is opened and read in one).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from gateway.storage import disk, parts
from gateway.storage.disk import Draft, Held
from gateway.storage.names import checked, is_name, looked_up
from gateway.storage.pieces import READ_AT_ONCE, gathered, kept
from gateway.storage.threads import Threads, over
from resolvers.files.storage import StorageError, StoredMissing

T = TypeVar("T")

#: bytes that are written in one turn
WRITTEN_AT_ONCE: Final = 1 << 20
_THREADS: Final = 8


class LocalOpened:
    """`begin` before anything else, on a thread."""

    def __init__(self, path: Path, threads: Threads) -> None:
        self._path = path
        self._threads = threads
        self._held = Held(descriptor=None, size=0, head=b"")
        self._descriptor: int | None = None

    def begin(self) -> None:
        self._held = disk.open_object(self._path, READ_AT_ONCE)
        self._descriptor = self._held.descriptor

    @property
    def size(self) -> int:
        return self._held.size

    async def chunks(self, start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes, None]:
        end = self.size if stop is None else min(stop, self.size)
        position = start
        piece = self._from_head(start, end)
        while position < end:
            piece = piece or await self._read(min(READ_AT_ONCE, end - position), position)
            yield piece
            position += len(piece)
            piece = b""

    def _from_head(self, start: int, end: int) -> bytes:
        head = self._held.head
        if self._descriptor is not None:
            # it could be read once more: it is not held for as long as a slow client takes
            self._held = replace(self._held, head=b"")
        return head[start:end]

    async def _read(self, length: int, position: int) -> bytes:
        descriptor = self._descriptor
        if descriptor is None:
            raise StorageError("the object was closed")
        with _told("reading"):
            piece = await self._threads.run(lambda: os.pread(descriptor, length, position))
        if not piece:
            raise StorageError("reading: the object is shorter than it was")
        return piece

    async def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


class LocalLocation:
    """`root` is made with the first file."""

    def __init__(self, name: str, root: Path) -> None:
        self._name = name
        self._root = root
        self._threads = Threads(_THREADS)

    @property
    def name(self) -> str:
        return self._name

    async def write(self, name: str, chunks: AsyncIterable[bytes]) -> int:
        """A piece is written while the next one comes in."""
        target = checked(name)
        draft = Draft(self._root)
        last = b""
        turn: asyncio.Future[None] | None = None
        try:
            async for piece in gathered(chunks, WRITTEN_AT_ONCE):
                if last:
                    await _ended(turn)
                    turn = asyncio.ensure_future(self._run("writing", partial(draft.add, last)))
                last = piece
            await _ended(turn)
            # one turn for all of it where the file is small
            return await self._run("writing", partial(_complete, draft, last, target))
        except asyncio.CancelledError:
            # nobody will know of it, if it was complete already
            if draft.published:
                with suppress(StorageError):
                    await self.remove([name])
            raise
        finally:
            try:
                if turn is not None:
                    await over(turn)
            finally:
                if not draft.published:
                    await self._run("writing", draft.drop)

    async def take_in(self, name: str, path: Path) -> int:
        return await self._run("writing", partial(disk.move_in, self._root, path, checked(name)))

    async def open(self, name: str) -> LocalOpened:
        opened = LocalOpened(self._root / looked_up(name), self._threads)
        try:
            await self._run("reading", opened.begin)
        except asyncio.CancelledError:
            await opened.close()
            raise
        return opened

    @asynccontextmanager
    async def local(self, name: str) -> AsyncIterator[Path]:
        path = self._root / looked_up(name)
        await self._run("reading", lambda: os.close(disk.open_regular(path, os.O_RDONLY)))
        yield path

    async def remove(self, names: Sequence[str]) -> None:
        paths = [self._root / name for name in names if is_name(name)]
        await self._run("removing", partial(disk.remove, paths))

    async def listed(self, prefix: str) -> list[str]:
        return await self._run("listing", lambda: disk.names(self._root, prefix))

    async def append(self, name: str, offset: int, chunks: AsyncIterable[bytes]) -> int:
        """What there was from `offset` on is replaced."""
        part = parts.Part(self._root, checked(name), offset)
        try:
            await self._run("writing", part.begin)
            await kept(chunks, WRITTEN_AT_ONCE, lambda piece: self._run("writing", partial(part.add, piece)))
        finally:
            end = await self._run("writing", part.close)
        return end

    async def size_of(self, name: str) -> int:
        return await self._run("reading", lambda: parts.size_of(self._root, looked_up(name)))

    async def finish(self, name: str, final: str) -> int:
        return await self._run("finishing", lambda: parts.finish(self._root, looked_up(name), checked(final)))

    async def abandon(self, name: str) -> None:
        if is_name(name):
            await self._run("removing", lambda: parts.abandon(self._root, name))

    async def check(self) -> None:
        """Writes a file and removes it."""
        await self._run("writing", partial(disk.try_out, self._root))

    async def tidy(self) -> None:
        """What was left by processes that were killed goes."""
        await self._run("removing", lambda: disk.tidy(self._root))

    def close(self) -> None:
        self._threads.close()

    async def _run(self, doing: str, work: Callable[[], T]) -> T:
        with _told(doing):
            return await self._threads.run(work)


async def _ended(turn: asyncio.Future[None] | None) -> None:
    if turn is not None:
        await turn


def _complete(draft: Draft, last: bytes, name: str) -> int:
    draft.add(last)
    return draft.publish(name)


@contextmanager
def _told(doing: str) -> Iterator[None]:
    """What the system says, in a text that names no directory."""
    try:
        yield
    except FileNotFoundError as error:
        if doing == "writing":
            raise StorageError("writing: the directory went") from error
        raise StoredMissing("there is no such object") from error
    except OSError as error:
        raise StorageError(f"{doing}: {error.strerror or type(error).__name__}") from error
