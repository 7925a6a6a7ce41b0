"""The load generator of bodies that are too large to be prepared: uploads, and requests that are sent once.

    echo '{"port": 8151, "requests": [...], "connections": 8, "seconds": 2}' | python -m benchmarks.files_load

A thread with a blocking socket for each connection: both ends of a loopback are system calls on large
pieces, so that Python is not what is measured. Gives a `Sample` as `benchmarks.load` does.
"""

from __future__ import annotations

import base64
import json
import socket
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import cycle
from pathlib import Path
from time import perf_counter, perf_counter_ns, sleep
from typing import Any, Final

from benchmarks.load import CHUNK, STUCK, Sample, ServerStuck, content_length, cpu_of
from benchmarks.measure import Histogram

BOUNDARY: Final = "causeway-benchmark-boundary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """`requests`: heads, each followed by the file at `body`, so many `times`, and by `after`. `seconds`: for
    how long they are sent in turn; 0: each once. `rate`: bytes per second and connection at most; 0: as fast
    as they are taken.
    """

    port: int
    requests: list[bytes] = field(repr=False)
    connections: int
    seconds: float
    body: str = ""
    times: int = 1
    rate: float = 0.0
    after: bytes = b""
    processes: Mapping[str, list[int]] = field(default_factory=dict)

    def to_json(self) -> str:
        values = asdict(self)
        values["requests"] = [base64.b64encode(request).decode() for request in self.requests]
        values["after"] = base64.b64encode(self.after).decode()
        return json.dumps(values)

    @classmethod
    def from_json(cls, text: str) -> Sending:
        values: dict[str, Any] = json.loads(text)
        values["requests"] = [base64.b64decode(request) for request in values["requests"]]
        values["after"] = base64.b64decode(values["after"])
        return cls(**values)


def multipart(
    path: str, port: int, token: str, file: Path, kind: str = "application/octet-stream", times: int = 1
) -> tuple[bytes, bytes]:
    """What stands before and after the bytes of `file` (so many `times`) in a request that uploads them."""
    part = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"\r\n'
        f"Content-Type: {kind}\r\n\r\n"
    ).encode()
    after = f"\r\n--{BOUNDARY}--\r\n".encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: application/json\r\n"
        f"Authorization: Bearer {token}\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
        f"Content-Length: {len(part) + file.stat().st_size * times + len(after)}\r\n\r\n"
    ).encode()
    return head + part, after


def drive(sending: Sending) -> Sample:
    """Raises ServerStuck. What is under way when time is over is waited for, and counts."""
    body = memoryview(Path(sending.body).read_bytes()) if sending.body else memoryview(b"")
    senders = [_Sender(sending, body) for _ in range(sending.connections)]
    turns: Iterator[bytes] = cycle(sending.requests) if sending.seconds else iter(sending.requests)
    lock = threading.Lock()
    before, started = cpu_of(sending.processes), perf_counter()
    ends = started + sending.seconds if sending.seconds else float("inf")

    def next_request() -> bytes | None:
        with lock:
            return next(turns, None) if perf_counter() < ends else None

    threads = [threading.Thread(target=sender.run, args=(next_request,)) for sender in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = perf_counter() - started
    after = cpu_of(sending.processes)
    for sender in senders:
        sender.socket.close()
    failed = [sender.failed for sender in senders if sender.failed is not None]
    if failed:
        raise ServerStuck(failed[0])
    statuses = sum((sender.statuses for sender in senders), Counter[str]())
    answers = statuses.total()
    size = len(body) * sending.times * answers if body else sum(sender.size for sender in senders)
    return Sample(
        seconds=seconds,
        answers=answers,
        errors={status: number for status, number in statuses.items() if not status.startswith("2")},
        size=size / max(answers, 1),
        latency=Histogram.of(latency for sender in senders for latency in sender.latencies),
        cpu={group: after[group] - before[group] for group in before},
    )


class _Sender:
    """One connection. `size`: bytes of the answers' bodies."""

    def __init__(self, sending: Sending, body: memoryview) -> None:
        self.socket = socket.create_connection(("127.0.0.1", sending.port), timeout=STUCK)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.statuses: Counter[str] = Counter()
        self.latencies: list[int] = []
        self.size = 0
        self.failed: str | None = None
        self._body = [body] * sending.times if body else []
        self._after = sending.after
        self._rate = sending.rate

    def run(self, next_request: Any) -> None:
        try:
            while (request := next_request()) is not None:
                began = perf_counter_ns()
                self.socket.sendall(request)
                self._send_body()
                if self._after:
                    self.socket.sendall(self._after)
                self._answer()
                self.latencies.append(perf_counter_ns() - began)
        except (OSError, ServerStuck) as error:
            self.failed = str(error)

    def _send_body(self) -> None:
        sent, began = 0, perf_counter()
        for piece in self._body:
            self.socket.sendall(piece)
            sent += len(piece)
            if self._rate:
                sleep(max(began + sent / self._rate - perf_counter(), 0))

    def _answer(self) -> None:
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        length = content_length(data[:end])
        missing = end + 4 + length - len(data)
        while missing > 0:
            missing -= len(self._more())
        self.size += length
        self.statuses[data[9:12].decode()] += 1

    def _more(self) -> bytes:
        data = self.socket.recv(CHUNK)
        if not data:
            raise ServerStuck("the server closed a connection")
        return data


def main() -> None:
    print(drive(Sending.from_json(sys.stdin.read())).to_json())


if __name__ == "__main__":
    main()
