"""Ends tasks, all of them and for sure."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any, Final

#: seconds after which a task is cancelled once more: `wait_for` of Python 3.11 loses a cancellation that
#: comes together with its result
_AGAIN: Final = 0.1


async def ended(tasks: Collection[asyncio.Task[Any]]) -> None:
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_AGAIN)
    await asyncio.gather(*tasks, return_exceptions=True)
