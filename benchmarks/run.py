"""`make bench`: Causeway beside Directus, PostGraphile and the floor, on the same rows, in one run.

    python -m benchmarks.run --seconds 3 --connections 1,32 --only list,nested_graphql --no-peers

Prints tables, writes benchmarks/results/<time>.json, docs/benchmarks.md and docs/benchmarks.svg. Exit
codes: 0; 1 where answers differed or requests failed, so that some figures are missing. Missed aims are told,
not punished.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

import asyncpg

from benchmarks.answers import difference, fetch
from benchmarks.content import Content, content
from benchmarks.databases import make_postgres, make_sqlite, mark_of
from benchmarks.peers import (
    REFERENCE,
    PeerMissing,
    Place,
    start_cluster,
    start_directus,
    start_postgraphile,
    stop_peers,
)
from benchmarks.profiling import find_py_spy
from benchmarks.profiling_run import profile_under_load
from benchmarks.report import chart, markdown, terminal
from benchmarks.results import Profile, RunResult, machine
from benchmarks.rounds import Cell, Plan, measure
from benchmarks.scale import scale_figures
from benchmarks.servers import Target, causeway_server, floor_server
from benchmarks.workloads import ACTORS, WORKLOADS, Actor, Workload
from tests.support.server import ROOT
from tests.support.session import TestRun

DATABASE: Final = "causeway_bench"
#: what is kept between runs
CACHE: Final = ROOT / ".cache" / "bench"
RESULTS: Final = ROOT / "benchmarks" / "results"
#: requests of each workload whose answers are compared
COMPARED: Final = 3
#: profiled in every run; all others with --profile
PROFILED: Final = ("by_key", "nested_graphql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """`peers`: where the peers run too; None for a cluster of this run alone."""

    admin_url: str
    url: str
    peers: Place | None


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    if sys.platform != "linux":
        print("The benchmark reads CPU times from /proc and needs Linux.", file=sys.stderr)
        return 2
    if options.report is not None:
        result = RunResult.from_json(options.report.read_text())
    else:
        result = run(options, say)
        RESULTS.mkdir(parents=True, exist_ok=True)
        path = RESULTS / f"{result.at.replace(':', '')}.json"
        path.write_text(result.to_json())
        say(f"wrote {path.relative_to(ROOT)}")
    print(terminal(result))
    if options.write:
        (ROOT / "docs" / "benchmarks.md").write_text(markdown(result))
        (ROOT / "docs" / "benchmarks.svg").write_text(chart(result))
        say("wrote docs/benchmarks.md and docs/benchmarks.svg")
    failed = [one for one in result.cells if one.requests_per_second is None]
    return 1 if result.mismatches or failed else 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="make bench", description="Measure Causeway beside its peers.")
    made.add_argument("--seconds", type=float, default=3.0, help="per system and workload (default: 3)")
    made.add_argument("--rounds", type=int, default=6, help="windows these are cut into (default: 6)")
    made.add_argument("--peer-seconds", type=float, default=1.5, help="for Directus (default: 1.5)")
    made.add_argument("--connections", default="1,32", help="numbers of connections (default: 1,32)")
    made.add_argument("--only", default="", help=f"workloads, of {', '.join(WORKLOADS)}")
    made.add_argument("--actors", default=",".join(ACTORS), help="admin, reader or both (default)")
    made.add_argument("--databases", default="postgresql,sqlite", help="one of both (default: both)")
    made.add_argument("--articles", type=int, default=10_000, help="size of the data (default: 10000)")
    made.add_argument("--no-peers", dest="peers", action="store_false", help="ours and the floor only")
    made.add_argument("--fresh", action="store_true", help="make all databases anew")
    made.add_argument("--profile", action="store_true", help="a profile of every workload")
    made.add_argument("--scale", action="store_true", help="also 500 tables x 20 columns")
    made.add_argument("--report", type=Path, metavar="JSON", help="the page of an earlier run, nothing else")
    made.add_argument("--no-write", dest="write", action="store_false", help="leave docs/benchmarks.* alone")
    return made


def say(text: str) -> None:
    print(f"==> {text}", flush=True)


def run(options: argparse.Namespace, progress: Callable[[str], None]) -> RunResult:
    workloads = [WORKLOADS[name] for name in options.only.split(",") if name] or list(WORKLOADS.values())
    actors = [actor for actor in ACTORS if actor in options.actors.split(",")]
    rows = content(options.articles)
    notes: list[str] = []
    CACHE.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        postgres = stack.enter_context(open_postgres(options, notes))
        targets = start(stack, options, postgres, rows, notes, progress)
        plan = Plan(
            seconds=options.seconds,
            rounds=options.rounds,
            peer_seconds=options.peer_seconds,
            keys=rows.published(),
            admin_url=postgres.admin_url,
        )
        mismatches = [
            text for one in workloads for actor in actors for text in compared(one, actor, targets, plan)
        ]
        for text in mismatches:
            progress(f"answers differ: {text}")
        cells = _measured(options, workloads, actors, targets, plan, progress)
        profiles = _profiles(options, workloads, targets, plan, notes, progress)
        scale = scale_figures(postgres.admin_url, CACHE, progress) if options.scale else {}
        versions = asyncio.run(_versions(postgres.admin_url, targets))
    return RunResult(
        at=datetime.now(UTC).replace(microsecond=0).isoformat(),
        machine=machine(),
        settings={
            "seconds": options.seconds,
            "rounds": options.rounds,
            "seconds of Directus": options.peer_seconds,
            "articles": options.articles,
        },
        versions=versions,
        cells=tuple(cells),
        mismatches=tuple(mismatches),
        notes=tuple(notes),
        profiles=tuple(profiles),
        scale=scale,
    )


@contextmanager
def open_postgres(options: argparse.Namespace, notes: list[str]) -> Iterator[Postgres]:
    """The peers' cluster where there is one, so that all share one PostgreSQL; else one for this run."""
    if options.peers:
        try:
            place = start_cluster()
        except PeerMissing as error:
            notes.append(f"no peers: {error}")
        else:
            yield Postgres(admin_url=place.url("postgres"), url=place.url(DATABASE), peers=place)
            return
    test_run = TestRun.begin()
    try:
        cluster = test_run.cluster()
        yield Postgres(admin_url=cluster.url("postgres"), url=cluster.url(DATABASE), peers=None)
    finally:
        test_run.end()


