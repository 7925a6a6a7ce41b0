"""The pool in itself: who gets what in which order, and what bounds it."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
from typing import Any

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schema_gen.drivers.pool import Pool
from schema_gen.errors import CausewayError


class Maker:
    """Opens numbers; fails while `broken`."""

    def __init__(self) -> None:
        self.numbers = itertools.count()
        self.broken: Exception | None = None
        self.ended: list[int] = []

    async def open(self) -> int:
        await asyncio.sleep(0)
        if self.broken is not None:
            raise self.broken
        return next(self.numbers)


def pool(maker: Maker, **bounds: Any) -> Pool[int]:
    return Pool(maker.open, maker.ended.append, **{"size": 2, "max_waiting": 3, "timeout": 1.0, **bounds})


async def test_the_one_used_last_is_used_next() -> None:
    one = pool(Maker())
    await one.fill(2)
    first = one.idle.pop()
    one.give(first)
    assert await one.wait() == first


async def test_waiters_are_served_in_turn() -> None:
    one = pool(Maker(), size=1)
    held = await one.wait()
    order: list[int] = []

    async def use(number: int) -> None:
        connection = await one.wait()
        order.append(number)
        await asyncio.sleep(0)
        one.give(connection)

    users = [asyncio.create_task(use(number)) for number in range(3)]
    await asyncio.sleep(0)
    one.give(held)
    await asyncio.gather(*users)
    assert order == [0, 1, 2]
    assert one.opened == 1


async def test_a_waiter_that_leaves_takes_nothing_along() -> None:
    one = pool(Maker(), size=1)
    held = await one.wait()
    leaving, staying = (asyncio.create_task(one.wait()) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.sleep(0)
    assert one.waiting == 1
    one.give(held)
    assert await staying == held
    # cancelled between being served and running
    late = asyncio.create_task(one.wait())
    await asyncio.sleep(0)
    one.give(held)
    late.cancel()
    with pytest.raises(asyncio.CancelledError):
        await late
    assert one.idle == [held]


async def test_a_lost_connection_is_replaced_for_those_who_wait() -> None:
    one = pool(Maker(), size=1)
    held = await one.wait()
    waiting = asyncio.create_task(one.wait())
    await asyncio.sleep(0)
    one.lost(held)
    assert await waiting == held + 1
    assert one.opened == 1


@pytest.mark.parametrize(
    "why", [OSError("down"), asyncpg.InvalidPasswordError("down"), sqlite3.Error("down")]
)
async def test_when_nothing_can_be_opened_those_who_wait_learn_it(why: Exception) -> None:
    maker = Maker()
    one = pool(maker, size=1)
    held = await one.wait()
    waiting = [asyncio.create_task(one.wait()) for _ in range(2)]
    await asyncio.sleep(0)
    maker.broken = why
    one.lost(held)
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [str(one) for one in outcomes] == ["down", "down"]
    assert (one.opened, one.waiting) == (0, 0)
    with pytest.raises(type(why), match="down"):
        await one.wait()
    maker.broken = None
    assert await one.wait() == held + 1


async def test_closing_refuses_and_ends() -> None:
    maker = Maker()
    one = pool(maker)
    idle, busy = await one.wait(), await one.wait()
    one.give(idle)
    taken = await one.wait()
    waiting = asyncio.create_task(one.wait())
    await asyncio.sleep(0)
    one.give(taken)  # goes to the one who waits
    assert await waiting == taken
    assert await one.close(0.01) == []
    assert sorted(maker.ended) == sorted([taken, busy])
    one.give(busy)  # comes too late
    assert maker.ended.count(busy) == 2
    assert one.idle == []
    with pytest.raises(CausewayError):
        await one.wait()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["use", "lose", "cancel"]), min_size=1, max_size=40), st.integers(1, 4))
async def test_never_more_than_its_size_and_never_fewer_than_it_had(steps: list[str], size: int) -> None:
    maker = Maker()
    one = pool(maker, size=size, max_waiting=100)
    held = 0
    most = 0

    async def act(step: str) -> None:
        nonlocal held, most
        connection = await one.wait()
        held += 1
        most = max(most, held)
        try:
            await asyncio.sleep(0)
        finally:
            held -= 1
            if step == "lose":
                one.lost(connection)
            else:
                one.give(connection)

    tasks = [asyncio.create_task(act(step)) for step in steps]
    await asyncio.sleep(0)
    for task, step in zip(tasks, steps, strict=True):
        if step == "cancel":
            task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0)
    assert most <= size
    assert one.waiting == 0
    assert len(one.idle) == one.opened <= size
