"""Tables that change under a running server: told of by the epoch, met by a request, or asked for.

Two sites on one database stand for two workers.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from resolvers.bundle import Bundle
from resolvers.context import RequestContext
from rest_bridge.message import RestRequest, RestResponse
from schema_gen.database import Transaction, open_database
from tests.conftest import MakeDatabase
from tests.support import asgi
from tests.support.asgi import Answer
from tests.support.project import (
    ADMIN_TOKEN,
    Site,
    add_policy,
    change,
    code,
    data,
    grant,
    running,
    seed_system,
)
from tests.support.work import calls_of

COLUMNS = "id integer primary key, title varchar(50), body varchar(50)"


async def seed_notes(url: str) -> None:
    await seed_system(url)
    database = await open_database(url)
    try:
        await change(database, f"create table notes ({COLUMNS})")
        await change(database, "insert into notes values (1, 'one', 'first'), (2, 'two', 'second')")
        await change(database, "create table tags (id integer primary key, word varchar(20))")
        await change(database, "insert into tags values (1, 'x')")
    finally:
        await database.close()


@pytest.fixture
async def sites(make_database: MakeDatabase) -> AsyncIterator[tuple[Site, Site]]:
    url = await make_database(seed_notes)
    async with AsyncExitStack() as stack:
        yield (
            await stack.enter_async_context(running(url)),
            await stack.enter_async_context(running(url)),
        )


@pytest.fixture
def site(sites: tuple[Site, Site]) -> Site:
    return sites[0]


async def ask(site: Site, method: str, target: str, payload: object = None) -> Answer:
    return await site.ask(method, target, payload, token=ADMIN_TOKEN)


async def graphql(site: Site, query: str, path: str = "/graphql") -> Any:
    answer = await ask(site, "POST", path, {"query": query})
    return json.loads(answer.body)


async def rename(site: Site) -> None:
    await change(site.database, "alter table notes rename column body to content")


# --- told ---------------------------------------------------------------------------------------------------


async def test_a_change_is_seen_here_and_by_others_at_once(sites: tuple[Site, Site]) -> None:
    here, there = sites
    for site in sites:
        assert data(await ask(site, "GET", "/items/notes/1")) == {"id": 1, "title": "one", "body": "first"}
        assert (await graphql(site, "{ notes_by_id(id: 1) { body } }"))["data"]["notes_by_id"]
    await change(here.database, "alter table notes add column extra varchar(5) default 'new'")
    await here.project.schema.changed()
    for site in (there, here):
        assert data(await ask(site, "GET", "/items/notes/1"))["extra"] == "new"
        told = await graphql(site, "{ notes_by_id(id: 1) { extra } }")
        assert told == {"data": {"notes_by_id": {"extra": "new"}}}


async def test_a_change_that_is_none_leaves_everything_as_it_is(site: Site) -> None:
    before = site.project.holder.current
    await site.project.schema.changed()
    assert site.project.holder.current is before
    assert site.project.schema.is_current


async def test_rights_go_with_what_they_were_for(sites: tuple[Site, Site]) -> None:
    here, there = sites
    policy = await add_policy(here.database, public=True)
    await grant(here.database, policy, "tags")
    await here.project.schema.changed()
    for site in sites:
        assert data(await site.ask("GET", "/items/tags")) == [{"id": 1, "word": "x"}]
    await change(here.database, "delete from directus_permissions where collection = 'tags'")
    await here.project.schema.changed()
    for site in (there, here):
        assert code(await site.ask("GET", "/items/tags")) == "FORBIDDEN"


async def test_asking_whether_the_schema_is_current_costs_next_to_nothing(site: Site) -> None:
    reload = site.project.schema
    assert calls_of(lambda: reload.is_current) <= 6


async def test_a_change_whose_caller_left_while_it_was_committed_is_seen(
    sites: tuple[Site, Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = sites
    begin = here.database.schema_transaction

    @asynccontextmanager
    async def left() -> AsyncIterator[Transaction]:
        async with begin() as transaction:
            yield transaction
        raise asyncio.CancelledError

    monkeypatch.setattr(here.database, "schema_transaction", left)
    answer = await asgi.ask(
        here.application,
        "POST",
        "/fields/notes",
        headers={"authorization": f"Bearer {ADMIN_TOKEN}", "content-type": "application/json"},
        body=b'{"field": "extra", "type": "string"}',
    )
    assert answer.status == 503
    for site in (there, here):
        assert data(await ask(site, "GET", "/items/notes/1"))["extra"] is None


# --- met by a request ---------------------------------------------------------------------------------------


async def test_a_read_of_a_column_that_is_gone_is_answered_from_the_new_schema(site: Site) -> None:
    for target in ("/items/notes/1", "/items/notes/1", "/items/notes?fields=id,body&meta=total_count"):
        assert (await ask(site, "GET", target)).status == 200
    query = "{ notes_by_id(id: 1) { id body } }"
    assert "data" in await graphql(site, query)
    await rename(site)
    assert data(await ask(site, "GET", "/items/notes/1")) == {"id": 1, "title": "one", "content": "first"}
    assert code(await ask(site, "GET", "/items/notes?fields=id,body&meta=total_count")) == "FORBIDDEN"
    told = await graphql(site, query)
    assert told["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION"
    assert (await graphql(site, "{ notes_by_id(id: 1) { content } }"))["data"]["notes_by_id"] == {
        "content": "first"
    }


async def test_of_several_roots_each_is_answered(site: Site) -> None:
    query = '{ tags { word } notes(filter: { body: { _eq: "first" } }) { id } }'
    assert "errors" not in await graphql(site, query)
    await change(site.database, "drop table notes")
    told = await graphql(site, query)
    assert {one["extensions"]["code"] for one in told["errors"]} == {"GRAPHQL_VALIDATION"}
    assert (await graphql(site, "{ tags { word } }")) == {"data": {"tags": [{"word": "x"}]}}


async def test_a_table_that_is_gone_is_refused_like_one_that_never_was(site: Site) -> None:
    assert (await ask(site, "GET", "/items/notes")).status == 200
    assert (await ask(site, "POST", "/items/notes", {"id": 3})).status == 200
    await change(site.database, "alter table notes rename to papers")
    for method, target, payload in (
        ("GET", "/items/notes", None),
        ("GET", "/items/notes/1", None),
        ("POST", "/items/notes", {"title": "x"}),
        ("PATCH", "/items/notes/1", {"title": "x"}),
        ("DELETE", "/items/notes/1", None),
    ):
        assert code(await ask(site, method, target, payload)) == "FORBIDDEN"
    assert len(data(await ask(site, "GET", "/items/papers"))) == 3


async def test_a_write_is_done_once_on_the_new_schema(site: Site) -> None:
    assert (await ask(site, "POST", "/items/notes", {"id": 3, "title": "three"})).status == 200
    await rename(site)
    assert data(await ask(site, "POST", "/items/notes", {"id": 4, "title": "four"})) == {
        "id": 4,
        "title": "four",
        "content": None,
    }
    await change(site.database, "alter table notes rename column content to body")
    assert data(await ask(site, "PATCH", "/items/notes/4", {"title": "4"}))["body"] is None
    await rename(site)
    left = data(await ask(site, "PATCH", "/items/notes/4", {"body": "unknown now", "title": "IV"}))
    assert left == {"id": 4, "title": "IV", "content": None}
    assert (await ask(site, "DELETE", "/items/notes/4")).status == 204
    told = await site.database.fetch("select action, item from directus_activity where collection = 'notes'")
    assert sorted(told) == [
        ("create", "3"),
        ("create", "4"),
        ("delete", "4"),
        ("update", "4"),
        ("update", "4"),
    ]


async def test_roots_that_were_done_are_not_done_again(site: Site) -> None:
    fields = "{ id }"
    mutation = (
        "mutation { "
        f'a: create_tags_item(data: {{ id: 2, word: "a" }}) {fields} '
        f'b: create_notes_item(data: {{ id: 3, title: "b" }}) {fields} '
        f'c: create_tags_item(data: {{ id: 4, word: "c" }}) {fields} }}'
    )
    assert "errors" not in await graphql(
        site, mutation.replace("2", "12").replace("3", "13").replace("4", "14")
    )
    await rename(site)
    assert await graphql(site, mutation) == {"data": {"a": {"id": "2"}, "b": {"id": "3"}, "c": {"id": "4"}}}
    assert len(data(await ask(site, "GET", "/items/tags"))) == 5


async def test_a_column_of_another_type_takes_its_values(site: Site) -> None:
    """What was prepared with the type of before is not used again."""
    assert data(await ask(site, "GET", "/items/tags/1"))["word"] == "x"
    assert (await ask(site, "PATCH", "/items/tags/1", {"word": "7"})).status == 200
    if site.database.dialect == "postgresql":
        await change(site.database, "alter table tags alter column word type integer using word::integer")
        await change(site.database, "alter table tags alter column id type varchar(10)")
    else:
        await change(site.database, "drop table tags")
        await change(site.database, "create table tags (id varchar(10) primary key, word integer)")
        await change(site.database, "insert into tags values ('1', 7)")
    await site.project.schema.changed()
    assert data(await ask(site, "GET", "/items/tags/1")) == {"id": "1", "word": 7}
    assert data(await ask(site, "GET", "/items/tags?filter[word][_gt]=6")) == [{"id": "1", "word": 7}]
    assert data(await ask(site, "PATCH", "/items/tags/1", {"word": 8}))["word"] == 8
    assert data(await ask(site, "POST", "/items/tags", {"id": "a", "word": 9})) == {"id": "a", "word": 9}


async def test_what_fails_for_another_reason_is_run_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trigger writes to a table that is not there: the schema is looked at, is the same, and nobody tries
    in vain.
    """
    if site.database.dialect == "postgresql":
        body = "begin insert into missing values (1); return new; end"
        await change(
            site.database, f"create function broken() returns trigger language plpgsql as $$ {body} $$"
        )
        trigger = "for each row execute function broken()"
    else:
        trigger = "begin insert into missing values (1); end"
    await change(site.database, f"create trigger broken after insert on tags {trigger}")
    await ask(site, "GET", "/items/tags")
    doors: list[str] = []
    handle = site.project.bridge.handle

    async def watched(request: RestRequest, context: RequestContext) -> RestResponse:
        doors.append(request.path)
        return await handle(request, context)

    monkeypatch.setattr(site.project.bridge, "handle", watched)
    answer = await ask(site, "POST", "/items/tags", {"id": 2})
    assert (answer.status, code(answer)) == (500, "INTERNAL_SERVER_ERROR")
    assert doors == ["/items/tags"]
    assert len(data(await ask(site, "GET", "/items/tags"))) == 1


