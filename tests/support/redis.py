"""A throw-away Redis for the tests: one for each run, on a socket in the run's directory, in memory only.

The server is the system's `redis-server` (or `valkey-server`). A machine that has none fails the tests that
need one, with a text that says what to do.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

#: seconds for a start or an end; it takes some hundredths, the machine may be busy with other tests
PATIENCE: Final = 30


class RedisMissing(Exception):
    """No Redis that the tests could use; the text says what to do."""


def find_server() -> str:
    """Raises RedisMissing."""
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found:
            return found
    raise RedisMissing("redis-server was not found: `make system` installs it (Debian, Ubuntu; as root)")


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisServer:
    """Runs in `directory`; can be stopped and started again from any process that has this value."""

    directory: Path

    @property
    def socket(self) -> Path:
        return self.directory / "redis.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def start(self) -> None:
        """Returns when it answers. Raises RedisMissing."""
        command = [find_server(), "--port", "0", "--unixsocket", str(self.socket), "--save", ""]
        command += ["--appendonly", "no", "--daemonize", "yes", "--dir", str(self.directory)]
        command += ["--pidfile", str(self._pid), "--logfile", str(self.directory / "redis.log")]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            if time.monotonic() > deadline:
                raise TimeoutError((self.directory / "redis.log").read_text())
            time.sleep(0.01)

    def stop(self) -> None:
        """Returns when it is gone, and what it held with it."""
        number = int(self._pid.read_text())
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        while self._pid.exists():
            if time.monotonic() > deadline:
                raise TimeoutError((self.directory / "redis.log").read_text())
            time.sleep(0.01)

    @property
    def _pid(self) -> Path:
        return self.directory / "redis.pid"

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as asking:
            try:
                asking.connect(str(self.socket))
                asking.sendall(b"PING\r\n")
                return asking.recv(16).startswith(b"+PONG")
            except OSError:
                return False
