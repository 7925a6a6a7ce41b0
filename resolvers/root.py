"""The GraphQL service: a request -> the answers of its roots; and the same as a Strawberry schema.

    text, variables ─ Documents ─> Prepared ─┬─ the data roots ──> Engine ──┐
                                             └─ __schema, __type ─> thread ─┴─> Outcome, in document order

`CausewaySchema` is what Strawberry's own doors (sockets, test clients) take. Its `execute` asks the service,
so that the rows come from the one statement of the engine whoever asks. Its types are rendered to the library
below Strawberry directly, when a document names them: Strawberry's classes exist to hold objects, and here
rows never become objects (docs/adr/0005).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple, TypeVar

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionResult

from resolvers.bounded import Bounded
from resolvers.bundle import Bundle, Compiled
from resolvers.context import RequestContext
from resolvers.documents import Documents, Prepared
from resolvers.engine import Engine
from resolvers.introspection import introspect, is_introspection
from resolvers.operation import Operation, Outcome, RootResult
from resolvers.planner import root_fields
from resolvers.repeats import Repeats, tells_secrets
from resolvers.single_flight import SingleFlight
from resolvers.tree import Tree
from resolvers.variables import too_deep
from resolvers.views import Key, key_of
from schema_gen.errors import CausewayError, each, graphql_validation
from schema_gen.graphql.lazy import LazySchema
from schema_gen.naming import Scope

T = TypeVar("T")

_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
#: answers of a schema about itself that are kept, and the longest of them in bytes
_ANSWERS: Final = 8
_LONGEST: Final = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """JSON of roots about the schema, by response key."""

    roots: Mapping[str, bytes]


class Place(NamedTuple):
    """What decides a query, its variables included."""

    request: bytes
    form: str
    schema: Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A query that came before, with its variables."""

    prepared: Prepared
    operation: Operation
    compiled: Compiled


class GraphqlService:
    """One for each project. `Engine` answers for data, `Documents` knows what may be asked."""

    def __init__(self, engine: Engine, documents: Documents) -> None:
        self._engine = engine
        self._documents = documents
        self._told: Bounded[Hashable, _Told] = Bounded(_ANSWERS)
        self._flights: SingleFlight[_Told] = SingleFlight()
        self._repeats: Repeats[Known] = Repeats()

    @property
    def bundle(self) -> Bundle:
        return self._engine.holder.current

    async def prepare(self, text: str, name: str | None, scope: Scope, context: RequestContext) -> Prepared:
        """Raises GRAPHQL_VALIDATION."""
        bundle = self.bundle
        known = self._documents.known(text, name, scope, bundle, context)
        return known or await self._documents.prepare(text, name, scope, bundle, context)

    async def run(
        self,
        prepared: Prepared,
        given: Mapping[str, Any],
        context: RequestContext,
        place: Place | None = None,
    ) -> Outcome:
        """`given`: variables as they were sent. `place`: what a query is remembered under. Raises
        GRAPHQL_VALIDATION for variables that do not fit.
        """
        values = prepared.values(given)
        if prepared.introspects:
            return await self._with_schema(prepared, values, context)
        operation = prepared.operation.having(values) if values else prepared.operation
        outcome = await self._engine.execute(operation, context)
        if place is not None:
            self._keep(place, prepared, operation, context)
        return outcome

    # --- queries that come again ----------------------------------------------------------------------------

    def place(self, request: bytes, form: str, scope: Scope, context: RequestContext) -> Place:
        """What a request is remembered under. `form`: how its bytes are read, as they say it themselves."""
        return Place(request, form, key_of(self.bundle, context, scope))

    def known(self, place: Place) -> Known | None:
        return self._repeats.find(self.bundle, place)

    async def again(self, known: Known, context: RequestContext) -> Outcome:
        return await self._engine.run(known.compiled, known.operation, context)

    def _keep(self, place: Place, prepared: Prepared, operation: Operation, context: RequestContext) -> None:
        if prepared.is_mutation or tells_secrets(place.request):
            return
        bundle = self.bundle
        # another schema may have taken its place meanwhile
        if not place.schema == prepared.place == key_of(bundle, context, prepared.place.scope):
            return
        compiled = self._engine.known(operation, context)
        if compiled is not None and compiled.reads_only:
            found = Known(prepared=prepared, operation=operation, compiled=compiled)
            self._repeats.keep(bundle, place, found, len(place.request))

    # --- the schema -----------------------------------------------------------------------------------------

    async def _with_schema(
        self, prepared: Prepared, values: Mapping[str, Any], context: RequestContext
    ) -> Outcome:
        operation = replace(prepared.operation, variables=values)
        roots: dict[str, RootResult] = {}
        for key, data in (await self._about_schema(prepared, operation, context)).roots.items():
            roots[key] = RootResult(key=key, data=data)
        if prepared.data is not None:
            outcome = await self._engine.execute(replace(prepared.data, variables=values), context)
            roots.update({root.key: root for root in outcome.roots})
        return Outcome(roots=tuple(roots[key] for key in root_fields(operation) if key in roots))

    async def _about_schema(self, prepared: Prepared, operation: Operation, context: RequestContext) -> _Told:
        key = (operation.shape, prepared.place, json.dumps(operation.variables, sort_keys=True, default=str))
        known = self._told.get(key)
        return known or await self._flights.run(key, lambda: self._ask(key, operation, context))

    async def _ask(self, key: Hashable, operation: Operation, context: RequestContext) -> _Told:
        schemas = self._documents.schemas
        made = await schemas.aside(self.bundle, context, operation.scope, lambda s: _tell(s, operation))
        if sum(len(data) for data in made.roots.values()) <= _LONGEST:
            self._told.put(key, made)
        return made

    async def beside(self, work: Callable[[], T]) -> T:
        """Long work that makes much, in a thread, as much at a time as schemas are built."""
        return await self._documents.schemas.beside(work)

    async def sdl(self, scope: Scope, context: RequestContext) -> str:
        """The schema that the caller sees, as text."""
        return await self._documents.schemas.sdl(self.bundle, context, scope)

    def schema(self, scope: Scope, context: RequestContext) -> CausewaySchema:
        """The schema that the caller sees, for Strawberry's doors."""
        return CausewaySchema(self, self._documents.schemas.of(self.bundle, context, scope), scope)


