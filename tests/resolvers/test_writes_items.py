"""What writes of items do, continued: keys, fields that fill themselves, bodies, bounds, transactions.

On both databases.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from resolvers.writing.root import RootWriter
from resolvers.writing.steps import Key
from schema_gen.drivers.base import Transaction
from schema_gen.errors import TransientError
from tests.support.base_rows import ask, everything, held, told, written_site
from tests.support.project import ADMIN_TOKEN, Site, change, data
from tests.support.session import Dialect, TestRun
from tests.support.writers import insert, rows

# --- keys -------------------------------------------------------------------------------------------------

#: collection, payload of a new item -> its key
KEYS: Final[Mapping[str, tuple[str, Any, Any]]] = {
    "a number": ("tags", {"code": 5}, "5"),
    "an empty text": ("named", {"code": ""}, ""),
    "given": ("posts", {"id": 5, "label": "p"}, 5),
    "given as text": ("posts", {"id": "7", "label": "p"}, 7),
    "below zero": ("posts", {"id": -3, "label": "p"}, -3),
    "a uuid in another spelling": (
        "stamped",
        {"id": "6F0E2C1A00004000800000000000ABCD"},
        "6f0e2c1a-0000-4000-8000-00000000abcd",
    ),
    "of two columns": ("marks", {"post": 2, "section": "3"}, [2, 3]),
}


@pytest.mark.parametrize("case", KEYS)
async def test_keys_of_new_items(written: Site, case: str) -> None:
    collection, payload, key = KEYS[case]
    answer = data(await ask(written, "POST", f"/items/{collection}", payload))
    columns = {"tags": ("code",), "named": ("code",), "marks": ("post", "section")}.get(collection, ("id",))
    found = [answer[column] for column in columns]
    assert (found if len(found) > 1 else found[0]) == key
    path = ",".join(str(part) for part in found)
    if path:
        assert data(await ask(written, "GET", f"/items/{collection}/{path}")) == answer


@pytest.mark.parametrize("key", [None, "", "absent"])
async def test_keys_that_are_made(written: Site, key: Any) -> None:
    payload = {"name": "n"} if key == "absent" else {"id": key, "name": "n"}
    assert len(data(await ask(written, "POST", "/items/stamped", payload))["id"]) == 36


#: collection, payload -> refusal, and the kind of validation
REFUSED_KEYS: Final[Mapping[str, tuple[str, Any, str, str | None]]] = {
    "null": ("posts", {"id": None, "label": "p"}, "FAILED_VALIDATION", "nnull"),
    "no number": ("posts", {"id": "abc", "label": "p"}, "FORBIDDEN", None),
    "a number and more": ("posts", {"id": "12abc", "label": "p"}, "FORBIDDEN", None),
    "half a number": ("posts", {"id": 1.5, "label": "p"}, "FORBIDDEN", None),
    "empty": ("posts", {"id": "", "label": "p"}, "FORBIDDEN", None),
    "no uuid": ("stamped", {"id": "nope"}, "FORBIDDEN", None),
    "absent where nobody makes it": ("named", {"n": 1}, "FAILED_VALIDATION", "required"),
    "null where nobody makes it": ("named", {"code": None}, "FAILED_VALIDATION", "nnull"),
    "taken": ("posts", {"id": 1, "label": "p"}, "RECORD_NOT_UNIQUE", None),
    "taken, of two columns": ("marks", {"post": 1, "section": 1}, "RECORD_NOT_UNIQUE", None),
    "half of two columns": ("marks", {"post": 1}, "FAILED_VALIDATION", "required"),
}


@pytest.mark.parametrize("case", REFUSED_KEYS)
async def test_keys_that_are_refused(written: Site, case: str) -> None:
    collection, payload, code, kind = REFUSED_KEYS[case]
    before = await everything(written)
    answer = told(await ask(written, "POST", f"/items/{collection}", payload))
    assert answer[1] == code, answer
    assert kind is None or answer[3]["type"] == kind
    if case == "taken, of two columns":
        assert answer[3]["field"] == "post, section"
    assert await everything(written) == before


async def test_an_item_keeps_its_key(written: Site) -> None:
    for method, target, body in (
        ("PATCH", "/items/posts/1", {"id": 500, "n": 1}),
        ("PATCH", "/items/posts/1", {"id": "1"}),
        ("PUT", "/items/posts/1", {"id": 500, "label": "first"}),
        ("PATCH", "/items/posts", {"keys": [1, "2", 1], "data": {"id": 600}}),
        ("PATCH", "/items/marks/1,2", {"post": 2, "section": 3, "n": 4}),
    ):
        assert told(await ask(written, method, target, body)) == 200
    assert await held(written, "posts(id, n)") == [(1, 1), (2, 0)]
    assert await held(written, "marks(post, section, n)") == [(1, 1, 0), (1, 2, 4)]
    assert told(await ask(written, "PATCH", "/items/posts/1", {"id": None}))[3]["type"] == "nnull"


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("posts/abc", 403), ("posts/1.5", 403), ("posts/1,2", 403), ("stamped/nope", 403), ("marks/1", 403),
        ("marks/1,x", 403), ("posts/99", 204), ("marks/9,9", 204), ("named/x", 204),
    ],
)  # fmt: skip
async def test_items_that_are_not_there(written: Site, method: str, target: str, status: int) -> None:
    before = await everything(written)
    body = {"n": 5} if target.startswith(("posts", "marks", "named")) else {"name": "n"}
    answer = await ask(written, method, f"/items/{target}", body if method == "PATCH" else None)
    assert answer.status == status
    if status == 403:
        assert told(answer)[2:] == ("You don't have permission to access this.", {})
    assert await everything(written) == before


async def test_items_of_two_key_columns(written: Site) -> None:
    assert data(await ask(written, "PATCH", "/items/marks/1,1", {"n": 3})) == {
        "post": 1,
        "section": 1,
        "n": 3,
    }
    assert data(await ask(written, "PUT", "/items/marks/2,1", {"n": 4})) == {"post": 2, "section": 1, "n": 4}
    assert data(await ask(written, "PUT", "/items/marks/2,1", {})) == {"post": 2, "section": 1, "n": 4}
    own = [{"post": 1, "section": 2, "n": 5}, {"post": 9, "section": 9, "n": 5}]
    assert data(await ask(written, "PATCH", "/items/marks?fields=n", own)) == [{"n": 5}]
    same = {"keys": ["1,1", "2,1", "9,9"], "data": {"n": 6}}
    assert data(await ask(written, "PATCH", "/items/marks?fields=section,n", same)) == [
        {"section": 1, "n": 6},
        {"section": 1, "n": 6},
    ]
    place = "/items/marks?on_conflict=post,section&fields=n"
    both = [{"post": 1, "section": 1, "n": 7}, {"post": 2, "section": 3, "n": 8}]
    assert data(await ask(written, "POST", place, both)) == [{"n": 7}, {"n": 8}]
    assert (await ask(written, "DELETE", "/items/marks", ["1,1", "2,3"])).status == 204
    assert (await ask(written, "DELETE", "/items/marks/2,1")).status == 204
    assert await held(written, "marks(post, section, n)") == [(1, 2, 5)]


# --- fields that fill themselves --------------------------------------------------------------------------

OTHER: Final = "00000000-0000-4000-8000-00000000000f"
LONG_AGO: Final = "2001-02-03T04:05:06.000Z"


async def test_who_and_when(written: Site) -> None:
    (admin, role), *_ = await rows(written, "select id, role from directus_users where token = 'admin-token'")
    admin, role = str(admin), str(role)
    sent = {"created": LONG_AGO, "creator": OTHER, "created_role": OTHER}
    later = {"updated": LONG_AGO, "updater": OTHER, "updated_role": OTHER}
    made = data(await ask(written, "POST", "/items/stamped", {"name": "a", **sent, **later}))
    assert (made["creator"], made["created_role"]) == (admin, role)
    assert made["created"] > "2020"
    # a new item takes what is said of changes, a changed one what is said of its making
    assert {name: made[name] for name in later} == later
    changed = data(await ask(written, "PATCH", f"/items/stamped/{made['id']}", {**sent, **later}))
    assert {name: changed[name] for name in sent} == sent
    assert (changed["updater"], changed["updated_role"]) == (admin, role)
    assert changed["updated"] > "2020"
    nulls = dict.fromkeys((*sent, *later))
    changed = data(await ask(written, "PATCH", f"/items/stamped/{made['id']}", nulls))
    assert [changed[name] for name in (*sent, *later)] == [None, None, None, changed["updated"], admin, role]


async def test_names_that_nobody_knows(written: Site) -> None:
    assert told(await ask(written, "POST", "/items/posts", {"id": 5, "label": "p", "bogus": 1})) == 200
    assert told(await ask(written, "PATCH", "/items/posts/5", {"bogus": {"x": []}})) == 200
    nested = {"notes": [{"label": "n", "bogus": 1}], "section": {"id": 1, "bogus": 1}}
    assert told(await ask(written, "PATCH", "/items/posts/5", nested)) == 200
    assert await held(written, "posts(id, label, n, section)") == [
        (1, "first", 0, 2), (2, "second", 0, None), (5, "p", 7, 1),
    ]  # fmt: skip


# --- many items -------------------------------------------------------------------------------------------


async def test_what_many_items_share(written: Site) -> None:
    """A to-one item of the payload is made once, lists are made for each of them."""
    shared = {"section": {"label": "new"}, "tags": {"create": [{"tag": "red", "n": 9}]}}
    assert told(await ask(written, "PATCH", "/items/posts", {"keys": [1, 2], "data": shared})) == 200
    assert await rows(written, "select count(*) from sections where label = 'new'") == [(1,)]
    assert await rows(
        written,
        "select p.id from posts p join sections s on s.id = p.section where s.label = 'new' order by 1",
    ) == [(1,), (2,)]
    assert await rows(written, "select post from posts_tags where n = 9 order by post") == [(1,), (2,)]


async def test_one_new_item_in_two(written: Site) -> None:
    both = [
        {"label": "a", "section": {"id": 70, "label": "new", "n": 1}},
        {"label": "b", "section": {"id": 70, "n": 2}},
    ]
    assert told(await ask(written, "POST", "/items/posts", both)) == 200
    assert (70, "new", 2) in await held(written, "sections(id, label, n)")


async def test_an_item_that_a_batch_names_twice(written: Site) -> None:
    twice = [
        {"id": 1, "n": 1, "notes": [3]},
        {"id": 2, "notes": [1]},
        {"id": 1, "n": 2, "notes": [3]},
    ]
    assert len(data(await ask(written, "PATCH", "/items/posts?fields=id", twice))) == 2
    assert await held(written, "posts(id, n)") == [(1, 2), (2, 0)]
    assert await rows(written, "select label, post from notes order by label") == [
        ("one", 2),
        ("three", 1),
        ("two", None),
    ]


async def test_an_upsert_that_names_an_item_twice(written: Site) -> None:
    place = "/items/pairs?on_conflict=a,b&fields=n"
    many = [
        {"a": 1, "b": 1, "n": 1},
        {"a": 1, "b": 2, "n": 2},
        {"a": "1", "b": 1, "n": 3},
        {"a": None, "b": 1},
    ]
    assert len(data(await ask(written, "POST", place, many))) == 3
    assert len(data(await ask(written, "POST", place, many[2:]))) == 2
    # null is equal to nothing
    assert await rows(written, "select a, b, n from pairs where a is not null order by b") == [
        (1, 1, 3),
        (1, 2, 2),
    ]
    assert await rows(written, "select count(*) from pairs where a is null") == [(2,)]
    assert data(await ask(written, "POST", place, {"a": 1, "b": 2, "n": 5})) == {"n": 5}
    for by in ("a", "n", "bogus", "a,b,n"):
        answer = told(await ask(written, "POST", f"/items/pairs?on_conflict={by}", {"a": 8, "b": 8}))
        assert answer[:2] == (400, "INVALID_PAYLOAD")


async def test_lists_of_items_that_are_not_there(written: Site) -> None:
    """Nothing happens; the reference would make the members of nobody's list."""
    before = await everything(written)
    nested = {"notes": [{"label": "n"}], "section": {"label": "s"}}
    assert (await ask(written, "PATCH", "/items/posts/99", nested)).status == 204
    assert data(await ask(written, "PATCH", "/items/posts", {"keys": [98, 99], "data": nested})) == []
    assert await everything(written) == before


