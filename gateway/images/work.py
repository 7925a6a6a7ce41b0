"""A worker as the server sees it: a process with pipes.

worker = await Worker.start(memory)
await worker.ask({"do": "describe", ...}) -> {"done": {...}} or {"refused": ...}; raises Broken
await worker.end()
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from gateway.images.frames import HEAD, LONGEST, pack

#: until it says that it is ready, in seconds: a machine under load starts programs slowly
_START: Final = 30.0

#: where this package lies; a worker gets no other path than this one and that of its interpreter
_HOME: Final = Path(__file__).parents[2]

#: memory that the C library takes in advance for each thread counts as used: one pool is enough
_ENVIRONMENT: Final = {"PYTHONPATH": str(_HOME), "MALLOC_ARENA_MAX": "1", "LC_ALL": "C.UTF-8"}

#: what an interpreter may need to find its own libraries
_KEPT: Final = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME")


class Broken(Exception):
    """The worker ended, or does not say what workers say."""


class Worker:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.jobs = 0
        #: ends it when it rests for long
        self.timer: asyncio.TimerHandle | None = None

    @classmethod
    async def start(cls, memory: int) -> Worker:
        """It gets nothing of the server's environment: no secret can be read out of it."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "gateway.images.worker",
            str(memory),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**_ENVIRONMENT, **{name: os.environ[name] for name in _KEPT if name in os.environ}},
            cwd=os.sep,
            start_new_session=True,
        )
        worker = cls(process)
        try:
            async with asyncio.timeout(_START):
                await worker._answer()
        except BaseException as error:
            await asyncio.shield(worker.end())
            if isinstance(error, TimeoutError):
                raise Broken("did not start") from error
            raise
        return worker

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        """As far as is known: a process that the system ended is noticed a moment later."""
        return self._process.returncode is None

    async def ask(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        self.jobs += 1
        self._wake()
        stdin = self._process.stdin
        if stdin is None:
            raise Broken("not started")
        try:
            stdin.write(pack(request))
            await stdin.drain()
        except (ConnectionError, OSError) as error:
            raise Broken("ended before the job") from error
        return await self._answer()

    async def _answer(self) -> Mapping[str, Any]:
        stdout = self._process.stdout
        if stdout is None:
            raise Broken("not started")
        try:
            (length,) = HEAD.unpack(await stdout.readexactly(HEAD.size))
            body = await stdout.readexactly(length) if length <= LONGEST else b""
            told = json.loads(body)
        except (asyncio.IncompleteReadError, ConnectionError, ValueError) as error:
            raise Broken("ended without an answer") from error
        if not isinstance(told, dict) or not told.keys() & {"done", "refused"}:
            raise Broken("says what is no answer")
        return told

    def _wake(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def kill(self) -> None:
        """Not asked to end: it may be busy for long."""
        self._wake()
        if self._process.stdin is not None:
            self._process.stdin.close()
        with suppress(ProcessLookupError):
            self._process.kill()

    async def end(self) -> None:
        """Returns when the process is gone."""
        self.kill()
        await self._process.wait()
