"""How collections are made is told only as far as they may be read (GHSA-cph6-524f-3hgr for fields and
relations).

Everything that is hidden from the callers here has a name or value with "hush" in it: no answer may hold it.
"""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from schema_gen.database import open_database
from tests.support.asgi import Answer
from tests.support.lending import Lend
from tests.support.project import (
    ADMIN_TOKEN,
    Site,
    add,
    add_policy,
    add_role,
    add_user,
    code,
    data,
    grant,
    seed_system,
)

_TABLES: Final = (
    "create table authors (id integer primary key, name varchar(90), hush_mail varchar(90))",
    "create table hush_vault (id integer primary key, code varchar(90))",
    "create table child (id integer primary key, hush_note varchar(9), "
    "vault integer references hush_vault (id))",
    "create table articles (id integer primary key, title varchar(90) default 'New', hush varchar(90), "
    "hush_sort integer, hush_state varchar(9), pw varchar(90) default 'hush-hush', "
    "author integer references authors (id), vault integer references hush_vault (id), "
    "by_mail varchar(90), twice integer generated always as (hush_sort * 2) stored)",
    "create table hush_kids (id integer primary key, child integer references child (id))",
    "create table blocks (id integer primary key, item varchar(90), hush_kind varchar(90), "
    "articles_id integer references articles (id))",
)
_SEEN: Final = "id,title,pw,author,vault,blocks,twice,inside,by_mail"


def _field(collection: str, field: str, **values: Any) -> dict[str, Any]:
    return {"collection": collection, "field": field, **values}


_FIELDS: Final = (
    _field("articles", "pw", special="hash"),
    _field("articles", "hush_group", special="alias,no-data,group"),
    _field("articles", "inside", special="alias,no-data", group="hush_group"),
    _field("articles", "blocks", special="m2a"),
    _field(
        "articles",
        "author",
        special="m2o",
        options={"template": "{{ hush_mail }}", "filter": {"hush_mail": {"_nnull": True}}, "keep": 1},
        display_options={"template": "{{ name }}"},
    ),
    _field(
        "articles",
        "title",
        validation={"_and": [{"hush": {"_nnull": True}}]},
        conditions=[
            {"name": "a", "rule": {"_and": [{"hush_state": {"_eq": "x"}}]}},
            {"name": "b", "rule": {"author": {"hush_mail": {"_null": True}}}},
            {"name": "c", "rule": {"title": {"_null": True}}},
        ],
    ),
    _field("authors", "hush_articles", special="o2m"),
)
_COLLECTIONS: Final = (
    {
        "collection": "articles",
        "sort_field": "hush_sort",
        "archive_field": "hush_state",
        "archive_value": "hush",
        "display_template": "{{ title }} {{ hush }}",
        "preview_url": "https://example.com/{{author.hush_mail}}",
        "item_duplication_fields": ["title", "hush", "author.name", "author.hush_mail"],
        "group": "folder",
    },
    {"collection": "authors", "display_template": "{{ name }}", "group": "hush_vault"},
    {"collection": "hush_vault", "group": "folder"},
    {"collection": "folder", "group": "outer"},
    {"collection": "outer"},
    {"collection": "hush_empty"},
)
_RELATIONS: Final = (
    {
        "many_collection": "articles",
        "many_field": "author",
        "one_collection": "authors",
        "one_field": "hush_articles",
        "sort_field": "hush_sort",
    },
    {"many_collection": "articles", "many_field": "vault", "one_collection": "hush_vault"},
    {
        "many_collection": "blocks",
        "many_field": "articles_id",
        "one_collection": "articles",
        "one_field": "blocks",
        "junction_field": "item",
    },
    {
        "many_collection": "blocks",
        "many_field": "item",
        "one_collection_field": "hush_kind",
        "one_allowed_collections": "authors,hush_vault",
        "junction_field": "articles_id",
    },
)


async def seed(url: str) -> None:
    await seed_system(url)
    database = await open_database(url)
    async with database.transaction() as transaction:
        for statement in _TABLES:
            await transaction.execute(statement)
    for collection in reversed(_COLLECTIONS):
        await insert(database, "directus_collections", collection)
    for number, row in enumerate(_FIELDS, 1):
        await insert(database, "directus_fields", {"id": number, **row})
    for number, row in enumerate(_RELATIONS, 1):
        await insert(database, "directus_relations", {"id": number, **row})
    for name in ("plain", "app", "few", "ruled"):
        role = await add_role(database, name)
        policy = await add_policy(database, role=role, app_access=name == "app")
        await grant(database, policy, "articles", fields=_SEEN, rule={"title": {"_neq": "x"}})
        await grant(database, policy, "authors", fields="id,name")
        await grant(database, policy, "child", fields="*" if name == "app" else "id,vault")
        await grant(database, policy, "blocks", fields="id,item,articles_id")
        if name in ("few", "ruled"):
            rule = {"collection": {"_neq": "x"}} if name == "ruled" else None
            await grant(database, policy, "directus_collections", fields="collection,note", rule=rule)
            await grant(database, policy, "directus_fields", fields="field,interface", rule=rule)
            rule = {"many_field": {"_neq": "x"}} if name == "ruled" else None
            await grant(database, policy, "directus_relations", fields="one_field", rule=rule)
        await add_user(database, f"{name}@example.com", token=f"{name}-token", role=role)
    await database.close()


