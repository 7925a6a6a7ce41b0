"""Jobs of the server: when they begin, and that nothing stops them but the end."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta

import pytest

from gateway.cron import Cron
from gateway.housekeeping import Clock, Job, at_work


class Hands:
    """A clock whose hands move when somebody sleeps."""

    def __init__(self) -> None:
        self.now = datetime(2024, 6, 15, 12, 0, tzinfo=UTC)

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += timedelta(seconds=seconds)
        await asyncio.sleep(0)

    @property
    def clock(self) -> Clock:
        return Clock(now=lambda: self.now, sleep=self.sleep)


async def test_a_job_is_done_each_time_even_after_it_failed(caplog: pytest.LogCaptureFixture) -> None:
    begun: list[datetime] = []
    enough = asyncio.Event()

    async def work(now: datetime) -> None:
        begun.append(now)
        if len(begun) == 3:
            enough.set()
            await asyncio.Event().wait()
        raise RuntimeError("no luck")

    job = Job(name="sweeping", schedule=Cron.parse("0 0 * * *"), work=work)
    with caplog.at_level(logging.ERROR, "causeway"):
        async with at_work((job,), Hands().clock):
            await asyncio.wait_for(enough.wait(), 5)
    assert begun == [datetime(2024, 6, day, tzinfo=UTC) for day in (16, 17, 18)]
    assert [record.message for record in caplog.records] == ["sweeping failed", "sweeping failed"]


async def test_a_job_under_way_is_broken_off_at_the_end() -> None:
    ended: list[str] = []
    under_way = asyncio.Event()

    async def work(now: datetime) -> None:
        under_way.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("work")

    async with at_work((Job(name="x", schedule=Cron.parse("* * * * *"), work=work),), Hands().clock):
        await asyncio.wait_for(under_way.wait(), 5)
    assert ended == ["work"]
