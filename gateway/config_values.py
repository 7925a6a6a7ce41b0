"""The kinds of value a setting can have: text from the environment -> typed value.

A `Kind` names itself for the reference table, says what it accepts for the error line, and parses.

    DURATION.parse("15m")  -> timedelta(minutes=15)
    SIZE.parse("1mb")      -> 1048576
    CSV.parse("a, b")      -> ("a", "b")

Before that, `uncast` takes off the protocol's cast prefixes (`string:`, `number:`, `array:`, `json:`).
`regex:` is refused: nothing here matches by pattern, least of all origins.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Generic, TypeVar

from gateway.cron import Cron
from resolvers.addresses import is_address
from resolvers.mail.addresses import parse_sender
from resolvers.url_allow import place_of

T = TypeVar("T")
S = TypeVar("S")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[T]):
    """`parse` raises ValueError for what it does not accept."""

    name: str
    accepts: str
    parse: Callable[[str], T]


def uncast(text: str) -> str:
    """Take off a cast prefix. A list in `json:` or `array:` becomes comma-separated text.

    >>> uncast('json:["a","b"]'), uncast("string:12"), uncast("postgres://x")
    ('a,b', '12', 'postgres://x')
    """
    prefix, colon, rest = text.partition(":")
    if not colon or prefix not in ("string", "number", "array", "regex", "json"):
        return text
    if prefix == "regex":
        raise ValueError("a regular expression is not accepted here")
    if prefix == "number":
        float(rest)
    if prefix != "json":
        return rest
    value = json.loads(rest)
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ",".join(str(item) for item in value)
    return json.dumps(value)


_UNITS: Final = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)?", re.ASCII)
_POWERS: Final = {"b": 0, "kb": 1, "mb": 2, "gb": 3, "tb": 4}
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(b|kb|mb|gb|tb)?", re.ASCII)


def _duration(text: str) -> timedelta:
    match = _DURATION.fullmatch(text.strip().lower())
    if match is None:
        raise ValueError(text)
    try:
        return timedelta(milliseconds=float(match[1]) * _UNITS[match[2] or "ms"])
    except OverflowError as error:
        raise ValueError(text) from error


def _size(text: str) -> int:
    match = _SIZE.fullmatch(text.strip().lower())
    if match is None:
        raise ValueError(text)
    return int(float(match[1]) * 1024 ** _POWERS[match[2] or "b"])


def _flag(text: str) -> bool:
    value = text.strip().lower()
    if value in ("true", "1"):
        return True
    if value in ("false", "0"):
        return False
    raise ValueError(text)


def _csv(text: str) -> tuple[str, ...]:
    return tuple(part for part in (part.strip() for part in text.split(",")) if part)


def _addresses(text: str) -> tuple[str, ...]:
    parts = _csv(text)
    if not all(is_address(part) for part in parts):
        raise ValueError(text)
    return parts


def _sender(text: str) -> str:
    parse_sender(text)
    return text


#: as browsers write it: no path, no slash at the end, small letters; never `null`, which every sandbox says
_ORIGIN: Final = re.compile(r"\*|[a-z][a-z0-9+.-]*://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?", re.ASCII)


def _origins(text: str) -> tuple[str, ...]:
    origins = _csv(text)
    if not all(_ORIGIN.fullmatch(origin) for origin in origins):
        raise ValueError(text)
    return origins


def _named(text: str) -> tuple[tuple[str, str], ...]:
    return tuple(json.loads(text).items()) if text else ()


NAMED: Final = Kind(name="texts", accepts="texts", parse=_named)
TEXT: Final = Kind(name="text", accepts="a text", parse=str)
FLAG: Final = Kind(name="flag", accepts="true or false", parse=_flag)


def _urls(text: str) -> tuple[str, ...]:
    urls = _csv(text)
    for url in urls:
        if place_of(url) is None:
            raise ValueError(url)
    return urls


CSV: Final = Kind(name="list", accepts="a comma-separated list", parse=_csv)
ADDRESSES: Final = Kind(
    name="list", accepts="addresses, CIDR blocks and ranges, separated by commas", parse=_addresses
)
ORIGINS: Final = Kind(
    name="list",
    accepts="origins separated by commas, each as browsers send it: https://app.example.com",
    parse=_origins,
)
URLS: Final = Kind(
    name="list of URLs",
    accepts="URLs such as https://app.example.com/reset, separated by commas",
    parse=_urls,
)
DURATION: Final = Kind(
    name="duration", accepts="a duration such as 15m, 7d, 10s or 500 (milliseconds)", parse=_duration
)
CRON: Final = Kind(
    name="schedule", accepts="a schedule of cron such as 0 0 * * * (midnight UTC)", parse=Cron.parse
)
SENDER: Final = Kind(
    name="sender", accepts="a mail address, or a name with one: Name <address>", parse=_sender
)
SIZE: Final = Kind(name="size", accepts="a size such as 10mb, 512kb or 1048576 (bytes)", parse=_size)


def integer(low: int, high: int | None = None) -> Kind[int]:
    """A whole number from `low` to `high`, both included."""

    def parse(text: str) -> int:
        value = int(text.strip())
        if value < low or (high is not None and value > high):
            raise ValueError(text)
        return value

    accepts = (
        f"a whole number from {low} to {high}" if high is not None else f"a whole number, at least {low}"
    )
    return Kind(name="number", accepts=accepts, parse=parse)


def choice(*values: str) -> Kind[str]:
    def parse(text: str) -> str:
        value = text.strip().lower()
        if value not in values:
            raise ValueError(text)
        return value

    return Kind(name=" \\| ".join(values), accepts=f"one of {', '.join(values)}", parse=parse)


def or_word(kind: Kind[T], word: str, value: S) -> Kind[T | S]:
    """`kind`, or one word that stands for `value`: `or_word(DURATION, "false", None)`."""

    def parse(text: str) -> T | S:
        return value if text.strip().lower() == word.lower() else kind.parse(text)

    return Kind(name=f"{kind.name} or {word}", accepts=f"{kind.accepts}, or {word}", parse=parse)


def optional(kind: Kind[T]) -> Kind[T | None]:
    """`kind`, or nothing: an empty text is None."""

    def parse(text: str) -> T | None:
        return kind.parse(text) if text.strip() else None

    return Kind(name=kind.name, accepts=kind.accepts, parse=parse)
