"""Tables, columns and foreign keys are made and dropped; what was in them stays."""

from __future__ import annotations

from typing import Any

import pytest

from resolvers.sql.ddl.shapes import (
    NOW,
    AddColumn,
    AddForeignKey,
    ColumnShape,
    ColumnType,
    CreateTable,
    DdlChange,
    Default,
    DropColumn,
    DropForeignKey,
    DropTable,
)
from schema_gen.errors import CausewayError
from schema_gen.types import TYPES, default_value, field_type
from tests.support.dump import dump
from tests.support.tables import ID, Tables, column, table

BLOG = (
    table("authors", column("name", nullable=False)),
    table("articles", column("title", length=100), column("author", "integer")),
)
FILLED = (
    "insert into authors (name) values ('Ada'), ('Bob')",
    "insert into articles (title, author) values ('one', 1), ('two', 2), ('three', null)",
)


@pytest.fixture
async def blog(tables: Tables) -> Tables:
    await tables.do(*BLOG)
    await tables.write(*FILLED)
    return tables


async def refused(tables: Tables, *changes: DdlChange) -> CausewayError:
    before = await dump(tables.database)
    with pytest.raises(CausewayError) as caught:
        await tables.do(*changes)
    assert await dump(tables.database) == before
    return caught.value


async def test_a_table_has_what_its_shape_says(tables: Tables) -> None:
    await tables.do(
        CreateTable(
            name="articles",
            columns=(
                ID,
                column("slug", length=80, nullable=False, unique=True),
                column("price", "decimal", precision=8, scale=3, default=Default(value="1.5")),
                column("made", "timestamp", default=NOW, indexed=True),
                column("note", "text", default=Default(value="it's \\ 'quoted'")),
            ),
        )
    )
    made = await tables.table("articles")
    assert made.primary_key == ("id",)
    assert made.uniques == (("slug",),)
    assert made.indexed == ("made",)
    facts = {one.name: one for one in made.columns}
    assert facts["id"].auto_increment
    assert not facts["id"].nullable
    assert facts["slug"].max_length == 80
    assert not facts["slug"].nullable
    assert (facts["price"].precision, facts["price"].scale) == (8, 3)
    assert default_value(facts["price"].default, "decimal") == 1.5
    assert default_value(facts["made"].default, "timestamp") == "CURRENT_TIMESTAMP"
    assert default_value(facts["note"].default, "text") == "it's \\ 'quoted'"
    await tables.write("insert into articles (slug) values ('a')")
    assert await tables.rows("select note from articles") == [("it's \\ 'quoted'",)]


@pytest.mark.parametrize("kind", [name for name, facts in TYPES.items() if facts.sqlite is not None])
async def test_every_type_gets_its_column(tables: Tables, kind: Any) -> None:
    await tables.do(table("things"), AddColumn(table="things", column=column("value", kind)))
    found = await tables.column("things", "value")
    told = field_type(tables.database.dialect, found.data_type)
    alike = {
        "csv": "text",
        "hash": "string",
        "uuid": "uuid" if not tables.sqlite else "string",
        "timestamp": "timestamp" if not tables.sqlite else "dateTime",
    }
    if kind.startswith("geometry") and not tables.sqlite:
        alike[kind] = "text"
    assert told == alike.get(kind, kind)


async def test_keys_of_texts_and_of_several_columns(tables: Tables) -> None:
    key = ColumnShape(name="id", type=ColumnType(type="uuid"), primary_key=True)
    await tables.do(
        CreateTable(name="tokens", columns=(key,)),
        CreateTable(
            name="pairs",
            columns=(
                column("a", "integer", primary_key=True),
                column("b", primary_key=True, unique=True),
            ),
        ),
    )
    assert (await tables.table("tokens")).primary_key == ("id",)
    pairs = await tables.table("pairs")
    assert pairs.primary_key == ("a", "b")
    assert pairs.uniques == (("b",),)
    assert not any(one.nullable for one in pairs.columns)


async def test_numbers_of_keys_are_not_used_again(tables: Tables) -> None:
    await tables.do(table("things", column("a")))
    await tables.write("insert into things (a) values ('x'), ('y')", "delete from things where id = 2")
    await tables.write("insert into things (a) values ('z')")
    assert await tables.rows("select id from things order by id") == [(1,), (3,)]


