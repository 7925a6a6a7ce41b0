"""The file in which a resumable upload grows, blocking. All raise OSError, and StorageError where two write.

part = Part(root, "name", offset=1000)
part.begin()
part.add(piece)
part.close()               what was added lasts
finish(root, "name", "name.bin")
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from gateway.storage import disk
from resolvers.files.storage import StorageError

_PART: Final = ".part-"


def _path(root: Path, name: str) -> Path:
    return root / f"{_PART}{name}"


class Part:
    """More of an upload, from `offset` on; what there was behind it goes. One process at a time."""

    def __init__(self, root: Path, name: str, offset: int) -> None:
        self._root = root
        self._path = _path(root, name)
        self._descriptor: int | None = None
        self._end = offset

    def begin(self) -> None:
        self._descriptor = descriptor = disk.create(self._path, 0)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StorageError("somebody else adds to this upload") from error
        there = os.fstat(descriptor).st_size
        if there < self._end:
            raise StorageError(f"the upload has {there} bytes, it cannot go on at {self._end}")
        os.ftruncate(descriptor, self._end)
        os.lseek(descriptor, self._end, os.SEEK_SET)

    def add(self, piece: bytes) -> None:
        if self._descriptor is None:
            raise StorageError("the upload is not open")
        disk.write_all(self._descriptor, piece)
        self._end += len(piece)

    def close(self) -> int:
        """What was added lasts. Returns where it ends."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            disk.sync_directory(self._root)
        return self._end


def size_of(root: Path, name: str) -> int:
    descriptor = disk.open_regular(_path(root, name), os.O_RDONLY)
    try:
        return os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)


def finish(root: Path, name: str, final: str) -> int:
    """Finishing once more, after a crash right behind it, is no error."""
    with suppress(FileNotFoundError):
        os.replace(_path(root, name), root / final)
    disk.sync_directory(root)
    descriptor = disk.open_regular(root / final, os.O_RDONLY)
    try:
        return os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)


def abandon(root: Path, name: str) -> None:
    disk.remove([_path(root, name)])
