"""The floor: a bare ASGI application that runs one hand-written statement per request and splices its JSON.

    python -m benchmarks.floor postgresql://... 8151

One process, uvicorn, and the same number of database connections as ours. A request is `/workload/actor` with
the parameters as further segments.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import aiosqlite
import asyncpg
import uvicorn

from benchmarks.floor_sql import Floor, floor_statement
from benchmarks.workloads import ACTORS, WORKLOADS

Fetch = Callable[[str, Sequence[Any]], Awaitable[Sequence[Any]]]
Message = MutableMapping[str, Any]

#: as Causeway opens by default
CONNECTIONS: Final = 10
READERS: Final = 2
_HEADERS: Final = [(b"content-type", b"application/json; charset=utf-8")]


class FloorApplication:
    def __init__(self, url: str) -> None:
        self._url = url
        self._dialect: Final = "sqlite" if url.startswith("sqlite") else "postgresql"
        self._routes: dict[str, Floor] = {
            f"{name}/{actor}": floor_statement(self._dialect, name, actor)
            for name in WORKLOADS
            for actor in ACTORS
        }
        self._fetch: Fetch | None = None

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        _, workload, actor, *given = scope["path"].split("/")
        floor = self._routes[f"{workload}/{actor}"]
        assert self._fetch is not None
        columns = await self._fetch(
            floor.sql, [kind(one) for kind, one in zip(floor.kinds, given, strict=True)]
        )
        pieces = [floor.parts[0]]
        for column, part in zip(columns, floor.parts[1:], strict=True):
            pieces += (column, part)
        body = b"".join(pieces)
        headers = [*_HEADERS, (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _lifespan(
        self, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        await receive()
        async with AsyncExitStack() as stack:
            opened = _postgresql(self._url) if self._dialect == "postgresql" else _sqlite(self._url)
            self._fetch = await stack.enter_async_context(opened)
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


@asynccontextmanager
async def _postgresql(url: str) -> AsyncIterator[Fetch]:
    connections = [
        await asyncpg.connect(url, server_settings={"jit": "off", "timezone": "UTC"})
        for _ in range(CONNECTIONS)
    ]
    for connection in connections:
        await connection.set_type_codec(
            "json", schema="pg_catalog", encoder=bytes, decoder=bytes, format="binary"
        )
    free: asyncio.LifoQueue[asyncpg.Connection] = asyncio.LifoQueue()
    for connection in connections:
        free.put_nowait(connection)

    async def fetch(sql: str, parameters: Sequence[Any]) -> Sequence[Any]:
        connection = await free.get()
        try:
            row: Sequence[Any] = (await connection.fetch(sql, *parameters))[0]
        finally:
            free.put_nowait(connection)
        return row

    yield fetch
    for connection in connections:
        await connection.close()


@asynccontextmanager
async def _sqlite(url: str) -> AsyncIterator[Fetch]:
    free: asyncio.LifoQueue[aiosqlite.Connection] = asyncio.LifoQueue()
    connections = [await aiosqlite.connect(url.removeprefix("sqlite:///")) for _ in range(READERS)]
    for connection in connections:
        connection.text_factory = bytes
        for pragma in ("query_only = ON", "cache_size = -16000", "mmap_size = 268435456"):
            await connection.execute_fetchall(f"PRAGMA {pragma}")
        free.put_nowait(connection)

    async def fetch(sql: str, parameters: Sequence[Any]) -> Sequence[Any]:
        connection = await free.get()
        try:
            rows: Any = await connection.execute_fetchall(sql, parameters)
        finally:
            free.put_nowait(connection)
        row: Sequence[Any] = rows[0]
        return row

    yield fetch
    for connection in connections:
        await connection.close()


def main() -> None:
    url, port = sys.argv[1:]
    uvicorn.run(
        FloorApplication(url),
        host="127.0.0.1",
        port=int(port),
        access_log=False,
        log_level="warning",
        server_header=False,
    )


if __name__ == "__main__":
    main()
