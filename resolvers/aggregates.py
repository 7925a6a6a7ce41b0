"""The selection under `<collection>_aggregated` -> the shape of one aggregate row (a part of the planner).

    { group countAll sum { views } }
    -> AggregateObject(group=GroupObject, countAll=AggregateValue(countAll),
                       sum=AggregateObject(views=AggregateValue(sum, views)))

With `@lift` on `group` its entries become entries of the row itself (REST).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from graphql import FieldNode, ValueNode

from resolvers.conditions import ColumnRef, Condition, Operand
from resolvers.operands import column_path, split_call, split_path
from resolvers.operands import function_operand as call_operand
from resolvers.operators import AGGREGATES
from resolvers.paging import Limits, listed, page_of
from resolvers.plan import (
    Aggregate,
    AggregateEntry,
    AggregateName,
    AggregateObject,
    AggregateShape,
    AggregateSort,
    AggregateValue,
    Fixed,
    Group,
    GroupObject,
    GroupValue,
)
from resolvers.reader import Reader
from resolvers.tree import Tree, has_directive
from schema_gen.errors import forbidden_field, invalid_query
from schema_gen.model import Collection, FieldType
from schema_gen.naming import Names, TypePart
from schema_gen.types import NUMBERS

_ORDERED: frozenset[FieldType] = NUMBERS | {
    "date",
    "dateTime",
    "time",
    "timestamp",
    "string",
    "text",
    "uuid",
}

Collect = Callable[[Iterable[FieldNode]], Mapping[str, list[FieldNode]]]


def plan_aggregate(
    nodes: tuple[FieldNode, ...],
    collection: Collection,
    condition: Condition | None,
    tree: Tree,
    reader: Reader,
    names: Names,
    limits: Limits,
) -> Aggregate:
    """The plan of one `<collection>_aggregated` root."""
    arguments = tree.arguments(nodes[0])
    groups = tuple(_group(text, collection, reader) for text in listed(tree, arguments, "groupBy"))
    limit, offset = page_of(tree, arguments, limits)
    type_name = names.part(collection.name, "aggregated")
    fields = tree.fields((node.selection_set for node in nodes), frozenset({type_name}))
    return Aggregate(
        collection=collection,
        item=_aggregate_item(
            {key: tuple(found) for key, found in fields.items()},
            collection,
            reader,
            groups,
            lift=has_directive(nodes, "lift"),
            collect=lambda inner: tree.fields((node.selection_set for node in inner), frozenset()),
            type_name=type_name,
            names=names,
        ),
        groups=groups,
        condition=condition,
        sort=_sort_of(tree, arguments, collection, groups, reader),
        limit=limit if groups else None,
        offset=offset if groups else 0,
        first=has_directive(nodes, "first"),
    )


def plan_related_aggregate(
    nodes: tuple[FieldNode, ...],
    collection: Collection,
    condition: Condition | None,
    tree: Tree,
    reader: Reader,
    limits: Limits,
) -> Aggregate:
    """The plan of a list of related items with `@aggregated(groupBy:, of:)`."""
    (said,) = [
        {entry.name.value: entry.value for entry in directive.arguments or ()}
        for directive in nodes[0].directives or ()
        if directive.name.value == "aggregated"
    ]
    arguments = tree.arguments(nodes[0])
    groups = tuple(_group(text, collection, reader) for text in listed(tree, said, "groupBy"))
    limit, offset = page_of(tree, arguments, limits)
    entries: dict[str, list[AggregateEntry]] = {}
    rows: list[AggregateEntry] = []
    for text in listed(tree, said, "of"):
        function, _, name = text.partition(".")
        if function not in AGGREGATES:
            raise invalid_query(f'"{function}" is no aggregate function')
        if name:
            value = AggregateValue(
                function=cast(AggregateName, function),
                operand=aggregate_operand(function, name, collection, reader),
            )
            entries.setdefault(function, []).append(AggregateEntry(key=name, shape=value))
        else:
            rows.append(AggregateEntry(key=function, shape=AggregateValue(function="countAll")))
    return Aggregate(
        collection=collection,
        item=AggregateObject(
            entries=(
                *(AggregateEntry(key=group.key, shape=GroupValue(index=i)) for i, group in enumerate(groups)),
                *rows,
                *(
                    AggregateEntry(key=function, shape=AggregateObject(entries=tuple(found)))
                    for function, found in entries.items()
                ),
            )
        ),
        groups=groups,
        condition=condition,
        sort=_sort_of(tree, arguments, collection, groups, reader),
        limit=limit if groups else None,
        offset=offset if groups else 0,
    )


def _sort_of(
    tree: Tree,
    arguments: Mapping[str, ValueNode],
    collection: Collection,
    groups: tuple[Group, ...],
    reader: Reader,
) -> tuple[AggregateSort, ...]:
    """What was asked for, then the groups that were not, so that pages are stable."""
    sort: list[AggregateSort] = []
    for text in listed(tree, arguments, "sort"):
        descending = text.startswith("-")
        term = _aggregate_sort(text[1:] if descending else text, collection, groups, reader)
        if term is not None:
            sort.append(AggregateSort(shape=term, descending=descending))
    chosen = {term.shape.index for term in sort if isinstance(term.shape, GroupValue)}
    sort.extend(AggregateSort(shape=GroupValue(index=i)) for i in range(len(groups)) if i not in chosen)
    return tuple(sort)


def _group(text: str, collection: Collection, reader: Reader) -> Group:
    operand = column_path(split_path(text), collection, reader, ())
    if isinstance(operand, ColumnRef):
        if operand.field.concealed:
            raise invalid_query(f'"{operand.field.name}" can\'t be grouped by')
        key = text
    else:
        call = split_call(text)
        key = f"{call[1]}_{call[0]}" if call else text
    return Group(key=key, operand=operand)


def _aggregate_sort(
    text: str, collection: Collection, groups: tuple[Group, ...], reader: Reader
) -> AggregateValue | GroupValue | None:
    """`count`, `count.id`, `sum.views`, a group key or what the group was called; anything else is
    ungrouped.
    """
    for index, group in enumerate(groups):
        if text == group.key or text == _spelling(group):
            return GroupValue(index=index)
    function, _, name = text.partition(".")
    if function in AGGREGATES:
        if not name or name == "*":
            return AggregateValue(function="countAll")
        operand = column_path([name], collection, reader, ())
        if isinstance(operand, ColumnRef) and operand.field.concealed:
            raise invalid_query(f'"{name}" can\'t be sorted by')
        return AggregateValue(function=cast(Any, function), operand=operand)
    column_path(split_path(text), collection, reader, ())
    raise invalid_query(f'"{text}" is neither grouped nor aggregated')


def _spelling(group: Group) -> str:
    base, _, function = group.key.rpartition("_")
    return f"{function}({base})"


def _aggregate_item(
    fields: Mapping[str, tuple[FieldNode, ...]],
    collection: Collection,
    reader: Reader,
    groups: tuple[Group, ...],
    *,
    lift: bool,
    collect: Collect,
    type_name: str,
    names: Names,
) -> AggregateShape:
    """`fields`: response key -> occurrences under the root; `collect` merges the selections below them."""
    entries: list[AggregateEntry] = []
    for key, nodes in fields.items():
        name = nodes[0].name.value
        if name == "__typename":
            entries.append(AggregateEntry(key=key, shape=Fixed(value=type_name)))
        elif name == "group":
            if any(directive.name.value == "lift" for directive in nodes[0].directives or ()):
                entries.extend(
                    AggregateEntry(key=group.key, shape=GroupValue(index=index))
                    for index, group in enumerate(groups)
                )
            else:
                entries.append(AggregateEntry(key=key, shape=GroupObject() if groups else Fixed(value=None)))
        elif name == "countAll":
            entries.append(AggregateEntry(key=key, shape=AggregateValue(function="countAll")))
        else:
            part: TypePart = "aggregated_count" if name in ("count", "countDistinct") else "aggregated_fields"
            inner_type = names.part(collection.name, part)
            inner = [
                _leaf(leaf_key, found, name, collection, reader, inner_type)
                for leaf_key, found in collect(nodes).items()
            ]
            entries.append(AggregateEntry(key=key, shape=AggregateObject(entries=tuple(inner))))
    if lift and len(entries) == 1:
        return entries[0].shape
    return AggregateObject(entries=tuple(entries))


def _leaf(
    key: str, nodes: list[FieldNode], function: str, collection: Collection, reader: Reader, type_name: str
) -> AggregateEntry:
    name = nodes[0].name.value
    if name == "__typename":
        return AggregateEntry(key=key, shape=Fixed(value=type_name))
    operand = aggregate_operand(function, name, collection, reader)
    return AggregateEntry(
        key=key, shape=AggregateValue(function=cast(AggregateName, function), operand=operand)
    )


def aggregate_operand(function: str, name: str, collection: Collection, reader: Reader) -> Operand:
    """The column an aggregate reads. Concealed columns can be counted, never shown; sums want numbers."""
    if call := split_call(name):
        return call_operand(call[0], call[1], collection, reader, (), ())[0]
    field = reader.find_field(collection, name)
    if field is None or field.alias:
        raise forbidden_field(collection.name, (name,))
    plain_count = function == "count"
    if field.concealed and not plain_count:
        raise invalid_query(f'"{name}" can\'t be aggregated with "{function}"')
    if function in ("sum", "sumDistinct", "avg", "avgDistinct") and field.type not in NUMBERS:
        raise invalid_query(f'"{field.type}" field "{name}" can\'t be aggregated with "{function}"')
    if function in ("min", "max") and field.type not in _ORDERED:
        raise invalid_query(f'"{field.type}" field "{name}" can\'t be aggregated with "{function}"')
    return ColumnRef(field=field, guard=reader.column_guard(field))
