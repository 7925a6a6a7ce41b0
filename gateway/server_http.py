"""`/server/*`: is it alive, what is it, how is it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gateway.auth import authenticate
from gateway.http import HTML, JSON, HttpReply, HttpRequest
from gateway.state import Project
from resolvers.behaviors.server import PONG
from rest_bridge.envelope import encode_json
from rest_bridge.export import attachment
from schema_gen.errors import route_not_found
from schema_gen.naming import Scope

_PONG: Final = HttpReply(headers=(("content-type", HTML),), body=PONG.encode())
_SPECS: Final[Mapping[str, Scope]] = {
    "/server/specs/graphql": "items",
    "/server/specs/graphql/items": "items",
    "/server/specs/graphql/system": "system",
}
_HEALTH: Final = "application/health+json; charset=utf-8"


async def server_door(project: Project, request: HttpRequest) -> HttpReply:
    path = request.path.rstrip("/")
    if request.method not in ("GET", "HEAD"):
        raise route_not_found(request.path)
    if path == "/server/ping":
        return _PONG
    if path == "/server/info":
        return await _info(project, request)
    if path == "/server/health" and project.settings.healthcheck_enabled:
        return await _health(project, request)
    if path == "/server/specs/oas" and project.settings.openapi_enabled:
        return await _openapi(project, request)
    scope = _SPECS.get(path)
    if scope is not None and project.settings.graphql_introspection:
        return await _specs(project, request, scope)
    raise route_not_found(request.path)


async def _openapi(project: Project, request: HttpRequest) -> HttpReply:
    """The REST API that the caller sees; not wrapped in `data` (protocol)."""
    context = await authenticate(project, request.headers, request.query_string, request.ip)
    body = await project.specifications.openapi(context)
    return HttpReply(headers=(("content-type", JSON),), body=body)


async def _specs(project: Project, request: HttpRequest, scope: Scope) -> HttpReply:
    """The GraphQL schema that the caller sees, as a file that is called after the project."""
    context = await authenticate(project, request.headers, request.query_string, request.ip)
    text = await project.graphql.sdl(scope, context)
    info = await project.server.info(context)
    name = f"{info['project']['project_name']}_{context.now:%Y-%m-%d}.graphql"
    headers = (
        ("content-type", "application/octet-stream; charset=utf-8"),
        ("content-disposition", attachment(name)),
    )
    return HttpReply(headers=headers, body=text.encode())


async def _info(project: Project, request: HttpRequest) -> HttpReply:
    context = await authenticate(project, request.headers, request.query_string, request.ip)
    info = await project.server.info(context)
    return HttpReply(headers=(("content-type", JSON),), body=encode_json({"data": info}))


async def _health(project: Project, request: HttpRequest) -> HttpReply:
    context = await authenticate(project, request.headers, request.query_string, request.ip)
    health = await project.server.health(context)
    status = 503 if health["status"] == "error" else 200
    return HttpReply(status=status, headers=(("content-type", _HEALTH),), body=encode_json(health))
