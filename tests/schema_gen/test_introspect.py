"""What a database holds, as the snapshot tells it: the same for the same schema on both databases."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from schema_gen.database import Database, open_database
from schema_gen.drivers.base import Parameters, Row
from schema_gen.drivers.postgresql import PostgresDatabase
from schema_gen.introspect import introspect
from schema_gen.loader import build_snapshot, load_snapshot
from schema_gen.metadata import read_metadata
from schema_gen.model import Field, SchemaSnapshot
from tests.support.session import Dialect
from tests.support.work import calls_of

#: `;`-separated statements that both databases understand
SHOP = """
create table country (code char(2) primary key, name varchar(80) not null unique);
create table customer (
    id integer primary key, name varchar(60) not null, country char(2) references country on delete set null,
    born date, since timestamp default current_timestamp, rating numeric(4, 2) default 1.5,
    active boolean not null default true, notes text default 'it''s new', balance bigint default 0,
    doubled integer generated always as (id * 2) stored
);
create table product (shop integer, sku varchar(20), title text, primary key (shop, sku));
create table basket (
    id integer primary key, customer_id integer not null references customer (id) on delete cascade,
    payer_id integer references customer (id), shop integer, sku varchar(20), code varchar(10), batch integer,
    foreign key (shop, sku) references product (shop, sku) on delete cascade on update cascade,
    unique (code, batch)
);
create index basket_code on basket (batch);
create table tag (id integer primary key, label varchar(20), customer text);
create table customer_tag (
    customer_id integer references customer (id), tag_id integer references tag (id),
    primary key (customer_id, tag_id)
);
create table keyless (a integer, b text);
create table by_unique (code varchar(5) not null unique, note text unique);
create view rich as select id, name from customer where balance > 1000;
create view anonymous as select name from customer;
create table "Odd Name" ("Some Key" integer primary key, "select" text)
"""


async def run(database: Database, script: str) -> None:
    def statements(connection: sa.Connection) -> None:
        for statement in script.split(";"):
            connection.exec_driver_sql(statement)

    await database.run_sync(statements)


@pytest.fixture
async def shop(database: Database) -> SchemaSnapshot:
    await run(database, SHOP)
    return await load_snapshot(database, infer_relations=True)


def column_facts(field: Field) -> tuple[object, ...]:
    column = field.column
    assert column is not None
    return (field.type, column.nullable, column.default, column.max_length, column.unique, column.primary_key)


async def test_columns(shop: SchemaSnapshot) -> None:
    customer = shop.collections["customer"].fields
    facts = {name: column_facts(field) for name, field in customer.items() if not field.alias}
    since = "timestamp" if shop.dialect == "sqlite" else "dateTime"
    assert facts == {
        "id": ("integer", False, None, None, True, True),
        "name": ("string", False, None, 60, False, False),
        "country": ("string", True, None, 2, False, False),
        "born": ("date", True, None, None, False, False),
        "since": (since, True, facts["since"][2], None, False, False),
        "rating": ("decimal", True, 1.5, None, False, False),
        "active": ("boolean", False, True, None, False, False),
        "notes": ("text", True, "it's new", None, False, False),
        "balance": ("bigInteger", True, 0, None, False, False),
        "doubled": ("integer", True, None, None, False, False),
    }
    assert str(facts["since"][2]).upper() == "CURRENT_TIMESTAMP"
    doubled, rating, country = (customer[name].column for name in ("doubled", "rating", "country"))
    assert doubled is not None
    assert doubled.generated
    assert (doubled.generation_expression or "").strip("()") == "id * 2"
    assert rating is not None
    assert (rating.numeric_precision, rating.numeric_scale) == (4, 2)
    assert country is not None
    assert (country.foreign_table, country.foreign_column) == ("country", "code")
    assert shop.collections["Odd Name"].primary_key == ("Some Key",)


async def test_keys(shop: SchemaSnapshot) -> None:
    assert shop.collections["product"].primary_key == ("shop", "sku")
    assert shop.collections["basket"].uniques == (("code", "batch"),)
    batch = shop.collections["basket"].fields["batch"].column
    assert batch is not None
    assert batch.indexed
    assert shop.collections["country"].uniques == (("name",),)
    assert shop.collections["by_unique"].primary_key == ("code",)
    assert [one.name for one in shop.unserved] == ["keyless"]
    assert "no primary key" in shop.unserved[0].reason


async def test_views_are_read_only(shop: SchemaSnapshot) -> None:
    rich, anonymous = shop.collections["rich"], shop.collections["anonymous"]
    assert (rich.kind, rich.read_only, rich.primary_key) == ("view", True, ("id",))
    assert (anonymous.read_only, anonymous.primary_key) == (True, ())
    assert rich.fields["name"].type == "string"


async def test_inferred_relations(shop: SchemaSnapshot) -> None:
    aliases = {
        f"{name}.{field.name}": field.special
        for name, collection in shop.collections.items()
        for field in collection.fields.values()
        if field.alias
    }
    assert aliases == {
        "country.customer": ("o2m",),
        "customer.basket_by_customer_id": ("o2m",),  # two keys of basket lead to customer
        "customer.basket_by_payer_id": ("o2m",),
        "customer.customer_tag": ("m2m",),
        "tag.customer_tag": ("m2m",),
        "basket.product": ("m2o",),  # the key of two columns has a field of its own
        "product.basket": ("o2m",),
    }
    product, baskets = shop.link("basket", "product"), shop.link("product", "basket")
    assert product is not None
    assert baskets is not None
    assert (product.kind, product.local, product.remote) == ("m2o", ("shop", "sku"), ("shop", "sku"))
    assert (baskets.kind, baskets.target) == ("o2m", "basket")
    assert (product.relation.on_delete, product.relation.on_update) == ("CASCADE", "CASCADE")
    tags = shop.link("customer", "customer_tag")
    assert tags is not None
    assert tags.junction_field == "tag_id"
    country = shop.link("customer", "country")
    assert country is not None
    assert (country.target, country.relation.on_delete) == ("country", "SET NULL")


async def test_what_a_database_vouches_for(database: Database, dialect: Dialect) -> None:
    """PostgreSQL checks every writer, and old rows too unless told not to; SQLite writers that ask for it."""
    await run(database, "create table team (id integer primary key)")
    await run(database, "create table member (id integer primary key, team integer references team, old int)")
    if dialect == "postgresql":
        await run(database, "alter table member add foreign key (old) references team not valid")
    snapshot = await load_snapshot(database)
    found = {relation.field: relation.enforced for relation in snapshot.relations}
    assert found == ({"team": True, "old": False} if dialect == "postgresql" else {"team": False})


async def test_without_inference_foreign_keys_lead_one_way(database: Database) -> None:
    await run(database, SHOP)
    snapshot = await load_snapshot(database, infer_relations=False)
    assert snapshot.link("customer", "country") is not None
    assert {link.kind for link in snapshot.links.values()} == {"m2o"}
    assert snapshot.link("basket", "product") is not None


async def test_a_name_that_is_taken_gives_way(database: Database) -> None:
    await run(
        database,
        """
        create table parent (id integer primary key, child text, child_by_parent_id text);
        create table child (id integer primary key, parent_id integer references parent (id));
        create table node (id integer primary key, up integer references node (id))
        """,
    )
    snapshot = await load_snapshot(database, infer_relations=True)
    assert [name for name, field in snapshot.collections["parent"].fields.items() if field.alias] == [
        "child_by_parent_id_2"
    ]
    assert snapshot.link("node", "node_by_up") is not None


async def test_excluded_tables_are_not_there(database: Database) -> None:
    await run(database, SHOP)
    snapshot = await load_snapshot(database, exclude_tables=("customer", "keyless"))
    assert "customer" not in snapshot.collections
    assert snapshot.unserved == ()
    assert snapshot.link("basket", "customer_id") is None
    basket = snapshot.collections["basket"].fields["customer_id"].column
    assert basket is not None


async def test_the_fingerprint_tells_schemas_apart(database: Database, database_url: str) -> None:
    await run(database, SHOP)
    first = await load_snapshot(database)
    assert (await load_snapshot(database, version=7)).fingerprint == first.fingerprint
    script = (
        "import asyncio, sys\n"
        "from schema_gen.database import open_database\n"
        "from schema_gen.loader import load_snapshot\n"
        "async def main():\n"
        "    database = await open_database(sys.argv[1])\n"
        "    print((await load_snapshot(database)).fingerprint)\n"
        "    await database.close()\n"
        "asyncio.run(main())\n"
    )
    root = Path(__file__).parents[2]
    other = subprocess.run(
        [sys.executable, "-c", script, database_url], cwd=root, capture_output=True, text=True, check=True
    )
    assert other.stdout.strip() == first.fingerprint
    seen = {first.fingerprint}
    for change in (
        "alter table tag add column colour text",
        "create table more (id integer primary key)",
        "alter table tag rename column label to title",
    ):
        await run(database, change)
        fingerprint = (await load_snapshot(database)).fingerprint
        assert fingerprint not in seen
        seen.add(fingerprint)


async def test_what_only_postgresql_has(database: Database) -> None:
    if not isinstance(database, PostgresDatabase):
        return
    await run(
        database,
        """
        create schema side;
        create type mood as enum ('sad', 'it''s ok', 'happy');
        create domain email as varchar(120) not null check (value like '%@%');
        create table person (
            id bigint generated by default as identity primary key, number serial, mood mood default
            'happy', mail email, moment timestamptz default now(), key uuid default gen_random_uuid(),
            payload jsonb default '{"a": 1}', exact numeric, flags bit(8), flag bit(1), raw bytea, tags
            text[], address inet, at time, price money
        );
        comment on table person is 'People';
        comment on column person.mood is 'How they feel';
        create materialized view moods as select mood, count(*) from person group by mood;
        create unique index moods_key on moods (mood);
        create table measured (id integer, day date, primary key (id, day)) partition by range (day);
        create table measured_2024 partition of measured for values from ('2024-01-01') to ('2025-01-01');
        create table side.person (id integer primary key);
        create table side.only_there (id integer primary key)
        """,
    )
    snapshot = await load_snapshot(database)
    person = snapshot.collections["person"]
    assert {name: field.type for name, field in person.fields.items()} == {
        "id": "bigInteger", "number": "integer", "mood": "string", "mail": "string", "moment": "timestamp",
        "key": "uuid", "payload": "json", "exact": "decimal", "flags": "unknown", "flag": "boolean",
        "raw": "binary", "tags": "unknown", "address": "unknown", "at": "time", "price": "float",
    }  # fmt: skip
    columns = {name: field.column for name, field in person.fields.items() if field.column is not None}
    assert columns["mood"].enum_values == ("sad", "it's ok", "happy")
    assert (columns["mood"].default, columns["mood"].comment) == ("happy", "How they feel")
    assert (columns["mail"].max_length, columns["mail"].nullable) == (120, False)
    assert (columns["id"].auto_increment, columns["number"].auto_increment) == (True, True)
    assert (columns["moment"].default, columns["payload"].default) == ("now()", {"a": 1})
    assert (person.comment, person.namespace) == ("People", "public")
    assert (snapshot.collections["moods"].kind, snapshot.collections["moods"].primary_key) == (
        "view",
        ("mood",),
    )
    assert "measured" in snapshot.collections
    assert not {"measured_2024", "only_there"} & set(snapshot.collections)


async def test_schemas_of_the_search_path(database: Database, database_url: str) -> None:
    if not isinstance(database, PostgresDatabase):
        return
    await run(
        database,
        "create schema side; create table twice (id integer primary key);"
        "create table side.twice (id bigint primary key);"
        "create table side.there (id integer primary key, other bigint references side.twice (id))",
    )
    wide = await open_database(database_url, search_path=("side", "public"))
    snapshot = await load_snapshot(wide)
    await wide.close()
    assert snapshot.collections["twice"].namespace == "side"
    assert snapshot.collections["twice"].fields["id"].type == "bigInteger"
    assert snapshot.link("there", "other") is not None
    assert [(one.name, one.reason) for one in snapshot.unserved] == [
        ("public.twice", 'the schema "side" holds a table of the same name')
    ]


async def test_what_only_sqlite_has(database: Database) -> None:
    if database.dialect != "sqlite":
        return
    await run(
        database,
        """
        create table Author (
            Id integer primary key autoincrement, MOOD text check (MOOD in ('sad', 'it''s ok'))
        );
        create table post (
            id text primary key, author integer references AUTHOR, amount DOUBLE PRECISION,
            size NUMERIC(10,3), title NATIVE CHARACTER(70), anything, total as (size * 2), flag tinyint(1)
        ) without rowid;
        create virtual table found using fts5(title)
        """,
    )
    snapshot = await load_snapshot(database)
    post = snapshot.collections["post"]
    assert {name: field.type for name, field in post.fields.items()} == {
        "id": "text", "author": "integer", "amount": "float", "size": "decimal",
        "title": "string", "anything": "unknown", "total": "unknown", "flag": "integer",
    }  # fmt: skip
    mood = snapshot.collections["Author"].fields["MOOD"].column
    assert mood is not None
    assert mood.enum_values == ("sad", "it's ok")
    link = snapshot.link("post", "author")
    assert link is not None
    assert (link.target, link.remote) == ("Author", ("Id",))
    total = post.fields["total"].column
    assert total is not None
    assert (total.generated, total.generation_expression) == (True, "size * 2")
    assert [one.name for one in snapshot.unserved] == ["found"]
    assert set(snapshot.collections) == {"Author", "post"}


def wide_schema(tables: int, columns: int) -> Callable[[sa.Connection], None]:
    metadata = sa.MetaData()
    for number in range(tables):
        keys: list[sa.Column[int]] = (
            [sa.Column("parent", sa.Integer, sa.ForeignKey(f"table_{number - 1:03}.id"))]
            if number % 10
            else []
        )
        plain = [sa.Column(f"column_{index}", sa.String(50)) for index in range(columns - 1 - len(keys))]
        sa.Table(f"table_{number:03}", metadata, sa.Column("id", sa.Integer, primary_key=True), *keys, *plain)
    return partial(metadata.create_all, checkfirst=False)


async def test_500_tables_are_read_in_a_handful_of_queries(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await database.run_sync(wide_schema(500, 20))
    asked: list[str] = []
    fetch = type(database).fetch

    async def counted(self: Database, sql: str, params: Parameters = ()) -> list[Row]:
        asked.append(sql)
        return await fetch(self, sql, params)

    monkeypatch.setattr(type(database), "fetch", counted)
    snapshot = await load_snapshot(database)
    assert len(snapshot.collections) == 500
    assert len(snapshot.relations) == 450
    assert 3 <= len(asked) <= 10


async def test_putting_a_snapshot_together_takes_work_in_proportion(database: Database) -> None:
    await database.run_sync(wide_schema(200, 20))
    all_tables = await introspect(database)
    metadata = await read_metadata(database, all_tables)

    def work(tables: int) -> int:
        kept = set(sorted(all_tables.tables)[:tables])
        catalog = replace(
            all_tables,
            tables={name: all_tables.tables[name] for name in kept},
            foreign_keys=tuple(key for key in all_tables.foreign_keys if key.table in kept),
        )
        return calls_of(lambda: build_snapshot(database.dialect, catalog, metadata, infer_relations=True))

    assert work(200) < 2.3 * work(100)
