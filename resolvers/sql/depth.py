"""How deep a statement may nest, and what gets a text of its own where it would nest deeper.

SQLite's parser keeps whatever is open (a call, a CASE, a subquery) on a stack of 100 entries. A list in a
list opens some twenty of them, so the fifth would be refused. A statement is made from the outside in:
`Depth` knows what is open around the part in the making. Where that would not fit, it goes to the head of
the statement as a common table expression and is read by name:

    ... json((SELECT ... FROM t2 WHERE t2.parent = t1.id ...)) ...              in its place

    WITH t3 AS (SELECT t2.parent AS key0, json_object(...) AS json0 FROM t2)
    ... json((SELECT ... FROM t3 WHERE t3.key0 = t1.id ...)) ...                apart

SQLite merges a table that is named once with the query that reads it before it plans: the plan of a list and
of a condition is the same either way. A to-one item costs one more look-up by its key when it is apart, so it
is the last to go. What is apart begins with nothing open around it: one rule, asked at each part, gives any
depth.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import CTE, ColumnElement, Select

from resolvers.sql.dialects.base import raw


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What may go apart. `opens`: entries it keeps on the stack around what is inside; `spare`: entries to be
    left free for what is not counted one by one (values, comparisons, the reading of what is apart).
    """

    opens: int
    spare: int


# entries as measured on SQLite 3.40, by how many brackets still fit around a statement
#: a list of objects as a value of an object
LIST: Final = Part(opens=19, spare=40)
#: an object under a condition
ITEM: Final = Part(opens=10, spare=28)
#: an object under two conditions: which collection, and whether it is there
BRANCH: Final = Part(opens=16, spare=28)
#: a condition on related items
RELATED: Final = Part(opens=9, spare=40)

#: AND and OR inside each other
LOGIC: Final = 3
#: a condition that decides whether a value is shown
GUARD: Final = 5
#: a value behind a hop where nothing may be joined
HOP: Final = 8

#: the statement itself; with LIST it comes to what is open around a value of a root
_STATEMENT: Final = 12
#: a table at the head of the statement, and the object in it
_TABLE: Final = 27


class Depth:
    """What is open around the part of a statement that is being made. `bound` None: of no concern."""

    def __init__(self, bound: int | None) -> None:
        self._bound = bound
        self._open = _STATEMENT

    def fits(self, part: Part) -> bool:
        """Whether `part` may be made in its place."""
        return self._bound is None or self._open + part.opens + part.spare <= self._bound

    @contextmanager
    def inside(self, opened: int) -> Iterator[None]:
        self._open += opened
        yield
        self._open -= opened

    @contextmanager
    def apart(self) -> Iterator[None]:
        """What is made here goes to the head of the statement."""
        before, self._open = self._open, _TABLE
        yield
        self._open = before


class Apart:
    """Rows at the head of the statement: the keys they are found by, what they are sorted by, their JSON."""

    def __init__(self, name: str, rows: Select[Any], **columns: Sequence[ColumnElement[Any]]) -> None:
        labelled = [
            column.label(f"{kind}{number}")
            for kind, listed in columns.items()
            for number, column in enumerate(listed)
        ]
        self._name = name
        self._clause: CTE = rows.add_columns(*labelled).cte(name)

    def column(self, kind: str, number: int = 0) -> ColumnElement[Any]:
        return raw(f"{self._name}.{kind}{number}")

    def where(self, keys: Sequence[ColumnElement[Any]], *conditions: ColumnElement[bool]) -> Select[Any]:
        """The rows with these keys; correlates with what is around."""
        found = [self.column("key", number) == key for number, key in enumerate(keys)]
        return sa.select().select_from(self._clause).where(*found, *conditions).correlate_except(self._clause)
