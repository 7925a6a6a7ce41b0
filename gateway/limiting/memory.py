"""Counts of this process: a storage of the library `limits` that never holds more than so many.

    storage = OwnStorage()
    await storage.incr("key", 60)       1, and for 60 seconds from here on 2, 3, ...
    await storage.get_expiry("key")     when that window ends

The library's own storage in memory keeps every key until its window has ended and looks through all of them
after each count: whoever comes from many addresses could fill it, and make every request slower.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from time import time
from typing import Final

from limits.aio.storage import Storage

_CAPACITY: Final = 100_000
#: windows that have ended are looked for among the oldest, some at each count
_SWEPT: Final = 2


@dataclass(slots=True)
class _Window:
    count: int
    ends: float


class OwnStorage(Storage):
    """`capacity`: most counts; the oldest go first."""

    STORAGE_SCHEME = None

    def __init__(self, capacity: int = _CAPACITY) -> None:
        super().__init__()
        self._capacity = capacity
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        return ()

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """A window begins with the first count in it. Less than nothing was never counted."""
        now = time()
        window = self._windows.get(key)
        if window is None or window.ends <= now:
            self._windows.pop(key, None)
            self._make_room(now)
            window = self._windows[key] = _Window(0, now + expiry)
        window.count = max(window.count + amount, 0)
        return window.count

    async def get(self, key: str) -> int:
        window = self._windows.get(key)
        return 0 if window is None or window.ends <= time() else window.count

    async def get_expiry(self, key: str) -> float:
        window = self._windows.get(key)
        return time() if window is None else window.ends

    async def check(self) -> bool:
        return True

    async def reset(self) -> int | None:
        number = len(self._windows)
        self._windows.clear()
        return number

    async def clear(self, key: str) -> None:
        self._windows.pop(key, None)

    def __len__(self) -> int:
        return len(self._windows)

    def _make_room(self, now: float) -> None:
        """Looks at no more than a few, so that a count costs the same however many there are."""
        for _ in range(_SWEPT):
            oldest = next(iter(self._windows), None)
            if oldest is None:
                return
            if self._windows[oldest].ends > now and len(self._windows) < self._capacity:
                return
            del self._windows[oldest]
