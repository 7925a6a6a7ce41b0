"""Where the time of our server goes under load: samples of py-spy, summed up by package and function.

    profile_of(target, ...) -> Profile

py-spy looks at the process from outside at a fixed rate, so the server runs the code that was measured.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from benchmarks.results import Profile, Spot

RATE: Final = 250
#: how many functions and stages a profile names
TOP: Final = 15
OURS: Final = ("gateway", "rest_bridge", "resolvers", "schema_gen")
#: threads that wait for work
_IDLE: Final = ("concurrent.futures.thread._worker", "threading.wait", "queue.get")
_FRAME: Final = re.compile(r"^(?P<function>.+) \((?P<place>.+?)(:\d+)?\)$")


def find_py_spy() -> str | None:
    beside = Path(sys.executable).with_name("py-spy")
    return str(beside) if beside.exists() else shutil.which("py-spy")


def record(py_spy: str, pid: int, seconds: float) -> list[tuple[tuple[str, ...], int]]:
    """Stacks from the outermost call to the innermost, and how often each was seen. Raises RuntimeError where
    the system does not let py-spy look (`ptrace`)."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "stacks"
        command = [py_spy, "record", "--pid", str(pid), "--duration", str(max(round(seconds), 1))]
        command += ["--rate", str(RATE), "--format", "raw", "--output", str(path), "--nolineno"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=False)
        if done.returncode or not path.exists():
            raise RuntimeError(f"py-spy: {(done.stderr or done.stdout).strip().splitlines()[-1:]}")
        return list(stacks(path.read_text()))


def stacks(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """Lines `outer (file.py);inner (file.py) 12`."""
    for line in text.splitlines():
        frames, _, count = line.rpartition(" ")
        if frames and count.isdigit():
            yield tuple(frames.split(";")), int(count)


def summed(
    seen: Iterable[tuple[tuple[str, ...], int]], *, workload: str, database: str, connections: int
) -> Profile:
    own: Counter[str] = Counter()
    packages: Counter[str] = Counter()
    inclusive: Counter[str] = Counter()
    total = 0
    for frames, count in seen:
        if name_of(frames[-1]) in _IDLE:
            continue
        total += count
        own[name_of(frames[-1])] += count
        packages[package_of(frames)] += count
        for name in {name_of(frame) for frame in frames if _package(frame) in OURS}:
            inclusive[name] += count
    return Profile(
        workload=workload,
        database=database,
        connections=connections,
        samples=total,
        packages=_spots(packages, total),
        functions=_spots(own, total),
        stages=_spots(inclusive, total),
    )


def _spots(counts: Counter[str], total: int) -> tuple[Spot, ...]:
    return tuple(Spot(name=name, part=count / max(total, 1)) for name, count in counts.most_common(TOP))


def package_of(frames: tuple[str, ...]) -> str:
    """The package whose code is innermost; frames of the standard library count for who called them."""
    for frame in reversed(frames):
        package = _package(frame)
        if package is not None:
            return package
    return "python"


def name_of(frame: str) -> str:
    """`fetch (asyncpg/connection.py)` -> `asyncpg.connection.fetch`"""
    match = _FRAME.match(frame)
    if match is None:
        return frame
    place = match["place"].rpartition("site-packages/")[2].removesuffix(".py").removesuffix(".pyx")
    parts = place.split("/")
    for top in OURS:
        if top in parts:
            parts = parts[parts.index(top) :]
            break
    return ".".join([*parts[-3:], match["function"]])


def _package(frame: str) -> str | None:
    match = _FRAME.match(frame)
    if match is None:
        return None
    place = match["place"]
    for top in OURS:
        if f"{top}/" in place:
            return top
    if "site-packages/" in place:
        return place.rpartition("site-packages/")[2].split("/")[0].removesuffix(".py")
    first = place.split("/")[0]
    return first if first in ("uvicorn", "asyncpg", "aiosqlite", "uvloop", "httptools", "graphql") else None
