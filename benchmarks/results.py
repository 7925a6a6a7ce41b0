"""A run as one value, and as JSON: what was measured, on what machine, with which versions.

`RunResult.to_json()` is what is written to benchmarks/results; `from_json` reads it back for the report.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from benchmarks.rounds import Cell

FORMAT: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where time goes: a function or a package, and its part (0 to 1) of all samples of a profile."""

    name: str
    part: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Our server under one workload. `packages`: own time; `functions`: own time; `stages`: with callees."""

    workload: str
    database: str
    connections: int
    samples: int
    packages: tuple[Spot, ...]
    functions: tuple[Spot, ...]
    stages: tuple[Spot, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one part of a run has found; parts add up. `receiving`: see `benchmarks.memory`."""

    cells: tuple[Cell, ...] = ()
    mismatches: tuple[str, ...] = ()
    profiles: tuple[Profile, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    receiving: Mapping[str, float] = field(default_factory=dict)

    def __add__(self, other: Figures) -> Figures:
        return Figures(
            cells=self.cells + other.cells,
            mismatches=self.mismatches + other.mismatches,
            profiles=self.profiles + other.profiles,
            versions={**self.versions, **other.versions},
            receiving={**self.receiving, **other.receiving},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """`mismatches`: answers that were not equal, one line each; `notes`: what was left out and why."""

    at: str
    machine: Mapping[str, str]
    settings: Mapping[str, Any]
    versions: Mapping[str, str]
    cells: tuple[Cell, ...]
    mismatches: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    profiles: tuple[Profile, ...] = ()
    scale: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    receiving: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> str:
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1)

    def onto(self, earlier: RunResult) -> RunResult:
        """The earlier run with what this one has measured in place of its own."""
        measured = {one.workload for one in self.cells}
        kept = tuple(one for one in earlier.cells if one.workload not in measured)
        named = ", ".join(sorted(measured))
        return replace(
            earlier,
            versions={**earlier.versions, **self.versions},
            cells=(*kept, *self.cells),
            mismatches=(*earlier.mismatches, *self.mismatches),
            notes=(*earlier.notes, *self.notes, f"of a run at {self.at}: {named}"),
            profiles=(*[one for one in earlier.profiles if one.workload not in measured], *self.profiles),
            scale=self.scale or earlier.scale,
            receiving=self.receiving or earlier.receiving,
        )

    @classmethod
    def from_json(cls, text: str) -> RunResult:
        """Raises ValueError for another format."""
        values: dict[str, Any] = json.loads(text)
        found = values.pop("format", None)
        if found != FORMAT:
            raise ValueError(f"results of format {found}, this is format {FORMAT}")
        values["cells"] = tuple(Cell(**{**cell, "rounds": tuple(cell["rounds"])}) for cell in values["cells"])
        values["profiles"] = tuple(_profile(profile) for profile in values["profiles"])
        for name in ("mismatches", "notes"):
            values[name] = tuple(values[name])
        return cls(**values)


def _profile(values: dict[str, Any]) -> Profile:
    for name in ("packages", "functions", "stages"):
        values[name] = tuple(Spot(**spot) for spot in values[name])
    return Profile(**values)


def machine() -> dict[str, str]:
    """What the figures depend on, without names of hosts."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cpu": _cpu_model(),
        "cores": str(os.cpu_count()),
        "memory": f"{memory:.0f} GiB",
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