def start(
    stack: ExitStack,
    options: argparse.Namespace,
    postgres: Postgres,
    rows: Content,
    notes: list[str],
    progress: Callable[[str], None],
) -> list[Target]:
    """The servers of the run, on databases that are made where they are not there yet."""
    progress(f"databases with {options.articles} articles")
    mark = mark_of(options.articles)
    targets: list[Target] = []
    if "postgresql" in options.databases:
        made = make_postgres(
            postgres.admin_url, postgres.url, DATABASE, rows, mark, CACHE, fresh=options.fresh
        )
        asyncio.run(made)
        targets.append(stack.enter_context(causeway_server("postgresql", postgres.url, CACHE, "")))
        targets.append(stack.enter_context(floor_server("postgresql", postgres.url, CACHE)))
    if postgres.peers is not None and "postgresql" in options.databases:
        targets += _start_peers(stack, options, postgres.peers, rows, mark, notes, progress)
    if "sqlite" in options.databases:
        path = CACHE / f"articles-{options.articles}.sqlite"
        make_sqlite(path, rows, mark, CACHE, fresh=options.fresh)
        url = f"sqlite:///{path}"
        targets.append(stack.enter_context(causeway_server("sqlite", url, CACHE, "")))
        targets.append(stack.enter_context(floor_server("sqlite", url, CACHE)))
    return targets


def _start_peers(
    stack: ExitStack,
    options: argparse.Namespace,
    place: Place,
    rows: Content,
    mark: str,
    notes: list[str],
    progress: Callable[[str], None],
) -> list[Target]:
    progress(f"peers from {REFERENCE.parent.name}/{REFERENCE.name} (the first time this takes minutes)")
    stack.callback(stop_peers)
    targets: list[Target] = []
    starts = (
        partial(start_directus, place, rows, mark, fresh=options.fresh),
        partial(start_postgraphile, place, DATABASE, mark, fresh=options.fresh),
    )
    for start_peer in starts:
        try:
            peer = asyncio.run(start_peer())
        except PeerMissing as error:
            notes.append(f"a peer is missing: {error}")
            progress(notes[-1])
            continue
        targets.append(
            Target(
                system=peer.name,
                dialect="postgresql",
                port=peer.port,
                pid=peer.pid,
                store=peer.database,
                version=peer.version,
            )
        )
    return targets


def compared(workload: Workload, actor: Actor, targets: Sequence[Target], plan: Plan) -> Iterator[str]:
    """Each system's answers against those of the floor on the same database; one line per difference."""
    for target in targets:
        floor = next(
            (one for one in targets if (one.system, one.dialect) == ("floor", target.dialect)), target
        )
        if target.system == "floor" or target.system not in workload.systems(actor):
            continue
        theirs = workload.requests(target.system, actor, plan.keys)[:COMPARED]
        floors = workload.requests("floor", actor, plan.keys)[:COMPARED]
        for request, plain in zip(theirs, floors, strict=True):
            status, body = fetch(target, request, actor)
            _, wanted = fetch(floor, plain, actor)
            said: str | None = f"status {status}: {body[:200]!r}"
            if status == 200:
                said = difference(body, wanted, said_by=target.system)
            if said is not None:
                yield f"{workload.name}, {actor}, {target.label}: {said}"
                break


def _measured(
    options: argparse.Namespace,
    workloads: Sequence[Workload],
    actors: Sequence[Actor],
    targets: Sequence[Target],
    plan: Plan,
    progress: Callable[[str], None],
) -> list[Cell]:
    cells: list[Cell] = []
    for connections in map(int, options.connections.split(",")):
        for workload in workloads:
            for actor in actors:
                progress(f"{workload.title}, {actor}, {connections} connections")
                cells += measure(plan, workload, actor, connections, targets)
    return cells


def _profiles(
    options: argparse.Namespace,
    workloads: Sequence[Workload],
    targets: Sequence[Target],
    plan: Plan,
    notes: list[str],
    progress: Callable[[str], None],
) -> list[Profile]:
    py_spy = find_py_spy()
    if py_spy is None:
        notes.append("no profiles: py-spy is not installed")
        return []
    profiles: list[Profile] = []
    for target in targets:
        for workload in workloads:
            if target.system == "causeway" and (options.profile or workload.name in PROFILED):
                progress(f"profile: {workload.title}, {target.dialect}")
                try:
                    profiles.append(profile_under_load(py_spy, target, workload, plan))
                except RuntimeError as error:
                    notes.append(f"no profiles: {error}")
                    return profiles
    return profiles


async def _versions(admin_url: str, targets: Sequence[Target]) -> dict[str, str]:
    connection = await asyncpg.connect(admin_url)
    try:
        postgres = await connection.fetchval("SHOW server_version")
    finally:
        await connection.close()
    return {"postgresql": postgres.split()[0], **{one.system: one.version for one in targets if one.version}}


if __name__ == "__main__":
    sys.exit(main())
