"""Snapshots, differences and what is made of them, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any, Final

import pytest
import yaml

from tests.conftest import MakeDatabase
from tests.support.lending import Lend
from tests.support.modelling import ask, field, make, refused, related, told
from tests.support.project import Site, change, running, seed_system

Document = dict[str, Any]
NOTHING: Final[Document] = {"collections": [], "fields": [], "systemFields": [], "relations": []}


async def newsroom(site: Site) -> None:
    """Authors with articles, a folder, a table and a column without metadata."""
    await told(site, "POST", "/collections", {"collection": "content", "schema": None, "meta": {}})
    await make(site, "authors", {"field": "name", "type": "string", "meta": {}}, group="content")
    title = {"field": "title", "type": "string", "schema": {"max_length": 100}, "meta": {"note": "short"}}
    await make(site, "articles", title, group="content", sort_field="id")
    await field(site, "articles", "author", "integer", meta={"special": ["m2o"]})
    await field(site, "authors", "articles", "alias", meta={"special": ["o2m"]})
    await related(
        site,
        "articles",
        "author",
        "authors",
        meta={"one_field": "articles"},
        schema={"on_delete": "SET NULL"},
    )
    await field(site, "directus_users", "nickname", "string", meta={})
    await change(site.database, 'create table "untold" (id integer primary key, n integer)')
    await change(site.database, 'alter table "articles" add column "untold" integer')
    assert (await ask(site, "POST", "/utils/cache/clear")).status == 200


@pytest.fixture
async def house(lend: Lend) -> Site:
    """A site with the newsroom."""
    return await lend(seed_system, newsroom)


async def snapshot(site: Site) -> Document:
    found: Document = await told(site, "GET", "/schema/snapshot")
    return found


def entry(document: Document, part: str, place: str) -> Document:
    collection, _, name = place.partition(".")
    found: list[Document] = [
        each for each in document[part] if each["collection"] == collection and each.get("field", "") == name
    ]
    return found[0]


async def become(site: Site, document: Document, query: str = "") -> Document:
    """The difference that was applied. Afterwards nothing differs."""
    found: Document = await told(site, "POST", f"/schema/diff{query}", document)
    applied = await ask(site, "POST", "/schema/apply", found)
    assert (applied.status, applied.body) == (204, b""), applied.body
    again = await ask(site, "POST", f"/schema/diff{query}", document)
    assert again.status == 204, again.body
    difference: Document = found["diff"]
    return difference


# --- snapshots --------------------------------------------------------------------------------------------


async def test_what_is_part_of_a_snapshot(house: Site) -> None:
    document = await snapshot(house)
    assert list(document) == [
        *("version", "directus", "vendor", "collections", "fields", "systemFields", "relations")
    ]
    assert [each["collection"] for each in document["collections"]] == ["articles", "authors", "content"]
    assert [f"{each['collection']}.{each['field']}" for each in document["fields"]] == [
        "articles.id",
        "articles.title",
        "articles.author",
        "authors.id",
        "authors.name",
        "authors.articles",
        "directus_users.nickname",
    ]
    assert "schema" not in entry(document, "collections", "content")
    assert "schema" not in entry(document, "fields", "authors.articles")
    assert "id" not in entry(document, "fields", "articles.title")["meta"]
    assert {
        "collection": "directus_revisions",
        "field": "parent",
        "schema": {"is_indexed": True},
    } in document["systemFields"]


async def test_the_order_is_that_of_the_model(make_database: MakeDatabase) -> None:
    """Who came first makes no difference."""
    names = ("one", "two", "three")
    told_of = []
    async with AsyncExitStack() as stack:
        for order in (names, names[::-1]):
            site = await stack.enter_async_context(running(await make_database(seed_system)))
            await make(site, "things")
            for name in order:
                meta = {"sort": names.index(name)}
                await field(site, "things", name, "string", meta=meta)
                await make(site, f"c_{name}")
            told_of.append(await snapshot(site))
    assert told_of[0] == told_of[1]


@pytest.mark.parametrize(
    ("form", "media", "read"),
    [("json", "application/json", json.loads), ("yaml", "text/yaml", yaml.safe_load)],
)
async def test_files(house: Site, form: str, media: str, read: Callable[[bytes], Any]) -> None:
    answer = await ask(house, "GET", f"/schema/snapshot?export={form}")
    assert answer.headers["content-type"].startswith(media)
    assert answer.headers["content-disposition"].startswith('attachment; filename="Export ')
    assert read(answer.body) == await snapshot(house)
    sent = upload(answer.body)
    assert (await ask(house, "POST", "/schema/diff", sent, headers=FORM)).status == 204


FORM: Final = {"content-type": "multipart/form-data; boundary=edge"}


def upload(content: bytes) -> bytes:
    return (
        b'--edge\r\ncontent-disposition: form-data; name="note"\r\n\r\nno file\r\n'
        b'--edge\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n'
        + content
        + b"\r\n--edge--"
    )


async def test_a_difference_in_yaml_applies(house: Site) -> None:
    document = await snapshot(house)
    entry(document, "fields", "articles.title")["meta"]["note"] = "no"
    found = await told(house, "POST", "/schema/diff", document)
    written = upload(yaml.safe_dump(found).encode())
    assert (await ask(house, "POST", "/schema/apply", written, headers=FORM)).status == 204
    assert entry(await snapshot(house), "fields", "articles.title")["meta"]["note"] == "no"


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"a: [", "INVALID_PAYLOAD"),
        (b"1: 2", "INVALID_PAYLOAD"),
        (b"!!python/object:os.system x", "INVALID_PAYLOAD"),
        (b"&a [*a]", "INVALID_PAYLOAD"),
        (b"\xff\xfe", "INVALID_PAYLOAD"),
        (b"", "INVALID_PAYLOAD"),
    ],
)
async def test_files_that_are_none(site: Site, sent: bytes, expected: str) -> None:
    assert await refused(site, "POST", "/schema/diff", upload(sent), headers=FORM) == expected


async def test_other_bodies(site: Site) -> None:
    for media in ("text/yaml", "text/plain", "application/x-www-form-urlencoded"):
        headers = {"content-type": media}
        found = await refused(site, "POST", "/schema/apply", b"version: 1", headers=headers)
        assert found == "UNSUPPORTED_MEDIA_TYPE"
    headers = {"content-type": "multipart/form-data"}
    assert await refused(site, "POST", "/schema/diff", b"x", headers=headers) == "INVALID_PAYLOAD"


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "snapshot"), ("POST", "diff"), ("POST", "apply"), ("POST", "diff?force")]
)
async def test_administrators_only(site: Site, method: str, path: str) -> None:
    answer = await site.ask(method, f"/schema/{path}", b"{" if method == "POST" else None)
    assert answer.status == 403


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "snapshot"), ("GET", "diff"), ("GET", ""), ("GET", "x"), ("GET", "diff/x")]
)
async def test_no_such_routes(site: Site, method: str, path: str) -> None:
    answer = await ask(site, method, f"/schema/{path}", {} if method == "POST" else None)
    assert answer.status == 404


# --- documents that are refused ---------------------------------------------------------------------------


WRONG: Final[dict[str, Callable[[Document], Any]]] = {
    "an unknown part": lambda document: document.update(more=1),
    "no version": lambda document: document.pop("version"),
    "a version in words": lambda document: document.update(version="one"),
    "no release": lambda document: document.pop("directus"),
    "no collections": lambda document: document.pop("collections"),
    "no relations": lambda document: document.pop("relations"),
    "a part that is no list": lambda document: document.update(fields={}),
    "an unknown vendor": lambda document: document.update(vendor="paper"),
    "a collection in words": lambda document: document["collections"].append("x"),
    "a collection without name": lambda document: document["collections"].append({"meta": {}}),
    "an unknown key": lambda document: document["collections"][0].update(more=1),
    "meta in words": lambda document: document["collections"][0].update(meta="x"),
    "a collection twice": lambda document: document["collections"].append(document["collections"][0]),
    "a column without type": lambda document: document["fields"][0].pop("type"),
    "a type that is none": lambda document: document["fields"][0].update(type="geometry.Point,4326"),
    "special in words": lambda document: document["fields"][0]["meta"].update(special="x"),
    "an index in words": lambda document: document["systemFields"][0].update(schema={"is_indexed": "x"}),
    "a system field that is none": lambda document: document["systemFields"].append(
        {"collection": "articles", "field": "title", "schema": {"is_indexed": True}}
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_documents_that_are_refused(house: Site, wrong: str) -> None:
    document = await snapshot(house)
    WRONG[wrong](document)
    assert await refused(house, "POST", "/schema/diff?force", document) == "INVALID_PAYLOAD"


async def test_other_releases_and_databases(house: Site) -> None:
    document = await snapshot(house)
    other = "postgres" if house.database.dialect == "sqlite" else "sqlite"
    for part in ({"directus": "11.0.0"}, {"vendor": other}, {"vendor": None}):
        sent = {**document, **part}
        for query in ("", "?force=false"):
            assert await refused(house, "POST", f"/schema/diff{query}", sent) == "INVALID_PAYLOAD"
        for query in ("?force", "?force=true"):
            assert (await ask(house, "POST", f"/schema/diff{query}", sent)).status == 204


async def test_indexes_of_system_fields(site: Site) -> None:
    document = await snapshot(site)
    index = {"collection": "directus_users", "field": "last_page", "schema": {"is_indexed": True}}
    document["systemFields"].append(index)
    found = await become(site, document)
    assert [each["diff"] for each in found["systemFields"]] == [
        [{"kind": "E", "path": ["schema", "is_indexed"], "lhs": False, "rhs": True}]
    ]
    # what another release has from the beginning is no matter of the model
    document["systemFields"] = [index, {**index, "collection": "directus_more", "field": "x"}]
    document["directus"] = "11.17.4"
    assert (await ask(site, "POST", "/schema/diff?force", document)).status == 204
    document["directus"] = "12.4.1"
    document["systemFields"] = [each for each in (await snapshot(site))["systemFields"] if each != index]
    await become(site, document)


# --- differences that are refused -------------------------------------------------------------------------


async def digest(site: Site) -> str:
    document = await snapshot(site)
    found = await told(
        site, "POST", "/schema/diff", {**document, "collections": [], "fields": [], "relations": []}
    )
    made: str = found["hash"]
    return made


def delta(kind: str, **more: Any) -> list[Document]:
    return [{"kind": kind, **more}]


TAG: Final = {"collection": "tags", "meta": {}, "schema": {"name": "tags"}}
CONTRADICTIONS: Final[dict[str, Document]] = {
    "a collection that is there": {
        "collections": [{"collection": "articles", "diff": delta("N", rhs={**TAG, "collection": "articles"})}]
    },
    "a collection that is not there": {
        "collections": [{"collection": "nope", "diff": delta("D", lhs={"collection": "nope"})}]
    },
    "a change of what is not there": {
        "collections": [{"collection": "nope", "diff": delta("E", path=["meta", "note"], lhs=None, rhs="x")}]
    },
    "a collection without key": {"collections": [{"collection": "tags", "diff": delta("N", rhs=TAG)}]},
    "a collection of another name": {
        "collections": [{"collection": "words", "diff": delta("N", rhs=TAG)}],
    },
    "a collection of the system": {
        "collections": [
            {"collection": "directus_x", "diff": delta("N", rhs={"collection": "directus_x", "meta": {}})}
        ]
    },
    "a folder that becomes a table": {
        "collections": [
            {"collection": "content", "diff": delta("N", path=["schema"], rhs={"name": "content"})}
        ]
    },
    "a field that is there": {
        "fields": [
            {
                "collection": "articles",
                "field": "title",
                "diff": delta("N", rhs={"collection": "articles", "field": "title", "type": "string"}),
            }
        ]
    },
    "a field that is not there": {
        "fields": [{"collection": "articles", "field": "nope", "diff": delta("E", path=["type"], rhs="text")}]
    },
    "a field of nothing": {
        "fields": [
            {
                "collection": "nope",
                "field": "x",
                "diff": delta("N", rhs={"collection": "nope", "field": "x", "type": "string", "schema": {}}),
            }
        ]
    },
    "a computed column": {
        "fields": [
            {
                "collection": "articles",
                "field": "x",
                "diff": delta(
                    "N",
                    rhs={
                        "collection": "articles",
                        "field": "x",
                        "type": "integer",
                        "schema": {"is_generated": True},
                    },
                ),
            }
        ]
    },
    "the key": {
        "fields": [
            {"collection": "articles", "field": "id", "diff": delta("D", lhs={"collection": "articles"})}
        ]
    },
    "another name": {
        "fields": [
            {"collection": "articles", "field": "title", "diff": delta("E", path=["field"], rhs="name")}
        ]
    },
    "a path that leads nowhere": {
        "fields": [
            {
                "collection": "articles",
                "field": "title",
                "diff": delta("E", path=["meta", "options", "choices", 7], rhs="x"),
            }
        ]
    },
    "a list that is none": {
        "fields": [
            {
                "collection": "articles",
                "field": "title",
                "diff": delta("A", path=["meta", "note"], index=0, item={"kind": "N", "rhs": "x"}),
            }
        ]
    },
    "a system field": {
        "systemFields": [
            {"collection": "directus_users", "field": "email", "diff": delta("E", path=["type"], rhs="text")}
        ]
    },
    "a system field that is none": {
        "systemFields": [
            {
                "collection": "directus_users",
                "field": "nope",
                "diff": delta("E", path=["schema", "is_indexed"], rhs=True),
            }
        ]
    },
    "a relation that is there": {
        "relations": [
            {
                "collection": "articles",
                "field": "author",
                "related_collection": "authors",
                "diff": delta("N", rhs={"collection": "articles", "field": "author"}),
            }
        ]
    },
    "a relation to nothing": {
        "relations": [
            {
                "collection": "articles",
                "field": "author",
                "diff": delta("E", path=["related_collection"], lhs="authors", rhs="nope"),
            }
        ]
    },
    "what others lead to": {
        "collections": [{"collection": "authors", "diff": delta("D", lhs={"collection": "authors"})}]
    },
    "meta that is none": {
        "collections": [{"collection": "authors", "diff": delta("E", path=["meta", "nope"], rhs=1)}]
    },
    "meta of the wrong kind": {
        "collections": [
            {"collection": "authors", "diff": delta("E", path=["meta", "singleton"], rhs="maybe")}
        ]
    },
}


@pytest.mark.parametrize("wrong", CONTRADICTIONS)
async def test_contradictions_leave_no_trace(house: Site, wrong: str) -> None:
    """Together with a change that could be made."""
    sound = {"collection": "content", "diff": delta("E", path=["meta", "note"], lhs=None, rhs="x")}
    parts = {**NOTHING, **CONTRADICTIONS[wrong]}
    if not any(each["collection"] == "content" for each in parts["collections"]):
        parts["collections"] = [*parts["collections"], sound]
    sent = {"hash": await digest(house), "diff": parts}
    assert await refused(house, "POST", "/schema/apply", sent) in ("INVALID_PAYLOAD", "FAILED_VALIDATION")


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"hash": "x"},
        {"diff": NOTHING},
        {"hash": 1, "diff": NOTHING},
        {"hash": "x", "diff": []},
        {"hash": "x", "diff": NOTHING, "more": 1},
        {"hash": "x", "diff": {**NOTHING, "more": []}},
        {"hash": "x", "diff": {"collections": [], "fields": [], "relations": []}},
        {"hash": "x", "diff": {**NOTHING, "fields": {}}},
        {"hash": "x", "diff": {**NOTHING, "fields": [1]}},
        {"hash": "x", "diff": {**NOTHING, "collections": [{"collection": "x"}]}},
        {"hash": "x", "diff": {**NOTHING, "collections": [{"collection": "x", "diff": delta("Q")}]}},
        {"hash": "x", "diff": {**NOTHING, "collections": [{"collection": "x", "diff": delta("E", rhs=1)}]}},
        {"hash": "x", "diff": {**NOTHING, "collections": [{"collection": "x", "diff": delta("N", rhs=1)}]}},
        {
            "hash": "x",
            "diff": {**NOTHING, "collections": [{"collection": "x", "diff": delta("A", path=["meta"])}]},
        },
        {
            "hash": "x",
            "diff": {**NOTHING, "collections": [{"collection": "x", "diff": delta("E", path=[[]], rhs=1)}]},
        },
    ],
)
async def test_differences_that_are_none(site: Site, sent: Any) -> None:
    assert await refused(site, "POST", "/schema/apply?force", sent) == "INVALID_PAYLOAD"


async def test_the_hash_is_that_of_the_schema(house: Site) -> None:
    document = await snapshot(house)
    entry(document, "collections", "articles")["meta"]["note"] = "first"
    found = await told(house, "POST", "/schema/diff", document)
    await field(house, "authors", "since", "date", meta={})
    assert await refused(house, "POST", "/schema/apply", found) == "INVALID_PAYLOAD"
    assert (await ask(house, "POST", "/schema/apply?force", found)).status == 204
    assert entry(await snapshot(house), "collections", "articles")["meta"]["note"] == "first"
    assert entry(await snapshot(house), "fields", "authors.since")


async def test_nothing_to_do_is_done(site: Site) -> None:
    answer = await ask(site, "POST", "/schema/apply", {"hash": "x", "diff": NOTHING})
    assert (answer.status, answer.body) == (204, b"")


# --- what is applied --------------------------------------------------------------------------------------


async def test_the_way_there_and_back(house: Site) -> None:
    full, empty = await snapshot(house), {}
    await told(house, "POST", "/items/authors", {"id": 1, "name": "Ada"})
    empty = {**full, "collections": [], "fields": [], "relations": []}
    found = await become(house, empty)
    assert {each["diff"][0]["kind"] for each in found["collections"]} == {"D"}
    assert [each["field"] for each in found["fields"]] == ["nickname"]
    assert (await ask(house, "GET", "/items/authors")).status == 403
    await become(house, full)
    assert await snapshot(house) == full
    assert (await ask(house, "GET", "/items/authors")).status == 200
    await told(house, "POST", "/items/articles", {"id": 1, "title": "t", "author": {"name": "Ada"}})
    assert (await told(house, "GET", "/items/articles/1?fields=author.name"))["author"] == {"name": "Ada"}


async def test_every_kind_of_change(house: Site) -> None:
    await told(house, "POST", "/items/articles", {"id": 1, "title": "t"})
    document = await snapshot(house)
    title = entry(document, "fields", "articles.title")
    title["meta"] |= {
        "note": None,
        "options": {"a": [1, {"b": 2}]},
        "validation": {"title": {"_nnull": True}},
    }
    title["schema"] |= {"max_length": 200, "is_nullable": False, "default_value": "none", "is_unique": True}
    document["fields"].remove(entry(document, "fields", "authors.name"))
    entry(document, "relations", "articles.author")["schema"]["on_delete"] = "CASCADE"
    entry(document, "collections", "articles")["meta"] |= {"group": None, "sort_field": None, "icon": "x"}
    entry(document, "collections", "content")["meta"]["translations"] = [{"language": "de-DE"}]
    await become(house, document)
    assert await snapshot(house) == document
    assert await told(house, "GET", "/items/articles/1?fields=id,title") == {"id": 1, "title": "t"}


async def test_a_relation_leads_elsewhere(house: Site) -> None:
    await make(house, "editors")
    document = await snapshot(house)
    relation = entry(document, "relations", "articles.author")
    relation["related_collection"] = relation["meta"]["one_collection"] = "editors"
    relation["schema"]["foreign_key_table"] = "editors"
    relation["meta"]["one_field"] = None
    await become(house, document)
    assert entry(await snapshot(house), "relations", "articles.author")["related_collection"] == "editors"
    answer = await ask(house, "POST", "/items/articles", {"id": 1, "author": 7})
    assert answer.status == 400


async def test_a_relation_without_foreign_key(house: Site) -> None:
    document = await snapshot(house)
    del entry(document, "relations", "articles.author")["schema"]
    await become(house, document)
    assert (await ask(house, "POST", "/items/articles", {"id": 1, "author": None})).status == 200
    relation = await told(house, "GET", "/relations/articles/author")
    assert (relation["schema"], relation["meta"]["one_field"]) == (None, "articles")


async def test_an_alias_becomes_a_column(house: Site) -> None:
    await field(house, "authors", "mood", "alias", meta={"special": ["alias", "no-data"]})
    document = await snapshot(house)
    mood = entry(document, "fields", "authors.mood")
    mood |= {"type": "string", "schema": {"max_length": 20}}
    mood["meta"]["special"] = None
    await become(house, document)
    assert (await told(house, "POST", "/items/authors", {"id": 1, "mood": "fine"}))["mood"] == "fine"


async def test_tables_and_columns_that_nothing_was_said_of(house: Site) -> None:
    """They get their rows, and keep their data."""
    await change(house.database, "insert into untold (id, n) values (1, 5)")
    document = await snapshot(house)
    collection = {"collection": "untold", "meta": {"note": "told"}, "schema": {"name": "untold"}}
    document["collections"].append(collection)
    document["fields"] += [
        {"collection": "untold", "field": "id", "type": "integer", "schema": {"is_primary_key": True}},
        {"collection": "untold", "field": "n", "type": "integer", "schema": {"is_nullable": False}},
        {"collection": "untold", "field": "more", "type": "text", "meta": {}, "schema": {}},
        {"collection": "articles", "field": "untold", "type": "integer", "meta": {"note": "x"}, "schema": {}},
    ]
    await become(house, document)
    assert await told(house, "GET", "/items/untold") == [{"id": 1, "n": 5, "more": None}]
    assert (await ask(house, "POST", "/items/untold", {"id": 2, "n": None})).status == 400


async def test_folders_in_folders(site: Site) -> None:
    document = await snapshot(site)
    for name, group in (("a", "b"), ("b", "c"), ("c", None)):
        document["collections"].append({"collection": name, "meta": {"group": group}})
    await become(site, document)
    found = {each["collection"]: each["meta"]["group"] for each in (await snapshot(site))["collections"]}
    assert found == {"a": "b", "b": "c", "c": None}


async def test_history_is_kept_and_the_change_served(house: Site) -> None:
    document = await snapshot(house)
    entry(document, "fields", "articles.title")["meta"]["note"] = "long"
    before = await told(house, "GET", "/activity?filter[collection]=directus_fields&limit=-1")
    await become(house, document)
    after = await told(house, "GET", "/activity?filter[collection]=directus_fields&limit=-1")
    assert [each["action"] for each in after if each not in before] == ["update"]
    assert (await told(house, "GET", "/fields/articles/title"))["meta"]["note"] == "long"
