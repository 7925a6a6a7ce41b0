"""What writes of items do: one row of the tables for each way to say it. Request -> refusal or rows, on both
databases.

Random sequences of these, held against a model, are in test_write_laws; here stand the rows of the protocol
one by one, and those that end in a refusal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pytest

from tests.support.base_rows import ask, everything, held, told
from tests.support.project import Site
from tests.support.writers import rows

# --- lists of items ---------------------------------------------------------------------------------------

NOTES: Final = "notes(post, id)"
#: what `notes` of the first post is given -> (post, id) of the notes; (1, 1), (1, 2), (2, 3) before
LISTS: Final[Mapping[str, tuple[Any, Any]]] = {
    "keys": ([2], [(None, 1), (1, 2), (2, 3)]),
    "keys as text": (["2"], [(None, 1), (1, 2), (2, 3)]),
    "a key of another list": ([1, 2, 3], [(1, 1), (1, 2), (1, 3)]),
    "an object with a key alone": ([{"id": 3}], [(None, 1), (None, 2), (1, 3)]),
    "a key twice": ([1, 1], [(None, 2), (1, 1), (2, 3)]),
    "null": (None, [(None, 1), (None, 2), (2, 3)]),
    "no items": ([], [(None, 1), (None, 2), (2, 3)]),
    "a new item of a key": ([{"id": 77, "label": "new"}], [(None, 1), (None, 2), (1, 77), (2, 3)]),
    "a new item that says it belongs elsewhere": (
        [1, 2, {"id": 77, "label": "new", "post": 2}],
        [(1, 1), (1, 2), (1, 77), (2, 3)],
    ),
    "an item of another list that says where it belongs": (
        [{"id": 3, "post": 2}],
        [(None, 1), (None, 2), (1, 3)],
    ),
    "an item of the list that says it belongs elsewhere": (
        [{"id": 1, "post": 2}, 2],
        [(1, 2), (2, 1), (2, 3)],
    ),
    "no change": ({}, [(1, 1), (1, 2), (2, 3)]),
    "update moves an item here": ({"update": [{"id": 3, "n": 5}]}, [(1, 1), (1, 2), (1, 3)]),
    "update moves an item of the list away": ({"update": [{"id": 1, "post": 2}]}, [(1, 2), (2, 1), (2, 3)]),
    "update unlinks an item of the list": (
        {"update": [{"id": 1, "post": None}]},
        [(None, 1), (1, 2), (2, 3)],
    ),
    "update cannot send an item of another list on": (
        {"update": [{"id": 3, "post": None}]},
        [(1, 1), (1, 2), (1, 3)],
    ),
    "update of nothing": ({"update": [{"id": 99, "n": 5}]}, [(1, 1), (1, 2), (2, 3)]),
    "delete unlinks": ({"delete": [1, "2"]}, [(None, 1), (None, 2), (2, 3)]),
    "delete by object": ({"delete": [{"id": 1}]}, [(None, 1), (1, 2), (2, 3)]),
    "delete of what is not in the list": ({"delete": [3, 99]}, [(1, 1), (1, 2), (2, 3)]),
    "update and delete of one": ({"update": [{"id": 1, "n": 5}], "delete": [1]}, [(None, 1), (1, 2), (2, 3)]),
    "connect": ({"connect": [1, 3]}, [(1, 1), (1, 2), (1, 3)]),
    "disconnect": ({"disconnect": [1, 3]}, [(None, 1), (1, 2), (2, 3)]),
    "set": ({"set": [3, "1"]}, [(None, 2), (1, 1), (1, 3)]),
    "set none": ({"set": []}, [(None, 1), (None, 2), (2, 3)]),
    "all steps": (
        {
            "create": [{"id": 77, "label": "new"}],
            "update": [{"id": 1, "n": 5}],
            "delete": [2],
            "connect": [3],
        },
        [(None, 2), (1, 1), (1, 3), (1, 77)],
    ),
}


def _nulls_first(found: list[Any]) -> list[Any]:
    return sorted(found, key=lambda row: tuple((value is not None, value) for value in row))


@pytest.mark.parametrize("case", LISTS)
async def test_lists(written: Site, case: str) -> None:
    value, expected = LISTS[case]
    assert told(await ask(written, "PATCH", "/items/posts/1", {"notes": value})) == 200
    assert _nulls_first(await held(written, NOTES)) == _nulls_first(expected)


async def test_the_last_of_two_changes_wins(written: Site) -> None:
    twice = [{"id": 1, "n": 5}, {"id": 1, "n": 6}, 2]
    assert told(await ask(written, "PATCH", "/items/posts/1", {"notes": twice})) == 200
    assert await held(written, "notes(id, n)") == [(1, 6), (2, 0), (3, 0)]


MISBUILT: Final = "Invalid payload. Invalid one-to-many update structure: "
REFUSED_LISTS: Final[Mapping[str, tuple[Any, Any]]] = {
    "an unknown key": ([99], (403, "FORBIDDEN", None)),
    "no key": (["abc"], (403, "FORBIDDEN", None)),
    "half a key": ([1.5], (403, "FORBIDDEN", None)),
    "null": ([None], (400, "INVALID_PAYLOAD", None)),
    "a list": ([[1]], (400, "INVALID_PAYLOAD", None)),
    "a key of null": ([{"id": None}], (400, "FAILED_VALIDATION", None)),
    "a scalar": ("1", (400, "INVALID_PAYLOAD", f'{MISBUILT}"value" must be of type object.')),
    "a number": (5, (400, "INVALID_PAYLOAD", f'{MISBUILT}"value" must be of type object.')),
    "a truth": (True, (400, "INVALID_PAYLOAD", f'{MISBUILT}"value" must be of type object.')),
    "an unknown step": ({"foo": []}, (400, "INVALID_PAYLOAD", f'{MISBUILT}"foo" is not allowed.')),
    "create of one": ({"create": {}}, (400, "INVALID_PAYLOAD", f'{MISBUILT}"create" must be an array.')),
    "create of null": ({"create": None}, (400, "INVALID_PAYLOAD", f'{MISBUILT}"create" must be an array.')),
    "create by key": (
        {"create": [5]},
        (400, "INVALID_PAYLOAD", f'{MISBUILT}"create[0]" must be of type object.'),
    ),
    "update by key": (
        {"update": [{"id": 1}, 5]},
        (400, "INVALID_PAYLOAD", f'{MISBUILT}"update[1]" must be of type object.'),
    ),
    "delete of one": ({"delete": 2}, (400, "INVALID_PAYLOAD", f'{MISBUILT}"delete" must be an array.')),
    "create of what is there": (
        {"create": [{"id": 1, "label": "new"}]},
        (400, "RECORD_NOT_UNIQUE", 'Value "1" for field "id" in collection "notes" has to be unique.'),
    ),
    "update of nobody": ({"update": [{"n": 1}]}, (400, "INVALID_PAYLOAD", None)),
    "connect of what is not there": ({"connect": [99]}, (403, "FORBIDDEN", None)),
    "what is required": (
        [{"n": 1}],
        (400, "FAILED_VALIDATION", 'Validation failed for field "label" at "notes". Value is required.'),
    ),
    "what two lists of one request want, after one has ended it": (
        None,
        (403, "FORBIDDEN", None),
    ),
}


@pytest.mark.parametrize("case", REFUSED_LISTS)
async def test_refused_lists(written: Site, case: str) -> None:
    value, (status, code, message) = REFUSED_LISTS[case]
    before = await everything(written)
    body: Any = [{"id": 1, "n": 9, "notes": value}]
    if case.startswith("what two lists"):
        body = [{"id": 1, "comments": []}, {"id": 2, "comments": [1]}]
    answer = told(await ask(written, "PATCH", "/items/posts", body))
    assert answer[:2] == (status, code), answer
    assert message is None or answer[2] == message
    assert await everything(written) == before


async def test_places_of_new_items(written: Site) -> None:
    """`create` puts them behind those that are there; the array says nothing of places."""
    made = {"notes": {"create": [{"label": "a"}, {"label": "b", "pos": 50}, {"label": "c"}]}}
    assert told(await ask(written, "PATCH", "/items/posts/1", made)) == 200
    assert await rows(written, "select label, pos from notes where post = 1 and id > 3 order by id") == [
        ("a", 3),
        ("b", 50),
        ("c", 5),
    ]
    assert told(await ask(written, "PATCH", "/items/posts/2", {"notes": [{"label": "d"}, 1]})) == 200
    assert await rows(written, "select label, pos from notes where post = 2 order by label") == [
        ("d", None),
        ("one", 2),
    ]
    assert told(await ask(written, "POST", "/items/posts", {"label": "p", **_renamed(made)})) == 200
    assert await rows(written, "select pos from notes where label in ('aa', 'bb', 'cc') order by label") == [
        (1,),
        (50,),
        (3,),
    ]


def _renamed(made: Any) -> Any:
    return {"notes": {"create": [{**item, "label": item["label"] * 2} for item in made["notes"]["create"]]}}


#: what `comments` of the first post is given -> those that are left; leaving means being deleted
DELETING: Final[Mapping[str, tuple[Any, Any]]] = {
    "left out": ([3], [2, 3]),
    "null": (None, [2]),
    "delete, its own only": ({"delete": [1, 2, 99]}, [2, 3]),
    "disconnect": ({"disconnect": [3]}, [1, 2]),
    "set": ({"set": [2]}, [2]),
    "taken from another": ([2], [2]),
}


@pytest.mark.parametrize("case", DELETING)
async def test_leaving_can_mean_deleting(written: Site, case: str) -> None:
    value, expected = DELETING[case]
    assert told(await ask(written, "PATCH", "/items/posts/1", {"comments": value})) == 200
    assert await held(written, "comments(id)") == expected


@pytest.mark.parametrize("value", [[], None, {"delete": [1]}, {"disconnect": [1]}, {"set": []}])
async def test_what_cannot_stand_alone_is_not_unlinked(written: Site, value: Any) -> None:
    before = await everything(written)
    assert told(await ask(written, "PATCH", "/items/posts/1", {"n": 9, "lines": value})) == (
        400,
        "FAILED_VALIDATION",
        'Validation failed for field "post" at "lines". Value can\'t be null.',
        {"field": "post", "path": ["lines"], "type": "nnull"},
    )
    assert await everything(written) == before


async def test_what_cannot_stand_alone_is_moved_and_made(written: Site) -> None:
    made = {"label": "new", "lines": {"create": [{"label": "print"}], "connect": [1]}}
    assert told(await ask(written, "POST", "/items/posts", {"id": 50, **made})) == 200
    assert await held(written, "lines(label, post)") == [("end", 50), ("print", 50)]
    refused = told(await ask(written, "POST", "/items/lines", {"label": "alone"}))
    assert refused[2:] == (
        'Validation failed for field "post". Value is required.',
        {"field": "post", "path": [], "type": "required"},
    )
    nulled = told(await ask(written, "POST", "/items/lines", {"label": "alone", "post": None}))
    assert nulled[3]["type"] == "nnull"
    around = {"label": "goto", "post": {"id": 51, "label": "around"}}
    assert told(await ask(written, "POST", "/items/lines", around)) == 200
    assert ("goto", 51) in await held(written, "lines(label, post)")


# --- many-to-many and many-to-any -------------------------------------------------------------------------

#: what `tags` of the first post is given -> (post, tag, n) of the junction, and codes of the tags
JUNCTIONS: Final[Mapping[str, tuple[Any, Any, Any]]] = {
    "keys of the junction": ([2], [(None, "red", 0), (1, "blue", 0)], None),
    "the other side by its key": (
        [1, 2, {"tag": "red"}],
        [(1, "blue", 0), (1, "red", 0), (1, "red", None)],
        None,
    ),
    "the other side new": (
        [1, 2, {"tag": {"code": "green"}}],
        [(1, "blue", 0), (1, "green", None), (1, "red", 0)],
        [("blue", 0), ("green", None), ("red", 0)],
    ),
    "both sides updated": (
        [{"id": 1, "n": 4, "tag": {"code": "red", "n": 5}}, 2],
        [(1, "blue", 0), (1, "red", 4)],
        [("blue", 0), ("red", 5)],
    ),
    "another one on the other side": ([{"id": 1, "tag": "blue"}], [(None, "blue", 0), (1, "blue", 0)], None),
    "nothing on the other side": (
        [1, 2, {}, {"tag": None}],
        [(1, None, None), (1, None, None), (1, "blue", 0), (1, "red", 0)],
        None,
    ),
    "connect, where none leads there": ({"connect": ["red"]}, [(1, "blue", 0), (1, "red", 0)], None),
    "disconnect": ({"disconnect": ["red", "nowhere"]}, [(None, "red", 0), (1, "blue", 0)], None),
    "set": ({"set": ["blue"]}, [(None, "red", 0), (1, "blue", 0)], None),
    "delete by key of the junction": ({"delete": [1]}, [(None, "red", 0), (1, "blue", 0)], None),
}


@pytest.mark.parametrize("case", JUNCTIONS)
async def test_many_to_many(written: Site, case: str) -> None:
    value, junction, tags = JUNCTIONS[case]
    assert told(await ask(written, "PATCH", "/items/posts/1", {"tags": value})) == 200
    assert _nulls_first(await held(written, "posts_tags(post, tag, n)")) == _nulls_first(junction)
    assert tags is None or await held(written, "tags(code, n)") == tags


@pytest.mark.parametrize("value", [[{"tag": "nowhere"}], {"connect": ["nowhere"]}, {"set": ["nowhere"]}])
async def test_many_to_many_with_nobody(written: Site, value: Any) -> None:
    before = await everything(written)
    assert told(await ask(written, "PATCH", "/items/posts/1", {"tags": value})) == (
        400,
        "INVALID_FOREIGN_KEY",
        'Invalid foreign key "nowhere" for field "tag" in collection "posts_tags".',
        {"collection": "posts_tags", "field": "tag", "value": "nowhere"},
    )
    assert await everything(written) == before


#: what `blocks` of the first post is given -> (page, collection, item, n), and labels of the texts
ANY: Final[Mapping[str, tuple[Any, Any, Any]]] = {
    "a new item": (
        [1, 2, {"collection": "texts", "item": {"id": 7, "label": "ipsum"}}],
        [(1, "tags", "red", 0), (1, "texts", "1", 0), (1, "texts", "7", None)],
        ["ipsum", "lorem"],
    ),
    "an item that is there": (
        [{"id": 1, "collection": "texts", "item": {"id": 1, "label": "dolor"}}],
        [(1, "texts", "1", 0)],
        ["dolor"],
    ),
    "another item": ([{"id": 1, "item": 2}, 2], [(1, "tags", "red", 0), (1, "texts", "2", 0)], None),
    "an item of another collection": (
        [{"id": 1, "collection": "tags", "item": "blue"}],
        [(1, "tags", "blue", 0)],
        None,
    ),
    "nothing": ([{"id": 1, "collection": None, "item": None}], [(1, None, None, 0)], None),
    "connect": (
        {"connect": [{"collection": "texts", "item": 1}, {"collection": "tags", "item": "blue"}]},
        [(1, "tags", "blue", None), (1, "tags", "red", 0), (1, "texts", "1", 0)],
        None,
    ),
    "disconnect": ({"disconnect": [{"collection": "tags", "item": "red"}]}, [(1, "texts", "1", 0)], None),
    "set": (
        {"set": [{"collection": "texts", "item": "1"}, {"collection": "tags", "item": "blue"}]},
        [(1, "tags", "blue", None), (1, "texts", "1", 0)],
        None,
    ),
}


@pytest.mark.parametrize("case", ANY)
async def test_many_to_any(written: Site, case: str) -> None:
    value, junction, labels = ANY[case]
    assert told(await ask(written, "PATCH", "/items/posts/1", {"blocks": value})) == 200
    assert _nulls_first(await held(written, "blocks(page, collection, item, n)")) == _nulls_first(junction)
    assert labels is None or await held(written, "texts(label)") == labels


UNLINKED: Final = (
    'Invalid payload. Can\'t update nested record "blocks.item" without field "blocks.collection" being set.'
)
REFUSED_ANY: Final[Mapping[str, tuple[Any, str | None]]] = {
    "no collection": ([{"item": {"label": "x"}}], UNLINKED),
    "no collection, though the row has one": ([{"id": 1, "item": {"label": "x"}}], UNLINKED),
    "a collection that is not allowed": (
        [{"collection": "notes", "item": {"label": "x"}}],
        'Invalid payload. "blocks.item" can\'t be linked to collection "notes".',
    ),
    "connect by key alone": ({"connect": [1]}, None),
    "connect of another collection": ({"connect": [{"collection": "notes", "item": 1}]}, None),
    "a list": ([{"collection": "texts", "item": [1]}], None),
}


@pytest.mark.parametrize("case", REFUSED_ANY)
async def test_refused_many_to_any(written: Site, case: str) -> None:
    value, message = REFUSED_ANY[case]
    before = await everything(written)
    answer = told(await ask(written, "PATCH", "/items/posts/1", {"n": 9, "blocks": value}))
    assert answer[:2] == (400, "INVALID_PAYLOAD"), answer
    assert message is None or answer[2] == message
    assert await everything(written) == before


# --- to-one items -----------------------------------------------------------------------------------------

#: what `section` of the first post is given -> label of its section, and (label, n) of the new or changed one
ONES: Final[Mapping[str, tuple[Any, Any, Any]]] = {
    "a key": (3, "right", None),
    "a key as text": ("3", "right", None),
    "null": (None, None, None),
    "a new one": ({"label": "new", "n": 4}, "new", ("new", 4)),
    "a new one of a key": ({"id": 555, "label": "new"}, "new", ("new", None)),
    "one that is there": ({"id": 3}, "right", ("right", 0)),
    "one that is there, changed": ({"id": "3", "n": 4}, "right", ("right", 4)),
    "the one it has, changed": ({"id": 2, "n": 4}, "left", ("left", 4)),
    "connect": ({"connect": 3}, "right", None),
    "disconnect": ({"disconnect": True}, None, None),
    "create": ({"create": {"label": "new"}}, "new", ("new", None)),
    "update": ({"update": {"id": 3, "n": 4}}, "right", ("right", 4)),
}


@pytest.mark.parametrize("case", ONES)
async def test_to_one(written: Site, case: str) -> None:
    value, label, one = ONES[case]
    assert told(await ask(written, "PATCH", "/items/posts/1", {"section": value})) == 200
    sql = "select s.label from posts p left join sections s on s.id = p.section where p.id = 1"
    assert await rows(written, sql) == [(label,)]
    if one is not None:
        assert one in await held(written, "sections(label, n)")


REFUSED_ONES: Final[Mapping[str, tuple[Any, str]]] = {
    "a key of null": ({"id": None, "label": "new"}, "FAILED_VALIDATION"),
    "an unknown key": (99, "INVALID_FOREIGN_KEY"),
    "no key": ("abc", "INVALID_PAYLOAD"),
    "a list": ([1], "INVALID_PAYLOAD"),
    "an object without what is required": ({}, "FAILED_VALIDATION"),
    "create of what is there": ({"create": {"id": 3, "label": "new"}}, "RECORD_NOT_UNIQUE"),
    "create of many": ({"create": [{"label": "new"}]}, "INVALID_PAYLOAD"),
    "update of what is not there": ({"update": {"id": 99, "n": 1}}, "FORBIDDEN"),
    "update of nobody": ({"update": {"n": 1}}, "INVALID_PAYLOAD"),
    "two steps": ({"connect": 1, "disconnect": True}, "INVALID_PAYLOAD"),
}


@pytest.mark.parametrize("case", REFUSED_ONES)
async def test_refused_to_one(written: Site, case: str) -> None:
    value, code = REFUSED_ONES[case]
    before = await everything(written)
    answer = told(await ask(written, "PATCH", "/items/posts/1", {"n": 9, "section": value}))
    assert answer[1] == code, answer
    if case == "an unknown key":
        assert answer[3] == {"collection": "posts", "field": "section", "value": 99}
    if case == "a key of null":
        assert answer[3] == {"field": "id", "path": ["section"], "type": "nnull"}
    assert await everything(written) == before
