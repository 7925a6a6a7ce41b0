"""SQLite tables made anew: everything that hangs on them stays, whatever their text looks like."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from resolvers.sql.ddl.shapes import (
    AddColumn,
    AddForeignKey,
    ChangeColumn,
    ColumnChange,
    ColumnType,
    DdlChange,
    Default,
    DropColumn,
    DropForeignKey,
    DropTable,
)
from schema_gen.errors import CausewayError
from tests.support.dump import dump
from tests.support.tables import Tables, column, opened


@pytest.fixture
async def tables(tmp_path: Path) -> AsyncIterator[Tables]:
    async with opened(f"sqlite:///{tmp_path / 'rebuilt.db'}") as made:
        yield made


def change(name: str, of: str = "t", **facts: object) -> ChangeColumn:
    return ChangeColumn(table=of, name=name, change=ColumnChange(**facts))  # type: ignore[arg-type]


async def everything(tables: Tables) -> tuple[object, ...]:
    """Every byte of the schema and of the content."""
    schema = await tables.rows("select type, name, tbl_name, sql from sqlite_schema order by 1, 2")
    has_counters = await tables.rows("select count(*) from sqlite_schema where name = 'sqlite_sequence'")
    counters = await tables.rows("select * from sqlite_sequence order by 1") if has_counters[0][0] else []
    return schema, counters, await dump(tables.database)


async def refused(tables: Tables, *changes: DdlChange) -> CausewayError:
    before = await everything(tables)
    with pytest.raises(CausewayError) as caught:
        await tables.do(*changes)
    assert await everything(tables) == before
    return caught.value


NASTY = """create table /* a, table (of) */ [t] ( -- it's a comment, with (parentheses
  "select" integer not null primary key autoincrement, -- , "x" text
  'name' varchar(20) collate nocase default 'a,b)' not null check (name <> 'x), y' and length("name") > 0),
  `note` text constraint "odd, name" check (note is null or note in ('(', ')', '--', '/*'))
    default (lower(')')),
  price decimal(10, 2) default -1.5 constraint priced not null,
  twice as (price * 2) virtual,
  kept text generated always as (name || '(' || price || ')') stored,
  parent integer references "t" ("select") on delete set null deferrable initially deferred,
  [group] int default null unique on conflict ignore,
  untyped,
  constraint pair unique (name, price) on conflict fail
  check (price > -2) -- constraints need no commas
  foreign key (untyped) references other (a) on delete set default match simple
)"""
AROUND = (
    "create table other (a integer primary key, t integer references t)",
    "create index nocase_name on t (name collate nocase desc) where price > 0",
    "create index by_expression on t (lower(note), price)",
    "create unique index one_note on t (note)",
    "create table log (said text)",
    "create trigger told after insert on t begin insert into log values ('t ' || new.name); end",
    "create trigger changed after update of price on t when new.price <> old.price "
    "begin insert into log values ('price; of ' || new.name); end",
    "create trigger from_other after insert on other "
    'begin update t set untyped = null where "select" = new.t; end',
    "create view dear as select name, twice from t where price > 1",
    "create view dearest as select max(twice) as most from dear",
    'insert into t ("select", name, note, price, parent, [group]) values '
    "(5, 'five', '(', 1, null, 1), (6, 'six', '--', 2, 5, 2), (9, 'nine', null, 3, 6, 3), "
    "(40, 'gone', null, 4, 5, 4)",
    'delete from t where "select" = 40',
    "insert into other values (1, 9)",
    "delete from log",
    "analyze",
)


@pytest.fixture
async def nasty(tables: Tables) -> Tables:
    await tables.write(NASTY, *AROUND)
    return tables


ROWS = 'select "select", name, note, price, twice, kept, parent, "group", untyped from t order by 1'
CHANGES: list[DdlChange] = [
    change("name", type=ColumnType(type="text")),
    change("name", nullable=True),
    change("note", default=Default(value="/*")),
    change("note", default=Default()),
    change("price", nullable=True),
    change("price", default=Default(value=7)),
    change("group", default=Default(value=7)),
    change("group", unique=False),
    change("note", unique=False),
    change("parent", nullable=True, default=Default(value=None)),
    DropForeignKey(table="t", column="parent"),
    DropForeignKey(table="t", column="untyped"),
    AddForeignKey(table="t", column="parent", target="t", target_column="select", on_delete="CASCADE"),
    AddColumn(table="t", column=column("added", nullable=False, default=Default(value="("))),
    AddColumn(table="t", column=column("added", "timestamp", default=Default(now=True))),
]


@pytest.mark.parametrize("wanted", CHANGES, ids=repr)
async def test_what_hangs_on_a_table_stays(nasty: Tables, wanted: DdlChange) -> None:
    rows = await nasty.rows(ROWS)
    others = (
        "select type, name, sql from sqlite_schema "
        "where name not in ('t', 'one_note') and name not like '%auto%' order by name"
    )
    before = await nasty.rows(others)
    statistics = await nasty.rows(
        "select * from sqlite_stat1 where tbl = 't' and idx like '%name' order by 2"
    )
    counter = await nasty.rows("select seq from sqlite_sequence where name = 't'")
    await nasty.do(wanted)
    assert await nasty.rows(ROWS) == rows
    assert await nasty.rows(others) == before
    assert (
        await nasty.rows("select * from sqlite_stat1 where tbl = 't' and idx like '%name' order by 2")
        == statistics
    )
    assert statistics
    assert await nasty.rows("select seq from sqlite_sequence where name = 't'") == counter == [(40,)]
    assert await nasty.rows("pragma integrity_check") == [("ok",)]
    assert await nasty.rows("pragma foreign_key_check") == []
    assert await nasty.rows("select most from dearest") == [(6,)]
    await nasty.write("insert into t (name, price) values ('new', 3.5)")
    assert await nasty.rows("select \"select\" from t where name = 'NEW'  collate nocase") == [(41,)]
    await nasty.write("update t set price = 5 where name = 'new'", "insert into other values (2, 41)")
    assert await nasty.rows("select said from log") == [("t new",), ("price; of new",)]
    text = await nasty.text("t")
    for kept in ("check (price > -2)", "twice as (price * 2) virtual", "'x), y'", "it's a comment, with"):
        assert kept in text
    with pytest.raises(CausewayError):
        await nasty.write("insert into t (name, price) values ('cheap', -3)")


async def test_only_the_text_that_is_concerned_changes(nasty: Tables) -> None:
    before = await nasty.text("t")
    await nasty.do(change("price", nullable=True))
    after = await nasty.text("t")
    body = before.partition(" ")[2].partition("(")[2]
    assert after.partition("(")[2] == body.replace(" constraint priced not null", " ")


async def test_a_column_leaves_a_nasty_table(nasty: Tables) -> None:
    await nasty.write("drop trigger from_other")
    await nasty.do(DropColumn(table="t", name="note"), DropColumn(table="t", name="untyped"))
    text = await nasty.text("t")
    assert "odd, name" not in text
    assert "match simple" not in text
    assert "constraint pair unique (name, price) on conflict fail" in text
    assert await nasty.rows(
        "select name from sqlite_schema where type = 'index' and tbl_name = 't' and sql is not null"
    ) == [("nocase_name",)]
    assert await nasty.rows("select most from dearest") == [(6,)]


async def test_what_would_break_stays(nasty: Tables) -> None:
    assert "depend" in (await refused(nasty, DropColumn(table="t", name="price"))).message  # computed columns
    assert "depend" in (await refused(nasty, DropColumn(table="t", name="twice"))).message  # a view
    assert "depend" in (await refused(nasty, DropTable(name="log"))).message  # triggers
    assert "depend" in (await refused(nasty, DropTable(name="t"))).message
    await nasty.write("drop trigger from_other")
    await nasty.do(DropColumn(table="t", name="untyped"))
    await nasty.write(
        "create trigger upserting after insert on log begin insert into t (name, [group]) "
        "values ('u', 1) on conflict ([group]) do nothing; end"
    )
    assert "depend" in (await refused(nasty, change("group", unique=False))).message


async def test_a_trigger_that_was_broken_before_stops_nothing(tables: Tables) -> None:
    await tables.write(
        "create table t (id integer primary key, a text, b text)",
        "create table u (id integer primary key)",
        "create trigger broken after insert on t begin insert into nowhere values (new.a); end",
        "create view blind as select a from nowhere",
    )
    await tables.do(DropColumn(table="t", name="b"), DropTable(name="u"))
    assert await tables.names("t") == ["id", "a"]
    assert len(await tables.rows("select 1 from sqlite_schema where type in ('trigger', 'view')")) == 2


async def test_rows_keep_their_numbers(tables: Tables) -> None:
    await tables.write(
        "create table t (a text, rowid text)",
        "insert into t values ('x', 'r'), ('y', 's'), ('z', 'u')",
        "delete from t where a = 'x'",
    )
    await tables.do(change("a", type=ColumnType(type="string", length=9)))
    assert await tables.rows("select _rowid_, a, rowid from t") == [(2, "y", "s"), (3, "z", "u")]


async def test_the_counter_of_an_empty_table_stays(tables: Tables) -> None:
    await tables.write(
        "create table t (id integer primary key autoincrement, a text)",
        "insert into t (id, a) values (70, 'x')",
        "delete from t",
    )
    await tables.do(change("a", nullable=False))
    await tables.write("insert into t (a) values ('y')")
    assert await tables.rows("select id from t") == [(71,)]


async def test_tables_without_row_numbers(tables: Tables) -> None:
    await tables.write(
        "create table t (a integer, b text, c text, primary key (b desc, a)) without rowid",
        "insert into t values (1, 'x', '10'), (2, 'x', '20'), (1, 'y', null)",
    )
    await tables.do(change("c", type=ColumnType(type="integer")), change("c", indexed=True))
    assert await tables.rows("select a, b, c from t order by a, b") == [
        (1, "x", 10),
        (1, "y", None),
        (2, "x", 20),
    ]
    assert "without rowid" in await tables.text("t")
    assert (await tables.table("t")).primary_key == ("b", "a")


async def test_strict_tables(tables: Tables) -> None:
    await tables.write(
        "create table t (id integer primary key, a text, b int) strict", "insert into t values (1, '5', 2)"
    )
    await tables.do(
        AddColumn(table="t", column=column("c", "timestamp", default=Default(now=True))),
        AddColumn(table="t", column=column("d", "boolean", default=Default(value=True))),
        change("b", type=ColumnType(type="string")),
        change("a", nullable=False),
    )
    assert await tables.rows("select id, a, b, d from t") == [(1, "5", "2", 1)]
    assert "strict" in await tables.text("t")


async def test_keys_of_several_columns_that_others_point_at(tables: Tables) -> None:
    await tables.write(
        "create table t (a integer, b integer, c text, primary key (a, b))",
        "create table u (x integer, y integer, foreign key (x, y) references t on delete cascade)",
        "insert into t values (1, 2, 'c'), (3, 4, 'd')",
        "insert into u values (1, 2), (3, 4)",
    )
    await tables.do(change("c", nullable=False), change("y", of="u", indexed=True))
    await tables.write("delete from t where a = 1")
    assert await tables.rows("select * from u") == [(3, 4)]
    await tables.do(DropForeignKey(table="u", column="x"))  # no key of this column alone
    assert len(await tables.foreign_keys("u")) == 1


async def test_names_without_regard_to_case(tables: Tables) -> None:
    await tables.write(
        "create table Things (Id integer primary key, Name text)", "insert into things values (1, 'x')"
    )
    await tables.do(
        change("NAME", of="THINGS", nullable=False), AddColumn(table="things", column=column("b"))
    )
    assert await tables.names("Things") == ["Id", "Name", "b"]


async def test_a_table_that_came_from_a_select(tables: Tables) -> None:
    await tables.write(
        "create table s (a integer, b text)",
        "create table t as select a, b from s",
        "insert into t values (1, 'x')",
    )
    await tables.do(change("a", nullable=False), DropColumn(table="t", name="b"))
    assert await tables.rows("select * from t") == [(1,)]


async def test_checks_of_the_old_hold_for_the_new(tables: Tables) -> None:
    await tables.write(
        "create table t (id integer primary key, a text check (typeof(a) = 'text'), b text unique)",
        "insert into t values (1, '5', '1'), (2, '6', '1.0')",
    )
    assert (await refused(tables, change("a", type=ColumnType(type="integer")))).code == "INVALID_PAYLOAD"
    error = await refused(tables, change("b", type=ColumnType(type="integer")))
    assert (error.code, error.extensions["collection"]) == ("RECORD_NOT_UNIQUE", "t")
    assert error.extensions["field"] == "b"


async def test_a_later_failure_takes_back_the_rebuilds_before_it(nasty: Tables) -> None:
    error = await refused(
        nasty,
        change("name", nullable=True),
        AddColumn(table="t", column=column("late", "timestamp", default=Default(now=True))),
        DropForeignKey(table="t", column="parent"),
        change("note", nullable=False),
    )
    assert error.code == "CONTAINS_NULL_VALUES"


async def test_a_copy_that_is_in_the_way(tables: Tables) -> None:
    await tables.write("create table t (a text)", "create table causeway_new_t (b text)")
    await tables.do(change("a", nullable=False))
    assert await tables.names("causeway_new_t") == ["b"]
    assert not (await tables.column("t", "a")).nullable
