"""An app for one-time codes, and a clock that stands until it is moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import pyotp
import pytest

STEP: Final = timedelta(seconds=30)


class Clock:
    """Of all requests of a server in process; begins in the middle of a step."""

    def __init__(self) -> None:
        began = int(datetime.now(UTC).timestamp()) // 30 * 30
        self.moment = datetime.fromtimestamp(began + 15, UTC)

    def now(self, zone: object = None) -> datetime:
        return self.moment

    def move(self, steps: int = 1) -> None:
        self.moment += steps * STEP

    def code(self, secret: str, steps: int = 0) -> str:
        """What the app shows, or would show some steps from now."""
        return pyotp.TOTP(secret).at(self.moment + steps * STEP)


def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("gateway.auth.datetime", clock)
    return clock
