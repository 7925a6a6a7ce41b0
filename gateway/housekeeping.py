"""What the server does by itself, at the times that its settings name.

    async with at_work((Job(name="retention", schedule=Cron(...), work=...),)): ...

Every process has the schedule; a job sees to it itself that only one of them does the work. What fails is
logged and tried again the next time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from gateway.cron import Cron
from gateway.observe import LOGGER

#: seconds after which the clock is looked at again: it may be set, or the machine have slept
_LONGEST_SLEEP: Final = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """`work` is told the moment at which it begins."""

    name: str
    schedule: Cron
    work: Callable[[datetime], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    now: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]]


def _now() -> datetime:
    return datetime.now(UTC)


CLOCK: Final = Clock(now=_now, sleep=asyncio.sleep)


@asynccontextmanager
async def at_work(jobs: Sequence[Job], clock: Clock = CLOCK) -> AsyncIterator[None]:
    """The jobs are done while the block lasts; what is under way at its end is broken off."""
    tasks = [asyncio.create_task(run(job, clock), name=job.name) for job in jobs]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def run(job: Job, clock: Clock) -> None:
    """Never ends by itself."""
    while True:
        due = job.schedule.after(clock.now())
        while (rest := (due - clock.now()).total_seconds()) > 0:
            await clock.sleep(min(rest, _LONGEST_SLEEP))
        try:
            await job.work(clock.now())
        except Exception:
            logging.getLogger(LOGGER).exception("%s failed", job.name)
