"""Many items of one request: keys in their order, the refused one told, missing ones passed over."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from schema_gen.errors import CausewayError
from tests.conftest import MakeDatabase
from tests.support.project import Site, running
from tests.support.writers import done, rows, run, seed_writers


@pytest.fixture
async def site(make_database: MakeDatabase) -> AsyncIterator[Site]:
    async with running(await make_database(seed_writers)) as opened:
        yield opened


async def test_keys_come_in_the_order_of_the_payload_whatever_its_items_fill(site: Site) -> None:
    payload: list[dict[str, Any]] = [
        {"title": "a"},
        {"status": "b"},
        {"title": "d"},
        {},
        {"status": "f"},
        {"title": "z", "id": 40},
    ]
    made = await done(site, "create_posts_items(payload: $p) {id title status}", p=payload)
    for sent, item in zip(payload, made, strict=True):
        assert {**item, **sent} == item
    ((highest,),) = await rows(site, "select max(id) from posts")
    (after,) = await done(site, "create_posts_items(payload: $p) {id}", p=[{}])
    assert after["id"] > highest


async def test_of_many_new_items_the_one_that_is_taken_is_told(site: Site) -> None:
    await done(site, "create_tags_items(payload: $p) {id}", p=[{"id": 71}])
    before = await rows(site, "select id, name from tags order by id")
    result = await run(site, "create_tags_items(payload: $p) {id}", p=[{"id": 70}, {"id": 71}, {"id": 72}])
    assert isinstance(result.error, CausewayError)
    assert (result.error.code, result.error.extensions["field"]) == ("RECORD_NOT_UNIQUE", "id")
    assert str(result.error.extensions["value"]) == "71"
    assert await rows(site, "select id, name from tags order by id") == before


async def test_of_many_changes_the_one_that_leads_nowhere_is_told(site: Site) -> None:
    made = await done(site, "create_posts_items(payload: $p) {id}", p=[{}, {}, {}])
    (author,) = await done(site, "create_authors_items(payload: $p) {id}", p=[{"name": "A"}])
    leads = [author["id"], 4711, author["id"]]
    wanted = [{"id": one["id"], "author": lead} for one, lead in zip(made, leads, strict=True)]
    result = await run(site, "update_posts_batch(payload: $p) {id}", p=wanted)
    assert isinstance(result.error, CausewayError)
    assert (result.error.code, result.error.extensions["field"]) == ("INVALID_FOREIGN_KEY", "author")
    assert await rows(site, "select count(*) from posts where author is not null") == [(0,)]


async def test_items_that_are_not_there_are_passed_over(site: Site) -> None:
    made = await done(site, "create_tags_items(payload: $p) {id}", p=[{"name": "a"}, {"name": "b"}])
    first, last = (one["id"] for one in made)
    wanted = [{"id": last, "name": "B"}, {"id": 4711, "name": "?"}, {"id": first, "name": "A"}]
    changed = await done(site, "update_tags_batch(payload: $p) {id name}", p=wanted)
    assert {one["id"]: one["name"] for one in changed} == {first: "A", last: "B"}


async def test_a_batch_of_many_shapes_and_depths_hangs_together(site: Site) -> None:
    """More than one statement of history holds; every revision has its own activity and its own parent."""
    count = 1100
    payload = [{"title": f"p{number}", "notes": [{"body": f"n{number}"}]} for number in range(count)]
    assert len(await done(site, "create_posts_items(payload: $p, limit: -1) {id}", p=payload)) == count
    found = await rows(
        site,
        "select a.collection, r.collection, a.item, r.item, n.post, m.item, m.collection from"
        " directus_revisions r join directus_activity a on a.id = r.activity join directus_revisions m"
        " on m.id = r.parent join notes n on cast(n.id as varchar(20)) = r.item where r.collection = 'notes'",
    )
    assert len(found) == count
    for activity, revision, item, told, post, around, home in found:
        assert (activity, revision, item, home) == ("notes", "notes", told, "posts")
        assert around == str(post)
    assert await rows(site, "select count(*) from directus_activity") == [(2 * count,)]
    keys = [row[0] for row in await rows(site, "select id from posts order by id")]
    await done(site, "update_posts_items(ids: $ids, payload: $p) {id}", ids=keys, p={"status": "x"})
    changed = await rows(
        site, "select item, data from directus_revisions where cast(delta as text) like '%\"status\"%'"
    )
    whole = {item: json.loads(data) for item, data in changed}
    assert {item: one["title"] for item, one in whole.items()} == {
        str(key): f"p{number}" for number, key in enumerate(keys)
    }
