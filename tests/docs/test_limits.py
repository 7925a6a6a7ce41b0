"""The guide to limits tells the tries that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.config import Settings
from gateway.limiting.counting import Rate
from gateway.limiting.opening import tries_of
from gateway.limiting.tries import LOGIN, WIDER
from resolvers.throttle import Kind

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "limits.md"
TOLD: dict[Kind, str] = {
    "login": "logging in",
    "otp": "one-time codes",
    "password": "one's own password, asked for once more",
    "password_request": "mails to set a new password",
    "registration": "registering",
    "invite": "inviting",
    "hash": "hashes on demand",
    "email": "mails of the whole project, off unless `RATE_LIMITER_EMAIL_ENABLED`",
}
UNITS = {"seconds": 1, "minute": 60, "minutes": 60, "hour": 3600}


def number(cell: str) -> int:
    """The last number of a cell, times its unit."""
    found = re.findall(r"\d+", cell)
    unit = next((size for word, size in UNITS.items() if re.search(rf"\b{word}\b", cell)), 1)
    return int(found[-1] if found else 1) * unit


@pytest.mark.parametrize("kind", TOLD)
def test_tries_are_as_told(kind: Kind) -> None:
    rates = {**tries_of(Settings(rate_limiter_email_enabled=True)), "login": LOGIN}
    assert set(TOLD) == set(rates)
    lines = GUIDE.read_text(encoding="utf-8").splitlines()
    (row,) = [line for line in lines if line.startswith(f"| {TOLD[kind]} |")]
    _, _, tries, within, *_ = row.split("|")
    assert Rate(points=number(tries), seconds=number(within)) == rates[kind]


def test_one_part_of_a_key_has_more() -> None:
    assert WIDER == 10
    assert "ten times as many" in GUIDE.read_text(encoding="utf-8")
