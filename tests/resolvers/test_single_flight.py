"""The same work once for everybody who asks at once."""

from __future__ import annotations

import asyncio

import pytest

from resolvers.single_flight import SingleFlight


class Work:
    def __init__(self) -> None:
        self.runs = 0
        self.gate = asyncio.Event()

    async def __call__(self) -> int:
        self.runs += 1
        await self.gate.wait()
        return self.runs


async def test_who_comes_meanwhile_shares_the_result() -> None:
    flights: SingleFlight[int] = SingleFlight()
    work = Work()
    waiting = [asyncio.create_task(flights.run("a", work)) for _ in range(3)]
    other = asyncio.create_task(flights.run("b", work))
    await asyncio.sleep(0.01)
    work.gate.set()
    assert await asyncio.gather(*waiting) == [2, 2, 2]
    assert await other == 2
    assert await flights.run("a", work) == 3


async def test_a_caller_that_leaves_does_not_end_the_work() -> None:
    flights: SingleFlight[int] = SingleFlight()
    work = Work()
    first = asyncio.create_task(flights.run("a", work))
    await asyncio.sleep(0)
    second = asyncio.create_task(flights.run("a", work))
    await asyncio.sleep(0.01)
    first.cancel()
    work.gate.set()
    assert await second == 1
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_failure_is_everybodys_and_is_not_remembered() -> None:
    flights: SingleFlight[int] = SingleFlight()
    runs = 0

    async def fails() -> int:
        nonlocal runs
        runs += 1
        await asyncio.sleep(0)
        raise ValueError(str(runs))

    results = await asyncio.gather(*(flights.run("a", fails) for _ in range(2)), return_exceptions=True)
    assert [str(error) for error in results] == ["1", "1"]
    with pytest.raises(ValueError, match="2"):
        await flights.run("a", fails)


async def test_a_failure_nobody_waits_for_is_not_reported_by_the_loop() -> None:
    """Warnings are errors here: an exception that was never retrieved would fail the run."""
    flights: SingleFlight[int] = SingleFlight()

    async def fails() -> int:
        await asyncio.sleep(0)
        raise ValueError

    alone = asyncio.create_task(flights.run("a", fails))
    await asyncio.sleep(0)
    alone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await alone
    await asyncio.sleep(0.01)


async def test_who_asks_again_at_once_lets_others_run() -> None:
    """What has just ended is no more under way for somebody whom its result is not good enough for."""
    flights: SingleFlight[int] = SingleFlight()
    work = Work()

    async def at_least(wanted: int) -> int:
        await work.gate.wait()
        for asked in range(1, 100):
            if await flights.run("a", work) >= wanted:
                return asked
        raise AssertionError("nobody else has been let run")

    first = asyncio.create_task(flights.run("a", work))
    await asyncio.sleep(0.01)
    second = asyncio.create_task(at_least(2))
    await asyncio.sleep(0.01)
    # both go on in one turn of the loop, the work before who asks for more
    work.gate.set()
    assert [*await asyncio.gather(first, second)] == [1, 1]


async def test_work_for_askers_only_ends_with_the_last_of_them() -> None:
    flights: SingleFlight[int] = SingleFlight(for_askers_only=True)
    work = Work()
    first, second = (asyncio.create_task(flights.run("a", work)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    assert (work.runs, second.done()) == (1, False)
    (under_way,) = flights._under_way.values()
    second.cancel()
    results = await asyncio.gather(first, second, return_exceptions=True)
    assert [type(result) for result in results] == [asyncio.CancelledError] * 2
    # who comes now does not get what is being cancelled
    third = asyncio.create_task(flights.run("a", work))
    await asyncio.sleep(0)
    work.gate.set()
    assert await third == 2
    assert under_way.cancelled()
    assert not flights._under_way
