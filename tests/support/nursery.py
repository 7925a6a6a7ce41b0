"""Processes of `causeway` that need not import it anew, which takes longer than what most tests ask of them.

One process for each worker of the tests imports everything and then waits; each start is a fork of it. What
runs there is the command line as ever, with an environment, a directory, streams and signals of its own. The
workers that a server makes are forks too (`server_anew` has them spawned, as in production).

    process = nursery().start(["serve"], env={...}, cwd=directory, streams=[stdin, stdout, stderr])
    process.wait(60)

Out: {"began": pid} for each line; {"ended": pid, "code": exit code, or minus the signal} for each end.
"""

from __future__ import annotations

import atexit
import gc
import json
import multiprocessing
import os
import selectors
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final, Protocol

ROOT: Final = Path(__file__).parents[2]


class Process(Protocol):
    """What tests want of `subprocess.Popen`."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, sig: int) -> None: ...

    def kill(self) -> None: ...


# --- in the process of the tests ----------------------------------------------------------------------------


class Forked:
    def __init__(self, nursery: Nursery, pid: int) -> None:
        self._nursery = nursery
        self.pid = pid

    def poll(self) -> int | None:
        return self._nursery.codes.get(self.pid)

    def wait(self, timeout: float | None = None) -> int:
        ended = self._nursery.ended
        with ended:
            if not ended.wait_for(lambda: self.poll() is not None, timeout):
                raise subprocess.TimeoutExpired("causeway", timeout or 0)
            return self._nursery.codes[self.pid]

    def send_signal(self, sig: int) -> None:
        # it may have ended without being told of here yet
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, sig)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Nursery:
    def __init__(self) -> None:
        self.codes: dict[int, int] = {}
        self.ended = threading.Condition()
        self._began: SimpleQueue[int] = SimpleQueue()
        self._starting = threading.Lock()
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.nursery"],
            env={**kept, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def start(
        self, arguments: Sequence[str], *, env: Mapping[str, str], cwd: Path, streams: Sequence[Path]
    ) -> Forked:
        line = {
            "arguments": arguments,
            "environment": env,
            "directory": str(cwd),
            "streams": [str(path) for path in streams],
        }
        assert self._process.stdin is not None
        with self._starting:
            self._process.stdin.write(f"{json.dumps(line)}\n")
            self._process.stdin.flush()
            return Forked(self, self._began.get(timeout=60))

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            if "began" in told:
                self._began.put(told["began"])
                continue
            with self.ended:
                self.codes[told["ended"]] = told["code"]
                self.ended.notify_all()

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)


@cache
def nursery() -> Nursery:
    """That of this process, made when it is first needed."""
    made = Nursery()
    atexit.register(made.close)
    return made


# --- in the process that forks ------------------------------------------------------------------------------


def main() -> None:
    """Until standard input ends."""
    # imported here, so that the process of the tests does not need it
    import uvicorn._subprocess  # noqa: PLC0415

    from gateway.cli import main as run  # noqa: PLC0415

    uvicorn._subprocess.spawn = multiprocessing.get_context("fork")  # type: ignore[assignment]
    out = os.dup(1)
    wake, awake = os.pipe()
    os.set_blocking(awake, False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(awake)
    gc.freeze()
    watched = selectors.DefaultSelector()
    watched.register(0, selectors.EVENT_READ)
    watched.register(wake, selectors.EVENT_READ)
    unread = b""
    while True:
        ready = {key.fd for key, _ in watched.select()}
        if wake in ready:
            os.read(wake, 1024)
            _report(out)
        if 0 not in ready:
            continue
        read = os.read(0, 65536)
        if not read:
            return
        *lines, unread = (unread + read).split(b"\n")
        for line in lines:
            wanted = json.loads(line)
            child = os.fork()
            if child == 0:
                signal.set_wakeup_fd(-1)
                watched.close()
                for descriptor in (out, wake, awake):
                    os.close(descriptor)
                _become(wanted)
                sys.exit(run(wanted["arguments"]))
            _say(out, {"began": child})


def _become(wanted: Mapping[str, Any]) -> None:
    """Nothing of the process before is left but its modules."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.chdir(wanted["directory"])
    os.environ.clear()
    os.environ.update(wanted["environment"])
    for number, path in enumerate(wanted["streams"]):
        flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_APPEND
        opened = os.open(path, flags, 0o644)
        os.dup2(opened, number)
        os.close(opened)


def _report(out: int) -> None:
    while True:
        try:
            child, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if child == 0:
            return
        _say(out, {"ended": child, "code": os.waitstatus_to_exitcode(status)})


def _say(out: int, what: Mapping[str, int]) -> None:
    os.write(out, f"{json.dumps(what)}\n".encode())


if __name__ == "__main__":
    main()
