"""Changes of the text of CREATE TABLE, each a list of edits: (start, end, what stands there instead).

apply(text, [*without_clauses(column, {"not null"}), after(column, " NOT NULL")])
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from resolvers.sql.ddl.sqlite_text import Clause, ColumnText, Definition, Kind


class Edit(NamedTuple):
    start: int
    end: int
    text: str


def apply(text: str, edits: Sequence[Edit]) -> str:
    """Edits do not overlap; of several at one place the first comes first."""
    parts: list[str] = []
    at = 0
    for edit in sorted(edits, key=lambda edit: edit.start):
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, text[at:]])


def renamed(definition: Definition, quoted: str) -> Edit:
    return Edit(*definition.name, quoted)


def typed(column: ColumnText, declared: str) -> Edit:
    return Edit(column.name_end, column.type_end, f" {declared}")


def without_clauses(column: ColumnText, kinds: Collection[Kind]) -> list[Edit]:
    return [Edit(clause.start, clause.end, "") for clause in column.clauses if clause.kind in kinds]


def with_clause(column: ColumnText, clause: str) -> Edit:
    """Behind the type, in front of what stands there."""
    return Edit(column.type_end, column.type_end, f" {clause}")


def added_column(definition: Definition, column: str) -> Edit:
    end = definition.columns[-1].end
    return Edit(end, end, f", {column}")


def added_constraint(definition: Definition, constraint: str) -> Edit:
    return Edit(definition.last, definition.last, f", {constraint}")


def without_constraints(definition: Definition, gone: Sequence[Clause]) -> list[Edit]:
    """Constraints of the table taken out, each with the comma in front of it."""
    return [Edit(_comma(definition.text, clause.start), clause.end, "") for clause in gone]


def without_column(definition: Definition, column: ColumnText) -> Edit:
    """Not the only one. With its comma: the one behind it, for the first column."""
    index = definition.columns.index(column)
    if index:
        return Edit(definition.columns[index - 1].end, column.end, "")
    return Edit(column.start, definition.columns[1].start, "")


def _comma(text: str, start: int) -> int:
    """Where the part that starts here begins with its comma, if it has one."""
    before = text[:start].rstrip()
    return len(before) - 1 if before.endswith(",") else start
