"""Any depth on both databases: what SQLite's parser would refuse in its place goes to the head of the
statement.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resolvers.operation import Wire
from resolvers.permissions import UNRESTRICTED, AccessRules
from tests.support.blog import Both, on_both
from tests.support.sections import READER, open_sections
from tests.support.session import TestRun


@pytest.fixture(scope="module")
async def both(test_run: TestRun, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Both]:
    async with on_both(test_run, tmp_path_factory.mktemp("sections"), open_sections) as opened:
        yield opened


_NESTED = (
    'sort: ["-place", "parent.name", "id"], limit: 2, '
    'filter: {_or: [{links: {to_id: {children: {place: {_gt: 0}}}}}, {name: {_contains: "o"}}]}'
)
#: shape -> one level of it around what is inside, and how many relations that goes over
SHAPES: dict[str, tuple[Callable[[str], str], int]] = {
    "o2m": (lambda inner: f"id children(sort: [\"id\"]) {{ {inner} }}", 1),
    "m2o": (lambda inner: f"name parent {{ {inner} }}", 1),
    "o2m and m2o": (lambda inner: f"id children {{ place parent {{ {inner} }} }}", 2),
    "m2m": (lambda inner: f"id links {{ weight to_id {{ {inner} }} }}", 2),
    "m2a": (
        lambda inner: f"id blocks(sort: [\"place\", \"-id\"]) {{ item {{ ... on sections {{ {inner} }} "
        "... on notes { body section { name } } } }",
        2,
    ),
    "asked for": (lambda inner: f"id name children({_NESTED}) {{ {inner} }}", 1),
    "asked for, m2m": (
        lambda inner: "id links(sort: [\"-weight\", \"id\"], limit: 2, offset: 0, filter: {to_id: {id: "
        f"{{_lt: 5}}}}}}) {{ to_id(filter: {{place: {{_nnull: true}}}}) {{ {inner} }} }}",
        2,
    ),
    "counted": (
        lambda inner: f"children_func {{ count }} links {{ to_id {{ {inner} }} }}",
        2,
    ),
}  # fmt: skip
CASES = [
    (shape, levels)
    for shape, (_, relations) in SHAPES.items()
    for levels in range(1, 10 // relations + 1)
]  # fmt: skip


def nested(shape: str, levels: int, leaf: str = "id name") -> str:
    level, _ = SHAPES[shape]
    for _ in range(levels):
        leaf = level(leaf)
    return leaf


async def told_by_both(both: Both, query: str, rules: AccessRules, wire: Wire = "rest") -> Any:
    """The answer, which is the same on both, order of keys included."""
    found = [json.dumps(await blog.read(query, rules, wire=wire)) for blog in (both.sqlite, both.postgresql)]
    assert found[0] == found[1]
    answer = json.loads(found[0])
    assert not any(isinstance(value, str) for value in answer.values()), answer
    return answer


@pytest.mark.parametrize("rules", [UNRESTRICTED, READER], ids=["admin", "reader"])
@pytest.mark.parametrize(("shape", "levels"), CASES)
async def test_every_shape_is_read_to_the_relational_depth(
    both: Both, shape: str, levels: int, rules: AccessRules
) -> None:
    query = f'{{ sections(sort: ["id"]) {{ {nested(shape, levels)} }} }}'
    answer = await told_by_both(both, query, rules, "rest" if rules.admin else "graphql")
    assert [row.keys() for row in answer["sections"]] == [answer["sections"][0].keys()] * 5


@pytest.mark.parametrize("shape", ["o2m and m2o", "m2m", "m2a"])
async def test_ten_lists_with_an_item_between_each(both: Both, shape: str) -> None:
    query = f"{{ sections_by_id(id: 1) {{ {nested(shape, 10, 'place')} }} }}"
    assert '"place": 3' in json.dumps(await told_by_both(both, query, UNRESTRICTED))
    assert await told_by_both(both, query, READER)


async def test_what_is_read_at_the_tenth_level(both: Both) -> None:
    """1 and 2 are each other's parents, so each is the first child of the other."""
    query = f"{{ sections_by_id(id: 1) {{ {nested('o2m', 10, 'name')} }} }}"
    row = (await told_by_both(both, query, UNRESTRICTED))["sections_by_id"]
    for level in range(10):
        assert row["id"] == (2 if level % 2 else 1)
        row = row["children"][0]
    assert row == {"name": "one"}


