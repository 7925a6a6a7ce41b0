"""A server that looks like an object store and does what a test needs: it swallows what it is sent, refuses
in a store's words, or says nothing at all.

    async with stubbed(Stub()) as stub: ...    stub.url, stub.received, stub.requests
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

_BEGUN = "<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>"
_COMPLETE = '<CompleteMultipartUploadResult><ETag>"1"</ETag></CompleteMultipartUploadResult>'


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    method: str
    path: str
    headers: Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class Stub:
    """`refuse`: the status and body of the answer to a request, None: it is taken. `silent`: nobody gets one.
    `received`: bytes of bodies; `on_bytes` is called with each change of it.
    """

    refuse: Callable[[Asked], tuple[str, str] | None] = lambda _: None
    silent: bool = False
    on_bytes: Callable[[int], None] = lambda _: None
    on_request: Callable[[], None] = lambda: None
    received: int = 0
    requests: list[Asked] = field(default_factory=list)
    url: str = ""
    open: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = field(default_factory=dict)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open[writer] = asyncio.current_task()
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                asked, length = _parsed(await reader.readuntil(b"\r\n\r\n"))
                self.requests.append(asked)
                self.on_request()
                await self._swallow(reader, length)
                if self.silent:
                    await reader.read()
                    break
                writer.write(self._answer(asked))
                await writer.drain()
        writer.close()
        del self.open[writer]

    async def _swallow(self, reader: asyncio.StreamReader, length: int) -> None:
        while length > 0:
            part = await reader.read(min(length, 1 << 16))
            if not part:
                raise ConnectionError
            length -= len(part)
            self.received += len(part)
            self.on_bytes(self.received)

    def _answer(self, asked: Asked) -> bytes:
        status, body = self.refuse(asked) or ("200 OK", "")
        if status == "200 OK" and asked.method == "POST":
            body = _BEGUN if asked.path.endswith("?uploads=") else _COMPLETE
        head = f'HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\netag: "1"\r\n\r\n'
        return (head + body).encode()


def _parsed(head: bytes) -> tuple[Asked, int]:
    first, *lines = head.decode("latin-1").strip().split("\r\n")
    method, path, _ = first.split(" ")
    pairs = [line.partition(":") for line in lines]
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    return Asked(method=method, path=path, headers=headers), int(headers.get("content-length", "0"))


@asynccontextmanager
async def stubbed(stub: Stub) -> AsyncIterator[Stub]:
    server = await asyncio.start_server(stub.serve, "127.0.0.1", 0)
    stub.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield stub
    finally:
        server.close()
        left = dict(stub.open)
        for writer in left:
            writer.close()
        await asyncio.gather(*(task for task in left.values() if task is not None))
