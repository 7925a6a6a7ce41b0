"""Drives an ASGI application as a server would, in process: for tests of the shell around the doors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from gateway.shell import Application


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(kw_only=True)
class Wire:
    """One request on the wire: `incoming` is what the client sends, `sent` what the server answered."""

    incoming: asyncio.Queue[MutableMapping[str, Any]] = field(default_factory=asyncio.Queue)
    sent: list[MutableMapping[str, Any]] = field(default_factory=list)
    answering: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self) -> MutableMapping[str, Any]:
        return await self.incoming.get()

    async def send(self, message: MutableMapping[str, Any]) -> None:
        self.sent.append(message)
        self.answering.set()

    def body(self, *parts: bytes) -> Wire:
        for number, part in enumerate(parts, 1):
            self.incoming.put_nowait({"type": "http.request", "body": part, "more_body": number < len(parts)})
        return self

    def disconnect(self) -> None:
        self.incoming.put_nowait({"type": "http.disconnect"})

    @property
    def answer(self) -> Answer:
        start, *parts = self.sent
        assert not parts[-1].get("more_body", False), "the answer broke off"
        headers = {name.decode(): value.decode() for name, value in start["headers"]}
        return Answer(status=start["status"], headers=headers, body=b"".join(part["body"] for part in parts))


def http_scope(method: str, target: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    path, _, query = target.partition("?")
    return {
        "type": "http",
        "method": method,
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
        "client": ("192.0.2.1", 50000),
    }


@asynccontextmanager
async def serving(application: Application) -> AsyncIterator[Application]:
    """The application between startup and shutdown, in order whatever happens in between."""
    wire = Wire()
    lifespan = asyncio.create_task(application({"type": "lifespan"}, wire.receive, wire.send))
    wire.incoming.put_nowait({"type": "lifespan.startup"})
    await wire.answering.wait()
    assert wire.sent[0] == {"type": "lifespan.startup.complete"}
    try:
        yield application
    finally:
        wire.incoming.put_nowait({"type": "lifespan.shutdown"})
        await lifespan
    assert wire.sent[-1] == {"type": "lifespan.shutdown.complete"}


async def ask(
    application: Application,
    method: str,
    target: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> Answer:
    sized = {**({"content-length": str(len(body))} if body else {}), **(headers or {})}
    wire = Wire().body(body)
    await application(http_scope(method, target, sized), wire.receive, wire.send)
    return wire.answer
