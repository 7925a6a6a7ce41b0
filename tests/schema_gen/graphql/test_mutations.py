"""The roots and inputs that write, as far as a caller may write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest
from graphql import parse, validate, validate_schema

from schema_gen.graphql.build import build_schema
from schema_gen.graphql.lazy import LazySchema
from schema_gen.graphql.limits import DocumentLimits
from schema_gen.graphql.mutations import KINDS
from schema_gen.graphql.validity import faults
from schema_gen.graphql.view import Everything, View, WriteAction
from schema_gen.model import Collection, Column, Field, FieldType, Relation, SchemaSnapshot
from schema_gen.mutation_names import MutationKind
from schema_gen.naming import Names
from tests.support.blog import blog_snapshot

BLOG = blog_snapshot("sqlite")
ARTICLES = frozenset({"id", "title", "author", "tags", "blocks"})


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Reads what `reads` names, writes what `writes` does; `presets`: fields that are filled in."""

    reads: Mapping[str, frozenset[str]] = field(default_factory=dict)
    writes: Mapping[tuple[WriteAction, str], frozenset[str]] = field(default_factory=dict)
    presets: frozenset[tuple[str, str]] = frozenset()

    def readable(self, collection: str) -> bool:
        return collection in self.reads

    def fields(self, collection: str) -> frozenset[str]:
        return self.reads.get(collection, frozenset())

    def steady(self, collection: str, field: str) -> bool:
        return True

    def writable(self, action: WriteAction, collection: str) -> bool:
        return (action, collection) in self.writes

    def write_fields(self, action: WriteAction, collection: str) -> frozenset[str]:
        return self.writes.get((action, collection), frozenset())

    def asked(self, collection: str, field: str) -> bool:
        return (collection, field) not in self.presets


def schema_for(
    view: View | None = None, snapshot: SchemaSnapshot = BLOG, *, internal: bool = False
) -> LazySchema:
    seen = Everything(snapshot) if view is None else view
    return build_schema(snapshot, Names.of(snapshot), seen, "items", internal=internal)


def mutations(schema: LazySchema) -> dict[str, str]:
    """Name -> arguments and type."""
    if schema.mutation_type is None:
        return {}
    return {
        name: "(" + ", ".join(f"{key}: {one.type}" for key, one in root.args.items()) + f"): {root.type}"
        for name, root in schema.mutation_type.fields.items()
    }


def input_of(schema: LazySchema, name: str) -> dict[str, str] | None:
    made = cast("Any", schema.type_map.get(name))
    return None if made is None else {key: str(one.type) for key, one in made.fields.items()}


LIST = (
    "filter: articles_filter, sort: [String], limit: Int, offset: Int, page: Int, search: String"
)  # fmt: skip
PUBLIC: Mapping[MutationKind, str] = {
    "create_items": f"({LIST}, data: [create_articles_input!], on_conflict: [String!]): [articles!]!",
    "create_item": "(data: create_articles_input!, on_conflict: [String!]): articles",
    "update_items": f"({LIST}, ids: [ID]!, data: update_articles_input!): [articles!]!",
    "update_batch": f"({LIST}, data: [update_articles_input!]): [articles!]!",
    "update_item": "(id: ID!, data: update_articles_input!): articles",
    "delete_items": "(ids: [ID]!): delete_many",
    "delete_item": "(id: ID!): delete_one",
    "update_singleton": "(data: update_articles_input!): articles",
}
INTERNAL: Mapping[MutationKind, str] = {
    "create_items": f"({LIST}, payload: JSON!, on_conflict: [String!]): [articles!]!",
    "create_item": "(payload: JSON!, on_conflict: [String!]): articles",
    "update_items": f"({LIST}, ids: [JSON!], max_affected: Int, payload: JSON!): [articles!]!",
    "update_batch": f"({LIST}, payload: JSON!): [articles!]!",
    "update_item": "(id: JSON!, if_match: [String!], payload: JSON!, upsert: Boolean): articles",
    "delete_items": f"({LIST}, ids: [JSON!], max_affected: Int): delete_many",
    "delete_item": "(id: JSON!, if_match: [String!]): articles",
    "update_singleton": "(if_match: [String!], payload: JSON!): articles",
}


@pytest.mark.parametrize(("internal", "expected"), [(False, PUBLIC), (True, INTERNAL)])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_root(kind: MutationKind, internal: bool, expected: Mapping[MutationKind, str]) -> None:
    single = replace(BLOG.collections["articles"], singleton=kind == "update_singleton")
    snapshot = replace(BLOG, collections={**BLOG.collections, "articles": single})
    name = Names.of(snapshot).mutation_name("articles", kind)
    assert mutations(schema_for(snapshot=snapshot, internal=internal))[name or ""] == expected[kind]


def test_a_singleton_is_only_updated() -> None:
    home = replace(BLOG.collections["headings"], singleton=True)
    snapshot = replace(BLOG, collections={**BLOG.collections, "headings": home})
    assert [name for name in mutations(schema_for(snapshot=snapshot)) if "headings" in name] == [
        "update_headings"
    ]


