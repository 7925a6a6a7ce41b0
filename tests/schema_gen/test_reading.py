"""Reading the schema again finds what a first reading would find, and leaves alone what has not changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from schema_gen.database import Database
from schema_gen.loader import load_snapshot
from schema_gen.model import SchemaSnapshot
from schema_gen.reading import SnapshotLoader
from tests.support.project import change

TABLES = (
    "create table authors (id integer primary key, name varchar(50) not null)",
    "create table articles (id integer primary key, title varchar(50),"
    " author integer references authors (id))",
    "create table tags (id integer primary key, word varchar(20) unique)",
    "create view titles as select id, title from articles",
    "create table directus_collections (collection varchar(64) primary key, note text, singleton boolean)",
    "create table directus_fields (id integer primary key, collection varchar(64), field varchar(64),"
    " special varchar(64), note text)",
    "create table directus_relations (id integer primary key, many_collection varchar(64),"
    " many_field varchar(64), one_collection varchar(64), one_field varchar(64))",
    "insert into directus_collections values ('tags', 'words', null), ('articles', null, null)",
    "insert into directus_fields values (1, 'tags', 'word', null, 'one')",
    "insert into directus_fields values (2, 'articles', 'title', null, null)",
)
EVERYTHING = frozenset({"authors", "articles", "tags", "titles"})
#: what is done -> the collections that are others then
CHANGES: Sequence[tuple[str, frozenset[str]]] = (
    ("alter table tags add column colour varchar(10) default 'red'", frozenset({"tags"})),
    ("alter table tags rename column colour to shade", frozenset({"tags"})),
    ("create index tags_shade on tags (shade)", frozenset({"tags"})),
    ("drop index tags_shade", frozenset({"tags"})),
    ("create unique index tags_shade on tags (shade, word)", frozenset({"tags"})),
    ("alter table tags rename to labels", frozenset({"tags", "labels"})),
    (
        "create table shelves (id integer primary key, tag integer references labels (id))",
        frozenset({"labels", "shelves"}),
    ),
    ("drop table shelves", frozenset({"labels", "shelves"})),
    ("update directus_collections set note = 'said' where collection = 'articles'", frozenset({"articles"})),
    ("update directus_fields set note = 'two' where id = 2", frozenset({"articles"})),
    (
        "insert into directus_fields values (3, 'articles', 'shown', 'alias,no-data', null)",
        frozenset({"articles"}),
    ),
    ("delete from directus_fields where id = 3", frozenset({"articles"})),
    ("insert into directus_collections values ('folder', null, null)", frozenset({"folder"})),
    (
        "insert into directus_relations values (1, 'articles', 'author', 'authors', 'works')",
        frozenset({"authors"}),
    ),
    ("insert into directus_fields values (4, 'authors', 'works', 'o2m', null)", frozenset({"authors"})),
    ("update directus_relations set one_field = null where id = 1", frozenset()),
    ("drop view titles", frozenset({"titles"})),
    ("create view titles as select id, title as name from articles", frozenset({"titles"})),
)
POSTGRESQL: Sequence[tuple[str, frozenset[str]]] = (
    ("alter table tags alter column word type text", frozenset({"tags"})),
    ("alter table tags alter column word set default 'x'", frozenset({"tags"})),
    ("alter table tags alter column word set not null", frozenset({"tags"})),
    ("comment on column tags.word is 'said'", frozenset({"tags"})),
    ("comment on table tags is 'said'", frozenset({"tags"})),
    ("alter table articles drop constraint articles_author_fkey", frozenset({"articles", "authors"})),
    (
        "alter table articles add foreign key (author) references authors (id) on delete cascade not valid",
        frozenset({"articles", "authors"}),
    ),
    ("create type mood as enum ('good', 'bad')", frozenset()),
    ("alter table tags add column mood mood", frozenset({"tags"})),
    ("alter type mood add value 'odd'", frozenset({"tags"})),
    ("create domain short as varchar(5)", frozenset()),
    ("alter table tags add column short short", frozenset({"tags"})),
    ("alter domain short set not null", frozenset({"tags"})),
    ("create or replace view titles as select id, title, author from articles", frozenset({"titles"})),
)
SQLITE: Sequence[tuple[str, frozenset[str]]] = (
    ("alter table authors rename column name to title", frozenset({"authors"})),
    ("alter table articles rename column title to name", frozenset({"articles", "titles"})),
    ("alter table authors rename column title to name", frozenset({"authors"})),
    ("alter table articles rename column name to title", frozenset({"articles", "titles"})),
    ("create table marks (word text primary key check (word in ('a', 'b')))", frozenset({"marks"})),
)


def plain(snapshot: SchemaSnapshot) -> SchemaSnapshot:
    return replace(snapshot, version=0)


def others(before: SchemaSnapshot, after: SchemaSnapshot) -> set[str]:
    """Collections that are not the same objects."""
    names = before.collections.keys() | after.collections.keys()
    return {name for name in names if before.collections.get(name) is not after.collections.get(name)} - {
        "directus_collections",
        "directus_fields",
        "directus_relations",
    }


@pytest.fixture
async def loader(database: Database) -> SnapshotLoader:
    for statement in TABLES:
        await change(database, statement)
    return SnapshotLoader(database)


async def test_a_reading_again_is_like_a_first_one(database: Database, loader: SnapshotLoader) -> None:
    before = await loader.load()
    assert before.collections.keys() >= EVERYTHING
    own = POSTGRESQL if database.dialect == "postgresql" else SQLITE
    for statement, touched in (*own, *CHANGES):
        await change(database, statement)
        after = await loader.load()
        fresh = await load_snapshot(database)
        assert plain(after) == plain(fresh), statement
        assert others(before, after) == touched, statement
        assert after.version == before.version + (after.fingerprint != before.fingerprint)
        before = after


async def test_what_has_not_changed_is_the_same_object(database: Database, loader: SnapshotLoader) -> None:
    first = await loader.load()
    assert await loader.load() is first
    await change(database, "insert into tags values (1, 'rows are no schema')")
    assert await loader.load() is first


async def test_little_is_asked_where_little_has_changed(
    database: Database, loader: SnapshotLoader, monkeypatch: pytest.MonkeyPatch
) -> None:
    await loader.load()
    asked: list[Any] = []
    fetch = database.fetch

    async def watched(sql: str, params: Sequence[Any] = ()) -> list[Any]:
        asked.extend(params)
        return await fetch(sql, params)

    monkeypatch.setattr(database, "fetch", watched)
    await loader.load()
    assert asked == []
    await change(database, "alter table tags add column colour varchar(10)")
    await loader.load()
    if database.dialect == "sqlite":
        assert set(asked) == {'["tags", "titles"]'}
    else:
        assert {len(one) for one in asked} == {1}


async def test_a_transaction_sees_what_it_has_changed(database: Database, loader: SnapshotLoader) -> None:
    before = await loader.load()
    async with database.transaction() as transaction:
        await transaction.execute("alter table tags add column colour varchar(10)")
        inside = await loader.within(transaction)
        assert others(before, inside) == {"tags"}
        assert "colour" in inside.collections["tags"].fields
        assert await loader.load() is before
    assert "colour" in (await loader.load()).collections["tags"].fields


async def test_a_view_of_what_is_gone_keeps_nobody_from_reading(
    database: Database, loader: SnapshotLoader
) -> None:
    if database.dialect == "postgresql":
        return  # it does not let the table go
    before = await loader.load()
    await change(database, "drop table articles")
    broken = await loader.load()
    assert others(before, broken) == {"articles", "authors", "titles"}
    assert [one.name for one in broken.unserved] == ["titles"]
    await change(database, "create table articles (id integer primary key, title text)")
    assert {"id", "title"} == (await loader.load()).collections["titles"].fields.keys()
