"""`/` and `/robots.txt`: where a visitor is sent, and what crawlers are told."""

from __future__ import annotations

from gateway.http import TEXT, HttpReply, HttpRequest
from gateway.state import Project
from schema_gen.errors import route_not_found


async def root_door(project: Project, request: HttpRequest) -> HttpReply:
    settings = project.settings
    if request.method in ("GET", "HEAD"):
        if request.path == "/robots.txt":
            return HttpReply(headers=(("content-type", TEXT),), body=settings.robots_txt.encode())
        if request.path == "/" and settings.root_redirect is not None:
            target = settings.root_redirect
            return HttpReply(
                status=302,
                headers=(("content-type", TEXT), ("location", target)),
                body=f"Found. Redirecting to {target}".encode(),
            )
    raise route_not_found(request.path)
