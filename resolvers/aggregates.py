"""The selection under `<collection>_aggregated` -> the shape of one aggregate row (a part of the planner).

    { group countAll sum { views } }
    -> AggregateObject(group=GroupObject, countAll=AggregateValue(countAll),
                       sum=AggregateObject(views=AggregateValue(sum, views)))

With `@lift` on `group` its entries become entries of the row itself (REST).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import cast

from graphql import FieldNode

from resolvers.conditions import ColumnRef, Operand
from resolvers.operands import function_operand as call_operand
from resolvers.operands import split_call
from resolvers.plan import (
    AggregateEntry,
    AggregateName,
    AggregateObject,
    AggregateShape,
    AggregateValue,
    Fixed,
    Group,
    GroupObject,
    GroupValue,
)
from resolvers.reader import Reader
from schema_gen.errors import forbidden_field, invalid_query
from schema_gen.model import Collection, FieldType

_NUMERIC: frozenset[FieldType] = frozenset({"integer", "bigInteger", "float", "decimal"})
_ORDERED: frozenset[FieldType] = _NUMERIC | {
    "date",
    "dateTime",
    "time",
    "timestamp",
    "string",
    "text",
    "uuid",
}

Collect = Callable[[Iterable[FieldNode]], Mapping[str, list[FieldNode]]]


def aggregate_item(
    fields: Mapping[str, tuple[FieldNode, ...]],
    collection: Collection,
    reader: Reader,
    groups: tuple[Group, ...],
    *,
    lift: bool,
    collect: Collect,
    type_name: str,
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
            inner = [
                _leaf(leaf_key, found, name, collection, reader) for leaf_key, found in collect(nodes).items()
            ]
            entries.append(AggregateEntry(key=key, shape=AggregateObject(entries=tuple(inner))))
    if lift and len(entries) == 1:
        return entries[0].shape
    return AggregateObject(entries=tuple(entries))


def _leaf(
    key: str, nodes: list[FieldNode], function: str, collection: Collection, reader: Reader
) -> AggregateEntry:
    name = nodes[0].name.value
    if name == "__typename":
        return AggregateEntry(key=key, shape=Fixed(value=None))
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
    if function in ("sum", "sumDistinct", "avg", "avgDistinct") and field.type not in _NUMERIC:
        raise invalid_query(f'"{field.type}" field "{name}" can\'t be aggregated with "{function}"')
    if function in ("min", "max") and field.type not in _ORDERED:
        raise invalid_query(f'"{field.type}" field "{name}" can\'t be aggregated with "{function}"')
    return ColumnRef(field=field, guard=reader.column_guard(field))
