"""Text of a request -> `Prepared`: parsed, within the limits, valid for what the caller may see.

    documents.prepare(text, None, "items", bundle, context)
        -> Prepared(operation=Operation(document, definition, ...), variables=Variables(limit: Int),
                    roots={"articles": RootPlace(required=True, locations=...)})

What was prepared is kept by text, operation name and schema, up to a bound on the length of all texts
together. Short documents are prepared where they arrive, long ones in a thread. Raises GRAPHQL_VALIDATION for
everything that is wrong with a document; a hidden name and a missing one get the same words.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSyntaxError,
    Node,
    OperationDefinitionNode,
    is_non_null_type,
    parse,
)

from resolvers.bundle import Bundle
from resolvers.context import RequestContext
from resolvers.introspection import is_introspection
from resolvers.literals import with_lists
from resolvers.operation import Operation
from resolvers.parts import data_part, root_nodes
from resolvers.tree import fragments_of
from resolvers.variables import Variables
from resolvers.views import Key, Schemas, key_of
from schema_gen.errors import CausewayError, graphql_validation
from schema_gen.graphql.errors import told
from schema_gen.graphql.lazy import LazySchema
from schema_gen.graphql.limits import DocumentLimits
from schema_gen.graphql.validity import faults
from schema_gen.naming import Scope

#: characters of all texts that are kept; a character of text is some 70 bytes of syntax tree
_KEPT: Final = 500_000
#: longer texts are not kept
_LONGEST_KEPT: Final = 50_000
#: longer texts are prepared beside the event loop
_QUICK: Final = 1_500


@dataclass(frozen=True, slots=True, kw_only=True)
class RootPlace:
    """Of one root of the answer. `required`: it may not be null. `locations` as GraphQL errors tell them."""

    required: bool
    locations: tuple[Mapping[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """`place`: the schema it is valid for. `data`: the part of the operation that is not about the schema
    itself; None where it is all about that.

    `operation.variables` are empty: each request brings its own.
    """

    text: str
    place: Key
    operation: Operation
    data: Operation | None
    introspects: bool
    schema: LazySchema
    variables: Variables
    roots: Mapping[str, RootPlace]
    #: response key -> how it begins in the answer
    prefixes: Mapping[str, bytes]

    @property
    def is_mutation(self) -> bool:
        return self.operation.definition.operation.value == "mutation"

    def values(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """The variables of a request. Raises GRAPHQL_VALIDATION."""
        read = self.variables.read(given)
        if isinstance(read, list):
            raise self._refused(given, read)
        return read

    def _refused(self, given: Mapping[str, Any], errors: list[GraphQLError]) -> CausewayError:
        """The same errors with their places, which the kept document no longer knows."""
        definition = chosen(parse(self.text), _name_of(self.operation.definition))
        again = Variables(self.schema, definition).read(given)
        return refusal(again if isinstance(again, list) else errors)


class Documents:
    """`once`: names of mutations that may appear at most once in a request."""

    def __init__(self, schemas: Schemas, limits: DocumentLimits, once: frozenset[str] = frozenset()) -> None:
        self.schemas = schemas
        self._limits = limits
        self._once = once
        self._kept: OrderedDict[Hashable, Prepared] = OrderedDict()
        self._length = 0

    def known(
        self, text: str, name: str | None, scope: Scope, bundle: Bundle, context: RequestContext
    ) -> Prepared | None:
        """What was prepared before."""
        key = (text, name, key_of(bundle, context, scope))
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    async def prepare(
        self, text: str, name: str | None, scope: Scope, bundle: Bundle, context: RequestContext
    ) -> Prepared:
        """Raises GRAPHQL_VALIDATION."""
        schema = self.schemas.of(bundle, context, scope)
        place = key_of(bundle, context, scope)
        if len(text) > _QUICK:
            made = await self.schemas.in_thread(lambda: self._make(text, name, place, schema))
        else:
            made = self._make(text, name, place, schema)
        if len(text) <= _LONGEST_KEPT:
            self._keep((text, name, place), made)
        return made

    def _keep(self, key: Hashable, made: Prepared) -> None:
        if key not in self._kept:
            self._length += len(made.text)
        self._kept[key] = made
        while self._length > _KEPT:
            self._length -= len(self._kept.popitem(last=False)[1].text)

    def _make(self, text: str, name: str | None, place: Key, schema: LazySchema) -> Prepared:
        try:
            document = parse(text, max_tokens=self._limits.tokens)
        except GraphQLSyntaxError as error:
            raise refusal([error]) from error
        errors = faults(schema, document, self._limits)
        if errors:
            raise refusal(errors)
        definition = chosen(document, name)
        fragments = fragments_of(document)
        fields = list(root_nodes(definition.selection_set, fragments))
        self._refuse_repeated(fields, definition)
        roots = _places(fields, definition, schema)
        _forget_places(document)
        document = with_lists(document)
        definition = chosen(document, name)
        operation = Operation(
            document=document,
            definition=definition,
            scope=place.scope,
            wire="graphql",
            shape=("graphql", place.scope, text, name),
        )
        introspects = any(is_introspection(field.name.value) for field in fields)
        return Prepared(
            text=text,
            place=place,
            operation=operation,
            data=data_part(operation) if introspects else operation,
            introspects=introspects,
            schema=schema,
            variables=Variables(schema, definition),
            roots=roots,
            prefixes={key: f'"{key}":'.encode() for key in roots},
        )

    def _refuse_repeated(self, fields: list[FieldNode], definition: OperationDefinitionNode) -> None:
        if definition.operation.value != "mutation":
            return
        seen: set[str] = set()
        for field in fields:
            name = field.name.value
            if name in self._once and name in seen:
                raise refusal([GraphQLError(f'"{name}" can only be used once per request', field)])
            seen.add(name)


def refusal(errors: list[GraphQLError]) -> CausewayError:
    return graphql_validation([told(error) for error in errors])


def chosen(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    """The operation to run. Raises GRAPHQL_VALIDATION where none or several are meant."""
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if name is not None:
        for node in operations:
            if _name_of(node) == name:
                return node
        raise refusal([GraphQLError(f'Unknown operation named "{name}".')])
    if len(operations) != 1:
        several = "Must provide operation name if query contains multiple operations."
        raise refusal([GraphQLError(several if operations else "Must provide an operation.")])
    return operations[0]


def _name_of(definition: OperationDefinitionNode) -> str | None:
    return definition.name.value if definition.name else None


def _places(
    fields: list[FieldNode], definition: OperationDefinitionNode, schema: LazySchema
) -> dict[str, RootPlace]:
    home = schema.get_root_type(definition.operation)
    places: dict[str, RootPlace] = {}
    for node in fields:
        key = node.alias.value if node.alias else node.name.value
        if key not in places and home is not None:
            field = schema.get_field(home, node.name.value)
            places[key] = RootPlace(
                required=field is not None and is_non_null_type(field.type),
                locations=tuple(told(GraphQLError("", node)).get("locations", ())),
            )
    return places


def _forget_places(node: Node) -> None:
    """Takes the locations off a document: they hold the chain of its tokens, half of its memory. Nodes are
    frozen for their users; this document has none yet.
    """
    pending = [node]
    while pending:
        attributes = pending.pop().__dict__
        attributes["loc"] = None
        for value in attributes.values():
            if isinstance(value, Node):
                pending.append(value)
            elif isinstance(value, tuple):
                pending.extend(item for item in value if isinstance(item, Node))
