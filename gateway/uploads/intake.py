"""A file's bytes into storage, and what the server then knows of them.

    taken = await intake.take(Incoming(filename="a.png", type="image/png", chunks=...))
    taken.disk                         "0b3c....png", new in any case: what was there before is untouched
    facts_of_new(taken, sent)          columns for `RequestContext.facts`
    await intake.discard(taken)        where no row came of it

The kind of a file is told by its first bytes; they are looked at before anything is stored. What is too
large, or of a kind that is not taken, leaves nothing behind.
"""

from __future__ import annotations

import logging
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterator,
    Mapping,
)
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from gateway.images.pool import DESCRIBED, Described
from gateway.observe import LOGGER
from gateway.uploads.file_names import disk_name, download_name, title_of
from gateway.uploads.kinds import HEAD, extension_for, kind_of
from resolvers.files.storage import Location, Storage, StorageError
from resolvers.finishing import Finishing
from schema_gen.errors import CausewayError, content_too_large, invalid_payload, service_unavailable

_MISSING_NAME: Final = "File is missing filename"


#: (path, kind) -> None: it is no picture that could be read
Describe = Callable[[Path, str], Awaitable[Described | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """`type`: what the sender says that it is."""

    filename: str
    type: str | None
    chunks: AsyncIterable[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Stored bytes that no row knows yet. `facts`: columns; `defaults`: columns that give way to what was
    sent.
    """

    location: str
    disk: str
    facts: Mapping[str, Any]
    defaults: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """`size` in bytes; `at_once`: uploads of this process. None: not bounded. `kinds`: as `image/*`."""

    size: int | None = None
    at_once: int | None = None
    kinds: tuple[str, ...] = ("*/*",)

    def allows(self, kind: str) -> bool:
        """
        >>> Bounds(kinds=("image/*", "text/csv")).allows("image/png")
        True
        """
        family = kind.partition("/")[0]
        wanted = {one.strip().lower() for one in self.kinds}
        return not wanted.isdisjoint({"*", "*/*", kind, f"{family}/*"})


class Intake:
    """One for each project."""

    def __init__(self, storage: Storage, bounds: Bounds, describe: Describe | None = None) -> None:
        self._storage = storage
        self._describe = describe
        self.bounds = bounds
        self._under_way = 0
        self._finishing = Finishing()

    async def take(self, incoming: Incoming, *, location: str | None = None) -> Taken:
        """Stores a new file. Raises CONTENT_TOO_LARGE, INVALID_PAYLOAD, SERVICE_UNAVAILABLE."""
        name = download_name(incoming.filename)
        if name is None:
            raise invalid_payload(_MISSING_NAME)
        place = self.location(location)
        with self.one_more():
            head, rest = await _split(incoming.chunks)
            kind = kind_of(head, name, incoming.type)
            self._check_kind(kind)
            id_ = str(uuid4())
            disk = disk_name(id_, name, extension_for(kind))
            async with aclosing(_bounded(head, rest, self.bounds.size)) as chunks:
                size = await _told(place.write(disk, chunks))
            try:
                return await self._taken(place, id_, disk, name, kind, size)
            except BaseException:
                await self._finishing(self._remove(place, disk))
                raise

    async def take_stored(
        self, disk: str, *, filename: str, type_: str | None, location: str | None = None
    ) -> Taken:
        """The same for bytes that are in the location already, as `disk`. They stay, whatever is raised."""
        place = self.location(location)
        name = download_name(filename)
        if name is None:
            raise invalid_payload(_MISSING_NAME)
        opened = await _told(place.open(disk))
        try:
            size = opened.size
            async with aclosing(opened.chunks(0, min(HEAD, size))) as chunks:
                head = b"".join([part async for part in chunks])
        finally:
            await opened.close()
        if self.bounds.size is not None and size > self.bounds.size:
            raise content_too_large()
        kind = kind_of(head, name, type_)
        self._check_kind(kind)
        return await self._taken(place, str(uuid4()), disk, name, kind, size)

    def location(self, name: str | None) -> Location:
        """Raises INVALID_PAYLOAD for one that there is not."""
        if name is None:
            return self._storage.default
        if name not in self._storage.names:
            raise invalid_payload(f'There is no storage location "{name}"')
        return self._storage.location(name)

    async def discard(self, taken: Taken) -> None:
        """No row came of it. What cannot be removed is logged."""
        await self._remove(self._storage.location(taken.location), taken.disk)

    # --- parts ----------------------------------------------------------------------------------------------

    async def _taken(self, place: Location, id_: str, disk: str, name: str, kind: str, size: int) -> Taken:
        seen = await self._seen(place, disk, kind)
        facts = {
            "id": id_,
            "storage": place.name,
            "filename_disk": disk,
            "filesize": size,
            "type": kind,
            "uploaded_on": datetime.now(UTC).isoformat(),
            "width": None,
            "height": None,
            "metadata": None,
        }
        defaults: dict[str, Any] = {"filename_download": name, "title": title_of(name)}
        if seen is not None:
            facts |= {"width": seen.width, "height": seen.height, "metadata": dict(seen.metadata)}
            if seen.description:
                defaults["description"] = seen.description
            if seen.tags:
                defaults["tags"] = list(seen.tags)
        return Taken(location=place.name, disk=disk, facts=facts, defaults=defaults)

    async def _seen(self, place: Location, disk: str, kind: str) -> Described | None:
        if self._describe is None or kind not in DESCRIBED:
            return None
        try:
            async with place.local(disk) as path:
                return await self._describe(path, kind)
        except StorageError as error:
            raise unavailable(error) from error

    def _check_kind(self, kind: str) -> None:
        if not self.bounds.allows(kind):
            raise invalid_payload("File is of invalid content type")

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """Raises SERVICE_UNAVAILABLE where there are as many uploads as there may be."""
        most = self.bounds.at_once
        if most is not None and self._under_way >= most:
            raise service_unavailable("files", "Too many uploads at once", retry_after=1)
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    async def _remove(self, place: Location, disk: str) -> None:
        try:
            await place.remove([disk])
        except StorageError as error:
            _log().warning('file "%s" stays in storage "%s": %s', disk, place.name, error)


def facts_of_new(taken: Taken, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Columns of a new row, for `RequestContext.facts`: what the server knows, and what nobody said."""
    unsaid = {name: value for name, value in taken.defaults.items() if sent.get(name) in (None, "")}
    known = {name: value for name, value in taken.facts.items() if name != "id" or sent.get("id") is None}
    return {**unsaid, **_measured(known, sent)}


def facts_of_replaced(taken: Taken, sent: Mapping[str, Any]) -> dict[str, Any]:
    """The same for a row that is there: it keeps its key and its title, and is called as the new file is."""
    known = {name: value for name, value in taken.facts.items() if name != "id"}
    called = taken.defaults.get("filename_download")
    if called is not None and sent.get("filename_download") in (None, ""):
        known["filename_download"] = called
    return _measured(known, sent)


def _measured(known: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
    """What could not be measured is what the sender says of it."""
    return {
        name: value
        for name, value in known.items()
        if value is not None or sent.get(name) is None or name not in ("width", "height", "metadata")
    }


async def _split(chunks: AsyncIterable[bytes]) -> tuple[bytes, AsyncIterator[bytes]]:
    """The first bytes, and what comes after them."""
    rest = aiter(chunks)
    parts: list[bytes] = []
    size = 0
    while size < HEAD:
        try:
            part = await anext(rest)
        except StopAsyncIteration:
            break
        parts.append(part)
        size += len(part)
    head = b"".join(parts)
    return head, rest


async def _bounded(head: bytes, rest: AsyncIterator[bytes], limit: int | None) -> AsyncGenerator[bytes, None]:
    left = float("inf") if limit is None else limit
    left -= len(head)
    if left < 0:
        raise content_too_large()
    if head:
        yield head
    async for part in rest:
        left -= len(part)
        if left < 0:
            raise content_too_large()
        yield part


async def _told(work: Awaitable[Any]) -> Any:
    """What a location gives; where it fails, SERVICE_UNAVAILABLE, and the log says why."""
    try:
        return await work
    except StorageError as error:
        raise unavailable(error) from error


def unavailable(error: StorageError) -> CausewayError:
    """What the caller is told where a location fails; the log is told why."""
    _log().error("storage: %s", error)
    return service_unavailable("files", "The file could not be stored")


def _log() -> logging.Logger:
    return logging.getLogger(LOGGER)
