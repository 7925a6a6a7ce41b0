"""What writes leave in activity and revisions: one row of the table for each way to write."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest

from resolvers.context import PUBLIC
from resolvers.permissions import UNRESTRICTED
from tests.support.lending import Lend
from tests.support.project import Site
from tests.support.writers import CONTEXT, USER, done, rows, run, seed_writers

MASK = "**********"
MOMENT = "2024-06-15T12:00:00.000Z"


@pytest.fixture
async def site(lend: Lend) -> Site:
    return await lend(seed_writers)


@dataclass(frozen=True, kw_only=True)
class Told:
    """`activities`: (action, collection, item); `revisions`: (collection, item, data, delta, collection of
    the parent).
    """

    activities: list[tuple[Any, ...]]
    revisions: list[tuple[Any, ...]]


async def told(site: Site) -> Told:
    """What history holds, in the order in which it was written."""
    activities = await rows(site, "select id, action, collection, item from directus_activity order by id")
    revisions = await rows(
        site, "select id, activity, collection, item, data, delta, parent from directus_revisions order by id"
    )
    homes = {row[0]: row[2] for row in revisions}
    named = {row[0]: row[1:] for row in activities}
    for _, activity, collection, item, *_rest in revisions:
        # each revision belongs to the activity of its own item
        assert named[activity][1:] == (collection, item)
    return Told(
        activities=[row[1:] for row in activities],
        revisions=[(row[2], row[3], _loads(row[4]), _loads(row[5]), homes.get(row[6])) for row in revisions],
    )


def _loads(value: Any) -> Any:
    return None if value is None else json.loads(value)


async def wiped(site: Site) -> None:
    """What came before is not looked at."""
    async with site.database.transaction() as transaction:
        await transaction.execute("delete from directus_revisions")
        await transaction.execute("delete from directus_activity")


CREATES: dict[str, tuple[dict[str, Any], Any]] = {
    "what was sent, no more": ({"title": "A"}, {"title": "A"}),
    "numbers as they were sent": ({"price": "1.5"}, {"price": "1.5"}),
    "moments in UTC": (
        {"at": "2024-02-03T04:05:06+02:00", "local": "2024-02-03T04:05:06.5", "day": "2024-02-03"},
        {"at": "2024-02-03T02:05:06.000Z", "local": "2024-02-03T04:05:06", "day": "2024-02-03"},
    ),
    "lists and objects as such": (
        {"cs": "a,b", "js": '{"x":1}', "ok": "true"},
        {"cs": ["a", "b"], "js": {"x": 1}, "ok": True},
    ),
    "in the order of the payload": ({"title": "A", "ok": True, "day": None}, None),
    "a key that was sent": ({"id": 7, "title": "A"}, {"id": 7, "title": "A"}),
    "no secrets": ({"hush": "plain", "pin": "1234"}, {"hush": MASK, "pin": MASK}),
    "secrets that are null": ({"hush": None, "pin": None}, {"hush": None, "pin": None}),
    "nothing of what leads elsewhere": ({"author": None, "title": "A"}, {"title": "A"}),
    "nothing at all": ({}, None),
}


@pytest.mark.parametrize("case", CREATES)
async def test_created_items_are_told_as_they_were_sent(site: Site, case: str) -> None:
    payload, expected = CREATES[case]
    if case == "in the order of the payload":
        expected = payload
    key = str((await done(site, "create_posts_item(payload: $p) { id }", p=payload))["id"])
    found = await told(site)
    assert found.activities == [("create", "posts", key)]
    assert found.revisions == [("posts", key, expected, expected, None)]
    if expected:
        assert list(found.revisions[0][2]) == list(expected)


UPDATES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "fields in their order": ({"ok": False, "title": "B"}, {"title": "B", "ok": False}),
    "values that stay as well": ({"title": "A"}, {"title": "A"}),
    "what leads to one item": ({"author": 1}, {"author": 1}),
    "what leads nowhere any more": ({"author": None}, {"author": None}),
    "never the key, never the unknown": ({"id": 9, "bogus": 1, "title": "B"}, {"title": "B"}),
    "no secrets": ({"hush": "other", "pin": "1"}, {"hush": MASK, "pin": MASK}),
    "moments in UTC": ({"at": "2024-02-03T04:05:06+02:00"}, {"at": "2024-02-03T02:05:06.000Z"}),
    "what the server sets by itself": ({}, {}),
}


@pytest.mark.parametrize("case", UPDATES)
async def test_changed_items_are_told_whole_and_by_what_changed(site: Site, case: str) -> None:
    payload, delta = UPDATES[case]
    await done(site, "create_authors_item(payload: $p) { id }", p={"name": "Ada"})
    first = {"title": "A", "hush": "plain", "pin": "1234", "cs": "x", "price": "2.5"}
    await done(site, "create_posts_item(payload: $p) { id }", p=first)
    await wiped(site)
    await done(site, "update_posts_item(id: 1, payload: $p) { id }", p=payload)
    found = await told(site)
    assert found.activities == [("update", "posts", "1")]
    ((collection, item, data, changed, parent),) = found.revisions
    assert (collection, item, parent) == ("posts", "1", None)
    made = {"updated": MOMENT, "updater": USER}
    order = ["title", "at", "ok", "updated", "updater", "hush", "pin", "author"]
    assert changed == {**delta, **made}
    assert list(changed) == [name for name in order if name in changed]
    assert data == {
        "id": 1, "title": "A", "status": "draft",
        "price": 2.5,
        "at": None, "local": None, "day": None, "js": None, "cs": ["x"], "ok": None, "created": MOMENT,
        "hush": MASK, "pin": MASK, **made,
        **{name: value for name, value in delta.items() if name != "author"},
    }  # fmt: skip


@pytest.mark.parametrize("payload", [{}, {"bogus": 1}, {"id": 1}])
async def test_an_update_of_nothing_has_no_revision(site: Site, payload: dict[str, Any]) -> None:
    await done(site, "create_tags_item(payload: $p) { id }", p={"name": "red"})
    await wiped(site)
    await done(site, "update_tags_item(id: 1, payload: $p) { id }", p=payload)
    assert await told(site) == Told(activities=[("update", "tags", "1")], revisions=[])


async def test_batches_have_a_row_for_each_item_in_order(site: Site) -> None:
    many = [{"name": "a"}, {"name": "b"}, {"name": "c"}]
    await done(site, "create_tags_items(payload: $p) { id }", p=many)
    await done(site, "update_tags_items(ids: [2, 1], payload: $p) { id }", p={"name": "x"})
    await done(site, "update_tags_batch(payload: $p) { id }", p=[{"id": 2, "name": "y"}, {"id": 1}])
    await done(site, "delete_tags_items(ids: [1, 2]) { ids }")
    found = await told(site)
    assert found.activities == [
        ("create", "tags", "1"), ("create", "tags", "2"), ("create", "tags", "3"),
        ("update", "tags", "2"), ("update", "tags", "1"),
        ("update", "tags", "2"), ("update", "tags", "1"),
        ("delete", "tags", "1"), ("delete", "tags", "2"),
    ]  # fmt: skip
    assert found.revisions == [
        ("tags", "1", {"name": "a"}, {"name": "a"}, None),
        ("tags", "2", {"name": "b"}, {"name": "b"}, None),
        ("tags", "3", {"name": "c"}, {"name": "c"}, None),
        ("tags", "2", {"id": 2, "name": "x"}, {"name": "x"}, None),
        ("tags", "1", {"id": 1, "name": "x"}, {"name": "x"}, None),
        ("tags", "2", {"id": 2, "name": "y"}, {"name": "y"}, None),
    ]


@pytest.mark.parametrize(
    "root",
    [
        "update_tags_item(id: 4444, payload: $p) { id }",
        "update_tags_items(ids: [4444], payload: $p) { id }",
        "delete_tags_item(id: 4444) { id }",
        "delete_tags_items(ids: [4444]) { ids }",
    ],
)
@pytest.mark.parametrize("payload", [{}, {"name": "x"}], ids=["nothing", "something"])
async def test_nothing_is_told_of_items_that_are_not_there(
    site: Site, root: str, payload: dict[str, Any]
) -> None:
    await done(site, root, p=payload)
    assert await told(site) == Told(activities=[], revisions=[])


async def test_a_singleton_is_created_once(site: Site) -> None:
    await done(site, "update_homepage(payload: $p) { id }", p={"title": "A"})
    await done(site, "update_homepage(payload: $p) { id }", p={"title": "B"})
    found = await told(site)
    assert found.activities == [("create", "homepage", "1"), ("update", "homepage", "1")]
    assert found.revisions == [
        ("homepage", "1", {"title": "A"}, {"title": "A"}, None),
        ("homepage", "1", {"id": 1, "title": "B"}, {"title": "B"}, None),
    ]


async def test_collections_keep_what_they_are_asked_to(site: Site) -> None:
    for name in ("logged", "silent"):
        await done(site, f"create_{name}_item(payload: $p) {{ id }}", p={"name": "a"})
        await done(site, f"update_{name}_item(id: 1, payload: $p) {{ id }}", p={"name": "b"})
        await done(site, f"delete_{name}_item(id: 1) {{ id }}")
    assert await told(site) == Told(
        activities=[("create", "logged", "1"), ("update", "logged", "1"), ("delete", "logged", "1")],
        revisions=[],
    )


async def test_nested_items_hang_on_the_item_around_them(site: Site) -> None:
    """Items that contain others are written before them, so that a revision points at an earlier one."""
    payload = {
        "title": "P",
        "author": {"name": "Ada"},
        "notes": {"create": [{"body": "n1"}, {"body": "n2"}]},
        "tags": [{"tag": {"name": "red"}}],
        "blocks": [{"collection": "texts", "item": {"body": "T"}}],
    }
    await done(site, "create_posts_item(payload: $p) { id }", p=payload)
    found = await told(site)
    assert sorted(found.activities) == [
        ("create", "authors", "1"), ("create", "blocks", "1"), ("create", "notes", "1"),
        ("create", "notes", "2"), ("create", "posts", "1"), ("create", "posts_tags", "1"),
        ("create", "tags", "1"), ("create", "texts", "1"),
    ]  # fmt: skip
    assert sorted(found.revisions, key=lambda row: row[:2]) == [
        ("authors", "1", {"name": "Ada"}, {"name": "Ada"}, "posts"),
        ("blocks", "1", {"collection": "texts"}, {"collection": "texts"}, "posts"),
        ("notes", "1", {"body": "n1", "pos": 1}, {"body": "n1", "pos": 1}, "posts"),
        ("notes", "2", {"body": "n2", "pos": 2}, {"body": "n2", "pos": 2}, "posts"),
        ("posts", "1", {"title": "P"}, {"title": "P"}, None),
        ("posts_tags", "1", None, None, "posts"),
        ("tags", "1", {"name": "red"}, {"name": "red"}, "posts_tags"),
        ("texts", "1", {"body": "T"}, {"body": "T"}, "blocks"),
    ]
    assert found.activities[0] == ("create", "posts", "1")


async def test_lists_tell_of_what_came_and_went(site: Site) -> None:
    for post in ({"title": "P", "notes": [{"body": "a"}, {"body": "b"}]}, {"title": "Q"}):
        await done(site, "create_posts_item(payload: $p) { id }", p=post)
    await done(site, "create_notes_item(payload: $p) { id }", p={"body": "c"})
    await wiped(site)
    await done(
        site, "update_posts_item(id: 1, payload: $p) { id }", p={"notes": [1, 3, {"id": 2, "body": "B"}]}
    )
    found = await told(site)
    # the first is already where it belongs, so nothing is told of it
    assert sorted(found.activities) == [
        ("update", "notes", "2"),
        ("update", "notes", "3"),
        ("update", "posts", "1"),
    ]
    assert sorted((row[1], row[3], row[4]) for row in found.revisions if row[0] == "notes") == [
        ("2", {"body": "B"}, "posts"),
        ("3", {"post": 1}, "posts"),
    ]
    await wiped(site)
    await done(
        site, "update_posts_item(id: 2, payload: $p) { id }", p={"notes": [{"id": 3, "body": "moved"}]}
    )
    await done(site, "update_posts_item(id: 1, payload: $p) { id }", p={"notes": {"delete": [1]}})
    found = await told(site)
    assert [(row[1], row[3]) for row in found.revisions if row[0] == "notes"] == [
        ("3", {"body": "moved", "post": 2}),
        ("1", {"post": None}),
    ]


async def test_what_only_leads_somewhere_does_not_change(site: Site) -> None:
    await done(site, "create_authors_item(payload: $p) { id }", p={"name": "Ada"})
    await done(site, "create_posts_item(payload: $p) { id }", p={"title": "P"})
    await wiped(site)
    await done(site, "update_posts_item(id: 1, payload: $p) { id }", p={"author": {"id": 1}})
    found = await told(site)
    assert found.activities == [("update", "posts", "1")]
    assert found.revisions[0][3]["author"] == 1
    await wiped(site)
    await done(site, "update_posts_item(id: 1, payload: $p) { id }", p={"author": {"id": 1, "name": "A"}})
    found = await told(site)
    assert sorted(found.activities) == [("update", "authors", "1"), ("update", "posts", "1")]
    assert [row[3:] for row in found.revisions if row[0] == "authors"] == [({"name": "A"}, "posts")]


async def test_what_the_database_deletes_along_is_not_told(site: Site) -> None:
    await done(site, "create_posts_item(payload: $p) { id }", p={"tags": [{"tag": {"name": "red"}}]})
    await wiped(site)
    await done(site, "delete_posts_item(id: 1) { id }")
    assert await rows(site, "select id from posts_tags") == []
    assert await told(site) == Told(activities=[("delete", "posts", "1")], revisions=[])


async def test_system_collections_have_a_history_but_presets(site: Site) -> None:
    made = {"name": "team", "icon": "x"}
    role = await done(site, "create_roles_item(payload: $p) { id }", scope="system", p=made)
    await done(site, "create_presets_item(payload: $p) { id }", scope="system", p={"collection": "posts"})
    user = {"email": "a@example.com", "password": "plain", "token": "t0k3n"}
    await done(site, "create_users_item(payload: $p) { id }", scope="system", p=user)
    found = await told(site)
    assert [row[:2] for row in found.activities] == [
        ("create", "directus_roles"),
        ("create", "directus_users"),
    ]
    assert found.revisions[0] == ("directus_roles", role["id"], made, made, None)
    assert found.revisions[1][3] == {"email": "a@example.com", "password": MASK, "token": MASK}


WHO = 'select "user", ip, user_agent, origin, {moment} from directus_activity order by id'


async def test_activity_says_who_and_from_where(site: Site) -> None:
    moment = "cast(extract(epoch from timestamp) as int)"
    if site.database.dialect == "sqlite":
        moment = "timestamp / 1000"
    long = replace(CONTEXT, actor=PUBLIC, ip=None, user_agent="x" * 300, origin=None, rules=UNRESTRICTED)
    await done(site, "create_tags_item(payload: $p) { id }", p={"name": "a"})
    await done(site, "create_tags_item(payload: $p) { id }", p={"name": "a"}, context=long)
    found = await rows(site, WHO.format(moment=moment))
    assert [(None if row[0] is None else str(row[0]), *row[1:]) for row in found] == [
        (USER, "192.0.2.7", "tests", "https://app.example", 1718452800),
        (None, None, "x" * 255, None, 1718452800),
    ]


async def test_a_refused_write_tells_nothing(site: Site) -> None:
    payload = {"title": "P", "notes": [{"body": "x" * 91}]}
    refused = await run(site, "create_posts_item(payload: $p) { id }", p=payload)
    assert getattr(refused.error, "code", None) == "VALUE_TOO_LONG"
    assert await told(site) == Told(activities=[], revisions=[])