async def insert(database: Any, table: str, row: dict[str, Any]) -> None:
    columns = ", ".join(f'"{name}"' for name in row)
    places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    values = [json.dumps(value) if isinstance(value, (dict, list)) else value for value in row.values()]
    async with database.transaction() as transaction:
        await transaction.execute(
            database.native(f"insert into {table} ({columns}) values ({places})"), values
        )


@pytest.fixture
async def site(lend: Lend) -> Site:
    return await lend(seed)


async def get(site: Site, path: str, token: str | None) -> Answer:
    return await site.ask("GET", path, token=token)


async def ask(site: Site, query: str, token: str) -> Answer:
    return await site.ask("POST", "/graphql/system", {"query": query}, token=token)


_META: Final = "meta { collection icon note display_template group sort_field archive_field archive_value }"
_PLACES: Final = (
    "/collections",
    "/collections/articles",
    "/collections/authors",
    "/collections/folder",
    "/fields",
    "/fields/articles",
    "/fields/articles/vault",
    "/fields/articles/author",
    "/fields/articles/title",
    "/fields/articles/pw",
    "/fields/articles/twice",
    "/fields/authors",
    "/fields/child",
    "/relations",
    "/relations/articles",
    "/relations/articles/author",
    "/relations/blocks",
    "/relations/blocks/item",
    "/relations/child",
)
_DOCUMENTS: Final = (
    f"{{ collections {{ collection {_META} schema {{ name comment }} }} }}",
    "{ fields { collection field type schema { default_value foreign_key_table foreign_key_column "
    "generation_expression } meta { options conditions validation group note } } }",
    "{ relations { collection field related_collection schema { foreign_key_table constraint_name } "
    "meta { one_field sort_field junction_field one_collection_field one_allowed_collections } } }",
)


async def test_public_is_told_of_nothing(site: Site) -> None:
    for path in _PLACES:
        answer = await get(site, path, None)
        assert (answer.status, code(answer)) == (403, "FORBIDDEN"), path
    for document in _DOCUMENTS:
        assert (await site.ask("POST", "/graphql/system", {"query": document})).status == 400


async def test_who_may_not_read_metadata_is_told_of_nothing(site: Site) -> None:
    for path in _PLACES:
        answer = await get(site, path, "plain-token")
        assert (answer.status, code(answer)) == (403, "FORBIDDEN"), path
        assert b"hush" not in answer.body
    for document in _DOCUMENTS:
        assert (await ask(site, document, "plain-token")).status == 400


async def test_no_answer_names_what_is_hidden(site: Site) -> None:
    for path in _PLACES:
        whole = await get(site, path, ADMIN_TOKEN)
        assert whole.status == 200, path
        for user in ("app", "few", "ruled"):
            answer = await get(site, path, f"{user}-token")
            assert answer.status == 200, (path, user)
            if user != "app" or path != "/fields/child":
                assert b"hush" not in answer.body.replace(b"hush_note", b""), (path, user)
    for document in _DOCUMENTS:
        answer = await ask(site, document, "app-token")
        assert answer.status == 200
        assert b"hush" not in answer.body.replace(b"hush_note", b"")
        assert b"hush" in (await ask(site, document, ADMIN_TOKEN)).body


async def test_search_and_exports_hide_it_too(site: Site) -> None:
    everything = {"keys": ["articles", "hush_vault", "nope"]}
    found = data(await site.ask("SEARCH", "/collections", everything, token="app-token"))
    assert [told["collection"] for told in found] == ["articles"]
    for form in ("csv", "json", "xml", "yaml"):
        answer = await get(site, f"/relations?export={form}", "app-token")
        assert answer.status == 200
        assert b"hush" not in answer.body


async def test_hidden_is_refused_like_missing(site: Site) -> None:
    for path in ("/collections/{c}", "/fields/{c}", "/fields/{c}/id", "/relations/{c}", "/relations/{c}/id"):
        hidden = await get(site, path.format(c="hush_vault"), "app-token")
        missing = await get(site, path.format(c="nope"), "app-token")
        assert hidden.status == 403
        assert hidden.body.replace(b"hush_vault", b"nope") == missing.body, path
    for path in ("/fields/articles/{f}", "/relations/articles/{f}"):
        hidden = await get(site, path.format(f="hush"), "app-token")
        missing = await get(site, path.format(f="nope"), "app-token")
        assert hidden.status == 403
        assert hidden.body == missing.body, path


