"""Entries -> the bytes of a zip, made while they are sent.

    first = await open_row(storage, entries[0].row)            so that a refusal is an answer, not half a zip
    async for piece in zipped(entries, first, storage, threads): ...

Of each file one piece is held at a time, so that any number of files of any size costs the same memory.
Compressing is done on threads. What is compressed already is only wrapped.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from datetime import UTC, datetime
from typing import IO, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from gateway.assets.caching import moment
from gateway.assets.layout import Entry
from gateway.storage.threads import Threads
from resolvers.files.rows import FileRow
from resolvers.files.storage import Opened, Storage, StoredMissing

#: bytes that are sent at once
_PIECE: Final = 256 * 1024
#: sizes from here on need fields that old programs do not read
_LARGE: Final = 2**31
#: bytes that are compressed for a try, and what must be left of them at most
_SAMPLE: Final = 32 * 1024
_WORTH_IT: Final = 0.95
_FILE: Final = 0o100644
_FOLDER: Final = 0o40755
#: as the format has it
_FIRST_YEAR, _LAST_YEAR = 1980, 2107
#: levels of compression; programs that read a stream take no entry that is not compressed at all
_WRAPPED, _COMPRESSED = 0, 3


class _Sink:
    """Where the archive is written to. What has no position is written from front to end."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.size = 0

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """There is nothing to close."""

    def take(self) -> bytes:
        parts, self._parts, self.size = self._parts, [], 0
        return b"".join(parts)


async def open_row(storage: Storage, row: FileRow) -> Opened:
    """Raises StorageError."""
    if row.disk is None:
        raise StoredMissing("there are no bytes")
    return await storage.location(row.storage).open(row.disk)


async def zipped(
    entries: Iterable[Entry], first: Opened, storage: Storage, threads: Threads
) -> AsyncGenerator[bytes, None]:
    """`first`: the bytes of the first file, open; they are closed here. Raises StorageError."""
    sink = _Sink()
    archive = ZipFile(sink, "w", ZIP_DEFLATED)
    opened: Opened | None = first
    for entry in entries:
        if entry.row is None:
            archive.writestr(_info(entry), b"")
            continue
        opened = opened or await open_row(storage, entry.row)
        try:
            async with aclosing(opened.chunks()) as chunks:
                head = await anext(chunks, b"")
                info = _info(entry, compressed=await threads.run(_shrinking(head)))
                with archive.open(info, "w", force_zip64=opened.size >= _LARGE) as target:
                    await threads.run(_writing(target, head))
                    async for chunk in chunks:
                        await threads.run(_writing(target, chunk))
                        if sink.size >= _PIECE:
                            yield sink.take()
        finally:
            await opened.close()
        opened = None
        if sink.size >= _PIECE:
            yield sink.take()
    archive.close()
    yield sink.take()


def _writing(target: IO[bytes], chunk: bytes) -> Callable[[], int]:
    return lambda: target.write(chunk)


def _shrinking(head: bytes) -> Callable[[], bool]:
    """Whether compressing makes a file smaller that begins so: a look at the end of its first piece."""
    sample = head[-_SAMPLE:]
    return lambda: len(zlib.compress(sample, 1)) < len(sample) * _WORTH_IT


def _info(entry: Entry, *, compressed: bool = False) -> ZipInfo:
    row = entry.row
    changed = None if row is None else moment(row.modified_on or row.uploaded_on)
    changed = changed or datetime.now(UTC)
    year = min(max(changed.year, _FIRST_YEAR), _LAST_YEAR)
    info = ZipInfo(entry.path, (year, *changed.timetuple()[1:6]))
    if row is None:
        info.external_attr = _FOLDER << 16 | 0x10
        return info
    info.external_attr = _FILE << 16
    info.compress_type = ZIP_DEFLATED
    # public from Python 3.13 on, under this name as well
    info._compresslevel = _COMPRESSED if compressed else _WRAPPED  # type: ignore[attr-defined]
    return info
