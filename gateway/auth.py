"""Who asks: credentials of a request -> `RequestContext`.

    Authorization: Bearer <token>     static token or access token
    ?access_token=<token>             the same; together with the header: 400, as RFC 6750 wants
    Cookie: directus_session_token    session; counts only where neither of the others is given
    nothing                           the public

Wrong credentials are refused, never taken for the public. A session cookie that is no longer good is cleared
with the refusal. A cookie comes with every request a browser makes, also for other sites' pages: where it
would change something, the request must come from a page of ours (see `Authenticator.refuse_foreign`).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, Protocol
from urllib.parse import parse_qsl, urlsplit

from gateway.config import Settings
from gateway.cookies import came_by_https, clear_cookie, read_cookies, session_cookie
from gateway.tokens import Tokens
from resolvers.actors import PUBLIC_KEY, Access, Actors
from resolvers.context import RequestContext
from schema_gen.errors import (
    CausewayError,
    forbidden,
    invalid_credentials,
    invalid_payload,
    unsupported_media_type,
)

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "SEARCH"})
_TWO_METHODS: Final = "The request uses more than one method for including an access token"
_FOREIGN: Final = "A request that is authenticated by a cookie has to come from an allowed origin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Credentials as they were given."""

    token: str
    source: Literal["bearer", "cookie"]

    @property
    def key(self) -> Hashable:
        return self.token if self.source == "bearer" else ("cookie", self.token)


class Authenticator:
    """One for each project."""

    def __init__(self, actors: Actors, tokens: Tokens, settings: Settings) -> None:
        self._actors = actors
        self._tokens = tokens
        self._cookie = session_cookie(settings)
        self._origins = frozenset(settings.cors_origin) if settings.cors_enabled else frozenset[str]()
        self._public_url = urlsplit(settings.public_url)

    async def context(
        self,
        headers: Mapping[str, str],
        query_string: bytes,
        ip: str | None,
        method: str,
        *,
        forms: bool = False,
    ) -> RequestContext:
        """Raises INVALID_CREDENTIALS, INVALID_TOKEN, TOKEN_EXPIRED, INVALID_PAYLOAD, FORBIDDEN (cookies).
        `forms`: a body that is no JSON is meant.
        """
        header = headers.get("authorization", "")
        if header.startswith("Bearer ") and b"token" not in query_string:
            # the usual request: a token that was good a moment ago and is remembered as it stands here
            known = self._actors.remembered(header[7:], ip)
            if known is not None:
                return context_of(known, headers, ip)
        given = self._given(headers, query_string)
        key = PUBLIC_KEY if given is None else given.key
        access = self._actors.remembered(key, ip)
        if access is None:
            access = await self._actors.public(ip) if given is None else await self._admit(given, ip)
        if given is not None and given.source == "cookie" and method not in _SAFE:
            self.refuse_foreign(headers, method)
            if not forms:
                _refuse_forms(headers)
        return context_of(access, headers, ip)

    def refuse_foreign(self, headers: Mapping[str, str], method: str) -> None:
        """Raises FORBIDDEN for a request that a page of another site may have made with the user's cookie.

        Browsers send `Origin` with whatever is not a plain read. Where it is missing, a POST must carry
        JSON, which no form can; other methods cannot be sent across sites without asking first.
        """
        origin = headers.get("origin")
        if origin is None:
            kind = headers.get("content-type", "").partition(";")[0].strip().lower()
            foreign = headers.get("sec-fetch-site", "none") not in ("none", "same-origin", "same-site")
            if foreign or (method == "POST" and kind != "application/json"):
                raise forbidden(_FOREIGN)
        elif origin not in self._origins and not self._own(origin, headers):
            raise forbidden(_FOREIGN)

    def _own(self, origin: str, headers: Mapping[str, str]) -> bool:
        """Whether it is the server itself, under PUBLIC_URL or the name that it was asked by."""
        parts = urlsplit(origin)
        if not parts.netloc:
            return False
        public = self._public_url
        if (parts.scheme, parts.netloc) == (public.scheme, public.netloc):
            return True
        # a page that came by http may be anybody's on the way, where the request itself came by https
        plain = came_by_https(headers) and parts.scheme != "https"
        return parts.netloc == headers.get("host", "") and not plain

    def _given(self, headers: Mapping[str, str], query_string: bytes) -> Given | None:
        header = headers.get("authorization")
        token = None if header is None else _bearer(header)
        if b"token" in query_string:
            in_query = _in_query(query_string)
            if in_query is not None and token is not None:
                raise invalid_payload(_TWO_METHODS)
            token = token or in_query
        if token is not None:
            return Given(token=token, source="bearer")
        cookies = headers.get("cookie")
        if cookies is not None:
            session = read_cookies(cookies).get(self._cookie.name)
            if session:
                return Given(token=session, source="cookie")
        return None

    async def _admit(self, given: Given, ip: str | None) -> Access:
        try:
            claims = self._tokens.read(given.token, datetime.now(UTC))
            if claims is not None and (given.source == "bearer" or claims.session is not None):
                return await self._actors.by_claims(given.key, claims, ip)
            if given.source == "cookie":
                raise invalid_credentials()
            return await self._actors.by_token(given.key, given.token, ip)
        except CausewayError as error:
            if given.source == "cookie" and error.status in (401, 403):
                raise self._cleared(error) from error
            raise

    def _cleared(self, error: CausewayError) -> CausewayError:
        name, value = clear_cookie(self._cookie, datetime.now(UTC))
        return CausewayError(
            error.code, error.message, error.extensions, headers={**error.headers, name: value}
        )


class HasAuthenticator(Protocol):
    @property
    def authenticator(self) -> Authenticator: ...


async def authenticate(
    project: HasAuthenticator,
    headers: Mapping[str, str],
    query_string: bytes,
    ip: str | None,
    method: str = "GET",
    *,
    forms: bool = False,
) -> RequestContext:
    """`headers` with lower-case names; `method`: what is asked, for requests with a session cookie; `forms`:
    whether a body may be something else than JSON.
    """
    return await project.authenticator.context(headers, query_string, ip, method, forms=forms)


def context_of(access: Access, headers: Mapping[str, str], ip: str | None) -> RequestContext:
    return RequestContext(
        actor=access.actor,
        rules=access.rules,
        now=datetime.now(UTC),
        ip=ip,
        user_agent=headers.get("user-agent"),
        origin=headers.get("origin"),
        request_id=headers.get("x-request-id", ""),
    )


def _refuse_forms(headers: Mapping[str, str]) -> None:
    """Raises UNSUPPORTED_MEDIA_TYPE for a body that is no JSON: with a cookie nothing else is meant."""
    if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
        return
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise unsupported_media_type(kind, "content-type header")


def _bearer(header: str) -> str | None:
    """The token of `Bearer <token>`; None for other schemes and other forms."""
    parts = header.split(" ")
    if len(parts) == 2 and parts[0].lower() == "bearer" and parts[1]:
        return parts[1]
    return None


def _in_query(query_string: bytes) -> str | None:
    """The token in the query; raises INVALID_CREDENTIALS for more than one."""
    pairs = parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)
    values = [value for name, value in pairs if name == "access_token" or name.startswith("access_token[")]
    if len(values) > 1:
        raise invalid_credentials()
    return values[0] or None if values else None