async def test_three_levels(written: Site) -> None:
    tree = {
        "label": "a",
        "children": [{"label": "aa", "children": {"create": [{"label": "aaa"}], "connect": [3]}}],
        "parent": {"label": "over", "parent": {"id": 1, "n": 5}},
    }
    assert told(await ask(written, "POST", "/items/sections", tree)) == 200
    assert await rows(
        written,
        "select s.label, s.n, p.label from sections s left join sections p on p.id = s.parent "
        "order by s.label",
    ) == [
        ("a", None, "over"), ("aa", None, "a"), ("aaa", None, "aa"), ("left", 0, "top"),
        ("over", None, "top"), ("right", 0, "aa"), ("top", 5, None),
    ]  # fmt: skip


@pytest.mark.parametrize("value", [{"parent": 3}, {"parent": {"id": 3, "n": 0}}, {"children": [3]}])
async def test_an_item_that_leads_to_itself(written: Site, value: Any) -> None:
    assert told(await ask(written, "PATCH", "/items/sections/3", value)) == 200
    assert await held(written, "sections(id, parent)") == [(1, None), (2, 1), (3, 3)]


# --- deleting ---------------------------------------------------------------------------------------------


async def test_deleting_what_others_lead_to(written: Site) -> None:
    before = await everything(written)
    for target, body in (("tags/red", None), ("tags", ["blue", "red"]), ("sections/1", None)):
        answer = told(await ask(written, "DELETE", f"/items/{target}", body))
        assert answer[:2] == (400, "INVALID_FOREIGN_KEY"), answer
    assert await everything(written) == before
    assert (await ask(written, "DELETE", "/items/sections", [1, 2, 3])).status == 204
    assert await held(written, "sections(id)") == []
    assert await held(written, "posts(id, section)") == [(1, None), (2, None)]
    assert (await ask(written, "DELETE", "/items/posts/1")).status == 204
    for table in ("lines(id)", "posts_tags(id)", "blocks(id)", "marks(n)"):
        assert await held(written, table) == [], table
    assert await held(written, "notes(id, post)") == [(1, None), (2, None), (3, 2)]
    history = await rows(written, "select action, collection from directus_activity order by id")
    assert history == [("delete", "sections")] * 3 + [("delete", "posts")]


