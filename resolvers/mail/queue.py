"""Letters wait here for their delivery, so that no request waits for a mail server.

    queue.put(letter)       returns at once, whatever the server does

A few senders take them one by one. What fails for now is tried again after pauses that grow, beside the
others; what fails for good, and what has failed too often, is logged once, without its content. The queue
holds so many letters; one more is dropped, and that is logged. It lives in the memory of its worker: when the
server stops, what is left is sent within a bounded time, and what remains is lost and logged.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from resolvers.mail.addresses import one_line
from resolvers.mail.post import Letter
from resolvers.mail.tasks import ended
from resolvers.mail.transport import DeliveryFailed

_LOGGER: Final = logging.getLogger("causeway.mail")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """`capacity`: letters that may wait. `pauses`: seconds before each further attempt. `attempt`: seconds
    that one may take. `senders`: deliveries at the same time.
    """

    capacity: int = 10_000
    senders: int = 4
    pauses: tuple[float, ...] = ()
    attempt: float = 90.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Waiting:
    letter: Letter
    attempts: int = 0

    def __str__(self) -> str:
        return f'mail "{self.letter.template}" to {one_line(self.letter.to)}'


async def _now() -> None:
    """Nothing to wait for."""


class MailQueue:
    """`deliver` makes one attempt and raises DeliveryFailed; `permit` waits until one more mail may leave."""

    def __init__(
        self,
        deliver: Callable[[Letter], Awaitable[None]],
        pace: Pace,
        permit: Callable[[], Awaitable[None]] = _now,
    ) -> None:
        self._deliver = deliver
        self._pace = pace
        self._permit = permit
        self._ready: asyncio.Queue[_Waiting] = asyncio.Queue()
        self._later: dict[_Waiting, asyncio.TimerHandle] = {}
        self._held: set[_Waiting] = set()
        self._closing = False
        self._senders = [asyncio.create_task(self._send()) for _ in range(pace.senders)]

    @property
    def held(self) -> int:
        """Letters that are neither delivered nor given up."""
        return len(self._held)

    def put(self, letter: Letter) -> None:
        waiting = _Waiting(letter=letter)
        if self._closing or len(self._held) >= self._pace.capacity:
            why = "the server stops" if self._closing else f"{len(self._held)} mails are waiting already"
            _LOGGER.error("%s is dropped: %s", waiting, why)
            return
        self._held.add(waiting)
        self._ready.put_nowait(waiting)

    async def close(self, grace: float) -> None:
        """Within `grace` seconds: one more attempt for each letter."""
        self._closing = True
        for waiting in list(self._later):
            self._again(waiting)
        try:
            async with asyncio.timeout(grace):
                await self._ready.join()
        except TimeoutError:
            pass
        await ended(self._senders)
        if self._held:
            templates = Counter(waiting.letter.template for waiting in self._held)
            told = ", ".join(f'{number} of "{name}"' for name, number in sorted(templates.items()))
            _LOGGER.error("%d mails are lost, for the server stops: %s", len(self._held), told)

    async def _send(self) -> None:
        while True:
            waiting = await self._ready.get()
            try:
                await self._permit()
                await self._attempt(waiting)
            finally:
                self._ready.task_done()

    async def _attempt(self, waiting: _Waiting) -> None:
        limit = self._pace.attempt
        try:
            async with asyncio.timeout(limit):
                await self._deliver(waiting.letter)
        except DeliveryFailed as failed:
            self._failed(waiting, str(failed), temporary=failed.temporary)
        except TimeoutError:
            self._failed(waiting, f"not done within {limit:g}s", temporary=True)
        except Exception as error:
            # a mistake in the code must not end the sender; its text may hold values, so its place has to do
            self._failed(waiting, f"{type(error).__name__} {_place(error)}", temporary=False)
        else:
            self._held.discard(waiting)
            _LOGGER.debug("%s has left", waiting)

    def _failed(self, waiting: _Waiting, reason: str, *, temporary: bool) -> None:
        self._held.discard(waiting)
        pauses = self._pace.pauses
        if not temporary or waiting.attempts >= len(pauses) or self._closing:
            _LOGGER.error("%s is not sent: %s", waiting, reason)
            return
        pause = pauses[waiting.attempts]
        _LOGGER.warning("%s waits %gs for another attempt: %s", waiting, pause, reason)
        again = _Waiting(letter=waiting.letter, attempts=waiting.attempts + 1)
        self._held.add(again)
        self._later[again] = asyncio.get_running_loop().call_later(pause, self._again, again)

    def _again(self, waiting: _Waiting) -> None:
        self._later.pop(waiting).cancel()
        self._ready.put_nowait(waiting)


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
