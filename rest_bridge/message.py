"""What comes into the bridge and what goes out: an HTTP exchange without the HTTP server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

JSON: Final = "application/json; charset=utf-8"
JSON_HEADERS: Final = (("content-type", JSON),)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestRequest:
    """`path` as it was sent, still percent-encoded, so that keys may hold an encoded slash; header names in
    lower case. `beside`: a digest of what came with the body and is kept elsewhere (bytes of files).
    """

    method: str
    path: str
    query_string: bytes = b""
    body: bytes = b""
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    beside: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestResponse:
    """`headers` without length, id and security headers: the gateway knows those. The answer to HEAD carries
    the body of GET; the gateway measures it and keeps it to itself.
    """

    status: int = 200
    headers: tuple[tuple[str, str], ...] = JSON_HEADERS
    body: bytes = b""
