"""Plan -> one SELECT whose columns are the JSON of the roots (the only place where reads become SQL)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Select

from resolvers.conditions import Call, ColumnRef, CountOf, Extreme, JsonPath, Operand
from resolvers.operation import Wire
from resolvers.plan import Aggregate, AnyOf, Fixed, Nested, Object, One, Read, Root, Shape, SortTerm, Value
from resolvers.sql.aggregate import aggregate_json
from resolvers.sql.conditions import count_of, guarded, hops_of, json_steps, operand_value, render, where
from resolvers.sql.dialects.base import Pairs, raw
from resolvers.sql.frames import Builder, Frame, PageSource, pairwise


def select_roots(builder: Builder, roots: tuple[Root, ...], wire: Wire) -> Select[Any]:
    """One row, one column a root, in the order of `roots`; only roots that read."""
    columns: list[ColumnElement[Any]] = []
    for number, root in enumerate(roots):
        node = root.node
        if isinstance(node, Aggregate):
            value = aggregate_json(builder.frame(node.collection.name), node, wire)
        elif isinstance(node, Read):
            value = _read_json(builder, node, wire)
        else:
            raise TypeError(f"{type(node).__name__} is not read from the database")
        columns.append(builder.dialect.text(value).label(f"r{number}"))
    return sa.select(*columns)


def _read_json(builder: Builder, read: Read, wire: Wire) -> ColumnElement[Any]:
    frame = builder.frame(read.collection.name)
    return _rows_json(frame, read, wire, [])


def _rows_json(frame: Frame, read: Read, wire: Wire, linked: list[ColumnElement[bool]]) -> ColumnElement[Any]:
    """The JSON of what `read` asks, from `frame`, under the further conditions `linked`."""
    builder = frame.builder
    conditions = list(linked)
    if read.condition is not None:
        conditions.append(where(frame, read.condition))
    order = [_order(frame, term) for term in read.sort]
    paged = _page(frame, read, conditions, order) if _pays_to_page(read) else None
    if paged is not None:
        frame, order, conditions = paged, [_order(paged, term) for term in read.sort], []
    item = read.item
    pairs = _pairs(frame, item, wire) if isinstance(item, Object) else None
    value = None if pairs is not None else _shape(frame, item, wire)
    rows = frame.rows(*conditions).order_by(*order)
    if paged is None:
        rows = builder.dialect.limited(rows, read.limit, read.offset)
    if read.single:
        single = (
            builder.dialect.object_of(rows, pairs)
            if pairs is not None
            else builder.dialect.value_of(rows, value)  # type: ignore[arg-type]
        )
        return single.correlate_except(*frame.sources()).scalar_subquery()
    if pairs is not None:
        return builder.dialect.list_of(rows, pairs)
    return builder.dialect.list_of_values(rows, value)  # type: ignore[arg-type]


def _pays_to_page(read: Read) -> bool:
    """Whether to cut the page before joining: a sort of all rows is cheaper before they have grown wide by
    joins.

    Not where the key alone orders the rows (an index does) or where the sort itself needs the joins.
    """
    if read.single or read.limit is None or not isinstance(read.item, Object):
        return False
    if not any(
        isinstance(entry.shape, AnyOf) or (isinstance(entry.shape, One) and _joins(entry.shape))
        for entry in read.item.entries
    ):
        return False
    terms = [term.operand for term in read.sort]
    if not all(isinstance(term, ColumnRef) and not term.hops and term.guard is None for term in terms):
        return False
    return [term.field.name for term in terms if isinstance(term, ColumnRef)] != list(
        read.collection.primary_key
    )


def _joins(shape: Shape) -> bool:
    """Whether something of a related item is told that is not known here."""
    if isinstance(shape, One):
        return bool(shape.key.hops) or _joins(shape.item)
    if isinstance(shape, Object):
        return any(_joins(entry.shape) for entry in shape.entries)
    if isinstance(shape, Value):
        return bool(hops_of(shape.operand))
    return not isinstance(shape, Fixed)


def _page(
    frame: Frame, read: Read, conditions: list[ColumnElement[bool]], order: list[ColumnElement[Any]]
) -> Frame:
    """The page of `read` as a row source of its own."""
    dialect = frame.builder.dialect

    def cut(names: list[str]) -> Select[Any]:
        rows = frame.rows(*conditions).add_columns(*[frame.column(name) for name in names]).order_by(*order)
        return dialect.limited(rows, read.limit, read.offset)

    source = PageSource(frame.builder.name(), dialect.compiler.identifier_preparer.quote, cut)
    return Frame(frame.builder, frame.collection, source)


def _order(frame: Frame, term: SortTerm) -> ColumnElement[Any]:
    operand = term.operand
    nullable = True
    if isinstance(operand, ColumnRef) and not operand.hops and operand.guard is None:
        nullable = operand.field.column is None or (
            operand.field.column.nullable and not operand.field.column.primary_key
        )
        value = frame.column(operand.field.name)
    else:
        value = operand_value(frame, operand)
    return frame.builder.dialect.order(value, descending=term.descending, nullable=nullable)


# --- items --------------------------------------------------------------------------------------------------


def _pairs(frame: Frame, item: Object, wire: Wire) -> Pairs:
    return [(entry.key, _shape(frame, entry.shape, wire)) for entry in item.entries]


def _shape(frame: Frame, shape: Shape, wire: Wire) -> ColumnElement[Any]:
    """JSON of a part of an item; operands inside carry the hops that lead there, so `frame` stays the item's
    own.
    """
    dialect = frame.builder.dialect
    if isinstance(shape, Value):
        return operand_json(frame, shape.operand, wire, text=shape.text)
    if isinstance(shape, Fixed):
        return dialect.null() if shape.value is None else frame.builder.constant(shape.value)
    if isinstance(shape, Object):
        return dialect.json_object(_pairs(frame, shape, wire))
    if isinstance(shape, One):
        return _one(frame, shape, wire)
    if isinstance(shape, AnyOf):
        return _any(frame, shape, wire)
    return _nested(frame, shape, wire)


def operand_json(frame: Frame, operand: Operand, wire: Wire, *, text: bool = False) -> ColumnElement[Any]:
    dialect = frame.builder.dialect
    if isinstance(operand, ColumnRef):
        home = frame.behind(operand.hops)
        return dialect.json_value(guarded(home, operand), operand.field, wire, text=text)
    if isinstance(operand, CountOf):
        return count_of(frame.behind(operand.hops), operand)
    if isinstance(operand, (Call, Extreme)):
        return operand_value(frame, operand)
    assert isinstance(operand, JsonPath)
    home = frame.behind(operand.column.hops)
    column = guarded(home, operand.column)
    return dialect.json_at(column, operand.column.field, json_steps(frame.builder, operand))


def _one(frame: Frame, shape: One, wire: Wire) -> ColumnElement[Any]:
    found = guarded(frame.behind(shape.key.hops), shape.key).is_not(None)
    return sa.case((found, _shape(frame, shape.item, wire)), else_=frame.builder.dialect.null())


def _any(frame: Frame, shape: AnyOf, wire: Wire) -> ColumnElement[Any]:
    dialect = frame.builder.dialect
    home = frame.behind(shape.hops)
    named = home.column(shape.collection_column.field.name)
    whens: list[tuple[ColumnElement[bool], ColumnElement[Any]]] = []
    for branch in shape.branches:
        target = frame.behind((*shape.hops, branch.hop))
        key = target.collection.primary_key[0]
        chosen = named == frame.builder.constant(branch.hop.target)
        item = sa.case(
            (target.column(key).is_not(None), _as_json(frame, _shape(frame, branch.item, wire), branch.item)),
            else_=dialect.null(),
        )
        whens.append((chosen, item))
    if shape.guard is not None:
        hidden = sa.not_(sa.func.coalesce(render(home, shape.guard), raw("false")))
        whens.insert(0, (hidden, dialect.null()))
    other = dialect.null() if shape.otherwise is None else dialect.bare(_shape(frame, shape.otherwise, wire))
    return sa.case(*whens, else_=other) if whens else other


def _as_json(frame: Frame, value: ColumnElement[Any], item: Shape) -> ColumnElement[Any]:
    return value if isinstance(item, (Object, One, AnyOf, Nested)) else frame.builder.dialect.bare(value)


def _nested(frame: Frame, shape: Nested, wire: Wire) -> ColumnElement[Any]:
    dialect = frame.builder.dialect
    parent = frame.behind(shape.hops)
    child = frame.builder.frame(shape.link.target)
    linked = [pairwise(shape.link, parent, child)]
    if shape.guard is not None:
        linked.append(render(parent.still(), shape.guard))
    if isinstance(shape.read, Aggregate):
        return dialect.embedded(aggregate_json(child, shape.read, wire, linked))
    return dialect.embedded(_rows_json(child, shape.read, wire, linked))
