"""Bytes that are open -> a reply: all of them or one part, in one piece or in many.

    reply = await delivery(request, content, opened)

A small file is read at once and leaves with its headers in one write. A large one goes piece by piece, as
fast as the client reads; whatever becomes of the connection, the file is closed.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from gateway.assets.caching import Version, is_same
from gateway.assets.ranges import Span, read_range
from gateway.http import AnyReply, Headers, HttpReply, HttpRequest, StreamedReply
from resolvers.files.storage import Opened

#: bytes that are sent as one piece
SMALL: Final = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What is told of the bytes. `headers` without length and range."""

    version: Version
    headers: Headers


async def delivery(request: HttpRequest, content: Content, opened: Opened) -> AnyReply:
    """Takes `opened` over. Raises RANGE_NOT_SATISFIABLE and StorageError."""
    try:
        span = _part(request, content, opened.size)
        whole = Span(start=0, stop=opened.size)
        status, headers = 200, (*content.headers, ("accept-ranges", "bytes"))
        if span is not None:
            status, headers = 206, (*headers, ("content-range", span.content_range(opened.size)))
        span = span or whole
        length = span.stop - span.start
        if length <= SMALL and request.method != "HEAD":
            async with aclosing(opened.chunks(span.start, span.stop)) as chunks:
                body = b"".join([chunk async for chunk in chunks])
            await opened.close()
            return HttpReply(status=status, headers=headers, body=body)
        return StreamedReply(
            status=status,
            headers=headers,
            length=length,
            chunks=opened.chunks(span.start, span.stop),
            close=opened.close,
        )
    except BaseException:
        await opened.close()
        raise


def _part(request: HttpRequest, content: Content, size: int) -> Span | None:
    """Parts are for GET alone, and for who has other parts of the same bytes."""
    if request.method != "GET" or not is_same(request.headers, content.version):
        return None
    return read_range(request.headers.get("range"), size)
