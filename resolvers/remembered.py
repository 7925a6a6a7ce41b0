"""What was read from the database, remembered until something is changed.

    remembered = Remembered(read, epochs, ttl)
    await remembered()      what `read` gave a moment ago, or gives now

For `ttl` at most: changes that are made behind the server's back are seen then.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from schema_gen.epoch import Epochs

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known(Generic[T]):
    """`until`: monotonic seconds."""

    epoch: int
    until: float
    value: T


class Remembered(Generic[T]):
    """`ttl` in seconds."""

    def __init__(self, read: Callable[[], Awaitable[T]], epochs: Epochs, ttl: float) -> None:
        self._read = read
        self._epochs = epochs
        self._ttl = ttl
        self._known: _Known[T] | None = None

    async def __call__(self) -> T:
        # both before the look: what changes meanwhile makes it old
        known, epoch, now = self._known, self._epochs.access, time.monotonic()
        if known is not None and known.epoch == epoch and self._epochs.trusted and now < known.until:
            return known.value
        value = await self._read()
        self._known = _Known(epoch=epoch, until=now + self._ttl, value=value)
        return value
