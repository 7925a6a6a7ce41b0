"""What a directory of objects does, blocking: each function is one turn on a thread (see `local`).

    <root>/<name>                 objects, complete
    <root>/.new-<random>          what is being written; becomes an object by being renamed
    <root>/.part-<name>           what there is of a resumable upload

No link is followed below the root, and nothing but regular files is opened. All raise OSError.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.storage.names import is_name

_NEW: Final = ".new-"
#: seconds after which what nobody writes to any more was left by a process that is gone
_FORGOTTEN: Final = 24 * 3600.0
_COPIED_AT_ONCE: Final = 1 << 20
#: larger ones make Linux take large pages for them, of memory that it has not used for long: on virtual
#: machines that costs two to four times the time of the processor
_WRITTEN_AT_ONCE: Final = 64 << 10
#: bytes after which the disk may begin with what it has of a file
_SENT_AT_ONCE: Final = 8 << 20


class Draft:
    """A file that is not an object yet."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._path = root / f"{_NEW}{secrets.token_hex(16)}"
        self._descriptor: int | None = None
        self._size = 0
        self._on_its_way = 0
        self.published = False

    def add(self, piece: bytes) -> None:
        descriptor = self._begun()
        write_all(descriptor, piece)
        self._size += len(piece)
        if self._size - self._on_its_way >= _SENT_AT_ONCE:
            begin_sync(descriptor, self._on_its_way, self._size)
            self._on_its_way = self._size

    def _begun(self) -> int:
        if self._descriptor is None:
            self._descriptor = create(self._path, os.O_EXCL)
        return self._descriptor

    def take_in(self, path: Path) -> None:
        """A file from elsewhere instead of pieces: renamed where it is on the same disk, else copied."""
        fresh = self._begun()
        try:
            os.replace(path, self._path)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            with path.open("rb") as source:
                while piece := source.read(_COPIED_AT_ONCE):
                    self.add(piece)
            return
        self._descriptor = open_regular(self._path, os.O_RDONLY)
        # temporary files are made for their owner alone
        os.fchmod(self._descriptor, stat.S_IMODE(os.fstat(fresh).st_mode))
        os.close(fresh)
        self._size = os.fstat(self._descriptor).st_size

    def publish(self, name: str) -> int:
        """From now on it is the object, whatever happens to the machine. Returns its size in bytes."""
        os.fsync(self._begun())
        self._close()
        os.replace(self._path, self._root / name)
        self.published = True
        sync_directory(self._root)
        return self._size

    def drop(self) -> None:
        """What is left of it goes: nothing, where it was published or never begun."""
        self._close()
        with suppress(FileNotFoundError):
            os.unlink(self._path)

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def move_in(root: Path, path: Path, name: str) -> int:
    """A file from elsewhere becomes the object. Returns its size in bytes."""
    draft = Draft(root)
    try:
        draft.take_in(path)
        size = draft.publish(name)
    finally:
        draft.drop()
    path.unlink(missing_ok=True)
    return size


def try_out(root: Path) -> None:
    """Writes a file and removes it."""
    draft = Draft(root)
    try:
        draft.add(b"health")
    finally:
        draft.drop()


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An open object. `head`: its first bytes; `descriptor` None: they are all."""

    descriptor: int | None
    size: int
    head: bytes


def open_object(path: Path, head: int) -> Held:
    """`head`: bytes that are read at once."""
    descriptor = open_regular(path, os.O_RDONLY)
    try:
        facts = os.fstat(descriptor)
        first = os.read(descriptor, head)
    except OSError:
        os.close(descriptor)
        raise
    whole = len(first) >= facts.st_size
    if whole:
        os.close(descriptor)
    return Held(
        descriptor=None if whole else descriptor,
        size=len(first) if whole else facts.st_size,
        head=first,
    )


def open_regular(path: Path, flags: int) -> int:
    """FileNotFoundError also for what is there and is no file: a link, a directory, a pipe."""
    try:
        # a pipe that nobody writes to would be waited for
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, 0o666)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)) from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    return descriptor


def create(path: Path, flags: int) -> int:
    """Open for writing; the first file of a location makes its directory too."""
    try:
        return open_regular(path, os.O_WRONLY | os.O_CREAT | flags)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return open_regular(path, os.O_WRONLY | os.O_CREAT | flags)


def write_all(descriptor: int, piece: bytes) -> None:
    rest = memoryview(piece)
    while rest:
        rest = rest[os.write(descriptor, rest[:_WRITTEN_AT_ONCE]) :]


def begin_sync(descriptor: int, start: int, stop: int) -> None:
    """These bytes go to the disk, and nobody waits for it: fsync will find little left to be done."""
    if sys.platform == "linux":
        # of bytes that are still to be written this says only that they may be written
        os.posix_fadvise(descriptor, start, stop - start, os.POSIX_FADV_DONTNEED)


def remove(paths: Sequence[Path]) -> None:
    """A directory of that name is no object, and stays."""
    for path in paths:
        with suppress(FileNotFoundError, IsADirectoryError):
            os.unlink(path)


def names(root: Path, prefix: str) -> list[str]:
    try:
        found = os.listdir(root)
    except FileNotFoundError:  # nothing was written yet
        return []
    return sorted(name for name in found if name.startswith(prefix) and is_name(name))


def tidy(root: Path) -> None:
    """What processes left that were killed while they wrote goes."""
    with suppress(FileNotFoundError), os.scandir(root) as entries:
        for entry in entries:
            if not entry.name.startswith(_NEW):
                continue
            with suppress(FileNotFoundError):
                if time.time() - entry.stat(follow_symlinks=False).st_mtime > _FORGOTTEN:
                    os.unlink(entry.path)


def sync_directory(directory: Path) -> None:
    """New and removed names in it last."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # network file systems that do not know of it write names through
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)