async def test_what_leads_to_many_collections_may_hang(written: Site) -> None:
    assert (await ask(written, "DELETE", "/items/texts/1")).status == 204
    assert (1, "texts", "1") in await held(written, "blocks(id, collection, item)")
    shown = await ask(written, "GET", "/items/blocks?fields=item:texts.label&filter[collection]=texts")
    assert data(shown) == [{"item": None}]


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ([1, "2", 1, 99], [3]),
        ({"keys": [1]}, [2, 3]),
        ({"keys": []}, [1, 2, 3]),
        ({"query": {"filter": {"post": {"_eq": 1}}}}, [3]),
        ({"query": {"sort": ["-id"], "limit": 1}}, [1, 2]),
        ({"query": {"filter": {"post": {"label": {"_eq": "second"}}}}}, [1, 2]),
        ({"query": {}}, []),
    ],
)
async def test_deleting_many(written: Site, body: Any, left: list[int]) -> None:
    assert (await ask(written, "DELETE", "/items/notes", body)).status == 204
    assert await held(written, "notes(id)") == left


# --- a singleton ------------------------------------------------------------------------------------------


async def test_a_singleton(written: Site) -> None:
    for method, path in (("POST", "/items/homepage"), ("PATCH", "/items/homepage/1")):
        assert told(await ask(written, method, path, {}))[:2] == (404, "ROUTE_NOT_FOUND")
    made = data(await ask(written, "PATCH", "/items/homepage", {"post": {"id": 5, "label": "p"}}))
    assert (made["n"], made["post"]) == (None, 5)
    again = data(await ask(written, "PATCH", "/items/homepage", {"id": 99, "n": 4}))
    assert again == {**made, "n": 4}
    assert (await ask(written, "DELETE", f"/items/homepage/{made['id']}")).status == 204
    assert await held(written, "homepage(id)") == []
    history = await rows(written, "select action, collection from directus_activity order by id")
    assert history[:2] == [("create", "homepage"), ("create", "posts")]
    assert history[2:] == [("update", "homepage"), ("delete", "homepage")]


