"""Snapshot + view -> the schema of one scope.

    schema = build_schema(snapshot, names, Everything(snapshot), "items")

    type Query {
      articles(filter: articles_filter, sort: [String], limit: Int, ...): [articles!]!
      articles_by_id(id: ID!): articles
      articles_aggregated(groupBy: [String], filter: articles_filter, ...): [articles_aggregated!]!
      homepage: homepage
    }

Root fields that read come from `GENERATORS`, one for each way to read a collection, those that write from
`schema_gen.graphql.mutations`; roots of other kinds are handed in as signatures.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Final, cast

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLID,
    GraphQLInputType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLString,
    specified_directives,
)

from schema_gen.graphql.lazy import Lazy, LazySchema
from schema_gen.graphql.mutations import TRANSACTION, is_offered, mutation_root
from schema_gen.graphql.operators import INTERNAL_DIRECTIVES
from schema_gen.graphql.outputs import with_arguments
from schema_gen.graphql.scalars import VOID
from schema_gen.graphql.signatures import CallSignature
from schema_gen.graphql.types import FIXED, Types
from schema_gen.graphql.view import View
from schema_gen.model import SchemaSnapshot
from schema_gen.naming import Names, RootKind, Scope

_Make = Callable[[], GraphQLField]

#: types that all schemas have in common
SHARED: Final = frozenset(FIXED.values())
_KEY: Final = GraphQLArgument(GraphQLNonNull(GraphQLID))
_ENCODED_KEY: Final = GraphQLArgument(GraphQLID, description="The values of the key, joined by commas.")
_GROUP: Final = GraphQLArgument(GraphQLList(GraphQLString))
_INT: Final = GraphQLArgument(GraphQLInt)


def build_schema(
    snapshot: SchemaSnapshot,
    names: Names,
    view: View,
    scope: Scope,
    signatures: tuple[CallSignature, ...] = (),
    *,
    introspection: bool = True,
    internal: bool = False,
) -> LazySchema:
    """`signatures`: roots of this scope that the caller may see. `internal`: with the roots and directives of
    the REST bridge and its form of mutations, which no caller may use.
    """
    here = tuple(
        signature
        for signature in signatures
        if signature.scope == scope and (internal or not signature.internal)
    )
    types = Types(snapshot, names, view, here)
    query = _query(types, scope, _calls(types, here, "query"))
    mutation = _mutation(types, scope, _calls(types, here, "mutation"), internal=internal)
    directives = [one for one in specified_directives if one.name in ("include", "skip", "deprecated")]
    if mutation is not None:
        directives.append(TRANSACTION)
    return LazySchema(
        query=query,
        mutation=mutation,
        find=types.named,
        directives=(*directives, *INTERNAL_DIRECTIVES) if internal else tuple(directives),
        introspection=introspection,
    )


def _query(types: Types, scope: Scope, calls: Mapping[str, _Make]) -> GraphQLObjectType:
    roots = types.names.roots(scope)

    def shown(name: str) -> bool:
        return types.shown(roots[name][0])

    def make(name: str) -> GraphQLField:
        collection, kind = roots[name]
        return GENERATORS[kind](types, collection)

    if not calls and not any(map(shown, roots)):
        told = "There is nothing here that you may read."
        calls = {"_empty": lambda: GraphQLField(VOID, description=told)}
    return _root_type("Query", calls, roots, shown, make)


def _mutation(
    types: Types, scope: Scope, calls: Mapping[str, _Make], *, internal: bool
) -> GraphQLObjectType | None:
    roots = types.names.mutations(scope)
    homes = types.snapshot.collections

    def offered(name: str) -> bool:
        collection, kind = roots[name]
        return is_offered(homes[collection], kind, types, internal=internal)

    def make(name: str) -> GraphQLField:
        collection, kind = roots[name]
        return mutation_root(homes[collection], kind, types, internal=internal)

    if not calls and not any(map(offered, roots)):
        return None
    return _root_type("Mutation", calls, roots, offered, make)


def _root_type(
    name: str,
    calls: Mapping[str, _Make],
    roots: Collection[str],
    offered: Callable[[str], bool],
    make: Callable[[str], GraphQLField],
) -> GraphQLObjectType:
    """An object type whose fields are made, and found to be there, when they are looked for: a request does
    not pay for the roots of 500 collections. `offered` is asked of `roots` alone.
    """
    made: dict[str, GraphQLField] = {}

    def find(field: str) -> GraphQLField | None:
        known = made.get(field)
        if known is not None:
            return known
        if field in roots and offered(field):
            return made.setdefault(field, make(field))
        return made.setdefault(field, calls[field]()) if field in calls else None

    def everything() -> Mapping[str, GraphQLField]:
        there = dict.fromkeys((*calls, *filter(offered, roots)))
        return {field: cast("GraphQLField", find(field)) for field in there}

    root = GraphQLObjectType(name, {})
    root.fields = Lazy(find, everything)
    return root


def _calls(types: Types, signatures: tuple[CallSignature, ...], kind: str) -> dict[str, _Make]:
    return {
        signature.name: partial(_call, types, signature)
        for signature in signatures
        if signature.kind == kind
        and all(types.written(text) is not None for text in (signature.type, *signature.arguments.values()))
    }


def _call(types: Types, signature: CallSignature) -> GraphQLField:
    arguments = {
        name: GraphQLArgument(cast("GraphQLInputType", types.written(text)))
        for name, text in signature.arguments.items()
    }
    type_ = cast("GraphQLOutputType", types.written(signature.type))
    return GraphQLField(type_, arguments, description=signature.description or None)


def _list(types: Types, collection: str) -> GraphQLField:
    items = GraphQLNonNull(GraphQLList(GraphQLNonNull(types.object(collection))))
    return with_arguments(items, types.list_arguments(collection))


def _singleton(types: Types, collection: str) -> GraphQLField:
    return GraphQLField(types.object(collection))


def _by_id(types: Types, collection: str) -> GraphQLField:
    if len(types.snapshot.collections[collection].primary_key) > 1:
        arguments = {"id": _ENCODED_KEY, "key": GraphQLArgument(types.key(collection))}
        return with_arguments(types.object(collection), arguments)
    return with_arguments(types.object(collection), {"id": _KEY})


def _aggregated(types: Types, collection: str) -> GraphQLField:
    rows = GraphQLNonNull(GraphQLList(GraphQLNonNull(types.aggregated(collection))))
    common = types.list_arguments(collection)
    return with_arguments(
        rows,
        {
            "groupBy": _GROUP,
            "filter": common["filter"],
            "limit": _INT,
            "offset": _INT,
            "page": _INT,
            "search": common["search"],
            "sort": common["sort"],
        },
    )


#: how each way of reading a collection looks
GENERATORS: Final[Mapping[RootKind, Callable[[Types, str], GraphQLField]]] = {
    "list": _list,
    "singleton": _singleton,
    "by_id": _by_id,
    "aggregated": _aggregated,
}