@pytest.mark.parametrize("internal", [False, True])
def test_the_library_finds_nothing_wrong_with_it(internal: bool) -> None:
    schema = schema_for(internal=internal)
    schema._validation_errors = None
    assert validate_schema(schema) == []


def test_without_a_right_there_is_no_root() -> None:
    view = Caller(
        reads={"articles": ARTICLES},
        writes={("update", "articles"): frozenset({"title"}), ("delete", "tags"): frozenset()},
    )
    schema = schema_for(view)
    assert list(mutations(schema)) == [
        "update_articles_items",
        "update_articles_batch",
        "update_articles_item",
        "delete_tags_items",
        "delete_tags_item",
    ]
    assert input_of(schema, "create_articles_input") is None
    assert input_of(schema, "update_articles_input") == {"id": "ID", "title": "String"}


def test_who_may_only_read_has_no_mutations() -> None:
    schema = schema_for(Caller(reads={"articles": ARTICLES}))
    assert schema.mutation_type is None
    assert "transaction" not in {directive.name for directive in schema.directives}


def test_what_cannot_be_read_answers_with_a_flag() -> None:
    schema = schema_for(Caller(writes={("create", "articles"): ARTICLES, ("update", "articles"): ARTICLES}))
    assert mutations(schema) == {
        "create_articles_items": "(data: [create_articles_input!], on_conflict: [String!]): Boolean",
        "create_articles_item": "(data: create_articles_input!, on_conflict: [String!]): Boolean",
        "update_articles_items": "(ids: [ID]!, data: update_articles_input!): Boolean",
        "update_articles_batch": "(data: [update_articles_input!]): Boolean",
        "update_articles_item": "(id: ID!, data: update_articles_input!): Boolean",
    }


def test_rights_without_a_column_have_no_words() -> None:
    schema = schema_for(Caller(writes={("create", "articles"): frozenset(), ("update", "tags"): frozenset()}))
    assert mutations(schema) == {}


def test_related_collections_that_may_not_be_written() -> None:
    """A to-one relation is its key, a list is not there."""
    schema = schema_for(Caller(writes={("create", "articles"): ARTICLES, ("create", "blocks"): ARTICLES}))
    assert input_of(schema, "create_articles_input") == {
        "id": "ID!",
        "title": "String",
        "author": "Int",
        "blocks": "[create_blocks_input]",
        "blocks_changes": "articles_blocks_changes",
    }
    assert input_of(schema, "articles_author_changes") is None
    assert input_of(schema, "articles_tags_changes") is None


def test_related_collections_that_may_be_updated_alone() -> None:
    """A new item may be given what is there, by changes; plain inputs would make new ones."""
    writes: dict[tuple[WriteAction, str], frozenset[str]] = {
        ("create", "articles"): ARTICLES,
        ("update", "authors"): frozenset({"name"}),
        ("update", "articles_tags"): frozenset({"articles_id"}),
    }
    schema = schema_for(Caller(writes=writes))
    made = input_of(schema, "create_articles_input") or {}
    assert made["author"] == "Int"
    assert "tags" not in made
    assert input_of(schema, "articles_author_changes") == {
        "update": "update_authors_input",
        "connect": "ID",
        "disconnect": "Boolean",
    }
    assert input_of(schema, made["tags_changes"]) == {
        "update": "[update_articles_tags_input!]",
        "delete": "[ID!]",
        "connect": "[ID!]",
        "disconnect": "[ID!]",
        "set": "[ID!]",
    }


def test_related_collections_that_may_be_created_alone() -> None:
    writes: dict[tuple[WriteAction, str], frozenset[str]] = {
        ("update", "articles"): ARTICLES,
        ("create", "authors"): frozenset({"name"}),
        ("create", "headings"): frozenset({"text"}),
        ("update", "blocks"): frozenset({"item", "collection"}),
    }
    schema = schema_for(Caller(writes=writes))
    assert (input_of(schema, "update_articles_input") or {})["author"] == "create_authors_input"
    assert input_of(schema, "update_blocks_input") == {
        "id": "ID",
        "collection": "String",
        "item": "String",
        "item__headings": "create_headings_input",
    }


def test_many_to_any_items_are_named_with_their_collection() -> None:
    assert input_of(schema_for(), "articles_blocks_changes") == {
        "create": "[create_blocks_input!]",
        "update": "[update_blocks_input!]",
        "delete": "[ID!]",
        "connect": "[any_key_input!]",
        "disconnect": "[any_key_input!]",
        "set": "[any_key_input!]",
    }


def test_hidden_inputs_are_as_unknown_as_missing_ones() -> None:
    schema = schema_for(Caller(writes={("create", "tags"): frozenset({"name"})}))
    for name in ("create_articles_input", "create_nope_input"):
        document = parse(f"mutation ($x: {name}) {{ create_tags_item(data: $x) }}")
        errors = faults(schema, document, DocumentLimits())
        assert f"Unknown type '{name}'." in [error.message for error in errors]


# --- what has to be sent ------------------------------------------------------------------------------------


