"""Filters, typed: filter JSON (REST or GraphQL spelling) + snapshot -> condition tree.

A condition speaks of resolved columns, never of spellings, so permission is asked once, of what is really
read. Values are slots: they say where the value comes from and are bound at the very end; they never reach
SQL text.

    {"author": {"name": {"_eq": "Ada"}}, "year(day)": {"_gt": 2020}}     (REST)
    {"author": {"name": {"_eq": "Ada"}}, "day_func": {"year": {"_gt": 2020}}}     (GraphQL)

both become

    And((Compare(operand=ColumnRef(hops=(Hop(author),), field=name), op="eq", slots=(Slot(Variable(...)),)),
         Compare(operand=Call("year", ColumnRef(field=day)), op="gt", slots=(...))))
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from schema_gen.model import Field, FieldType, Link

# --- where values come from ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A value of the operation's variables: `path[0]` the variable, then keys and indexes into it."""

    path: tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal_:
    """A value of the document or of a permission rule; part of the plan, still bound as a parameter.

    `settled`: it comes from a rule or from us; where its column cannot hold it, it matches nothing and nobody
    is told.
    """

    value: Any
    settled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Current:
    """`$CURRENT_USER`, `$CURRENT_ROLE` (one value), `$CURRENT_ROLES`, `$CURRENT_POLICIES` (lists)."""

    what: Literal["user", "role", "roles", "policies"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """`$NOW` or `$NOW(-1 day)`; `adjust` is the text in the brackets."""

    adjust: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorField:
    """`$CURRENT_USER.a.b`: read in the same statement from the row of the user, role or policies."""

    what: Literal["user", "role", "roles", "policies"]
    operand: Operand


Source = Variable | Literal_ | Current | Now | ActorField

#: how a value is dressed for its operator: as it stands; one list; inside LIKE wildcards; the lower or upper
#: whole number where the column holds whole numbers (`x > 1.5` is `x > 1`); a search term that may not fit
#: the column's type
Shape = Literal["plain", "list", "contains", "starts", "ends", "floor", "ceil", "exact", "search"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One bound value: its source, the type it is read as, and how it is dressed for the operator.

    `item`: an element of the list that the source gives (`_between`). `part`: of the encoded composite key
    that the source gives, the value at an index, of so many. `operator`: for messages.
    """

    source: Source
    type: FieldType
    shape: Shape = "plain"
    item: int | None = None
    part: tuple[int, int] | None = None
    operator: str = "_eq"


# --- what is compared ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One step to at most one item: an m2o link, or one branch of an m2a link. `guard`: the rule of the
    target.
    """

    link: Link
    target: str
    guard: Condition | None = None
    #: where on the near side the relation field may be seen
    column_guard: Condition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRef:
    """A column behind to-one hops. Where `guard` holds the value may be seen, elsewhere it is null."""

    field: Field
    hops: tuple[Hop, ...] = ()
    guard: Condition | None = None


FunctionName = Literal["year", "month", "week", "day", "weekday", "hour", "minute", "second", "count"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A function of a column: parts of dates, `count` of a JSON list."""

    name: FunctionName
    column: ColumnRef


@dataclass(frozen=True, slots=True, kw_only=True)
class CountOf:
    """`count(alias)`: how many related items the caller may see. `hops` lead to the parent."""

    link: Link
    hops: tuple[Hop, ...] = ()
    guard: Condition | None = None
    #: guard of the alias field itself on the parent
    column_guard: Condition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonPath:
    """`json(field, path)`: a value inside a JSON column; `path` of keys and indexes."""

    column: ColumnRef
    path: tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extreme:
    """Sorting over a to-many relation: the smallest or the largest value among the related items."""

    link: Link
    operand: Operand
    largest: bool
    hops: tuple[Hop, ...] = ()
    guard: Condition | None = None
    column_guard: Condition | None = None


Operand = ColumnRef | Call | CountOf | JsonPath | Extreme

# --- conditions ---------------------------------------------------------------------------------------------

Operator = Literal[
    "eq", "neq", "ieq", "nieq", "lt", "lte", "gt", "gte", "in", "nin", "null", "nnull", "contains",
    "ncontains", "icontains", "nicontains", "starts_with", "nstarts_with", "istarts_with",
    "nistarts_with", "ends_with", "nends_with", "iends_with", "niends_with", "between", "nbetween",
    "empty", "nempty", "intersects", "nintersects", "intersects_bbox", "nintersects_bbox",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class And:
    items: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Or:
    items: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    value: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Compare:
    operand: Operand
    op: Operator
    slots: tuple[Slot, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """Some or none of the items behind an o2m link meet `condition`; `hops` lead to its parent."""

    link: Link
    quantifier: Literal["some", "none"]
    condition: Condition
    hops: tuple[Hop, ...] = ()
    #: the rule of the related collection: only visible items count
    guard: Condition | None = None
    #: guard of the alias field itself on the parent: where it does not hold the relation is empty
    column_guard: Condition | None = None


Condition = And | Or | Constant | Compare | Related


def all_of(items: list[Condition]) -> Condition | None:
    """The conjunction, simplified; None where nothing is asked."""
    kept = [item for item in items if not (isinstance(item, Constant) and item.value)]
    if not kept:
        return None
    return kept[0] if len(kept) == 1 else And(items=tuple(kept))


def any_of(items: list[Condition]) -> Condition:
    """The disjunction, simplified; nothing to choose from is false."""
    if any(isinstance(item, Constant) and item.value for item in items):
        return Constant(value=True)
    kept = [item for item in items if not isinstance(item, Constant)]
    if not kept:
        return Constant(value=False)
    return kept[0] if len(kept) == 1 else Or(items=tuple(kept))
