"""What a change of the schema consists of, decided against a snapshot, without a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from resolvers.sql.ddl.shapes import (
    NO_DEFAULT,
    AddForeignKey,
    ChangeColumn,
    ColumnChange,
    ColumnType,
    CreateTable,
    Default,
    DropColumn,
    DropTable,
)
from resolvers.structure.collections import dropped_collection, new_collection
from resolvers.structure.fields import changed_field, dropped_field, new_field
from resolvers.structure.forgetting import Permission, forgotten_grants
from resolvers.structure.payloads import read_collection, read_field, read_relation
from resolvers.structure.relations import changed_relation, new_relation
from resolvers.structure.rule_names import names
from resolvers.structure.steps import Forget, RowStep
from schema_gen.errors import CausewayError
from schema_gen.model import Collection, Column, Field, FieldType, Relation, SchemaSnapshot

Dialect = Any


def column(home: str, name: str, kind: FieldType = "string", **more: Any) -> Field:
    meta = more.pop("meta", None)
    return Field(collection=home, name=name, type=kind, column=Column(data_type=kind, **more), meta=meta)


def collection(name: str, *fields: Field, meta: Mapping[str, Any] | None = None) -> Collection:
    key = column(name, "id", "integer", primary_key=True, nullable=False, auto_increment=True)
    return Collection(
        name=name, fields={each.name: each for each in (key, *fields)}, primary_key=("id",), meta=meta
    )


def snapshot(*collections: Collection, dialect: Dialect = "sqlite", **more: Any) -> SchemaSnapshot:
    return SchemaSnapshot(dialect=dialect, collections={each.name: each for each in collections}, **more)


BOOKS = collection(
    "books",
    column("books", "title", max_length=255),
    column("books", "author", "integer", foreign_table="authors", foreign_column="id"),
    column("books", "open", "boolean", default=False, has_default=True),
)
AUTHORS = collection(
    "authors", Field(collection="authors", name="books", type="alias", column=None, special=("o2m",))
)
WRITTEN = Relation(
    collection="books",
    field="author",
    related="authors",
    one_field="books",
    local=("author",),
    remote=("id",),
    on_delete="SET NULL",
    on_update="NO ACTION",
    meta={"id": 1},
)
LIBRARY = snapshot(BOOKS, AUTHORS, relations=(WRITTEN,))


def test_a_collection_is_a_table_and_rows() -> None:
    made = new_collection(
        snapshot(),
        read_collection(
            {
                "collection": "things",
                "schema": {"comment": "c"},
                "meta": {"note": "n", "collection": "other"},
                "fields": [{"field": "name", "type": "string", "meta": {"sort": 9}}],
            }
        ),
    )
    (table,) = made.ddl
    assert isinstance(table, CreateTable)
    assert [each.name for each in table.columns] == ["id", "name"]
    assert (table.columns[0].primary_key, table.columns[0].auto_increment, table.comment) == (True, True, "c")
    rows = [row for row in made.rows if isinstance(row, RowStep)]
    assert [(row.table, dict(row.where)) for row in rows] == [
        ("directus_collections", {"collection": "things"}),
        ("directus_fields", {"collection": "things", "field": "id"}),
        ("directus_fields", {"collection": "things", "field": "name"}),
    ]
    assert rows[0].values == {"note": "n"}
    assert [row.values["sort"] for row in rows[1:]] == [1, 9]


@pytest.mark.parametrize(("dialect", "refused"), [("sqlite", True), ("postgresql", False)])
def test_names_that_differ_in_case(dialect: Dialect, refused: bool) -> None:
    """SQLite has one table, and one column, for both."""
    there = snapshot(BOOKS, dialect=dialect)
    table = read_collection({"collection": "Books", "schema": {}})
    field = read_field({"field": "Title", "type": "string"})
    if not refused:
        assert new_collection(there, table).ddl
        assert new_field(there, "books", field).ddl
        return
    with pytest.raises(CausewayError, match='"books" already exists'):
        new_collection(there, table)
    with pytest.raises(CausewayError, match='"title" already exists'):
        new_field(there, "books", field)


@pytest.mark.parametrize(
    ("name", "payload", "change"),
    [
        ("title", {"meta": {"note": "n"}}, None),
        ("title", {"type": "text"}, None),
        ("title", {"schema": {"max_length": 255, "data_type": "varchar", "is_nullable": True}}, None),
        ("title", {"type": "text", "schema": {}}, ColumnChange(type=ColumnType(type="text"))),
        ("title", {"schema": {"max_length": 9}}, ColumnChange(type=ColumnType(type="string", length=9))),
        ("title", {"schema": {"is_nullable": False}}, ColumnChange(nullable=False)),
        ("open", {"schema": {"default_value": False}}, None),
        ("open", {"schema": {"default_value": 0}}, ColumnChange(default=Default(value=0))),
        ("open", {"schema": {"default_value": None}}, ColumnChange(default=NO_DEFAULT)),
        ("id", {"type": "integer", "schema": {"default_value": "nextval('x')", "is_unique": True}}, None),
    ],
)
def test_only_what_differs_changes(name: str, payload: dict[str, Any], change: ColumnChange | None) -> None:
    planned = changed_field(LIBRARY, "books", read_field({"field": name, **payload}))
    assert planned.ddl == (() if change is None else (ChangeColumn(table="books", name=name, change=change),))


def test_a_dropped_column_takes_its_list_with_it() -> None:
    planned = dropped_field(LIBRARY, "books", "author")
    assert planned.ddl == (DropColumn(table="books", name="author"),)
    assert [each for each in planned.rows if isinstance(each, Forget)] == [
        Forget(collection="books", field="author"),
        Forget(collection="authors", field="books"),
    ]


def test_what_a_key_of_the_database_leads_to_is_not_dropped() -> None:
    with pytest.raises(CausewayError, match='"author" in collection "books" leads to "authors"'):
        dropped_collection(LIBRARY, "authors")
    loose = snapshot(BOOKS, AUTHORS, relations=(replace(WRITTEN, on_delete=None, on_update=None),))
    assert dropped_collection(loose, "authors").ddl == (
        DropColumn(table="books", name="author"),
        DropTable(name="authors"),
    )


def test_a_relation_keeps_what_is_not_said_of_its_key() -> None:
    said = read_relation({"collection": "books", "field": "author", "schema": {"on_update": "cascade"}})
    assert changed_relation(LIBRARY, said).ddl == (
        AddForeignKey(
            table="books",
            column="author",
            target="authors",
            target_column="id",
            on_delete="SET NULL",
            on_update="CASCADE",
        ),
    )
    same = read_relation({"collection": "books", "field": "author", "schema": {"on_delete": "SET NULL"}})
    assert changed_relation(LIBRARY, same).ddl == ()


def test_a_column_has_to_fit_the_key() -> None:
    wrong = read_relation({"collection": "books", "field": "title", "related_collection": "authors"})
    with pytest.raises(CausewayError, match='has the type "string", the key of "authors" has "integer"'):
        new_relation(LIBRARY, wrong)


GONE = Forget(collection="books", field="open")


@pytest.mark.parametrize(
    ("rule", "home", "named"),
    [
        ({"open": {"_eq": True}}, "books", True),
        ({"_or": [{"title": {"_eq": "x"}}, {"_and": [{"open": {"_eq": 1}}]}]}, "books", True),
        ({"books": {"_none": {"open": {"_eq": True}}}}, "authors", True),
        ({"books": {"author": {"books": {"open": {"_null": True}}}}}, "authors", True),
        ({"year(open)": {"_eq": 1}}, "books", True),
        ({"json(open, a.b)": {"_eq": 1}}, "books", True),
        ({"open": {"_eq": True}}, "authors", False),
        ({"title": {"_in": ["open"]}}, "books", False),
        ({"title": {"_eq": {"open": 1}}}, "books", False),
        ({"books": {"title": {"_eq": "open"}}}, "authors", False),
        (None, "books", False),
        ([5, "open"], "books", False),
    ],
)
def test_what_rules_name(rule: Any, home: str, named: bool) -> None:
    assert names(rule, home, LIBRARY, GONE) is named


def test_grants_without_a_collection() -> None:
    def row(number: int, home: str, rule: Any = None) -> Permission:
        return Permission(id=number, collection=home, fields=("*",), rule=rule, validation=None, presets=None)

    rows = [row(1, "books"), row(2, "authors"), row(3, "authors", {"books": {"title": {"_eq": "x"}}})]
    ended = forgotten_grants(rows, LIBRARY, Forget(collection="books"))
    assert [(step.action, dict(step.where)) for step in ended] == [
        ("delete", {"id": 1}),
        ("delete", {"id": 3}),
    ]
