"""Types of `<collection>_aggregated`.

    type articles_aggregated {
      group: JSON
      countAll: Int
      count: articles_aggregated_count          # every column
      sum: articles_aggregated_fields           # numbers
      min: articles_aggregated_fields           # and dates
    }

More than the protocol has: big integers are numbers like any other, and `min` and `max` know dates and times.
These stand in the same type, so that what was written for it still holds; to sum them is refused.
"""

from __future__ import annotations

from typing import Final

from graphql import GraphQLField, GraphQLFloat, GraphQLInt

from schema_gen.graphql.scalars import DATE, JSON
from schema_gen.graphql.source import TypeSource
from schema_gen.graphql.uses import Use
from schema_gen.types import NUMBERS

_MOMENTS: Final = frozenset({"date", "dateTime", "time", "timestamp"})
_ARITHMETIC: Final = ("avg", "sum", "avgDistinct", "sumDistinct")
_EXTREMES: Final = ("min", "max")


def aggregated_fields(collection: str, source: TypeSource) -> dict[str, GraphQLField]:
    counts = GraphQLField(source.counts(collection))
    fields = {
        "group": GraphQLField(JSON),
        "countAll": GraphQLField(GraphQLInt),
        "count": counts,
        "countDistinct": counts,
    }
    sums = source.sums(collection)
    if sums is not None:
        numeric = any(_is(use, NUMBERS) for use in source.uses(collection))
        for name in (*_ARITHMETIC, *_EXTREMES) if numeric else _EXTREMES:
            fields[name] = GraphQLField(sums)
    return fields


def count_fields(collection: str, source: TypeSource) -> dict[str, GraphQLField]:
    count = GraphQLField(GraphQLInt)
    return {use.name: count for use in source.uses(collection) if not use.field.alias}


def sum_fields(collection: str, source: TypeSource) -> dict[str, GraphQLField]:
    """Empty where the collection has neither numbers nor dates."""
    fields: dict[str, GraphQLField] = {}
    for use in source.uses(collection):
        if _is(use, NUMBERS):
            fields[use.name] = GraphQLField(GraphQLFloat)
        elif _is(use, _MOMENTS):
            fields[use.name] = GraphQLField(DATE, description="Only min and max.")
    return fields


def _is(use: Use, kinds: frozenset[str]) -> bool:
    return use.field.type in kinds and not use.field.concealed
