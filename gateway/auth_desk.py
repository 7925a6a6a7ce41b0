"""What `/auth/*` and the `auth_*` mutations share: where the token comes from, where the new ones go.

    json      {"expires", "refresh_token", "access_token"}
    cookie    {"expires", "access_token"}   + cookie with the refresh token
    session   {"expires"}                   + cookie with a token that names the session

A cookie is believed only from a page of ours (see `Authenticator.refuse_foreign`), and cleared when it is no
good any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.auth import Authenticator
from gateway.config import Settings
from gateway.cookies import CookieSpec, clear_cookie, read_cookies, refresh_cookie, session_cookie, set_cookie
from gateway.http import Headers
from gateway.tokens import Tokens
from resolvers.behaviors.auth import Issued, Login
from resolvers.behaviors.credentials import Credentials, Mode
from resolvers.context import RequestContext
from schema_gen.errors import CausewayError, invalid_credentials, invalid_payload

_MISSING: Final = "The refresh token is required in either the payload or cookie"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """What the caller gets: `tokens` in the body (`expires` in milliseconds), `headers` with the cookies."""

    tokens: Mapping[str, Any]
    headers: Headers = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenToken:
    """`cookie`: where the token came from, None for the payload. In session mode `token` is a signed one."""

    mode: Mode
    token: str
    cookie: CookieSpec | None = None


class AuthDesk:
    """One for each project."""

    def __init__(
        self, login: Login, tokens: Tokens, authenticator: Authenticator, settings: Settings
    ) -> None:
        self._login = login
        self._tokens = tokens
        self._authenticator = authenticator
        self._refresh_cookie = refresh_cookie(settings)
        self._session_cookie = session_cookie(settings)
        self.disabled = settings.auth_disable_default

    async def log_in(
        self, given: Credentials, mode: Mode, headers: Mapping[str, str], context: RequestContext
    ) -> Handed:
        """`headers` of the request."""
        return self._handed(await self._login.login(given, mode, context), headers, context)

    async def refresh(
        self, fields: Mapping[str, Any], headers: Mapping[str, str], context: RequestContext
    ) -> Handed:
        """`fields`: refresh_token and mode, as they were given; `headers` of the request.

        An error that a cookie is to blame for carries the header that clears it.
        """
        given = self._given(fields, headers)
        try:
            token = self._session(given.token, context) if given.mode == "session" else given.token
            issued = await self._login.refresh(token, given.mode, context)
        except CausewayError as error:
            if given.cookie is None or error.status not in (401, 403):
                raise
            name, value = clear_cookie(given.cookie, context.now)
            raise CausewayError(error.code, error.message, error.extensions, headers={name: value}) from error
        return self._handed(issued, headers, context)

    async def log_out(
        self, fields: Mapping[str, Any], headers: Mapping[str, str], context: RequestContext
    ) -> Headers:
        """Arguments as for `refresh`; gives the headers that clear the cookie."""
        given = self._given(fields, headers)
        token: str | None = given.token
        if given.mode == "session":
            token = self._ended_session(given.token, context)
        if token is not None:
            await self._login.logout(token, context)
        return () if given.cookie is None else (clear_cookie(given.cookie, context.now),)

    def _given(self, fields: Mapping[str, Any], headers: Mapping[str, str]) -> GivenToken:
        """Without `mode` a token in the payload wins over one in the cookie. INVALID_PAYLOAD for none."""
        in_payload = fields.get("refresh_token")
        mode = fields.get("mode") or ("json" if in_payload else "cookie")
        if mode == "json" and in_payload:
            if not isinstance(in_payload, str):
                raise invalid_credentials()
            return GivenToken(mode="json", token=in_payload)
        if mode == "cookie":
            return GivenToken(mode="cookie", **self._in_cookie(self._refresh_cookie, headers))
        if mode == "session":
            return GivenToken(mode="session", **self._in_cookie(self._session_cookie, headers))
        raise invalid_payload(_MISSING)

    def _in_cookie(self, spec: CookieSpec, headers: Mapping[str, str]) -> dict[str, Any]:
        token = read_cookies(headers.get("cookie")).get(spec.name)
        if not token:
            raise invalid_payload(_MISSING)
        self._authenticator.refuse_foreign(headers, "POST")
        return {"token": token, "cookie": spec}

    def _session(self, token: str, context: RequestContext) -> str:
        """The session that a cookie names. Raises as `Tokens.read`; INVALID_CREDENTIALS for none."""
        claims = self._tokens.read(token, context.now)
        if claims is None or claims.session is None:
            raise invalid_credentials()
        return claims.session

    def _ended_session(self, token: str, context: RequestContext) -> str | None:
        """None for a cookie that is no good any more: its owner is out already."""
        try:
            return self._session(token, context)
        except CausewayError:
            return None

    def _handed(self, issued: Issued, headers: Mapping[str, str], context: RequestContext) -> Handed:
        tokens: dict[str, Any] = {"expires": int(issued.expires_in.total_seconds() * 1000)}
        if issued.mode == "session":
            cookie = set_cookie(self._session_cookie, issued.token, context.now, headers)
            return Handed(tokens=tokens, headers=(cookie,))
        if issued.mode == "cookie":
            cookie = set_cookie(self._refresh_cookie, issued.refresh_token, context.now, headers)
            return Handed(tokens={**tokens, "access_token": issued.token}, headers=(cookie,))
        return Handed(tokens={**tokens, "refresh_token": issued.refresh_token, "access_token": issued.token})