async def test_a_column_is_added_to_a_filled_table(blog: Tables) -> None:
    await blog.do(
        AddColumn(table="articles", column=column("slug", length=40, unique=True)),
        AddColumn(
            table="articles", column=column("views", "integer", nullable=False, default=Default(value=7))
        ),
        AddColumn(
            table="articles", column=column("open", "boolean", default=Default(value=True), indexed=True)
        ),
        AddColumn(table="articles", column=column("made", "timestamp", default=NOW, nullable=False)),
    )
    assert await blog.names("articles") == ["id", "title", "author", "slug", "views", "open", "made"]
    assert await blog.rows("select id, title, slug, views from articles order by id") == [
        (1, "one", None, 7),
        (2, "two", None, 7),
        (3, "three", None, 7),
    ]
    assert all(row[0] is not None for row in await blog.rows("select made from articles"))
    made = await blog.table("articles")
    assert made.uniques == (("slug",),)
    assert "open" in made.indexed


async def test_a_required_column_needs_a_default_where_there_are_rows(blog: Tables) -> None:
    required = column("must", nullable=False)
    error = await refused(blog, AddColumn(table="articles", column=required))
    assert (error.code, error.extensions["field"]) == ("CONTAINS_NULL_VALUES", "must")
    assert error.extensions["collection"] == "articles"
    await blog.write("delete from articles")
    await blog.do(AddColumn(table="articles", column=required))
    assert not (await blog.column("articles", "must")).nullable


async def test_a_unique_column_with_one_value_for_all_is_refused(blog: Tables) -> None:
    error = await refused(
        blog, AddColumn(table="articles", column=column("same", unique=True, default=Default(value="x")))
    )
    assert (error.code, error.extensions["collection"]) == ("RECORD_NOT_UNIQUE", "articles")
    assert error.extensions["field"] == "same"


async def test_a_column_is_dropped(blog: Tables) -> None:
    await blog.do(DropColumn(table="articles", name="title"))
    assert await blog.names("articles") == ["id", "author"]
    assert await blog.rows("select id, author from articles order by id") == [(1, 1), (2, 2), (3, None)]


async def test_with_a_column_go_its_indexes_and_constraints(tables: Tables) -> None:
    await tables.write(
        "create table t (id integer primary key, a integer check (a > 0), b integer, c integer, "
        "constraint both_ check (a < b), unique (a, b), check (c <> 5))",
        "create index on_b on t (b)",
        "create index on_bc on t (b, c)",
        "create index on_c on t (c)",
        "create index partly on t (c) where b > 3",
        "insert into t values (1, 2, 3, 4)",
    )
    await tables.do(DropColumn(table="t", name="b"))
    made = await tables.table("t")
    assert [one.name for one in made.columns] == ["id", "a", "c"]
    assert made.uniques == ()
    assert made.indexed == ("c",)
    assert await tables.rows("select * from t") == [(1, 2, 4)]
    for broken in ("insert into t (id, a, c) values (2, 0, 1)", "insert into t (id, a, c) values (2, 1, 5)"):
        with pytest.raises(CausewayError):
            await tables.write(broken)
    await tables.write("insert into t (id, a, c) values (2, 9, 4)")


async def test_what_cannot_go(blog: Tables) -> None:
    key = AddForeignKey(table="articles", column="author", target="authors", target_column="id")
    await blog.do(key)
    assert (await refused(blog, DropColumn(table="authors", name="id"))).code == "INVALID_PAYLOAD"
    assert (await refused(blog, DropTable(name="authors"))).code == "INVALID_PAYLOAD"
    assert (await refused(blog, DropColumn(table="authors", name="nothing"))).code == "INVALID_PAYLOAD"
    assert (await refused(blog, DropTable(name="nothing"))).code == "INVALID_PAYLOAD"


async def test_what_views_read_stays(blog: Tables) -> None:
    await blog.write("create view titles as select title from articles")
    error = await refused(blog, DropColumn(table="articles", name="title"))
    assert "depend" in error.message
    await refused(blog, DropTable(name="articles"))
    await blog.do(DropColumn(table="articles", name="author"))
    assert len(await blog.rows("select * from titles")) == 3


