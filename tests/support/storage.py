"""Locations of both kinds for tests, opened as settings describe them, and streams to fill them with."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable
from pathlib import Path
from typing import Literal

from gateway.storage.local import LocalLocation
from gateway.storage.objects import StoredLocation
from gateway.storage.opening import open_location
from resolvers.files.storage import Location, Opened
from tests.support.s3 import S3Server

Kind = Literal["local", "s3"]


def open_local(root: Path) -> LocalLocation:
    location = open_location("local", {"LOCAL_ROOT": str(root)}, None)
    assert isinstance(location, LocalLocation)
    return location


def open_s3(s3: S3Server, bucket: str, temporary: Path | None = None, **more: str) -> StoredLocation:
    given = s3.variables("cloud", bucket, **more)
    values = {name.removeprefix("STORAGE_"): value for name, value in given.items()}
    location = open_location("cloud", values, temporary)
    assert isinstance(location, StoredLocation)
    return location


async def stream(*parts: bytes) -> AsyncGenerator[bytes, None]:
    for part in parts:
        yield part


class Broken(Exception):
    """The sender went away."""


async def breaking(*parts: bytes) -> AsyncGenerator[bytes, None]:
    """The parts, and then an error."""
    for part in parts:
        yield part
    raise Broken


async def joined(chunks: AsyncIterable[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


async def content(location: Location, name: str) -> bytes:
    opened = await location.open(name)
    try:
        return await joined(opened.chunks())
    finally:
        await opened.close()


async def ranged(opened: Opened, start: int, stop: int | None) -> bytes:
    return await joined(opened.chunks(start, stop))
