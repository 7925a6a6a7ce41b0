"""What receiving a file of 1 GB costs: memory above idle, and how much longer other requests take meanwhile.

    python -m benchmarks.memory [--size 1000]

A client sends as fast as the server takes it; another asks in turn for `/server/ping` and for one item, with
pauses in between. The p99 of its answers is compared with that of an idle server. Figures in ms and MiB.
"""

from __future__ import annotations

import argparse
import http.client
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
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
ASKED: Final[Mapping[str, str]] = {"ping": "/server/ping", "one item": "/items/articles?limit=1"}


def receiving_figures(
    target: Target, directory: Path, progress: Callable[[str], None], size: int = SIZE
) -> Mapping[str, float]:
    progress(f"receiving {size // MB} MB")
    piece = blob(directory, MB)
    _received(target, piece, 8)
    idle = _probed(target, _until(IDLE))
    pids = process_tree(target.pid)
    before = sum(map(resident_bytes, pids))
    forget_peak(pids)
    sender = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.files_load"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert sender.stdin is not None
    assert sender.stdout is not None
    sender.stdin.write(_sending(target, piece, size // MB).to_json())
    sender.stdin.close()
    meanwhile = _probed(target, lambda: sender.poll() is not None)
    if sender.returncode:
        raise RuntimeError(f"{size} bytes were not received")
    said = Sample.from_json(sender.stdout.read())
    sender.stdout.close()
    if said.errors:
        raise RuntimeError(f"{size} bytes were refused: {said.errors}")
    return {
        "size, MB": size / MB,
        "received, MB per second": size / MB / said.seconds,
        "memory when idle": before / 2**20,
        "memory above idle": (peak_bytes(pids) - before) / 2**20,
        **{f"p99 of {name}, idle": one.percentile(0.99) for name, one in idle.items()},
        **{f"p99 of {name}, meanwhile": one.percentile(0.99) for name, one in meanwhile.items()},
    }


def slower(figures: Mapping[str, float], name: str) -> float:
    """Meanwhile divided by idle."""
    return figures[f"p99 of {name}, meanwhile"] / figures[f"p99 of {name}, idle"]


def _sending(target: Target, piece: Path, times: int) -> Sending:
    before, after = multipart("/files?fields=id", target.port, ADMIN_TOKEN, piece, times=times)
    return Sending(
        port=target.port,
        requests=[before],
        connections=1,
        seconds=0,
        body=str(piece),
        times=times,
        after=after,
    )


def _received(target: Target, piece: Path, times: int) -> None:
    """Once, so that what is made with the first upload is there."""
    spec = _sending(target, piece, times).to_json()
    subprocess.run(
        [sys.executable, "-m", "benchmarks.files_load"],
        cwd=ROOT,
        input=spec,
        text=True,
        timeout=PATIENCE,
        check=True,
        stdout=subprocess.DEVNULL,
    )


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
        print(f"{label:32}{value:10.2f}")
    for asked in ASKED:
        print(f"{f'p99 of {asked}, times idle':32}{slower(figures, asked):10.2f}")


if __name__ == "__main__":
    main()
