"""What the search for faults in a document costs: GHSA-7hmh-pfrp-vcx4, counted in calls of functions.

A field costs some 250 calls in all rules together. One that repeats others may cost comparisons beside, whose
number is bounded for the document; it does not grow with the square of the text.
"""

from __future__ import annotations

import pytest
from graphql import build_schema, parse

from schema_gen.graphql.limits import DocumentLimits
from schema_gen.graphql.validity import faults
from tests.support.work import calls_of

NAMES = [f"f{number}" for number in range(20)]
FIELDS = " ".join(f"{name}: Int" for name in NAMES)
TYPES = [f"B{number}" for number in range(60)]
SCHEMA = build_schema(
    f"type Query {{ a: [A] }} type A {{ max: M block: Block }} type M {{ id: Int {FIELDS} }}"
    + "".join(f" type {name} {{ {FIELDS} }}" for name in TYPES)
    + " union Block = "
    + " | ".join(TYPES)
)
TOO_MUCH = "The document repeats or nests its fields too much."
#: calls that validation of no document here may take; 2,000 fields that repeat nothing take 500,000
MOST_CALLS = 1_200_000


def told(text: str) -> list[str]:
    return [error.message for error in faults(SCHEMA, parse(text), DocumentLimits())]


def max_of(inner: str, times: int) -> str:
    return "{ a { " + f"max {{ {inner} }} " * times + "} }"


def by_fragments(times: int) -> str:
    """As many fragments with the same ten fields, as clients that put documents together send them."""
    fragments = "".join(f"fragment F{n} on A {{ max {{ {' '.join(NAMES[:10])} }} }} " for n in range(times))
    return fragments + "{ a { " + " ".join(f"...F{n}" for n in range(times)) + " } }"


def in_each_other(times: int) -> str:
    """Each fragment names its own fields, and spreads the next one."""
    inner = " ".join(NAMES[:10])
    chain = [
        f"fragment F{n} on A {{ max {{ {inner} }} ...F{n + 1} max {{ {inner} }} }}" for n in range(times)
    ]
    return " ".join(chain) + f" fragment F{times} on A {{ max {{ id }} }} {{ a {{ ...F0 ...F1 ...F2 }} }}"


@pytest.mark.parametrize(
    "text",
    [
        max_of(" ".join(NAMES[:10]), 50),
        max_of("id " * 10, 10),
        by_fragments(50),
        in_each_other(15),
        "{ a { block { " + " ".join(f"... on {name} {{ {' '.join(NAMES)} }}" for name in TYPES) + " } } }",
    ],
    ids=["fields", "fields of fields", "fragments", "fragments in fragments", "60 types of a union"],
)
def test_what_clients_repeat_is_valid(text: str) -> None:
    assert told(text) == []


REPEATED = {
    "200 x 200, through a fragment": (
        "fragment F on M { " + "id " * 200 + "} " + max_of("...F", 200),
        "The document asks for more than 5000 fields.",
    ),
    "200 x 200, through fragments in fragments": (
        "fragment G on M { " + "id " * 200 + "} fragment F on A { max { ...G } } "
        "{ a { " + "...F " * 200 + "} }",
        "The document asks for more than 5000 fields.",
    ),
    "20 x 20": (max_of("id " * 20, 20), TOO_MUCH),
    "40 x 40": (max_of("id " * 40, 40), TOO_MUCH),
    "one field": (max_of("id " * 2_000, 1), TOO_MUCH),
    "150 x 10 names": (max_of(" ".join(NAMES[:10]), 150), TOO_MUCH),
    "150 fragments of 10 names": (by_fragments(150), TOO_MUCH),
    "60 fragments in each other": (in_each_other(60), TOO_MUCH),
}


@pytest.mark.parametrize(("text", "why"), REPEATED.values(), ids=REPEATED.keys())
def test_what_is_repeated_further_is_refused_for_little_work(text: str, why: str) -> None:
    assert told(text) == [why]
    document = parse(text)
    assert calls_of(lambda: faults(SCHEMA, document, DocumentLimits())) < MOST_CALLS


def test_work_grows_with_the_text_not_with_its_square() -> None:
    def work(times: int) -> int:
        document = parse(max_of(" ".join(NAMES[:10]), times))
        return calls_of(lambda: faults(SCHEMA, document, DocumentLimits()))

    assert work(240) < 2.2 * work(120)


def test_a_fault_is_named_and_nothing_is_suggested() -> None:
    assert told("{ a { maxx { id } } }") == ["Cannot query field 'maxx' on type 'A'."]


def test_many_faults_are_not_all_named() -> None:
    errors = told("{ a { " + " ".join(f"x{number}" for number in range(30)) + " } }")
    assert len(errors) == 21
    assert errors[-1].startswith("Too many validation errors")
