"""Manual order: what moving an item makes of the places, for whom, and that moves never mix."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resolvers.permissions import NOTHING, AccessRules, Grant
from tests.support.lending import Lend
from tests.support.project import (
    ADMIN_TOKEN,
    Site,
    add_policy,
    add_user,
    code,
    grant,
)
from tests.support.writers import CONTEXT, rows, run, seed_writers

Places = Sequence[int | None]


@pytest.fixture
async def site(lend: Lend) -> Site:
    return await lend(seed_writers)


async def ordered(site: Site, places: Places, owners: str = "") -> None:
    """Items 1, 2, ... at these places."""
    sql = "insert into ordered (id, name, owner, sort) values ($1, 'x', $2, $3)"
    async with site.database.transaction() as transaction:
        await transaction.execute("delete from ordered")
        for number, place in enumerate(places, 1):
            owner = owners[number - 1] if owners else None
            await transaction.execute(site.database.native(sql), (number, owner, place))


async def places(site: Site) -> list[int | None]:
    return [row[0] for row in await rows(site, "select sort from ordered order by id")]


async def move(site: Site, item: Any, to: Any, rules: AccessRules | None = None) -> str | None:
    """The code of the refusal."""
    root = 'utils_sort(collection: "ordered", item: $item, to: $to)'
    result = await run(site, root, scope="system", rules=rules, context=CONTEXT, item=item, to=to)
    return getattr(result.error, "code", None)


MOVES: dict[str, tuple[Places, int, int, Places]] = {
    "up": ((10, 20, 30, 50, 70, 71), 5, 2, (10, 21, 31, 51, 20, 71)),
    "down": ((10, 21, 31, 51, 20, 71), 2, 4, (10, 51, 30, 50, 20, 71)),
    "to itself": ((1, 2, 3), 2, 2, (1, 2, 3)),
    "among items without places": ((None,) * 6, 5, 2, (1, 3, 4, 5, 2, 6)),
    "one item without a place": ((1, 2, 3, 4, 5, None, 6), 1, 1, (1, 2, 3, 4, 5, 7, 6)),
    "an item without a place": ((1, 2, None), 3, 1, (2, 3, 1)),
    "places that are shared": ((5, 5, 7, None), 4, 1, (2, 3, 4, 1)),
    "neighbours": ((3, 1, 2), 1, 3, (2, 1, 3)),
    "below zero": ((-5, 0, 5), 3, 1, (-4, 1, -5)),
}


@pytest.mark.parametrize("case", MOVES)
async def test_places(site: Site, case: str) -> None:
    before, item, to, after = MOVES[case]
    await ordered(site, before)
    assert await move(site, item, to) is None
    assert await places(site) == list(after)


def by_hand(before: Places, item: int, to: int) -> list[int]:
    """The items in their order after a move, by the rule as people would say it."""
    numbers = range(1, len(before) + 1)
    order = sorted(numbers, key=lambda one: (before[one - 1] is None, before[one - 1] or 0, one))
    target = order.index(to)
    order.remove(item)
    order.insert(target, item)
    return order


async def test_any_order_becomes_what_was_wished(site: Site) -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.none() | st.integers(-3, 9), min_size=1, max_size=7), st.data())
    def wished(before: list[int | None], data: st.DataObject) -> None:
        item = data.draw(st.integers(1, len(before)))
        to = data.draw(st.integers(1, len(before)))
        examples.append((tuple(before), item, to))

    examples: list[tuple[Places, int, int]] = []
    wished()
    for before, item, to in examples:
        await ordered(site, before)
        assert await move(site, item, to) is None
        found = await places(site)
        assert None not in found
        assert len(set(found)) == len(found), (before, item, to)
        numbers = sorted(range(1, len(found) + 1), key=lambda one: found[one - 1] or 0)
        assert numbers == by_hand(before, item, to), (before, item, to)


async def test_moves_at_once_lose_no_place(site: Site) -> None:
    await ordered(site, [None] * 8)
    pairs = [(1, 8), (8, 1), (2, 7), (7, 3), (3, 6), (6, 2), (4, 1), (5, 8)]
    assert await asyncio.gather(*[move(site, *pair) for pair in pairs]) == [None] * 8
    assert sorted(place or 0 for place in await places(site)) == list(range(1, 9))


# --- for whom -----------------------------------------------------------------------------------------------


def may(fields: str | None, rule: dict[str, Any] | None = None) -> AccessRules:
    named = None if fields is None else frozenset(fields.split(","))
    return AccessRules(
        grants={("update", "ordered"): (Grant(fields=named, rule=rule),)}, fingerprint=f"{fields}{rule}"
    )


async def test_rules_say_which_items_are_ordered(site: Site) -> None:
    """What the caller may not change keeps its place."""
    await ordered(site, (10, 20, 30, 40, None), "abaaa")
    mine = may("sort", {"owner": {"_eq": "a"}})
    assert await move(site, 4, 1, mine) is None
    assert await places(site) == [11, 20, 31, 10, 41]
    for item, to in ((2, 1), (1, 2), (99, 1), (1, 99)):
        assert await move(site, item, to, mine) == "FORBIDDEN"
    assert await places(site) == [11, 20, 31, 10, 41]


@pytest.mark.parametrize(
    ("rules", "refusal"),
    [(NOTHING, "FORBIDDEN"), (may("name"), "FORBIDDEN"), (may("name,sort"), None), (may(None), None)],
)
async def test_the_sort_field_is_what_may_be_changed(
    site: Site, rules: AccessRules, refusal: str | None
) -> None:
    await ordered(site, (1, 2))
    assert await move(site, 1, 2, rules) == refusal


async def test_a_field_under_a_rule_of_its_own(site: Site) -> None:
    rules = AccessRules(
        grants={
            ("update", "ordered"): (
                Grant(fields=frozenset({"name"})),
                Grant(fields=frozenset({"sort"}), rule={"owner": {"_eq": "a"}}),
            )
        },
        fingerprint="two",
    )
    await ordered(site, (1, 2, 3), "aba")
    assert await move(site, 3, 1, rules) is None
    assert await places(site) == [2, 2, 1]
    assert await move(site, 2, 1, rules) == "FORBIDDEN"


async def test_no_history_is_written(site: Site) -> None:
    await ordered(site, (1, 2))
    assert await move(site, "2", "1") is None
    assert await rows(site, "select id from directus_activity") == []


# --- through REST and GraphQL -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"to": 1}, '"item" is required'),
        ({"item": 1}, '"to" is required'),
        ({"item": True, "to": 1}, '"item" must be one of [string, number]'),
        ({"item": 1, "to": None}, '"to" must be one of [string, number]'),
        ({"item": 1, "to": 2, "x": 1}, '"x" is not allowed'),
        ([1, 2], '"value" must be of type object'),
        (None, '"item" is required'),
    ],
)
async def test_bodies_that_are_refused(site: Site, body: Any, reason: str) -> None:
    answer = await site.ask("POST", "/utils/sort/ordered", body, token=ADMIN_TOKEN)
    assert (answer.status, code(answer)) == (400, "INVALID_PAYLOAD")
    assert reason.encode() in answer.body.replace(b'\\"', b'"')


async def test_rest_and_graphql(site: Site) -> None:
    await ordered(site, (1, 2, 3))
    answer = await site.ask("POST", "/utils/sort/ordered", {"item": 3, "to": "1"}, token=ADMIN_TOKEN)
    assert (answer.status, answer.body) == (200, b"")
    assert await places(site) == [2, 3, 1]
    query = 'mutation { utils_sort(collection: "ordered", item: 1, to: "3") }'
    answer = await site.ask("POST", "/graphql/system", {"query": query}, token=ADMIN_TOKEN)
    assert answer.body == b'{"data":{"utils_sort":true}}'
    assert await places(site) == [1, 3, 2]
    for collection, status, refusal in (("tags", 400, "INVALID_PAYLOAD"), ("nope", 403, "FORBIDDEN")):
        answer = await site.ask("POST", f"/utils/sort/{collection}", {"item": 1, "to": 1}, token=ADMIN_TOKEN)
        assert (answer.status, code(answer)) == (status, refusal)
    answer = await site.ask("POST", "/utils/sort/ordered", {"item": 1, "to": 99}, token=ADMIN_TOKEN)
    assert (answer.status, code(answer)) == (403, "FORBIDDEN")


async def test_hidden_and_missing_collections_are_refused_alike(site: Site) -> None:
    policy = await add_policy(site.database, user=await add_user(site.database, "e@example.com", token="e"))
    await grant(site.database, policy, "tags", "update")
    answers = []
    for name in ("ordered", "nothing"):
        answer = await site.ask("POST", f"/utils/sort/{name}", {"item": 1, "to": 2}, token="e")
        answers.append((answer.status, answer.body.replace(name.encode(), b"it")))
    assert answers[0] == answers[1]
    assert answers[0][0] == 403


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_other_methods_are_no_routes(site: Site, method: str) -> None:
    for path in ("/utils/sort/ordered", "/utils/revert/1"):
        answer = await site.ask(method, path, token=ADMIN_TOKEN)
        assert (answer.status, code(answer)) == (404, "ROUTE_NOT_FOUND")
