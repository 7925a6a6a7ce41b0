"""Operation + snapshot + rules -> plan. The stage where names become columns and permission is asked: the
roots here, what their items look like in `resolvers.items`.

In: an `Operation` (GraphQL syntax tree), the `Gate` of the caller, limits. Out: the `Root`s of a `Plan`, free
of SQL and of HTTP. Every name that is read, filtered, sorted, grouped, counted or searched goes through one
`Reader`, so the same gate holds for all of them. Raises FORBIDDEN (hidden and missing alike), INVALID_QUERY.

Structure and values: the plan depends on the document, on which fields the rules leave, on the shape of the
variables and on the values that are structure (`sort`, `limit`, `offset`, `page`, `groupBy`,
`@include(if:)`); `plan_shape` names them.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from graphql import (
    FieldNode,
    ListValueNode,
    ObjectValueNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
)

from resolvers.aggregates import plan_aggregate
from resolvers.by_key import key_condition
from resolvers.conditions import ColumnRef, Compare, Condition, Current, Slot, all_of
from resolvers.defaults import default_item
from resolvers.filters import shape_of
from resolvers.items import Items
from resolvers.operation import Operation
from resolvers.paging import Limits, page_of, sort_of
from resolvers.parts import root_nodes
from resolvers.permissions import Gate
from resolvers.plan import Literal_, Read, Root, Shape
from resolvers.tree import Tree, fragments_of, response_key
from schema_gen.errors import forbidden
from schema_gen.model import Collection
from schema_gen.naming import Names, RootKind


def plan_shape(variables: Mapping[str, Any], structural: frozenset[str]) -> Hashable:
    """What of the variables the plan depends on: of most their shape, of `structural` ones their value."""
    return tuple(
        [
            (name, _hashable(value) if name in structural else shape_of(value))
            for name, value in variables.items()
        ]
    )


def _hashable(value: Any) -> Hashable:
    if isinstance(value, list):
        return tuple([_hashable(item) for item in value])
    if isinstance(value, Mapping):
        return tuple([(key, _hashable(item)) for key, item in value.items()])
    # True == 1: the type belongs to the value
    return (type(value).__name__, value)


def structural_variables(operation: Operation) -> frozenset[str]:
    """Names of variables whose values, not only shapes, the plan depends on: all that stand where a filter
    does not.
    """
    found: set[str] = set()
    for definition in operation.document.definitions:
        selection = getattr(definition, "selection_set", None)
        if selection is not None:
            _collect_structural(selection, found)
    return frozenset(found)


#: arguments whose values are bound, written, or handed to calls
_VALUE_ARGUMENTS: Final = frozenset(
    {"collection", "concurrently", "data", "field", "filter", "id", "ids", "key", "keys", "payload", "search"}
)


def _collect_structural(selection: SelectionSetNode, found: set[str]) -> None:
    for node in selection.selections:
        for directive in node.directives or ():
            for argument in directive.arguments or ():
                if argument.name.value not in _VALUE_ARGUMENTS:
                    _variables_in(argument.value, found)
        if isinstance(node, FieldNode):
            for argument in node.arguments or ():
                if argument.name.value not in _VALUE_ARGUMENTS:
                    _variables_in(argument.value, found)
        inner = getattr(node, "selection_set", None)
        if inner is not None:
            _collect_structural(inner, found)


#: arguments of mutation roots whose values are written, or name what is
_WRITTEN_ARGUMENTS: Final = frozenset(
    {
        *("collection", "concurrently", "data", "field", "id", "ids"),
        *("if_match", "max_affected", "on_conflict", "payload", "upsert"),
    }
)


def written_variables(operation: Operation) -> frozenset[str]:
    """Names of variables that only say what mutation roots write, or where: plans do not depend on them."""
    written: set[str] = set()
    others: set[str] = set()
    for node in root_nodes(operation.definition.selection_set, fragments_of(operation.document)):
        for argument in node.arguments or ():
            into = written if argument.name.value in _WRITTEN_ARGUMENTS else others
            _variables_in(argument.value, into)
    return frozenset(written - others)


def _variables_in(value: ValueNode, found: set[str]) -> None:
    if isinstance(value, VariableNode):
        found.add(value.name.value)
    elif isinstance(value, ListValueNode):
        for item in value.values:
            _variables_in(item, found)
    elif isinstance(value, ObjectValueNode):
        for entry in value.fields:
            _variables_in(entry.value, found)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRoot:
    """`users_me`, `roles_me`: what the caller may always see of itself, at least the key."""

    collection: str
    what: Literal["user", "roles"]
    single: bool


OWN_ROOTS: Final[Mapping[str, OwnRoot]] = {
    "users_me": OwnRoot(collection="directus_users", what="user", single=True),
    "roles_me": OwnRoot(collection="directus_roles", what="roles", single=False),
}
#: the root that changes the caller's own row
OWN_CHANGE: Final = "update_users_me"


def root_fields(operation: Operation) -> dict[str, list[FieldNode]]:
    """Response key -> occurrences of each root field, fragments merged in, `@skip`ped ones left out."""
    tree = Tree.of(operation)
    return tree.fields([operation.definition.selection_set], frozenset({"Query", "Mutation"}))


def plan_root(
    operation: Operation, gate: Gate, names: Names, limits: Limits, nodes: tuple[FieldNode, ...]
) -> Root:
    """The plan of one root field (`nodes`: its merged occurrences)."""
    key = response_key(nodes[0])
    name = nodes[0].name.value
    if name == "__typename":
        kind = "Mutation" if operation.definition.operation.value == "mutation" else "Query"
        return Root(key=key, node=Literal_(json=f'"{kind}"'.encode()))
    if name == "_empty":
        return Root(key=key, node=Literal_(json=b"null"))
    items = Items(operation=operation, gate=gate, names=names, limits=limits)
    if operation.scope == "system" and name in OWN_ROOTS:
        return _own(key, nodes, OWN_ROOTS[name], items)
    found = names.root(operation.scope, name)
    if found is None:
        raise forbidden()
    return _collection_root(key, nodes, *found, items)


def _collection_root(
    key: str, nodes: tuple[FieldNode, ...], collection_name: str, kind: RootKind, items: Items
) -> Root:
    collection, scope = items.reader.collection(collection_name, ())
    rule = scope.condition if scope is not None else None
    if kind == "aggregated":
        condition = items.filters(items.tree.arguments(nodes[0]), collection, rule, ())
        aggregate = plan_aggregate(
            nodes, collection, condition, items.tree, items.reader, items.names, items.limits
        )
        return Root(key=key, node=aggregate)
    if kind == "by_id":
        return Root(key=key, node=_by_id(nodes, collection, rule, items), required=True)
    read = items.read(nodes, collection, rule)
    if kind == "singleton":
        read = replace(read, single=True, limit=1)
        # asked for by its key it is there or it is not
        named = "filter" in items.tree.arguments(nodes[0])
        fallback = None if named else default_item(read, items.wire)
        return Root(key=key, node=read, fallback=fallback)
    return Root(key=key, node=read)


def _own(key: str, nodes: tuple[FieldNode, ...], own: OwnRoot, items: Items) -> Root:
    """The caller's own row, or roles."""
    collection, scope = items.reader.collection(own.collection, ())
    slot = Slot(source=Current(what=own.what), type="uuid", shape="list", operator="literal")
    mine = Compare(operand=ColumnRef(field=collection.fields["id"]), op="in", slots=(slot,))
    rule = all_of([mine, *([scope.condition] if scope and scope.condition else [])])
    read = Read(
        collection=collection,
        item=items.item(nodes, collection, (), ()),
        condition=rule,
        limit=1 if own.single else None,
        single=own.single,
    )
    return Root(key=key, node=read, required=own.single)


