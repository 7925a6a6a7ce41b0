"""Requests that do something beyond writing items, as the mutations that they are.

POST /utils/cache/clear                          mutation { data: utils_cache_clear }                 200
POST /utils/revert/7                              mutation { data: utils_revert(revision: "7") }      204
POST /utils/sort/posts   {"item": 5, "to": 2}     mutation { data: utils_sort(collection: "posts",
                                                                              item: 5, to: 2) }       200
POST /users/me/tfa/enable  {"secret": .., "otp": ..}   mutation { data: users_me_tfa_enable(...) }        204
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from resolvers.context import RequestContext
from resolvers.engine import Engine
from resolvers.operation import Operation
from rest_bridge.bodies import read_body
from rest_bridge.envelope import envelope
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
from schema_gen.errors import invalid_credentials, invalid_payload, route_not_found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """`arguments`: name -> its type; `fields`: those of them that are texts of the body, all required.
    `selected`: what the answer tells. `signed_in`: for callers with a row of their own.
    """

    root: str
    status: int
    arguments: Mapping[str, str] = field(default_factory=dict)
    fields: tuple[str, ...] = ()
    selected: tuple[str, ...] = ()
    signed_in: bool = False


_CALLS: Final[Mapping[Utility, _Call]] = {
    "cache_clear": _Call(root="utils_cache_clear", status=200),
    "revert": _Call(root="utils_revert", status=204, arguments={"revision": "ID"}),
    "sort": _Call(
        root="utils_sort", status=200, arguments={"collection": "String", "item": "ID", "to": "ID"}
    ),
    "tfa_generate": _Call(
        root="users_me_tfa_generate",
        status=200,
        arguments={"password": "String"},
        fields=("password",),
        selected=("secret", "otpauth_url"),
        signed_in=True,
    ),
    "tfa_enable": _Call(
        root="users_me_tfa_enable",
        status=204,
        arguments={"secret": "String", "otp": "String"},
        fields=("secret", "otp"),
        signed_in=True,
    ),
    "tfa_disable": _Call(
        root="users_me_tfa_disable",
        status=204,
        arguments={"otp": "String"},
        fields=("otp",),
        signed_in=True,
    ),
    "track_page": _Call(
        root="users_me_track_page",
        status=204,
        arguments={"last_page": "String"},
        signed_in=True,
    ),
    "tfa_disable_of": _Call(root="users_tfa_disable", status=204, arguments={"user": "ID"}),
}


async def answer_utility(
    request: RestRequest, route: Route, engine: Engine, context: RequestContext
) -> RestResponse:
    """Raises what the request is refused for."""
    if route.utility is None or request.method not in route.methods:
        raise route_not_found(request.path)
    call = _CALLS[route.utility]
    if call.signed_in and context.actor.user is None:
        # before anything that was sent is looked at
        raise invalid_credentials()
    operation = utility_operation(route.utility, _given(request, route, call))
    (answered,) = (await engine.execute(operation, context)).roots
    if answered.error is not None:
        raise answered.error
    if call.selected:
        return RestResponse(status=call.status, body=envelope(answered.data))
    return RestResponse(status=call.status, headers=())


def _given(request: RestRequest, route: Route, call: _Call) -> Mapping[str, Any]:
    if route.utility == "revert":
        return {"revision": route.key}
    if route.utility == "tfa_disable_of":
        return {"user": route.key}
    if route.utility == "sort":
        return _move(request, route.collection)
    if route.utility == "track_page":
        return _page(request)
    return _texts(request, call.fields) if call.fields else {}


def utility_operation(name: Utility, given: Mapping[str, Any]) -> Operation:
    call = _CALLS[name]
    types = call.arguments
    root = field_node(
        call.root,
        alias="data",
        arguments=[argument(each, variable(each)) for each in types],
        below=[field_node(each) for each in call.selected] or None,
    )
    variables = [variable_definition(each, type_name, required=True) for each, type_name in types.items()]
    definition = mutation_definition(variables, (root,))
    return Operation(
        document=document(definition),
        definition=definition,
        scope="system",
        wire="rest",
        shape=("utility", name),
        variables=given,
    )


def _object(request: RestRequest) -> Mapping[str, Any]:
    body = read_body(request.body, request.content_type, request.headers.get("content-encoding", ""))
    if not isinstance(body, dict):
        raise invalid_payload('"value" must be of type object')
    return body


def _texts(request: RestRequest, names: tuple[str, ...]) -> dict[str, str]:
    body = _object(request)
    for name in names:
        if name not in body:
            raise invalid_payload(f'"{name}" is required')
        if not isinstance(body[name], str):
            raise invalid_payload(f'"{name}" must be a string')
    return {name: body[name] for name in names}


def _page(request: RestRequest) -> dict[str, str]:
    body = read_body(request.body, request.content_type, request.headers.get("content-encoding", ""))
    page = body.get("last_page") if isinstance(body, dict) else None
    if not page:
        raise invalid_payload('"last_page" key is required')
    if not isinstance(page, str):
        raise invalid_payload('"last_page" must be a string')
    return {"last_page": page}


def _move(request: RestRequest, collection: str) -> dict[str, Any]:
    """What a body says of the move, in the sentences of the protocol."""
    body = _object(request)
    for name in ("item", "to"):
        if name not in body:
            raise invalid_payload(f'"{name}" is required')
        if isinstance(body[name], bool) or not isinstance(body[name], (str, int, float)):
            raise invalid_payload(f'"{name}" must be one of [string, number]')
    for name in body:
        if name not in ("item", "to"):
            raise invalid_payload(f'"{name}" is not allowed')
    return {"collection": collection, "item": body["item"], "to": body["to"]}
