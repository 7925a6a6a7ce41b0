"""The demo site: complete, the same every time, installed as a whole or not at all, then left alone."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from resolvers.bootstrap import bootstrap
from resolvers.demo.access import EDITOR, READER
from resolvers.demo.content import DemoSize, generate
from resolvers.demo.install import DemoReport, install_demo
from resolvers.demo.schema import COLLECTIONS, RELATIONS
from resolvers.secrets import Hasher
from schema_gen.database import Database, open_database
from schema_gen.errors import ConfigurationError
from schema_gen.loader import load_snapshot
from tests.support.seeds import PASSWORD

SMALL = DemoSize(authors=5, articles=20)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = await open_database(database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def demo(demo_url: str) -> AsyncIterator[Database]:
    opened = await open_database(demo_url)
    yield opened
    await opened.close()


async def install(database: Database) -> DemoReport:
    hasher = Hasher(memory=8, time=1, parallelism=1, threads=1)
    try:
        return await install_demo(database, progress=lambda line: None, hasher=hasher, size=SMALL)
    finally:
        hasher.close()


async def tables(database: Database) -> set[str]:
    snapshot = await load_snapshot(database, infer_relations=False, exclude_tables=())
    return {name for name, collection in snapshot.collections.items() if collection.kind == "table"}


def test_the_content_is_the_same_every_time() -> None:
    assert generate(SMALL, editor="someone") == generate(SMALL, editor="someone")


def test_sizes_are_what_was_asked_for() -> None:
    size = DemoSize(authors=7, articles=60, tags_per_article=2, comments_per_article=4, blocks_every=0)
    rows = generate(size)
    counts = {name: len(rows[name]) for name in ("authors", "articles", "articles_tags", "comments")}
    assert counts == {"authors": 7, "articles": 60, "articles_tags": 120, "comments": 240}
    assert rows["articles_blocks"] == rows["block_texts"] == []


def test_content_keeps_its_own_rules() -> None:
    rows = generate(DemoSize())
    assert len({article["slug"] for article in rows["articles"]}) == 1000
    assert all(
        (article["published_at"] is None) == (article["status"] == "draft") for article in rows["articles"]
    )
    for link in rows["articles_blocks"]:
        assert int(link["item"]) in {block["id"] for block in rows[link["collection"]]}
    (homepage,) = rows["homepage"]
    featured = rows["articles"][homepage["featured_article"] - 1]
    assert (featured["status"], featured["featured"]) == ("published", True)


def test_every_row_has_the_columns_of_its_table() -> None:
    columns = {
        collection.name: {field.name for field in collection.fields if field.type != "alias"}
        for collection in COLLECTIONS
        if not collection.folder
    }
    content = generate(DemoSize())
    assert content.keys() == columns.keys()
    for name, rows in content.items():
        assert rows
        assert all(row.keys() == columns[name] for row in rows)


async def test_the_whole_site_is_there(demo: Database) -> None:
    assert await demo.fetch("SELECT count(*) FROM articles") == [(1000,)]
    assert await demo.fetch("SELECT count(*) FROM articles_tags") == [(3000,)]
    snapshot = await load_snapshot(demo, infer_relations=False, exclude_tables=())
    kinds = {
        name: snapshot.links["articles", name].kind
        for name in ("author", "cover", "tags", "comments", "blocks")
    }
    assert kinds == {"author": "m2o", "cover": "m2o", "tags": "o2m", "comments": "o2m", "blocks": "o2m"}
    blocks = snapshot.links["articles_blocks", "item"]
    assert (blocks.kind, set(blocks.allowed)) == ("m2a", {"block_headings", "block_texts", "block_quotes"})
    assert snapshot.links["categories", "children"].target == "categories"
    assert snapshot.collections["homepage"].singleton
    assert snapshot.collections["blocks"].kind == "folder"


async def test_every_field_has_the_type_it_was_made_with(demo: Database) -> None:
    snapshot = await load_snapshot(demo, infer_relations=False, exclude_tables=())
    # ids are text on SQLite, and these two have no special that says more
    as_text = {"user_created", "user_updated"} if demo.dialect == "sqlite" else set()
    for collection in COLLECTIONS:
        found = {name: field.type for name, field in snapshot.collections[collection.name].fields.items()}
        assert found == {
            field.name: "string" if field.name in as_text else field.type for field in collection.fields
        }


async def test_every_relation_is_linked_from_both_ends(demo: Database) -> None:
    snapshot = await load_snapshot(demo, infer_relations=False, exclude_tables=())
    for relation in RELATIONS:
        assert (relation.collection, relation.name) in snapshot.links
        if relation.one_field and relation.related:
            back = snapshot.links[relation.related, relation.one_field]
            assert (back.target, back.junction_field) == (relation.collection, relation.junction_field)


async def test_rules_name_fields_that_exist(demo: Database) -> None:
    snapshot = await load_snapshot(demo, infer_relations=False, exclude_tables=())
    rows = await demo.fetch("SELECT collection, fields FROM directus_permissions")
    assert len(rows) > 30
    for collection, fields in rows:
        for name in fields.split(","):
            assert name == "*" or name in snapshot.collections[collection].fields


async def test_rules_and_users_of_the_roles(demo: Database) -> None:
    own = await demo.fetch(
        demo.native(
            "SELECT p.fields, p.permissions FROM directus_permissions p"
            " JOIN directus_policies o ON o.id = p.policy WHERE o.name = 'Own figures'"
        )
    )
    ((fields, item),) = own
    assert fields == "id,views,rating,price"
    assert json.loads(item) == {"user_created": {"_eq": "$CURRENT_USER"}}
    users = await demo.fetch(
        "SELECT u.email, r.name, u.password FROM directus_users u JOIN directus_roles r ON r.id = u.role"
        " WHERE r.name <> 'Administrator' ORDER BY u.email"
    )
    assert [(email, role) for email, role, _ in users] == [(EDITOR.email, "editor"), (READER.email, "reader")]
    hasher = Hasher(threads=1)
    assert await hasher.verify(users[0][2], PASSWORD)
    hasher.close()
    drafts = (
        "SELECT count(*) FROM articles a JOIN directus_users u ON u.id = a.user_created WHERE u.email = $1"
    )
    assert (await demo.fetch(demo.native(drafts), (EDITOR.email,)))[0][0] > 100


async def test_keys_go_on_after_the_demo_rows(demo: Database) -> None:
    async with demo.transaction() as transaction:
        for title in ("one", "two"):
            await transaction.execute(
                demo.native("INSERT INTO articles (title, slug) VALUES ($1, $1)"), (title,)
            )
    rows = await demo.fetch("SELECT id, status, views FROM articles WHERE id > 1000 ORDER BY id")
    assert rows == [(1001, "draft", 0), (1002, "draft", 0)]


async def test_generated_passwords_are_told_once(database: Database) -> None:
    await bootstrap(database, admin_password=PASSWORD)
    first = await install(database)
    second = await install(database)
    assert (first.installed, second.installed) == (True, False)
    assert first.rows["articles"] == 20
    assert set(first.passwords) == {READER.email, EDITOR.email}
    assert all(len(password) >= 16 for password in first.passwords.values())
    assert "passwords" not in repr(first)
    assert second.passwords == {}
    assert await database.fetch("SELECT count(*) FROM articles") == [(20,)]


async def test_a_database_without_system_tables_is_refused(database: Database) -> None:
    with pytest.raises(ConfigurationError, match="causeway bootstrap"):
        await install(database)
    assert await tables(database) == set()


async def test_a_database_with_such_tables_is_refused_and_left_as_it_was(database: Database) -> None:
    await bootstrap(database, admin_password=PASSWORD)
    async with database.transaction() as transaction:
        await transaction.execute("CREATE TABLE comments (id integer PRIMARY KEY)")
    before = await tables(database)
    with pytest.raises(ConfigurationError, match="comments"):
        await install(database)
    assert await tables(database) == before
    assert await database.fetch("SELECT count(*) FROM directus_permissions") == [(0,)]
