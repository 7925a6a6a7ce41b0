"""Requests of collections, fields and relations as the operations that they are: one internal root each.

    GET /collections            query { data: structure_collections }
    GET /fields/articles/title  query ($collection: String!, $field: String!) {
                                  data: structure_field(collection: $collection, field: $field)
                                }

`ROUTES` is the one table: method and pattern -> the root that answers, and the status of the answer. What a
root takes comes from the parts of the path, from the body (`payload`) and from the query string
(`concurrently`, `force`), as far as its signature names them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from graphql import OperationDefinitionNode, VariableDefinitionNode, parse_type

from resolvers.context import RequestContext
from resolvers.engine import Engine
from resolvers.operation import Operation
from resolvers.structure.signatures import INTERNAL
from rest_bridge.bodies import read_body
from rest_bridge.envelope import envelope
from rest_bridge.export import export
from rest_bridge.message import RestRequest, RestResponse
from rest_bridge.query import Query
from rest_bridge.query_string import parse_query_string
from rest_bridge.schema_files import read_upload
from rest_bridge.search_body import read_search
from rest_bridge.syntax import (
    argument,
    document,
    field_node,
    mutation_definition,
    query_definition,
    variable,
)
from schema_gen.errors import forbidden, route_not_found

#: (method, pattern) -> (root, status of its answer); HEAD is answered as GET
ROUTES: Final[Mapping[tuple[str, str], tuple[str, int]]] = {
    ("GET", "collections"): ("structure_collections", 200),
    ("SEARCH", "collections"): ("structure_collections", 200),
    ("POST", "collections"): ("structure_create_collections", 200),
    ("PATCH", "collections"): ("structure_update_collections", 200),
    ("GET", "collections/:collection"): ("structure_collection", 200),
    ("PATCH", "collections/:collection"): ("structure_update_collection", 200),
    ("DELETE", "collections/:collection"): ("structure_delete_collection", 204),
    ("GET", "fields"): ("structure_fields", 200),
    ("GET", "fields/:collection"): ("structure_fields_of", 200),
    ("POST", "fields/:collection"): ("structure_create_field", 200),
    ("PATCH", "fields/:collection"): ("structure_update_fields", 200),
    ("GET", "fields/:collection/:field"): ("structure_field", 200),
    ("PATCH", "fields/:collection/:field"): ("structure_update_field", 200),
    ("DELETE", "fields/:collection/:field"): ("structure_delete_field", 204),
    ("GET", "relations"): ("structure_relations", 200),
    ("POST", "relations"): ("structure_create_relation", 200),
    ("GET", "relations/:collection"): ("structure_relations_of", 200),
    ("GET", "relations/:collection/:field"): ("structure_relation", 200),
    ("PATCH", "relations/:collection/:field"): ("structure_update_relation", 200),
    ("DELETE", "relations/:collection/:field"): ("structure_delete_relation", 204),
    ("GET", "schema/snapshot"): ("structure_snapshot", 200),
    ("POST", "schema/diff"): ("structure_compare", 200),
    ("POST", "schema/apply"): ("structure_apply", 204),
}
#: how deep the paths below a first segment go
_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "collections": ("collection",),
    "fields": ("collection", "field"),
    "relations": ("collection", "field"),
    "schema": ("document",),
}
#: the data model as a document, with names instead of parts
_DOCUMENTS: Final = frozenset({"snapshot", "diff", "apply"})
#: what is answered with 204 where the answer is nothing
_NOTHING: Final = frozenset({"structure_apply", "structure_compare"})
#: the first segments of paths that are answered here
HEADS: Final = frozenset(_PARTS)
_ORDER: Final = ("POST", "SEARCH", "GET", "HEAD", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """`pattern` as in `ROUTES`; `given`: what the path says of its parts."""

    pattern: str
    given: Mapping[str, str] = field(default_factory=dict)

    @property
    def methods(self) -> tuple[str, ...]:
        known = {method for method, pattern in ROUTES if pattern == self.pattern}
        return tuple(method for method in _ORDER if method in known or (method == "HEAD" and "GET" in known))


def find_place(path: str) -> Place:
    """`path` percent-encoded. Raises ROUTE_NOT_FOUND."""
    head, *rest = path.strip("/").split("/")
    names = _PARTS[head][: len(rest)]
    if len(names) < len(rest) or not all(rest):
        raise route_not_found(path)
    if head == "schema":
        if rest and rest[0] not in _DOCUMENTS:
            raise route_not_found(path)
        return Place(pattern="/".join((head, *rest)))
    pattern = "/".join((head, *(f":{name}" for name in names)))
    return Place(pattern=pattern, given={name: unquote(part) for name, part in zip(names, rest, strict=True)})


async def answer_structure(
    request: RestRequest, place: Place, query: Query, engine: Engine, context: RequestContext
) -> RestResponse:
    """Raises what the request is refused for."""
    method = "GET" if request.method == "HEAD" else request.method
    found = ROUTES.get((method, place.pattern))
    if found is None:
        raise route_not_found(request.path)
    root, status = found
    if INTERNAL[root].admin_only and not context.rules.admin:
        # before anything that was sent is looked at
        raise forbidden()
    given = await _given(root, request, place)
    outcome = await engine.execute(structure_operation(root, given), context)
    (answered,) = outcome.roots
    if answered.error is not None:
        raise answered.error
    if status == 204 or (root in _NOTHING and answered.data in (None, b"null")):
        return RestResponse(status=204, headers=())
    if query.export is not None:
        # a document is exported without a name of its own (protocol)
        name = "Export" if root == "structure_snapshot" else place.given.get("collection", place.pattern)
        return export(answered.data or b"null", query.export, name, "collection", context.now)
    return RestResponse(status=status, body=envelope(answered.data))


def structure_operation(root: str, given: Mapping[str, Any]) -> Operation:
    """`given`: values of the arguments of the root, as far as there are any."""
    signature = INTERNAL[root]
    names = [name for name in signature.arguments if name in given]
    node = field_node(root, alias="data", arguments=[argument(name, variable(name)) for name in names])
    variables = [_definition(name, signature.arguments[name]) for name in names]
    definition: OperationDefinitionNode = (
        mutation_definition(variables, (node,))
        if signature.kind == "mutation"
        else query_definition(variables, (node,))
    )
    return Operation(
        document=document(definition),
        definition=definition,
        scope="system",
        wire="rest",
        shape=("structure", root, tuple(names)),
        variables={name: given[name] for name in names},
    )


def _definition(name: str, type_name: str) -> VariableDefinitionNode:
    return VariableDefinitionNode(
        variable=variable(name), type=parse_type(type_name), default_value=None, directives=()
    )


async def _given(root: str, request: RestRequest, place: Place) -> Mapping[str, Any]:
    arguments = INTERNAL[root].arguments
    given: dict[str, Any] = {name: value for name, value in place.given.items() if name in arguments}
    if "keys" in arguments and request.method == "SEARCH":
        given |= _keys(request.body)
    if "payload" in arguments:
        coding = request.headers.get("content-encoding", "")
        if root in _NOTHING:
            sent = (request.body, request.content_type, coding)
            # files of YAML are long to read
            given["payload"] = await asyncio.to_thread(read_upload, *sent)
        else:
            given["payload"] = read_body(request.body, request.content_type, coding)
    for name, parameter in (("concurrently", "concurrentIndexCreation"), ("force", "force")):
        if name in arguments:
            given[name] = _flag(request.query_string, parameter)
    return given


def _flag(raw: bytes, name: str) -> bool:
    """`?force` says the same as `?force=true`."""
    return parse_query_string(raw).get(name, "false") not in ("false", "0")


def _keys(body: bytes) -> Mapping[str, Any]:
    """Which collections are searched for; all of them without a word."""
    keys = read_search(body).keys if body else None
    return {} if keys is None else {"keys": [str(key) for key in keys]}
