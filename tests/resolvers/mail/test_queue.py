"""The queue of letters: nobody waits for it, what fails for now is tried again, nothing is lost silently."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from resolvers.mail.post import Letter
from resolvers.mail.queue import MailQueue, Pace
from resolvers.mail.transport import DeliveryFailed

LATER = DeliveryFailed("451 later", temporary=True)
NEVER = DeliveryFailed("550 no such user", temporary=False)


def letter(to: str = "ada@example.com") -> Letter:
    return Letter(template="password-reset", to=to, data={"url": "https://example.com/?token=secret"})


class Server:
    """Delivers; `answers`: what goes wrong with the next attempts, None for nothing."""

    def __init__(self, *answers: Exception | None) -> None:
        self.answers = list(answers)
        self.attempts: list[str] = []
        self.delivered: list[str] = []
        self.open = asyncio.Event()
        self.open.set()
        self._changed = asyncio.Condition()

    async def deliver(self, letter: Letter) -> None:
        self.attempts.append(letter.to)
        async with self._changed:
            self._changed.notify_all()
        await self.open.wait()
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        self.delivered.append(letter.to)
        async with self._changed:
            self._changed.notify_all()

    async def until(self, reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(30), self._changed:
            await self._changed.wait_for(reached)


@asynccontextmanager
async def working(server: Server, pace: Pace) -> AsyncIterator[MailQueue]:
    queue = MailQueue(server.deliver, pace)
    try:
        yield queue
    finally:
        server.open.set()
        await queue.close(30)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG, logger="causeway.mail")
    return caplog


async def test_who_sends_does_not_wait() -> None:
    server = Server()
    server.open.clear()
    async with working(server, Pace(senders=2)) as queue:
        for number in range(20):
            queue.put(letter(f"{number}@example.com"))
        await server.until(lambda: len(server.attempts) == 2)
        assert (queue.held, server.delivered) == (20, [])
        server.open.set()
        await server.until(lambda: len(server.delivered) == 20)
    assert sorted(server.delivered) == sorted(f"{number}@example.com" for number in range(20))
    assert queue.held == 0


async def test_what_fails_for_now_is_tried_again(log: pytest.LogCaptureFixture) -> None:
    server = Server(LATER, LATER)
    async with working(server, Pace(pauses=(0, 0, 0))) as queue:
        queue.put(letter())
        await server.until(lambda: bool(server.delivered))
    assert len(server.attempts) == 3
    assert [record.levelname for record in log.records] == ["WARNING", "WARNING", "DEBUG"]
    assert log.messages[0] == (
        'mail "password-reset" to ada@example.com waits 0s for another attempt: 451 later'
    )


async def test_but_not_for_ever(log: pytest.LogCaptureFixture) -> None:
    server = Server(*[LATER] * 10)
    async with working(server, Pace(pauses=(0, 0))) as queue:
        queue.put(letter())
        await server.until(lambda: len(server.attempts) == 3)
    assert (len(server.attempts), queue.held) == (3, 0)
    assert log.messages[-1] == 'mail "password-reset" to ada@example.com is not sent: 451 later'


async def test_what_fails_for_good_is_logged_once_without_its_content(log: pytest.LogCaptureFixture) -> None:
    server = Server(NEVER, ValueError("https://example.com/?token=secret"))
    async with working(server, Pace(senders=1, pauses=(3600,))) as queue:
        queue.put(letter("eve@example.com\nforged line"))
        queue.put(letter())
        queue.put(letter("bob@example.com"))
        await server.until(lambda: server.delivered == ["bob@example.com"])
    first, second = (record.getMessage() for record in log.records if record.levelname == "ERROR")
    assert first == 'mail "password-reset" to eve@example.com forged line is not sent: 550 no such user'
    assert second.startswith(
        'mail "password-reset" to ada@example.com is not sent: ValueError at test_queue.py:'
    )
    assert "secret" not in log.text


async def test_others_do_not_wait_for_a_pause() -> None:
    server = Server(LATER)
    async with working(server, Pace(senders=1, pauses=(3600,))) as queue:
        queue.put(letter("late@example.com"))
        queue.put(letter("soon@example.com"))
        await server.until(lambda: server.delivered == ["soon@example.com"])
        assert queue.held == 1


async def test_a_full_queue_drops_the_newest(log: pytest.LogCaptureFixture) -> None:
    server = Server(LATER)
    async with working(server, Pace(senders=1, capacity=2, pauses=(3600,))) as queue:
        queue.put(letter("one@example.com"))
        await server.until(lambda: len(server.attempts) == 1)
        queue.put(letter("two@example.com"))
        queue.put(letter("three@example.com"))
        assert queue.held == 2
        assert log.messages[-1] == (
            'mail "password-reset" to three@example.com is dropped: 2 mails are waiting already'
        )
        await server.until(lambda: server.delivered == ["two@example.com"])
        queue.put(letter("four@example.com"))
        await server.until(lambda: "four@example.com" in server.delivered)
    assert sorted(server.delivered) == ["four@example.com", "one@example.com", "two@example.com"]


async def test_the_end_gives_each_one_more_attempt(log: pytest.LogCaptureFixture) -> None:
    server = Server(LATER, LATER, None, LATER)
    queue = MailQueue(server.deliver, Pace(senders=1, pauses=(3600,)))
    queue.put(letter("one@example.com"))
    queue.put(letter("two@example.com"))
    await server.until(lambda: len(server.attempts) == 2)
    await queue.close(30)
    assert server.delivered == ["one@example.com"]
    assert log.messages[-1] == 'mail "password-reset" to two@example.com is not sent: 451 later'
    queue.put(letter("three@example.com"))
    assert log.messages[-1].endswith("is dropped: the server stops")


async def test_the_end_does_not_wait_for_ever(log: pytest.LogCaptureFixture) -> None:
    server = Server()
    server.open.clear()
    queue = MailQueue(server.deliver, Pace(senders=1, pauses=(3600,)))
    for _ in range(3):
        queue.put(letter())
    await server.until(lambda: len(server.attempts) == 1)
    await queue.close(0.01)
    assert server.delivered == []
    assert log.messages[-1] == '3 mails are lost, for the server stops: 3 of "password-reset"'


async def test_the_end_comes_where_a_cancellation_is_lost() -> None:
    """As in `asyncio.wait_for` of Python 3.11, where the answer comes at the same moment."""
    begun = asyncio.Event()

    async def deliver(letter: Letter) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return

    queue = MailQueue(deliver, Pace(senders=2))
    queue.put(letter())
    await begun.wait()
    async with asyncio.timeout(30):
        await queue.close(0)


async def test_an_attempt_takes_so_long_and_no_longer(log: pytest.LogCaptureFixture) -> None:
    server = Server()
    server.open.clear()
    async with working(server, Pace(senders=1, attempt=0.01, pauses=())) as queue:
        queue.put(letter("slow@example.com"))
        await server.until(lambda: len(server.attempts) == 1)
        queue.put(letter("next@example.com"))
        await server.until(lambda: len(server.attempts) == 2)
    assert log.messages[0] == 'mail "password-reset" to slow@example.com is not sent: not done within 0.01s'


async def test_mails_leave_when_they_may() -> None:
    server = Server()
    permits: asyncio.Queue[None] = asyncio.Queue()
    queue = MailQueue(server.deliver, Pace(), permits.get)
    for number in range(3):
        queue.put(letter(f"{number}@example.com"))
    permits.put_nowait(None)
    await server.until(lambda: len(server.delivered) == 1)
    assert queue.held == 2
    permits.put_nowait(None)
    permits.put_nowait(None)
    await queue.close(30)
    assert len(server.delivered) == 3
