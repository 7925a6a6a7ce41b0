"""The bridge: a REST request in, a REST reply out, one GraphQL operation between them.

    RestRequest -> Route, Query -> Template -> Operation ─ engine ─> Outcome -> RestResponse

What was worked out is kept: queries by the bytes of the query string, templates by the shape of the query and
the rules of the caller. A request of a known shape costs a few look-ups, its operation and the joining of the
reply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from resolvers.behaviors.me import permissions_me, policies_globals
from resolvers.bounded import Bounded
from resolvers.bundle import Bundle, BundleHolder
from resolvers.context import RequestContext
from resolvers.engine import Engine
from resolvers.operation import Operation, Outcome
from resolvers.permissions import Gate, with_own_rows
from resolvers.repeats import Repeats, tells_secrets
from rest_bridge.entity_tags import headers_of, unchanged
from rest_bridge.envelope import (
    NULL,
    encode_json,
    envelope,
    envelope_with_meta,
    error_response,
)
from rest_bridge.export import export
from rest_bridge.forms import answer_form
from rest_bridge.keys import keys_condition
from rest_bridge.message import RestRequest, RestResponse
from rest_bridge.operations import Template, build_template
from rest_bridge.query import Query, Shape, narrowed, parse_query
from rest_bridge.query_string import ARRAY_LIMIT, MAX_DEPTH, parse_query_string
from rest_bridge.repeats import Asked, Repeat, asked
from rest_bridge.rights import item_rights
from rest_bridge.routes import Route, match
from rest_bridge.search_body import read_search
from rest_bridge.structure import answer_structure
from rest_bridge.utilities import answer_utility
from rest_bridge.write_bridge import WriteBridge
from rest_bridge.writer import ID, Verb
from schema_gen.errors import (
    CausewayError,
    forbidden,
    forbidden_collection,
    invalid_credentials,
)
from schema_gen.model import Collection
from schema_gen.watched import LookedUp, WatchedSnapshot

#: longer ones are read anew each time, so that the cache cannot be filled with them
_LONGEST_KEPT: Final = 2048
_QUERIES_KEPT: Final = 2000
_TEMPLATES_KEPT: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeLimits:
    """QUERYSTRING_MAX_PARSE_DEPTH and QUERYSTRING_ARRAY_LIMIT."""

    parse_depth: int = MAX_DEPTH
    array_limit: int = ARRAY_LIMIT


class Bridge:
    def __init__(self, engine: Engine, holder: BundleHolder, limits: BridgeLimits | None = None) -> None:
        self._engine = engine
        self._holder = holder
        self._limits = limits or BridgeLimits()
        self._writes = WriteBridge(engine, holder)
        self._queries: Bounded[bytes, Query] = Bounded(_QUERIES_KEPT)
        self._templates: Bounded[tuple[Any, ...], tuple[Template, LookedUp]] = Bounded(_TEMPLATES_KEPT)
        self._repeats: Repeats[Repeat] = Repeats()

    async def handle(self, request: RestRequest, context: RequestContext) -> RestResponse:
        """Refusals are replies; what is raised is no refusal."""
        try:
            return await self._answer(request, context)
        except CausewayError as error:
            return error_response(error)

    async def _answer(self, request: RestRequest, context: RequestContext) -> RestResponse:
        method = request.method
        if method == "GET" or method == "HEAD":
            return await self._get(request, context)
        route = match(request.path)
        if method == "OPTIONS":
            return _options(route)
        if route.utility is not None:
            return await answer_utility(request, route, self._engine, context)
        if route.form is not None:
            return await answer_form(request, route.form, route.methods, self._engine, context)
        if route.place is not None:
            query = self._query(request.query_string)
            return await answer_structure(request, route.place, query, self._engine, context)
        if method == "SEARCH" and route.verb in ("list", "singleton") and "SEARCH" in route.methods:
            return await self._search(request, route, context)
        return await self._writes.answer(request, route, self._query(request.query_string), context)

    async def _get(self, request: RestRequest, context: RequestContext) -> RestResponse:
        path, raw = request.path, request.query_string
        asking = asked(path, raw, context)
        known = self._repeats.find(self._holder.current, asking.place)
        if known is not None:
            return unchanged(await self._again(known, asking.key, context), request)
        route = match(path)
        if route.utility is not None:
            return await answer_utility(request, route, self._engine, context)
        if route.form is not None:
            return await answer_form(request, route.form, route.methods, self._engine, context)
        query = self._query(raw)
        if route.place is not None:
            return await answer_structure(request, route.place, query, self._engine, context)
        if route.verb is not None:
            read = await self._read(route, query, context, None if tells_secrets(raw) else asking)
            return unchanged(read, request)
        return await self._about(route, query, context)

    async def _again(self, known: Repeat, key: str | None, context: RequestContext) -> RestResponse:
        if not known.template.meta:
            data = await self._engine.only(known.compiled, known.filled(key), context)
            return RestResponse(headers=headers_of(data, known.single), body=envelope(data))
        outcome = await self._engine.run(known.compiled, known.operation(key), context)
        return _reply(known.template, outcome, known.single)

    # --- reading a request ----------------------------------------------------------------------------------

    def _query(self, raw: bytes) -> Query:
        """The query of a query string; a token in it is not kept."""
        query = self._queries.get(raw)
        if query is None:
            given = parse_query_string(
                raw, depth=self._limits.parse_depth, array_limit=self._limits.array_limit
            )
            query = parse_query(given)
            if len(raw) <= _LONGEST_KEPT and not tells_secrets(raw):
                self._queries.put(raw, query)
        return query

    async def _search(self, request: RestRequest, route: Route, context: RequestContext) -> RestResponse:
        body = read_search(request.body)
        query = parse_query(body.query)
        collection = self._holder.current.snapshot.collections.get(route.collection)
        if body.keys is not None and collection is not None and not collection.singleton:
            query = narrowed(query, keys_condition(collection, body.keys))
        return await self._read(route, query, context)

    # --- items ----------------------------------------------------------------------------------------------

    async def _read(
        self, route: Route, query: Query, context: RequestContext, asking: Asked | None = None
    ) -> RestResponse:
        """`asking`: what the reading is remembered under."""
        bundle = self._holder.current
        collection = bundle.snapshot.collections.get(route.collection)
        if collection is None:
            raise forbidden_collection(route.collection)
        verb = route.verb or "list"
        if verb in ("users_me", "roles_me"):
            return await self._own(verb, collection, query, context)
        if collection.singleton:
            if route.key is not None:
                query = narrowed(_alone(query), keys_condition(collection, (route.key,)))
            verb = "singleton" if route.key is None else "keyed_singleton"
        if query.version is not None:
            return _no_version(verb)
        template = self._template(bundle, collection, verb, query, context)
        operation = template.operation(query.values, route.key if verb == "one" else None)
        if query.explain:
            return await self._explained(operation, context)
        outcome = await self._engine.execute(operation, context)
        data = _data(outcome)
        if data is None and verb == "keyed_singleton":
            raise forbidden()
        if query.export is not None:
            return _exported(data, query.export, collection, context)
        if asking is not None and route.key == asking.key and verb != "keyed_singleton":
            self._keep(bundle, asking, template, operation, context, verb != "list")
        return _reply(template, outcome, verb != "list")

    def _keep(
        self,
        bundle: Bundle,
        asking: Asked,
        template: Template,
        operation: Operation,
        context: RequestContext,
        single: bool,
    ) -> None:
        compiled = self._engine.known(operation, context)
        if compiled is not None and compiled.reads_only and bundle is self._holder.current:
            values = {name: value for name, value in operation.variables.items() if name != ID}
            found = Repeat(template=template, compiled=compiled, variables=values, single=single)
            self._repeats.keep(bundle, asking.place, found, asking.size)

    def _template(
        self, bundle: Bundle, collection: Collection, verb: Verb, query: Query, context: RequestContext
    ) -> Template:
        rules = context.rules
        asked_for = (collection.name, verb, rules.fingerprint, query.shape)
        key = (bundle.snapshot.version, *asked_for)
        known = self._templates.get(key)
        if known is None:
            last = self._templates.get((bundle.former_version, *asked_for))
            # one that stands keeps its shape, and with it the plans that were made for it
            if last is not None and bundle.stands(last[1]):
                known = last
            else:
                known = self._made(bundle, collection, verb, query, context, Shape(key))
            self._templates.put(key, known)
        return known[0]

    def _made(
        self,
        bundle: Bundle,
        collection: Collection,
        verb: Verb,
        query: Query,
        context: RequestContext,
        shape: Shape,
    ) -> tuple[Template, LookedUp]:
        """A template, and what it was made from."""
        own = verb in ("users_me", "roles_me")
        watched = WatchedSnapshot(bundle.snapshot)
        gate = Gate(with_own_rows(context.rules) if own else context.rules, watched)
        home = watched.collections[collection.name]
        depth = self._engine.limits.max_relational_depth
        return build_template(query, home, verb, gate, bundle.names, depth, shape), watched.looked_up()

    async def _own(
        self, verb: Verb, collection: Collection, query: Query, context: RequestContext
    ) -> RestResponse:
        """The caller's own row or roles; of what the caller may not read the keys are left."""
        actor = context.actor
        if actor.user is None:
            raise invalid_credentials() if verb == "users_me" else forbidden()
        try:
            template = self._template(self._holder.current, collection, verb, query, context)
            operation = template.operation(query.values)
            if query.explain:
                return await self._explained(operation, context)
            data = _data(await self._engine.execute(operation, context))
        except CausewayError as error:
            if error.code != "FORBIDDEN":
                raise
            data = None
        if data is None:
            only: Any = {"id": actor.user} if verb == "users_me" else [{"id": role} for role in actor.roles]
            data = encode_json(only)
        if query.export is not None:
            return _exported(data, query.export, collection, context)
        return RestResponse(body=envelope(data))

    # --- what is no data ------------------------------------------------------------------------------------

    async def _about(self, route: Route, query: Query, context: RequestContext) -> RestResponse:
        """What the caller may do."""
        bundle = self._holder.current
        found: Any
        if route.about == "globals":
            found = policies_globals(context)
        elif route.about == "permissions":
            found = permissions_me(context, bundle.snapshot)
        elif route.about == "extensions":
            # nothing can be installed
            if not context.actor.admin:
                raise forbidden_collection(route.collection)
            found = []
        else:
            found = await item_rights(self._engine, bundle, route.collection, route.key, context)
        data = encode_json(found)
        if query.export is not None:
            name = route.collection
            return export(data, query.export, name, "id", context.now)
        return RestResponse(body=envelope(data))

    async def _explained(self, operation: Operation, context: RequestContext) -> RestResponse:
        """What would be done in place of the data: for administrators only."""
        if not context.actor.admin:
            raise forbidden()
        found: Mapping[str, Any] = await self._engine.explain(operation, context)
        return RestResponse(body=envelope(encode_json(found)))


