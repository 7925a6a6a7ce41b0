"""Work of disks beside the event loop, on threads of a location's own: one that hangs holds up no other.

threads = Threads(8)
size = await threads.run(lambda: os.fstat(descriptor).st_size)
threads.close()
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Threads:
    def __init__(self, count: int) -> None:
        self._executor = ThreadPoolExecutor(max_workers=count, thread_name_prefix="files")

    async def run(self, work: Callable[[], T]) -> T:
        """A caller that is cancelled goes on only when the work is over: it may close what the work uses."""
        future = asyncio.get_running_loop().run_in_executor(self._executor, work)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await over(future)
            raise

    def close(self) -> None:
        self._executor.shutdown(wait=True)


async def over(future: asyncio.Future[T]) -> None:
    """Returns when it is, or raises CancelledError then: it is waited for however often the caller is
    cancelled.
    """
    cancelled = False
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError:
            cancelled = True
    if not future.cancelled():
        future.exception()  # read: perhaps nobody else will
    if cancelled:
        raise asyncio.CancelledError
