"""Collections are made, changed and dropped through the API; what is answered is served at once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.conftest import MakeDatabase
from tests.support.dump import dump
from tests.support.lending import Lend
from tests.support.modelling import ask, field, gone, graphql, make, names, refused, related, shape, told
from tests.support.project import Site, add, change, code, running, seed_system


async def test_a_collection_is_served_from_its_own_answer_on(site: Site) -> None:
    title = {"field": "title", "type": "string", "meta": {"note": "n"}, "schema": {"is_nullable": False}}
    made = await make(site, "articles", title, {"field": "views", "type": "integer"}, icon="bolt", sort=5)
    assert (made["collection"], made["meta"]["icon"], made["meta"]["sort"]) == ("articles", "bolt", 5)
    assert made["schema"]["name"] == "articles"
    assert await told(site, "GET", "/collections/articles") == made
    fields = await told(site, "GET", "/fields/articles")
    assert [(each["field"], each["type"]) for each in fields] == [
        ("id", "integer"),
        ("title", "string"),
        ("views", "integer"),
    ]
    # in the order of the payload; what nothing is said of has no row
    assert [each["meta"] and each["meta"]["sort"] for each in fields] == [1, 2, None]
    item = await told(site, "POST", "/items/articles", {"title": "A", "views": 3})
    assert item == {"id": 1, "title": "A", "views": 3}
    listed = await graphql(site, "{ collections { collection meta { icon } } }")
    assert {"collection": "articles", "meta": {"icon": "bolt"}} in listed["data"]["collections"]
    await gone(site, "/collections/articles")
    assert (await ask(site, "GET", "/items/articles")).status == 403
    assert (await ask(site, "GET", "/collections/articles")).status == 403
    assert (await ask(site, "DELETE", "/collections/articles")).status == 403


async def test_a_collection_without_key_gets_one(site: Site) -> None:
    plain = {"collection": "plain", "schema": {}, "fields": [{"field": "name", "type": "string"}]}
    assert (await told(site, "POST", "/collections", plain))["meta"] is None
    key = await told(site, "GET", "/fields/plain/id")
    assert (key["schema"]["has_auto_increment"], key["schema"]["is_primary_key"]) == (True, True)
    assert {name: key["meta"][name] for name in ("hidden", "interface", "readonly", "sort")} == {
        "hidden": True,
        "interface": "numeric",
        "readonly": True,
        "sort": 1,
    }
    assert (await told(site, "POST", "/items/plain", {"name": "x"}))["id"] == 1


@pytest.mark.parametrize(
    ("key", "sent"),
    [
        ({"type": "uuid"}, "6f0e2c1a-0000-4000-8000-000000000001"),
        ({"type": "string", "schema": {"max_length": 20}}, "a key"),
        ({"type": "bigInteger"}, 5),
    ],
)
async def test_keys_of_other_types(site: Site, key: dict[str, Any], sent: Any) -> None:
    given = {"field": "code", **key, "schema": {**key.get("schema", {}), "is_primary_key": True}}
    await told(site, "POST", "/collections", {"collection": "keyed", "schema": {}, "fields": [given]})
    assert await told(site, "POST", "/items/keyed", {"code": sent}) == {"code": sent}
    assert await told(site, "GET", f"/items/keyed/{sent}") == {"code": sent}


async def test_several_at_once_are_all_or_none(site: Site) -> None:
    both: list[dict[str, Any]] = [{"collection": name, "schema": {}, "meta": {}} for name in ("one", "two")]
    made = await told(site, "POST", "/collections", both)
    assert [each["collection"] for each in made] == ["one", "two"]
    third = [{"collection": "three", "schema": {}, "meta": {}}, {"collection": "one", "schema": {}}]
    assert await refused(site, "POST", "/collections", third) == "INVALID_PAYLOAD"
    changed = [{"collection": "one", "meta": {"sort": 2}}, {"collection": "two", "meta": {"sort": 1}}]
    assert [each["meta"]["sort"] for each in await told(site, "PATCH", "/collections", changed)] == [2, 1]
    wrong = [{"collection": "one", "meta": {"sort": 7}}, {"collection": "two", "meta": {"group": "nope"}}]
    assert await refused(site, "PATCH", "/collections", wrong) == "INVALID_FOREIGN_KEY"


@pytest.mark.parametrize(
    "payload",
    [
        None,
        5,
        "articles",
        [5],
        {},
        {"schema": {}},
        {"collection": "", "schema": {}},
        {"collection": 5, "schema": {}},
        {"collection": "directus_mine", "schema": {}},
        {"collection": "there", "schema": {}, "meta": {}},
        {"collection": "n" * 64, "schema": {}},
        {"collection": "nul\x00", "schema": {}},
        {"collection": "causeway_idempotency", "schema": {}},
        {"collection": "fresh"},
        {"collection": "fresh", "schema": "x"},
        {"collection": "fresh", "schema": {}, "meta": "x"},
        {"collection": "fresh", "schema": {}, "meta": {"hidden": "maybe"}},
        {"collection": "fresh", "schema": {}, "meta": {"sort": "many"}},
        {"collection": "fresh", "schema": {}, "fields": "x"},
        {"collection": "fresh", "schema": {}, "fields": [5]},
        {"collection": "fresh", "schema": {}, "fields": [{"type": "string"}]},
        {"collection": "fresh", "schema": {}, "fields": [{"field": "f"}]},
        {"collection": "fresh", "schema": {}, "fields": [{"field": "f", "type": "nonsense"}]},
        {"collection": "fresh", "schema": {}, "fields": [{"field": "f", "type": "unknown"}]},
        {"collection": "fresh", "schema": {}, "fields": [{"field": "f", "type": ["string"]}]},
        {"collection": "fresh", "schema": {}, "fields": [{"field": "f", "type": "string"}] * 2},
        {"collection": "fresh", "schema": {}, "fields": [{"field": "id", "type": "string"}]},
        {
            "collection": "fresh",
            "schema": {},
            "fields": [{"field": "f", "type": "geometry.Point,4326)); select pg_sleep(5);--"}],
        },
        {
            "collection": "fresh",
            "schema": {},
            "fields": [{"field": "f", "type": "string", "schema": {"is_primary_key": "yes"}}],
        },
        {
            "collection": "fresh",
            "schema": {},
            "fields": [{"field": "f", "type": "string", "schema": {"has_auto_increment": True}}],
        },
        {
            "collection": "fresh",
            "schema": {},
            "fields": [{"field": "f", "type": "integer", "schema": {"default_value": "many"}}],
        },
        {"collection": "fresh", "schema": None, "meta": {}, "fields": [{"field": "f", "type": "string"}]},
    ],
)
async def test_what_can_be_no_collection_leaves_no_trace(lend: Lend, payload: Any) -> None:
    site = await lend(seed_system, _with_one)
    assert await refused(site, "POST", "/collections", payload) == "INVALID_PAYLOAD"


async def _with_one(site: Site) -> None:
    await make(site, "there")


async def test_names_are_quoted_wherever_they_stand(site: Site) -> None:
    name, column = "a \"b\" 'c' %s $1 :x", "d \"e\" 'f' %s $1 :y"
    await make(site, name, {"field": column, "type": "string", "schema": {"default_value": 'it\'s "x"'}})
    assert name in [each["collection"] for each in await told(site, "GET", "/collections")]
    path = "/fields/a%20%22b%22%20%27c%27%20%25s%20%241%20%3Ax"
    told_of = await told(site, "GET", path)
    assert [each["field"] for each in told_of] == ["id", column]
    assert told_of[1]["schema"]["default_value"] == 'it\'s "x"'
    await gone(site, path.replace("/fields/", "/collections/"))


async def test_folders_hold_collections_and_let_them_go(site: Site) -> None:
    folder = {"collection": "folder", "schema": None, "meta": {"note": "f"}}
    assert (await told(site, "POST", "/collections", folder))["schema"] is None
    assert (await ask(site, "GET", "/items/folder")).status == 403
    await make(site, "inside", group="folder")
    assert (await told(site, "GET", "/collections/inside"))["meta"]["group"] == "folder"
    await gone(site, "/collections/folder")
    assert (await told(site, "GET", "/collections/inside"))["meta"]["group"] is None


async def test_rows_are_made_for_what_had_none(site: Site) -> None:
    await change(site.database, "create table bare (id integer primary key, name varchar(20))")
    await site.project.epochs.bump_schema()
    assert (await told(site, "GET", "/collections/bare"))["meta"] is None
    made = await told(site, "POST", "/collections", {"collection": "bare", "meta": {"note": "n"}})
    assert (made["meta"]["note"], made["schema"]["name"]) == ("n", "bare")
    assert (await told(site, "PATCH", "/collections/bare", {"meta": {"icon": "i"}}))["meta"]["note"] == "n"
    ghost = await told(site, "PATCH", "/collections/ghost", {"meta": {"note": "g"}})
    assert (ghost["meta"]["note"], ghost["schema"]) == ("g", None)


async def test_system_collections_are_protected(site: Site) -> None:
    assert await refused(site, "DELETE", "/collections/directus_users") == "FORBIDDEN"
    assert await refused(site, "PATCH", "/collections/directus_users", {"meta": {"note": "x"}}) == "FORBIDDEN"


async def test_only_administrators_change_the_schema(site: Site) -> None:
    await make(site, "there", {"field": "f", "type": "string"})
    requests: list[tuple[str, str, Any]] = [
        ("POST", "/collections", {"collection": "mine", "schema": {}}),
        ("POST", "/collections", b"{broken"),
        ("PATCH", "/collections", [{"collection": "there", "meta": {}}]),
        ("PATCH", "/collections/there", {"meta": {"note": "x"}}),
        ("DELETE", "/collections/there", None),
        ("DELETE", "/collections/nope", None),
        ("POST", "/fields/there", {"field": "g", "type": "string"}),
        ("PATCH", "/fields/there", 5),
        ("PATCH", "/fields/there/f", {"meta": {}}),
        ("DELETE", "/fields/there/f", None),
        ("POST", "/relations", {}),
        ("PATCH", "/relations/there/f", {}),
        ("DELETE", "/relations/there/f", None),
    ]
    for method, target, payload in requests:
        assert await refused(site, method, target, payload, token=None) == "FORBIDDEN", (method, target)
    document = 'mutation { delete_collections_item(collection: "there") { collection } }'
    answer = await site.ask("POST", "/graphql/system", {"query": document})
    assert code(answer) == "GRAPHQL_VALIDATION"


# --- dropping -------------------------------------------------------------------------------------------


async def test_a_dropped_collection_is_forgotten_everywhere(site: Site) -> None:
    await make(site, "articles", {"field": "title", "type": "string"})
    await make(site, "tags", {"field": "name", "type": "string"})
    await make(
        site,
        "articles_tags",
        {"field": "articles_id", "type": "integer", "meta": {}},
        {"field": "tags_id", "type": "integer", "meta": {}},
        {"field": "item", "type": "string", "meta": {}},
        {"field": "collection", "type": "string", "meta": {}},
    )
    await field(site, "articles", "tags", "alias", meta={"special": ["m2m"]})
    await related(
        site,
        "articles_tags",
        "articles_id",
        "articles",
        meta={"one_field": "tags", "junction_field": "tags_id"},
    )
    await related(site, "articles_tags", "tags_id", "tags", meta={"junction_field": "articles_id"})
    await make(site, "blocks", {"field": "item", "type": "string"}, {"field": "collection", "type": "string"})
    allowed = {"one_collection_field": "collection", "one_allowed_collections": ["articles_tags", "tags"]}
    await related(site, "blocks", "item", None, meta=allowed)
    database = site.database
    await add(database, "directus_policies", id="00000000-0000-4000-8000-00000000000a", name="p")
    await told(
        site,
        "POST",
        "/permissions",
        {
            "policy": "00000000-0000-4000-8000-00000000000a",
            "collection": "articles_tags",
            "action": "read",
            "fields": ["*"],
        },
    )
    await told(site, "POST", "/presets", {"collection": "articles_tags"})
    await told(site, "POST", "/items/articles", {"title": "A", "tags": [{"tags_id": {"name": "t"}}]})
    before = await dump(database)
    assert any("articles_tags" in line for line in before if line.startswith("directus_revisions:"))
    await gone(site, "/collections/articles_tags")
    # the list that showed it is gone, the relation to any collection goes on without it
    assert await names(site, "articles") == ["id", "title"]
    (relation,) = await told(site, "GET", "/relations/blocks")
    assert relation["meta"]["one_allowed_collections"] == ["tags"]
    for table in ("permissions", "presets", "fields", "relations", "comments", "shares", "versions"):
        assert not [
            line
            for line in await dump(database)
            if line.startswith(f"directus_{table}: ") and "articles_tags" in line
        ], table
    history = [line for line in await dump(database) if line.startswith("directus_activity: ")]
    about = [line for line in history if "articles_tags" in line]
    # that it was made and dropped is told, what its items were is not
    assert len(about) == 2, about
    assert await told(site, "GET", "/items/articles?fields=*") == [{"id": 1, "title": "A"}]


async def test_what_is_about_its_items_ends_with_it(site: Site) -> None:
    await make(site, "articles", {"field": "parent", "type": "integer"})
    await make(site, "notes", {"field": "article", "type": "integer"})
    await field(site, "articles", "notes", "alias", meta={"special": ["o2m"]})
    await told(site, "POST", "/items/articles", {})
    database = site.database
    for name in ("articles", "notes"):
        about = {"collection": name, "item": "1"}
        share = await add(database, "directus_shares", name="s", **about)
        version = await add(database, "directus_versions", key="v", name="v", hash="h", **about)
        await add(database, "directus_comments", comment="c", **about)
        expires = {"sqlite": 9999999999999, "postgresql": datetime(2999, 1, 1, tzinfo=UTC)}[database.dialect]
        await change(
            database,
            "insert into directus_sessions (token, expires, share) values ($1, $2, $3)",
            f"token of {name}",
            expires,
            share,
        )
        await change(
            database, "update directus_revisions set version = $1 where collection = $2", version, name
        )
    # a revision of another collection hangs on one of this
    await change(
        database,
        "insert into directus_revisions (activity, collection, item, parent) "
        "select max(a.id), 'notes', '1', max(r.id) from directus_activity a, directus_revisions r "
        "where r.collection = 'articles' and a.collection <> 'articles'",
    )
    await gone(site, "/collections/articles")
    lines = await dump(database)
    left = [line for line in lines if "articles" in line and not line.startswith("directus_activity: ")]
    assert [line for line in left if "directus_revisions: " not in line] == []
    assert len([line for line in lines if "token of" in line]) == 1
    (kept,) = await told(site, "GET", "/revisions?filter[collection]=notes&fields=parent")
    assert kept == {"parent": None}
    await gone(site, "/collections/notes")


async def test_a_collection_that_others_lead_to_is_not_dropped(site: Site) -> None:
    await make(site, "authors")
    await make(site, "articles", {"field": "author", "type": "integer"})
    await related(site, "articles", "author", "authors", schema={"on_delete": "SET NULL"})
    assert await refused(site, "DELETE", "/collections/authors") == "INVALID_PAYLOAD"
    await gone(site, "/collections/articles")
    await gone(site, "/collections/authors")


async def test_a_tree_is_dropped_with_its_own_key(site: Site) -> None:
    await make(site, "pages", {"field": "parent", "type": "integer"})
    await field(site, "pages", "children", "alias", meta={"special": ["o2m"]})
    await related(site, "pages", "parent", "pages", meta={"one_field": "children"})
    await told(site, "POST", "/items/pages", {"children": [{}, {}]})
    await gone(site, "/collections/pages")
    assert not [line for line in await shape(site.database) if "pages" in line]


# --- others see it --------------------------------------------------------------------------------------


async def test_every_process_sees_it_with_its_next_request(make_database: MakeDatabase) -> None:
    url = await make_database(seed_system)
    async with running(url) as one, running(url) as other:
        assert (await ask(other, "GET", "/items/articles")).status == 403
        await make(one, "articles", {"field": "title", "type": "string"})
        assert await told(other, "POST", "/items/articles", {"title": "A"}) == {"id": 1, "title": "A"}
        await field(other, "articles", "mood", "string")
        assert await told(one, "GET", "/items/articles/1") == {"id": 1, "title": "A", "mood": None}
        await gone(one, "/fields/articles/title")
        assert await told(other, "GET", "/items/articles/1") == {"id": 1, "mood": None}
        document = await graphql(other, '{ fields_in_collection(collection: "articles") { field } }')
        assert document["data"]["fields_in_collection"] == [{"field": "id"}, {"field": "mood"}]


async def test_two_processes_change_it_at_once(make_database: MakeDatabase) -> None:
    url = await make_database(seed_system)
    async with running(url) as one, running(url) as other:
        await make(one, "articles")
        sites = [one, other]
        answers = await asyncio.gather(
            *(
                ask(sites[number % 2], "POST", "/fields/articles", {"field": f"f{number}", "type": "string"})
                for number in range(8)
            )
        )
        assert [answer.status for answer in answers] == [200] * 8
        wanted = {"id", *(f"f{number}" for number in range(8))}
        assert set(await names(one, "articles")) == wanted
        assert set(await told(other, "POST", "/items/articles", {})) == wanted


async def test_history_and_events(site: Site) -> None:
    await make(site, "articles", {"field": "title", "type": "string", "meta": {}}, note="n")
    await told(site, "PATCH", "/collections/articles", {"meta": {"note": "m"}})
    history = await told(site, "GET", "/activity?sort=id&fields=action,collection,item,user.email")
    about = [(each["action"], each["collection"]) for each in history if "directus_" in each["collection"]]
    assert about[-4:] == [
        ("create", "directus_collections"),
        ("create", "directus_fields"),
        ("create", "directus_fields"),
        ("update", "directus_collections"),
    ]
    assert {each["user"]["email"] for each in history[-4:]} == {"admin@example.com"}
    (revision,) = await told(site, "GET", "/revisions?sort=-id&limit=1&fields=collection,item,data,delta")
    assert (revision["item"], revision["delta"]) == ("articles", {"note": "m"})
    assert revision["data"]["note"] == "m"


async def test_graphql_changes_collections(site: Site) -> None:
    made = await graphql(
        site,
        """mutation { create_collections_item(data: {
             collection: "articles", schema: {}, meta: {note: "n"},
             fields: [{field: "id", type: "integer",
                       schema: {is_primary_key: true, has_auto_increment: true}}]
           }) { collection meta { note hidden } schema { name } } }""",
    )
    assert made == {
        "data": {
            "create_collections_item": {
                "collection": "articles",
                "meta": {"note": "n", "hidden": False},
                "schema": {"name": "articles"},
            }
        }
    }
    changed = await graphql(
        site,
        'mutation { update_collections_item(collection: "articles", data: {meta: {note: "m"}}) '
        "{ meta { note } } }",
    )
    assert changed["data"]["update_collections_item"] == {"meta": {"note": "m"}}
    again = await graphql(
        site,
        'mutation { create_collections_item(data: {collection: "articles", schema: {}}) { collection } }',
    )
    assert again["errors"][0]["extensions"]["code"] == "INVALID_PAYLOAD"
    dropped = await graphql(
        site, 'mutation { delete_collections_item(collection: "articles") { collection } }'
    )
    assert dropped == {"data": {"delete_collections_item": {"collection": "articles"}}}
