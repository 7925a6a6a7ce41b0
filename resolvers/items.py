"""Related items, fields and functions -> the shape of an item (a part of the planner).

    articles(filter: {...}) { id author { name } }  ->  Read(condition=..., item=Object(id=Value, author=One))

`Items` is made for one root. Every name goes through its `Reader`; lists are reads again, and so on down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import cast

from graphql import FieldNode, ValueNode

from resolvers.aggregates import plan_related_aggregate
from resolvers.conditions import ColumnRef, Compare, Condition, Hop, all_of
from resolvers.filters import parse_filter
from resolvers.function_fields import plan_function
from resolvers.operation import Operation
from resolvers.paging import Limits, page_of, sort_of
from resolvers.permissions import Gate
from resolvers.plan import AnyOf, Branch, Entry, Fixed, Nested, Object, One, Read, Shape, Value
from resolvers.reader import Reader
from resolvers.search import search_condition
from resolvers.tree import Tree, branch_directives, has_directive
from schema_gen.errors import invalid_query
from schema_gen.model import Collection, Field, Link
from schema_gen.naming import Names


class Items:
    """Plans reads and what their items look like, for one root of an operation."""

    def __init__(self, *, operation: Operation, gate: Gate, names: Names, limits: Limits) -> None:
        self.gate = gate
        self.names = names
        self.limits = limits
        self.tree = Tree.of(operation)
        self.wire = operation.wire
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

    def read(
        self,
        nodes: tuple[FieldNode, ...],
        collection: Collection,
        rule: Condition | None,
        *,
        place: tuple[str, ...] = (),
        link: Link | None = None,
    ) -> Read:
        arguments = self.tree.arguments(nodes[0])
        condition = self.filters(arguments, collection, rule, place)
        limit, offset = page_of(self.tree, arguments, self.limits)
        return Read(
            collection=collection,
            item=self.item(nodes, collection, (), place),
            condition=condition,
            sort=sort_of(self.tree, self.reader, arguments, collection, place, link),
            limit=limit,
            offset=offset,
        )

    def filters(
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

    def item(
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
            return plan_function(nodes, collection, hops, place, self.tree, self.reader, self.names)
        link = self.gate.snapshot.link(collection.name, field.name)
        guard = self.reader.column_guard(field)
        column = ColumnRef(field=field, hops=hops, guard=guard)
        if link is None:
            if field.alias:
                return Fixed(value=None)
            return Value(
                operand=self.reader.column(field, hops),
                text=self.wire == "graphql" and _is_id(field, collection),
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

    def _hop(
        self,
        field: Field,
        link: Link,
        target: Collection,
        arguments: Mapping[str, ValueNode],
        place: tuple[str, ...],
    ) -> tuple[Hop, bool]:
        """The step to an item of `target`, and whether the arguments narrow what may be there."""
        hop = self.reader.hop(field, link, target.name, place)
        asked = self.filters(arguments, target, None, place)
        if asked is None:
            return hop, False
        return replace(hop, guard=all_of([*([hop.guard] if hop.guard else []), asked])), True

    def _one(
        self,
        nodes: tuple[FieldNode, ...],
        field: Field,
        link: Link,
        hops: tuple[Hop, ...],
        place: tuple[str, ...],
    ) -> Shape:
        here = self._deeper(place, field.name)
        target = self.gate.snapshot.collections[link.target]
        hop, narrowed = self._hop(field, link, target, self.tree.arguments(nodes[0]), here)
        way = (*hops, hop)
        if narrowed and self.wanted and target.primary_key:
            # inside a list an item whose to-one item is filtered away goes with it (protocol)
            key = ColumnRef(field=target.fields[target.primary_key[0]], hops=way)
            self.wanted[-1].append(Compare(operand=key, op="nnull"))
        item = self.item(nodes, target, way, here)
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
            condition = self.filters(self.tree.arguments(nodes[0]), target, rule, here)
            rows = plan_related_aggregate(nodes, target, condition, self.tree, self.reader, self.limits)
            return Nested(link=link, hops=hops, read=rows, guard=guard)
        self.wanted.append([])
        read = self.read(nodes, target, rule, place=here, link=link)
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
                if self.wire == "graphql" and all(key == "__typename" for key in asked):
                    continue
                self.reader.collection(target, here)
            collection = self.gate.snapshot.collections[target]
            said = branch_directives(nodes, type_name)
            hop, _ = self._hop(field, link, collection, said.get("only", {}), here)
            way = (*column.hops, hop)
            item = self._key_of(collection, way) if "key" in said else self.item(nodes, collection, way, here)
            branches.append(Branch(hop=hop, item=item))
        named = junction.fields[cast(str, link.collection_field)]
        return AnyOf(
            link=link,
            hops=column.hops,
            branches=tuple(branches),
            collection_column=replace(column, field=named, guard=None),
            otherwise=None if self.wire == "graphql" else Value(operand=column),
            guard=column.guard,
        )


def _is_id(field: Field, collection: Collection) -> bool:
    """Keys are IDs, also the chosen ones of views."""
    return field.type == "uuid" or field.name in collection.primary_key
