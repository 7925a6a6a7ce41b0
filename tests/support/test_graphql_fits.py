"""The checker of GraphQL answers finds what does not fit."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import build_schema

from tests.support.graphql_fits import faults

SCHEMA = build_schema("""
  type Query { list: [thing!]! one: thing }
  type thing { id: ID! n: Int kind: any }
  union any = left | right
  type left { a: String }
  type right { b: Boolean! }
""")
QUERY = "{ list { id n kind { ... on left { a } ... on right { b } } } one { x: n __typename } }"
FINE: Any = {
    "list": [{"id": "1", "n": None, "kind": {"b": True}}, {"id": "2", "n": 2, "kind": {"a": "x"}}],
    "one": {"x": 1, "__typename": "thing"},
}


def test_what_fits() -> None:
    assert faults(SCHEMA, QUERY, FINE) == []
    assert faults(SCHEMA, QUERY, None) == []
    assert faults(SCHEMA, QUERY, {**FINE, "list": None}) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"list": {}},
        {"list": [None]},
        {"list": [{"id": 1, "n": 1, "kind": None}]},
        {"list": [{"id": "1", "n": True, "kind": None}]},
        {"list": [{"id": "1", "n": 1, "kind": {"b": None}}]},
        {"list": [{"id": "1", "n": 1, "kind": {"c": 1}}]},
        {"list": [{"id": "1", "n": 1}]},
        {"one": {"x": 1, "__typename": "left"}},
        {"one": {"x": 1, "__typename": "thing", "more": 1}},
    ],
)
def test_what_does_not_fit(wrong: Any) -> None:
    assert faults(SCHEMA, QUERY, {**FINE, **wrong})
