"""What a schema offers in operators and functions, the engine takes: two tables that agree."""

from __future__ import annotations

import pytest

from resolvers.operators import FUNCTIONS, OPERATORS
from schema_gen.graphql import operators as offered
from schema_gen.model import FieldType


@pytest.mark.parametrize("kind", sorted(offered.OPERATORS))
def test_what_a_schema_offers_is_taken(kind: FieldType) -> None:
    names = {name.removeprefix("_") for name in offered.OPERATORS[kind].fields}
    assert names
    assert names <= OPERATORS[kind]


def test_concealed_fields_take_the_same() -> None:
    assert {name.removeprefix("_") for name in offered.HASH_OPERATORS.fields} == OPERATORS["hash"]


@pytest.mark.parametrize("kind", sorted(offered.FUNCTIONS))
def test_functions_are_the_same(kind: FieldType) -> None:
    results, filters = offered.FUNCTIONS[kind]
    assert tuple(results.fields) == tuple(filters.fields) == FUNCTIONS[kind]
