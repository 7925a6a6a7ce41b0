"""One HTTP request and its reply: what every door of the gateway takes and gives.

    scope + body -> HttpRequest -> door -> HttpReply -> two ASGI messages, or more

Both are whole, but for the doors of files: those read a stream, and answer with one.

Header names are lower case. A header that came twice is joined with ", " (cookies with "; "), so that no door
has to choose one of them.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from gateway.body_stream import BodyStream
from rest_bridge.message import JSON, RestResponse

__all__ = [
    "HTML",
    "JSON",
    "TEXT",
    "AnyReply",
    "Headers",
    "HttpReply",
    "HttpRequest",
    "StreamedReply",
    "read_headers",
]

TEXT: Final = "text/plain; charset=utf-8"
HTML: Final = "text/html; charset=utf-8"

Headers = tuple[tuple[str, str], ...]
#: most doors answer like the bridge: status, headers and body; length, id and security headers come on top
HttpReply = RestResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamedReply:
    """`close` is called when the reply has gone out, and when it has not: also for HEAD, which sends no chunk
    (a generator that never ran would not come to its end).

    `length`: bytes of all chunks; None: not known before. An error in `chunks` ends the connection, so that
    the client does not take what came for all.
    """

    status: int = 200
    headers: Headers
    length: int | None
    chunks: AsyncGenerator[bytes, None]
    close: Callable[[], Awaitable[None]]


AnyReply = HttpReply | StreamedReply


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """`path` is percent-decoded; `raw_path` is not (keys may hold an encoded slash). `ip` None: no address.

    `headers["x-request-id"]` is always present and is `id`. `stream`: of doors that read the body themselves;
    `body` is empty then.
    """

    method: str
    path: str
    raw_path: bytes
    query_string: bytes
    headers: Mapping[str, str]
    body: bytes
    ip: str | None
    id: str
    stream: BodyStream | None = None

    @property
    def content_type(self) -> str:
        """The media type alone, lower case: `application/json`."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def read_headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """ASGI header list -> mapping.

    >>> read_headers([(b"accept", b"a"), (b"cookie", b"x=1"), (b"cookie", b"y=2")])
    {'accept': 'a', 'cookie': 'x=1; y=2'}
    """
    pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw]
    headers = dict(pairs)
    if len(headers) != len(pairs):
        headers.clear()
        for name, value in pairs:
            separator = "; " if name == "cookie" else ", "
            headers[name] = f"{headers[name]}{separator}{value}" if name in headers else value
    return headers