def _options(route: Route) -> RestResponse:
    allowed = ",".join(route.methods)
    return RestResponse(
        headers=(("content-type", "text/html; charset=utf-8"), ("allow", allowed)), body=allowed.encode()
    )


def _alone(query: Query) -> Query:
    """The query without conditions of its own: one item was named by its key."""
    level = replace(query.level, filter=None, search=None)
    return replace(query, level=level, shape=Shape((query.fields, level, query.meta, query.backlink)))


def _no_version(verb: Verb) -> RestResponse:
    """No item has versions here: one is refused like one that is missing, of many none are found."""
    if verb == "list":
        return RestResponse(body=envelope(b"[]"))
    raise forbidden()


def _data(outcome: Outcome) -> bytes | None:
    """The data of the last root. One mistake in a filter is the mistake of every root: it is told once."""
    last = outcome.roots[-1]
    if last.error is not None:
        raise last.error
    for root in outcome.roots:
        if root.error is not None:
            raise root.error
    return last.data


def _reply(template: Template, outcome: Outcome, single: bool) -> RestResponse:
    data = _data(outcome)
    if not template.meta:
        return RestResponse(headers=headers_of(data, single), body=envelope(data))
    counts = [(root.key, root.data) for root in outcome.roots[:-1]]
    return RestResponse(body=envelope_with_meta(counts, data))


def _exported(data: bytes | None, form: str, collection: Collection, context: RequestContext) -> RestResponse:
    key = collection.primary_key[0] if collection.primary_key else "value"
    return export(data or NULL, form, collection.name, key, context.now)
