"""Snapshot -> schema: names, types and rules, seen as SDL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLInputObjectType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLUnionType,
    build_schema,
    parse,
    print_schema,
    print_type,
    validate,
    validate_schema,
)

from schema_gen.graphql.build import build_schema as make_schema
from schema_gen.graphql.lazy import LazySchema
from schema_gen.graphql.operators import FUNCTIONS, OPERATORS
from schema_gen.graphql.scalars import FIELD_SCALARS
from schema_gen.graphql.signatures import CallEnum, CallObject, CallSignature
from schema_gen.graphql.types import FIXED
from schema_gen.graphql.view import Everything, WriteAction
from schema_gen.model import Collection, Column, Field, FieldType, Relation, SchemaSnapshot
from schema_gen.naming import Names
from schema_gen.spelling import RESERVED_TYPES
from schema_gen.types import TYPES
from tests.support.blog import blog_snapshot

GOLDEN = Path(__file__).parent / "blog.graphql"


def schema_of(snapshot: SchemaSnapshot, *signatures: CallSignature, internal: bool = False) -> LazySchema:
    names = Names.of(snapshot)
    return make_schema(snapshot, names, Everything(snapshot), "items", signatures, internal=internal)


def fields_of(schema: LazySchema, name: str) -> dict[str, Any]:
    made: Any = schema.type_map[name]
    fields: dict[str, Any] = made.fields
    return fields


def queries(schema: LazySchema) -> dict[str, Any]:
    assert schema.query_type is not None
    return dict(schema.query_type.fields)


def table(name: str, **fields: FieldType) -> Collection:
    made = {
        field: Field(
            collection=name,
            name=field,
            type=kind,
            column=None
            if kind == "alias"
            else Column(data_type=kind, primary_key=field == "id", nullable=field != "id"),
        )
        for field, kind in {"id": "integer", **fields}.items()
    }
    return Collection(name=name, fields=made, primary_key=("id",))


def snapshot_of(*collections: Collection, relations: tuple[Relation, ...] = ()) -> SchemaSnapshot:
    return SchemaSnapshot(
        dialect="sqlite", collections={home.name: home for home in collections}, relations=relations
    )


def test_the_blog_as_sdl() -> None:
    """After a change that is meant: write `print_schema(...)` of this schema to blog.graphql."""
    assert print_schema(schema_of(blog_snapshot("sqlite"))) + "\n" == GOLDEN.read_text()


def test_the_library_finds_nothing_wrong_with_it() -> None:
    schema = schema_of(blog_snapshot("sqlite"))
    schema._validation_errors = None
    assert validate_schema(schema) == []
    assert print_schema(build_schema(print_schema(schema))) == print_schema(schema)


def test_every_field_type_has_a_scalar_and_operators() -> None:
    served = {kind for kind in TYPES if kind != "alias"}
    assert set(FIELD_SCALARS) == served
    assert set(OPERATORS) == served


def test_static_types_are_reserved_names() -> None:
    assert {name for name in FIXED if not name.startswith("__")} <= RESERVED_TYPES


@pytest.mark.parametrize("kind", sorted(set(TYPES) - {"alias"}))
def test_each_field_type(kind: FieldType) -> None:
    schema = schema_of(snapshot_of(table("things", value=kind)))
    things, filters = fields_of(schema, "things"), fields_of(schema, "things_filter")
    assert things["value"].type == FIELD_SCALARS[kind]
    assert filters["value"].type is OPERATORS[kind]
    if kind in FUNCTIONS:
        assert things["value_func"].type is FUNCTIONS[kind][0]
        assert filters["value_func"].type is FUNCTIONS[kind][1]
    elif kind == "json":
        assert print_type(things["value_func"].type) == (
            "type things_value_func {\n  count: Int\n  json(path: String!): JSON\n}"
        )
    else:
        assert "value_func" not in things
        assert "value_func" not in filters


def column(name: str, kind: FieldType = "string", special: tuple[str, ...] = (), **facts: object) -> Field:
    return Field(
        collection="t",
        name=name,
        type=kind,
        special=special,
        column=Column(data_type=kind, **facts),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("field", "printed"),
    [
        (column("f"), "String"),
        (column("f", nullable=False), "String!"),
        (column("f", nullable=False, default="x", has_default=True), "String"),
        (column("f", "boolean", nullable=False, default=False, has_default=True), "Boolean!"),
        (column("f", "uuid", ("user-created",), nullable=False), "ID"),
        (column("f", "timestamp", ("date-created",), nullable=False), "Date"),
        (column("f", "string", ("conceal",)), "Hash"),
        (column("f", "hash", nullable=False), "Hash!"),
        (column("f", "csv", nullable=False), "[String]!"),
        (column("f", "bigInteger"), "GraphQLBigInt"),
        (column("f", "geometry.Point"), "GraphQLGeoJSON"),
        (column("f", "unknown"), "String"),
    ],
)
def test_nullable_or_not(field: Field, printed: str) -> None:
    home = Collection(name="t", fields={"id": table("t").fields["id"], "f": field}, primary_key=("id",))
    assert str(fields_of(schema_of(snapshot_of(home)), "t")["f"].type) == printed


def test_keys_are_ids_and_never_null() -> None:
    assert str(fields_of(schema_of(snapshot_of(table("t"))), "t")["id"].type) == "ID!"


def test_composite_keys() -> None:
    schema = schema_of(blog_snapshot("sqlite"))
    field = queries(schema)["lines_by_id"]
    assert {name: str(argument.type) for name, argument in field.args.items()} == {
        "id": "ID",
        "key": "lines_key",
    }
    assert print_type(schema.type_map["lines_key"]) == (
        "input lines_key {\n  order_id: Int!\n  number: Int!\n}"
    )


def test_concealed_fields_take_only_null_and_empty_tests() -> None:
    schema = schema_of(blog_snapshot("sqlite"))
    assert str(fields_of(schema, "articles")["secret"].type) == "Hash"
    assert fields_of(schema, "articles_filter")["secret"].type.name == "hash_filter_operators"
    assert "secret" not in fields_of(schema, "articles_aggregated_fields")
    assert "secret" in fields_of(schema, "articles_aggregated_count")


def test_many_to_any() -> None:
    schema = schema_of(blog_snapshot("sqlite"))
    union = schema.type_map["blocks_item_union"]
    assert isinstance(union, GraphQLUnionType)
    assert [member.name for member in union.types] == ["headings", "texts"]
    filters = fields_of(schema, "blocks_filter")
    assert "item" not in filters
    assert filters["item__headings"].type.name == "headings_filter"


def test_views_are_read_and_folders_are_not() -> None:
    view = Collection(name="report", kind="view", fields={"n": column("n")})
    folder = Collection(name="group", kind="folder", fields={})
    query = queries(schema_of(snapshot_of(view, folder)))
    assert list(query) == ["report", "report_aggregated"]


def test_nothing_to_read() -> None:
    query = queries(schema_of(snapshot_of()))
    assert {name: str(field.type) for name, field in query.items()} == {"_empty": "Void"}


def test_descriptions_come_from_notes_and_comments() -> None:
    noted = Field(
        collection="t", name="a", type="string", column=Column(data_type="text"), meta={"note": "A note"}
    )
    translated = Field(
        collection="t", name="b", type="string", column=Column(data_type="text"), meta={"note": "$t:key"}
    )
    commented = column("c", comment="A comment")
    home = Collection(
        name="t",
        fields={"id": table("t").fields["id"], "a": noted, "b": translated, "c": commented},
        primary_key=("id",),
        comment="The table",
    )
    fields = fields_of(schema_of(snapshot_of(home)), "t")
    assert [fields[name].description for name in "abc"] == ["A note", None, "A comment"]
    assert schema_of(snapshot_of(home)).type_map["t"].description == "The table"


def test_names_that_cannot_be_spelled() -> None:
    home = Collection(
        name="Order Details",
        fields={
            "Order ID": Field(
                collection="Order Details",
                name="Order ID",
                type="integer",
                column=Column(data_type="integer", primary_key=True, nullable=False),
            ),
            "day": column("day", "date"),
            "day_func": column("day_func"),
        },
        primary_key=("Order ID",),
    )
    schema = schema_of(snapshot_of(home))
    assert list(fields_of(schema, "Order_Details")) == ["Order_ID", "day", "day_func_", "day_func"]
    assert "Order_Details_by_id" in queries(schema)
    assert (
        validate(schema, parse("{ Order_Details(filter: {Order_ID: {_gt: 1}}) { day_func_ { year } } }"))
        == []
    )


LOGIN = CallSignature(
    name="auth_login",
    scope="items",
    kind="mutation",
    arguments={"email": "String!", "mode": "auth_mode"},
    type="auth_tokens",
    types=(
        CallObject(name="auth_tokens", fields={"expires": "GraphQLBigInt", "of": "[tags!]"}),
        CallEnum(name="auth_mode", values=("json", "cookie")),
    ),
    description="Logs in.",
)


def test_calls_bring_their_types() -> None:
    gone = CallSignature(name="gone", scope="items", kind="query", type="nothing_like_it")
    elsewhere = CallSignature(name="elsewhere", scope="system", kind="query", type="String")
    schema = schema_of(blog_snapshot("sqlite"), LOGIN, gone, elsewhere)
    told = '  """Logs in."""\n  auth_login(email: String!, mode: auth_mode): auth_tokens\n'
    assert told in print_type(schema.mutation_type)  # type: ignore[arg-type]
    assert print_type(schema.type_map["auth_tokens"]) == (
        "type auth_tokens {\n  expires: GraphQLBigInt\n  of: [tags!]\n}"
    )
    assert print_type(schema.type_map["auth_mode"]) == "enum auth_mode {\n  json\n  cookie\n}"
    assert not {"gone", "elsewhere"} & set(queries(schema))


def test_internal_directives_are_internal() -> None:
    document = parse('{ articles { author @key { __typename } x: author @as(name: "a.b") { id } } }')
    snapshot = blog_snapshot("sqlite")
    assert validate(schema_of(snapshot, internal=True), document) == []
    told = [error.message for error in validate(schema_of(snapshot), document)]
    assert told == ["Unknown directive '@key'.", "Unknown directive '@as'."]


# --- laziness -----------------------------------------------------------------------------------------------


def chain(length: int) -> SchemaSnapshot:
    """Tables that each lead to the next, the last to the first."""
    tables = [table(f"t{number}", next="integer", title="string", back="alias") for number in range(length)]
    relations = tuple(
        Relation(collection=f"t{number}", field="next", related=f"t{(number + 1) % length}", one_field="back")
        for number in range(length)
    )
    return snapshot_of(*tables, relations=relations)


def test_a_document_makes_only_the_types_it_speaks_of() -> None:
    schema = schema_of(chain(300))
    document = parse('{ t7(filter: {next: {title: {_eq: "x"}}}) { title next { title } } }')
    assert validate(schema, document) == []
    assert not schema.complete
    made = fields_of(schema, "t7")["next"].type
    assert made is schema.type_map["t8"]
    assert "fields" not in schema.type_map["t9"].__dict__


class Asked(Everything):
    """Everything, and which collections were asked about."""

    def __init__(self, snapshot: SchemaSnapshot) -> None:
        super().__init__(snapshot)
        self.about: set[str] = set()

    def readable(self, collection: str) -> bool:
        self.about.add(collection)
        return super().readable(collection)

    def fields(self, collection: str) -> frozenset[str]:
        self.about.add(collection)
        return super().fields(collection)

    def writable(self, action: WriteAction, collection: str) -> bool:
        self.about.add(collection)
        return super().writable(action, collection)


@pytest.mark.parametrize(
    "document",
    [
        "{ t7 { id } t7_by_id(id: 1) { id } t7_aggregated { countAll } }",
        "mutation { create_t7_item(data: {id: 1}) { id } }",
    ],
)
def test_a_document_pays_only_for_the_roots_that_it_names(document: str) -> None:
    snapshot = SchemaSnapshot(
        dialect="sqlite", collections={f"t{n}": table(f"t{n}", id="integer") for n in range(20)}
    )
    view = Asked(snapshot)
    schema = make_schema(snapshot, Names.of(snapshot), view, "items")
    assert validate(schema, parse(document)) == []
    # whether there are roots at all is told by the first one
    assert view.about <= {"t0", "t7"}
    assert queries(schema).keys() == Names.of(snapshot).roots("items").keys()


def test_a_long_chain_of_relations_is_no_stack_overflow() -> None:
    schema = schema_of(chain(500))
    assert len(schema.type_map) > 500 * 6
    assert schema.complete


def test_look_ups_and_listing_agree() -> None:
    schema = schema_of(blog_snapshot("sqlite"))
    for name in schema.type_map:
        assert schema.type_map.get(name) is schema.type_map[name]
        assert name in schema.type_map
    assert schema.type_map.get("nope") is None
    assert "nope" not in schema.type_map
    with pytest.raises(KeyError):
        schema.type_map["nope"]
    types = [made for made in schema.type_map.values() if isinstance(made, GraphQLObjectType)]
    assert schema.query_type in types
    assert any(isinstance(made, GraphQLInputObjectType) for made in schema.type_map.values())
    list_type = queries(schema)["articles"].type
    assert isinstance(list_type, GraphQLNonNull)
