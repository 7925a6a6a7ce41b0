"""The body of a request part by part, as it arrives: for doors that hand bytes on and never hold them whole.

    async for part in stream: ...                   parts of at most some 64 KB
    body = await stream.whole(settings.max_payload_size)

What is not read is held back from the client by the server's flow control; what is left when the answer goes
out is dropped by the server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from schema_gen.errors import content_too_large, out_of_time

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class ClientGone(Exception):
    """The client left while its body was read."""


class BodyStream:
    """Of one request; read once, by one reader at a time.

    `declared`: its length in bytes, as the client says; None: it comes in chunks. `timeout`: seconds in which
    some more of it has to arrive. `on_end` is called when nothing more can come.
    """

    __slots__ = ("_on_end", "_receive", "_timeout", "begun", "declared", "ended")

    def __init__(
        self, receive: Receive, *, declared: int | None, timeout: float, on_end: Callable[[], None]
    ) -> None:
        self._receive = receive
        self._timeout = timeout
        self._on_end = on_end
        self.declared = declared
        #: what was read cannot be read again
        self.begun = False
        self.ended = False

    def __aiter__(self) -> BodyStream:
        return self

    async def __anext__(self) -> bytes:
        """Raises ClientGone, and REQUEST_TIMEOUT (408) where nothing comes."""
        while not self.ended:
            part = await self._next()
            if part:
                return part
        raise StopAsyncIteration

    async def _next(self) -> bytes:
        self.begun = True
        try:
            async with asyncio.timeout(self._timeout):
                message = await self._receive()
        except TimeoutError as error:
            raise out_of_time("Request body", f"{self._timeout:g}s") from error
        if message["type"] != "http.request":
            self._end()
            raise ClientGone
        if not message.get("more_body", False):
            self._end()
        body: bytes = message.get("body", b"")
        return body

    def _end(self) -> None:
        self.ended = True
        self._on_end()

    async def whole(self, limit: int) -> bytes:
        """All of it, which may take no longer than a part: who says little at a time is not waited for.
        Raises CONTENT_TOO_LARGE as soon as there are more than `limit` bytes.
        """
        if self.declared is not None and self.declared > limit:
            raise content_too_large()
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._timeout):
                async for part in self:
                    size += len(part)
                    if size > limit:
                        raise content_too_large()
                    parts.append(part)
        except TimeoutError as error:
            raise out_of_time("Request body", f"{self._timeout:g}s") from error
        return b"".join(parts)
