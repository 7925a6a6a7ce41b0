"""`/server/*`: is it alive, what is it, how is it."""

from __future__ import annotations

from typing import Final

from gateway.http import HTML, HttpReply, HttpRequest
from gateway.state import Project
from schema_gen.errors import route_not_found

_PONG: Final = HttpReply(headers=(("content-type", HTML),), body=b"pong")


async def server_door(project: Project, request: HttpRequest) -> HttpReply:
    if request.path == "/server/ping" and request.method in ("GET", "HEAD"):
        return _PONG
    raise route_not_found(request.path)
