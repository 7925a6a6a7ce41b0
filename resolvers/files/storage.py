"""Where the bytes of files are, as other stages see it: named locations that hold objects under flat names.

    location = storage.location("local")
    await location.write("6f0e....png", chunks)        all of them, durable, or nothing
    opened = await location.open("6f0e....png")        stays readable while others replace or remove it

`gateway.storage` implements them, on disks and in object stores.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol


class StorageError(Exception):
    """A location does not do what it is asked for; its text says why, without secrets."""


class StoredMissing(StorageError):
    """There is no object of that name."""


class Opened(Protocol):
    """An object, open for reading. `size` in bytes."""

    @property
    def size(self) -> int: ...

    def chunks(self, start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes, None]:
        """The bytes from `start` up to `stop`. Raises StorageError."""

    async def close(self) -> None: ...


class Location(Protocol):
    """All raise StorageError, also for names that are none."""

    @property
    def name(self) -> str: ...

    async def write(self, name: str, chunks: AsyncIterable[bytes]) -> int:
        """The size of the new object, in bytes. What `chunks` raises goes through, and nothing stays."""

    async def take_in(self, name: str, path: Path) -> int:
        """A file of this machine becomes the object, moved where that can be. Returns its size in bytes."""

    async def open(self, name: str) -> Opened:
        """Raises StoredMissing."""

    def local(self, name: str) -> AbstractAsyncContextManager[Path]:
        """The object as a file of this machine, for as long as the context lasts. Raises StoredMissing."""

    async def remove(self, names: Sequence[str]) -> None:
        """Missing ones are removed already."""

    async def listed(self, prefix: str) -> list[str]:
        """The names that begin with it."""

    async def append(self, name: str, offset: int, chunks: AsyncIterable[bytes]) -> int:
        """More of an upload that comes in parts, from `offset` on; returns where it ends now.

        What arrived stays, also where `chunks` raises: `size_of` tells how much that is.
        """

    async def size_of(self, name: str) -> int:
        """How much of an upload is there, in bytes. Raises StoredMissing."""

    async def finish(self, name: str, final: str) -> int:
        """The parts of the upload become the object `final`, durable; returns its size in bytes."""

    async def abandon(self, name: str) -> None:
        """Removes what there is of an upload."""

    async def check(self) -> None:
        """Writes an object and removes it: returns where that can be done."""


class Storage(Protocol):
    @property
    def names(self) -> tuple[str, ...]:
        """Of the locations, in the order of STORAGE_LOCATIONS."""

    @property
    def default(self) -> Location: ...

    def location(self, name: str) -> Location:
        """Raises StorageError for a name that is not configured (any more)."""
