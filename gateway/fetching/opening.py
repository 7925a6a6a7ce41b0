"""The client that the settings describe.

async with open_fetcher(settings) as fetcher:
    async with fetcher.fetch("https://media.example.com/cat.jpg") as fetched: ...
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.config import Settings
from gateway.fetching.client import Bounds, Fetcher
from gateway.fetching.machine import is_own
from gateway.fetching.names import Names
from gateway.fetching.reach import Reach
from resolvers.addresses import parse_addresses


@asynccontextmanager
async def open_fetcher(settings: Settings) -> AsyncIterator[Fetcher]:
    names = Names()
    try:
        yield Fetcher(reach_of(settings), names, bounds_of(settings))
    finally:
        names.close()


def reach_of(settings: Settings) -> Reach:
    return Reach(
        is_own=is_own,
        denied=parse_addresses(",".join(settings.import_ip_deny_list)),
        allowed=parse_addresses(",".join(settings.causeway_import_allow_list)),
    )


def bounds_of(settings: Settings) -> Bounds:
    return Bounds(whole=settings.import_timeout.total_seconds(), size=settings.files_max_upload_size)
