"""How much is under way in this worker: the bound on it, and what happens to a request nobody waits for any
more.

    with load.exchange(receive) as exchange: ...      one entry per request
    load.refusal() -> CausewayError | None            503 with Retry-After while under pressure

Pressure is: too many requests at once, an event loop that comes late, or too much memory. Requests are
refused before their body is read, so that what is refused costs next to nothing.

One ticker looks after everything that is not worth a timer per request. A request that has been under way for
a tick gets a watcher on its connection; if the client goes, the request's task is cancelled, and with it the
running query. A body that does not arrive ends at a tick, too. A quick request pays for all that with one
dictionary entry.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Final

from gateway.body_stream import Receive
from schema_gen.errors import CausewayError, ConfigurationError, service_unavailable

_STATM: Final = Path("/proc/self/statm")
_PAGE: Final = resource.getpagesize()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressure:
    """Bounds. Seconds and bytes; None: not bounded. `enabled` False: nothing is refused, clients are still
    watched.
    """

    enabled: bool = True
    interval: float = 0.25
    max_delay: float | None = 0.5
    max_memory: int | None = None
    max_requests: int = 500
    retry_after: int = 1
    #: for a request body to arrive; looked at once per interval
    body_timeout: float = 10.0


class Exchange:
    """One request under way. `gone`: its client left while it was being answered. `late`: its body did not
    come.
    """

    __slots__ = ("_among", "_receive", "_task", "_watcher", "gone", "late", "reading", "started", "streaming")

    def __init__(self, among: dict[Exchange, None], receive: Receive, started: float) -> None:
        self._among = among
        self._receive = receive
        self._task = asyncio.current_task()
        self._watcher: asyncio.Task[None] | None = None
        self.started = started
        #: the body is still being read: then the reader sees the client go
        self.reading = False
        #: it is read bit by bit, by who looks after its coming, too
        self.streaming = False
        self.late = False
        self.gone = False

    def __enter__(self) -> Exchange:
        self._among[self] = None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Ends a cancellation that came from here; every other one goes on."""
        self._among.pop(self, None)
        if self._watcher is None:
            return False
        self._watcher.cancel()
        task, self._task = self._task, None
        if self.gone and kind is asyncio.CancelledError and task is not None:
            task.uncancel()
            return True
        return False

    def streamed(self) -> None:
        """The body that was read bit by bit has ended."""
        self.streaming = False

    def watch(self) -> None:
        if self._watcher is None:
            self._watcher = asyncio.create_task(self._watch())

    def give_up_reading(self) -> None:
        """Cancels the reader of the body, which then has to call `read_too_late`."""
        if self._task is not None and not self.late:
            self.late = True
            self._task.cancel()

    def read_too_late(self) -> bool:
        """Whether the cancellation that the reader met came from here; then it is ended."""
        if self.late and self._task is not None:
            self._task.uncancel()
        return self.late

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if self._task is not None:
            self.gone = True
            self._task.cancel()


class Load:
    """Everything under way in this worker. `on_tick` is called at every tick."""

    def __init__(self, pressure: Pressure, on_tick: Callable[[], None]) -> None:
        if pressure.max_memory is not None and not _STATM.exists():
            raise ConfigurationError("PRESSURE_LIMITER_MAX_MEMORY_RSS needs /proc, which this system has not")
        self._pressure = pressure
        self._on_tick = on_tick
        self._limit = pressure.max_requests if pressure.enabled else float("inf")
        self._strained = False
        #: in the order in which they began
        self.under_way: dict[Exchange, None] = {}
        #: answers that go out part by part, as slowly as clients take them: connections are their bound
        self.going_out: dict[Exchange, None] = {}

    def exchange(self, receive: Receive, started: float) -> Exchange:
        """`started`: `perf_counter()` when the request came."""
        return Exchange(self.under_way, receive, started)

    def sending(self, receive: Receive, started: float) -> Exchange:
        """The same of an answer that is being sent: it counts for nobody's refusal."""
        return Exchange(self.going_out, receive, started)

    def refusal(self) -> CausewayError | None:
        if self._strained or len(self.under_way) >= self._limit:
            return service_unavailable("api", "Under pressure", retry_after=self._pressure.retry_after)
        return None

    async def run(self) -> None:
        """The ticker; runs until cancelled."""
        interval = self._pressure.interval
        while True:
            due = perf_counter() + interval
            await asyncio.sleep(interval)
            now = perf_counter()
            self._strained = self._pressure.enabled and self._is_strained(now - due)
            self._look_after_slow(self.under_way, now)
            self._look_after_slow(self.going_out, now)
            self._on_tick()

    def _is_strained(self, delay: float) -> bool:
        pressure = self._pressure
        if pressure.max_delay is not None and delay > pressure.max_delay:
            return True
        return pressure.max_memory is not None and resident_memory() > pressure.max_memory

    def _look_after_slow(self, among: dict[Exchange, None], now: float) -> None:
        for exchange in among:
            age = now - exchange.started
            if age < self._pressure.interval:
                break
            if exchange.streaming:
                continue
            if not exchange.reading:
                exchange.watch()
            elif age >= self._pressure.body_timeout:
                exchange.give_up_reading()


def resident_memory() -> int:
    """Bytes of this process in memory (Linux)."""
    return int(_STATM.read_text().split()[1]) * _PAGE