async def test_graphql_refuses_hidden_like_missing(site: Site) -> None:
    for root in (
        'collections_by_name(name: "{c}") {{ collection }}',
        'fields_in_collection(collection: "{c}") {{ field }}',
        'fields_by_name(collection: "{c}", field: "id") {{ field }}',
        'relations_in_collection(collection: "{c}") {{ field }}',
        'relations_by_name(collection: "{c}", field: "id") {{ field }}',
    ):
        hidden = await ask(site, "{ told: " + root.format(c="hush_vault") + " }", "app-token")
        missing = await ask(site, "{ told: " + root.format(c="nope") + " }", "app-token")
        assert _without_places(hidden).replace("hush_vault", "nope") == _without_places(missing), root


def _without_places(answer: Answer) -> str:
    body = json.loads(answer.body)
    for error in body.get("errors", []):
        error.pop("locations")
    return json.dumps(body)


async def test_a_folder_is_seen_by_what_lies_in_it(site: Site) -> None:
    names = {told["collection"] for told in data(await get(site, "/collections", "app-token"))}
    assert {"articles", "authors", "folder", "outer"} <= names
    assert not {"hush_vault", "hush_empty"} & names
    # inside of a hidden collection: on its own
    assert data(await get(site, "/collections/authors", "app-token"))["meta"]["group"] is None
    assert (await get(site, "/fields/folder", "app-token")).status == 403


async def test_what_may_be_read_is_told(site: Site) -> None:
    relations = data(await get(site, "/relations", "app-token"))
    mine = {(told["collection"], told["field"]): told for told in relations}
    assert mine["articles", "author"]["related_collection"] == "authors"
    assert mine["articles", "author"]["meta"]["one_field"] is None
    assert mine["blocks", "item"]["meta"]["one_allowed_collections"] == ["authors"]
    assert mine["blocks", "articles_id"]["meta"]["one_field"] == "blocks"
    assert ("articles", "vault") not in mine
    author = data(await get(site, "/fields/articles/author", "app-token"))
    assert author["schema"]["foreign_key_table"] == "authors"
    assert author["meta"]["options"] == {"template": None, "filter": None, "keep": 1}
    assert author["meta"]["display_options"] == {"template": "{{ name }}"}
    vault = data(await get(site, "/fields/articles/vault", "app-token"))
    assert (vault["schema"]["foreign_key_table"], vault["schema"]["foreign_key_column"]) == (None, None)
    title = data(await get(site, "/fields/articles/title", "app-token"))
    assert title["schema"]["default_value"] == "New"
    assert [one["name"] for one in title["meta"]["conditions"]] == ["c"]
    collection = data(await get(site, "/collections/articles", "app-token"))
    assert collection["meta"]["item_duplication_fields"] == ["title", "author.name"]
    assert set(collection["schema"]) <= {"name", "schema", "comment"}


async def test_defaults_of_secrets_are_for_administrators(site: Site) -> None:
    hidden = data(await get(site, "/fields/articles/pw", "app-token"))
    assert hidden["schema"]["default_value"] is None
    shown = data(await get(site, "/fields/articles/pw", ADMIN_TOKEN))
    assert shown["schema"]["default_value"] == "hush-hush"


async def test_of_metadata_there_is_what_may_be_read_of_it(site: Site) -> None:
    few = data(await get(site, "/collections/articles", "few-token"))
    assert few["meta"] == {"collection": "articles", "note": None}
    field = data(await get(site, "/fields/articles/title", "few-token"))
    assert field["meta"] == {"field": "title", "interface": None}
    relation = data(await get(site, "/relations/blocks/articles_id", "few-token"))
    assert relation["meta"] == {"one_field": "blocks"}
    # rows are not told apart: a rule on them leaves none
    for path in ("/collections/articles", "/fields/articles/title", "/relations/blocks/articles_id"):
        assert data(await get(site, path, "ruled-token"))["meta"] is None


async def test_types_show_what_may_be_read_of_metadata(site: Site) -> None:
    document = '{ __type(name: "directus_collections_meta") { fields { name } } }'
    told = json.loads((await ask(site, document, "few-token")).body)["data"]["__type"]
    assert [field["name"] for field in told["fields"]] == ["collection", "note"]
    assert json.loads((await ask(site, document, "plain-token")).body)["data"]["__type"] is None


async def test_rights_that_change_change_the_answer(site: Site) -> None:
    before = data(await get(site, "/fields/authors", "app-token"))
    assert [told["field"] for told in before] == ["id", "name"]
    rows = await site.database.fetch(
        "select policy from directus_access where role = "
        "(select role from directus_users where email = 'app@example.com')"
    )
    await add(
        site.database,
        "directus_permissions",
        policy=str(rows[0][0]),
        collection="authors",
        action="read",
        fields="hush_mail",
    )
    await site.project.epochs.bump_access()
    after = data(await get(site, "/fields/authors", "app-token"))
    assert [told["field"] for told in after] == ["id", "name", "hush_mail"]
