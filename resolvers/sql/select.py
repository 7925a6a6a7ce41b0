"""Plan -> one SELECT whose columns are the JSON of the roots (the only place where reads become SQL)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Select

from resolvers.conditions import Call, ColumnRef, CountOf, Extreme, Hop, JsonPath, Operand
from resolvers.operation import Wire
from resolvers.plan import (
    Aggregate,
    AnyOf,
    Fixed,
    Nested,
    Node,
    Object,
    One,
    Read,
    Root,
    Shape,
    SortTerm,
    Value,
)
from resolvers.sql.aggregate import aggregate_json
from resolvers.sql.conditions import count_of, guarded, hops_of, json_steps, operand_value, render, where
from resolvers.sql.depth import BRANCH, ITEM, LIST, Apart, Part
from resolvers.sql.dialects.base import Pairs, raw
from resolvers.sql.frames import Beyond, Builder, Frame, PageSource, pairwise
from resolvers.sql.shared import counted, counts_of, find, once, page_of, repeated, sort_value
from schema_gen.model import Link


def select_roots(builder: Builder, roots: tuple[Root, ...], wire: Wire) -> Select[Any]:
    """One row, one column a root, in the order of `roots`; only roots that read."""
    with builder.depth.inside(LIST.opens):
        values = _shared(builder, roots, wire)
        for place, root in enumerate(roots):
            if place not in values:
                values[place] = _root_json(builder, root.node, wire)
    return sa.select(*[builder.dialect.text(values[i]).label(f"r{i}") for i in range(len(roots))])


def _shared(builder: Builder, roots: tuple[Root, ...], wire: Wire) -> dict[int, ColumnElement[Any]]:
    """The JSON of the roots that have work in common, by position."""
    values: dict[int, ColumnElement[Any]] = {}
    for place, counts in counts_of(roots).items():
        read = roots[place].node
        assert isinstance(read, Read)
        found = find(builder, read)
        frame, order = page_of(found)
        values[place] = _told(frame, read, wire, [], order, paged=True)
        for at in counts:
            count = roots[at].node
            assert isinstance(count, Aggregate)
            values[at] = aggregate_json(counted(found), replace(count, condition=None), wire)
    for places in repeated(roots):
        if places[0] not in values:
            value = once(builder, _root_json(builder, roots[places[0]].node, wire))
            values.update(dict.fromkeys(places, value))
    return values


def _root_json(builder: Builder, node: Node, wire: Wire) -> ColumnElement[Any]:
    if isinstance(node, Aggregate):
        return aggregate_json(builder.frame(node.collection.name), node, wire)
    if isinstance(node, Read):
        return _rows_json(builder.frame(node.collection.name), node, wire, [])
    raise TypeError(f"{type(node).__name__} is not read from the database")


def _rows_json(frame: Frame, read: Read, wire: Wire, linked: list[ColumnElement[bool]]) -> ColumnElement[Any]:
    """The JSON of what `read` asks, from `frame`, under the further conditions `linked`."""
    conditions = list(linked)
    if read.condition is not None:
        conditions.append(where(frame, read.condition))
    order = [_order(frame, term) for term in read.sort]
    paged = _page(frame, read, conditions, order) if _pays_to_page(read) else None
    if paged is not None:
        frame, order, conditions = paged, [_order(paged, term) for term in read.sort], []
    return _told(frame, read, wire, conditions, order, paged=paged is not None)


def _told(
    frame: Frame,
    read: Read,
    wire: Wire,
    conditions: list[ColumnElement[bool]],
    order: list[ColumnElement[Any]],
    *,
    paged: bool,
) -> ColumnElement[Any]:
    """The JSON of the rows of `frame`; `paged`: they are the page already."""
    builder = frame.builder
    item = read.item
    pairs = _pairs(frame, item, wire) if isinstance(item, Object) else None
    value = None if pairs is not None else _shape(frame, item, wire)
    rows = frame.rows(*conditions).order_by(*order)
    if not paged:
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


def _rows_apart(
    parent: Frame, link: Link, read: Read, wire: Wire, guards: list[ColumnElement[bool]]
) -> ColumnElement[Any]:
    """As `_rows_json` of the items behind `link`, in a text of its own."""
    builder = parent.builder
    dialect = builder.dialect
    child = builder.frame(link.target)
    with builder.depth.apart():
        conditions = [where(child, read.condition)] if read.condition is not None else []
        terms = [sort_value(child, term) for term in read.sort]
        text = _item_text(child, read.item, wire)
    keys = [child.column(name) for name in link.remote]
    items = Apart(
        builder.name(), child.rows(*conditions), key=keys, by=[value for value, _ in terms], json=[text]
    )
    order = [
        dialect.order(items.column("by", number), descending=term.descending, nullable=nullable)
        for number, (term, (_, nullable)) in enumerate(zip(read.sort, terms, strict=True))
    ]
    rows = items.where([parent.column(name) for name in link.local], *guards).order_by(*order)
    rows = dialect.limited(rows, read.limit, read.offset)
    if read.single:
        return rows.add_columns(items.column("json")).scalar_subquery()
    return dialect.list_of_texts(rows, items.column("json"))


def _item_text(frame: Frame, item: Shape, wire: Wire) -> ColumnElement[Any]:
    dialect = frame.builder.dialect
    if isinstance(item, Object):
        return dialect.json_object(_pairs(frame, item, wire))
    return dialect.json_text(_shape(frame, item, wire))


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
    value, nullable = sort_value(frame, term)
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
    item = _behind(frame, shape.hops, shape.item, wire, ITEM)
    return sa.case((found, item), else_=frame.builder.dialect.null())


def _behind(frame: Frame, hops: tuple[Hop, ...], item: Shape, wire: Wire, part: Part) -> ColumnElement[Any]:
    """The JSON of the item that `hops` lead to, where it is known to be there."""
    builder = frame.builder
    key = builder.snapshot.collections[hops[-1].target].primary_key
    # where the foreign key is trusted, parts of the item are read on this side of it
    apart = isinstance(item, Object) and key and not hops[-1].link.relation.enforced
    if builder.depth.fits(part) or not apart:
        with builder.depth.inside(part.opens):
            return _shape(frame, item, wire)
    target = frame.behind(hops)
    again = builder.frame(target.collection.name)
    with builder.depth.apart():
        text = _item_text(Beyond(again, len(hops)), item, wire)
    items = Apart(builder.name(), again.rows(), key=[again.column(name) for name in key], json=[text])
    found = items.where([target.column(name) for name in key]).add_columns(items.column("json"))
    return builder.dialect.embedded(found.scalar_subquery())


def _any(frame: Frame, shape: AnyOf, wire: Wire) -> ColumnElement[Any]:
    dialect = frame.builder.dialect
    home = frame.behind(shape.hops)
    named = home.column(shape.collection_column.field.name)
    whens: list[tuple[ColumnElement[bool], ColumnElement[Any]]] = []
    for branch in shape.branches:
        way = (*shape.hops, branch.hop)
        target = frame.behind(way)
        key = target.collection.primary_key[0]
        chosen = named == frame.builder.constant(branch.hop.target)
        item = sa.case(
            (
                target.column(key).is_not(None),
                _as_json(frame, _behind(frame, way, branch.item, wire, BRANCH), branch.item),
            ),
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
    builder = frame.builder
    parent = frame.behind(shape.hops)
    guards = [render(parent.still(), shape.guard)] if shape.guard is not None else []
    if isinstance(shape.read, Read) and not builder.depth.fits(LIST):
        return builder.dialect.embedded(_rows_apart(parent, shape.link, shape.read, wire, guards))
    child = builder.frame(shape.link.target)
    linked = [pairwise(shape.link, parent, child), *guards]
    with builder.depth.inside(LIST.opens):
        if isinstance(shape.read, Aggregate):
            return builder.dialect.embedded(aggregate_json(child, shape.read, wire, linked))
        return builder.dialect.embedded(_rows_json(child, shape.read, wire, linked))
