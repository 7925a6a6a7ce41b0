"""`/auth/*` over HTTP: login, refresh and logout (see `gateway.auth_desk` for what goes where), lost
passwords.

Credentials that come along in a header are not looked at here: somebody with a stale token must be able to
log in. What is no JSON is no payload: no form of another site logs anybody in or out. Nothing is cached.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gateway.auth import context_of
from gateway.http import JSON, TEXT, Headers, HttpReply, HttpRequest
from gateway.state import Project
from resolvers.actors import Access
from resolvers.behaviors.credentials import read_login
from resolvers.context import PUBLIC
from resolvers.permissions import NOTHING
from rest_bridge.envelope import encode_json
from rest_bridge.json_body import parse_json
from schema_gen.errors import invalid_payload, route_not_found

_NOBODY: Final = Access(actor=PUBLIC, rules=NOTHING)
_NO_STORE: Final = ("cache-control", "no-store")
_ROUTES: Final[Mapping[str, str]] = {
    "/auth": "GET",
    "/auth/login": "POST",
    "/auth/refresh": "POST",
    "/auth/logout": "POST",
    "/auth/password/request": "POST",
    "/auth/password/reset": "POST",
}


async def auth_door(project: Project, request: HttpRequest) -> HttpReply:
    path = request.path.rstrip("/")
    allowed = _ROUTES.get(path)
    if request.method == "OPTIONS" and allowed is not None:
        return HttpReply(headers=(("content-type", TEXT), ("allow", allowed)), body=allowed.encode())
    if allowed == "GET" and request.method in ("GET", "HEAD"):
        return _reply({"data": [], "disableDefault": project.desk.disabled}, ())
    if allowed != request.method or (path == "/auth/login" and project.desk.disabled):
        raise route_not_found(request.path)
    return await _post(project, request, path)


async def _post(project: Project, request: HttpRequest, path: str) -> HttpReply:
    context = context_of(_NOBODY, request.headers, request.ip)
    payload = _payload(request)
    if path == "/auth/login":
        credentials, mode = read_login(payload)
        handed = await project.desk.log_in(credentials, mode, request.headers, context)
        return _reply({"data": handed.tokens}, handed.headers)
    fields: Mapping[str, Any] = payload if isinstance(payload, dict) else {}
    if path == "/auth/password/request":
        url = fields.get("reset_url")
        named = None if url is None else str(url)
        await project.password_reset.request(_filled(fields, "email"), named, context)
        return HttpReply(status=204, headers=(_NO_STORE,))
    if path == "/auth/password/reset":
        token, password = _filled(fields, "token"), _filled(fields, "password")
        await project.password_reset.reset(token, password, context)
        return HttpReply(status=204, headers=(_NO_STORE,))
    if path == "/auth/refresh":
        handed = await project.desk.refresh(fields, request.headers, context)
        return _reply({"data": handed.tokens}, handed.headers)
    cleared = await project.desk.log_out(fields, request.headers, context)
    return HttpReply(status=204, headers=(_NO_STORE, *cleared))


def _filled(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value:
        raise invalid_payload(f'"{name}" field is required')
    return value


def _payload(request: HttpRequest) -> object:
    if request.content_type != "application/json" or not request.body:
        return {}
    return parse_json(request.body)


def _reply(body: object, more: Headers) -> HttpReply:
    return HttpReply(headers=(("content-type", JSON), _NO_STORE, *more), body=encode_json(body))
