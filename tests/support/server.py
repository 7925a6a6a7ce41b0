"""A real `causeway serve` process for end-to-end tests: on a free port, stopped after use, its log at hand.

    with running_server(url, tmp_path, LOG_LEVEL="info") as server:
        httpx.get(f"{server.url}/server/ping", verify=NO_TLS)

The process gets only the environment given here, so that nothing of the machine's configuration leaks in.
"""

from __future__ import annotations

import os
import re
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.nursery import Process, nursery

ROOT: Final = Path(__file__).parents[2]
SECRET: Final = "a secret of the tests that is long enough"
#: what makes logins slow for guessers costs the tests minutes
_QUICK: Final = {
    "HASH_MEMORY_COST": "8192",
    "HASH_TIME_COST": "1",
    "HASH_PARALLELISM": "1",
    "LOGIN_STALL_TIME": "1",
    "REGISTER_STALL_TIME": "1",
}
#: for clients, which make a context anew otherwise and read all certificates of the world: 30 ms each
NO_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
#: seconds; a start takes about one, but the machine may be busy with other tests
START_TIMEOUT: Final = 60
#: arguments, environment, directory, paths of the three streams
Start = Callable[[Sequence[str], Mapping[str, str], Path, Sequence[Path]], Process]
_LISTENS: Final = re.compile(r"listens on (http://\S+:\d+)")


@dataclass(frozen=True, kw_only=True)
class ServerProcess:
    url: str
    process: Process
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


def running_server(
    database_url: str, directory: Path, *options: str, **environment: str
) -> AbstractContextManager[ServerProcess]:
    """`options`: arguments of `causeway serve`; `environment`: variables. Logs go to `directory`."""
    return _server(_forked, options, environment_of(database_url, **environment), directory)


def server_anew(
    database_url: str, directory: Path, *options: str, **environment: str
) -> AbstractContextManager[ServerProcess]:
    """The same in an interpreter of its own: where the start itself is tested."""
    return _server(_spawned, options, environment_of(database_url, **environment), directory)


@contextmanager
def _server(
    start: Start, options: Sequence[str], environment: Mapping[str, str], directory: Path
) -> Iterator[ServerProcess]:
    log_path = directory / f"server-{time.monotonic_ns()}.log"
    log_path.touch()
    process = start(["serve", *options], environment, directory, (Path(os.devnull), log_path, log_path))
    server = ServerProcess(url="", process=process, log_path=log_path)
    try:
        yield ServerProcess(url=_wait(server), process=process, log_path=log_path)
    finally:
        server.stop()


def causeway(
    database_url: str, directory: Path, *arguments: str, stdin: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Runs one command to its end; both streams come as text."""
    return _run(_forked, arguments, environment_of(database_url, **environment), directory, stdin)


def causeway_anew(
    database_url: str, directory: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """The same in an interpreter of its own."""
    return _run(_spawned, arguments, environment_of(database_url, **environment), directory, "")


def _run(
    start: Start, arguments: Sequence[str], environment: Mapping[str, str], directory: Path, stdin: str
) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as name:
        streams = tuple(Path(name) / stream for stream in ("in", "out", "err"))
        streams[0].write_text(stdin, encoding="utf-8")
        process = start(arguments, environment, directory, streams)
        try:
            code = process.wait(START_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)
            raise
        out, err = (stream.read_text(encoding="utf-8") for stream in streams[1:])
    return subprocess.CompletedProcess(args=arguments, returncode=code, stdout=out, stderr=err)


def _forked(
    arguments: Sequence[str], environment: Mapping[str, str], directory: Path, streams: Sequence[Path]
) -> Process:
    return nursery().start(arguments, env=environment, cwd=directory, streams=streams)


def _spawned(
    arguments: Sequence[str], environment: Mapping[str, str], directory: Path, streams: Sequence[Path]
) -> Process:
    with streams[0].open("rb") as stdin, streams[1].open("ab") as stdout, streams[2].open("ab") as stderr:
        return subprocess.Popen(
            [sys.executable, "-m", "gateway", *arguments],
            env=environment,
            cwd=directory,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
        )


def _wait(server: ServerProcess) -> str:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        found = _LISTENS.search(server.log)
        if found is not None:
            return found[1]
        if server.process.poll() is not None:
            raise AssertionError(f"the server ended with {server.process.poll()}:\n{server.log}")
        time.sleep(0.02)
    raise AssertionError(f"the server did not start in {START_TIMEOUT} s:\n{server.log}")
