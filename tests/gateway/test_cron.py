"""Points in time as cron writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cron import Cron

#: a Saturday
NOON = datetime(2024, 6, 15, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 0 * * *", "2024-06-16 00:00:00"),
        ("* * * * *", "2024-06-15 12:01:00"),
        ("* * * * * *", "2024-06-15 12:00:01"),
        ("0 12 * * *", "2024-06-16 12:00:00"),
        ("*/20 * * * *", "2024-06-15 12:20:00"),
        ("5/20 * * * *", "2024-06-15 12:05:00"),
        ("30 9-11,17 * * *", "2024-06-15 17:30:00"),
        ("0 0 * * 0", "2024-06-16 00:00:00"),
        ("0 0 * * 7", "2024-06-16 00:00:00"),
        ("0 0 * * MON-fri", "2024-06-17 00:00:00"),
        ("0 0 1 jan *", "2025-01-01 00:00:00"),
        ("0 0 29 2 *", "2028-02-29 00:00:00"),
        ("0 0 31 * *", "2024-07-31 00:00:00"),
        # one of both kinds of day is enough
        ("0 0 20 * mon", "2024-06-17 00:00:00"),
        ("0 0 */2 * mon", "2024-06-17 00:00:00"),
        ("15 30 6 * * *", "2024-06-16 06:30:15"),
    ],
)
def test_next(text: str, expected: str) -> None:
    assert Cron.parse(text).after(NOON) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "* * * *", "* * * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8",
     "5-1 * * * *", "*/0 * * * *", "a * * * *", "1, * * * *", "-1 * * * *", "0 0 30 feb *", "¹ * * * *"],
)  # fmt: skip
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="not a schedule"):
        Cron.parse(text)


@given(st.integers(0, 2**32), st.integers(-14, 14))
def test_the_next_time_is_the_first_that_fits(seconds: int, hours: int) -> None:
    """Whatever zone the moment is told in; no fitting time lies between."""
    there = datetime.fromtimestamp(seconds, timezone(timedelta(hours=hours)))
    found = Cron.parse("30 */6 * * *").after(there)
    assert found.tzinfo is UTC
    assert timedelta(0) < found - there <= timedelta(hours=6)
    assert (found.hour % 6, found.minute, found.second) == (0, 30, 0)
