"""Connections to addresses that were checked, and to no others.

    connect_tcp("media.example.com", 443) ─ names ─> every address ─ reach ─> a connection to one of them

The name is looked up once. Where one of its addresses may not be reached, none of them is: a name that also
stands for something inside means no good. What follows (TLS, under the name) has only the connection.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import httpcore

from gateway.fetching.failures import FetchFailed, FetchRefused
from gateway.fetching.names import Resolve
from gateway.fetching.reach import Reach

#: of a name with many addresses
_TRIED: Final = 4


class GuardedBackend(httpcore.AsyncNetworkBackend):
    def __init__(self, reach: Reach, resolve: Resolve) -> None:
        self._reach = reach
        self._resolve = resolve
        self._plain = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (httpcore's interface)
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Raises FetchRefused, FetchFailed."""
        addresses = await self._checked(host, port)
        for address in addresses[:_TRIED]:
            try:
                return await self._plain.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        raise FetchFailed("nobody answers there")

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 (httpcore's interface)
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise FetchRefused("a socket of this machine")

    async def sleep(self, seconds: float) -> None:
        await self._plain.sleep(seconds)

    async def _checked(self, host: str, port: int) -> list[str]:
        try:
            addresses = list(await self._resolve(host, port))
        except (OSError, ValueError) as error:
            raise FetchFailed("nothing has that name") from error
        if not addresses:
            raise FetchFailed("nothing has that name")
        for address in addresses:
            if not self._reach.allows(address):
                raise FetchRefused(f"{address} may not be reached")
        return addresses
