"""The client: one GET, a few redirects, bytes within bounds.

    async with fetcher.fetch("https://media.example.com/cat.jpg") as fetched:
        fetched.status, fetched.headers["content-type"], fetched.url
        async for chunk in fetched.chunks:
            ...

Every hop of a redirect is read, resolved and checked like the first address. Nothing of the environment is
believed (no proxies, no `.netrc`), nothing is remembered (no cookies, no connections), and nothing is sent
that would tell who asks. However it ends, the connection is closed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from math import inf
from ssl import SSLContext
from typing import Final

import httpcore
import httpx

from gateway.fetching.addresses import is_safer, port_of, read_url
from gateway.fetching.decoding import unpacking
from gateway.fetching.failures import FetchFailed, FetchRefused, FetchTooLarge
from gateway.fetching.names import Resolve
from gateway.fetching.reach import Reach
from gateway.fetching.wire import GuardedBackend
from gateway.http import read_headers

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_LOGGER: Final = logging.getLogger("causeway.fetching")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Seconds and bytes. `connect`: until an address answers; `silence`: between two parts of an answer;
    `whole`: all of it. `size`: of the content as it is unpacked, and as it is sent; None: not bounded.
    `at_once`: fetches of this process; more wait for their turn.
    """

    connect: float = 10.0
    silence: float = 15.0
    whole: float = 300.0
    size: int | None = 1024**3
    redirects: int = 5
    at_once: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """An answer whose content is on its way. `headers`: small letters; `url`: where it came from in the
    end. `chunks` raises FetchFailed where the content does not come whole.
    """

    status: int
    headers: Mapping[str, str]
    url: httpx.URL
    chunks: AsyncIterator[bytes]


class Fetcher:
    """One for each project. `trust`: makes what certificates are checked with."""

    def __init__(
        self,
        reach: Reach,
        resolve: Resolve,
        bounds: Bounds,
        trust: Callable[[], SSLContext] = httpcore.default_ssl_context,
    ) -> None:
        self._backend = GuardedBackend(reach, resolve)
        self._bounds = bounds
        self._trust = trust
        self._tls: SSLContext | None = None
        self._turns = asyncio.Semaphore(bounds.at_once)

    @asynccontextmanager
    async def fetch(self, address: str) -> AsyncIterator[Fetched]:
        """Raises FetchFailed, here and while the content is read. The log is told of it, and of what the
        caller raises who expected something else.
        """
        until = asyncio.get_running_loop().time() + self._bounds.whole
        try:
            async with AsyncExitStack() as stack:
                async with _in_time(until):
                    await stack.enter_async_context(self._turns)
                    url, response = await self._arrive(address, stack)
                headers = _headers(response)
                content = _content(response, headers, self._bounds, until)
                chunks = await stack.enter_async_context(aclosing(content))
                yield Fetched(status=response.status, headers=headers, url=url, chunks=chunks)
        except FetchFailed as error:
            _tell(address, error)
            raise

    async def _arrive(self, address: str, stack: AsyncExitStack) -> tuple[httpx.URL, httpcore.Response]:
        """Where the redirects end."""
        url = read_url(address)
        for _ in range(self._bounds.redirects + 1):
            async with AsyncExitStack() as hop:
                response = await self._ask(url, hop)
                target = _target(url, response)
                if target is None:
                    stack.push_async_exit(hop.pop_all())
                    return url, response
            url = target
        raise FetchFailed("too many redirects")

    async def _ask(self, url: httpx.URL, hop: AsyncExitStack) -> httpcore.Response:
        if url.scheme == "https" and self._tls is None:
            # certificates of the machine are read from its disk
            self._tls = await asyncio.to_thread(self._trust)
        pool = httpcore.AsyncConnectionPool(
            ssl_context=self._tls, network_backend=self._backend, max_connections=1
        )
        await hop.enter_async_context(pool)
        bounds = self._bounds
        timeout = {"connect": bounds.connect, "read": bounds.silence, "write": bounds.silence}
        return await hop.enter_async_context(
            pool.stream(
                "GET",
                httpcore.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=port_of(url), target=url.raw_path
                ),
                headers=[
                    (b"Host", url.netloc),
                    (b"Accept", b"*/*"),
                    (b"Accept-Encoding", b"identity"),
                    (b"User-Agent", b"Causeway"),
                    (b"Connection", b"close"),
                ],
                extensions={"timeout": timeout},
            )
        )


def _target(url: httpx.URL, response: httpcore.Response) -> httpx.URL | None:
    """Where an answer leads; None: it is the answer."""
    location = _headers(response).get("location") if response.status in _REDIRECTS else None
    if location is None:
        return None
    target = read_url(location, url)
    if not is_safer(url, target):
        raise FetchRefused("from https to http")
    return target


def _headers(response: httpcore.Response) -> Mapping[str, str]:
    return read_headers((name.lower(), value) for name, value in response.headers)


async def _content(
    response: httpcore.Response, headers: Mapping[str, str], bounds: Bounds, until: float
) -> AsyncGenerator[bytes, None]:
    """Counted as it is sent and as it is unpacked: either may be what has no end."""
    most = inf if bounds.size is None else bounds.size
    declared = headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared) > most:
        raise FetchTooLarge("more than may be taken, by its own account")
    unpacked = unpacking(headers.get("content-encoding", ""))
    parts = aiter(response.aiter_stream())
    sent = taken = 0
    while True:
        # what is done with a part has its own time, up to the end of the whole
        async with _in_time(until):
            part = await anext(parts, None)
        if part is None:
            unpacked.end()
            return
        sent += len(part)
        if sent > most:
            raise FetchTooLarge("more than may be taken")
        for piece in unpacked.pieces(part):
            taken += len(piece)
            if taken > most:
                raise FetchTooLarge("more than may be taken, unpacked")
            yield piece


@asynccontextmanager
async def _in_time(until: float) -> AsyncIterator[None]:
    """What a server does wrong, and that it does nothing, as failures."""
    try:
        async with asyncio.timeout_at(until):
            yield
    except (TimeoutError, httpcore.TimeoutException) as error:
        raise FetchFailed("it took too long") from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise FetchFailed(str(error) or type(error).__name__) from error


def _tell(address: str, failure: FetchFailed) -> None:
    """The log is told what the caller is not. Of the address the host alone: the rest may be a secret."""
    try:
        place = read_url(address).netloc.decode("ascii")
    except FetchFailed:
        place = "what is no address"
    _LOGGER.warning("nothing was fetched from %s: %s", place, failure)
