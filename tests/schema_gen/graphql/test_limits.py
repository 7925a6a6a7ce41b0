"""What a document may ask for at most, before it is validated."""

from __future__ import annotations

from functools import partial

import pytest
from graphql import get_introspection_query, parse

from schema_gen.graphql.limits import DocumentLimits, exceeded
from tests.support.work import calls_of

LIMITS = DocumentLimits(depth=3, aliases=5, cost=30)


def told(text: str, limits: DocumentLimits = LIMITS) -> str | None:
    error = exceeded(parse(text), limits)
    return None if error is None else error.message


def nested(levels: int) -> str:
    return "{" + "a{" * levels + "b" + "}" * levels + "}"


@pytest.mark.parametrize(
    "text",
    [
        "{ a b c }",
        nested(5),  # a root, three relations below it, and functions or aggregates
        "{ " + " ".join(f"x{i}: a" for i in range(5)) + " }",
        "{ " + " ".join(f"f{i}" for i in range(30)) + " }",
        "{ a { ... { ... { ... { ... { ... { ... { b } } } } } } } }",
        "fragment A on x { ...B } fragment B on x { ...A } { ...A }",
        "{ ...Gone }",
    ],
)
def test_within(text: str) -> None:
    assert told(text) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (nested(6), "The document goes deeper than 3 relations."),
        ("query A { a } query B " + nested(6), "The document goes deeper than 3 relations."),
        (
            "{ a { ...A } } fragment A on x { b { ...B } } fragment B on x { c { d { e { f { g } } } } }",
            "The document goes deeper than 3 relations.",
        ),
        ("{ " + " ".join(f"x{i}: a" for i in range(6)) + " }", "A selection has more than 5 aliases."),
        (
            "{ r { ...A x3: a x4: a x5: a } } fragment A on x { x0: a x1: a x2: a }",
            "A selection has more than 5 aliases.",
        ),
        ("{ " + " ".join(f"f{i}" for i in range(31)) + " }", "The document asks for more than 30 fields."),
        (
            "{ r { ...A ...A ...A ...A } } fragment A on x { " + " ".join("abcdefgh") + " }",
            "The document asks for more than 30 fields.",
        ),
        ("{ a(f: " + "[" * 41 + "]" * 41 + ") }", "A value is nested too deeply."),
        ("query ($v: x = " + "{a:" * 41 + "1" + "}" * 41 + ") { a }", "A value is nested too deeply."),
    ],
)
def test_beyond(text: str, why: str) -> None:
    assert told(text) == why


def test_introspection_is_no_deep_relation() -> None:
    assert told(get_introspection_query(), DocumentLimits(depth=2)) is None


def test_fields_that_multiply_through_fragments_are_weighed_once() -> None:
    """GHSA-7hmh-pfrp-vcx4: 200 x `max { 200 x id }`, and fragments that double 300 times."""
    wide = "fragment F on x { " + "id " * 200 + "} { r { " + "max { ...F } " * 200 + "} }"
    doubled = " ".join(f"fragment F{i} on x {{ ...F{i + 1} ...F{i + 1} }}" for i in range(300))
    for text in (wide, doubled + " fragment F300 on x { id } { r { ...F0 } }"):
        weigh = partial(exceeded, parse(text), DocumentLimits())
        assert weigh() is not None
        assert calls_of(weigh) < 20_000
