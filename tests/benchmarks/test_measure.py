"""The figures of the benchmark: percentiles, sums of windows, CPU times."""

from __future__ import annotations

import math
import os
import random
import subprocess
import sys
import time

import pytest

from benchmarks.load import Sample
from benchmarks.measure import Histogram, cpu_seconds, process_tree, rounded
from benchmarks.rounds import cell
from benchmarks.servers import Target


@pytest.mark.parametrize("part", [0.5, 0.9, 0.99, 1.0])
def test_percentile_is_the_least_latency_that_the_part_kept(part: float) -> None:
    rng = random.Random(5)
    latencies = [rng.randrange(100_000, 90_000_000) for _ in range(1237)]
    exact = sorted(latencies)[math.ceil(part * len(latencies)) - 1] / 1e6
    assert Histogram.of(latencies).percentile(part) == pytest.approx(exact, rel=0.006)


def test_percentile_of_few() -> None:
    histogram = Histogram.of([3_000_000, 1_000_000, 2_000_000, 4_000_000])
    assert [histogram.percentile(part) for part in (0.25, 0.5, 0.51, 0.99)] == [1.0, 2.0, 3.0, 4.0]
    assert math.isnan(Histogram(counts={}).percentile(0.5))


def test_windows_add_up() -> None:
    both = Histogram.of([1_000_000, 2_000_000]) + Histogram.of([2_000_000, 9_000_000])
    assert (both.total, dict(both.counts)) == (4, {1_000_000: 1, 2_000_000: 2, 9_000_000: 1})


def test_three_digits() -> None:
    assert [rounded(value) for value in (0, 7, 999, 1_004, 1_005, 1_234_567)] == [
        0, 7, 999, 1_000, 1_010, 1_230_000,
    ]  # fmt: skip


def test_cpu_of_another_process_and_its_children() -> None:
    program = "while True: pass"
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {program!r}])"
    with subprocess.Popen([sys.executable, "-c", script]) as parent:
        try:
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline and cpu_seconds(process_tree(parent.pid)[1:]) < 0.2:
                time.sleep(0.05)
            tree = process_tree(parent.pid)
            assert (tree[0], len(tree)) == (parent.pid, 2)
            assert 0.2 <= cpu_seconds(tree) < 20
        finally:
            for pid in reversed(process_tree(parent.pid)):
                os.kill(pid, 9)
    assert cpu_seconds([parent.pid]) == 0


def _sample(answers: int, **errors: int) -> Sample:
    return Sample(
        seconds=2.0,
        answers=answers,
        errors=errors,
        size=100.0,
        latency=Histogram.of([1_000_000] * answers),
        cpu={"server": 0.5, "database": 0.1, "client": 0.2},
    )


TARGET = Target(system="causeway", dialect="postgresql", port=1, pid=1, store="articles", version="")


def test_a_cell_is_the_median_of_its_windows() -> None:
    made = cell("list", "admin", 32, TARGET, [_sample(1000), _sample(100), _sample(400)])
    assert (made.requests_per_second, made.rounds, made.answers) == (200, (500, 50, 200), 1500)
    assert (made.server_cpu, made.database_cpu) == pytest.approx((1000, 200))


def test_a_cell_with_errors_is_no_figure() -> None:
    made = cell("list", "admin", 32, TARGET, [_sample(1000), _sample(10, **{"503": 2})])
    assert (made.requests_per_second, made.errors) == (None, {"503": 2})


def test_a_sample_survives_json() -> None:
    sample = _sample(3, **{"500": 1})
    assert Sample.from_json(sample.to_json()) == sample
