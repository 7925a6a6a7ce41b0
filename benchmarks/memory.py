"""What receiving a file of 1 GB costs: memory above idle, and how much longer other requests take meanwhile.

    python -m benchmarks.memory [--size 1000]

A client sends as fast as the server takes it, and then as fast as a network of 1 Gbit would; another asks in
turn for `/server/ping` and for one item, with pauses in between. The p99 of its answers is compared with that
of an idle server. Figures in ms and MiB.
"""

from __future__ import annotations

import argparse
import http.client
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benchmarks.content import content
from benchmarks.databases import make_sqlite
from benchmarks.files import MB, blob
from benchmarks.files_load import Sending, multipart
from benchmarks.load import Sample
from benchmarks.measure import Histogram, forget_peak, peak_bytes, process_tree, resident_bytes
from benchmarks.servers import Target, causeway_server
from benchmarks.tables import ADMIN_TOKEN
from tests.support.server import ROOT

SIZE: Final = 1000 * MB
#: seconds of an idle server that are compared with
IDLE: Final = 4.0
#: seconds between two requests of the other client
PAUSE: Final = 0.002
#: seconds after which receiving counts as failed
PATIENCE: Final = 300.0
#: bytes per second of a network of 1 Gbit
NETWORK: Final = 125.0 * MB
ALONE: Final = "idle"
MEANWHILE: Final = "as fast as it is taken"
SLOWLY: Final = "at 1 Gbit/s"
ASKED: Final[Mapping[str, str]] = {"ping": "/server/ping", "one item": "/items/articles?limit=1"}


def receiving_figures(
    target: Target, directory: Path, progress: Callable[[str], None], size: int = SIZE
) -> Mapping[str, float]:
    """`directory`: for what is sent."""
    piece, times = blob(directory, MB), size // MB
    progress(f"receiving {times} MB")
    with _sent(target, piece, 8):
        pass
    idle = _probed(target, _until(IDLE))
    pids = process_tree(target.pid)
    before = sum(map(resident_bytes, pids))
    forget_peak(pids)
    with _sent(target, piece, times) as sender:
        meanwhile = _probed(target, lambda: sender.poll() is not None)
    said = _said(sender)
    above = peak_bytes(pids) - before
    with _sent(target, piece, times, rate=NETWORK) as sender:
        over_network = _probed(target, lambda: sender.poll() is not None)
    _said(sender)
    return {
        "size, MB": size / MB,
        "received, MB per second": size / MB / said.seconds,
        "memory when idle": before / 2**20,
        "memory above idle": above / 2**20,
        **{
            f"p99 of {name}, {when}": one.percentile(0.99)
            for when, found in ((ALONE, idle), (MEANWHILE, meanwhile), (SLOWLY, over_network))
            for name, one in found.items()
        },
    }


def slower(figures: Mapping[str, float], name: str, when: str) -> float:
    """The p99 `when` divided by that of the idle server."""
    return figures[f"p99 of {name}, {when}"] / figures[f"p99 of {name}, {ALONE}"]


@contextmanager
def _sent(target: Target, piece: Path, times: int, rate: float = 0.0) -> Iterator[subprocess.Popen[str]]:
    """A client that sends `piece` so many times as one file, until it has its answer."""
    before, after = multipart("/files?fields=id", target.port, ADMIN_TOKEN, piece, times=times)
    sending = Sending(
        port=target.port,
        requests=[before],
        connections=1,
        seconds=0,
        body=str(piece),
        times=times,
        rate=rate,
        after=after,
    )
    sender = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.files_load"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert sender.stdin is not None
    sender.stdin.write(sending.to_json())
    sender.stdin.close()
    try:
        yield sender
        sender.wait(PATIENCE)
    finally:
        sender.kill()
        sender.wait()


def _said(sender: subprocess.Popen[str]) -> Sample:
    assert sender.stdout is not None
    with sender.stdout as stdout:
        text = stdout.read()
    if sender.returncode:
        raise RuntimeError("a file was not received")
    said = Sample.from_json(text)
    if said.errors:
        raise RuntimeError(f"a file was refused: {said.errors}")
    return said


def _until(seconds: float) -> Callable[[], bool]:
    ends = time.perf_counter() + seconds
    return lambda: time.perf_counter() >= ends


def _probed(target: Target, ended: Callable[[], bool]) -> dict[str, Histogram]:
    """Name of what is asked -> latencies, until `ended`."""
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=PATIENCE)
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    latencies: dict[str, list[int]] = {name: [] for name in ASKED}
    while not ended():
        for name, path in ASKED.items():
            began = time.perf_counter_ns()
            connection.request("GET", path, headers=headers)
            reply = connection.getresponse()
            reply.read()
            latencies[name].append(time.perf_counter_ns() - began)
            if reply.status != 200:
                raise RuntimeError(f"{path}: {reply.status} while a file is received")
            time.sleep(PAUSE)
    connection.close()
    return {name: Histogram.of(one) for name, one in latencies.items()}


def main() -> None:
    made = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    made.add_argument("--size", type=int, default=SIZE // MB, help="MB (default: 1000)")
    options = made.parse_args()
    with tempfile.TemporaryDirectory(dir=ROOT / ".cache") as name:
        directory = Path(name)
        path = directory / "memory.sqlite"
        make_sqlite(path, content(1000), "memory", directory)
        with causeway_server("sqlite", f"sqlite:///{path}", directory, "") as target:
            figures = receiving_figures(target, directory, print, options.size * MB)
    for label, value in figures.items():
        print(f"{label:48}{value:10.2f}")
    for asked in ASKED:
        for when in (MEANWHILE, SLOWLY):
            print(f"{f'{asked} {when} / idle':48}{slower(figures, asked, when):10.2f}")


if __name__ == "__main__":
    main()