# --- bounds -----------------------------------------------------------------------------------------------

SEVEN: Final = [{"label": f"x{number}"} for number in range(7)]
#: six items are the most: request -> whether it is more
BOUNDS: Final[Mapping[str, tuple[str, str, Any, bool]]] = {
    "six new": ("POST", "notes", SEVEN[:6], False),
    "seven new": ("POST", "notes", SEVEN, True),
    "seven keys": ("PATCH", "notes", {"keys": list(range(7)), "data": {"n": 1}}, True),
    "seven of their own": ("PATCH", "notes", [{"id": number} for number in range(7)], True),
    "seven gone": ("DELETE", "notes", list(range(7)), True),
    "seven found": ("PATCH", "notes", {"query": {"limit": -1}, "data": {"n": 1}}, True),
    "seven found to delete": ("DELETE", "notes", {"query": {}}, True),
    "six found": ("DELETE", "notes", {"query": {"limit": 6}}, False),
    "one and five in it": ("POST", "posts", {"label": "p", "notes": SEVEN[:5]}, False),
    "one and six in it": ("POST", "posts", {"label": "p", "notes": SEVEN[:6]}, True),
    "one and six keys": ("PATCH", "posts/1", {"notes": [1, 2, 3, 4, 5, 6]}, True),
    "one and six steps": ("PATCH", "posts/1", {"notes": {"connect": [1, 2, 3], "set": [1, 2, 3]}}, True),
    "two, five in them": (
        "POST",
        "posts",
        [{"label": "p", "notes": SEVEN[:2]}, {"label": "q", "notes": SEVEN[2:5]}],
        True,
    ),
    "deeply": ("POST", "posts", {"label": "p", "section": {"label": "s", "children": SEVEN[:5]}}, True),
}


