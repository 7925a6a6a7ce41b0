"""Answers that tell nothing by how soon they come.

async with at_least(0.5):
    ...    what is done, and what is refused, takes half a second; more work than that shows
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from schema_gen.errors import CausewayError


@asynccontextmanager
async def at_least(seconds: float) -> AsyncIterator[None]:
    end = time.monotonic() + seconds
    try:
        yield
    except CausewayError:
        await asyncio.sleep(end - time.monotonic())
        raise
    await asyncio.sleep(end - time.monotonic())
