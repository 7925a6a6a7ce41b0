"""One HTTP request, read whole, and its reply: what every door of the gateway takes and gives.

    scope + body -> HttpRequest -> door -> HttpReply -> two ASGI messages

Header names are lower case. A header that came twice is joined with ", " (cookies with "; "), so that no door
has to choose one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from rest_bridge.message import JSON, RestResponse

__all__ = ["HTML", "JSON", "TEXT", "Headers", "HttpReply", "HttpRequest", "read_headers"]

TEXT: Final = "text/plain; charset=utf-8"
HTML: Final = "text/html; charset=utf-8"

Headers = tuple[tuple[str, str], ...]
#: every door answers like the bridge: status, headers and body; length, id and security headers come on top
HttpReply = RestResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """`path` is percent-decoded; `raw_path` is not (keys may hold an encoded slash). `ip` None: no address.

    `headers["x-request-id"]` is always present and is `id`.
    """

    method: str
    path: str
    raw_path: bytes
    query_string: bytes
    headers: Mapping[str, str]
    body: bytes
    ip: str | None
    id: str

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
