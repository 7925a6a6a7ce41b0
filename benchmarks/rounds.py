"""Measuring: the systems take turns, window by window, so that what else the machine does hits all alike.

cells = measure(plan, workload, "admin", 32, targets)      one Cell per system
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from statistics import median
from typing import Final

import asyncpg

from benchmarks.answers import token_of
from benchmarks.load import Sample, Spec
from benchmarks.measure import Histogram, process_tree
from benchmarks.servers import Target
from benchmarks.tables import Dialect
from benchmarks.workloads import Actor, System, Workload
from tests.support.server import ROOT

#: seconds that a server is driven before its first window, so that every connection knows the statement
WARM_UP: Final = 0.5
#: seconds added to a window in which the generator may start and read its figures
GENERATOR_TIMEOUT: Final = 200.0
#: requests of one window that have a number, at most
SERIALS: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`seconds` per system and cell, cut into `rounds` windows; the slow peers get `peer_seconds`, in one
    window of reads and of batches, in as many as the others of single writes. `serials`: the first number for
    the requests of each window.
    """

    seconds: float
    rounds: int
    peer_seconds: float
    keys: Sequence[int]
    #: where pg_stat_activity can be read
    admin_url: str
    serials: Iterator[int] = field(default_factory=lambda: count(0, SERIALS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One system under one workload. Times in ms, CPU in us per request; `database_cpu` None on SQLite,
    where the server is the database. `requests_per_second` None: there were errors, so it is no figure."""

    workload: str
    actor: Actor
    connections: int
    system: System
    database: Dialect
    requests_per_second: float | None
    rounds: tuple[float, ...]
    p50: float
    p99: float
    server_cpu: float
    database_cpu: float | None
    client_cpu: float
    size: float
    answers: int
    errors: Mapping[str, int]
    #: MiB that the server had at most above what it had before, of workloads of files
    memory: float | None = None


def measure(
    plan: Plan, workload: Workload, actor: Actor, connections: int, targets: Sequence[Target]
) -> list[Cell]:
    """Targets that cannot do the workload are left out; one that breaks down under it has no figure."""
    able = [target for target in targets if target.system in workload.systems(actor)]
    specs = {target: requests_of(plan, workload, actor, target) for target in able}
    samples: dict[Target, list[Sample]] = {target: [] for target in able}
    broken: dict[Target, str] = {}
    together = bool(workload.writes) and not workload.connections

    def drive(target: Target, driven: int, seconds: float, settle: float) -> Sample | None:
        if target in broken:
            return None
        try:
            return window(
                target,
                specs[target],
                connections=driven,
                seconds=seconds,
                settle=settle,
                processes=processes_of(target, plan.admin_url),
                first=next(plan.serials),
            )
        except RuntimeError as error:
            broken[target] = str(error)
            return None

    for target in able:
        drive(target, max(workload.connections or (32,)), WARM_UP, 0.0)
    for number in range(plan.rounds):
        turn = number % max(len(able), 1)
        for target in [*able[turn:], *able[:turn]]:
            slow = target.system == "directus"
            if slow and number and not together:
                continue
            seconds = plan.seconds / plan.rounds
            if slow:
                seconds = plan.peer_seconds / (plan.rounds if together else 1)
            sample = drive(target, connections, seconds, 0.1)
            if sample is not None:
                samples[target].append(sample)
    return [
        cell(workload.name, actor, connections, target, samples[target], broken.get(target))
        for target in able
    ]


def cell(
    workload: str,
    actor: Actor,
    connections: int,
    target: Target,
    samples: Sequence[Sample],
    broken: str | None = None,
) -> Cell:
    """Samples of one system put together: the median of their rates, everything else over all of them.
    `broken`: why there are no more of them.
    """
    answers = sum(sample.answers for sample in samples)
    rates = tuple(sample.answers / sample.seconds for sample in samples)
    errors: dict[str, int] = {} if broken is None else {broken: 1}
    for sample in samples:
        for status, number in sample.errors.items():
            errors[status] = errors.get(status, 0) + number
    latency = sum((sample.latency for sample in samples), Histogram(counts={}))

    def per_answer(group: str) -> float:
        return sum(sample.cpu.get(group, 0.0) for sample in samples) / max(answers, 1) * 1e6

    return Cell(
        workload=workload,
        actor=actor,
        connections=connections,
        system=target.system,
        database=target.dialect,
        requests_per_second=None if errors or not answers else median(rates),
        rounds=rates,
        p50=latency.percentile(0.5),
        p99=latency.percentile(0.99),
        server_cpu=per_answer("server"),
        database_cpu=None if target.store is None else per_answer("database"),
        client_cpu=per_answer("client"),
        size=sum(sample.size * sample.answers for sample in samples) / max(answers, 1),
        answers=answers,
        errors=errors,
    )


def requests_of(plan: Plan, workload: Workload, actor: Actor, target: Target) -> list[bytes]:
    token = token_of(target.system, actor)
    return [
        request.on_the_wire(target.port, token)
        for request in workload.requests(target.system, actor, plan.keys)
    ]


def window(
    target: Target,
    requests: list[bytes],
    *,
    connections: int,
    seconds: float,
    settle: float,
    processes: Mapping[str, list[int]],
    first: int = 0,
) -> Sample:
    spec = Spec(
        port=target.port,
        requests=requests,
        connections=connections,
        seconds=seconds,
        settle=settle,
        first=first,
        processes=processes,
    )
    return generated("benchmarks.load", spec.to_json(), seconds + settle, target.label)


def generated(module: str, spec: str, seconds: float, label: str) -> Sample:
    """What the load generator `module` says, which works for about so many seconds. Raises RuntimeError."""
    done = subprocess.run(
        [sys.executable, "-m", module],
        cwd=ROOT,
        input=spec,
        capture_output=True,
        text=True,
        timeout=seconds + GENERATOR_TIMEOUT,
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:] or [f"the load generator ended with {done.returncode}"]
        raise RuntimeError(f"{label}: {said[0]}")
    return Sample.from_json(done.stdout)


def processes_of(target: Target, admin_url: str) -> dict[str, list[int]]:
    """The server with its children, and the PostgreSQL backends that work for it."""
    groups = {"server": process_tree(target.pid)}
    if target.store is not None:
        groups["database"] = asyncio.run(_backends(admin_url, target.store))
    return groups


async def _backends(admin_url: str, database: str) -> list[int]:
    """Several servers may share a database: theirs are told apart by who idles during a window."""
    connection = await asyncpg.connect(admin_url)
    try:
        rows = await connection.fetch(
            "SELECT pid FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'",
            database,
        )
    finally:
        await connection.close()
    return [row[0] for row in rows]
