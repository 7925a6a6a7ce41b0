"""The same work asked for many times at once is done once.

    flights = SingleFlight()
    rules = await flights.run(("rules", key, epoch), lambda: load(key))

Who comes while the work is under way waits for its result. A caller that is cancelled leaves the work
running for the others; a failure reaches everyone who waited and is not remembered. Work goes on to its end
also when everybody has left, unless `for_askers_only`: then it is cancelled with the last of them.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    def __init__(self, *, for_askers_only: bool = False) -> None:
        self._under_way: dict[Hashable, asyncio.Task[T]] = {}
        self._asking: Counter[asyncio.Task[T]] | None = Counter() if for_askers_only else None

    async def run(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        task = self._under_way.get(key)
        # one that has just ended is no more under way: to wait for it would let nobody else run
        if task is None or task.done():
            task = asyncio.get_running_loop().create_task(work())
            self._under_way[key] = task
            task.add_done_callback(lambda done: self._landed(key, done))
        if self._asking is None:
            return await asyncio.shield(task)
        self._asking[task] += 1
        try:
            return await asyncio.shield(task)
        finally:
            self._asking[task] -= 1
            if not self._asking[task]:
                del self._asking[task]
                self._abandon(key, task)

    def _abandon(self, key: Hashable, task: asyncio.Task[T]) -> None:
        if not task.done():
            # at once: who comes now begins anew, and does not wait for what is being cancelled
            if self._under_way.get(key) is task:
                del self._under_way[key]
            task.cancel()

    def _landed(self, key: Hashable, task: asyncio.Task[T]) -> None:
        if self._under_way.get(key) is task:
            del self._under_way[key]
        if not task.cancelled():
            task.exception()  # read, so that a failure nobody waited for is not reported by the loop
