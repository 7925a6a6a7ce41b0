"""Requests under `/utils` as the mutations that they are.

POST /utils/cache/clear                          mutation { data: utils_cache_clear }                 200
POST /utils/revert/7                              mutation { data: utils_revert(revision: "7") }      204
POST /utils/sort/posts   {"item": 5, "to": 2}     mutation { data: utils_sort(collection: "posts",
                                                                              item: 5, to: 2) }       200
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from resolvers.context import RequestContext
from resolvers.engine import Engine
from resolvers.operation import Operation
from rest_bridge.bodies import read_body
from rest_bridge.message import RestRequest, RestResponse
from rest_bridge.routes import Route, Utility
from rest_bridge.syntax import (
    argument,
    document,
    field_node,
    mutation_definition,
    variable,
    variable_definition,
)
from schema_gen.errors import invalid_payload, route_not_found

#: argument -> its type
_ARGUMENTS: Final[Mapping[Utility, Mapping[str, str]]] = {
    "cache_clear": {},
    "revert": {"revision": "ID"},
    "sort": {"collection": "String", "item": "ID", "to": "ID"},
}
_STATUS: Final[Mapping[Utility, int]] = {"cache_clear": 200, "revert": 204, "sort": 200}


async def answer_utility(
    request: RestRequest, route: Route, engine: Engine, context: RequestContext
) -> RestResponse:
    """Raises what the request is refused for."""
    if route.utility is None or request.method not in route.methods:
        raise route_not_found(request.path)
    outcome = await engine.execute(utility_operation(route.utility, _given(request, route)), context)
    if outcome.roots[0].error is not None:
        raise outcome.roots[0].error
    return RestResponse(status=_STATUS[route.utility], headers=())


def _given(request: RestRequest, route: Route) -> Mapping[str, Any]:
    if route.utility == "revert":
        return {"revision": route.key}
    return _move(request, route.collection) if route.utility == "sort" else {}


def utility_operation(name: Utility, given: Mapping[str, Any]) -> Operation:
    types = _ARGUMENTS[name]
    root = field_node(
        f"utils_{name}", alias="data", arguments=[argument(each, variable(each)) for each in types]
    )
    variables = [variable_definition(each, type_name, required=True) for each, type_name in types.items()]
    definition = mutation_definition(variables, (root,))
    return Operation(
        document=document(definition),
        definition=definition,
        scope="system",
        wire="rest",
        shape=("utils", name),
        variables=given,
    )


def _move(request: RestRequest, collection: str) -> dict[str, Any]:
    """What a body says of the move, in the sentences of the protocol."""
    body = read_body(request.body, request.content_type, request.headers.get("content-encoding", ""))
    if not isinstance(body, dict):
        raise invalid_payload('"value" must be of type object')
    for name in ("item", "to"):
        if name not in body:
            raise invalid_payload(f'"{name}" is required')
        if isinstance(body[name], bool) or not isinstance(body[name], (str, int, float)):
            raise invalid_payload(f'"{name}" must be one of [string, number]')
    for name in body:
        if name not in ("item", "to"):
            raise invalid_payload(f'"{name}" is not allowed')
    return {"collection": collection, "item": body["item"], "to": body["to"]}
