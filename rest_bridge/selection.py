"""What an item looks like in the answer: the tree between `fields` as clients spell them and the GraphQL
selection.

    fields=title,author.name,count(tags),blocks.item:headings.text          becomes

    Items("articles", (
        Column("title"),
        Relation("author", Items("authors", (Column("name"),))),
        Call("tags_count", "tags", "count"),
        Relation("blocks", Items("articles_blocks", (AnyItem("item", (Branch(Items("headings")),)),))),
    ))

`key` is the name in the answer: that of the field, or of an alias.
"""

from __future__ import annotations

from dataclasses import dataclass

from rest_bridge.query import NO_LEVEL, Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A value of the item itself; of a many-to-one relation, its raw key."""

    key: str
    field: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A function of a field. `path`: of `json`."""

    key: str
    field: str
    function: str
    path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """Related items. `level` holds their filter, order and page; items without nodes are keys."""

    key: str
    field: str
    items: Items
    level: Level = NO_LEVEL


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """The items of one collection among those of a many-to-any relation; `level` may filter them."""

    items: Items
    level: Level = NO_LEVEL


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyItem:
    """A many-to-any item, by collection; every collection that the caller may read has a branch."""

    key: str
    field: str
    branches: tuple[Branch, ...]


Node = Column | Call | Relation | AnyItem


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """Items of one collection. Nothing to show of an item means that it is its bare key."""

    collection: str
    nodes: tuple[Node, ...]