@pytest.mark.parametrize("case", BOUNDS)
async def test_no_more_than_a_request_may_touch(written: Site, case: str) -> None:
    method, target, body, more = BOUNDS[case]
    for number in range(4, 10):
        await insert(written.database, "notes", {"id": number, "label": f"n{number}"})
    before = await everything(written)
    answer = await ask(written, method, f"/items/{target}", body)
    if more:
        assert told(answer)[:3] == (
            400,
            "INVALID_PAYLOAD",
            "Invalid payload. Exceeded max batch mutation limit of 6.",
        )
        assert await everything(written) == before
    else:
        assert answer.status < 300, answer.body
        assert await everything(written) != before


# --- transactions -----------------------------------------------------------------------------------------


async def graphql(site: Site, text: str) -> Any:
    answer = await site.ask("POST", "/graphql", {"query": text}, token=ADMIN_TOKEN)
    return json.loads(answer.body)


ROOTS: Final = """{
  a: create_tags_items(data: [{code: "a"}, {code: "b"}, {code: "c"}, {code: "d"}]) { code }
  b: update_posts_item(id: 1, data: {n: 5, notes: [{label: "new"}], section: {label: "right"}}) { id }
  c: delete_comments_items(ids: [1]) { ids }
}"""


async def test_a_refused_root_leaves_the_others(written: Site) -> None:
    answer = await graphql(written, f"mutation {ROOTS}")
    assert (answer["data"]["b"], answer["data"]["c"]) == (None, {"ids": ["1"]})
    assert [(error["extensions"]["code"], error["path"]) for error in answer["errors"]] == [
        ("RECORD_NOT_UNIQUE", ["b"])
    ]
    assert await held(written, "tags(code)") == ["a", "b", "blue", "c", "d", "red"]
    assert await held(written, "comments(id)") == [2, 3]
    assert await held(written, "notes(label)") == ["one", "three", "two"]
    assert await held(written, "posts(id, n)") == [(1, 0), (2, 0)]


async def test_a_refused_root_takes_the_others_along(written: Site) -> None:
    before = await everything(written)
    answer = await graphql(written, f"mutation @transaction {ROOTS}")
    assert not answer.get("data") or set(answer["data"].values()) == {None}
    assert [(error["extensions"]["code"], error["path"]) for error in answer["errors"]] == [
        ("RECORD_NOT_UNIQUE", ["b"])
    ]
    assert await everything(written) == before


