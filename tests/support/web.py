"""A web server that does as it is told, right or wrong, and counts who connects: for what is fetched.

async with web() as server:
    server.answers["/cat.png"] = answer(PNG, "Content-Type: image/png")
    server.url("/cat.png"), server.connections, server.requests
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

#: reads and writes what it wants to
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answer(content: bytes = b"", *headers: str, status: str = "200 OK") -> bytes:
    """A whole answer, with the length of the content unless a header says otherwise."""
    said = list(headers)
    if not any(line.lower().startswith(("content-length:", "transfer-encoding:")) for line in said):
        said.append(f"Content-Length: {len(content)}")
    return "\r\n".join((f"HTTP/1.1 {status}", *said, "", "")).encode("latin-1") + content


def redirect(target: str, status: str = "302 Found") -> bytes:
    return answer(b"", f"Location: {target}", status=status)


@dataclass(slots=True)
class Web:
    """`requests`: what was asked, header lines and all."""

    port: int = 0
    scheme: str = "http"
    answers: dict[str, bytes | Script] = field(default_factory=dict)
    connections: int = 0
    requests: list[str] = field(default_factory=list)

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.requests.append(head)
            target = head.split(" ")[1]
            place = target if target in self.answers else target.partition("?")[0]
            said = self.answers.get(place, answer(b"nothing here", status="404 Not Found"))
            if isinstance(said, bytes):
                writer.write(said)
            else:
                await said(reader, writer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            # the client left before the end
            return
        finally:
            writer.close()


@asynccontextmanager
async def web(host: str | None = "127.0.0.1", tls: ssl.SSLContext | None = None) -> AsyncIterator[Web]:
    """Listens at a free port of `host`; None: at one port of every address of this machine."""
    made = Web(scheme="http" if tls is None else "https")
    server = await asyncio.start_server(made.talk, "127.0.0.1" if host is None else host, 0, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    if host is None:
        server.close()
        server = await asyncio.start_server(made.talk, None, made.port)
    try:
        yield made
    finally:
        server.close()
