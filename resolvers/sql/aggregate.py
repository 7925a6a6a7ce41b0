"""Aggregates -> the JSON of their rows, one a group (a part of `resolvers.sql.select`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from resolvers.conditions import ColumnRef, Operand
from resolvers.operation import Wire
from resolvers.plan import (
    Aggregate,
    AggregateObject,
    AggregateShape,
    AggregateSort,
    AggregateValue,
    Fixed,
    Group,
    GroupObject,
)
from resolvers.sql.conditions import guarded, operand_value, where
from resolvers.sql.frames import Frame
from schema_gen.model import Field, FieldType

_INTEGERS: Final = frozenset({"integer", "bigInteger"})


def aggregate_json(
    frame: Frame, node: Aggregate, wire: Wire, linked: Sequence[ColumnElement[bool]] = ()
) -> ColumnElement[Any]:
    """A JSON list of rows, or the first one (`node.first`), over `frame` under the further conditions
    `linked`.
    """
    builder = frame.builder
    conditions = [*linked, *([where(frame, node.condition)] if node.condition is not None else [])]
    groups = [_group(frame, group) for group in node.groups]
    item = node.item
    pairs = (
        [(entry.key, _shape(frame, entry.shape, node, groups, wire)) for entry in item.entries]
        if isinstance(item, AggregateObject)
        else None
    )
    value = None if pairs is not None else _shape(frame, item, node, groups, wire)
    order = [_order(frame, term, node, groups) for term in node.sort]
    rows = frame.rows(*conditions)
    if groups:
        rows = rows.group_by(*groups).order_by(*order)
        rows = builder.dialect.limited(rows, node.limit, node.offset)
    dialect = builder.dialect
    if node.first:
        single = dialect.object_of(rows, pairs) if pairs is not None else dialect.value_of(rows, value)  # type: ignore[arg-type]
        return single.correlate_except(*frame.sources()).scalar_subquery()
    return dialect.list_of(rows, pairs) if pairs is not None else dialect.list_of_values(rows, value)  # type: ignore[arg-type]


def _group(frame: Frame, group: Group) -> ColumnElement[Any]:
    operand = group.operand
    if isinstance(operand, ColumnRef):
        return frame.over(operand.hops, lambda home: _groupable(home, operand))
    return operand_value(frame, operand)


def _groupable(home: Frame, column: ColumnRef) -> ColumnElement[Any]:
    return home.builder.dialect.groupable(guarded(home, column), column.field)


def _group_json(group: Group, value: ColumnElement[Any], frame: Frame, wire: Wire) -> ColumnElement[Any]:
    if isinstance(group.operand, ColumnRef):
        # groups are told as REST tells values, in both wires: `group` is opaque JSON
        return frame.builder.dialect.json_value(value, group.operand.field, "rest")
    return value


def _shape(
    frame: Frame, shape: AggregateShape, node: Aggregate, groups: list[ColumnElement[Any]], wire: Wire
) -> ColumnElement[Any]:
    dialect = frame.builder.dialect
    if isinstance(shape, AggregateValue):
        return _value(frame, shape, wire)
    if isinstance(shape, AggregateObject):
        return dialect.json_object(
            [(entry.key, _shape(frame, entry.shape, node, groups, wire)) for entry in shape.entries]
        )
    if isinstance(shape, GroupObject):
        return dialect.json_object(
            [
                (group.key, _group_json(group, value, frame, wire))
                for group, value in zip(node.groups, groups, strict=True)
            ]
        )
    if isinstance(shape, Fixed):
        return dialect.null() if shape.value is None else frame.builder.constant(shape.value)
    return _group_json(node.groups[shape.index], groups[shape.index], frame, wire)


def _order(
    frame: Frame, term: AggregateSort, node: Aggregate, groups: list[ColumnElement[Any]]
) -> ColumnElement[Any]:
    value = (
        _function(frame, term.shape) if isinstance(term.shape, AggregateValue) else groups[term.shape.index]
    )
    return frame.builder.dialect.order(value, descending=term.descending, nullable=True)


def _value(frame: Frame, shape: AggregateValue, wire: Wire) -> ColumnElement[Any]:
    """The JSON of an aggregate: counts and sums are numbers, in REST as strings where a double cannot hold
    them.
    """
    value = _function(frame, shape)
    dialect = frame.builder.dialect
    field = _field(shape.operand)
    if shape.function.startswith("count") or field is None:
        return value
    if shape.function in ("min", "max") and field.type not in ("bigInteger",):
        return dialect.json_value(value, field, wire) if field.type != "uuid" else value
    kind: FieldType = (
        "bigInteger" if field.type in _INTEGERS and shape.function.startswith("sum") else field.type
    )
    if kind == "bigInteger" and not shape.function.startswith("avg"):
        return value if wire == "graphql" else dialect.json_number(value, "bigInteger", wire)
    return value


def _field(operand: Operand | None) -> Field | None:
    return operand.field if isinstance(operand, ColumnRef) else None


def _function(frame: Frame, shape: AggregateValue) -> ColumnElement[Any]:
    if shape.operand is None:
        return sa.func.count()
    operand = shape.operand
    value = (
        frame.over(operand.hops, lambda home: guarded(home, operand))
        if isinstance(operand, ColumnRef)
        else operand_value(frame, operand)
    )
    distinct = shape.function.endswith("Distinct")
    if distinct:
        value = sa.distinct(frame.builder.dialect.groupable(value, _field(operand)))
    name = shape.function.removesuffix("Distinct").removesuffix("All")
    if name == "count":
        return sa.func.count(value)
    if name in ("sum", "avg"):
        return frame.builder.dialect.arithmetic(name, value, _field(operand))
    function = getattr(sa.func, name)
    return function(frame.builder.dialect.ordered(value, _field(operand)))  # type: ignore[no-any-return]
