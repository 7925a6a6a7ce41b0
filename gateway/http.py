"""One HTTP request, read whole, and its reply: what every door of the gateway takes and gives.

    scope + body -> HttpRequest -> door -> HttpReply -> two ASGI messages

Header names are lower case. A header that came twice is joined with ", " (cookies with "; "), so that no door
has to choose one of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

from schema_gen.errors import CausewayError

JSON: Final = "application/json; charset=utf-8"
TEXT: Final = "text/plain; charset=utf-8"
HTML: Final = "text/html; charset=utf-8"

Headers = tuple[tuple[str, str], ...]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpReply:
    """`headers` as they go out; the length, the request id and the security headers are added on the way."""

    status: int = 200
    headers: Headers = (("content-type", JSON),)
    body: bytes = b""


def error_reply(*errors: CausewayError) -> HttpReply:
    """The error envelope. Errors of different status make a 500, as the protocol has it."""
    statuses = {error.status for error in errors}
    body = {
        "errors": [
            {"message": error.message, "extensions": {**error.extensions, "code": error.code}}
            for error in errors
        ]
    }
    more = {name.lower(): value for error in errors for name, value in error.headers.items()}
    return HttpReply(
        status=statuses.pop() if len(statuses) == 1 else 500,
        headers=(("content-type", JSON), *more.items()),
        body=json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=str).encode(
            "utf-8", "replace"
        ),
    )


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


def segments(raw_path: bytes) -> tuple[str, ...]:
    """The decoded parts of a raw path; an encoded slash stays inside its part.

    >>> segments(b"/items/files/a%2Fb")
    ('items', 'files', 'a/b')
    """
    return tuple(unquote_to_bytes(part).decode("utf-8", "replace") for part in raw_path.split(b"/") if part)
