"""A run in words: the table on the terminal, docs/benchmarks.md, and the groups of the chart.

terminal(result) -> str       markdown(result) -> str       chart(result) -> str
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.aims import (
    CONNECTIONS,
    RECEIVING_MEMORY,
    RECEIVING_SLOWER,
    SHAPE_COST,
    Finding,
    find,
    findings,
    ratio,
    shape_costs,
)
from benchmarks.chart import Bar, Group, draw, figure
from benchmarks.files import FILES
from benchmarks.memory import ASKED, MEANWHILE, SLOWLY, slower
from benchmarks.results import Profile, RunResult, Spot
from benchmarks.rounds import Cell
from benchmarks.workloads import ACTORS
from benchmarks.writes import EVERY

_HEAD = (
    "system",
    "req/s",
    "p50 ms",
    "p99 ms",
    "CPU us",
    "DB us",
    "bytes",
    "floor",
    "Directus",
    "PostGraphile",
)
_NAMES = {"directus": "Directus", "postgraphile": "PostGraphile", "floor": "the floor"}


def terminal(result: RunResult) -> str:
    lines = [_setting(result), ""]
    for (workload, actor, connections), cells in _tables(result):
        lines.append(f"{_title(workload)}, {actor}, {_connections(connections)}")
        lines += _aligned([_HEAD, *(_row(result, one) for one in cells)])
        lines.append("")
    lines += _aim_lines(result)
    lines += [f"  {name}: {value:.2f}" for name, value in result.receiving.items()]
    for label, words in (("differs", result.mismatches), ("note", result.notes)):
        lines += [f"{label}: {text}" for text in words]
    return "\n".join(lines)


def markdown(result: RunResult) -> str:
    parts = [
        "# Benchmarks",
        "",
        "Written by `make bench`; figures of different machines cannot be compared, ratios of one run can.",
        "",
        "    make bench                                        # everything, a quarter of an hour",
        "    make bench BENCH_ARGS='--no-peers --seconds 1'    # ours and the floor, some minutes",
        "    make bench BENCH_ARGS='--only list,nested_graphql --actors admin --profile --scale'",
        "    make bench BENCH_ARGS='--only writes'             # beside Directus, on both databases",
        "    make bench BENCH_ARGS='--only files'              # uploads, assets and images, some minutes",
        "    make bench BENCH_ARGS='--only files --onto RUN'   # in the page of benchmarks/results/RUN.json",
        "    .venv/bin/python -m benchmarks.shape_cost         # CPU of a known shape above the floor",
        "    .venv/bin/python -m benchmarks.scale              # 500 tables x 20 columns",
        "    .venv/bin/python -m benchmarks.memory             # what receiving 1 GB costs",
        "",
        "Directus and PostGraphile come from the scripts in `../shared/reference` beside the clone. Where "
        "they are missing, the run says so and goes on without. CPU times come from `/proc`: Linux only.",
        "",
        f"- {_setting(result)}",
        *[f"- {name}: {version}" for name, version in sorted(result.versions.items())],
        "- The floor is a bare ASGI application that runs one statement written by hand and splices the JSON "
        "that the database has built. It reads no token, no query and no permission.",
        "- All systems have the same rows in the same order. Answers were compared before timing. CPU is in "
        "microseconds per request, of the server process and of its PostgreSQL backends (`DB`); the load "
        "generator shares the cores.",
        "- Writes go to copies of the databases, with activity and revisions, after all reads; one request "
        "of each was checked for the rows that it has to leave. Directus and ours keep the settings that "
        "they come with. There is no floor of writes. A thousand items in one request are sent by one "
        f"connection at a time; all other aims are about {CONNECTIONS} connections.",
        "- The admin may do everything; the reader sees published articles and some fields, by a policy.",
        "",
        "![Requests per second](benchmarks.svg)",
        "",
        "## Aims",
        "",
        *_aim_table(result),
    ]
    parts += _shape_section(result)
    for connections in _connection_counts(result):
        for actor in ACTORS:
            parts += _cells_section(result, actor, connections)
    parts += _files_section(result)
    parts += _receiving_section(result)
    parts += _scale_section(result)
    parts += [line for profile in result.profiles for line in _profile_section(profile)]
    if result.mismatches or result.notes:
        parts += ["", "## Notes", "", *[f"- {text}" for text in (*result.mismatches, *result.notes)]]
    return "\n".join(parts) + "\n"


def chart(result: RunResult) -> str:
    """PostgreSQL, admin, at the number of connections that the aims are about."""
    groups: list[Group] = []
    for name, workload in EVERY.items():
        bars = [
            Bar(system=system, value=one.requests_per_second)
            for system in ("causeway", "floor", "directus", "postgraphile")
            if (one := find(result.cells, name, "admin", CONNECTIONS, system, "postgresql")) is not None
        ]
        if bars:
            groups.append(Group(title=workload.title.split(", 20 ")[0], bars=tuple(bars)))
    cores = result.machine.get("cores", "?")
    return draw(
        groups,
        title=f"Requests per second at {CONNECTIONS} connections",
        subtitle=f"PostgreSQL, one server process, {cores} cores shared with database and load generator",
    )


# --- parts --------------------------------------------------------------------------------------------------


def _setting(result: RunResult) -> str:
    machine = ", ".join(result.machine.values())
    settings = ", ".join(f"{name} {value}" for name, value in result.settings.items())
    return f"{result.at}; {machine}; {settings}"


def _tables(result: RunResult) -> Iterable[tuple[tuple[str, str, int], list[Cell]]]:
    places = dict.fromkeys((one.workload, one.actor, one.connections) for one in result.cells)
    for place in places:
        yield place, [one for one in result.cells if (one.workload, one.actor, one.connections) == place]


def _row(result: RunResult, one: Cell) -> tuple[str, ...]:
    against = [find(result.cells, one.workload, one.actor, one.connections, "floor", one.database)]
    against += [
        find(result.cells, one.workload, one.actor, one.connections, system, one.database)
        for system in ("directus", "postgraphile")
    ]
    ours = one.system == "causeway"
    return (
        one.system if one.database == "postgresql" else f"{one.system} (SQLite)",
        figure(one.requests_per_second) if one.requests_per_second is not None else _errors(one),
        f"{one.p50:.2f}",
        f"{one.p99:.2f}",
        f"{one.server_cpu:.0f}",
        "" if one.database_cpu is None else f"{one.database_cpu:.0f}",
        f"{one.size:.0f}",
        *[_times(ratio(one, other)) if ours and other is not None else "" for other in against],
    )


def _errors(one: Cell) -> str:
    said = ", ".join(f"{number} x {status}" for status, number in one.errors.items())
    return f"no figure ({said or 'no answers'})"


def _times(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def _aim_lines(result: RunResult) -> list[str]:
    rows = [
        ("aim", "wanted", "reached", ""),
        *(_aim_row(one) for one in findings(result.cells)),
    ]
    costs = [
        (f"shape cost: {_title(one.workload)}, {one.actor}, {one.database}", f"{SHAPE_COST:.0f} us",
         f"{cost:.0f} us", _verdict(met=cost <= SHAPE_COST, short=cost / SHAPE_COST - 1))
        for one, cost in shape_costs(result.cells)
    ]  # fmt: skip
    return _aligned([*rows, *costs]) if len(rows) > 1 or costs else []


def _aim_row(found: Finding) -> tuple[str, str, str, str]:
    place = f"{_title(found.workload)}, {found.actor}, {found.aim.database}"
    return (
        f"{place} / {_NAMES[found.aim.against]}",
        _times(found.aim.ratio),
        _times(found.reached),
        _verdict(met=found.met, short=found.short),
    )


def _verdict(*, met: bool, short: float | None) -> str:
    if met:
        return "met"
    return "missed" if short is None else f"missed by {short:.0%}"


def _aim_table(result: RunResult) -> list[str]:
    rows = [_aim_row(one) for one in findings(result.cells)]
    if not rows:
        return ["Nothing was measured that an aim is about."]
    met = sum(1 for row in rows if row[3] == "met")
    return [f"{met} of {len(rows)} aims met.", "", *_table(("aim", "wanted", "reached", ""), rows)]


def _shape_section(result: RunResult) -> list[str]:
    costs = shape_costs(result.cells)
    if not costs:
        return []
    rows = [
        (_title(one.workload), one.actor, one.database, f"{cost:.0f}",
         _verdict(met=cost <= SHAPE_COST, short=cost / SHAPE_COST - 1))
        for one, cost in costs
    ]  # fmt: skip
    return [
        "",
        "## Cost of a known shape",
        "",
        f"CPU of our server above that of the floor, microseconds per request at one connection; aim: at "
        f"most {SHAPE_COST:.0f}. Time that the database driver takes for the answer is in both. Where a "
        "statement takes milliseconds, few requests share what the server does once a second, and its code "
        "is no longer in the caches: the figure says little.",
        "",
        *_table(("workload", "actor", "database", "us", ""), rows),
    ]


def _cells_section(result: RunResult, actor: str, connections: int) -> list[str]:
    cells = [one for one in _items(result) if one.actor == actor and one.connections == connections]
    if not cells:
        return []
    rows = [(_title(one.workload), *_row(result, one)) for one in cells]
    head = ("workload", *_HEAD)
    return ["", f"## {_connections(connections)}, {actor}", "", *_table(head, rows)]


_FILES_HEAD = (
    "workload",
    "connections",
    "system",
    "req/s",
    "MB/s",
    "p50 ms",
    "p99 ms",
    "CPU ms",
    "kB",
    "MiB more",
    "floor",
    "Directus",
)


def _files_section(result: RunResult) -> list[str]:
    cells = [one for one in result.cells if one.workload in FILES]
    if not cells:
        return []
    return [
        "",
        "## Files",
        "",
        "The floor is a bare Starlette application with `FileResponse`. `kB` and `MB/s` are of what was "
        "uploaded, or of the answer; `MiB more`: the most that the server and its children had in memory "
        "above what they had before. Ours answers an upload when its bytes and its row are on the disk; "
        "Directus leaves the bytes to the system. Cold: each image is asked for once, with its quality of 80 "
        "as WebP; cached: the same image again and again. Answers were compared before: stored bytes are "
        "the same, images have the size and type that was asked for.",
        "",
        *_table(_FILES_HEAD, [_file_row(result, one) for one in cells]),
    ]


def _file_row(result: RunResult, one: Cell) -> tuple[str, ...]:
    rate = one.requests_per_second
    _, _, p50, p99, cpu, *_ = _row(result, one)
    floor, directus, _ = _row(result, one)[-3:]
    return (
        _title(one.workload),
        str(one.connections),
        one.system,
        figure(rate) if rate is not None else _errors(one),
        "-" if rate is None else f"{rate * one.size / 1e6:.0f}",
        p50,
        p99,
        f"{float(cpu) / 1000:.2f}",
        f"{one.size / 1000:.0f}",
        "-" if one.memory is None else f"{one.memory:.0f}",
        floor,
        directus,
    )


def _receiving_section(result: RunResult) -> list[str]:
    found = result.receiving
    if not found:
        return []
    more = found["memory above idle"]
    rows = [(name, f"{value:.1f}", "") for name, value in found.items() if name != "memory above idle"]
    rows.append(
        ("memory above idle, aim: at most 64", f"{more:.1f}",
         _verdict(met=more <= RECEIVING_MEMORY, short=more / RECEIVING_MEMORY - 1))
    )  # fmt: skip
    for name in ASKED:
        for when in (MEANWHILE, SLOWLY):
            times = slower(found, name, when)
            rows.append(
                (f"p99 of {name}, {when} / idle, aim: at most 2", f"{times:.2f}",
                 _verdict(met=times <= RECEIVING_SLOWER, short=times / RECEIVING_SLOWER - 1))
            )  # fmt: skip
    return [
        "",
        "## While a file of 1 GB is received",
        "",
        "One client sends it, as fast as the server takes it and as fast as a network of 1 Gbit would; "
        "another asks in turn for `/server/ping` and for one item. Both share the cores with the server, so "
        "that the first is a contest for them as well. Milliseconds and MiB.",
        "",
        *_table(("", "", ""), rows),
    ]


def _scale_section(result: RunResult) -> list[str]:
    if not result.scale:
        return []
    names = list(dict.fromkeys(name for figures in result.scale.values() for name in figures))
    rows = [(name, *[f"{figures.get(name, 0):.1f}" for figures in result.scale.values()]) for name in names]
    return ["", "## 500 tables x 20 columns", "", *_table(("", *result.scale), rows)]


def _profile_section(profile: Profile) -> list[str]:
    def rows(spots: Sequence[Spot]) -> list[tuple[str, str]]:
        return [(f"`{spot.name}`", f"{spot.part:.1%}") for spot in spots]

    title = f"{_title(profile.workload)}, {profile.database}, {_connections(profile.connections)}"
    return [
        "",
        f"## Where time goes: {title}",
        "",
        f"{profile.samples} samples of our server. Own time by package, own time by function, and time with "
        "callees of our own functions.",
        "",
        *_table(("package", "own"), rows(profile.packages)),
        "",
        *_table(("function", "own"), rows(profile.functions)),
        "",
        *_table(("our function", "with callees"), rows(profile.stages)),
    ]


def _connection_counts(result: RunResult) -> list[int]:
    return sorted({one.connections for one in _items(result)}, reverse=True)


def _items(result: RunResult) -> list[Cell]:
    """Everything but files."""
    return [one for one in result.cells if one.workload not in FILES]


def _connections(number: int) -> str:
    return "1 connection" if number == 1 else f"{number} connections"


def _title(workload: str) -> str:
    return EVERY[workload].title if workload in EVERY else workload


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [
        f"| {' | '.join(head)} |",
        f"| {' | '.join('---' for _ in head)} |",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  " + "  ".join(
            text.ljust(width) if column == 0 else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]  # fmt: skip
