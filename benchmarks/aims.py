"""The aims as data, and what a run says about each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from benchmarks.files import ASSETS, FILES
from benchmarks.rounds import Cell
from benchmarks.tables import Dialect
from benchmarks.workloads import ACTORS, WORKLOADS, Actor, System
from benchmarks.writes import EVERY

CONNECTIONS: Final = 32
#: MiB above idle that receiving a file of 1 GB may take, and by how much it may slow other requests (p99)
RECEIVING_MEMORY: Final = 64.0
RECEIVING_SLOWER: Final = 2.0
#: Python of a second request of a known shape on top of the floor, in us of CPU at one connection
SHAPE_COST: Final = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """Ours makes at least `ratio` times the requests per second of `against`, on the same database."""

    against: System
    database: Dialect
    ratio: float
    workloads: tuple[str, ...]
    actors: tuple[Actor, ...] = ACTORS


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`reached`: ours divided by theirs; None where one of both gave no figure."""

    aim: Aim
    workload: str
    actor: Actor
    reached: float | None

    @property
    def met(self) -> bool:
        return self.reached is not None and self.reached >= self.aim.ratio

    @property
    def short(self) -> float | None:
        """By how much the aim is missed, as a part of it (0.1: a tenth too slow)."""
        return None if self.met or self.reached is None else 1 - self.reached / self.aim.ratio


_ALL: Final = tuple(WORKLOADS)
_GRAPHQL: Final = tuple(name for name, workload in WORKLOADS.items() if workload.door == "graphql")
_FAST: Final = tuple(name for name in _ALL if name.removesuffix("_graphql") in ("by_key", "list", "nested"))
_OTHER: Final = tuple(name for name in _ALL if name not in _FAST)

AIMS: Final = (
    Aim(against="floor", database="postgresql", ratio=0.8, workloads=_ALL, actors=("admin",)),
    Aim(against="floor", database="postgresql", ratio=0.7, workloads=_ALL, actors=("reader",)),
    Aim(against="directus", database="postgresql", ratio=25, workloads=_FAST),
    Aim(against="directus", database="postgresql", ratio=4, workloads=_OTHER),
    Aim(against="postgraphile", database="postgresql", ratio=2, workloads=_GRAPHQL, actors=("admin",)),
    Aim(against="floor", database="sqlite", ratio=0.8, workloads=_ALL),
    *(
        Aim(against="directus", database=database, ratio=ratio, workloads=workloads, actors=("admin",))
        for database in ("postgresql", "sqlite")
        for ratio, workloads in ((4, ("update", "create", "create_nested")), (10, ("create_batch",)))
    ),
    Aim(against="floor", database="postgresql", ratio=0.7, workloads=tuple(ASSETS), actors=("admin",)),
    Aim(against="directus", database="postgresql", ratio=1, workloads=tuple(FILES), actors=("admin",)),
)


def findings(cells: Sequence[Cell]) -> list[Finding]:
    """Only of what was measured: pairs of which neither system was driven are left out."""
    return [finding for aim in AIMS for finding in _of(aim, cells)]


def _of(aim: Aim, cells: Sequence[Cell]) -> Iterable[Finding]:
    for name in aim.workloads:
        connections = max(EVERY[name].connections or (CONNECTIONS,))
        for actor in aim.actors:
            ours = find(cells, name, actor, connections, "causeway", aim.database)
            theirs = find(cells, name, actor, connections, aim.against, aim.database)
            if ours is not None and theirs is not None:
                yield Finding(aim=aim, workload=name, actor=actor, reached=ratio(ours, theirs))


def find(
    cells: Sequence[Cell], workload: str, actor: str, connections: int, system: str, database: str
) -> Cell | None:
    wanted = (workload, actor, connections, system, database)
    for one in cells:
        if (one.workload, one.actor, one.connections, one.system, one.database) == wanted:
            return one
    return None


def ratio(ours: Cell, theirs: Cell) -> float | None:
    """Ours divided by theirs; of windows taken in pairs the median, since a busy moment slows both."""
    if ours.requests_per_second is None or not theirs.requests_per_second:
        return None
    if len(ours.rounds) == len(theirs.rounds) > 1 and all(theirs.rounds):
        return median(mine / other for mine, other in zip(ours.rounds, theirs.rounds, strict=True))
    return ours.requests_per_second / theirs.requests_per_second


def shape_costs(cells: Sequence[Cell]) -> list[tuple[Cell, float]]:
    """At one connection: CPU of our server above that of the floor, in us per request. Of PostgreSQL only: on
    SQLite the statement runs in the server, and two statements are no Python.
    """
    costs: list[tuple[Cell, float]] = []
    for ours in cells:
        if (ours.system, ours.database, ours.connections) == ("causeway", "postgresql", 1):
            if ours.requests_per_second is None:
                continue
            theirs = find(cells, ours.workload, ours.actor, 1, "floor", ours.database)
            if theirs is not None and theirs.requests_per_second is not None:
                costs.append((ours, ours.server_cpu - theirs.server_cpu))
    return costs
