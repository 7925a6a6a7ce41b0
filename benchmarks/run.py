"""`make bench`: Causeway beside Directus, PostGraphile and the floor, on the same rows, in one run.

    python -m benchmarks.run --seconds 3 --connections 1,32 --only list,nested_graphql --no-peers
    python -m benchmarks.run --only files --onto 2026-11-21T224341+0000

Prints tables, writes benchmarks/results/<time>.json, docs/benchmarks.md and docs/benchmarks.svg. Exit
codes: 0; 1 where answers differed or requests failed, so that some figures are missing. Missed aims are told,
not punished.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import asyncpg

from benchmarks.answers import difference, fetch
from benchmarks.content import Content, content
from benchmarks.files_run import file_figures
from benchmarks.places import CACHE, Postgres, open_postgres, start
from benchmarks.profiling import find_py_spy
from benchmarks.profiling_run import profile_under_load
from benchmarks.report import chart, markdown, terminal
from benchmarks.results import Figures, Profile, RunResult, machine
from benchmarks.rounds import Cell, Plan, measure
from benchmarks.scale import scale_figures
from benchmarks.servers import Target
from benchmarks.stores import open_stores, unlike
from benchmarks.workloads import ACTORS, Actor, Workload
from benchmarks.writes import EVERY, GROUPS, chosen
from tests.support.server import ROOT

RESULTS: Final = ROOT / "benchmarks" / "results"
#: requests of each workload whose answers are compared
COMPARED: Final = 3
#: profiled in every run; all others with --profile
PROFILED: Final = ("by_key", "nested_graphql", "create")


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
    if options.onto is not None:
        earlier = RESULTS / f"{options.onto}.json"
        result = result.onto(RunResult.from_json(earlier.read_text()))
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
    made.add_argument("--only", default="", help=f"workloads, of {', '.join([*EVERY, *GROUPS])}")
    made.add_argument("--actors", default=",".join(ACTORS), help="admin, reader or both (default)")
    made.add_argument("--databases", default="postgresql,sqlite", help="one of both (default: both)")
    made.add_argument("--articles", type=int, default=10_000, help="size of the data (default: 10000)")
    made.add_argument("--no-peers", dest="peers", action="store_false", help="ours and the floor only")
    made.add_argument("--fresh", action="store_true", help="make all databases anew")
    made.add_argument("--profile", action="store_true", help="a profile of every workload")
    made.add_argument("--scale", action="store_true", help="also 500 tables x 20 columns")
    made.add_argument("--report", type=Path, metavar="JSON", help="the page of an earlier run, nothing else")
    made.add_argument("--onto", metavar="RUN", help="the page keeps the rest of benchmarks/results/RUN.json")
    made.add_argument("--no-write", dest="write", action="store_false", help="leave docs/benchmarks.* alone")
    return made


def say(text: str) -> None:
    print(f"==> {text}", flush=True)


def run(options: argparse.Namespace, progress: Callable[[str], None]) -> RunResult:
    workloads = chosen(options.only)
    files = [one for one in workloads if one.door == "files"]
    writes = [one for one in workloads if one.writes]
    reads = [one for one in workloads if one not in files and one not in writes]
    rows = content(options.articles)
    notes: list[str] = []
    CACHE.mkdir(parents=True, exist_ok=True)
    with open_postgres(options, notes) as postgres:
        plan = Plan(
            seconds=options.seconds,
            rounds=options.rounds,
            peer_seconds=options.peer_seconds,
            keys=rows.published(),
            admin_url=postgres.admin_url,
        )
        figures = _reads(options, reads, postgres, plan, rows, notes, progress) if reads else Figures()
        scale = scale_figures(postgres.admin_url, CACHE, progress) if options.scale else {}
        if writes:
            # last, and on copies: what they leave behind slows nobody else
            figures += _writes(options, writes, postgres, plan, rows, notes, progress)
        if files:
            figures += file_figures(options, files, postgres, plan, rows, notes, progress)
        version = asyncio.run(_version(postgres.admin_url))
    return RunResult(
        at=datetime.now(UTC).replace(microsecond=0).isoformat(),
        machine=machine(),
        settings={
            "seconds": options.seconds,
            "rounds": options.rounds,
            "seconds of Directus": options.peer_seconds,
            "articles": options.articles,
        },
        versions={"postgresql": version, **figures.versions},
        cells=figures.cells,
        mismatches=figures.mismatches,
        notes=tuple(notes),
        profiles=figures.profiles,
        scale=scale,
        receiving=figures.receiving,
    )


def _reads(
    options: argparse.Namespace,
    workloads: Sequence[Workload],
    postgres: Postgres,
    plan: Plan,
    rows: Content,
    notes: list[str],
    progress: Callable[[str], None],
) -> Figures:
    actors = [actor for actor in ACTORS if actor in options.actors.split(",")]
    with ExitStack() as stack:
        targets = start(stack, options, postgres, rows, notes, progress)
        mismatches = [
            text for one in workloads for actor in actors for text in compared(one, actor, targets, plan)
        ]
        for text in mismatches:
            progress(f"answers differ: {text}")
        return Figures(
            cells=tuple(_measured(options, workloads, actors, targets, plan, progress)),
            mismatches=tuple(mismatches),
            profiles=tuple(_profiles(options, workloads, targets, plan, notes, progress)),
            versions={one.system: one.version for one in targets if one.version},
        )


def _writes(
    options: argparse.Namespace,
    workloads: Sequence[Workload],
    postgres: Postgres,
    plan: Plan,
    rows: Content,
    notes: list[str],
    progress: Callable[[str], None],
) -> Figures:
    with ExitStack() as stack:
        stores = open_stores(stack, options, postgres, rows, notes, progress)
        targets = [one.target for one in stores]
        mismatches = [text for one in workloads for text in unlike(one, stores, plan)]
        for text in mismatches:
            progress(f"rows differ: {text}")
        return Figures(
            cells=tuple(_measured(options, workloads, ["admin"], targets, plan, progress)),
            mismatches=tuple(mismatches),
            profiles=tuple(_profiles(options, workloads, targets, plan, notes, progress)),
            versions={one.system: one.version for one in targets if one.version},
        )


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
        for workload in [one for one in workloads if not one.connections]:
            cells += _cells(workload, actors, connections, targets, plan, progress)
    for workload in workloads:
        for connections in workload.connections:
            cells += _cells(workload, actors, connections, targets, plan, progress)
    return cells


def _cells(
    workload: Workload,
    actors: Sequence[Actor],
    connections: int,
    targets: Sequence[Target],
    plan: Plan,
    progress: Callable[[str], None],
) -> list[Cell]:
    cells: list[Cell] = []
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


async def _version(admin_url: str) -> str:
    connection = await asyncpg.connect(admin_url)
    try:
        postgres = await connection.fetchval("SHOW server_version")
    finally:
        await connection.close()
    return str(postgres.split()[0])


if __name__ == "__main__":
    sys.exit(main())
