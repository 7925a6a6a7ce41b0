"""Operation + snapshot + rules -> plan. The stage where names become columns and permission is asked.

In: an `Operation` (GraphQL syntax tree), the `Gate` of the caller, limits. Out: the `Root`s of a `Plan`, free
of SQL and of HTTP. Every name that is read, filtered, sorted, grouped, counted or searched goes through one
`Reader`, so the same gate holds for all of them. Raises FORBIDDEN (hidden and missing alike), INVALID_QUERY.

Structure and values: the plan depends on the document, on which fields the rules leave, on the shape of the
variables and on the values that are structure (`sort`, `limit`, `offset`, `page`, `groupBy`,
`@include(if:)`); `plan_shape` names them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, cast

from graphql import (
    FieldNode,
    ListValueNode,
    ObjectValueNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
)

from resolvers.aggregates import plan_aggregate, plan_related_aggregate
from resolvers.by_key import key_condition
from resolvers.conditions import ColumnRef, Condition, Current, Hop, Slot, all_of
from resolvers.conditions import Compare as CompareCondition
from resolvers.defaults import default_item
from resolvers.filters import parse_filter, shape_of
from resolvers.operands import function_operand
from resolvers.operation import Operation
from resolvers.paging import Limits, page_of, sort_of
from resolvers.parts import root_nodes
from resolvers.permissions import Gate
from resolvers.plan import (
    AnyOf,
    Branch,
    Entry,
    Fixed,
    Nested,
    Object,
    One,
    Read,
    Root,
    Shape,
    Value,
)
from resolvers.plan import Literal_ as LiteralNode
from resolvers.reader import Reader
from resolvers.search import search_condition
from resolvers.tree import Tree, branch_directives, fragments_of, has_directive, response_key
from schema_gen.errors import forbidden, forbidden_field, invalid_query
from schema_gen.model import Collection, Field, Link
from schema_gen.naming import Names


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


_VALUE_ARGUMENTS = frozenset({"data", "filter", "id", "ids", "key", "payload", "search"})


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
    {"data", "id", "ids", "if_match", "max_affected", "on_conflict", "payload", "upsert"}
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


def root_fields(operation: Operation) -> dict[str, list[FieldNode]]:
    """Response key -> occurrences of each root field, fragments merged in, `@skip`ped ones left out."""
    tree = Tree.of(operation)
    return tree.fields([operation.definition.selection_set], frozenset({"Query", "Mutation"}))


def plan_root(
    operation: Operation, gate: Gate, names: Names, limits: Limits, nodes: tuple[FieldNode, ...]
) -> Root:
    """The plan of one root field (`nodes`: its merged occurrences)."""
    return _Planner(operation=operation, gate=gate, names=names, limits=limits).root(nodes)


def plan_answer(
    operation: Operation,
    gate: Gate,
    names: Names,
    limits: Limits,
    nodes: tuple[FieldNode, ...],
    written: Condition | None,
    collection: str,
    *,
    many: bool,
) -> Root:
    """The read that answers a mutation root: the items that meet `written`, as far as the caller may see
    them.
    """
    planner = _Planner(operation=operation, gate=gate, names=names, limits=limits)
    return planner.answer(nodes, written, collection, many=many)


def plan_choice(
    operation: Operation,
    gate: Gate,
    names: Names,
    limits: Limits,
    node: FieldNode,
    collection: str,
    item: Shape,
) -> Root:
    """The read of the items that a mutation root chooses by its list arguments, each told as `item`."""
    return _Planner(operation=operation, gate=gate, names=names, limits=limits).choice(node, collection, item)


# --- the planner --------------------------------------------------------------------------------------------


class _Planner:
    def __init__(self, *, operation: Operation, gate: Gate, names: Names, limits: Limits) -> None:
        self.operation = operation
        self.gate = gate
        self.names = names
        self.limits = limits
        self.graphql = operation.wire == "graphql"
        self.tree = Tree.of(operation)
        #: for each list around: what its items must have besides, found while their fields are planned
        self.wanted: list[list[Condition]] = []
        self.reader = Reader(
            snapshot=gate.snapshot,
            gate=gate,
            variables=operation.variables,
            max_depth=limits.max_relational_depth,
            max_json_depth=limits.max_json_query_depth,
            names=names,
        )

    def root(self, nodes: tuple[FieldNode, ...]) -> Root:
        node = nodes[0]
        key = response_key(node)
        name = node.name.value
        if name == "__typename":
            kind = "Mutation" if self.operation.definition.operation.value == "mutation" else "Query"
            return Root(key=key, node=LiteralNode(json=f'"{kind}"'.encode()))
        if name == "_empty":
            return Root(key=key, node=LiteralNode(json=b"null"))
        if self.operation.scope == "system" and name in OWN_ROOTS:
            return self._own(key, nodes, OWN_ROOTS[name])
        found = self.names.root(self.operation.scope, name)
        if found is None:
            raise forbidden()
        collection_name, kind = found
        collection, scope = self.reader.collection(collection_name, ())
        rule = scope.condition if scope is not None else None
        if kind == "aggregated":
            condition = self._filters(self.tree.arguments(node), collection, rule, ())
            aggregate = plan_aggregate(
                nodes, collection, condition, self.tree, self.reader, self.names, self.limits
            )
            return Root(key=key, node=aggregate)
        if kind == "by_id":
            return Root(key=key, node=self._by_id(nodes, collection, rule), required=True)
        read = self._read(nodes, collection, rule)
        if kind == "singleton":
            read = replace(read, single=True, limit=1)
            # asked for by its key it is there or it is not
            named = "filter" in self.tree.arguments(node)
            fallback = None if named else default_item(read, self.operation.wire)
            return Root(key=key, node=read, fallback=fallback)
        return Root(key=key, node=read)

    def _own(self, key: str, nodes: tuple[FieldNode, ...], own: OwnRoot) -> Root:
        """The caller's own row, or roles."""
        collection, scope = self.reader.collection(own.collection, ())
        slot = Slot(source=Current(what=own.what), type="uuid", shape="list", operator="literal")
        mine = CompareCondition(operand=ColumnRef(field=collection.fields["id"]), op="in", slots=(slot,))
        rule = all_of([mine, *([scope.condition] if scope and scope.condition else [])])
        read = Read(
            collection=collection,
            item=self._item(nodes, collection, (), ()),
            condition=rule,
            limit=1 if own.single else None,
            single=own.single,
        )
        return Root(key=key, node=read, required=own.single)

    # --- mutations ------------------------------------------------------------------------------------------

    def answer(
        self, nodes: tuple[FieldNode, ...], written: Condition | None, name: str, *, many: bool
    ) -> Root:
        collection, scope = self.reader.collection(name, ())
        parts = [written, scope.condition if scope is not None else None]
        condition = all_of([part for part in parts if part is not None])
        if many and not self._chooses(nodes[0]):
            # list arguments shape the answer; without them it is whole
            read = self._read(nodes, collection, condition)
            whole = "limit" not in self.tree.arguments(nodes[0])
            return Root(key=response_key(nodes[0]), node=replace(read, limit=None) if whole else read)
        read = Read(
            collection=collection,
            item=self._item(nodes, collection, (), ()),
            condition=condition,
            sort=sort_of(self.tree, self.reader, {}, collection, (), None) if many else (),
            limit=None if many else 1,
            single=not many,
        )
        return Root(key=response_key(nodes[0]), node=read)

    def _chooses(self, node: FieldNode) -> bool:
        """Whether the list arguments of a mutation root say which items it changes."""
        found = self.names.mutation(self.operation.scope, node.name.value)
        return found is not None and found[1] == "update_items" and "ids" not in self.tree.arguments(node)

    def choice(self, node: FieldNode, name: str, item: Shape) -> Root:
        collection, scope = self.reader.collection(name, ())
        arguments = self.tree.arguments(node)
        rule = scope.condition if scope is not None else None
        limit, offset = page_of(self.tree, arguments, self.limits)
        read = Read(
            collection=collection,
            item=item,
            condition=self._filters(arguments, collection, rule, ()),
            sort=sort_of(self.tree, self.reader, arguments, collection, (), None),
            limit=limit if "limit" in arguments else None,
            offset=offset,
        )
        return Root(key=response_key(node), node=read)

    # --- reads ----------------------------------------------------------------------------------------------

    def _by_id(self, nodes: tuple[FieldNode, ...], collection: Collection, rule: Condition | None) -> Read:
        arguments = self.tree.arguments(nodes[0])
        if not collection.primary_key:
            raise forbidden()
        condition = key_condition(self.tree, self.reader, arguments, collection)
        return Read(
            collection=collection,
            item=self._item(nodes, collection, (), ()),
            condition=all_of([part for part in (condition, rule) if part is not None]),
            limit=1,
            single=True,
        )

    def _read(
        self,
        nodes: tuple[FieldNode, ...],
        collection: Collection,
        rule: Condition | None,
        *,
        place: tuple[str, ...] = (),
        link: Link | None = None,
    ) -> Read:
        arguments = self.tree.arguments(nodes[0])
        condition = self._filters(arguments, collection, rule, place)
        limit, offset = page_of(self.tree, arguments, self.limits)
        return Read(
            collection=collection,
            item=self._item(nodes, collection, (), place),
            condition=condition,
            sort=sort_of(self.tree, self.reader, arguments, collection, place, link),
            limit=limit,
            offset=offset,
        )

    def _filters(
        self,
        arguments: Mapping[str, ValueNode],
        collection: Collection,
        rule: Condition | None,
        place: tuple[str, ...],
    ) -> Condition | None:
        parts: list[Condition] = [rule] if rule is not None else []
        if "filter" in arguments:
            asked = parse_filter(self.tree.given(arguments["filter"]), collection, self.reader, place)
            if asked is not None:
                parts.append(asked)
        if "search" in arguments:
            searched = search_condition(self.tree.given(arguments["search"]), collection, self.reader)
            if searched is not None:
                parts.append(searched)
        return all_of(parts)

    # --- what an item looks like ----------------------------------------------------------------------------

    def _item(
        self,
        nodes: Iterable[FieldNode],
        collection: Collection,
        hops: tuple[Hop, ...],
        place: tuple[str, ...],
    ) -> Shape:
        if has_directive(nodes, "key"):
            return self._key_of(collection, hops)
        type_name = self.names.type_name(collection.name)
        fields = self.tree.fields((node.selection_set for node in nodes), frozenset({type_name}))
        entries = [
            Entry(key=key, shape=self._field(tuple(found), collection, hops, place, type_name))
            for key, found in fields.items()
        ]
        if has_directive(nodes, "lift") and len(entries) == 1:
            return entries[0].shape
        return Object(entries=tuple(entries))

    def _key_of(self, collection: Collection, hops: tuple[Hop, ...]) -> Shape:
        columns = [
            Value(operand=ColumnRef(field=collection.fields[name], hops=hops))
            for name in collection.primary_key
        ]
        if not columns:
            return Fixed(value=None)
        if len(columns) == 1:
            return columns[0]
        return Object(
            entries=tuple(
                Entry(key=name, shape=value)
                for name, value in zip(collection.primary_key, columns, strict=True)
            )
        )

    def _field(
        self,
        nodes: tuple[FieldNode, ...],
        collection: Collection,
        hops: tuple[Hop, ...],
        place: tuple[str, ...],
        type_name: str,
    ) -> Shape:
        name = nodes[0].name.value
        if name == "__typename":
            return Fixed(value=type_name)
        field = self.reader.find_field(collection, name)
        if field is None:
            return self._function(nodes, name, collection, hops, place)
        link = self.gate.snapshot.link(collection.name, field.name)
        guard = self.reader.column_guard(field)
        column = ColumnRef(field=field, hops=hops, guard=guard)
        if link is None:
            if field.alias:
                return Fixed(value=None)
            return Value(
                operand=self.reader.column(field, hops), text=self.graphql and _is_id(field, collection)
            )
        if link.kind == "o2m":
            return self._list(nodes, field, link, hops, place, guard)
        if nodes[0].selection_set is None or has_directive(nodes, "key"):
            return self._raw_key(field, link, column)
        if link.kind == "m2a":
            return self._any(nodes, field, link, column, place)
        return self._one(nodes, field, link, hops, place)

    def _raw_key(self, field: Field, link: Link, column: ColumnRef) -> Shape:
        if not field.alias:
            return Value(operand=column)
        # a composite foreign key: its columns, by the names they have on the other side
        fields = self.gate.snapshot.collections[link.collection].fields
        return Object(
            entries=tuple(
                Entry(key=there, shape=Value(operand=replace(column, field=fields[here])))
                for here, there in zip(link.local, link.remote, strict=True)
            )
        )

    def _deeper(self, place: tuple[str, ...], step: str) -> tuple[str, ...]:
        if len(place) >= self.limits.max_relational_depth:
            raise invalid_query("Max relational depth exceeded")
        return (*place, step)

    def _one(
        self,
        nodes: tuple[FieldNode, ...],
        field: Field,
        link: Link,
        hops: tuple[Hop, ...],
        place: tuple[str, ...],
    ) -> Shape:
        here = self._deeper(place, field.name)
        hop = replace(self.reader.hop(link, link.target, here), column_guard=self.reader.column_guard(field))
        target = self.gate.snapshot.collections[link.target]
        asked = self._filters(self.tree.arguments(nodes[0]), target, None, here)
        if asked is not None:
            guard = all_of([part for part in (hop.guard, asked) if part is not None])
            hop = replace(hop, guard=guard)
        way = (*hops, hop)
        if asked is not None and self.wanted and target.primary_key:
            # inside a list an item whose to-one item is filtered away goes with it (protocol)
            key = ColumnRef(field=target.fields[target.primary_key[0]], hops=way)
            self.wanted[-1].append(CompareCondition(operand=key, op="nnull"))
        item = self._item(nodes, target, way, here)
        return One(hops=way, key=self.reader.presence(target, way), item=item)

    def _list(
        self,
        nodes: tuple[FieldNode, ...],
        field: Field,
        link: Link,
        hops: tuple[Hop, ...],
        place: tuple[str, ...],
        guard: Condition | None,
    ) -> Shape:
        here = self._deeper(place, field.name)
        rule = self.reader.item_guard(link.target, here)
        target = self.gate.snapshot.collections[link.target]
        if has_directive(nodes, "aggregated"):
            condition = self._filters(self.tree.arguments(nodes[0]), target, rule, here)
            rows = plan_related_aggregate(nodes, target, condition, self.tree, self.reader, self.limits)
            return Nested(link=link, hops=hops, read=rows, guard=guard)
        self.wanted.append([])
        read = self._read(nodes, target, rule, place=here, link=link)
        wanted = self.wanted.pop()
        if wanted:
            read = replace(read, condition=all_of([*wanted, *([read.condition] if read.condition else [])]))
        return Nested(link=link, hops=hops, read=read, guard=guard)

    def _any(
        self,
        nodes: tuple[FieldNode, ...],
        field: Field,
        link: Link,
        column: ColumnRef,
        place: tuple[str, ...],
    ) -> Shape:
        junction = self.gate.snapshot.collections[link.collection]
        branches: list[Branch] = []
        for target in link.allowed:
            here = self._deeper(place, f"{field.name}:{target}")
            type_name = self.names.type_name(target)
            asked = self.tree.fields((node.selection_set for node in nodes), frozenset({type_name}))
            if not asked:
                continue
            if self.gate.read_scope(target) is None:
                if self.graphql and all(key == "__typename" for key in asked):
                    continue
                self.reader.collection(target, here)
            collection = self.gate.snapshot.collections[target]
            said = branch_directives(nodes, type_name)
            hop = replace(self.reader.hop(link, target, here), column_guard=column.guard)
            only = self._filters(said.get("only", {}), collection, None, here)
            if only is not None:
                hop = replace(hop, guard=all_of([only, *([hop.guard] if hop.guard else [])]))
            way = (*column.hops, hop)
            item = (
                self._key_of(collection, way) if "key" in said else self._item(nodes, collection, way, here)
            )
            branches.append(Branch(hop=hop, item=item))
        named = junction.fields[cast(str, link.collection_field)]
        return AnyOf(
            link=link,
            hops=column.hops,
            branches=tuple(branches),
            collection_column=replace(column, field=named, guard=None),
            otherwise=None if self.graphql else Value(operand=column),
            guard=column.guard,
        )

    def _function(
        self,
        nodes: tuple[FieldNode, ...],
        name: str,
        collection: Collection,
        hops: tuple[Hop, ...],
        place: tuple[str, ...],
    ) -> Shape:
        """`<field>_func { year }`: an object of function results, or the one result where it is lifted."""
        base = self.names.function_base(collection.name, name)
        if base is None or self.reader.find_field(collection, base) is None:
            raise forbidden_field(collection.name, (name,), place)
        entries: list[Entry] = []
        for key, found in self.tree.fields((node.selection_set for node in nodes), frozenset()).items():
            function = found[0].name.value
            if function == "__typename":
                field = collection.fields[base]
                entries.append(Entry(key=key, shape=Fixed(value=function_type(field, self.names))))
                continue
            argument = base
            if function == "json":
                path = self.tree.argument(self.tree.arguments(found[0])["path"])
                argument = f"{base}, {path}"
            operand = function_operand(function, argument, collection, self.reader, hops, place)[0]
            entries.append(Entry(key=key, shape=Value(operand=operand)))
        if has_directive(nodes, "lift") and len(entries) == 1:
            return entries[0].shape
        return Object(entries=tuple(entries))


_FUNCTION_TYPES: Final[Mapping[str, str]] = {
    "date": "date_functions",
    "time": "time_functions",
    "dateTime": "datetime_functions",
    "timestamp": "datetime_functions",
    "alias": "count_functions",
}


def function_type(field: Field, names: Names) -> str:
    """The name of the type of `<field>_func`."""
    return _FUNCTION_TYPES.get(field.type) or names.part(field.collection, "func", field.name)


def _is_id(field: Field, collection: Collection) -> bool:
    """Keys are IDs, also the chosen ones of views."""
    return field.type == "uuid" or field.name in collection.primary_key
