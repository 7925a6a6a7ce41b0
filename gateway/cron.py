"""Points in time as `cron` writes them. Pure; all times are UTC.

    Cron.parse("0 0 * * *").after(datetime(2024, 6, 15, 12, tzinfo=UTC))     -> 2024-06-16 00:00
    Cron.parse("*/30 9-17 * * mon-fri")                                      every half hour of working days
    Cron.parse("15 0 0 1 jan *")                                             six fields: seconds come first

Fields are minutes, hours, days of the month, months and days of the week (0 and 7 are Sunday): `*`, numbers,
names, ranges, steps and lists of these. Where both kinds of day are restricted, either will do (cron).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final

_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_WEEKDAYS: Final = {
    name: number for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))
}
_NO_NAMES: Final[Mapping[str, int]] = {}
_FIELDS: Final[tuple[tuple[int, int, Mapping[str, int]], ...]] = (
    (0, 59, _NO_NAMES),
    (0, 59, _NO_NAMES),
    (0, 23, _NO_NAMES),
    (1, 31, _NO_NAMES),
    (1, 12, _MONTHS),
    (0, 7, _WEEKDAYS),
)
#: days within which every date that exists comes: the 29th of February may be eight years away
_DAYS: Final = 366 * 8
_SOME_DAY: Final = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """`times`: of each day that counts, in order; `either`: one of both kinds of day is enough."""

    times: tuple[time, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool

    @classmethod
    def parse(cls, text: str) -> Cron:
        """Raises ValueError for what is no such text, and for days that never come."""
        parts = text.lower().split()
        if len(parts) == len(_FIELDS) - 1:
            parts = ["0", *parts]
        if len(parts) != len(_FIELDS):
            raise ValueError(f"not a schedule: {text!r}")
        seconds, minutes, hours, days, months, weekdays = (
            _numbers(part, *field) for part, field in zip(parts, _FIELDS, strict=True)
        )
        found = cls(
            times=tuple(
                time(hour, minute, second)
                for hour in sorted(hours)
                for minute in sorted(minutes)
                for second in sorted(seconds)
            ),
            days=days,
            months=months,
            weekdays=frozenset(day % 7 for day in weekdays),
            either=not parts[3].startswith("*") and not parts[5].startswith("*"),
        )
        found.after(_SOME_DAY)
        return found

    def after(self, moment: datetime) -> datetime:
        """The first point in time after `moment`."""
        moment = moment.astimezone(UTC)
        for ahead in range(_DAYS):
            day = moment.date() + timedelta(days=ahead)
            if day.month not in self.months or not self._day(day.day, day.isoweekday() % 7):
                continue
            for at in self.times:
                found = datetime.combine(day, at, UTC)
                if found > moment:
                    return found
        raise ValueError("not a schedule: its day never comes")

    def _day(self, day: int, weekday: int) -> bool:
        if self.either:
            return day in self.days or weekday in self.weekdays
        return day in self.days and weekday in self.weekdays


def _numbers(text: str, low: int, high: int, names: Mapping[str, int]) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step_text = part.partition("/")
        step = _number(step_text, 1, high, _NO_NAMES) if slash else 1
        first, dash, last = span.partition("-")
        if span == "*":
            start, end = low, high
        else:
            start = _number(first, low, high, names)
            end = _number(last, low, high, names) if dash else high if slash else start
        if start > end:
            raise ValueError(f"not a schedule: {text!r}")
        found.update(range(start, end + 1, step))
    return frozenset(found)


def _number(text: str, low: int, high: int, names: Mapping[str, int]) -> int:
    value = names.get(text)
    if value is None:
        if not text.isascii() or not text.isdecimal():
            raise ValueError(f"not a schedule: {text!r}")
        value = int(text)
    if not low <= value <= high:
        raise ValueError(f"not a schedule: {text!r}")
    return value
