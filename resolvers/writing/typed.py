"""Values of payloads and of rules, read as the type of their field, so that "1" and 1 are one number.

What is stored is what has to be judged: a rule that forbids `true` must not be passed by "yes". A value that
the type cannot hold is `None` here; its column refuses it anyway.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from resolvers.writing.hashing import Hashed
from resolvers.writing.moments import midnight
from resolvers.writing.values import reader
from schema_gen.errors import CausewayError
from schema_gen.model import Field
from schema_gen.types import NUMBERS

Typed = Callable[[Any], Any]

_MOMENTS: Final = frozenset({"dateTime", "timestamp"})
_NUMBER_TEXT: Final = 40


def typed(field: Field | None) -> Typed:
    """The reader of a field's values: null, and what it cannot hold, is None."""
    if field is None or field.column is None or field.column.generated:
        return plain
    if field.type == "json" or field.type.startswith("geometry"):
        return decoded
    read = reader(field, "postgresql")

    def value(given: Any) -> Any:
        if given is None:
            return None
        if isinstance(given, datetime) and field.type not in _MOMENTS | {"date"}:
            return None
        try:
            return read(given.isoformat() if isinstance(given, datetime) else plain(given))
        except CausewayError:
            return None

    return value


def plain(value: Any) -> Any:
    return value.plain if isinstance(value, Hashed) else value


def decoded(value: Any) -> Any:
    """A JSON value; a text that is JSON is what it says."""
    if isinstance(value, str):
        with suppress(ValueError, RecursionError):
            return json.loads(value)
    return value


def as_text(value: Any, field: Field | None) -> str | None:
    """The text that a text operator looks at; None where there is none."""
    value = plain(value)
    if isinstance(value, (list, tuple)):
        if field is not None and field.type != "csv":
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return ",".join(["" if item is None else str(item) for item in value])
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        return str(value)
    return value if isinstance(value, str) else None


def number(value: Any) -> Decimal | None:
    """A number, or a text that spells one."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        return None
    if isinstance(value, str) and (not value.strip() or len(value) > _NUMBER_TEXT or "_" in value):
        return None
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def moment(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo is not None else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return midnight(value)
    if not isinstance(value, str):
        return None
    try:
        return moment(datetime.fromisoformat(value))
    except (ValueError, OverflowError):
        return None


def orderable(value: Any, bound: Any, field: Field | None, read: Typed) -> tuple[Any, Any, Any] | None:
    """The value and the bound of `_lt` and the like as what can be compared, and the bound as answers tell
    it; None where they cannot.
    """
    kind = "string" if field is None else field.type
    if kind in NUMBERS:
        if type(value) is int and type(bound) is int:
            return value, bound, bound
        pair = number(value), number(bound)
        return None if pair[0] is None or pair[1] is None else (*pair, _told(pair[1], bound))
    if kind in _MOMENTS or kind == "date":
        found, limit = read(value), read(bound)
        return None if found is None or limit is None else (found, limit, moment(limit))
    if kind == "time":
        found, limit = read(value), read(bound)
        return None if found is None or limit is None else (found, limit, bound)
    return _text_order(value, bound)


def _text_order(value: Any, bound: Any) -> tuple[Any, Any, Any] | None:
    """In a field of text the bound decides: a number, a moment, else text."""
    if (limit := number(bound)) is not None:
        found = number(value)
        return None if found is None else (found, limit, _told(limit, bound))
    if (when := moment(bound)) is not None:
        then = moment(value)
        return None if then is None else (then, when, when)
    return (value, bound, bound) if isinstance(value, str) and isinstance(bound, str) else None


def _told(value: Decimal, given: Any) -> Any:
    if not isinstance(given, str):
        return given
    return int(value) if value == value.to_integral_value() else float(value)
