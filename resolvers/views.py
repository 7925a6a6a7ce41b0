"""Which schema a caller sees: one for each scope and set of rules, kept within a bound.

    schemas.of(bundle, context, "items")      -> LazySchema, its types made as documents name them
    await schemas.sdl(bundle, context, "items")  -> its text

A schema costs next to nothing until somebody asks for all of it. That is done in a thread, on a schema that
is then forgotten, and only a few at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, NamedTuple, TypeVar

from graphql import print_schema

from resolvers.bounded import Bounded
from resolvers.bundle import Bundle
from resolvers.calls import Calls, is_open
from resolvers.collector import Collector
from resolvers.context import RequestContext
from resolvers.permissions import Gate, with_own_rows
from resolvers.planner import OWN_CHANGE, OWN_ROOTS
from resolvers.single_flight import SingleFlight
from schema_gen.graphql.build import SHARED, build_schema
from schema_gen.graphql.lazy import LazySchema
from schema_gen.graphql.signatures import CallSignature
from schema_gen.graphql.view import Everything, View, WriteAction
from schema_gen.mutation_names import is_written
from schema_gen.naming import Scope

T = TypeVar("T")

_NOTHING: Final[frozenset[str]] = frozenset()
#: roots that the planner knows and no collection has
_OWN: Final = (
    *(
        CallSignature(
            name=name,
            scope="system",
            kind="query",
            type=own.collection if own.single else f"[{own.collection}]",
            signed_in=True,
            setup=own.collection == "directus_users",
        )
        for name, own in OWN_ROOTS.items()
    ),
    CallSignature(
        name=OWN_CHANGE,
        scope="system",
        kind="mutation",
        type="directus_users",
        arguments={"data": "update_directus_users_input"},
        signed_in=True,
    ),
)


class Key(NamedTuple):
    """What a schema depends on. `signed_in`: some roots are for callers with a user."""

    version: int
    rules: str
    signed_in: bool
    scope: Scope


class GateView:
    """What a gate lets a caller see. `own`: with the caller's own row and roles, whose keys everybody may
    read.
    """

    def __init__(self, gate: Gate, *, own: bool) -> None:
        self._gate = gate
        self._own = Gate(with_own_rows(gate.rules), gate.snapshot) if own else None

    def readable(self, collection: str) -> bool:
        return self._gate.read_scope(collection) is not None

    def fields(self, collection: str) -> frozenset[str]:
        scope = self._gate.read_scope(collection)
        if scope is None and self._own is not None:
            scope = self._own.read_scope(collection)
        return _NOTHING if scope is None else scope.fields

    def steady(self, collection: str, field: str) -> bool:
        """By the protocol: where every permission row of the caller grants it."""
        scope = self._gate.read_scope(collection)
        if scope is None:
            return False
        return all(grant.fields is None or field in grant.fields for grant in scope.grants)

    def writable(self, action: WriteAction, collection: str) -> bool:
        found = self._gate.snapshot.collections.get(collection)
        return found is not None and is_written(found) and self._gate.scope(action, collection) is not None

    def write_fields(self, action: WriteAction, collection: str) -> frozenset[str]:
        scope = self._gate.scope(action, collection)
        return _NOTHING if scope is None else scope.fields

    def asked(self, collection: str, field: str) -> bool:
        scope = self._gate.scope("create", collection)
        return scope is not None and all(
            (grant.fields is None or field in grant.fields) and field not in (grant.presets or {})
            for grant in scope.grants
        )


class Schemas:
    """`capacity`: schemas kept; `concurrent`: how many threads work on schemas and long documents."""

    def __init__(
        self, calls: Calls, *, capacity: int = 100, concurrent: int = 5, introspection: bool = True
    ) -> None:
        self._signatures = (*calls.signatures, *_OWN)
        self._kept: Bounded[Key, LazySchema] = Bounded(capacity)
        self._flights: SingleFlight[str] = SingleFlight()
        self._places = asyncio.Semaphore(concurrent)
        self._collector = Collector()
        self.introspection = introspection

    def of(self, bundle: Bundle, context: RequestContext, scope: Scope) -> LazySchema:
        key = key_of(bundle, context, scope)
        found = self._kept.get(key)
        return found if found is not None else self._kept.put(key, self._make(bundle, context, scope))

    def _make(self, bundle: Bundle, context: RequestContext, scope: Scope) -> LazySchema:
        rules, signed_in = context.rules, is_signed_in(context)
        view = view_of(bundle, context)
        return build_schema(
            bundle.snapshot,
            bundle.names,
            view,
            scope,
            tuple(
                signature
                for signature in self._signatures
                if is_open(signature, rules)
                and (signed_in or not signature.signed_in)
                and (signature.reads is None or view.readable(signature.reads))
            ),
            introspection=self.introspection,
        )

    async def aside(
        self, bundle: Bundle, context: RequestContext, scope: Scope, work: Callable[[LazySchema], T]
    ) -> T:
        """Work that looks at a schema as a whole, in a thread, on a schema of its own: the kept ones stay as
        small as what was asked of them. `work` keeps nothing of the schema.
        """

        def alone() -> T:
            schema = self._make(bundle, context, scope)
            with self._collector.resting():
                try:
                    return work(schema)
                finally:
                    schema.dissolve(SHARED)

        return await self.in_thread(alone)

    async def beside(self, work: Callable[[], T]) -> T:
        """The same for work that makes many objects, of which the collector need not know meanwhile."""

        def resting() -> T:
            with self._collector.resting():
                return work()

        return await self.in_thread(resting)

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Long work beside the event loop, some at a time."""
        async with self._places:
            return await asyncio.to_thread(work)

    async def sdl(self, bundle: Bundle, context: RequestContext, scope: Scope) -> str:
        place = key_of(bundle, context, scope)
        return await self._flights.run(place, lambda: self.aside(bundle, context, scope, print_schema))


def key_of(bundle: Bundle, context: RequestContext, scope: Scope) -> Key:
    return Key(bundle.snapshot.version, context.rules.fingerprint, is_signed_in(context), scope)


def view_of(bundle: Bundle, context: RequestContext) -> View:
    """What the caller sees of the snapshot."""
    rules = context.rules
    if rules.admin:
        return Everything(bundle.snapshot)
    return GateView(bundle.gate(rules), own=is_signed_in(context))


def is_signed_in(context: RequestContext) -> bool:
    return context.actor.user is not None or context.actor.kind == "system"
