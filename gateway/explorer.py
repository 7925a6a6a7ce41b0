"""The explorer page at GET `/graphql` and `/graphql/system`, for browsers."""

from __future__ import annotations

from gateway.http import HTML, HttpReply
from schema_gen.naming import Scope


def explorer_page(scope: Scope) -> HttpReply:
    return HttpReply(headers=(("content-type", HTML),), body=b"")
