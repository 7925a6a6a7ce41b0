"""The load generator: keep-alive connections over epoll, requests prepared beforehand, no HTTP library.

    echo '{"port": 8151, "connections": 32, "seconds": 2, ...}' | python -m benchmarks.load

Reads one `Spec` as JSON and writes one `Sample`. It runs in a process of its own and does as little as can be
done per answer in Python (about 5 us, beside the 12 us of the system calls), so that the server stays the
bottleneck. CPU time of the processes named is read at both ends of the measured window.
"""

from __future__ import annotations

import base64
import json
import select
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from time import perf_counter_ns
from typing import Any, Final

from benchmarks.measure import Histogram, cpu_seconds
from benchmarks.workloads import SERIAL, numbered

#: larger ones are mapped and unmapped by the allocator for every answer, at three times the cost
CHUNK: Final = 64 * 1024
#: seconds without a single answer after which the server counts as stuck
STUCK: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """`requests` are sent in turn, by all connections together; `settle`: seconds before the window. `first`:
    the number of the first request, where they have a place for one.
    """

    port: int
    requests: list[bytes] = field(repr=False)
    connections: int
    seconds: float
    settle: float = 0.1
    first: int = 0
    #: groups of processes whose CPU time is counted, as {"server": [1234]}
    processes: Mapping[str, list[int]] = field(default_factory=dict)

    def to_json(self) -> str:
        values = asdict(self)
        values["requests"] = [base64.b64encode(request).decode() for request in self.requests]
        return json.dumps(values)

    @classmethod
    def from_json(cls, text: str) -> Spec:
        values: dict[str, Any] = json.loads(text)
        values["requests"] = [base64.b64decode(request) for request in values["requests"]]
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One window. `errors`: status -> answers that were not 2xx; `size`: mean bytes of a body."""

    seconds: float
    answers: int
    errors: dict[str, int]
    size: float
    latency: Histogram
    #: CPU seconds per group of processes, and the generator's own
    cpu: dict[str, float]

    def to_json(self) -> str:
        return json.dumps({**asdict(self), "latency": self.latency.counts})

    @classmethod
    def from_json(cls, text: str) -> Sample:
        values: dict[str, Any] = json.loads(text)
        counts = {int(value): count for value, count in values.pop("latency").items()}
        return cls(latency=Histogram(counts=counts), **values)


class ServerStuck(Exception):
    """The server closed a connection or stopped answering."""


class _Connection:
    """One keep-alive connection: `missing` is what its answer still lacks, -1 while the head is unread."""

    __slots__ = ("body", "head", "missing", "since", "socket", "status")

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.head = b""
        self.missing = -1
        self.since = 0
        self.status = b""
        self.body = 0

    def ask(self, request: bytes) -> None:
        self.missing = -1
        self.head = b""
        self.since = perf_counter_ns()
        self.socket.sendall(request)

    def take(self, data: bytes) -> bool:
        """Whether the answer is complete with these bytes."""
        if self.missing >= 0:
            self.missing -= len(data)
            return self.missing <= 0
        data = self.head + data
        end = data.find(b"\r\n\r\n")
        if end < 0:
            self.head = data
            return False
        self.status = data[9:12]
        self.body = content_length(data[:end])
        self.missing = end + 4 + self.body - len(data)
        return self.missing <= 0


def content_length(head: bytes) -> int:
    at = head.find(b"\r\ncontent-length:")
    if at < 0:
        at = head.lower().find(b"\r\ncontent-length:")
        if at < 0:
            raise ServerStuck(f"an answer without Content-Length: {head[:200]!r}")
    at += 17
    end = head.find(b"\r", at)
    return int(head[at : end if end >= 0 else None])


def drive(spec: Spec) -> Sample:
    """Drives the server for `settle` and then `seconds`; only answers of the latter are counted. What is
    under way then is waited for, so that it does not burden who comes next.
    """
    asking = _Asking(spec)
    poll = select.epoll()
    connections = {
        one.socket.fileno(): one for one in (_Connection(spec.port) for _ in range(spec.connections))
    }
    try:
        for place, one in connections.items():
            poll.register(place, select.EPOLLIN)
            one.ask(asking.next())
        _window(asking, poll, connections, spec.settle, {}, [])
        latencies: list[int] = []
        counts: dict[bytes, list[int]] = {}
        before, started = cpu_of(spec.processes), perf_counter_ns()
        _window(asking, poll, connections, spec.seconds, counts, latencies)
        seconds = (perf_counter_ns() - started) / 1e9
        after = cpu_of(spec.processes)
        _drain(poll, connections)
    finally:
        poll.close()
        for one in connections.values():
            one.socket.close()
    answers = sum(number for number, _ in counts.values())
    return Sample(
        seconds=seconds,
        answers=answers,
        errors={status.decode(): number for status, (number, _) in counts.items() if status[:1] != b"2"},
        size=sum(size for _, size in counts.values()) / max(answers, 1),
        latency=Histogram.of(latencies),
        cpu={group: after[group] - before[group] for group in before},
    )


class _Asking:
    """The requests in turn, with a number of their own where they have a place for it."""

    __slots__ = ("_numbered", "_requests", "_turn", "next")

    def __init__(self, spec: Spec) -> None:
        self._requests = spec.requests
        self._turn = -1
        self._numbered = spec.first
        serial = SERIAL.encode()
        self.next = self._with_number if any(serial in one for one in spec.requests) else self._as_it_is

    def _as_it_is(self) -> bytes:
        self._turn += 1
        return self._requests[self._turn % len(self._requests)]

    def _with_number(self) -> bytes:
        self._numbered += 1
        return numbered(self._as_it_is(), self._numbered)


def _drain(poll: select.epoll, connections: dict[int, _Connection]) -> None:
    waiting = set(connections)
    while waiting:
        ready = poll.poll(STUCK)
        if not ready:
            raise ServerStuck(f"no answer for {STUCK:g} s")
        for place, _ in ready:
            data = connections[place].socket.recv(CHUNK)
            if not data:
                raise ServerStuck("the server closed a connection")
            if connections[place].take(data):
                waiting.discard(place)


def _window(
    asking: _Asking,
    poll: select.epoll,
    connections: Mapping[int, _Connection],
    seconds: float,
    counts: dict[bytes, list[int]],
    latencies: list[int],
) -> None:
    """`counts`: status -> [answers, bytes of bodies]; `latencies` in ns."""
    ends = perf_counter_ns() + int(seconds * 1e9)
    while True:
        ready = poll.poll(STUCK)
        if not ready:
            raise ServerStuck(f"no answer for {STUCK:g} s")
        for place, _ in ready:
            one = connections[place]
            data = one.socket.recv(CHUNK)
            if not data:
                raise ServerStuck("the server closed a connection")
            if not one.take(data):
                continue
            latencies.append(perf_counter_ns() - one.since)
            count = counts.get(one.status)
            if count is None:
                counts[one.status] = [1, one.body]
            else:
                count[0] += 1
                count[1] += one.body
            one.ask(asking.next())
        if perf_counter_ns() >= ends:
            return


def cpu_of(groups: Mapping[str, Sequence[int]]) -> dict[str, float]:
    return {**{name: cpu_seconds(pids) for name, pids in groups.items()}, "client": cpu_seconds(None)}


def main() -> None:
    print(drive(Spec.from_json(sys.stdin.read())).to_json())


if __name__ == "__main__":
    main()
