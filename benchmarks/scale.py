"""A database of 500 tables x 20 columns on both databases: start, first requests, memory, who waits, what a
change costs.

    python -m benchmarks.scale [--tables 500]

Milliseconds and MiB. `ping while building` is the longest that `/server/ping` took while the GraphQL schema
was built for its first request: what building it costs everybody else. The tables have metadata: a row for
each column. `reading again` is what a process does after a change: of everything, nothing or one table.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import sqlite3
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import asyncpg

from benchmarks.databases import bootstrap
from benchmarks.measure import resident_bytes
from benchmarks.servers import Target, causeway_server
from benchmarks.tables import ADMIN_TOKEN, Dialect
from resolvers.bundle import BundleHolder
from schema_gen.database import open_database
from schema_gen.epoch import open_epochs
from schema_gen.reading import SnapshotLoader
from tests.support.server import ROOT
from tests.support.session import TestRun

TABLES: Final = 500
DATABASE: Final = "causeway_bench_scale"
PING_INTERVAL: Final = 0.002
#: readings that a figure is the median of
REPEATED: Final = 5
_TYPES: Final[Mapping[Dialect, tuple[str, ...]]] = {
    "postgresql": (
        "varchar(255)",
        "text",
        "integer",
        "real",
        "boolean",
        "timestamptz",
        "json",
        "uuid",
        "date",
    ),
    "sqlite": ("varchar(255)", "text", "integer", "float", "boolean", "datetime", "json", "char(36)", "date"),
}


def ddl(dialect: Dialect, tables: int) -> Iterator[str]:
    """20 columns each: a key, 18 of all kinds, and a foreign key to the table before (the first: itself)."""
    key = "id serial PRIMARY KEY" if dialect == "postgresql" else "id integer PRIMARY KEY AUTOINCREMENT"
    types = _TYPES[dialect]
    for number in range(tables):
        columns = [f"field_{i:02d} {types[i % len(types)]}" for i in range(18)]
        parent = f"parent integer REFERENCES things_{max(number - 1, 0):03d} (id)"
        yield f"CREATE TABLE things_{number:03d} ({', '.join([key, *columns, parent])})"
        yield f"INSERT INTO things_{number:03d} (field_00, field_02) VALUES ('one', 1), ('two', 2)"


def metadata(tables: int) -> Iterator[str]:
    """Rows as they stand for tables that were made through the API."""
    for number in range(tables):
        name = f"things_{number:03d}"
        yield f"INSERT INTO directus_collections (collection, note) VALUES ('{name}', 'a note')"
        fields = ["id", *(f"field_{i:02d}" for i in range(18)), "parent"]
        rows = ", ".join(f"('{name}', '{field}', 'input', '{{\"trim\": true}}', 'full')" for field in fields)
        yield f"INSERT INTO directus_fields (collection, field, interface, options, width) VALUES {rows}"
        yield (
            "INSERT INTO directus_relations (many_collection, many_field, one_collection)"
            f" VALUES ('{name}', 'parent', 'things_{max(number - 1, 0):03d}')"
        )


def scale_figures(
    admin_url: str, directory: Path, progress: Callable[[str], None], tables: int = TABLES
) -> dict[str, dict[str, float]]:
    """Database -> name of a figure -> its value."""
    figures: dict[str, dict[str, float]] = {}
    dialects: tuple[Dialect, ...] = ("postgresql", "sqlite")
    for dialect in dialects:
        progress(f"{tables} tables on {dialect}")
        with _database(dialect, admin_url, directory, tables) as url:
            figures[dialect] = _figures(dialect, url, directory)
    return figures


@contextmanager
def _database(dialect: Dialect, admin_url: str, directory: Path, tables: int) -> Iterator[str]:
    if dialect == "sqlite":
        path = directory / "scale.sqlite"
        for old in directory.glob("scale.sqlite*"):
            old.unlink()
        url = f"sqlite:///{path}"
        bootstrap(url, directory)
        with closing(sqlite3.connect(path)) as connection, connection:
            for statement in (*ddl(dialect, tables), *metadata(tables)):
                connection.execute(statement)
        yield url
        return
    asyncio.run(_execute(admin_url, [f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)"]))
    asyncio.run(_execute(admin_url, [f"CREATE DATABASE {DATABASE} TEMPLATE template0"]))
    url = admin_url.rpartition("/")[0] + f"/{DATABASE}"
    bootstrap(url, directory)
    asyncio.run(_execute(url, [*ddl(dialect, tables), *metadata(tables)]))
    try:
        yield url
    finally:
        asyncio.run(_execute(admin_url, [f"DROP DATABASE {DATABASE} WITH (FORCE)"]))


async def _execute(url: str, commands: list[str]) -> None:
    connection = await asyncpg.connect(url)
    try:
        for command in commands:
            await connection.execute(command)
    finally:
        await connection.close()


def _figures(dialect: Dialect, url: str, directory: Path) -> dict[str, float]:
    figures = _reading_ms(url)
    started = time.perf_counter()
    with causeway_server(dialect, url, directory, "") as target:
        figures["start until it listens, ms"] = _ms(started)
        figures["memory after the start, MiB"] = _mib(target)
        rest = ("GET", "/items/things_100?fields=id,field_00&limit=1", None)
        figures["first REST request, ms"] = _timed(target, *rest)
        figures["second REST request, ms"] = _timed(target, *rest)
        query = json.dumps({"query": "{ things_100(limit: 1) { id field_00 parent { id } } }"}).encode()
        asked = ("POST", "/graphql", query)
        with pinged(target) as waits:
            figures["first GraphQL request, ms"] = _timed(target, *asked)
        figures["longest ping meanwhile, ms"] = max(waits, default=0.0)
        figures["pings meanwhile"] = float(len(waits))
        figures["second GraphQL request, ms"] = _timed(target, *asked)
        names = json.dumps({"query": "{ __schema { types { name fields { name } } } }"}).encode()
        with pinged(target) as waits:
            figures["first introspection, ms"] = _timed(target, "POST", "/graphql", names)
        figures["longest ping during introspection, ms"] = max(waits, default=0.0)
        figures["memory after all, MiB"] = _mib(target)
        for number, (name, request) in enumerate(
            {
                "REST": rest,
                "REST, the changed table": ("GET", "/items/things_200?limit=1", None),
                "GraphQL": asked,
            }.items()
        ):
            asyncio.run(_change(url, f"ALTER TABLE things_200 ADD COLUMN more_{number} varchar(9)"))
            figures[f"after a change, first {name}, ms"] = _timed(target, *request)
        figures["memory after changes, MiB"] = _mib(target)
    return figures


async def _change(url: str, statement: str) -> None:
    """As another worker would: every process hears of it."""
    database = await open_database(url)
    epochs = await open_epochs(database)
    try:
        async with database.transaction() as transaction:
            await transaction.execute(statement)
        await epochs.bump_schema()
    finally:
        await epochs.close()
        await database.close()


@contextmanager
def pinged(target: Target) -> Iterator[list[float]]:
    """Asks for /server/ping all the time, on a connection of its own; gives how long each took in ms."""
    waits: list[float] = []
    done = threading.Event()

    def ping() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=120)
        while not done.is_set():
            began = time.perf_counter()
            connection.request("GET", "/server/ping")
            connection.getresponse().read()
            waits.append(_ms(began))
            done.wait(PING_INTERVAL)
        connection.close()

    thread = threading.Thread(target=ping)
    thread.start()
    try:
        yield waits
    finally:
        done.set()
        thread.join()


def _timed(target: Target, method: str, path: str, body: bytes | None) -> float:
    """Raises RuntimeError where the answer is none."""
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=120)
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}", "Content-Type": "application/json"}
    began = time.perf_counter()
    connection.request(method, path, body, headers)
    reply = connection.getresponse()
    said = reply.read()
    elapsed = _ms(began)
    connection.close()
    if reply.status != 200 or b'"errors"' in said[:20]:
        raise RuntimeError(f"{method} {path}: {reply.status} {said[:300]!r}")
    return elapsed


def _ms(since: float) -> float:
    return (time.perf_counter() - since) * 1000


def _mib(target: Target) -> float:
    return resident_bytes(target.pid) / 2**20


def _reading_ms(url: str) -> dict[str, float]:
    """In a process of its own, imports not counted."""
    command = [sys.executable, "-m", "benchmarks.scale", "--reading", url]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


async def _read(url: str) -> dict[str, float]:
    """Snapshot and bundle: what has to be there before a request can be answered."""
    database = await open_database(url)
    loader = SnapshotLoader(database)
    figures: dict[str, float] = {}
    try:
        began, worked = time.perf_counter(), time.process_time()
        holder = await BundleHolder.open(loader.load)
        figures["reading the schema, ms"] = _ms(began)
        figures["reading the schema, CPU ms"] = (time.process_time() - worked) * 1000
        for name, statement in (
            ("nothing has changed", None),
            ("one table has", "ALTER TABLE things_300 ADD COLUMN more varchar(9)"),
        ):
            times: list[float] = []
            work: list[float] = []
            for number in range(REPEATED):
                if statement is not None:
                    async with database.transaction() as transaction:
                        await transaction.execute(statement.replace("more", f"more_{number}"))
                began, worked = time.perf_counter(), time.process_time()
                await holder.reload()
                times.append(_ms(began))
                work.append((time.process_time() - worked) * 1000)
            figures[f"reading again, {name}, ms"] = statistics.median(times)
            figures[f"reading again, {name}, CPU ms"] = statistics.median(work)
    finally:
        await database.close()
    return figures


def main() -> None:
    made = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    made.add_argument("--tables", type=int, default=TABLES)
    made.add_argument("--reading", metavar="URL", help="only print the milliseconds of readings, as JSON")
    options = made.parse_args()
    if options.reading:
        print(json.dumps(asyncio.run(_read(options.reading))))
        return
    directory = ROOT / ".cache" / "bench"
    directory.mkdir(parents=True, exist_ok=True)
    test_run = TestRun.begin()
    try:
        figures = scale_figures(test_run.cluster().url("postgres"), directory, print, options.tables)
    finally:
        test_run.end()
    for name in figures["sqlite"]:
        print(f"{name:42}" + "".join(f"{one[name]:12.1f}" for one in figures.values()))


if __name__ == "__main__":
    main()
