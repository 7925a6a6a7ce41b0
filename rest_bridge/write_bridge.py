"""Requests that write: body and headers in, one GraphQL mutation, what became of it out.

    RestRequest -> Route, Query, Change, Preferences -> WriteTemplate -> Operation ─ engine ─> RestResponse

Everything that can be wrong with a request is found before the engine is asked, and whether the caller may
write there at all before the body is looked at: a collection that is hidden is refused like one that is not
there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from resolvers.bounded import Bounded
from resolvers.bundle import Bundle, BundleHolder
from resolvers.context import RequestContext
from resolvers.engine import Engine
from resolvers.permissions import Action, Gate
from rest_bridge.bodies import Change, Place, read_body, read_change, read_import
from rest_bridge.entity_tags import headers_of
from rest_bridge.envelope import NULL, envelope
from rest_bridge.export import export
from rest_bridge.message import RestRequest, RestResponse
from rest_bridge.preconditions import (
    ANY,
    Preferences,
    read_idempotency,
    read_preferences,
    read_tags,
)
from rest_bridge.query import Query, Shape, parse_query
from rest_bridge.routes import Route
from rest_bridge.write_operations import (
    WriteTemplate,
    build_write_template,
    choosing,
    given_arguments,
)
from schema_gen.errors import (
    forbidden_collection,
    invalid_credentials,
    invalid_query,
    precondition_failed,
    route_not_found,
)
from schema_gen.model import Collection
from schema_gen.naming import MutationKind

_TEMPLATES_KEPT: Final = 2000
_METHODS: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
#: changes of one item, which may be bound to a version of it
_ONE: Final = frozenset({"update_item", "update_singleton", "delete_item"})
#: changes whose answer is one item
_ITEM: Final = frozenset({"create_item", "update_item", "update_singleton"})
#: what a method may be there for
_ACTIONS: Final[Mapping[str, tuple[Action, ...]]] = {
    "POST": ("create",),
    "PUT": ("create", "update"),
    "PATCH": ("update",),
    "DELETE": ("delete",),
}


class WriteBridge:
    def __init__(self, engine: Engine, holder: BundleHolder) -> None:
        self._engine = engine
        self._holder = holder
        self._templates: Bounded[tuple[Any, ...], WriteTemplate] = Bounded(_TEMPLATES_KEPT)

    async def answer(
        self, request: RestRequest, route: Route, query: Query, context: RequestContext
    ) -> RestResponse:
        """Raises what the request is refused for."""
        if request.method not in _METHODS or request.method not in route.methods or route.verb is None:
            raise route_not_found(request.path)
        if route.verb == "users_me" and context.actor.user is None:
            raise invalid_credentials()
        body = read_body(request.body, request.content_type, request.headers.get("content-encoding", ""))
        bundle = self._holder.current
        collection = _writable(bundle.gate(context.rules), route.collection, request.method)
        change = _change(request, route, collection, body, context)
        preferences = read_preferences(request.headers.get("prefer", ""), change.kind)
        given = given_arguments(
            change,
            max_affected=preferences.max_affected,
            if_match=_tags(request, change.kind),
            on_conflict=(query.on_conflict or None)
            if request.method == "POST" and not route.importing
            else None,
        )
        _check(query)
        if change.chosen is not None:
            query = choosing(query, parse_query(change.chosen))
        template = self._template(bundle, collection, change, frozenset(given), query, context)
        idempotency = read_idempotency(request) if request.method == "POST" else None
        if idempotency is not None:
            context = replace(context, idempotency=idempotency)
        outcome = await self._engine.execute(template.operation(query.values, given), context)
        (root,) = outcome.roots
        if root.error is not None:
            raise root.error
        data = None if template.silent or preferences.minimal else root.data
        return _response(data, query, collection, change.kind, preferences, context)

    def _template(
        self,
        bundle: Bundle,
        collection: Collection,
        change: Change,
        given: frozenset[str],
        query: Query,
        context: RequestContext,
    ) -> WriteTemplate:
        rules = context.rules
        key = (
            bundle.snapshot.version,
            collection.name,
            change.kind,
            given,
            change.upsert,
            rules.fingerprint,
            query.shape,
        )
        template = self._templates.get(key)
        if template is None:
            gate = bundle.gate(rules)
            depth = self._engine.limits.max_relational_depth
            made = build_write_template(
                query, collection, change, given, gate, bundle.names, depth, Shape(key)
            )
            template = self._templates.put(key, made)
        return template


def _writable(gate: Gate, name: str, method: str) -> Collection:
    """Raises FORBIDDEN, alike for a collection that is not there and one where the caller may not write."""
    collection = gate.snapshot.collections.get(name)
    if collection is None:
        raise forbidden_collection(name)
    actions = _ACTIONS["PUT" if collection.singleton and method == "PATCH" else method]
    if all(gate.scope(action, name) is None for action in actions):
        raise forbidden_collection(name)
    return collection


def _change(
    request: RestRequest, route: Route, collection: Collection, body: Any, context: RequestContext
) -> Change:
    if route.importing and request.method == "POST":
        return read_import(body)
    place = _place(request, route, collection)
    key = context.actor.user if route.verb == "users_me" else route.key
    return read_change(request.method, place, key, body, collection.primary_key)


def _place(request: RestRequest, route: Route, collection: Collection) -> Place:
    """A singleton is changed at its own path, and deleted by the key of its item."""
    alone = route.key is None and route.verb != "users_me"
    if not collection.singleton:
        return "list" if alone else "one"
    if request.method != ("PATCH" if alone else "DELETE"):
        raise route_not_found(request.path)
    return "singleton" if alone else "one"


def _check(query: Query) -> None:
    """What means something for reading only must not be passed over here: the wrong item would be changed."""
    if query.explain:
        raise invalid_query('"explain" is not for requests that write')
    if query.version is not None:
        raise invalid_query('"version" is not for requests that write')


def _tags(request: RestRequest, kind: MutationKind) -> tuple[str, ...] | None:
    """Versions of the one item. Several items together have none that could be the right one."""
    tags = read_tags(request.headers.get("if-match"))
    if tags is None or kind in _ONE:
        return tags
    if tags == ANY:
        return None
    raise precondition_failed()


def _response(
    data: bytes | None,
    query: Query,
    collection: Collection,
    kind: MutationKind,
    preferences: Preferences,
    context: RequestContext,
) -> RestResponse:
    told = (("preference-applied", ", ".join(preferences.applied)),) if preferences.applied else ()
    if data is None or data == NULL:
        return RestResponse(status=204, headers=told)
    if query.export is not None:
        key = collection.primary_key[0] if collection.primary_key else "value"
        exported = export(data, query.export, collection.name, key, context.now)
        return replace(exported, headers=(*exported.headers, *told))
    return RestResponse(headers=(*headers_of(data, kind in _ITEM), *told), body=envelope(data))
