"""Every type of one schema, made when first asked for (`TypeSource`).

    types = Types(snapshot, names, view, signatures)
    types.object("articles")            -> GraphQLObjectType, its fields still to be made
    types.named("articles_filter")      -> the same type that `types.filter("articles")` gives
    types.named("secrets")              -> None: what the view hides is as unknown as what does not exist

A database of 500 tables has 3,500 types; a request that speaks of two collections makes a dozen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar, cast

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInt,
    GraphQLList,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLString,
    GraphQLType,
    GraphQLUnionType,
    ListTypeNode,
    NonNullTypeNode,
    TypeNode,
    introspection_types,
    parse_type,
)
from graphql import GraphQLNonNull as NonNull

from schema_gen.graphql.aggregates import aggregated_fields, count_fields, sum_fields
from schema_gen.graphql.inputs import filter_fields, key_fields
from schema_gen.graphql.mutations import DELETED
from schema_gen.graphql.operators import STATIC
from schema_gen.graphql.outputs import json_function_fields, note_of_collection, object_fields
from schema_gen.graphql.scalars import SCALARS
from schema_gen.graphql.signatures import CallEnum, CallInput, CallObject, CallSignature
from schema_gen.graphql.uses import Use, has_type, is_shown, uses_of
from schema_gen.graphql.view import View, WriteAction
from schema_gen.graphql.write_inputs import ANY_KEY, InputAction, change_fields, input_fields
from schema_gen.model import Collection, SchemaSnapshot
from schema_gen.naming import NOT_GENERATED, Names

T = TypeVar("T", bound=GraphQLNamedType)

#: types that are the same in every schema
FIXED: Final[Mapping[str, GraphQLNamedType]] = {
    **SCALARS,
    **STATIC,
    **introspection_types,
    **{made.name: made for made in (*DELETED.values(), ANY_KEY)},
}
_INPUTS: Final[Mapping[str, InputAction]] = {"create_input": "create", "update_input": "update"}
_SORT: Final = GraphQLArgument(GraphQLList(GraphQLString))
_INT: Final = GraphQLArgument(GraphQLInt)
_SEARCH: Final = GraphQLArgument(GraphQLString)


class Types:
    def __init__(
        self, snapshot: SchemaSnapshot, names: Names, view: View, signatures: tuple[CallSignature, ...] = ()
    ) -> None:
        self.snapshot = snapshot
        self.names = names
        self.view = view
        self._calls = {made.name: made for signature in signatures for made in signature.types}
        self._made: dict[str, GraphQLNamedType] = {}
        self._shown: dict[str, bool] = {}
        self._uses: dict[str, tuple[Use, ...]] = {}
        self._inputs: dict[tuple[WriteAction, str], bool] = {}
        self._arguments: dict[str, Mapping[str, GraphQLArgument]] = {}

    # --- what the view shows ----------------------------------------------------------------------------

    def shown(self, collection: str) -> bool:
        known = self._shown.get(collection)
        if known is None:
            known = self._shown[collection] = is_shown(collection, self.snapshot, self.view)
        return known

    def uses(self, collection: str) -> tuple[Use, ...]:
        found = self._uses.get(collection)
        if found is None:
            home = self.snapshot.collections[collection]
            found = self._uses[collection] = uses_of(home, self.snapshot, self.names, self.view)
        return found

    # --- types of a collection --------------------------------------------------------------------------

    def object(self, collection: str) -> GraphQLObjectType:
        name = self.names.type_name(collection)
        home = self.snapshot.collections[collection]
        return self._once(
            name,
            lambda: GraphQLObjectType(
                name, lambda: object_fields(home, self), description=note_of_collection(home)
            ),
        )

    def filter(self, collection: str) -> GraphQLInputObjectType:
        name = self.names.part(collection, "filter")
        home = self.snapshot.collections[collection]
        return self._once(name, lambda: GraphQLInputObjectType(name, lambda: filter_fields(home, self)))

    def quantifier(self, collection: str) -> GraphQLInputObjectType:
        name = self.names.part(collection, "quantifier_filter")
        home = self.snapshot.collections[collection]
        return self._once(
            name, lambda: GraphQLInputObjectType(name, lambda: filter_fields(home, self, quantified=True))
        )

    def key(self, collection: str) -> GraphQLInputObjectType:
        name = self.names.part(collection, "key")
        home = self.snapshot.collections[collection]
        return self._once(name, lambda: GraphQLInputObjectType(name, lambda: key_fields(home, self)))

    def union(self, collection: Collection, use: Use) -> GraphQLUnionType:
        name = self.names.part(collection.name, "union", use.field.name)
        return self._once(
            name, lambda: GraphQLUnionType(name, lambda: [self.object(target) for target in use.targets])
        )

    def json_functions(self, collection: str, use: Use) -> GraphQLObjectType:
        name = self.names.part(collection, "func", use.field.name)
        return self._once(name, lambda: GraphQLObjectType(name, json_function_fields))

    def aggregated(self, collection: str) -> GraphQLObjectType:
        name = self.names.part(collection, "aggregated")
        return self._once(name, lambda: GraphQLObjectType(name, lambda: aggregated_fields(collection, self)))

    def counts(self, collection: str) -> GraphQLObjectType:
        name = self.names.part(collection, "aggregated_count")
        return self._once(name, lambda: GraphQLObjectType(name, lambda: count_fields(collection, self)))

    def sums(self, collection: str) -> GraphQLObjectType | None:
        fields = sum_fields(collection, self)
        name = self.names.part(collection, "aggregated_fields")
        return self._once(name, lambda: GraphQLObjectType(name, fields)) if fields else None

    # --- writing ----------------------------------------------------------------------------------------

    def has_input(self, action: WriteAction, collection: str) -> bool:
        known = self._inputs.get((action, collection))
        if known is None:
            home = self.snapshot.collections.get(collection)
            known = (
                home is not None
                and action != "delete"
                and collection not in NOT_GENERATED
                and self.view.writable(action, collection)
                and any(_is_stored(home, name) for name in self.view.write_fields(action, collection))
            )
            self._inputs[action, collection] = known
        return known

    def write_input(self, action: WriteAction, collection: str) -> GraphQLInputObjectType | None:
        if action == "delete" or not self.has_input(action, collection):
            return None
        home = self.snapshot.collections[collection]
        name = self.names.part(collection, "create_input" if action == "create" else "update_input")
        return self._once(
            name, lambda: GraphQLInputObjectType(name, lambda: input_fields(home, action, self))
        )

    def changes(self, collection: str, field: str) -> GraphQLInputObjectType | None:
        link = self.snapshot.link(collection, field)
        if link is None or link.kind == "m2a" or not self._may_name(collection, field):
            return None
        fields = change_fields(link, self)
        name = self.names.part(collection, "changes", field)
        return self._once(name, lambda: GraphQLInputObjectType(name, fields)) if fields else None

    def _may_name(self, collection: str, field: str) -> bool:
        return any(
            field in self.view.write_fields(action, collection)
            for action in _INPUTS.values()
            if self.has_input(action, collection)
        )

    # --- arguments --------------------------------------------------------------------------------------

    def list_arguments(self, collection: str) -> Mapping[str, GraphQLArgument]:
        found = self._arguments.get(collection)
        if found is None:
            found = self._arguments[collection] = {
                "filter": GraphQLArgument(self.filter(collection)),
                "sort": _SORT,
                "limit": _INT,
                "offset": _INT,
                "page": _INT,
                "search": _SEARCH,
            }
        return found

    # --- by name ----------------------------------------------------------------------------------------

    def named(self, name: str) -> GraphQLNamedType | None:
        """The type that is called so; None where there is none for this view."""
        known = FIXED.get(name) or self._made.get(name)
        if known is not None:
            return known
        if name in self._calls:
            return self._call_type(name)
        owner = self.names.owner(name)
        if owner is None:
            return None
        collection, part, field = owner
        if part == "changes":
            return self.changes(collection, field)
        if part in _INPUTS:
            return self.write_input(_INPUTS[part], collection)
        if not has_type(collection, self.snapshot, self.view):
            return None
        if part == "type":
            return self.object(collection)
        if field:
            return self._field_type(collection, part, field)
        if not self.shown(collection):
            return None
        makers: Mapping[str, Callable[[str], GraphQLNamedType | None]] = {
            "filter": self.filter,
            "quantifier_filter": self.quantifier,
            "aggregated": self.aggregated,
            "aggregated_count": self.counts,
            "aggregated_fields": self.sums,
            "key": self.key,
        }
        return makers[part](collection)

    def _field_type(self, collection: str, part: str, field: str) -> GraphQLNamedType | None:
        home = self.snapshot.collections[collection]
        for use in self.uses(collection):
            if use.field.name != field:
                continue
            if part == "union" and use.kind == "any":
                return self.union(home, use)
            if part == "func" and use.kind == "leaf" and not use.field.concealed:
                return self.json_functions(collection, use)
        return None

    def _call_type(self, name: str) -> GraphQLNamedType | None:
        made = self._calls[name]
        if isinstance(made, CallEnum):
            return self._once(name, lambda: GraphQLEnumType(name, {value: value for value in made.values}))
        if isinstance(made, CallInput):
            return self._once(name, lambda: GraphQLInputObjectType(name, lambda: self._call_inputs(made)))
        if not self._call_names(made):
            return None
        return self._once(name, lambda: GraphQLObjectType(name, lambda: self._call_fields(made)))

    def _call_fields(self, made: CallObject) -> dict[str, GraphQLField]:
        fields: dict[str, GraphQLField] = {}
        for name in self._call_names(made):
            type_ = self.written(made.fields[name])
            if type_ is not None:
                fields[name] = GraphQLField(cast("GraphQLObjectType", type_))
        return fields

    def _call_names(self, made: CallObject) -> list[str]:
        """The fields that the view shows."""
        if made.row_of is None or made.row_of not in self.snapshot.collections:
            return list(made.fields)
        shown = self.view.fields(made.row_of)
        return [name for name in made.fields if name in shown]

    def _call_inputs(self, made: CallInput) -> dict[str, GraphQLInputField]:
        return {
            name: GraphQLInputField(cast("GraphQLInputType", self.written(text)))
            for name, text in made.fields.items()
        }

    def written(self, text: str) -> GraphQLType | None:
        """The type that is written so (`[articles!]!`); None where the view does not show what it names."""
        return self._of_node(parse_type(text))

    def _of_node(self, node: TypeNode) -> GraphQLType | None:
        if isinstance(node, ListTypeNode):
            inner = self._of_node(node.type)
            return None if inner is None else GraphQLList(inner)
        if isinstance(node, NonNullTypeNode):
            inner = self._of_node(node.type)
            return None if inner is None else NonNull(cast("GraphQLObjectType", inner))
        return self.named(node.name.value)  # type: ignore[attr-defined]

    def _once(self, name: str, make: Callable[[], T]) -> T:
        found = self._made.get(name)
        if found is None:
            # two threads may both have made it: the one that came first is it
            found = self._made.setdefault(name, make())
        return cast("T", found)


def _is_stored(collection: Collection, name: str) -> bool:
    """Whether a value of the field can be written."""
    field = collection.fields.get(name)
    return field is not None and field.column is not None and not field.column.generated
