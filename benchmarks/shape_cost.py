"""What a second request of a known shape costs in Python, on top of the floor.

    python -m benchmarks.shape_cost [--only by_key,list] [--windows 12] [--databases postgresql]

CPU per request of our server minus that of the floor, in microseconds, at one connection. Short windows
of both alternate; the median of their pairs is the figure, since what else the machine does comes and goes.
Needs neither peers nor a PostgreSQL that runs already.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from statistics import median
from typing import Final

from benchmarks.aims import SHAPE_COST
from benchmarks.answers import token_of
from benchmarks.content import content
from benchmarks.places import CACHE, open_postgres, start
from benchmarks.rounds import Plan, processes_of, window
from benchmarks.run import parser, say
from benchmarks.servers import Target
from benchmarks.workloads import ACTORS, WORKLOADS, Actor, Workload

SECONDS: Final = 0.4


def costs(
    ours: Target, floor: Target, workload: Workload, actor: Actor, plan: Plan
) -> list[tuple[float, float]]:
    """(CPU of ours, CPU of the floor) in us per request, one pair per window."""
    pairs: list[tuple[float, float]] = []
    for number in range(plan.rounds + 1):
        measured: list[float] = []
        for target in (ours, floor):
            token = token_of(target.system, actor)
            requests = workload.requests(target.system, actor, plan.keys)
            sample = window(
                target,
                [request.on_the_wire(target.port, token) for request in requests],
                connections=1,
                seconds=SECONDS,
                settle=0.1,
                processes=processes_of(target, plan.admin_url),
            )
            if sample.errors:
                raise RuntimeError(f"{workload.name}, {target.label}: {sample.errors}")
            measured.append(sample.cpu["server"] / sample.answers * 1e6)
        if number:  # the first window makes the plan and prepares the statement
            pairs.append((measured[0], measured[1]))
    return pairs


def main() -> int:
    made = argparse.ArgumentParser(description="Cost of a known shape on top of the floor.")
    made.add_argument("--only", default="", help=f"workloads, of {', '.join(WORKLOADS)}")
    made.add_argument("--windows", type=int, default=12, help=f"of {SECONDS:g} s each (default: 12)")
    made.add_argument("--databases", default="postgresql", help="sqlite: the statements count, too")
    given = made.parse_args()
    options = parser().parse_args(["--no-peers", "--databases", given.databases])
    workloads = [WORKLOADS[name] for name in given.only.split(",") if name] or list(WORKLOADS.values())
    rows = content(options.articles)
    missed = 0
    CACHE.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        postgres = stack.enter_context(open_postgres(options, []))
        targets = start(stack, options, postgres, rows, [], say)
        plan = Plan(
            seconds=SECONDS,
            rounds=given.windows,
            peer_seconds=0,
            keys=rows.published(),
            admin_url=postgres.admin_url,
        )
        print(f"{'':56}{'ours':>8}{'floor':>8}{'cost':>8}   us, median of {given.windows} windows")
        for ours in (one for one in targets if one.system == "causeway"):
            floor = next(one for one in targets if (one.system, one.dialect) == ("floor", ours.dialect))
            for workload in workloads:
                for actor in ACTORS:
                    pairs = costs(ours, floor, workload, actor, plan)
                    cost = median(one - other for one, other in pairs)
                    missed += cost > SHAPE_COST
                    name = f"{workload.title}, {actor}, {ours.dialect}"
                    means = [median(pair[side] for pair in pairs) for side in (0, 1)]
                    verdict = "met" if cost <= SHAPE_COST else f"missed by {cost / SHAPE_COST - 1:.0%}"
                    print(f"{name:56.56}{means[0]:8.0f}{means[1]:8.0f}{cost:8.0f}   {verdict}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