async def test_each_root_has_its_own_bound(written: Site) -> None:
    codes = {name: ", ".join(f'{{code: "{name}{number}"}}' for number in range(4)) for name in "ab"}
    both = " ".join(f"{name}: create_tags_items(data: [{many}]) {{ code }}" for name, many in codes.items())
    assert "errors" not in await graphql(written, f"mutation {{ {both} }}")
    assert len(await held(written, "tags(code)")) == 10


@pytest.mark.parametrize(("conflicts", "done"), [(1, True), (11, True), (12, False)])
async def test_transactions_in_conflict_are_run_again(
    written: Site, monkeypatch: pytest.MonkeyPatch, conflicts: int, done: bool
) -> None:
    run = RootWriter.run
    left = [conflicts]

    async def run_in_conflict(self: RootWriter) -> tuple[Key, ...]:
        result = await run(self)
        if left[0]:
            left[0] -= 1
            raise TransientError("SERVICE_UNAVAILABLE", "in each other's way")
        return result

    monkeypatch.setattr(RootWriter, "run", run_in_conflict)
    monkeypatch.setattr("resolvers.mutations._PAUSE", 0)
    before = await everything(written)
    answer = await ask(written, "POST", "/items/posts", {"id": 5, "label": "p", "notes": [{"label": "n"}]})
    assert left == [0]
    if done:
        assert answer.status == 200
        assert await rows(written, "select label, post from notes where id > 3") == [("n", 5)]
        assert await rows(written, "select count(*) from directus_activity") == [(2,)]
    else:
        assert told(answer)[:2] == (503, "SERVICE_UNAVAILABLE")
        assert await everything(written) == before


# --- ten thousand -----------------------------------------------------------------------------------------


async def test_ten_thousand_items(
    dialect: Dialect, test_run: TestRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few statements, however many items; keys in the order of the payload."""
    many = [{"n": number, **({"collection": "tags"} if number % 3 == 0 else {})} for number in range(10_000)]
    async with written_site(dialect, test_run, tmp_path) as site:
        await change(site.database, "update directus_collections set accountability = null")
        await insert(site.database, "directus_collections", {"collection": "blocks", "accountability": None})
        await site.project.engine.holder.reload()
        statements = _counted(site, monkeypatch)
        answer = data(await ask(site, "POST", "/items/blocks?fields=id,n,collection&limit=-1&sort=id", many))
        assert [item["n"] for item in answer] == list(range(10_000))
        assert [item["collection"] for item in answer[:3]] == ["tags", None, None]
        assert statements[0] < 60
        statements[0] = 0
        own = [{"id": item["id"], "n": 1} for item in answer]
        await ask(site, "PATCH", "/items/blocks?fields=id&limit=1", own)
        assert await rows(site, "select count(*) from blocks where n = 1") == [(10_000,)]
        assert statements[0] < 60
        assert (await ask(site, "DELETE", "/items/blocks", {"query": {}})).status == 204
        assert await rows(site, "select count(*) from blocks") == [(0,)]


def _counted(site: Site, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many statements were run inside transactions."""
    count = [0]
    for kind in Transaction.__subclasses__():
        for name in ("fetch", "fetch_bytes", "execute", "execute_many"):
            plain = getattr(kind, name)

            async def counted(self: Any, *arguments: Any, plain: Any = plain, **more: Any) -> Any:
                count[0] += 1
                return await plain(self, *arguments, **more)

            monkeypatch.setattr(kind, name, counted)
    return count


async def test_an_upsert_that_another_constraint_refuses_is_told_soon(
    written: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upsert of the same item by others is found by the second attempt; a third is for bad luck."""
    run, begun = RootWriter.run, []

    async def counted(self: RootWriter) -> tuple[Key, ...]:
        begun.append(self)
        return await run(self)

    monkeypatch.setattr(RootWriter, "run", counted)
    refused = await ask(written, "PUT", "/items/posts/2", {"label": "first"})
    assert told(refused)[1] == "RECORD_NOT_UNIQUE"
    assert len(begun) == 3
