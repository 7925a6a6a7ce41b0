"""The same work asked for many times at once is done once.

    flights = SingleFlight()
    rules = await flights.run(("rules", key, epoch), lambda: load(key))

Who comes while the work is under way waits for its result. A caller that is cancelled leaves the work
running for the others; a failure reaches everyone who waited and is not remembered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    def __init__(self) -> None:
        self._under_way: dict[Hashable, asyncio.Task[T]] = {}

    async def run(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        task = self._under_way.get(key)
        # one that has just ended is no more under way: to wait for it would let nobody else run
        if task is None or task.done():
            task = asyncio.get_running_loop().create_task(work())
            self._under_way[key] = task
            task.add_done_callback(lambda done: self._landed(key, done))
        return await asyncio.shield(task)

    def _landed(self, key: Hashable, task: asyncio.Task[T]) -> None:
        if self._under_way.get(key) is task:
            del self._under_way[key]
        if not task.cancelled():
            task.exception()  # read, so that a failure nobody waited for is not reported by the loop
