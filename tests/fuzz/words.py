"""The words that random requests are made of: names of a project, and texts that mean something somewhere.

Names come from the snapshot of the project that is asked, so that most requests reach the database; the rest
is what a client should never send.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeVar

from hypothesis import strategies as st

from resolvers.operators import ALL_OPERATORS, FUNCTION_NAMES
from schema_gen.model import SchemaSnapshot
from schema_gen.registry import BY_PATH

OPERATORS: Final = tuple(sorted(f"_{name}" for name in ALL_OPERATORS))
FUNCTIONS: Final = tuple(sorted(FUNCTION_NAMES))
AGGREGATES: Final = (
    *("count", "countDistinct", "countAll", "sum", "sumDistinct", "avg", "avgDistinct", "min", "max"),
)
#: no name of anything; quotes, brackets, controls, other languages' magic
NONSENSE: Final = (
    *("nope", "", "*", "**", ".", "..", "-", "$", "$CURRENT_USER", "__proto__", "__class__", "constructor"),
    *("id'", 'id"', "id;--", "id\x00", "\u202e", "é", "🦊", "a.b.c.d", "count(", "year(id))", "json(meta,)"),
    *("json(meta, $.a[0])", "json(meta, a.b)", "item:nope.x", "0", "-1", "_and", "_or", "_eq", "x" * 3000),
    *("x_func", "directus_users", "SELECT", "rowid", "ctid", "oid", "xmin"),
)
TEXTS: Final = (
    *("published", "draft", "a", "%", "_", "\\", "'", '"', "' OR 1=1 --", "\x00", "\ud7ff", "🦊", "x" * 5000),
    *("2024-02-29", "2024-02-29T12:00:00Z", "2024-13-45", "12:30:00", "-0001-01-01", "99999-01-01"),
    *("infinity", "NaN", "1e400", "0x10", "1_000", "١٢", "9223372036854775808", "true", "null", "[]", "{}"),
    *("$NOW", "$NOW(-1 day)", "$NOW(-1 eon)", "$NOW(99999999 y)", "$CURRENT_USER", "$CURRENT_USER.role.name"),
    *("$CURRENT_ROLES", "$CURRENT_POLICIES", "00000000-0000-0000-0000-000000000000", "a,b,c"),
    *('{"type":"Point","coordinates":[0,0]}', "(?:a+)+$"),
)
NUMBERS: Final = (0, 1, 2, -1, 7, 100, 1000, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, 10**30, 0.5, -1e308)
VALUES: Final = (*TEXTS, *NUMBERS, True, False, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """`fields` and `links` (field -> collections on the other side) by collection."""

    collections: tuple[str, ...]
    fields: Mapping[str, tuple[str, ...]]
    links: Mapping[str, Mapping[str, tuple[str, ...]]]
    to_any: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, snapshot: SchemaSnapshot) -> Words:
        links: dict[str, dict[str, tuple[str, ...]]] = {}
        for (collection, field), link in snapshot.links.items():
            links.setdefault(collection, {})[field] = link.allowed if link.kind == "m2a" else (link.target,)
        return cls(
            collections=tuple(sorted(snapshot.collections)),
            fields={name: tuple(found.fields) for name, found in snapshot.collections.items()},
            links=links,
            to_any=frozenset(place for place, link in snapshot.links.items() if link.kind == "m2a"),
        )

    def users(self) -> tuple[str, ...]:
        """Collections of the user, none of the system."""
        return tuple(name for name in self.collections if not name.startswith("directus_"))


SYSTEM_PATHS: Final = tuple(sorted(path for path, table in BY_PATH.items() if table.graphql))

values: Final = st.sampled_from(VALUES)
texts: Final = st.one_of(st.sampled_from(TEXTS), st.text(max_size=12))
nonsense: Final = st.sampled_from(NONSENSE)


BOTH: Final = st.booleans()
T = TypeVar("T")


@cache
def up_to(last: int) -> st.SearchStrategy[int]:
    """Made once: to make a strategy takes longer than to draw from it."""
    return st.integers(0, last)


def once_in(draw: st.DrawFn, times: int) -> bool:
    return draw(up_to(times - 1)) == times - 1


def pick(draw: st.DrawFn, choices: Sequence[T]) -> T:
    return choices[draw(up_to(len(choices) - 1))]


def several(draw: st.DrawFn, choices: Sequence[T], number: int) -> list[T]:
    return [pick(draw, choices) for _ in range(number)]


def some(draw: st.DrawFn, likely: Sequence[Any], odd: st.SearchStrategy[Any], chance: int = 12) -> Any:
    """One of `likely`; once in `chance` times something of `odd`."""
    if not likely or once_in(draw, chance):
        return draw(odd)
    return pick(draw, likely)
