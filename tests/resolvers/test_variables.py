"""Variables: the quick look says the same as the library, or leaves the decision to it."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import OperationDefinitionNode, get_variable_values, parse
from hypothesis import given
from hypothesis import strategies as st

from resolvers.literals import with_lists
from resolvers.variables import Variables, fits, too_deep
from schema_gen.graphql.build import build_schema
from schema_gen.graphql.view import Everything
from schema_gen.naming import Names
from tests.support.blog import blog_snapshot

SNAPSHOT = blog_snapshot("sqlite")
SCHEMA = build_schema(SNAPSHOT, Names.of(SNAPSHOT), Everything(SNAPSHOT), "items")
TYPES = ["Int", "String!", "ID", "Boolean", "Float", "GraphQLStringOrFloat", "GraphQLBigInt", "[String]",
         "articles_filter", "lines_key", "[articles_filter!]", "GraphQLJsonFilter"]  # fmt: skip

LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-5, 5), st.floats(), st.text(max_size=3)
)
KEYS = st.sampled_from(
    ["id", "title", "author", "tags", "_and", "_or", "_some", "_eq", "_in", "_null", "_between",
     "published_at_func", "year", "meta", "_json", "order_id", "number", "nope"]
)  # fmt: skip
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)
)


def definition(text: str) -> OperationDefinitionNode:
    found = parse(text).definitions[0]
    assert isinstance(found, OperationDefinitionNode)
    return found


@pytest.mark.parametrize("written", TYPES)
@given(value=VALUES)
def test_what_fits_is_what_the_library_leaves_as_it_is(written: str, value: Any) -> None:
    operation = definition(f"query ($v: {written}) {{ a }}")
    type_ = Variables(SCHEMA, operation)._types["v"]
    if fits(value, type_):
        library = get_variable_values(SCHEMA, operation.variable_definitions or (), {"v": value})
        assert not isinstance(library, list), library
        assert library.coerced == {"v": value}


@pytest.mark.parametrize(
    ("written", "given", "read"),
    [
        ("$a: Int", {}, {}),
        ("$a: Int = 3", {}, {"a": 3}),
        ("$a: Int = 3", {"a": None}, {"a": None}),
        ("$a: [String]", {"a": "x"}, {"a": ["x"]}),
        ("$a: ID", {"a": 5}, {"a": "5"}),
        ("$a: ID!", {"a": -5}, {"a": "-5"}),
        ("$a: ID!, $b: Int, $c: ID", {"a": 2**70, "b": 7, "c": "x"}, {"a": str(2**70), "b": 7, "c": "x"}),
        ("$a: Int", {"a": 1, "unknown": 2}, {"a": 1}),
        ("$a: articles_filter", {"a": {"id": {"_in": 3}}}, {"a": {"id": {"_in": [3]}}}),
        ("$a: GraphQLBigInt", {"a": 5}, {"a": "5"}),
    ],
)
def test_what_is_read(written: str, given: dict[str, Any], read: dict[str, Any]) -> None:
    assert Variables(SCHEMA, definition(f"query ({written}) {{ a }}")).read(given) == read


@pytest.mark.parametrize(
    ("written", "given"),
    [
        ("$a: Int!", {}),
        ("$a: Int", {"a": 2**31}),
        ("$a: Int", {"a": "1"}),
        ("$a: Int", {"a": True}),
        ("$a: ID", {"a": True}),
        ("$a: Float", {"a": float("nan")}),
        ("$a: String", {"a": 1}),
        ("$a: Boolean", {"a": 1}),
        ("$a: GraphQLBigInt", {"a": str(2**63)}),
        ("$a: GraphQLStringOrFloat", {"a": True}),
        ("$a: articles_filter", {"a": {"nope": {"_eq": 1}}}),
        ("$a: articles_filter", {"a": {"secret": {"_eq": "x"}}}),
        ("$a: articles_filter", {"a": [1]}),
        ("$a: lines_key", {"a": {"order_id": 1}}),
        ("$a: GraphQLJsonFilter", {"a": "x"}),
    ],
)
def test_what_is_refused(written: str, given: dict[str, Any]) -> None:
    assert isinstance(Variables(SCHEMA, definition(f"query ({written}) {{ a }}")).read(given), list)


def test_too_deep() -> None:
    value: Any = {"id": {"_eq": 1}}
    for _ in range(19):
        value = {"_and": [value]}
    assert not too_deep({"filter": value})
    assert too_deep({"filter": {"_and": [value]}})
    assert not too_deep([[]] * 1000)


@pytest.mark.parametrize(
    ("literal", "listed"),
    [
        ("{id: {_in: 3}}", "{id: {_in: [3]}}"),
        ("{_and: {id: {_eq: 3}}}", "{_and: [{id: {_eq: 3}}]}"),
        ("{id: {_in: [3]}}", "{id: {_in: [3]}}"),
        ("{id: {_in: $v}}", "{id: {_in: $v}}"),
        ("{id: {_in: null}}", "{id: {_in: null}}"),
        ("{_in: {_eq: 3}}", "{_in: {_eq: 3}}"),
    ],
)
def test_literals_become_lists(literal: str, listed: str) -> None:
    def bare(text: str) -> Any:
        return parse(text, no_location=True)

    assert with_lists(bare(f"{{ a(filter: {literal}) }}")) == bare(f"{{ a(filter: {listed}) }}")