async def test_a_schema_that_keeps_changing_ends_in_an_error(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request is run three more times at the most."""
    holder = site.project.holder
    runs: list[int] = []

    async def reload() -> Bundle:
        runs.append(1)
        holder.current = Bundle(holder.current.snapshot)
        return holder.current

    await ask(site, "GET", "/items/notes")
    await rename(site)
    monkeypatch.setattr(holder, "reload", reload)
    answer = await ask(site, "GET", "/items/notes")
    assert (answer.status, code(answer)) == (500, "INTERNAL_SERVER_ERROR")
    assert len(runs) == 3


# --- asked for ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("door", ["rest", "graphql"])
async def test_what_sql_has_changed_shows_when_the_cache_is_cleared(
    sites: tuple[Site, Site], door: str
) -> None:
    here, there = sites
    for site in sites:
        assert "extra" not in data(await ask(site, "GET", "/items/notes/1"))
    await change(here.database, "alter table notes add column extra varchar(5)")
    await change(
        here.database, "insert into directus_collections (collection, singleton) values ('tags', true)"
    )
    for site in sites:
        assert "extra" not in data(await ask(site, "GET", "/items/notes/1"))
        assert isinstance(data(await ask(site, "GET", "/items/tags")), list)
    if door == "rest":
        answer = await ask(here, "POST", "/utils/cache/clear")
        assert (answer.status, answer.body) == (200, b"")
    else:
        told = await graphql(here, "mutation { utils_cache_clear }", "/graphql/system")
        assert told == {"data": {"utils_cache_clear": None}}
    for site in (there, here):
        assert data(await ask(site, "GET", "/items/notes/1"))["extra"] is None
        assert data(await ask(site, "GET", "/items/tags")) == {"id": 1, "word": "x"}


async def test_only_administrators_clear_the_cache_and_only_once(site: Site) -> None:
    before = site.project.epochs.schema
    assert code(await site.ask("POST", "/utils/cache/clear")) == "FORBIDDEN"
    asked = {"query": "mutation { utils_cache_clear }"}
    told = json.loads((await site.ask("POST", "/graphql/system", asked)).body)
    assert told["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    twice = await graphql(site, "mutation { a: utils_cache_clear b: utils_cache_clear }", "/graphql/system")
    assert twice["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION"
    assert code(await ask(site, "GET", "/utils/cache/clear")) == "ROUTE_NOT_FOUND"
    assert site.project.epochs.schema == before


async def test_without_cache_every_request_sees_the_database_as_it_is(make_database: MakeDatabase) -> None:
    url = await make_database(seed_notes)
    async with running(url, CACHE_SCHEMA="false") as site:
        assert data(await ask(site, "GET", "/items/tags/1")) == {"id": 1, "word": "x"}
        bundle = site.project.holder.current
        await change(site.database, "alter table tags add column colour varchar(5)")
        assert data(await ask(site, "GET", "/items/tags/1")) == {"id": 1, "word": "x", "colour": None}
        assert site.project.holder.current is not bundle
        bundle = site.project.holder.current
        await change(
            site.database, "insert into directus_collections (collection, singleton) values ('tags', true)"
        )
        assert data(await ask(site, "GET", "/items/tags")) == {"id": 1, "word": "x", "colour": None}
        assert (await graphql(site, "{ tags { colour } }")) == {"data": {"tags": {"colour": None}}}
        assert site.project.holder.current is not bundle
        bundle = site.project.holder.current
        await ask(site, "POST", "/items/notes", {"id": 9})
        assert site.project.holder.current is bundle
