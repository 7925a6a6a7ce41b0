"""One value of a payload against the operators of a rule, in Python; what does not hold, as facts.

    Comparing.of(<views: integer>).failures({"_gte": 5, "_lt": 10}, "3")
    -> [Failure(kind="gte", valid=5)]

Null is no number and no text: operators that ask for one answer "required" (protocol). What cannot be
judged (an operator that does not exist, a bound that is none) does not hold.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from resolvers.comparisons import flag
from resolvers.operands import json_path
from resolvers.writing.current import UNKNOWN
from resolvers.writing.patterns import matches
from resolvers.writing.typed import Typed, as_text, decoded, number, orderable, plain, typed
from schema_gen.errors import CausewayError
from schema_gen.model import Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An operator that did not hold (`kind`), or "required"; with what it was given."""

    kind: str
    valid: Any = None
    invalid: Any = None
    substring: str | None = None


_REQUIRED: Final = Failure(kind="required")
#: steps of a path into JSON
_DEEPEST: Final = 50
_ORDER: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
_TEXT: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "contains": operator.contains,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
}
_NULLS: Final[Mapping[str, str]] = {"null": "nnull", "nnull": "null", "empty": "nempty", "nempty": "empty"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparing:
    """Of one field, made once for many values."""

    field: Field | None
    read: Typed

    @classmethod
    def of(cls, field: Field | None) -> Comparing:
        """`field` None: of a value inside JSON, or of a function."""
        return cls(field=field, read=typed(field))

    def failures(self, operators: Mapping[str, Any], value: Any) -> list[Failure]:
        """`operators`: with variables filled. `value`: as it was sent."""
        found: list[Failure] = []
        for name, wanted in operators.items():
            for failure in self._failures(name.removeprefix("_"), wanted, value):
                # one "required" says it for all that want a number
                if failure is not _REQUIRED or _REQUIRED not in found:
                    found.append(failure)
        return found

    def _failures(self, op: str, wanted: Any, value: Any) -> list[Failure]:
        if op == "submitted":
            return []
        if wanted is UNKNOWN:
            return [Failure(kind=op)]
        if op in ("eq", "neq"):
            return self._member(op == "eq", [wanted], value)
        if op in ("in", "nin"):
            return self._member(op == "in", _listed(wanted), value)
        if op in _ORDER:
            return self._order(op, wanted, value)
        if op in ("between", "nbetween"):
            return self._between(op == "between", _listed(wanted), value)
        if op in _NULLS:
            return self._presence(op if _flagged(wanted) else _NULLS[op], value)
        if op in ("ieq", "nieq"):
            same = _lower(as_text(value, self.field)) == _lower(as_text(wanted, None))
            fact = {"valid": wanted} if op == "ieq" else {"invalid": wanted}
            return [] if same == (op == "ieq") else [Failure(kind=op, **fact)]
        if op == "regex":
            text = plain(value)
            if not isinstance(text, str):
                return [_REQUIRED]
            if matches(str(wanted), text):
                return []
            secret = self.field is not None and self.field.concealed
            return [Failure(kind=op, invalid=None if secret else text)]
        if op == "json":
            return self._json(wanted, value)
        return self._text(op, wanted, value)

    def _member(self, inside: bool, wanted: list[Any], value: Any) -> list[Failure]:
        known = [item for item in wanted if item is not UNKNOWN]
        found = self.read(value)
        among = any(_same(found, self.read(item), value, item) for item in known)
        if among == inside:
            return []
        if len(known) == 1:
            return [_one(inside, known[0])]
        return [Failure(kind="in", valid=known) if inside else Failure(kind="nin", invalid=known)]

    def _order(self, op: str, wanted: Any, value: Any) -> list[Failure]:
        pair = orderable(plain(value), wanted, self.field, self.read)
        if pair is None:
            return [_REQUIRED]
        found, bound, told = pair
        return [] if _ORDER[op](found, bound) else [Failure(kind=op, valid=told)]

    def _between(self, inside: bool, bounds: list[Any], value: Any) -> list[Failure]:
        if len(bounds) != 2:
            return [_REQUIRED]
        low, high = bounds
        if inside:
            return [*self._order("gte", low, value), *self._order("lte", high, value)]
        below, above = self._order("lt", low, value), self._order("gt", high, value)
        return [*below, *above] if below and above else []

    def _presence(self, op: str, value: Any) -> list[Failure]:
        void = value is None or value is UNKNOWN
        empty = value in ("", [], {})
        holds = {"null": void, "nnull": not void, "empty": empty, "nempty": not empty}[op]
        return [] if holds else [Failure(kind=op)]

    def _text(self, op: str, wanted: Any, value: Any) -> list[Failure]:
        kind, negated, insensitive = _dressed(op)
        test, part = _TEXT.get(kind), as_text(wanted, None)
        if test is None or part is None:
            return [Failure(kind=op, valid=wanted)]
        text = as_text(value, self.field)
        if text is None:
            return [_REQUIRED]
        held = test(text.lower(), part.lower()) if insensitive else test(text, part)
        if held is not negated:
            return []
        # protocol: what contains is told without its case
        told = ("n" if negated else "") + kind if kind == "contains" else op
        return [Failure(kind=told, substring=part)]

    def _json(self, wanted: Any, value: Any) -> list[Failure]:
        inside = Comparing.of(None)
        if not isinstance(wanted, Mapping):
            return [Failure(kind="json")]
        return [
            failure
            for path, operators in wanted.items()
            for failure in inside.failures(operators, _at(decoded(value), str(path)))
        ]


def _dressed(op: str) -> tuple[str, bool, bool]:
    """`nistarts_with` -> ("starts_with", negated, insensitive)."""
    for kind in _TEXT:
        if op.endswith(kind):
            head = op.removesuffix(kind)
            if head in ("", "n", "i", "ni"):
                return kind, "n" in head, "i" in head
    return op, False, False


def _same(found: Any, item: Any, value: Any, wanted: Any) -> bool:
    """Both null, or both of the type and equal; what the type cannot hold is compared as it stands."""
    if wanted is None or value is None:
        return wanted is None and value is None
    if found is None or item is None:
        return type(value) is type(wanted) and bool(value == wanted)
    return isinstance(found, bool) is isinstance(item, bool) and bool(found == item)


def _one(inside: bool, wanted: Any) -> Failure:
    """`eq` or `neq`; of a number, the pair of its spellings (protocol)."""
    if wanted is None:
        return Failure(kind="null" if inside else "nnull")
    if wanted in ("true", "false"):
        wanted = wanted == "true"
    pair = _spellings(wanted)
    if inside:
        return Failure(kind="in", valid=pair) if pair else Failure(kind="eq", valid=wanted)
    return Failure(kind="nin", invalid=pair) if pair else Failure(kind="neq", invalid=wanted)


def _spellings(wanted: Any) -> list[Any] | None:
    found = number(wanted)
    if found is None:
        return None
    if not isinstance(wanted, str):
        return [wanted, f"{wanted:.0f}" if isinstance(wanted, float) and wanted.is_integer() else str(wanted)]
    return [wanted, int(found) if found == found.to_integral_value() else float(found)]


def _listed(wanted: Any) -> list[Any]:
    """The items of a list, also of one inside it (`$CURRENT_ROLES`)."""
    if isinstance(wanted, str):
        return wanted.split(",") if wanted else []
    if isinstance(wanted, Mapping):
        wanted = list(wanted.values())
    if not isinstance(wanted, (list, tuple)):
        return [wanted]
    return [one for item in wanted for one in (item if isinstance(item, (list, tuple)) else [item])]


def _flagged(wanted: Any) -> bool:
    try:
        return flag(wanted, "")
    except CausewayError:
        return True


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()


def _at(value: Any, path: str) -> Any:
    try:
        steps = json_path(path, _DEEPEST)
    except CausewayError:
        return None
    for step in steps:
        if isinstance(value, Mapping):
            value = value.get(str(step))
        elif isinstance(value, (list, tuple)) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value
