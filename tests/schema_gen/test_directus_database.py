"""A database that Directus 12 made is read as that server reads it, and nothing in it changes."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from schema_gen.database import open_database
from schema_gen.loader import load_snapshot
from schema_gen.model import SchemaSnapshot
from tests.support.directus import (
    FieldFacts,
    fields_said,
    relation_facts,
    relations_said,
    said,
    unpack_database,
)


def contents(path: Path) -> list[str]:
    with sqlite3.connect(path) as connection:
        lines = list(connection.iterdump())
    connection.close()
    return lines


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return unpack_database(tmp_path / "directus12.sqlite")


@pytest.fixture
async def snapshot(path: Path) -> AsyncIterator[SchemaSnapshot]:
    before = contents(path)
    database = await open_database(f"sqlite:///{path}")
    yield await load_snapshot(database, infer_relations=True)
    await database.close()
    assert contents(path) == before


async def test_fields_types_and_specials_are_the_servers(snapshot: SchemaSnapshot) -> None:
    for name, fields in fields_said("sqlite").items():
        collection = snapshot.collections[name]
        assert list(collection.fields) == list(fields), name
        for field in collection.fields.values():
            column = field.column
            assert fields[field.name] == FieldFacts(
                type=field.type,
                special=field.special,
                data_type=column.data_type if column else None,
                default=column.default if column else None,
                max_length=column.max_length if column else None,
                nullable=column.nullable if column else True,
                foreign_table=column.foreign_table if column else None,
                foreign_column=column.foreign_column if column else None,
            ), f"{name}.{field.name}"


async def test_relations_are_the_servers(snapshot: SchemaSnapshot) -> None:
    assert {relation_facts(relation) for relation in snapshot.relations} == relations_said("sqlite")
    actions = {row[0]: row[9] for row in said("sqlite")["relations"] if row[1] == "article"}
    assert {r.collection: r.on_delete for r in snapshot.relations if r.field == "article"} == actions


async def test_collections_are_the_servers(snapshot: SchemaSnapshot) -> None:
    found = {
        name: [one.kind == "table", one.singleton, one.sort_field, one.archive_field]
        for name, one in snapshot.collections.items()
    }
    assert found == said("sqlite")["collections"]
    assert snapshot.unserved == ()
    assert snapshot.collections["articles"].archive_value == "archived"


async def test_links_lead_both_ways(snapshot: SchemaSnapshot) -> None:
    author, articles = snapshot.link("articles", "author"), snapshot.link("authors", "articles")
    assert author is not None
    assert articles is not None
    assert (author.kind, author.target, author.local, author.remote) == (
        "m2o",
        "authors",
        ("author",),
        ("id",),
    )
    assert (articles.kind, articles.target, articles.remote) == ("o2m", "articles", ("author",))
    tags = snapshot.link("articles", "tags")
    assert tags is not None
    assert (tags.target, tags.junction_field) == ("articles_tags", "tags_id")
    blocks, item = snapshot.link("articles", "blocks"), snapshot.link("articles_blocks", "item")
    assert blocks is not None
    assert item is not None
    assert (blocks.junction_field, blocks.sort_field) == ("item", "sort")
    assert (item.kind, item.allowed, item.collection_field) == (
        "m2a",
        ("block_headings", "block_texts"),
        "collection",
    )


async def test_metadata_reaches_the_fields(snapshot: SchemaSnapshot) -> None:
    articles = snapshot.collections["articles"]
    body = articles.fields["body"].meta
    assert body is not None
    assert body["note"] == "The text itself"
    assert body["hidden"] is False
    assert articles.meta is not None
    assert articles.meta["note"] == "What is published"
    assert articles.fields["divider"].alias
    assert snapshot.collections["content"].kind == "folder"
    concealed = {f.name for f in snapshot.collections["directus_users"].fields.values() if f.concealed}
    assert concealed == {"password", "tfa_secret", "token"}
    assert {f.name for f in snapshot.collections["kinds"].fields.values() if f.concealed} == {
        "f_hash",
        "secret",
    }


@pytest.mark.parametrize(
    "older",
    [
        "alter table directus_fields drop column searchable",
        "alter table directus_collections drop column archive_app_filter",
        "drop table directus_versions",
        "drop table directus_relations",
    ],
)
async def test_databases_of_earlier_versions_lack_things(path: Path, older: str) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(older)
    connection.close()
    database = await open_database(f"sqlite:///{path}")
    snapshot = await load_snapshot(database, infer_relations=False)
    await database.close()
    assert snapshot.collections["articles"].fields["keywords"].type == "csv"
    assert snapshot.link("articles", "author") is not None
    assert snapshot.collections["articles"].archive_app_filter
