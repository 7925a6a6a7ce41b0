"""Moving an item to another place of a manual order, as one statement over the whole collection.

    items          1: 10   2: 20   3: 30   5: 70            item 5 to the place of item 2
    afterwards     1: 10   5: 20   2: 21   3: 31

    WITH mine (the items that count, with their places)
         placed (the same, every one with a place of its own)
         moved (the same, with the item where it belongs)
    UPDATE posts SET sort = moved.place FROM moved WHERE posts.id = moved.k0 AND posts.sort IS NOT moved.place

Items without a place come behind the others in the order of their keys. Where two share one, all are numbered
anew. Gaps stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import CTE, ColumnElement

from resolvers.conditions import Condition
from resolvers.sql.conditions import builder_for, where
from resolvers.sql.dialects.base import SqlDialect, raw
from resolvers.sql.statement import Statement, finished
from schema_gen.model import Collection, SchemaSnapshot

#: PostgreSQL: one move at a time in a collection, which is named
LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('causeway.sort.' || $1, 0))"
#: beginnings of the names of variables that hold the parts of the two keys
ITEM: Final = "item"
TO: Final = "to"


def named(what: str, key: Sequence[Any]) -> dict[str, Any]:
    """Variables for `Statement.bind`: `what` is ITEM or TO, `key` as the driver takes it."""
    return {f"{what}{number}": value for number, value in enumerate(key)}


def both_are_there(
    collection: Collection, condition: Condition | None, snapshot: SchemaSnapshot, dialect: SqlDialect
) -> Statement:
    """One row: how many of the two items meet the condition."""
    builder = builder_for(dialect, snapshot)
    frame = builder.frame(collection.name)
    own = [frame.column(name) for name in collection.primary_key]
    conditions = [] if condition is None else [where(frame, condition)]
    either = sa.or_(_is(own, ITEM), _is(own, TO))
    return finished(frame.rows(*conditions, either).add_columns(sa.func.count()), builder)


def move(
    collection: Collection, condition: Condition | None, snapshot: SchemaSnapshot, dialect: SqlDialect
) -> Statement:
    """The statement that moves ITEM to where TO is, among the items that meet the condition."""
    builder = builder_for(dialect, snapshot)
    frame = builder.frame(collection.name)
    conditions = [] if condition is None else [where(frame, condition)]
    key = [frame.column(name).label(f"k{number}") for number, name in enumerate(collection.primary_key)]
    place = frame.column(_sort_field(collection)).label("place")
    mine = frame.rows(*conditions).add_columns(*key, place).cte("causeway_mine")
    width = len(key)
    moved = _moved(_placed(mine, width), width)
    table = sa.table(
        collection.name,
        *[sa.column(name) for name in dict.fromkeys((*collection.primary_key, _sort_field(collection)))],
        schema=collection.namespace,
    )
    here = table.c[_sort_field(collection)]
    same = [table.c[name] == moved.c[f"k{number}"] for number, name in enumerate(collection.primary_key)]
    statement = (
        sa.update(table).values({here: moved.c.place}).where(*same, here.is_distinct_from(moved.c.place))
    )
    return finished(statement, builder)


def _placed(mine: CTE, width: int) -> CTE:
    """Every item with a place that no other has."""
    key = [mine.c[f"k{number}"] for number in range(width)]
    place = mine.c.place
    shared = sa.select(sa.func.count(place) > sa.func.count(place.distinct())).select_from(mine)
    last = sa.select(sa.func.coalesce(sa.func.max(place), raw("0"))).select_from(mine)
    missing = place.is_(None)
    numbered = sa.func.row_number().over(order_by=[missing, place, *key])
    appended = last.scalar_subquery() + sa.func.row_number().over(partition_by=missing, order_by=key)
    found = sa.case((shared.scalar_subquery(), numbered), (missing, appended), else_=place)
    return sa.select(*key, found.label("place")).cte("causeway_placed")


def _moved(placed: CTE, width: int) -> CTE:
    """The item at the place of the other, and what lies between one further."""
    key = [placed.c[f"k{number}"] for number in range(width)]
    place = placed.c.place

    def place_of(what: str) -> ColumnElement[Any]:
        one = placed.alias(f"causeway_{what}")
        theirs = [one.c[f"k{number}"] for number in range(width)]
        return sa.select(one.c.place).where(_is(theirs, what)).scalar_subquery()

    was, will = place_of(ITEM), place_of(TO)
    found = sa.case(
        (_is(key, ITEM), will),
        (sa.and_(place >= will, place < was), place + raw("1")),
        (sa.and_(place <= will, place > was), place - raw("1")),
        else_=place,
    )
    return sa.select(*key, found.label("place")).cte("causeway_moved")


def _is(key: Sequence[ColumnElement[Any]], what: str) -> ColumnElement[bool]:
    return sa.and_(*[column == sa.bindparam(f"{what}{number}") for number, column in enumerate(key)])


def _sort_field(collection: Collection) -> str:
    if collection.sort_field is None:
        raise TypeError(f"{collection.name} has no manual order")
    return collection.sort_field