async def test_a_foreign_key_is_made_changed_and_dropped(blog: Tables) -> None:
    key = AddForeignKey(
        table="articles", column="author", target="authors", target_column="id", on_delete="CASCADE"
    )
    await blog.do(key)
    (found,) = await blog.foreign_keys("articles")
    assert (found.columns, found.target, found.target_columns) == (("author",), "authors", ("id",))
    assert found.on_delete == "CASCADE"
    await blog.write("delete from authors where id = 1")
    assert await blog.rows("select id from articles order by id") == [(2,), (3,)]
    await blog.do(
        AddForeignKey(
            table="articles", column="author", target="authors", target_column="id", on_delete="SET NULL"
        )
    )
    (found,) = await blog.foreign_keys("articles")
    assert found.on_delete == "SET NULL"
    await blog.do(DropForeignKey(table="articles", column="author"))
    await blog.do(DropForeignKey(table="articles", column="author"))
    assert await blog.foreign_keys("articles") == []
    await blog.write("delete from authors")
    assert await blog.rows("select author from articles order by id") == [(2,), (None,)]


async def test_a_foreign_key_that_points_at_nothing(blog: Tables) -> None:
    await blog.write("insert into articles (title, author) values ('lost', 99)")
    key = AddForeignKey(table="articles", column="author", target="authors", target_column="id")
    error = await refused(blog, key)
    assert error.code == "INVALID_FOREIGN_KEY"
    assert dict(error.extensions) == {"collection": "articles", "field": "author", "value": "99"}


async def test_a_foreign_key_needs_something_unique_of_its_type(blog: Tables) -> None:
    to_name = AddForeignKey(table="articles", column="title", target="authors", target_column="name")
    assert "unique" in (await refused(blog, to_name)).message
    wrong = AddForeignKey(table="articles", column="title", target="authors", target_column="id")
    assert (await refused(blog, wrong)).code == "INVALID_PAYLOAD"


async def test_a_tree(tables: Tables) -> None:
    parent = AddForeignKey(
        table="pages", column="parent", target="pages", target_column="id", on_delete="SET NULL"
    )
    await tables.do(table("pages", column("parent", "integer")), parent)
    await tables.write("insert into pages (parent) values (null), (1), (2)")
    await tables.do(AddColumn(table="pages", column=column("made", "dateTime", default=NOW)))
    (found,) = await tables.foreign_keys("pages")
    assert found.target == "pages"
    await tables.write("delete from pages where id = 1")
    assert await tables.rows("select id, parent from pages order by id") == [(2, None), (3, 2)]


NAMES = [
    'the "best" one',
    "two words",
    "größe",
    "select",
    "a'b",
    "semi;colon",
    "back`tick",
    "dot.ted",
    "%s $1",
]


@pytest.mark.parametrize("name", NAMES)
async def test_any_name_is_a_name(tables: Tables, name: str) -> None:
    await tables.do(
        table(name, column(name, "integer", unique=True), column("made", "timestamp", default=NOW)),
        AddColumn(table=name, column=column(f"{name} 2", indexed=True, default=Default(value=name))),
        AddForeignKey(table=name, column=name, target=name, target_column="id"),
    )
    quoted = '"' + name.replace('"', '""') + '"'
    await tables.write(f"insert into {quoted} ({quoted}) values (1)")
    await tables.do(DropForeignKey(table=name, column=name), DropColumn(table=name, name=f"{name} 2"))
    made = await tables.table(name)
    assert [one.name for one in made.columns] == ["id", name, "made"]
    assert made.uniques == ((name,),)
    assert [row[:2] for row in await tables.rows(f"select * from {quoted}")] == [(1, 1)]
    await tables.do(DropTable(name=name))


@pytest.mark.parametrize("name", ["", "nul\x00", "x" * 64, "ü" * 32, "half \ud800"])
async def test_what_is_no_name(tables: Tables, name: str) -> None:
    assert (await refused(tables, table(name))).code == "INVALID_PAYLOAD"
    assert (await refused(tables, table("t", column(name)))).code == "INVALID_PAYLOAD"
    assert tables.log == []


async def test_names_that_are_there_already(blog: Tables) -> None:
    assert (await refused(blog, table("articles"))).code == "INVALID_PAYLOAD"
    assert (
        await refused(blog, AddColumn(table="articles", column=column("title")))
    ).code == "INVALID_PAYLOAD"
    assert (await refused(blog, table("t", column("a"), column("A")))).code == "INVALID_PAYLOAD"
    assert (await refused(blog, AddColumn(table="nothing", column=column("a")))).code == "INVALID_PAYLOAD"


