"""The servers of a run: ours and the floor as processes of this run, and what is known of each.

with causeway_server("postgresql", url, directory) as target:
    target.port, target.pid
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from benchmarks.tables import Dialect
from benchmarks.workloads import System
from tests.support.server import ROOT, running_server

START_TIMEOUT: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One server on one database. `store`: name of the PostgreSQL database; None on SQLite."""

    system: System
    dialect: Dialect
    port: int
    pid: int
    store: str | None
    version: str

    @property
    def label(self) -> str:
        return self.system if self.dialect == "postgresql" else f"{self.system} (SQLite)"


@contextmanager
def causeway_server(
    dialect: Dialect, url: str, directory: Path, version: str, **environment: str
) -> Iterator[Target]:
    """Ours with one worker and its defaults, apart from requests not being logged (as on the peers)."""
    with running_server(url, directory, LOG_LEVEL="error", **environment) as server:
        yield Target(
            system="causeway",
            dialect=dialect,
            port=urlsplit(server.url).port or 0,
            pid=server.process.pid,
            store=store_of(url),
            version=version,
        )


@contextmanager
def floor_server(dialect: Dialect, url: str, directory: Path) -> Iterator[Target]:
    port = free_port()
    with (directory / f"floor-{dialect}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.floor", url, str(port)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for_port(port, process)
        yield Target(
            system="floor", dialect=dialect, port=port, pid=process.pid, store=store_of(url), version=""
        )
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def store_of(url: str) -> str | None:
    return None if url.startswith("sqlite") else urlsplit(url).path.removeprefix("/")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode} before it listened on {port}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"nothing listened on port {port} within {START_TIMEOUT:g} s")
