"""A bounded set of connections: a stack of idle ones and a queue of waiters.

The hot path takes and gives without awaiting (`pool.idle.pop()`, `pool.give(connection)`); only a caller
that finds nothing idle awaits `wait()`. The queue is bounded in length and in time, so that overload turns
into a refusal with `Retry-After` and never into memory.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Generic, TypeVar

from schema_gen.errors import CausewayError, service_unavailable

T = TypeVar("T")


def under_pressure() -> CausewayError:
    return service_unavailable("database", "Under pressure", retry_after=1)


def _shutting_down() -> CausewayError:
    return service_unavailable("database", "Shutting down", retry_after=1)


class Pool(Generic[T]):
    """`open_one` makes a connection, `end` ends one at once whatever it does, `size` bounds how many exist,
    `max_waiting` how many callers may queue and `timeout` (seconds) how long each waits."""

    def __init__(
        self,
        open_one: Callable[[], Awaitable[T]],
        end: Callable[[T], None],
        *,
        size: int,
        max_waiting: int,
        timeout: float,
    ) -> None:
        self.idle: list[T] = []
        self.size = size
        self._open_one = open_one
        self._end = end
        #: connections that exist or are being opened
        self._opened = 0
        self._members: set[T] = set()
        self._max_waiting = max_waiting
        self._timeout = timeout
        self._waiters: deque[tuple[float, asyncio.Future[T]]] = deque()
        self._sweeper: asyncio.TimerHandle | None = None
        self._openers: set[asyncio.Task[None]] = set()
        self._closed = False
        self._all_idle = asyncio.Event()

    @property
    def opened(self) -> int:
        """Connections that exist, idle and in use."""
        return self._opened

    @property
    def members(self) -> tuple[T, ...]:
        """Connections that exist."""
        return tuple(self._members)

    @property
    def waiting(self) -> int:
        return len(self._waiters)

    async def fill(self, count: int) -> None:
        """Opens up to `count` connections at once; the first failure is raised."""
        wanted = min(count, self.size) - self._opened
        self._opened += max(wanted, 0)
        opened = await asyncio.gather(*(self._open_one() for _ in range(wanted)), return_exceptions=True)
        failures = [one for one in opened if isinstance(one, BaseException)]
        self._opened -= len(failures)
        for one in opened:
            if not isinstance(one, BaseException):
                self._members.add(one)
                self.idle.append(one)
        if failures:
            raise failures[0]

    async def wait(self) -> T:
        """A connection for the caller alone; give it back with `give`, or report its end with `lost`."""
        if self.idle:
            return self.idle.pop()
        if self._opened < self.size or self._closed:
            return await self.open_for_caller()
        if len(self._waiters) >= self._max_waiting:
            raise under_pressure()
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[T] = loop.create_future()
        self._waiters.append((loop.time() + self._timeout, waiter))
        if self._sweeper is None:
            self._sweeper = loop.call_later(self._timeout, self._sweep)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self.give(waiter.result())
            else:
                self._waiters = deque(entry for entry in self._waiters if entry[1] is not waiter)
            raise

    async def open_for_caller(self) -> T:
        """A fresh connection, counted; the caller has made sure that there is room."""
        if self._closed:
            raise _shutting_down()
        self._opened += 1
        try:
            connection = await self._open_one()
        except BaseException:
            self._missing()
            raise
        self._members.add(connection)
        return connection

    def give(self, connection: T) -> None:
        waiters = self._waiters
        while waiters:
            waiter = waiters.popleft()[1]
            if not waiter.done():
                waiter.set_result(connection)
                return
        self.idle.append(connection)
        if self._closed:
            self._leave(connection)

    def _leave(self, connection: T) -> None:
        """A connection given back while the pool closes."""
        if connection not in self._members:
            self.idle.remove(connection)
            self._end(connection)
        elif len(self.idle) == len(self._members):
            self._all_idle.set()

    def lost(self, connection: T) -> None:
        """A connection is no more; who waits gets a fresh one."""
        self._members.discard(connection)
        self._missing()

    def _missing(self) -> None:
        self._opened -= 1
        if self._closed and len(self.idle) == len(self._members):
            self._all_idle.set()
        if self._waiters and not self._closed and self._opened < self.size:
            self._opened += 1
            task = asyncio.get_running_loop().create_task(self._open_for_waiters())
            self._openers.add(task)
            task.add_done_callback(self._openers.discard)

    async def _open_for_waiters(self) -> None:
        try:
            connection = await self._open_one()
        except Exception as error:  # of whatever kind: it is counted, and those who wait are told
            self._opened -= 1
            self._refuse_all(error)
        else:
            self._members.add(connection)
            self.give(connection)

    def _refuse_all(self, error: Exception) -> None:
        """Nobody is going to give a connection back: every waiter learns why."""
        if self._opened > 0:
            return
        while self._waiters:
            waiter = self._waiters.popleft()[1]
            if not waiter.done():
                waiter.set_exception(error)

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._waiters and (self._waiters[0][0] <= now or self._waiters[0][1].done()):
            waiter = self._waiters.popleft()[1]
            if not waiter.done():
                waiter.set_exception(under_pressure())
        self._sweeper = loop.call_later(self._waiters[0][0] - now, self._sweep) if self._waiters else None

    async def close(self, grace: float) -> list[T]:
        """Refuses every waiter and hands over the idle connections for closing.

        Connections in use have `grace` seconds to come back; then they are ended.
        """
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        for task in list(self._openers):
            task.cancel()
        await asyncio.gather(*self._openers, return_exceptions=True)
        while self._waiters:
            waiter = self._waiters.popleft()[1]
            if not waiter.done():
                waiter.set_exception(_shutting_down())
        if len(self.idle) < len(self._members):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._all_idle.wait(), grace)
        connections, self.idle = self.idle, []
        busy = self._members.difference(connections)
        self._members.clear()
        for connection in busy:
            self._end(connection)
        return connections
