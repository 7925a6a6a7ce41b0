"""Relations are made, changed and dropped through the API, in the steps in which the app makes them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.lending import Lend
from tests.support.modelling import ask, field, gone, graphql, make, refused, related, told
from tests.support.project import Site, change, seed_system


async def library(site: Site) -> None:
    await make(site, "authors", {"field": "name", "type": "string"})
    await make(
        site,
        "books",
        {"field": "title", "type": "string"},
        {"field": "author", "type": "integer"},
        {"field": "place", "type": "integer"},
    )


async def test_many_to_one_and_its_list(site: Site) -> None:
    await library(site)
    await field(site, "authors", "books", "alias", meta={"special": ["o2m"]})
    made = await related(
        site,
        "books",
        "author",
        "authors",
        schema={"on_delete": "SET NULL"},
        meta={"one_field": "books", "sort_field": "place"},
    )
    assert (made["related_collection"], made["schema"]["on_delete"]) == ("authors", "SET NULL")
    assert {name: made["meta"][name] for name in ("many_collection", "many_field", "one_collection")} == {
        "many_collection": "books",
        "many_field": "author",
        "one_collection": "authors",
    }
    assert await told(site, "GET", "/relations/books/author") == made
    author = {"name": "A", "books": [{"title": "x", "place": 2}, {"title": "y", "place": 1}]}
    await told(site, "POST", "/items/authors", author)
    assert await told(site, "GET", "/items/authors?fields=name,books.title") == [
        {"name": "A", "books": [{"title": "y"}, {"title": "x"}]}
    ]
    cascade = await told(site, "PATCH", "/relations/books/author", {"schema": {"on_delete": "CASCADE"}})
    assert (cascade["schema"]["on_delete"], cascade["meta"]["one_field"]) == ("CASCADE", "books")
    await gone(site, "/items/authors/1")
    assert await told(site, "GET", "/items/books") == []
    await gone(site, "/relations/books/author")
    assert (await ask(site, "GET", "/relations/books/author")).status == 403
    assert (await told(site, "GET", "/fields/books/author"))["schema"]["foreign_key_table"] is None
    assert await refused(site, "DELETE", "/relations/books/author") == "INVALID_PAYLOAD"
    assert (await told(site, "POST", "/items/books", {"author": 99}))["author"] == 99


@pytest.mark.parametrize(
    "payload",
    [
        None,
        5,
        {},
        {"collection": "books", "related_collection": "authors"},
        {"field": "author", "related_collection": "authors"},
        {"collection": "books", "field": "author"},
        {"collection": "books", "field": "author", "related_collection": 5},
        {"collection": "books", "field": "author", "related_collection": "nope"},
        {"collection": "books", "field": "nope", "related_collection": "authors"},
        {"collection": "nope", "field": "author", "related_collection": "authors"},
        {"collection": "books", "field": "id", "related_collection": "authors"},
        {"collection": "books", "field": "taken", "related_collection": "authors"},
        {"collection": "books", "field": "author", "related_collection": "authors", "bogus": 1},
        {"collection": "books", "field": "author", "related_collection": "authors", "schema": 5},
        {"collection": "books", "field": "author", "related_collection": "authors", "meta": 5},
        {"collection": "books", "field": "title", "related_collection": "authors"},
        {
            "collection": "books",
            "field": "author",
            "related_collection": "authors",
            "schema": {"on_delete": "CASCADE; drop table books"},
        },
        {
            "collection": "books",
            "field": "required",
            "related_collection": "authors",
            "schema": {"on_delete": "SET NULL"},
        },
    ],
)
async def test_what_can_be_no_relation_leaves_no_trace(lend: Lend, payload: Any) -> None:
    site = await lend(seed_system, _with_a_relation)
    assert await refused(site, "POST", "/relations", payload) == "INVALID_PAYLOAD"


async def _with_a_relation(site: Site) -> None:
    await library(site)
    await field(site, "books", "taken", "integer")
    await field(site, "books", "required", "integer", schema={"is_nullable": False, "default_value": 1})
    await related(site, "books", "taken", "authors")


@pytest.mark.parametrize(
    "meta",
    [
        {"one_field": "name"},
        {"one_field": 5},
        {"one_deselect_action": "what"},
        {"one_allowed_collections": 5},
        {"one_allowed_collections": [5]},
    ],
)
async def test_what_a_row_cannot_say(site: Site, meta: dict[str, Any]) -> None:
    await library(site)
    payload = {"collection": "books", "field": "author", "related_collection": "authors"}
    assert await refused(site, "POST", "/relations", {**payload, "meta": meta}) == "INVALID_PAYLOAD"
    await related(site, "books", "author", "authors")
    assert await refused(site, "PATCH", "/relations/books/author", {"meta": meta}) == "INVALID_PAYLOAD"


@pytest.mark.parametrize("name", ["nope", "place", None])
async def test_many_to_any_needs_a_field_that_names_collections(lend: Lend, name: str | None) -> None:
    site = await lend(seed_system, library)
    meta = {"one_collection_field": name, "one_allowed_collections": ["authors"]}
    payload = {"collection": "books", "field": "title", "related_collection": None, "meta": meta}
    assert await refused(site, "POST", "/relations", payload) == "INVALID_PAYLOAD"


async def test_fields_of_the_system_lead_where_they_lead(site: Site) -> None:
    await library(site)
    payload = {"collection": "directus_users", "field": "last_page", "related_collection": "authors"}
    assert await refused(site, "POST", "/relations", payload) == "FORBIDDEN"


async def test_a_foreign_key_that_was_there_keeps_what_it_does(site: Site) -> None:
    await library(site)
    sqlite = site.database.dialect == "sqlite"
    key = "integer primary key" if sqlite else "serial primary key"
    made = f"create table notes (id {key}, author integer references authors (id) on delete cascade)"
    await change(site.database, made)
    await site.project.epochs.bump_schema()
    inferred = await told(site, "GET", "/relations/notes/author")
    assert (inferred["schema"]["on_delete"], inferred["meta"]["id"]) == ("CASCADE", None)
    declared = await related(site, "notes", "author", "authors", meta={"one_field": "notes"})
    assert declared["schema"]["on_delete"] == "CASCADE"
    assert isinstance(declared["meta"]["id"], int)
    assert await refused(site, "DELETE", "/fields/authors/books") == "FORBIDDEN"


async def test_a_row_whose_other_half_is_gone(site: Site) -> None:
    await library(site)
    await related(site, "books", "author", "authors")
    for statement in (
        "update directus_relations set one_collection = 'nope'",
        "update directus_relations set many_field = 'gone'",
    ):
        await change(site.database, statement)
    await site.project.epochs.bump_schema()
    await gone(site, "/relations/books/gone")
    assert await told(site, "GET", "/relations/books") != []
    await gone(site, "/relations/books/author")
    assert await told(site, "GET", "/relations/books") == []


async def test_values_that_lead_to_nothing(site: Site) -> None:
    await library(site)
    await told(site, "POST", "/items/books", {"title": "x", "author": 99})
    payload = {"collection": "books", "field": "author", "related_collection": "authors"}
    assert await refused(site, "POST", "/relations", payload) == "INVALID_FOREIGN_KEY"


async def test_relations_that_are_not_there(site: Site) -> None:
    await library(site)
    assert await refused(site, "PATCH", "/relations/books/title", {"meta": {}}) == "INVALID_PAYLOAD"
    assert await refused(site, "PATCH", "/relations/books/nope", {"meta": {}}) == "INVALID_PAYLOAD"
    assert await refused(site, "PATCH", "/relations/nope/author", {"meta": {}}) == "FORBIDDEN"
    assert await refused(site, "DELETE", "/relations/nope/author") == "FORBIDDEN"
    assert await refused(site, "PATCH", "/relations/directus_users/role", {"meta": {"one_field": "x"}}) == (
        "FORBIDDEN"
    )
    assert await refused(site, "DELETE", "/relations/directus_users/role") == "FORBIDDEN"


async def test_what_a_row_says_of_its_ends_is_not_the_clients(site: Site) -> None:
    await library(site)
    meta = {"id": 77, "many_collection": "x", "many_field": "y", "one_collection": "z", "bogus": 1}
    made = await related(site, "books", "author", "authors", meta=meta)
    assert (made["meta"]["many_collection"], made["meta"]["one_collection"]) == ("books", "authors")
    changed = await told(site, "PATCH", "/relations/books/author", {"meta": meta})
    assert changed == made


async def test_many_to_many(site: Site) -> None:
    await library(site)
    await make(
        site,
        "books_authors",
        {"field": "books_id", "type": "integer"},
        {"field": "authors_id", "type": "integer"},
        hidden=True,
    )
    await field(site, "books", "authors", "alias", meta={"special": ["m2m"]})
    await related(
        site,
        "books_authors",
        "authors_id",
        "authors",
        meta={"junction_field": "books_id"},
        schema={"on_delete": "CASCADE"},
    )
    await related(
        site,
        "books_authors",
        "books_id",
        "books",
        meta={"one_field": "authors", "junction_field": "authors_id", "one_deselect_action": "delete"},
        schema={"on_delete": "CASCADE"},
    )
    made = await told(
        site,
        "POST",
        "/items/books?fields=title,authors.authors_id.name",
        {"title": "x", "authors": [{"authors_id": {"name": "A"}}, {"authors_id": {"name": "B"}}]},
    )
    assert made == {"title": "x", "authors": [{"authors_id": {"name": "A"}}, {"authors_id": {"name": "B"}}]}
    await told(site, "PATCH", "/items/books/1", {"authors": []})
    assert await told(site, "GET", "/items/books_authors") == []


async def test_many_to_any(site: Site) -> None:
    await library(site)
    await make(
        site,
        "pages",
        {"field": "item", "type": "string"},
        {"field": "collection", "type": "string"},
    )
    meta = {"one_collection_field": "collection", "one_allowed_collections": ["books", "authors"]}
    made = await related(site, "pages", "item", None, meta=meta)
    assert (made["related_collection"], made["schema"]) == (None, None)
    assert made["meta"]["one_allowed_collections"] == ["books", "authors"]
    await told(site, "POST", "/items/pages", {"collection": "books", "item": {"title": "x"}})
    assert await told(site, "GET", "/items/pages?fields=collection,item:books.title") == [
        {"collection": "books", "item": {"title": "x"}}
    ]


async def test_files_and_translations(site: Site) -> None:
    await library(site)
    await field(site, "books", "cover", "uuid", meta={"special": ["file"]})
    made = await related(site, "books", "cover", "directus_files", schema={"on_delete": "SET NULL"})
    assert made["related_collection"] == "directus_files"
    code = {"field": "code", "type": "string", "schema": {"is_primary_key": True}}
    await told(site, "POST", "/collections", {"collection": "languages", "schema": {}, "fields": [code]})
    await make(
        site,
        "books_translations",
        {"field": "books_id", "type": "integer"},
        {"field": "languages_code", "type": "string"},
        {"field": "text", "type": "string"},
    )
    await field(site, "books", "translations", "alias", meta={"special": ["translations"]})
    await related(
        site,
        "books_translations",
        "books_id",
        "books",
        meta={"one_field": "translations", "junction_field": "languages_code"},
    )
    await related(
        site, "books_translations", "languages_code", "languages", meta={"junction_field": "books_id"}
    )
    await told(site, "POST", "/items/languages", {"code": "de"})
    made = await told(
        site,
        "POST",
        "/items/books?fields=translations.text,translations.languages_code.code,cover",
        {"translations": [{"languages_code": "de", "text": "Titel"}]},
    )
    assert made == {"cover": None, "translations": [{"text": "Titel", "languages_code": {"code": "de"}}]}
    wrong = await ask(site, "POST", "/items/books", {"cover": "6f0e2c1a-0000-4000-8000-000000000001"})
    assert json.loads(wrong.body)["errors"][0]["extensions"]["code"] == "INVALID_FOREIGN_KEY"


async def test_graphql_changes_relations(site: Site) -> None:
    await library(site)
    made = await graphql(
        site,
        """mutation { create_relations_item(data: {
             collection: "books", field: "author", related_collection: "authors", meta: {sort_field: "place"}
           }) { collection field related_collection meta { sort_field } schema { on_delete } } }""",
    )
    assert made["data"]["create_relations_item"] == {
        "collection": "books",
        "field": "author",
        "related_collection": "authors",
        "meta": {"sort_field": "place"},
        "schema": {"on_delete": "NO ACTION"},
    }
    changed = await graphql(
        site,
        'mutation { update_relations_item(collection: "books", field: "author", '
        "data: {meta: {sort_field: null}}) { meta { sort_field } } }",
    )
    assert changed["data"]["update_relations_item"] == {"meta": {"sort_field": None}}
    dropped = await graphql(
        site, 'mutation { delete_relations_item(collection: "books", field: "author") { collection field } }'
    )
    assert dropped["data"]["delete_relations_item"] == {"collection": "books", "field": "author"}