def column(name: str, kind: FieldType = "string", special: tuple[str, ...] = (), **facts: Any) -> Field:
    made = Column(data_type=kind, **{"nullable": False, **facts})
    return Field(collection="t", name=name, type=kind, special=special, column=made)


ID = column("id", "integer", primary_key=True, auto_increment=True, has_default=True)


@pytest.mark.parametrize(
    ("made", "printed"),
    [
        (column("f"), "String!"),
        (column("f", nullable=True), "String"),
        (column("f", default="x", has_default=True), "String"),
        (column("f", "boolean", default=False, has_default=True), "Boolean"),
        (column("f", "uuid", ("uuid",)), "ID"),
        (column("f", "timestamp", ("date-created",)), "Date"),
        (column("f", "uuid", ("user-updated",)), "ID"),
        (column("f", "hash"), "Hash!"),
        (column("f", "csv"), "[String]!"),
        (column("f", generated=True), None),
        (Field(collection="t", name="f", type="alias", column=None, special=("alias", "no-data")), None),
    ],
)
def test_what_has_to_be_sent(made: Field, printed: str | None) -> None:
    schema = schema_for(snapshot=snapshot_of(Collection(name="t", fields={"id": ID, "f": made},
                                                        primary_key=("id",))))  # fmt: skip
    assert (input_of(schema, "create_t_input") or {}).get("f") == printed
    updated = (input_of(schema, "update_t_input") or {}).get("f")
    assert updated == (printed.rstrip("!") if printed else None)


@pytest.mark.parametrize(
    ("key", "printed"),
    [
        (ID, "ID"),
        (column("id", "integer", primary_key=True), "ID!"),
        (column("id", nullable=True, primary_key=True), "ID!"),
        (column("id", "uuid", ("uuid",), primary_key=True), "ID"),
        (column("id", "uuid", primary_key=True, has_default=True), "ID"),
    ],
)
def test_keys_that_nothing_makes_have_to_be_sent(key: Field, printed: str) -> None:
    home = Collection(name="t", fields={"id": key, "f": column("f")}, primary_key=("id",))
    schema = schema_for(snapshot=snapshot_of(home))
    assert (input_of(schema, "create_t_input") or {})["id"] == printed
    assert (input_of(schema, "update_t_input") or {})["id"] == "ID"


def test_what_presets_fill_in_need_not_be_sent() -> None:
    home = Collection(name="t", fields={"id": ID, "f": column("f")}, primary_key=("id",))
    granted = {("create", "t"): frozenset({"f"})}
    schema = schema_for(Caller(writes=granted, presets=frozenset({("t", "f")})), snapshot_of(home))  # type: ignore[arg-type]
    assert input_of(schema, "create_t_input") == {"f": "String"}


def test_what_a_relation_fills_in_need_not_be_sent() -> None:
    """A child gets the key of its parent and its place from the list, an item of several collections the
    name of its own.
    """
    names = ("parent", "place", "item", "kind", "other")
    child = Collection(
        name="t", fields={"id": ID, **{name: column(name) for name in names}}, primary_key=("id",)
    )
    parent = Collection(
        name="p",
        fields={"id": ID, "children": Field(collection="p", name="children", type="alias", column=None)},
        primary_key=("id",),
    )
    listed = Relation(collection="t", field="parent", related="p", one_field="children", sort_field="place")
    anything = Relation(collection="t", field="item", related=None, collection_field="kind", allowed=("p",))
    alone = Relation(collection="t", field="other", related="p")
    snapshot = snapshot_of(child, parent, relations=(listed, anything, alone))
    view = Caller(writes={("create", "t"): frozenset(names)})
    assert input_of(schema_for(view, snapshot), "create_t_input") == {
        "parent": "String",
        "place": "String",
        "item": "String",
        "kind": "String",
        "other": "String!",
    }


def snapshot_of(*collections: Collection, relations: tuple[Relation, ...] = ()) -> SchemaSnapshot:
    return SchemaSnapshot(
        dialect="sqlite", collections={home.name: home for home in collections}, relations=relations
    )


def test_names_that_are_taken() -> None:
    tags = BLOG.collections["tags"]
    articles = BLOG.collections["articles"]
    taken = column("tags_changes", nullable=True)
    snapshot = replace(
        BLOG,
        collections={
            **BLOG.collections,
            "articles": replace(articles, fields={**articles.fields, "tags_changes": taken}),
            "create_tags_input": replace(tags, name="create_tags_input"),
        },
    )
    schema = schema_for(snapshot=snapshot)
    made = input_of(schema, "create_articles_input") or {}
    assert made["tags_changes"] == "String"
    assert made["tags_changes_"] == "articles_tags_changes"
    assert mutations(schema)["create_tags_item"].startswith("(data: create_tags_input_!")


def test_a_mutation_makes_only_the_types_it_speaks_of() -> None:
    schema = schema_for()
    document = parse(
        "mutation @transaction { create_articles_item(data: {id: 1, author_changes: {connect: 1}}) { id } }"
    )
    assert validate(schema, document) == []
    assert not schema.complete
    assert "fields" not in cast("Any", schema.type_map["create_tags_input"]).__dict__