def _by_id(
    nodes: tuple[FieldNode, ...], collection: Collection, rule: Condition | None, items: Items
) -> Read:
    if not collection.primary_key:
        raise forbidden()
    condition = key_condition(items.tree, items.reader, items.tree.arguments(nodes[0]), collection)
    return Read(
        collection=collection,
        item=items.item(nodes, collection, (), ()),
        condition=all_of([part for part in (condition, rule) if part is not None]),
        limit=1,
        single=True,
    )


# --- mutations ----------------------------------------------------------------------------------------------


def plan_answer(
    operation: Operation,
    gate: Gate,
    names: Names,
    limits: Limits,
    nodes: tuple[FieldNode, ...],
    written: Condition | None,
    name: str,
    *,
    many: bool,
) -> Root:
    """The read that answers a mutation root: the items of the collection `name` that meet `written`, as far
    as the caller may see them.
    """
    items = Items(operation=operation, gate=gate, names=names, limits=limits)
    collection, scope = items.reader.collection(name, ())
    parts = [written, scope.condition if scope is not None else None]
    condition = all_of([part for part in parts if part is not None])
    if many and not _chooses(operation, nodes[0], items):
        # list arguments shape the answer; without them it is whole
        read = items.read(nodes, collection, condition)
        whole = "limit" not in items.tree.arguments(nodes[0])
        return Root(key=response_key(nodes[0]), node=replace(read, limit=None) if whole else read)
    read = Read(
        collection=collection,
        item=items.item(nodes, collection, (), ()),
        condition=condition,
        sort=sort_of(items.tree, items.reader, {}, collection, (), None) if many else (),
        limit=None if many else 1,
        single=not many,
    )
    return Root(key=response_key(nodes[0]), node=read)


def _chooses(operation: Operation, node: FieldNode, items: Items) -> bool:
    """Whether the list arguments of a mutation root say which items it changes."""
    found = items.names.mutation(operation.scope, node.name.value)
    return found is not None and found[1] == "update_items" and "ids" not in items.tree.arguments(node)


def plan_choice(
    operation: Operation,
    gate: Gate,
    names: Names,
    limits: Limits,
    node: FieldNode,
    name: str,
    item: Shape,
) -> Root:
    """The read of the items of the collection `name` that a mutation root chooses by its list arguments, each
    told as `item`.
    """
    items = Items(operation=operation, gate=gate, names=names, limits=limits)
    collection, scope = items.reader.collection(name, ())
    arguments = items.tree.arguments(node)
    rule = scope.condition if scope is not None else None
    limit, offset = page_of(items.tree, arguments, limits)
    read = Read(
        collection=collection,
        item=item,
        condition=items.filters(arguments, collection, rule, ()),
        sort=sort_of(items.tree, items.reader, arguments, collection, (), None),
        limit=limit if "limit" in arguments else None,
        offset=offset,
    )
    return Root(key=response_key(node), node=read)
