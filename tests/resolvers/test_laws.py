"""Laws of reads over random operations: both databases answer alike, plans remember no values."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resolvers.bounded import Bounded
from tests.support.blog import Both, on_both, open_blog
from tests.support.session import TestRun

SCALARS = {
    "articles": ["id", "title", "status", "views", "rating", "published_at", "updated_at",
                 "keywords", "featured",
                 "price", "big", "secret", "meta"],
    "authors": ["id", "name", "email", "born"],
    "tags": ["id", "name"],
    "articles_tags": ["id"],
}  # fmt: skip
TO_ONE = {"articles": {"author": "authors"}, "articles_tags": {"tags_id": "tags", "articles_id": "articles"}}
TO_MANY = {"articles": {"tags": "articles_tags"}, "authors": {"articles": "articles"}}
OPERATORS = [
    "_eq", "_neq", "_lt", "_lte", "_gt", "_gte", "_in", "_nin", "_null", "_nnull", "_contains", "_ncontains",
    "_icontains", "_starts_with", "_ends_with", "_istarts_with", "_between", "_nbetween", "_empty", "_nempty",
    "_ieq",
]  # fmt: skip

# NUL is refused by one database and kept by the other; it is refused by us before either sees it
texts = st.sampled_from(
    ["Alpha", "alpha", "draft", "x", "%", "_", "a'b\"", "2024-02-29", "red", "$NOW", "é", "\x00"]
)
numbers = st.one_of(
    st.integers(-5, 40), st.floats(-3, 40, allow_nan=False), st.sampled_from([2**53 + 1, 2**70])
)
values = st.one_of(texts, numbers, st.booleans(), st.none())
lists = st.lists(st.one_of(texts, numbers), max_size=3)


@cache
def filters(collection: str, depth: int = 2) -> st.SearchStrategy[dict[str, Any]]:
    operator = st.tuples(st.sampled_from(OPERATORS), st.one_of(values, lists)).map(
        lambda pair: {pair[0]: pair[1]}
    )
    leaf = st.tuples(st.sampled_from(SCALARS[collection]), operator).map(lambda pair: {pair[0]: pair[1]})
    options = [leaf]
    if depth:
        for name, target in {**TO_ONE.get(collection, {}), **TO_MANY.get(collection, {})}.items():
            options.append(filters(target, depth - 1).map(lambda inner, name=name: {name: inner}))  # type: ignore[misc]
        for name, target in TO_MANY.get(collection, {}).items():
            quantifier = st.sampled_from(["_some", "_none"])
            options.append(
                st.tuples(quantifier, filters(target, depth - 1)).map(
                    lambda pair, name=name: {name: {pair[0]: pair[1]}}  # type: ignore[misc]
                )
            )
        logic = st.tuples(
            st.sampled_from(["_and", "_or"]), st.lists(filters(collection, depth - 1), max_size=2)
        )
        options.append(logic.map(lambda pair: {pair[0]: pair[1]}))
    return st.one_of(options)


@cache
def sorts(collection: str) -> st.SearchStrategy[list[str]]:
    columns = [name for name in SCALARS[collection] if name not in ("meta",)]
    paths = [
        f"{name}.{column}"
        for name, target in TO_ONE.get(collection, {}).items()
        for column in SCALARS[target]
        if column != "meta"
    ]
    return st.lists(
        st.tuples(st.sampled_from(["", "-"]), st.sampled_from(columns + paths)).map("".join), max_size=2
    )


@cache
def selections(collection: str, depth: int = 2) -> st.SearchStrategy[str]:
    plain = st.lists(st.sampled_from(SCALARS[collection]), min_size=1, max_size=4, unique=True).map(" ".join)
    if not depth:
        return plain
    relations = [
        selections(target, depth - 1).map(lambda inner, name=name: f"{name} {{ {inner} }}")  # type: ignore[misc]
        for name, target in {**TO_ONE.get(collection, {}), **TO_MANY.get(collection, {})}.items()
    ]
    if not relations:
        return plain
    return st.tuples(plain, st.one_of(st.just(""), *relations)).map(" ".join)


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    collection = draw(st.sampled_from(["articles", "authors"]))
    sort = json.dumps(draw(sorts(collection)))
    limit = draw(st.sampled_from([-1, 0, 1, 2, 100]))
    page = draw(st.sampled_from(["", ", page: 2", ", offset: 1"]))
    selection = draw(selections(collection))
    search = draw(st.one_of(st.none(), texts))
    query = (
        "query ($f: JSON, $s: String) { "
        f"rows: {collection}(filter: $f, search: $s, sort: {sort}, limit: {limit}{page}) {{ {selection} }} "
        f"total: {collection}_aggregated(filter: $f, search: $s) {{ countAll }} }}"
    )
    return query, {"f": draw(filters(collection)), "s": search}


@pytest.fixture
async def both(test_run: TestRun, tmp_path: Path) -> AsyncIterator[Both]:
    async with on_both(test_run, tmp_path, open_blog) as opened:
        yield opened


EACH = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@EACH
@given(request=requests())
async def test_both_databases_answer_alike(both: Both, request: tuple[str, dict[str, Any]]) -> None:
    query, variables = request
    for wire in ("rest", "graphql"):
        first = await both.sqlite.read(query, variables=variables, wire=wire)
        second = await both.postgresql.read(query, variables=variables, wire=wire)
        assert first == second


@EACH
@given(filters=filters("articles"), search=st.one_of(st.none(), st.just(""), texts))
async def test_a_warm_engine_answers_like_a_cold_one(
    both: Both, filters: dict[str, Any], search: str | None
) -> None:
    """One document for all: what the plans of earlier filters left behind must not show."""
    query = 'query ($f: JSON, $s: String) { articles(filter: $f, search: $s, sort: ["id"]) { id } }'
    variables = {"f": filters, "s": search}
    warm = await both.sqlite.read(query, wire="rest", variables=variables)
    cold = both.postgresql
    cold.engine.holder.current.plans = Bounded(10)
    assert warm == await cold.read(query, wire="rest", variables=variables)
