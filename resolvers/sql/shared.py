"""What several roots ask of the same rows is asked once (a part of `resolvers.sql.select`).

    articles(filter: F, sort: ["-views"], limit: 20) { title }
    articles_aggregated(filter: F) { countAll }                         become

    WITH t2 AS MATERIALIZED (SELECT t1.id AS k0, t1.views AS s0 FROM articles t1 WHERE F)
    SELECT <the count of t2>, <the first 20 of t2, joined back to articles by their key>

That pays where the page has to look at every row that meets the filter anyway, to sort them. Where an index
gives the order the page ends early, and the two are asked one by one. Roots that count the same
(`total_count` and `filter_count` without a filter) are one count in any case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CTE, ColumnElement

from resolvers.conditions import ColumnRef
from resolvers.plan import (
    Aggregate,
    AggregateObject,
    AggregateShape,
    AggregateValue,
    Fixed,
    Read,
    Root,
    SortTerm,
)
from resolvers.sql.conditions import operand_value, where
from resolvers.sql.dialects.base import raw
from resolvers.sql.frames import Builder, Frame, JoinedSource, TableSource
from schema_gen.model import Collection


def counts_of(roots: tuple[Root, ...]) -> Mapping[int, tuple[int, ...]]:
    """Positions of reads -> positions of the roots that only count what the read finds."""
    counts = [
        (place, root.node)
        for place, root in enumerate(roots)
        if isinstance(root.node, Aggregate) and not root.node.groups and _only_counts(root.node.item)
    ]
    found: dict[int, tuple[int, ...]] = {}
    for place, root in enumerate(roots):
        node = root.node
        if counts and isinstance(node, Read) and _looks_at_all(node):
            same = [at for at, count in counts if _same_rows(count, node)]
            counts = [(at, count) for at, count in counts if at not in same]
            if same:
                found[place] = tuple(same)
    return found


def repeated(roots: tuple[Root, ...]) -> list[tuple[int, ...]]:
    """Positions of aggregates that are asked several times."""
    asked: list[tuple[Aggregate, list[int]]] = []
    for place, root in enumerate(roots):
        if isinstance(root.node, Aggregate):
            known = next((places for node, places in asked if node == root.node), None)
            if known is None:
                asked.append((root.node, [place]))
            else:
                known.append(place)
    return [tuple(places) for _, places in asked if len(places) > 1]


def _only_counts(item: AggregateShape) -> bool:
    if isinstance(item, AggregateObject):
        return all(_only_counts(entry.shape) for entry in item.entries)
    return isinstance(item, Fixed) or (isinstance(item, AggregateValue) and item.operand is None)


def _same_rows(count: Aggregate, read: Read) -> bool:
    return count.collection.name == read.collection.name and count.condition == read.condition


def _looks_at_all(read: Read) -> bool:
    """Whether a page of some rows is sorted out of all that meet its condition."""
    if read.single or not read.limit or read.condition is None or not read.collection.primary_key:
        return False
    return bool(read.sort) and not _indexed(read.sort[0], read.collection)


def _indexed(term: SortTerm, collection: Collection) -> bool:
    operand = term.operand
    if not isinstance(operand, ColumnRef) or operand.hops or operand.guard is not None:
        return False
    column = operand.field.column
    known = column is not None and (column.indexed or column.unique)
    return known or operand.field.name in collection.primary_key


# --- the rows -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Key and sort values of every row that meets the condition of `read`. `order`: names of the columns of
    `rows` and whether they can be null, a sort term each.
    """

    builder: Builder
    read: Read
    name: str
    rows: CTE
    order: tuple[tuple[str, bool], ...]


def find(builder: Builder, read: Read) -> Found:
    """The rows of a read that `counts_of` names."""
    with builder.depth.apart():
        return _found(builder, read, builder.frame(read.collection.name))


def _found(builder: Builder, read: Read, frame: Frame) -> Found:
    conditions = [] if read.condition is None else [where(frame, read.condition)]
    keys = read.collection.primary_key
    columns = [frame.column(name).label(f"k{index}") for index, name in enumerate(keys)]
    order: list[tuple[str, bool]] = []
    for index, term in enumerate(read.sort):
        value, nullable = sort_value(frame, term)
        operand = term.operand
        if (
            isinstance(operand, ColumnRef)
            and not operand.hops
            and not operand.guard
            and operand.field.name in keys
        ):
            order.append((f"k{keys.index(operand.field.name)}", nullable))
            continue
        columns.append(value.label(f"s{index}"))
        order.append((f"s{index}", nullable))
    name = builder.name()
    rows = frame.rows(*conditions).add_columns(*columns).cte(name).prefix_with("MATERIALIZED")
    return Found(builder=builder, read=read, name=name, rows=rows, order=tuple(order))


def once(builder: Builder, value: ColumnElement[Any]) -> ColumnElement[Any]:
    """A value that is worked out once, however often it stands in the statement."""
    name = builder.name()
    rows = sa.select(value.label("v")).cte(name).prefix_with("MATERIALIZED")
    return sa.select(raw(f"{name}.v")).select_from(rows).scalar_subquery()


def counted(found: Found) -> Frame:
    """The rows as something to count."""
    quoted = found.builder.dialect.compiler.identifier_preparer.quote
    return Frame(found.builder, found.read.collection, TableSource(found.name, quoted, found.rows))


def page_of(found: Found) -> tuple[Frame, list[ColumnElement[Any]]]:
    """The page as a frame of whole rows, and its order."""
    builder, read = found.builder, found.read
    dialect = builder.dialect

    def ordered(name: str) -> list[ColumnElement[Any]]:
        return [
            dialect.order(raw(f"{name}.{column}"), descending=term.descending, nullable=nullable)
            for (column, nullable), term in zip(found.order, read.sort, strict=True)
        ]

    names = dict.fromkeys(
        [*(f"k{i}" for i in range(len(read.collection.primary_key))), *(n for n, _ in found.order)]
    )
    rows = sa.select(*[raw(f"{found.name}.{column}").label(column) for column in names]).select_from(
        found.rows
    )
    cut = dialect.limited(rows.order_by(*ordered(found.name)), read.limit, read.offset)
    page = builder.name()
    paged = cut.subquery(page)
    table = builder.frame(read.collection.name)
    keys = [
        table.column(key) == raw(f"{page}.k{index}") for index, key in enumerate(read.collection.primary_key)
    ]
    source = JoinedSource(table.source, paged.join(table.source.clause, sa.and_(*keys)))
    return Frame(builder, read.collection, source), ordered(page)


def sort_value(frame: Frame, term: SortTerm) -> tuple[ColumnElement[Any], bool]:
    """What a term sorts by, and whether it can be null."""
    operand, dialect = term.operand, frame.builder.dialect
    if not isinstance(operand, ColumnRef):
        return operand_value(frame, operand), True
    if operand.hops or operand.guard is not None:
        return dialect.sortable(operand_value(frame, operand), operand.field), True
    column = operand.field.column
    nullable = column is None or (column.nullable and not column.primary_key)
    return dialect.sortable(frame.column(operand.field.name), operand.field), nullable
