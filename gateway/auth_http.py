"""`/auth/*`: login, refresh and logout over HTTP; what is issued goes out in the body or in cookies.

    json      {"expires", "refresh_token", "access_token"}
    cookie    {"expires", "access_token"}   + cookie with the refresh token
    session   {"expires"}                   + cookie with a token that names the session

Credentials that come along in a header are not looked at here: somebody with a stale token must be able to
log in. A cookie is believed only from a page of ours (see `Authenticator.refuse_foreign`). Nothing is cached.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.auth import context_of
from gateway.cookies import CookieSpec, clear_cookie, read_cookies, refresh_cookie, session_cookie, set_cookie
from gateway.http import JSON, TEXT, Headers, HttpReply, HttpRequest
from gateway.json_body import parse_json
from gateway.state import Project
from resolvers.actors import Access
from resolvers.behaviors.auth import Issued
from resolvers.behaviors.credentials import Mode, read_login
from resolvers.context import PUBLIC, RequestContext
from resolvers.permissions import NOTHING
from schema_gen.errors import CausewayError, invalid_credentials, invalid_payload, route_not_found

_NOBODY: Final = Access(actor=PUBLIC, rules=NOTHING)
_NO_STORE: Final = ("cache-control", "no-store")
_MISSING: Final = "The refresh token is required in either the payload or cookie"
_ROUTES: Final[Mapping[str, str]] = {
    "/auth": "GET",
    "/auth/login": "POST",
    "/auth/refresh": "POST",
    "/auth/logout": "POST",
}


async def auth_door(project: Project, request: HttpRequest) -> HttpReply:
    path = request.path.rstrip("/")
    allowed = _ROUTES.get(path)
    if request.method == "OPTIONS" and allowed is not None:
        return HttpReply(headers=(("content-type", TEXT), ("allow", allowed)), body=allowed.encode())
    if allowed == "GET" and request.method in ("GET", "HEAD"):
        return _reply({"data": [], "disableDefault": project.settings.auth_disable_default}, ())
    if allowed != request.method:
        raise route_not_found(request.path)
    context = context_of(_NOBODY, request.headers, request.ip)
    payload = _payload(request)
    if path == "/auth/login":
        return await _login(project, request, payload, context)
    if path == "/auth/refresh":
        return await _refresh(project, request, payload, context)
    return await _logout(project, request, payload, context)


async def _login(
    project: Project, request: HttpRequest, payload: object, context: RequestContext
) -> HttpReply:
    if project.settings.auth_disable_default:
        raise route_not_found(request.path)
    credentials, mode = read_login(payload)
    issued = await project.login.login(credentials, mode, context)
    return _reply({"data": tokens_of(issued)}, cookies_of(project, issued, context))


async def _refresh(
    project: Project, request: HttpRequest, payload: object, context: RequestContext
) -> HttpReply:
    given = find_token(project, request.headers, payload)
    if given.cookie is not None:
        project.authenticator.refuse_foreign(request.headers, request.method)
    try:
        token = session_of(project, given.token, context) if given.mode == "session" else given.token
        issued = await project.login.refresh(token, given.mode, context)
    except CausewayError as error:
        if given.cookie is None or error.status not in (401, 403):
            raise
        name, value = clear_cookie(given.cookie, context.now)
        raise CausewayError(error.code, error.message, error.extensions, headers={name: value}) from error
    return _reply({"data": tokens_of(issued)}, cookies_of(project, issued, context))


async def _logout(
    project: Project, request: HttpRequest, payload: object, context: RequestContext
) -> HttpReply:
    given = find_token(project, request.headers, payload)
    if given.cookie is not None:
        project.authenticator.refuse_foreign(request.headers, request.method)
    await end_login(project, given, context)
    headers = () if given.cookie is None else (clear_cookie(given.cookie, context.now),)
    return HttpReply(status=204, headers=(_NO_STORE, *headers))


# --- what the mutations share ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenToken:
    """`cookie`: where the token came from, None for the payload. In session mode `token` is a signed one."""

    mode: Mode
    token: str
    cookie: CookieSpec | None


def find_token(project: Project, headers: Mapping[str, str], payload: object) -> GivenToken:
    """Without `mode` a token in the payload wins over one in the cookie. Raises INVALID_PAYLOAD for none."""
    fields: Mapping[str, Any] = payload if isinstance(payload, dict) else {}
    in_payload = fields.get("refresh_token")
    mode = fields.get("mode") or ("json" if in_payload else "cookie")
    if mode == "json" and in_payload:
        if not isinstance(in_payload, str):
            raise invalid_credentials()
        return GivenToken(mode="json", token=in_payload, cookie=None)
    specs: dict[str, CookieSpec] = {
        "cookie": refresh_cookie(project.settings),
        "session": session_cookie(project.settings),
    }
    spec = specs.get(mode) if isinstance(mode, str) else None
    token = read_cookies(headers.get("cookie")).get(spec.name) if spec is not None else None
    if spec is None or not token:
        raise invalid_payload(_MISSING)
    return GivenToken(mode="session" if mode == "session" else "cookie", token=token, cookie=spec)


def session_of(project: Project, token: str, context: RequestContext) -> str:
    """The session that a cookie names. Raises as `Tokens.read`, INVALID_CREDENTIALS where it names none."""
    claims = project.tokens.read(token, context.now)
    if claims is None or claims.session is None:
        raise invalid_credentials()
    return claims.session


async def end_login(project: Project, given: GivenToken, context: RequestContext) -> None:
    """A cookie that is no good any more ends nothing; its owner is out already."""
    token = given.token
    if given.mode == "session":
        try:
            token = session_of(project, token, context)
        except CausewayError:
            return
    await project.login.logout(token, context)


def tokens_of(issued: Issued) -> dict[str, Any]:
    """What goes into the body; `expires` in milliseconds."""
    tokens: dict[str, Any] = {"expires": int(issued.expires_in.total_seconds() * 1000)}
    if issued.mode == "json":
        tokens["refresh_token"] = issued.refresh_token
    if issued.mode != "session":
        tokens["access_token"] = issued.token
    return tokens


def cookies_of(project: Project, issued: Issued, context: RequestContext) -> Headers:
    if issued.mode == "cookie":
        return (set_cookie(refresh_cookie(project.settings), issued.refresh_token, context.now),)
    if issued.mode == "session":
        return (set_cookie(session_cookie(project.settings), issued.token, context.now),)
    return ()


def _payload(request: HttpRequest) -> object:
    """What is no JSON is no payload: a form of another site cannot log anybody in or out."""
    if request.content_type != "application/json" or not request.body:
        return {}
    return parse_json(request.body)


def _reply(body: object, more: Headers) -> HttpReply:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return HttpReply(headers=(("content-type", JSON), _NO_STORE, *more), body=text)