async def test_long_names_and_names_that_meet(tables: Tables) -> None:
    long = "l" * 60
    await tables.do(
        table(long, column("m" * 60, unique=True, indexed=True), column("n" * 60, unique=True)),
        table("a_b", column("c", unique=True)),
        table("a", column("b_c", unique=True), column("b.c", unique=True), column("B-C_", indexed=True)),
    )
    assert len((await tables.table(long)).uniques) == 2
    assert (await tables.table("a_b")).uniques == (("c",),)
    assert set((await tables.table("a")).uniques) == {("b_c",), ("b.c",)}


INJECTED = "geometry.Point,4326)); select pg_sleep(5);--"


async def test_ghsa_chfm_g7r3_vv42_no_text_of_a_type_reaches_ddl(tables: Tables) -> None:
    kind: Any = INJECTED
    for changes in (
        (table("t", column("a", kind)),),
        (table("t"), AddColumn(table="t", column=column("a", kind))),
        (table("t", column("a", length="10); drop table t; --")),),
        (table("t", column("a", "decimal", precision="1); --", scale=1)),),
    ):
        assert (await refused(tables, *changes)).code == "INVALID_PAYLOAD"
        assert not any("sleep" in sql or "drop" in sql for sql in tables.log)
    action: Any = "CASCADE; drop table t"
    key = AddForeignKey(table="t", column="id", target="t", target_column="id", on_delete=action)
    assert (await refused(tables, table("t"), key)).code == "INVALID_PAYLOAD"


WRONG = [
    column("a", "alias"),
    column("a", "unknown"),
    column("a", length=0),
    column("a", length=10_485_761),
    column("a", length=True),
    column("a", "decimal", precision=0),
    column("a", "decimal", precision=1001),
    column("a", "decimal", precision=3, scale=4),
    column("a", "decimal", precision=3, scale=-1),
    column("a", "integer", default=Default(value="many")),
    column("a", "integer", default=Default(value=2**31)),
    column("a", "integer", default=Default(value=True)),
    column("a", "integer", default=NOW),
    column("a", "uuid", default=Default(value="x")),
    column("a", "boolean", default=Default(value="maybe")),
    column("a", length=3, default=Default(value="four")),
    column("a", "date", default=Default(value="soon")),
    column("a", "text", default=Default(value="nul\x00")),
    column("a", "text", auto_increment=True),
    column("a", "integer", auto_increment=True),
]


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
async def test_what_is_no_column(tables: Tables, wrong: ColumnShape) -> None:
    assert (await refused(tables, table("t", wrong))).code == "INVALID_PAYLOAD"
    assert tables.log == []


DEFAULTS: list[tuple[Any, Any, Any]] = [
    ("string", "a'b\\c%d:e?1$1", "a'b\\c%d:e?1$1"),
    ("string", "", ""),
    ("text", "NULL", "NULL"),
    ("integer", -5, -5),
    ("integer", "12", 12),
    ("bigInteger", 2**62, 2**62),
    ("float", 1e-7, 1e-7),
    ("decimal", "-12.34567", -12.34567),
    ("boolean", "false", False),
    ("boolean", 1, True),
    ("json", {"a": ["it's", 1]}, {"a": ["it's", 1]}),
    ("csv", ["a", "b"], "a,b"),
    ("uuid", "11111111-2222-3333-4444-555555555555", "11111111-2222-3333-4444-555555555555"),
    ("date", "2024-02-29", "2024-02-29"),
    ("dateTime", "2024-02-29T10:00:00", "2024-02-29 10:00:00"),
    ("time", "10:00", "10:00:00"),
]


@pytest.mark.parametrize(("kind", "value", "told"), DEFAULTS)
async def test_defaults_come_back_as_they_went(tables: Tables, kind: Any, value: Any, told: Any) -> None:
    await tables.do(table("t", column("a", kind, default=Default(value=value))))
    assert default_value((await tables.column("t", "a")).default, kind) == told
    await tables.write("insert into t (id) values (7)")
    assert len(await tables.rows("select a from t where a is not null")) == 1


async def test_comments(tables: Tables) -> None:
    await tables.do(
        CreateTable(name="t", comment="it's a table", columns=(ID, column("a", comment='say "hi" \\n')))
    )
    if not tables.sqlite:
        assert (await tables.table("t")).comment == "it's a table"
        assert (await tables.column("t", "a")).comment == 'say "hi" \\n'
