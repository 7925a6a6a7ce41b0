"""The REST door: who asks is decided here, everything else by the bridge.

HttpRequest ─ authenticate ─> RestRequest + RequestContext ─ bridge ─> RestResponse
"""

from __future__ import annotations

from gateway.auth import authenticate
from gateway.http import HttpRequest
from gateway.state import Project
from rest_bridge.message import RestRequest, RestResponse


async def rest_door(project: Project, request: HttpRequest) -> RestResponse:
    context = await authenticate(project, request.headers, request.query_string, request.ip, request.method)
    asked = RestRequest(
        method=request.method,
        path=request.raw_path.decode("latin-1"),
        query_string=request.query_string,
        body=request.body,
        content_type=request.headers.get("content-type", ""),
        headers=request.headers,
    )
    return await project.bridge.handle(asked, context)