async def test_few_levels_stand_in_their_place(both: Both) -> None:
    """The text of usual requests is the plainest there is, and on PostgreSQL of all."""
    usual = "children { id parent { parent { name } } } links { to_id { name } }"
    for selection, apart in ((usual, False), (nested("o2m", 10), True)):
        for blog in (both.sqlite, both.postgresql):
            await blog.read(f"{{ sections {{ {selection} }} }}")
            assert blog.texts[-1].startswith("WITH") == (apart and blog is both.sqlite)


async def test_lists_apart_are_found_by_their_key(both: Both) -> None:
    """The database merges them with what reads them: none is read whole."""
    async with both.sqlite.database.transaction() as transaction:
        await transaction.execute("create index if not exists by_parent on sections (parent)")
    await both.sqlite.read(f'{{ sections_by_id(id: "1") {{ {nested("o2m and m2o", 5)} }} }}')
    explain = "explain query plan " + both.sqlite.texts[-1]
    steps = [str(row[-1]) for row in await both.sqlite.database.fetch(explain, ["1"])]
    assert sum(step.startswith("SEARCH t") for step in steps) >= 10
    assert [s for s in steps if s.startswith("SCAN t") or "MATERIALIZE" in s or "AUTOMATIC" in s] == []


# --- the law, deeper ----------------------------------------------------------------------------------------

_FILTERS = st.recursive(
    st.sampled_from(
        [
            {"place": {"_gt": 1}},
            {"name": {"_contains": "e"}},
            {"place": {"_null": True}},
            {"id": {"_in": [1, 2, 5]}},
            {"parent": {"name": {"_eq": "one"}}},
        ]
    ),
    lambda inner: st.one_of(
        inner.map(lambda f: {"children": f}),
        inner.map(lambda f: {"parent": f}),
        inner.map(lambda f: {"links": {"_none": {"to_id": f}}}),
        inner.map(lambda f: {"blocks": {"item:sections": f}}),
        st.tuples(st.sampled_from(["_and", "_or"]), st.lists(inner, min_size=1, max_size=2)).map(
            lambda pair: {pair[0]: pair[1]}
        ),
    ),
    max_leaves=4,
)
_SORTS = st.lists(
    st.sampled_from(["place", "-name", "parent.name", "-parent.parent.place", "count(children)"]), max_size=2
).map(lambda terms: [*terms, "id"])


@st.composite
def levels(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A way through the relations with arguments of its own at every list."""
    variables: dict[str, Any] = {}
    text = "id name"
    for number in range(draw(st.integers(1, 10))):
        kind = draw(st.sampled_from(["children", "links", "blocks", "parent"]))
        if kind == "parent":
            text = f"place parent {{ {text} }}"
            continue
        sort = json.dumps(draw(_SORTS) if kind == "children" else draw(st.sampled_from([["id"], ["-id"]])))
        limit = draw(st.sampled_from([1, 2, -1]))
        asked = f"sort: {sort}, limit: {limit}"
        if kind == "children":
            variables[f"f{number}"] = draw(_FILTERS)
            text = f"name children(filter: $f{number}, {asked}) {{ {text} }}"
        elif kind == "links":
            text = f"links({asked}) {{ to_id {{ {text} }} }} children_func {{ count }}"
        else:
            text = f"blocks({asked}) {{ item {{ ... on sections {{ {text} }} ... on notes {{ body }} }} }}"
    return text, variables


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(asked=levels(), filters=_FILTERS, reader=st.booleans())
async def test_both_databases_answer_deep_requests_alike(
    both: Both, asked: tuple[str, dict[str, Any]], filters: dict[str, Any], reader: bool
) -> None:
    text, variables = asked
    names = ", ".join(f"${name}: JSON" for name in ("f", *variables))
    query = f'query ({names}) {{ sections(filter: $f, sort: ["id"], limit: 2) {{ {text} }} }}'
    rules = READER if reader else UNRESTRICTED
    given_values = {"f": filters, **variables}
    first = await both.sqlite.read(query, rules, variables=given_values, wire="rest")
    second = await both.postgresql.read(query, rules, variables=given_values, wire="rest")
    assert first == second
    assert isinstance(first["sections"], list)
