"""What will be done: the plan of an operation, a frozen tree free of SQL and of HTTP.

Worked example. The operation

    { articles(filter: {status: {_eq: "published"}}, sort: ["-id"], limit: 2) {
        id author { name } tags { tags_id { name } } } }

becomes

    Plan(roots=(Root(key="articles", node=Read(
        collection=articles, condition=Compare(status eq Slot), sort=(SortTerm(id, descending),), limit=2,
        output=Many(item=Object((
            Entry("id", Value(ColumnRef(id))),
            Entry("author", One(hops=(author,), key=ColumnRef(id, hops=(author,)), item=Object((
                Entry("name", Value(ColumnRef(name, hops=(author,)))),)))),
            Entry("tags", Nested(link=tags, read=Read(collection=articles_tags, ...))),
        )))))),))

`resolvers.sql` turns each root into one JSON column of one statement.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from resolvers.conditions import ColumnRef, Condition, Hop, Operand
from schema_gen.model import Collection, Link

AggregateName = Literal[
    "count", "countDistinct", "countAll", "sum", "sumDistinct", "avg", "avgDistinct", "min", "max"
]

# --- what an item looks like in the answer ------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One scalar. `text`: written as a JSON string whatever its type (GraphQL `ID`)."""

    operand: Operand
    text: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """A constant of the plan: `__typename`."""

    value: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """A JSON object of entries in this order."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class One:
    """The item behind the hops, or null where the caller may see none. Operands inside carry the hops.

    `key`: the column that is null where there is no item, on the other side or, where that says it all, here.
    """

    hops: tuple[Hop, ...]
    key: ColumnRef
    item: Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    hop: Hop
    item: Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf:
    """A many-to-any item: the branch whose collection the item names. `otherwise` (REST): the bare key; None:
    null.
    """

    link: Link
    hops: tuple[Hop, ...]
    branches: tuple[Branch, ...]
    collection_column: ColumnRef
    otherwise: Value | None = None
    guard: Condition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Nested:
    """The items behind an o2m link, as a list, or rows of their aggregates. `hops` lead to the parent of the
    link.
    """

    link: Link
    hops: tuple[Hop, ...]
    read: Read | Aggregate
    guard: Condition | None = None


Shape = Value | Fixed | Object | One | AnyOf | Nested


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    key: str
    shape: Shape


# --- what is read -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SortTerm:
    operand: Operand
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """Items of one collection. `limit` None: all. `single`: at most one item, the object itself in place of a
    list.
    """

    collection: Collection
    item: Shape
    condition: Condition | None = None
    sort: tuple[SortTerm, ...] = ()
    limit: int | None = None
    offset: int = 0
    single: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One thing to group by and the key it has in the answer."""

    key: str
    operand: Operand


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregateValue:
    """`operand` None: rows (`countAll`, `count: *`)."""

    function: AggregateName
    operand: Operand | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregateObject:
    entries: tuple[AggregateEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupObject:
    """`group`: the group's keys and values as one object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupValue:
    """The value of the group at `index`."""

    index: int


AggregateShape = AggregateValue | AggregateObject | GroupObject | GroupValue | Fixed


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregateEntry:
    key: str
    shape: AggregateShape


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregateSort:
    shape: AggregateValue | GroupValue
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """Aggregates over the items of one collection, one row a group. `first`: the one row in place of a list;
    `item` a single `AggregateValue` gives the bare value."""

    collection: Collection
    item: AggregateShape
    groups: tuple[Group, ...] = ()
    condition: Condition | None = None
    sort: tuple[AggregateSort, ...] = ()
    limit: int | None = None
    offset: int = 0
    first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal_:
    """A root whose answer is in the plan: `__typename`, `_empty`."""

    json: bytes


Node = Read | Aggregate | Literal_


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """`required` (by key): no item means the caller may not know whether it exists. `fallback`: the JSON in
    place of no item (singletons).
    """

    key: str
    node: Node
    required: bool = False
    fallback: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    roots: tuple[Root, ...]
