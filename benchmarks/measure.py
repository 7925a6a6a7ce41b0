"""Figures: distributions of latencies that can be added up, and CPU time of processes.

histogram = Histogram.of([1_200_345, 980_001]) + Histogram.of([2_000_000])
histogram.percentile(0.5)      # 1.2 (ms)
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Final

_TICK: Final = os.sysconf("SC_CLK_TCK")
_HIGH_WATER: Final = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """`counts`: latency in ns, rounded to three digits -> how often."""

    counts: Mapping[int, int]

    @classmethod
    def of(cls, latencies: Iterable[int]) -> Histogram:
        return cls(counts=Counter(map(rounded, latencies)))

    def __add__(self, other: Histogram) -> Histogram:
        return Histogram(counts=Counter(self.counts) + Counter(other.counts))

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def percentile(self, part: float) -> float:
        """The least latency in ms that at least `part` (0 to 1) of all answers kept; nan where there are
        none."""
        wanted = max(ceil(part * self.total), 1)
        seen = 0
        for value in sorted(self.counts):
            seen += self.counts[value]
            if seen >= wanted:
                return value / 1e6
        return float("nan")


def rounded(value: int) -> int:
    """Three significant digits.

    >>> rounded(1_234_567), rounded(999)
    (1230000, 999)
    """
    step: int = 10 ** max(len(str(value)) - 3, 0)
    return (value + step // 2) // step * step


def cpu_seconds(pids: Sequence[int] | None) -> float:
    """User and system time of these processes (None: of this one) since they began; those gone count 0."""
    if pids is None:
        times = os.times()
        return times.user + times.system
    return sum(_cpu_seconds(pid) for pid in pids)


def _cpu_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICK


def process_tree(pid: int) -> list[int]:
    """The process and its descendants, as they are now."""
    found = [pid]
    for parent in found:
        for children in Path("/proc").glob(f"{parent}/task/*/children"):
            try:
                found += [int(child) for child in children.read_text().split()]
            except (FileNotFoundError, ProcessLookupError):
                continue
    return found


def resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE")


def forget_peak(pids: Sequence[int]) -> None:
    """From now on `peak_bytes` tells of what comes."""
    for pid in pids:
        with suppress(FileNotFoundError, ProcessLookupError):
            Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak_bytes(pids: Sequence[int]) -> int:
    """The most that these processes had in memory, put together, since `forget_peak`; those gone count 0."""
    return sum(_peak_bytes(pid) for pid in pids)


def _peak_bytes(pid: int) -> int:
    try:
        said = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    found = _HIGH_WATER.search(said)
    return int(found[1]) * 1024 if found else 0
