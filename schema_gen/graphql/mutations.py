"""The roots that write items: their arguments and answers.

    create_articles_items(filter: ..., sort: ..., data: [create_articles_input!], on_conflict: [String!])
      : [articles!]!
    update_articles_item(id: ID!, data: update_articles_input!): articles
    delete_articles_items(ids: [ID]!): delete_many

Where the caller may not read the collection, a root that creates or updates says `Boolean`. As the REST
bridge asks (`internal`), the payload is JSON in the form of REST, `filter` and its like choose the items
instead of shaping the answer, and there are arguments for the headers of requests.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from graphql import (
    DirectiveLocation,
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLDirective,
    GraphQLField,
    GraphQLID,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLString,
)

from schema_gen.graphql.outputs import with_arguments
from schema_gen.graphql.scalars import JSON
from schema_gen.graphql.source import WriteSource
from schema_gen.graphql.view import WriteAction
from schema_gen.model import Collection
from schema_gen.mutation_names import MutationKind

TRANSACTION: Final = GraphQLDirective(
    "transaction",
    [DirectiveLocation.MUTATION],
    description="All roots of the mutation are one transaction: either all of them are done, or none is.",
)

DELETED: Final[Mapping[MutationKind, GraphQLObjectType]] = {
    "delete_item": GraphQLObjectType("delete_one", {"id": GraphQLField(GraphQLNonNull(GraphQLID))}),
    "delete_items": GraphQLObjectType(
        "delete_many", {"ids": GraphQLField(GraphQLNonNull(GraphQLList(GraphQLID)))}
    ),
}

#: what each root does to items, and whether it answers with a list
KINDS: Final[Mapping[MutationKind, tuple[WriteAction, bool]]] = {
    "create_items": ("create", True),
    "create_item": ("create", False),
    "update_items": ("update", True),
    "update_batch": ("update", True),
    "update_item": ("update", False),
    "update_singleton": ("update", False),
    "delete_items": ("delete", True),
    "delete_item": ("delete", False),
}

_ID: Final = GraphQLArgument(GraphQLNonNull(GraphQLID))
_IDS: Final = GraphQLArgument(GraphQLNonNull(GraphQLList(GraphQLID)))
#: fields of the key or of a unique constraint: an item with the same values there is updated
_ON_CONFLICT: Final = GraphQLArgument(GraphQLList(GraphQLNonNull(GraphQLString)))
_JSON_ID: Final = GraphQLArgument(GraphQLNonNull(JSON))
_JSON_IDS: Final = GraphQLArgument(GraphQLList(GraphQLNonNull(JSON)))
_PAYLOAD: Final = GraphQLArgument(GraphQLNonNull(JSON))
_MAX_AFFECTED: Final = GraphQLArgument(GraphQLInt)
_IF_MATCH: Final = GraphQLArgument(GraphQLList(GraphQLNonNull(GraphQLString)))
_UPSERT: Final = GraphQLArgument(GraphQLBoolean)


def is_offered(collection: Collection, kind: MutationKind, source: WriteSource, *, internal: bool) -> bool:
    """Whether the caller may write so, and GraphQL has words for what to write."""
    action, _ = KINDS[kind]
    if internal:
        return source.view.writable(action, collection.name)
    if action == "delete":
        return not collection.singleton and source.view.writable(action, collection.name)
    return source.has_input(action, collection.name)


def mutation_root(
    collection: Collection, kind: MutationKind, source: WriteSource, *, internal: bool
) -> GraphQLField:
    """A root that is offered."""
    more = _internal(kind) if internal else _public(collection.name, kind, source)
    listed = KINDS[kind][1] and (internal or kind != "delete_items") and source.shown(collection.name)
    arguments = {**source.list_arguments(collection.name), **more} if listed else more
    return with_arguments(_answer(collection.name, kind, source, internal=internal), arguments)


def _answer(collection: str, kind: MutationKind, source: WriteSource, *, internal: bool) -> GraphQLOutputType:
    # the bridge reads the item that it deletes: it may be bound to a version of it
    if kind in DELETED and not (internal and kind == "delete_item"):
        return DELETED[kind]
    if not source.shown(collection):
        return GraphQLBoolean
    item = source.object(collection)
    return GraphQLNonNull(GraphQLList(GraphQLNonNull(item))) if KINDS[kind][1] else item


def _public(collection: str, kind: MutationKind, source: WriteSource) -> dict[str, GraphQLArgument]:
    if kind == "delete_item":
        return {"id": _ID}
    if kind == "delete_items":
        return {"ids": _IDS}
    input_ = source.write_input(KINDS[kind][0], collection)
    if input_ is None:
        raise LookupError(f"{kind} of {collection} is not offered")
    found = {"update_item": {"id": _ID}, "update_items": {"ids": _IDS}}.get(kind, {})
    conflict = {"on_conflict": _ON_CONFLICT} if kind in ("create_item", "create_items") else {}
    return {**found, "data": _data(input_, kind), **conflict}


def _data(input_: GraphQLInputObjectType, kind: MutationKind) -> GraphQLArgument:
    required: GraphQLInputType = GraphQLNonNull(input_)
    # as the protocol has it, the list itself may be left out
    return GraphQLArgument(GraphQLList(required) if kind in ("create_items", "update_batch") else required)


def _internal(kind: MutationKind) -> dict[str, GraphQLArgument]:
    arguments: dict[str, GraphQLArgument] = {}
    if kind in ("update_item", "delete_item"):
        arguments["id"] = _JSON_ID
    if kind in ("update_items", "delete_items"):
        arguments |= {"ids": _JSON_IDS, "max_affected": _MAX_AFFECTED}
    if kind in ("update_item", "delete_item", "update_singleton"):
        arguments["if_match"] = _IF_MATCH
    if kind not in DELETED:
        arguments["payload"] = _PAYLOAD
    if kind in ("create_item", "create_items"):
        arguments["on_conflict"] = _ON_CONFLICT
    if kind == "update_item":
        arguments["upsert"] = _UPSERT
    return arguments
