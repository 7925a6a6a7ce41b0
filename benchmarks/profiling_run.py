"""A profile of our server while it is driven as it was for the figures."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

from benchmarks.load import Spec
from benchmarks.profiling import record, summed
from benchmarks.results import Profile
from benchmarks.rounds import Plan, requests_of
from benchmarks.servers import Target
from benchmarks.workloads import Actor, Workload
from tests.support.server import ROOT

CONNECTIONS: Final = 32
SECONDS: Final = 4.0


def profile_under_load(
    py_spy: str, target: Target, workload: Workload, plan: Plan, actor: Actor = "admin"
) -> Profile:
    """Raises RuntimeError where py-spy cannot look at the process."""
    connections = max(workload.connections or (CONNECTIONS,))
    spec = Spec(
        port=target.port,
        requests=requests_of(plan, workload, actor, target),
        connections=connections,
        seconds=SECONDS + 1.5,
        first=next(plan.serials),
    )
    driver = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.load"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert driver.stdin is not None
    driver.stdin.write(spec.to_json())
    driver.stdin.close()
    try:
        seen = record(py_spy, target.pid, SECONDS)
    finally:
        driver.wait(60)
    return summed(seen, workload=workload.name, database=target.dialect, connections=connections)
