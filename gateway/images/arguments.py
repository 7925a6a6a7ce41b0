"""Arguments of operations, checked: what is out of range or of another kind is told as the protocol words it.

    number(3, "sigma", 0.3, 1000)     -> 3
    number("x", "sigma", 0.3, 1000)   -> INVALID_QUERY: Expected number between 0.3 and 1000 for sigma but
                                         received x of type string

`missing`: the mark of an argument that was not given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Any, Final

from schema_gen.errors import CausewayError, invalid_query


class _Missing:
    def __repr__(self) -> str:
        return "undefined"


missing: Final = _Missing()

#: what a side of an image may be at most in the protocol's words
LARGEST: Final = 100_000_000

_MOST: Final = 10**15

_COLOUR: Final = re.compile(
    r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})|[a-z]{3,24}", re.ASCII | re.IGNORECASE
)


def unexpected(expected: str, name: str, received: Any) -> CausewayError:
    shown, kind = _shown(received)
    return invalid_query(f"Expected {expected} for {name} but received {shown} of type {kind}")


def _shown(value: Any) -> tuple[str, str]:
    """A value of JSON and its kind, as clients of the protocol know them from messages; bounded."""
    if value is missing:
        return "undefined", "undefined"
    if isinstance(value, bool):
        return str(value).lower(), "boolean"
    if isinstance(value, int | float):
        whole = isinstance(value, float) and value.is_integer()
        return str(int(value) if whole else value).replace("nan", "NaN").replace("inf", "Infinity"), "number"
    if isinstance(value, str):
        return value[:100], "string"
    return ("null" if value is None else "[object Object]"), "object"


def is_number(value: Any) -> bool:
    """One to compute with: a client may send a thousand digits."""
    if isinstance(value, int):
        return not isinstance(value, bool) and abs(value) < _MOST
    return isinstance(value, float) and isfinite(value)


def number(value: Any, name: str, low: float, high: float) -> float:
    if not is_number(value) or not low <= value <= high:
        raise unexpected(f"number between {_plain(low)} and {_plain(high)}", name, value)
    return float(value)


def _plain(value: float) -> str:
    return f"{value:g}" if abs(value) < 1_000_000 else f"{value:.0f}"


def integer(value: Any, name: str, low: int, high: int, expected: str = "integer") -> int:
    if not is_number(value) or value != int(value) or not low <= value <= high:
        raise unexpected(f"{expected} between {low} and {high}", name, value)
    return int(value)


def side(value: Any, name: str) -> int | None:
    """A width or height, where none is one too."""
    if value is missing or value is None:
        return None
    return integer(value, name, 1, LARGEST, "positive integer")


def flag(value: Any, name: str, absent: bool = False) -> bool:
    if value is missing or value is None:
        return absent
    if not isinstance(value, bool):
        raise unexpected("boolean", name, value)
    return value


def mapping(value: Any, name: str, *, needed: bool = False) -> Mapping[str, Any]:
    if value is missing and not needed:
        return {}
    if not isinstance(value, Mapping):
        raise unexpected("plain object" if needed else "object", name, value)
    return value


def one_of(value: Any, name: str, accepted: Iterable[str], expected: str) -> str:
    if not isinstance(value, str) or value.lower() not in accepted:
        raise unexpected(expected, name, value)
    return value.lower()


def numbers(value: Any, name: str, count: int, limit: float = 1_000_000) -> list[float]:
    """A list of exactly as many numbers."""
    if (
        not isinstance(value, Sequence)
        or isinstance(value, str)
        or len(value) != count
        or not all(is_number(one) and abs(one) <= limit for one in value)
    ):
        raise unexpected(f"{count} numbers", name, value)
    return [float(one) for one in value]


def colour(value: Any, name: str, absent: Any = None) -> Any:
    """A colour: its name or `#rrggbb`, or `{r, g, b, alpha}`, which become four numbers from 0 to 255."""
    if value is missing or value is None:
        return absent
    if isinstance(value, str) and _COLOUR.fullmatch(value.strip()):
        return value.strip().lower()
    if isinstance(value, Mapping):
        parts = [integer(value.get(part, 0), f"{name}.{part}", 0, 255) for part in "rgb"]
        return [*parts, round(number(value.get("alpha", 1), f"{name}.alpha", 0, 1) * 255)]
    raise unexpected("color", name, value)
