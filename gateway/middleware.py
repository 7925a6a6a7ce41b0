"""What stands around every reply: security headers, cross-origin rules, request ids. Pure: settings ->
headers.

    policy = ReplyPolicy.of(settings)
    policy.raw_headers(reply, path="/auth/login", origin=None, request_id="a-1") -> ASGI header list
    policy.head(reply, path="/auth/login", origin=None, request_id="a-1")        -> the same as bytes
    policy.preflight(origin, ...) -> HttpReply | None

Origins are compared as a whole with the configured ones; an origin is never reflected, and `*` never comes
with credentials. A reply's own header wins over the one that would be added here.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from gateway.config import Settings
from gateway.http import AnyReply, Headers, HttpReply, StreamedReply
from gateway.tus import protocol as tus
from resolvers.bounded import Bounded

RawHeaders = list[tuple[bytes, bytes]]

#: JSON never needs to load or frame anything; pages bring their own policy
_CONTENT_SECURITY_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"
#: what would end a header line early (uvicorn refuses the same)
_BREAKS: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyPolicy:
    """`always`: headers of every reply. `cors`: what an allowed origin gets besides. `origins` holding `*`:
    all.
    """

    always: tuple[tuple[bytes, bytes], ...]
    cors: tuple[tuple[bytes, bytes], ...]
    preflight_headers: tuple[tuple[str, str], ...]
    origins: frozenset[str]
    credentials: bool
    #: header lines of replies that differ in nothing but length and id
    _lines: Bounded[tuple[Headers, bool], bytes] = field(default_factory=lambda: Bounded(64), compare=False)

    @classmethod
    def of(cls, settings: Settings) -> ReplyPolicy:
        everyone = "*" in settings.cors_origin
        resumable = settings.tus_enabled
        exposed = ", ".join((*settings.cors_exposed_headers, *(tus.READ if resumable else ())))
        allowed = ", ".join((*settings.cors_allowed_headers, *(tus.SENT if resumable else ())))
        return cls(
            always=_encoded(_security_headers(settings)),
            cors=_encoded({"access-control-expose-headers": exposed} if exposed else {}),
            preflight_headers=(
                ("access-control-allow-methods", ", ".join(settings.cors_methods)),
                ("access-control-allow-headers", allowed),
                ("access-control-max-age", str(settings.cors_max_age)),
            ),
            origins=frozenset(settings.cors_origin) if settings.cors_enabled else frozenset(),
            credentials=settings.cors_credentials and not everyone,
        )

    def raw_headers(self, reply: AnyReply, *, path: str, origin: str | None, request_id: str) -> RawHeaders:
        headers = self._known_beforehand(reply.headers, secret=path.startswith("/auth"))
        length = reply.length if isinstance(reply, StreamedReply) else len(reply.body)
        if length is not None and reply.status not in (204, 304):
            headers.append((b"content-length", str(length).encode()))
        headers.append((b"x-request-id", request_id.encode("latin-1")))
        if self.origins:
            headers += self._cross_origin(origin)
        return headers

    def head(self, reply: HttpReply, *, path: str, origin: str | None, request_id: str) -> bytes:
        """The same as they stand in a reply: one line each, and the empty line after them.

        Raises ValueError for a header that would not be one line.
        """
        secret = path.startswith("/auth")
        given = reply.headers
        tagged = len(given) == 2 and given[1][0] == "etag"
        if len(given) == 1 or tagged:  # the content type: the same few again and again
            first = given[:1]
            fixed = self._lines.get((first, secret))
            if fixed is None:
                fixed = _lines_of(self._known_beforehand(first, secret=secret))
                self._lines.put((first, secret), fixed)
            if tagged:
                fixed += b"etag: %b\r\n" % given[1][1].encode("latin-1")
        else:
            fixed = _lines_of(self._known_beforehand(reply.headers, secret=secret))
        crossing = _lines_of(self._cross_origin(origin)) if self.origins else b""
        identity = request_id.encode("latin-1")
        if reply.status in (204, 304):
            return b"%bx-request-id: %b\r\n%b\r\n" % (fixed, identity, crossing)
        length = len(reply.body)
        return b"%bcontent-length: %d\r\nx-request-id: %b\r\n%b\r\n" % (fixed, length, identity, crossing)

    def _known_beforehand(self, given: Headers, *, secret: bool) -> RawHeaders:
        """What does not depend on the single reply. `secret`: nobody on the way may keep it."""
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in given]
        names = {name.lower() for name, _ in headers}
        headers += [pair for pair in self.always if pair[0] not in names]
        if b"cache-control" not in names:
            headers.append((b"cache-control", b"no-store" if secret else b"no-cache"))
        return headers

    def preflight(self, request_method: str, headers: Mapping[str, str]) -> HttpReply | None:
        """The answer to a preflight request; None where it is none, or its origin is not allowed."""
        if request_method != "OPTIONS" or not self.origins or "access-control-request-method" not in headers:
            return None
        if not self._allows(headers.get("origin")):
            return None
        return HttpReply(status=204, headers=self.preflight_headers)

    def _allows(self, origin: str | None) -> bool:
        return origin is not None and ("*" in self.origins or origin in self.origins)

    def _cross_origin(self, origin: str | None) -> RawHeaders:
        if "*" in self.origins:
            return [(b"access-control-allow-origin", b"*"), *self.cors]
        vary = (b"vary", b"Origin")
        if origin is None or origin not in self.origins:
            return [vary]
        allowed = [(b"access-control-allow-origin", origin.encode("latin-1")), vary, *self.cors]
        return [*allowed, (b"access-control-allow-credentials", b"true")] if self.credentials else allowed


def request_ids() -> Callable[[str | None], str]:
    """A function that takes the id a proxy sent, if it is one, and else makes a unique one, cheaply."""
    prefix, numbers = secrets.token_hex(4), count(1)

    def request_id(sent: str | None) -> str:
        if sent is not None and _REQUEST_ID.fullmatch(sent):
            return sent
        return f"{prefix}-{next(numbers):x}"

    return request_id


def _security_headers(settings: Settings) -> dict[str, str]:
    headers = {
        "x-content-type-options": "nosniff",
        "content-security-policy": _CONTENT_SECURITY_POLICY,
        "referrer-policy": "no-referrer",
    }
    if settings.cross_origin_opener_policy_enabled:
        headers["cross-origin-opener-policy"] = settings.cross_origin_opener_policy_policy
    if settings.hsts_enabled:
        value = f"max-age={int(settings.hsts_max_age.total_seconds())}"
        value += "; includeSubDomains" if settings.hsts_include_sub_domains else ""
        headers["strict-transport-security"] = value + ("; preload" if settings.hsts_preload else "")
    return headers


def _encoded(headers: Mapping[str, str]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((name.encode(), value.encode("latin-1")) for name, value in headers.items())


def _lines_of(headers: RawHeaders) -> bytes:
    for name, value in headers:
        if _BREAKS.search(name) or _BREAKS.search(value):
            raise ValueError(f"the header {name!r} holds a control character")
    return b"".join([b"%b: %b\r\n" % pair for pair in headers])
