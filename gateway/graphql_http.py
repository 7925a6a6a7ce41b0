"""The GraphQL door: `/graphql` for user collections, `/graphql/system` for the system's.

    POST {"query", "variables", "operationName"}     queries and mutations, JSON only
    GET  ?query=&variables=&operationName=           queries; a browser without `query` gets the explorer

    200 {"data": {...}}                              as the database wrote it, spliced and not parsed
    200 {"data": {...}, "errors": [...]}             a root failed; the others stand
    400 {"errors": [{... "GRAPHQL_VALIDATION"}]}     the document or its variables are wrong

Only JSON bodies are read: a form on another site's page can send the others without being asked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import parse_qsl

from gateway.auth import authenticate
from gateway.explorer import assets_door
from gateway.http import JSON, HttpReply, HttpRequest
from gateway.state import Project
from resolvers.context import Exchange, RequestContext
from resolvers.documents import Prepared
from resolvers.operation import Outcome, RootResult
from resolvers.variables import MAX_LEVELS, too_deep
from rest_bridge.envelope import encode_json
from rest_bridge.json_body import parse_json
from schema_gen.errors import (
    CausewayError,
    each,
    graphql_execution,
    graphql_validation,
    invalid_payload,
    invalid_query,
    method_not_allowed,
    route_not_found,
    unsupported_media_type,
)
from schema_gen.naming import Scope

_SCOPES: Final[Mapping[str, Scope]] = {"/graphql": "items", "/graphql/system": "system"}
_HEADERS: Final = (("content-type", JSON),)
_NO_STORE: Final = ("cache-control", "no-store")
_NOT_AN_OBJECT: Final = (
    "Variables must be provided as an Object where each property is a variable value. "
    "Perhaps look to see if an unparsed JSON string was provided."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphqlRequest:
    query: str
    variables: Mapping[str, Any]
    operation_name: str | None


async def graphql_door(project: Project, request: HttpRequest) -> HttpReply:
    """Raises what concerns the request as a whole; what concerns one root is in the reply."""
    path = request.path
    scope = _SCOPES.get(path) or _SCOPES.get(path.rstrip("/"))
    if scope is None:
        raise route_not_found(path)
    if request.method not in ("GET", "POST"):
        raise method_not_allowed(request.method, ("GET", "POST"))
    if request.method == "GET" and _wants_page(request):
        return project.explorer.page(f"{request.headers.get('host', '')}{path}")
    context = await authenticate(project, request.headers, request.query_string, request.ip, request.method)
    return await graphql_endpoint(project, context, request, scope)


async def explorer_door(project: Project, request: HttpRequest) -> HttpReply:
    """The explorer's files."""
    return await assets_door(project.explorer, request)


async def graphql_endpoint(
    project: Project, context: RequestContext, request: HttpRequest, scope: Scope
) -> HttpReply:
    """The answer for a caller who is known."""
    service = project.graphql
    place = None
    if request.method == "POST":
        place = service.place(request.body, request.headers.get("content-type", ""), scope, context)
        known = service.known(place)
        if known is not None:
            return HttpReply(
                headers=_HEADERS, body=render(await service.again(known, context), known.prepared)
            )
        asked = read_post(request)
    else:
        asked = read_get(request.query_string)
    prepared = await service.prepare(asked.query, asked.operation_name, scope, context)
    if not prepared.is_mutation:
        outcome = await service.run(prepared, asked.variables, context, place)
        return HttpReply(headers=_HEADERS, body=render(outcome, prepared))
    if request.method == "GET":
        raise method_not_allowed("GET", ("POST",))
    exchange = Exchange(headers=request.headers)
    outcome = await service.run(prepared, asked.variables, replace(context, exchange=exchange))
    return HttpReply(headers=(*_HEADERS, _NO_STORE, *exchange.reply), body=render(outcome, prepared))


# --- the request --------------------------------------------------------------------------------------------


def read_post(request: HttpRequest) -> GraphqlRequest:
    """Raises UNSUPPORTED_MEDIA_TYPE, INVALID_PAYLOAD, GRAPHQL_EXECUTION, GRAPHQL_VALIDATION."""
    if request.content_type != "application/json":
        raise unsupported_media_type(request.content_type, "content-type header")
    payload = parse_json(request.body)
    return _read(payload if isinstance(payload, dict) else {}, request.body)


def read_get(query_string: bytes) -> GraphqlRequest:
    """Raises INVALID_PAYLOAD, INVALID_QUERY, GRAPHQL_EXECUTION, GRAPHQL_VALIDATION."""
    payload: dict[str, Any] = dict(parse_qsl(query_string.decode("latin-1"), keep_blank_values=True))
    text = payload.get("variables") or "{}"
    try:
        payload["variables"] = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise invalid_query("Variables are invalid JSON") from error
    return _read(payload, text.encode())


def _read(payload: dict[str, Any], body: bytes) -> GraphqlRequest:
    query = payload.get("query")
    if not isinstance(query, str) or not query:
        raise invalid_payload("Must provide query string")
    variables = payload.get("variables")
    if variables is None:
        variables = {}
    elif not isinstance(variables, dict):
        raise graphql_execution([_NOT_AN_OBJECT])
    # only a body with that many brackets can go so deep
    elif body.count(b"{") + body.count(b"[") > MAX_LEVELS and too_deep(variables):
        raise graphql_validation([{"message": "Variable values are nested too deeply."}])
    name = payload.get("operationName") or None
    return GraphqlRequest(
        query=query, variables=variables, operation_name=name if name is None else str(name)
    )


def _wants_page(request: HttpRequest) -> bool:
    return "text/html" in request.headers.get("accept", "") and b"query=" not in request.query_string


# --- the reply ----------------------------------------------------------------------------------------------


def render(outcome: Outcome, prepared: Prepared) -> bytes:
    """`data` first, then `errors`. No `data` where a root that may not be null failed."""
    parts: list[bytes] = []
    failed: list[RootResult] = []
    separator = b'{"data":{'
    for root in outcome.roots:
        parts += (separator, prepared.prefixes[root.key], root.data or b"null")
        separator = b","
        if root.error is not None:
            failed.append(root)
    if not parts:
        return b'{"data":{}}'
    if not failed:
        return b"".join((*parts, b"}}"))
    errors = b'"errors":' + encode_json([told for root in failed for told in _told(root, prepared)])
    if any(prepared.roots[root.key].required for root in failed):
        return b"{" + errors + b"}"
    return b"".join((*parts, b"},", errors, b"}"))


def _told(root: RootResult, prepared: Prepared) -> list[dict[str, Any]]:
    """One entry for each refusal of the root."""
    if not isinstance(root.error, CausewayError):
        raise TypeError("a root fails with a refusal") from root.error
    return [
        {
            "message": error.message,
            "extensions": {"code": error.code, **error.extensions},
            "locations": prepared.roots[root.key].locations,
            "path": [root.key],
        }
        for error in each(root.error)
    ]
