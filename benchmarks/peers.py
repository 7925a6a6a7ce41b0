"""The servers to compare with, found beside the clone: Directus and PostGraphile from npm.

Their scripts install what is missing (about five minutes the first time), make a database and start the
server. The rows are copied into it from the same content as ours, table by table in the same order.

    peer = await start_directus(place, content)      Peer(name="directus", port=8155, pid=...)
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.content import Content
from benchmarks.databases import fill_postgres, fill_sqlite, has_mark, set_mark
from benchmarks.tables import ADMIN_TOKEN, AUTHOR_READABLE, Dialect
from benchmarks.workloads import System

REFERENCE: Final = Path(__file__).parents[2] / "shared" / "reference"
DIRECTUS_PORTS: Final[Mapping[Dialect, int]] = {"postgresql": 8155, "sqlite": 8159}
POSTGRAPHILE_PORT: Final = 8157
DIRECTUS_DATABASE: Final = "causeway_bench_directus"
POSTGRAPHILE_DATABASE: Final = "postgraphile"
#: seconds; the first time the packages are fetched and native modules compiled
START_TIMEOUT: Final = 1200


class PeerMissing(Exception):
    """The peer cannot be had; the text says why in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the peers' PostgreSQL listens (trust, user postgres)."""

    port: int

    def url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    name: System
    version: str
    port: int
    pid: int
    database: str


def start_cluster() -> Place:
    """The PostgreSQL that the peers' scripts use, started if it does not run."""
    if not REFERENCE.is_dir():
        raise PeerMissing(f"{REFERENCE.parent.name}/{REFERENCE.name} is not beside the clone")
    _script("pg_up.sh")
    return Place(port=int(os.environ.get("PEER_PG_PORT", "5433")))


async def start_directus(place: Place, content: Content, mark: str, *, fresh: bool) -> Peer:
    await make_directus(place, "postgresql", content, mark, fresh=fresh)
    return serve_directus("postgresql", DIRECTUS_DATABASE)


async def make_directus(
    place: Place, dialect: Dialect, content: Content, mark: str, *, fresh: bool = False
) -> None:
    """Its database with our rows, unless it is there; no server is left running."""
    noted = directus_file(DIRECTUS_DATABASE).with_suffix(".mark")
    if fresh:
        filled = False
    elif dialect == "postgresql":
        filled = await has_mark(place.url("postgres"), DIRECTUS_DATABASE, mark)
    else:
        filled = noted.exists() and noted.read_text() == mark
    if filled:
        return
    _directus(dialect, DIRECTUS_DATABASE, "stop")
    _directus(dialect, DIRECTUS_DATABASE, DIRECTUS_FRESH="1")
    url = f"http://127.0.0.1:{DIRECTUS_PORTS[dialect]}"
    _run([sys.executable, str(REFERENCE / "seed_peer.py"), url, ADMIN_TOKEN, "--schema-only"], {})
    _show_relation(url)
    # a server that has seen the empty tables ends here, and starts again with the full ones
    if dialect == "postgresql":
        await fill_postgres(place.url(DIRECTUS_DATABASE), content)
        await set_mark(place.url("postgres"), DIRECTUS_DATABASE, mark)
        _directus(dialect, DIRECTUS_DATABASE, "stop")
    else:
        _directus(dialect, DIRECTUS_DATABASE, "stop")
        fill_sqlite(directus_file(DIRECTUS_DATABASE), content)
        noted.write_text(mark)


def serve_directus(dialect: Dialect, database: str) -> Peer:
    said = _directus(dialect, database)
    return Peer(
        name="directus",
        version=_version(said, "directus"),
        port=DIRECTUS_PORTS[dialect],
        pid=_pid(f"directus-{DIRECTUS_PORTS[dialect]}"),
        database=database,
    )


def directus_file(database: str) -> Path:
    """Where it keeps that SQLite database."""
    return _workplace() / "run" / f"{database}.sqlite"


def _directus(dialect: Dialect, database: str, *arguments: str, **environment: str) -> str:
    kind = "postgres" if dialect == "postgresql" else "sqlite"
    environment = {"DIRECTUS_MAJOR": "11", "DIRECTUS_DB_NAME": database, **environment}
    return _script("directus_up.sh", kind, str(DIRECTUS_PORTS[dialect]), *arguments, **environment)


async def start_postgraphile(place: Place, source: str, mark: str, *, fresh: bool) -> Peer:
    """`source`: the database whose tables it serves a copy of."""
    filled = not fresh and await has_mark(place.url("postgres"), POSTGRAPHILE_DATABASE, mark)
    if not filled:
        _script("postgraphile_up.sh", str(POSTGRAPHILE_PORT), "stop")
    said = _script(
        "postgraphile_up.sh", str(POSTGRAPHILE_PORT), SOURCE_DB=source, PGL_FRESH="" if filled else "1"
    )
    if not filled:
        await set_mark(place.url("postgres"), POSTGRAPHILE_DATABASE, mark)
    return Peer(
        name="postgraphile",
        version=_version(said, "postgraphile"),
        port=POSTGRAPHILE_PORT,
        pid=_pid(f"postgraphile-{POSTGRAPHILE_PORT}"),
        database=POSTGRAPHILE_DATABASE,
    )


def stop_peers() -> None:
    """Stops what this benchmark may have started; the databases stay for the next run."""
    if REFERENCE.is_dir():
        stop_directus()
        _script("postgraphile_up.sh", str(POSTGRAPHILE_PORT), "stop")


def stop_directus() -> None:
    for dialect in DIRECTUS_PORTS:
        _directus(dialect, DIRECTUS_DATABASE, "stop")


def _show_relation(url: str) -> None:
    """The reader may see the other side of articles.author, else Directus has no `author { name }` for it."""
    rows = _call(url, "GET", "/permissions?filter[collection][_eq]=authors&fields=id,fields")
    for row in rows:
        _call(url, "PATCH", f"/permissions/{row['id']}", {"fields": AUTHOR_READABLE.split(",")})


def _call(url: str, method: str, path: str, body: Any = None) -> Any:
    request = urllib.request.Request(
        url + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {ADMIN_TOKEN}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as reply:
        return json.load(reply)["data"]


def _script(name: str, *arguments: str, **environment: str) -> str:
    return _run([str(REFERENCE / name), *arguments], environment)


def _run(command: list[str], environment: dict[str, str]) -> str:
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=START_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PeerMissing(f"{Path(command[0]).name} did not end in {START_TIMEOUT} s") from error
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no message"]
        raise PeerMissing(f"{Path(command[0]).name} failed: {last[0]}")
    return done.stdout


def _version(said: str, name: str) -> str:
    """`directus 11.17.4 (postgres, ...) on ...` -> 11.17.4; empty where the server ran already."""
    for line in said.splitlines():
        if line.startswith(name + " "):
            return line.split()[1]
    return ""


def _pid(name: str) -> int:
    return int((_workplace() / "run" / f"{name}.pid").read_text())


def _workplace() -> Path:
    return Path(os.environ.get("WORKDIR") or Path(os.environ.get("TMPDIR", "/tmp")) / "peer")
