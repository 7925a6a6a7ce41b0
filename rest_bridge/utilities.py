"""Requests that do something beyond writing items, as the mutations that they are.

POST /utils/cache/clear                          mutation { data: utils_cache_clear }                 200
POST /utils/revert/7                              mutation { data: utils_revert(revision: "7") }      204
POST /utils/sort/posts   {"item": 5, "to": 2}     mutation { data: utils_sort(collection: "posts",
                                                                              item: 5, to: 2) }       200
POST /users/me/tfa/enable  {"secret": .., "otp": ..}   mutation { data: users_me_tfa_enable(...) }        204
GET /users/me/sessions                            query { data: users_me_sessions { id ... } }        200
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from graphql import FieldNode

from resolvers.context import RequestContext
from resolvers.engine import Engine
from resolvers.operation import Operation
from resolvers.secrets import LONGEST_RANDOM
from resolvers.why.telling import SELECTED
from rest_bridge.bodies import read_body
from rest_bridge.envelope import envelope
from rest_bridge.message import RestRequest, RestResponse
from rest_bridge.query_string import parse_query_string
from rest_bridge.routes import Route, Utility
from rest_bridge.syntax import (
    argument,
    document,
    field_node,
    mutation_definition,
    query_definition,
    variable,
    variable_definition,
)
from schema_gen.errors import invalid_credentials, invalid_payload, invalid_query, route_not_found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """`arguments`: name -> its type; `fields`: those of them that are texts of the body, all required; `key`:
    the one that is the end of the path. `selected`: what the answer tells, the names below an object of it
    after a dot; `told`: it is one value. `signed_in`: for callers with a row of their own.
    """

    root: str
    status: int
    arguments: Mapping[str, str] = field(default_factory=dict)
    fields: tuple[str, ...] = ()
    key: str | None = None
    selected: tuple[str, ...] = ()
    signed_in: bool = False
    told: bool = False
    kind: Literal["query", "mutation"] = "mutation"
    #: texts, but for one flag
    optional: Mapping[str, str] = field(default_factory=dict)


#: of the settings
_OWNER: Final = ("project_owner", "project_usage", "org_name", "product_updates")
#: of a length that is looked at
_DIGITS: Final = 9
_CALLS: Final[Mapping[Utility, _Call]] = {
    "cache_clear": _Call(root="utils_cache_clear", status=200),
    "revert": _Call(root="utils_revert", status=204, arguments={"revision": "ID"}, key="revision"),
    "sort": _Call(
        root="utils_sort", status=200, arguments={"collection": "String", "item": "ID", "to": "ID"}
    ),
    "random": _Call(root="utils_random_string", status=200, optional={"length": "Int"}, told=True),
    # a change of the settings like any other: nobody else is told
    "owner": _Call(root="update_settings", status=204, arguments={"payload": "JSON"}),
    "hash_generate": _Call(
        root="utils_hash_generate",
        status=200,
        arguments={"string": "String"},
        fields=("string",),
        told=True,
    ),
    "hash_verify": _Call(
        root="utils_hash_verify",
        status=200,
        arguments={"string": "String", "hash": "String"},
        fields=("string", "hash"),
        told=True,
    ),
    "simulate": _Call(
        root="permissions_simulate",
        status=200,
        kind="query",
        arguments={"action": "String", "collection": "String"},
        optional={
            "item": "ID",
            "field": "String",
            "user": "String",
            "role": "String",
            "public": "Boolean",
            "ip": "String",
        },
        selected=SELECTED,
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
    "tfa_disable_of": _Call(root="users_tfa_disable", status=204, arguments={"user": "ID"}, key="user"),
    "sessions": _Call(
        root="users_me_sessions",
        status=200,
        selected=("id", "current", "expires", "ip", "user_agent", "origin"),
        signed_in=True,
        kind="query",
    ),
    "sessions_end": _Call(root="delete_users_me_sessions", status=204, signed_in=True),
    "session_end": _Call(
        root="delete_users_me_session", status=204, arguments={"id": "ID"}, key="id", signed_in=True
    ),
}
#: where methods of one path are different calls
_BY_METHOD: Final[Mapping[tuple[Utility, str], Utility]] = {("sessions", "DELETE"): "sessions_end"}


async def answer_utility(
    request: RestRequest, route: Route, engine: Engine, context: RequestContext
) -> RestResponse:
    """Raises what the request is refused for."""
    if route.utility is None or request.method not in route.methods:
        raise route_not_found(request.path)
    name = _BY_METHOD.get((route.utility, request.method), route.utility)
    call = _CALLS[name]
    if call.signed_in and context.actor.user is None:
        # before anything that was sent is looked at
        raise invalid_credentials()
    operation = utility_operation(name, _given(request, route, call))
    (answered,) = (await engine.execute(operation, context)).roots
    if answered.error is not None:
        raise answered.error
    if call.selected or call.told:
        return RestResponse(status=call.status, body=envelope(answered.data))
    return RestResponse(status=call.status, headers=())


def _given(request: RestRequest, route: Route, call: _Call) -> Mapping[str, Any]:
    if call.key is not None:
        return {call.key: route.key}
    if route.utility == "sort":
        return _move(request, route.collection)
    if route.utility == "track_page":
        return _page(request)
    if route.utility == "owner":
        return {"payload": _owner(request)}
    if route.utility == "random":
        return {"length": _length(request)}
    if route.utility == "simulate":
        return _question(request, call)
    return _texts(request, call.fields) if call.fields else {}


def utility_operation(name: Utility, given: Mapping[str, Any]) -> Operation:
    call = _CALLS[name]
    types = call.arguments
    root = field_node(
        call.root,
        alias="data",
        arguments=[argument(each, variable(each)) for each in (*types, *call.optional)],
        below=_below(call.selected),
    )
    variables = [
        *(variable_definition(each, type_name, required=True) for each, type_name in types.items()),
        *(variable_definition(each, type_name) for each, type_name in call.optional.items()),
    ]
    define = query_definition if call.kind == "query" else mutation_definition
    definition = define(variables, (root,))
    return Operation(
        document=document(definition),
        definition=definition,
        scope="system",
        wire="rest",
        shape=("utility", name),
        variables=given,
    )


def _below(names: tuple[str, ...]) -> list[FieldNode] | None:
    """`a`, `b.c`, `b.d` -> a, b { c d }"""
    inner: dict[str, list[str]] = {}
    for name in names:
        head, dot, rest = name.partition(".")
        inner.setdefault(head, [])
        if dot:
            inner[head].append(rest)
    return [field_node(head, below=_below(tuple(rest))) for head, rest in inner.items()] or None


def _length(request: RestRequest) -> int | None:
    """Of a random text."""
    given = parse_query_string(request.query_string).get("length")
    if given is None:
        return None
    if not isinstance(given, str) or not given.isascii() or not given.isdigit() or len(given) > _DIGITS:
        raise invalid_query('"length" must be a number')
    if not 1 <= int(given) <= LONGEST_RANDOM:
        raise invalid_query(f'"length" must be between 1 and {LONGEST_RANDOM}')
    return int(given)


def _owner(request: RestRequest) -> Mapping[str, Any]:
    """What the body says of who the project belongs to; the rest of it is passed over."""
    given = {name: value for name, value in _object(request).items() if name in _OWNER}
    if not given:
        raise invalid_payload(f"One of {', '.join(_OWNER)} has to be given")
    return given


def _question(request: RestRequest, call: _Call) -> dict[str, Any]:
    """What is asked about whom. A key of an item may be a number."""
    body = _object(request)
    given: dict[str, Any] = dict.fromkeys(call.optional)
    for name, value in body.items():
        if name not in call.arguments and name not in call.optional:
            raise invalid_payload(f'"{name}" is not allowed')
        if name == "public":
            if not isinstance(value, bool):
                raise invalid_payload('"public" must be a boolean')
        elif name == "item" and isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        elif value is not None and not isinstance(value, str):
            raise invalid_payload(f'"{name}" must be a string')
        given[name] = value
    return {**given, **_texts(request, tuple(call.arguments))}


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
