"""`schema_gen.naming`: every name has one GraphQL spelling, and every spelling one name."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from schema_gen.model import Collection, Column, Field, FieldType, Relation, SchemaSnapshot
from schema_gen.naming import Names, Scope, TypePart
from schema_gen.spelling import RESERVED_ROOTS, RESERVED_TYPES, SCOPES, spelled

GRAPHQL_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]*\Z")


def collection(name: str, *fields: str, json: tuple[str, ...] = (), singleton: bool = False) -> Collection:
    made: dict[str, Field] = {}
    for field in ("id", *fields, *json):
        kind: FieldType = "integer" if field == "id" else "json" if field in json else "string"
        made[field] = Field(
            collection=name, name=field, type=kind, column=Column(data_type=kind, primary_key=field == "id")
        )
    return Collection(name=name, fields=made, primary_key=("id",), singleton=singleton)


def snapshot(*collections: Collection, relations: tuple[Relation, ...] = ()) -> SchemaSnapshot:
    return SchemaSnapshot(
        dialect="sqlite", collections={home.name: home for home in collections}, relations=relations
    )


def test_plain_names_are_themselves() -> None:
    names = Names.of(snapshot(collection("articles", "title", "day"), collection("directus_users")))
    assert names.type_name("articles") == "articles"
    assert names.collection_of("articles") == "articles"
    assert names.field_name("articles", "title") == "title"
    assert names.field_of("articles", "title") == "title"
    assert names.field_of("articles", "nope") is None
    assert names.function_name("articles", "day") == "day_func"
    assert names.function_base("articles", "day_func") == "day"
    assert names.function_base("articles", "nope_func") is None
    assert names.part("articles", "filter") == "articles_filter"
    assert names.renamed == ()


def test_roots_of_both_scopes() -> None:
    names = Names.of(
        snapshot(
            collection("articles"),
            collection("homepage", singleton=True),
            collection("directus_users"),
            collection("directus_settings", singleton=True),
            collection("directus_fields"),
        )
    )
    assert names.roots("items") == {
        "articles": ("articles", "list"),
        "articles_by_id": ("articles", "by_id"),
        "articles_aggregated": ("articles", "aggregated"),
        "homepage": ("homepage", "singleton"),
    }
    assert names.root("system", "users_by_id") == ("directus_users", "by_id")
    assert names.root("system", "settings") == ("directus_settings", "singleton")
    assert names.root("items", "directus_users") is None
    assert names.root("system", "fields") is None
    assert names.root_name("directus_users", "aggregated") == "users_aggregated"
    assert names.root_name("homepage", "by_id") is None


def test_a_view_without_a_key_and_a_folder() -> None:
    view = Collection(name="report", kind="view", fields=collection("report", "n").fields)
    names = Names.of(snapshot(view, Collection(name="group", kind="folder", fields={})))
    assert set(names.roots("items")) == {"report", "report_aggregated"}


def test_names_that_graphql_cannot_spell() -> None:
    names = Names.of(
        snapshot(
            collection("Order Details", "Unit Price", "größe", "2fa"),
            collection("Query"),
            collection("__hidden"),
            collection("注文"),
        )
    )
    assert names.type_name("Order Details") == "Order_Details"
    assert names.root("items", "Order_Details_by_id") == ("Order Details", "by_id")
    assert names.field_name("Order Details", "Unit Price") == "Unit_Price"
    assert names.field_of("Order Details", "Unit_Price") == "Unit Price"
    assert names.function_base("Order Details", "Unit_Price_func") == "Unit Price"
    assert names.field_name("Order Details", "2fa") == "_2fa"
    assert names.field_name("Order Details", "größe") == "groe"
    assert names.type_name("Query") == "Query_"
    assert names.type_name("__hidden") == "_hidden"
    assert GRAPHQL_NAME.match(names.type_name("注文"))
    told = {(entry.name, entry.alias) for entry in names.renamed}
    assert ("Order Details", "Order_Details") in told
    assert ("Query", "Query_") in told


def test_a_real_name_wins_over_an_alias_and_two_aliases_are_told_apart() -> None:
    names = Names.of(snapshot(collection("a_b"), collection("a b"), collection("x y"), collection("x-y")))
    assert names.type_name("a_b") == "a_b"
    assert names.type_name("a b").startswith("a_b_")
    assert names.type_name("x y") != names.type_name("x-y")
    assert {names.type_name("x y")[:4], names.type_name("x-y")[:4]} == {"x_y_"}


def test_real_collections_win_over_derived_types_and_roots() -> None:
    names = Names.of(
        snapshot(
            collection("articles"),
            collection("articles_filter"),
            collection("articles_by_id"),
            collection("articles_aggregated"),
        )
    )
    assert names.root("items", "articles_by_id") == ("articles_by_id", "list")
    assert names.root("items", "articles_by_id_") == ("articles", "by_id")
    assert names.root("items", "articles_aggregated_") == ("articles", "aggregated")
    assert names.part("articles", "filter") == "articles_filter_"
    assert names.part("articles", "aggregated") == "articles_aggregated_"
    assert names.part("articles_filter", "filter") == "articles_filter_filter"


def test_derived_types_of_two_collections_do_not_meet() -> None:
    names = Names.of(snapshot(collection("a", json=("b_c",)), collection("a_b", json=("c",))))
    assert names.part("a", "func", "b_c") == "a_b_c_func"
    assert names.part("a_b", "func", "c") == "a_b_c_func_"


def test_real_fields_win_over_function_fields() -> None:
    names = Names.of(snapshot(collection("log", "day", "day_func")))
    assert names.field_of("log", "day_func") == "day_func"
    assert names.function_base("log", "day_func") is None
    assert names.function_name("log", "day") == "day_func_"
    assert names.function_base("log", "day_func_") == "day"
    assert names.function_name("log", "day_func") == "day_func_func"
    assert [entry.alias for entry in names.renamed] == ["day_func_"]


def test_branches_of_a_many_to_any_field() -> None:
    relation = Relation(
        collection="blocks",
        field="item",
        related=None,
        collection_field="collection",
        allowed=("headings", "old name", "gone"),
    )
    blocks = collection("blocks", "item", "collection", "item__headings")
    names = Names.of(snapshot(blocks, collection("headings"), collection("old name"), relations=(relation,)))
    assert names.branches("blocks") == {
        "item__headings_": ("item", "headings"),
        "item__old_name": ("item", "old name"),
    }
    assert names.part("blocks", "union", "item") == "blocks_item_union"


def test_mutation_roots_are_looked_up() -> None:
    """A name is never taken apart: collections may be called what roots of others are called."""
    names = Names.of(
        snapshot(
            collection("x"),
            collection("x_item"),
            collection("x_items", singleton=True),
            collection("homepage", singleton=True),
            collection("directus_users"),
            collection("directus_settings", singleton=True),
            collection("directus_activity"),
            collection("directus_revisions"),
            collection("directus_fields"),
            collection("directus_files"),
            Collection(name="report", kind="view", fields=collection("report").fields, primary_key=("id",)),
            Collection(name="keyless", fields=collection("keyless").fields),
            Collection(name="group", kind="folder", fields={}),
        )
    )
    assert names.mutation("items", "create_x_items") == ("x", "create_items")
    assert names.mutation("items", "create_x_item_items") == ("x_item", "create_items")
    assert names.mutation("items", "update_x_items") == ("x", "update_items")
    assert names.mutation("items", "update_x_items_") == ("x_items", "update_singleton")
    assert names.mutation_name("x_items", "update_singleton") == "update_x_items_"
    assert names.mutation("items", "update_homepage") == ("homepage", "update_singleton")
    assert names.mutation("items", "create_homepage_item") is None
    assert names.mutation("items", "create_users_item") is None
    assert names.mutation("system", "update_users_batch") == ("directus_users", "update_batch")
    assert names.mutation("system", "update_settings") == ("directus_settings", "update_singleton")
    written = {name for scope in SCOPES for name, _ in names.mutations(scope).values()}
    system = {"directus_files", "directus_settings", "directus_users"}
    assert written == {"x", "x_item", "x_items", "homepage", *system}
    assert names.mutation_name("report", "create_item") is None
    for scope in SCOPES:
        for name, (home, kind) in names.mutations(scope).items():
            assert names.mutation_name(home, kind) == name


def test_real_fields_win_over_changes() -> None:
    tags = Relation(collection="x", field="of", related="posts", one_field="tags")
    odd = Relation(collection="x", field="odd", related="posts", one_field="my tags")
    names = Names.of(
        snapshot(
            collection("posts", "tags", "tags_changes", "my tags", "title"),
            collection("x", "of", "odd"),
            relations=(tags, odd),
        )
    )
    assert names.changes_name("x", "of") == "of_changes"
    assert names.changes_base("x", "of_changes") == "of"
    assert names.changes_base("x", "id_changes") is None
    assert names.changes_name("posts", "tags") == "tags_changes_"
    assert names.changes_base("posts", "tags_changes_") == "tags"
    assert names.changes_base("posts", "tags_changes") is None
    assert names.changes_base("posts", names.changes_name("posts", "my tags")) == "my tags"
    assert names.changes_base("posts", "title_changes") is None
    assert ("tags_changes", "tags_changes_") in {(entry.name, entry.alias) for entry in names.renamed}


def test_names_of_inputs() -> None:
    link = Relation(collection="x", field="of", related="posts", one_field="tags")
    posts, x = collection("posts", "tags"), collection("x", "of")
    names = Names.of(snapshot(posts, x, collection("create_x_input"), relations=(link,)))
    assert names.part("posts", "create_input") == "create_posts_input"
    assert names.part("posts", "update_input") == "update_posts_input"
    assert names.part("x", "create_input") == "create_x_input_"
    assert names.owner("create_x_input_") == ("x", "create_input", "")
    assert names.part("posts", "changes", "tags") == "posts_tags_changes"
    assert names.owner("posts_tags_changes") == ("posts", "changes", "tags")


def test_filter_keys_are_no_fields() -> None:
    names = Names.of(snapshot(collection("odd", "_and", "_some")))
    assert names.field_name("odd", "_and") == "_and_"
    assert names.field_of("odd", "_and_") == "_and"
    assert names.field_of("odd", "_and") is None


ANY_NAMES = st.lists(
    st.one_of(
        st.sampled_from(
            ["a", "a_", "a b", "a-b", "a_b", "_", "__", "1", "Query", "a_func", "a_by_id", "é", "中"]
        ),
        st.text(min_size=1, max_size=8),
    ),
    unique=True,
    max_size=12,
)


@given(ANY_NAMES)
def test_every_spelling_is_valid_and_leads_back(listed: list[str]) -> None:
    found = spelled(listed, frozenset({"Query"}))
    assert list(found) == listed
    assert len(set(found.values())) == len(listed)
    for alias in found.values():
        assert GRAPHQL_NAME.match(alias)
        assert not alias.startswith("__")
        assert alias != "Query"


@given(ANY_NAMES, ANY_NAMES)
def test_no_two_things_share_a_name(collections: list[str], fields: list[str]) -> None:
    plain = [name for name in fields if name != "id"]
    names = Names.of(
        snapshot(*[collection(name, *plain, json=("j",)) for name in collections if name != "j"])
    )
    parts: tuple[TypePart, ...] = (
        "filter", "quantifier_filter", "aggregated", "aggregated_count", "key",
        "create_input", "update_input",
    )  # fmt: skip
    types: list[str] = [*RESERVED_TYPES]
    for name, home in names.snapshot.collections.items():
        assert names.collection_of(names.type_name(name)) == name
        types += [names.type_name(name), *(names.part(name, part) for part in parts)]
        types.append(names.part(name, "func", "j"))
        spellings = [names.field_name(name, field) for field in home.fields]
        functions = [names.function_name(name, field) for field in home.fields]
        for field, spelling, function in zip(home.fields, spellings, functions, strict=True):
            assert names.field_of(name, spelling) == field
            assert names.function_base(name, function) == field
        assert len({*spellings, *functions}) == 2 * len(home.fields)
        for kind in ("list", "by_id", "aggregated"):
            root = names.root_name(name, kind)
            assert root is not None
            scope: Scope = "system" if home.system else "items"
            assert names.root(scope, root) == (name, kind)
            assert root not in RESERVED_ROOTS[scope]
    assert len(set(types)) == len(types)
    for scope in SCOPES:
        mutations = names.mutations(scope)
        served = [home for home in names.snapshot.collections.values() if home.system == (scope == "system")]
        assert len(mutations) == 7 * len(served)


# --- names after names --------------------------------------------------------------------------------------

NAME = st.sampled_from(
    ["a", "b", "a_b", "a b", "a-b", "Query", "a_by_id", "a_filter", "create_a_input", "_empty", "update_a",
     "directus_users", "directus_x", "directus_server_ping", "directus_fields"]
)  # fmt: skip
FIELD = st.sampled_from(["b", "b_func", "b c", "b-c", "_and", "item", "item__a", "item_changes", "__x"])


@st.composite
def collections(draw: st.DrawFn) -> Collection:
    name = draw(NAME)
    fields = draw(st.lists(FIELD, unique=True, max_size=4))
    made = collection(
        name,
        *fields,
        json=tuple(f"{field}_json" for field in fields if draw(st.booleans())),
        singleton=draw(st.booleans()),
    )
    kind: Literal["table", "view", "folder"] = draw(st.sampled_from(("table", "table", "view", "folder")))
    return replace(made, kind=kind, primary_key=draw(st.sampled_from([("id",), ("id",), ()])))


@st.composite
def relations(draw: st.DrawFn) -> Relation:
    return Relation(
        collection=draw(NAME),
        field=draw(FIELD),
        related=draw(st.none() | NAME),
        one_field=draw(st.none() | FIELD),
        allowed=tuple(draw(st.lists(NAME, unique=True, max_size=4))),
        local=("id",),
        remote=("id",),
    )


@given(
    first=st.lists(collections(), unique_by=lambda one: one.name, max_size=8),
    changed=st.lists(collections(), unique_by=lambda one: one.name, max_size=3),
    gone=st.sets(NAME, max_size=2),
    related=st.lists(relations(), max_size=4),
    related_then=st.lists(relations(), max_size=2),
    kept=st.integers(min_value=0, max_value=4),
)
def test_names_after_a_change_are_those_of_a_fresh_start(
    first: list[Collection],
    changed: list[Collection],
    gone: set[str],
    related: list[Relation],
    related_then: list[Relation],
    kept: int,
) -> None:
    before = snapshot(*first, relations=tuple(related))
    homes = {home.name: home for home in (*first, *changed) if home.name not in gone}
    after = snapshot(*homes.values(), relations=(*related[:kept], *related_then))
    former = Names.of(before)
    for then in (after, before):
        fresh, names = Names.of(then), Names.of(then, former)
        assert names == fresh
        assert [list(names.roots(scope)) for scope in SCOPES] == [
            list(fresh.roots(scope)) for scope in SCOPES
        ]
        former = names


def test_what_has_stayed_is_not_named_again() -> None:
    kept = collection("kept", "Order No")
    before = Names.of(snapshot(kept, collection("changed")))
    after = Names.of(snapshot(kept, collection("changed", "more", json=("data",))), before)
    assert after._own["kept"] is before._own["kept"]
    assert after.owner("changed_data_func") == ("changed", "func", "data")
    assert before.owner("changed_data_func") is None
