"""A real `causeway serve` process for end-to-end tests: on a free port, stopped after use, its log at hand.

    with running_server(url, tmp_path, LOG_LEVEL="info") as server:
        httpx.get(f"{server.url}/server/ping")

The process gets only the environment given here, so that nothing of the machine's configuration leaks in.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
SECRET: Final = "a secret of the tests that is long enough"
#: what makes logins slow for guessers costs the tests minutes
_QUICK: Final = {
    "HASH_MEMORY_COST": "8192",
    "HASH_TIME_COST": "1",
    "HASH_PARALLELISM": "1",
    "LOGIN_STALL_TIME": "1",
}
#: seconds; a start takes about one, but the machine may be busy with other tests
START_TIMEOUT: Final = 60
_LISTENS: Final = re.compile(r"listens on (http://\S+:\d+)")


@dataclass(frozen=True, kw_only=True)
class ServerProcess:
    url: str
    process: subprocess.Popen[bytes]
    log_path: Path

    @property
    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def memory(self) -> int:
        """Resident bytes of the process (Linux)."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGESIZE")

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        """Ends the process and gives its exit code; safe to call again."""
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait(20)


def environment_of(database_url: str, **values: str) -> dict[str, str]:
    """The environment of a Causeway process: a database, a secret, and what the test sets."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "DB_CONNECTION_STRING": database_url,
        "SECRET": SECRET,
        "HOST": "127.0.0.1",
        "PORT": "0",
        **_QUICK,
        **values,
    }


@contextmanager
def running_server(
    database_url: str, directory: Path, *options: str, **environment: str
) -> Iterator[ServerProcess]:
    """`options`: arguments of `causeway serve`; `environment`: variables. Logs go to `directory`."""
    log_path = directory / f"server-{time.monotonic_ns()}.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway", "serve", *options],
            env=environment_of(database_url, **environment),
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    server = ServerProcess(url="", process=process, log_path=log_path)
    try:
        yield ServerProcess(url=_wait(server), process=process, log_path=log_path)
    finally:
        server.stop()


def causeway(
    database_url: str, directory: Path, *arguments: str, stdin: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Runs one command to its end; both streams come as text."""
    return subprocess.run(
        [sys.executable, "-m", "gateway", *arguments],
        env=environment_of(database_url, **environment),
        cwd=directory,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=START_TIMEOUT,
        check=False,
    )


def _wait(server: ServerProcess) -> str:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        found = _LISTENS.search(server.log)
        if found is not None:
            return found[1]
        if server.process.poll() is not None:
            raise AssertionError(f"the server ended with {server.process.returncode}:\n{server.log}")
        time.sleep(0.02)
    raise AssertionError(f"the server did not start in {START_TIMEOUT} s:\n{server.log}")
