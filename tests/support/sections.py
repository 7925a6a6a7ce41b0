"""Sections that refer to one another in every way, in circles: any depth can be asked of five rows.

sections (parent -> sections, so also children; links: many-to-many to sections; blocks: many-to-any to
sections and notes).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from resolvers.paging import Limits
from resolvers.permissions import AccessRules, Grant
from schema_gen.model import Relation, SchemaSnapshot
from tests.support.blog import Blog, made_collection, open_engine

_TABLES: Final[Sequence[str]] = (
    "create table sections (id integer primary key, name varchar(50), place integer, parent integer)",
    "create table links (id integer primary key, from_id integer, to_id integer, weight integer)",
    "create table blocks (id integer primary key, sections_id integer, place integer, "
    "collection varchar(50), item varchar(50))",
    "create table notes (id integer primary key, body varchar(50), section integer)",
    "insert into sections values (1, 'one', 3, 2), (2, 'two', 1, 1), (3, 'three', 2, 1), (4, 'four', 1, 2), "
    "(5, 'five', null, null)",
    "insert into links values (1, 1, 2, 5), (2, 1, 3, 1), (3, 2, 1, 2), (4, 3, 2, null), (5, 3, 5, 1), "
    "(6, 4, 9, 1)",
    "insert into notes values (1, 'first', 1), (2, 'second', 3)",
    "insert into blocks values (1, 1, 2, 'sections', '2'), (2, 1, 1, 'notes', '1'), "
    "(3, 2, 1, 'sections', '1'), (4, 2, 1, 'sections', '3'), "
    "(5, 3, 1, 'notes', '2'), (6, 3, 2, 'sections', '77')",
)

#: rules of a reader: items, and one field, that are seen under conditions on related items
READER: Final = AccessRules(
    grants={
        ("read", "sections"): (
            Grant(fields=frozenset({"id", "place", "parent", "children", "links", "blocks"}), rule={}),
            Grant(fields=None, rule={"_or": [{"parent": {"place": {"_eq": 1}}}, {"name": {"_eq": "two"}}]}),
        ),
        ("read", "links"): (Grant(fields=None, rule={"to_id": {"children": {"_some": {"id": {"_gt": 0}}}}}),),
        ("read", "blocks"): (Grant(fields=None, rule={"sections_id": {"place": {"_nnull": True}}}),),
        ("read", "notes"): (Grant(fields=None, rule={"section": {"name": {"_eq": "one"}}}),),
    },
    fingerprint="reader of sections",
)


def sections_snapshot(dialect: str) -> SchemaSnapshot:
    collections = (
        made_collection(
            "sections", ("id", "integer"), ("name", "string"), ("place", "integer"), ("parent", "integer"),
            ("children", "alias"), ("links", "alias"), ("blocks", "alias"),
        ),
        made_collection(
            "links", ("id", "integer"), ("from_id", "integer"), ("to_id", "integer"), ("weight", "integer")
        ),
        made_collection(
            "blocks", ("id", "integer"), ("sections_id", "integer"), ("collection", "string"),
            ("item", "string"), ("place", "integer"),
        ),
        made_collection("notes", ("id", "integer"), ("body", "string"), ("section", "integer")),
    )  # fmt: skip
    relations = (
        Relation(collection="sections", field="parent", related="sections", one_field="children"),
        Relation(
            collection="links", field="from_id", related="sections", one_field="links", junction_field="to_id"
        ),
        Relation(collection="links", field="to_id", related="sections"),
        Relation(
            collection="blocks", field="sections_id", related="sections", one_field="blocks",
            junction_field="item",
        ),
        Relation(
            collection="blocks", field="item", related=None, collection_field="collection",
            allowed=("sections", "notes"),
        ),
        Relation(collection="notes", field="section", related="sections"),
    )  # fmt: skip
    return SchemaSnapshot(
        dialect="postgresql" if dialect == "postgresql" else "sqlite",
        collections={collection.name: collection for collection in collections},
        relations=relations,
    )


async def open_sections(url: str) -> Blog:
    dialect = "postgresql" if url.startswith("postgresql") else "sqlite"
    return await open_engine(url, _TABLES, sections_snapshot(dialect), Limits(max_relational_depth=21))