def _tell(schema: LazySchema, operation: Operation) -> _Told:
    roots = {
        key: nodes for key, nodes in root_fields(operation).items() if is_introspection(nodes[0].name.value)
    }
    answers = introspect(schema, roots, Tree.of(operation))
    return _Told(roots={key: "".join(_written(value)).encode() for key, value in answers.items()})


def _written(value: Any, levels: int = 2) -> Iterator[str]:
    """JSON in parts: the encoder lets no other thread run while it works, some tenths of a second for all."""
    if levels and isinstance(value, dict) and value:
        separator = "{"
        for name, item in value.items():
            yield f"{separator}{_ENCODE(name)}:"
            yield from _written(item, levels - 1)
            separator = ","
        yield "}"
    elif levels and isinstance(value, list) and value:
        separator = "["
        for item in value:
            yield separator
            yield _ENCODE(item)
            separator = ","
        yield "]"
    else:
        yield _ENCODE(value)


@strawberry.type(name="Query")
class _Nothing:
    """What Strawberry is built with, before the types of the view take its place."""

    nothing: str


class CausewaySchema(strawberry.Schema):
    """A view as a Strawberry schema. `context_value` of every execution is the `RequestContext`."""

    def __init__(self, service: GraphqlService, types: LazySchema, scope: Scope) -> None:
        super().__init__(query=_Nothing, config=StrawberryConfig(auto_camel_case=False))
        self._service = service
        self._scope = scope
        self._schema = types

    async def execute(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any | None = None,
        root_value: Any | None = None,
        operation_name: str | None = None,
        *more: Any,
        **options: Any,
    ) -> ExecutionResult:
        """Errors are in the result; `code` and facts in their extensions."""
        if not isinstance(context_value, RequestContext):
            raise TypeError("context_value has to be the RequestContext of the caller")
        try:
            given = variable_values or {}
            if too_deep(given):
                raise graphql_validation([{"message": "Variable values are nested too deeply."}])
            prepared = await self._service.prepare(query or "", operation_name, self._scope, context_value)
            outcome = await self._service.run(prepared, given, context_value)
        except CausewayError as error:
            return ExecutionResult(data=None, errors=_refused(error))
        data = {root.key: None if root.data is None else json.loads(root.data) for root in outcome.roots}
        errors = [told for key, error in outcome.errors for told in _refused(error, key)]
        return ExecutionResult(data=data, errors=errors or None)


def _refused(error: Exception, key: str | None = None) -> list[GraphQLError]:
    if not isinstance(error, CausewayError):
        raise error
    return [
        GraphQLError(
            one.message,
            path=None if key is None else [key],
            extensions={"code": one.code, **one.extensions},
        )
        for one in each(error)
    ]
