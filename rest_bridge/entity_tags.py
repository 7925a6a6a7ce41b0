"""Versions of single items in HTTP: `ETag` of what is read and written, 304 for what the client has.

    GET /items/articles/1?fields=title      ETag: "5c1f..."
    the same with If-None-Match: "5c1f..."  304, until the title changes
    PATCH with If-Match: "5c1f..."          412, once it has changed (see `preconditions`)

A tag belongs to a URL: it changes whenever the answer would.
"""

from __future__ import annotations

from typing import Final

from resolvers.versions import version_of
from rest_bridge.message import JSON_HEADERS, RestRequest, RestResponse
from rest_bridge.preconditions import ANY, read_tags
from schema_gen.errors import CausewayError

Headers = tuple[tuple[str, str], ...]

_TAG: Final = "etag"


def headers_of(data: bytes | None, single: bool) -> Headers:
    """Headers of an answer in JSON; `single`: of one item."""
    if not single or data is None:
        return JSON_HEADERS
    return (*JSON_HEADERS, (_TAG, f'"{version_of(data)}"'))


def unchanged(response: RestResponse, request: RestRequest) -> RestResponse:
    """304 in place of what the client has already. A header that is none is passed over, as HTTP wants."""
    known = request.headers.get("if-none-match")
    if known is None or len(response.headers) < 2 or response.headers[1][0] != _TAG:
        return response
    try:
        tags = read_tags(known) or ()
    except CausewayError:
        return response
    if tags == ANY or response.headers[1][1].strip('"') in tags:
        return RestResponse(status=304, headers=response.headers[1:])
    return response
