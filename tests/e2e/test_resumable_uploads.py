"""`tus-js-client`, unmodified, on Node.js, against a server process: 200 MB that are interrupted half-way."""

from __future__ import annotations

import asyncio
import hashlib
import json
import signal
import socket
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.node import environment
from tests.support.project import ADMIN_TOKEN, seed_system
from tests.support.server import ServerProcess, running_server
from tests.support.session import TestRun

_BLOCK: Final = 1 << 20
_BLOCKS: Final = 200
#: seconds; an upload takes one or two, but the machine may be busy with other tests
_PATIENCE: Final = 120


@dataclass(kw_only=True)
class Place:
    """`large`: what is uploaded, and its `digest`. `start` starts the server again where it was."""

    database: str
    directory: Path
    port: int
    stack: ExitStack
    large: Path
    digest: str
    servers: list[ServerProcess] = field(default_factory=list)

    def start(self) -> None:
        server = running_server(
            self.database,
            self.directory,
            PORT=str(self.port),
            TUS_ENABLED="true",
            STORAGE_LOCAL_ROOT=str(self.directory / "uploads"),
        )
        self.servers.append(self.stack.enter_context(server))

    def content(self, id_: str) -> str:
        """The digest of what is stored."""
        (found,) = (self.directory / "uploads").glob(f"{id_}.*")
        return digest(found)


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_large(path: Path) -> str:
    """Every block is another, so that one at a wrong place, or twice, is seen. Gives the digest."""
    with path.open("wb") as file:
        for number in range(_BLOCKS):
            file.write(hashlib.sha256(str(number).encode()).digest() * (_BLOCK // 32))
    return digest(path)


@pytest.fixture(scope="module")
async def place(test_run: TestRun, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    directory = tmp_path_factory.mktemp("uploads")
    template = await test_run.template("sqlite", "uploads", seed_system)
    url = test_run.copy_template("sqlite", template, "uploads", directory)
    with socket.create_server(("127.0.0.1", 0)) as free, ExitStack() as stack:
        port = free.getsockname()[1]
        free.close()
        large = directory / "large.bin"
        made = Place(
            database=url, directory=directory, port=port, stack=stack, large=large, digest=write_large(large)
        )
        made.start()
        yield made


async def client(place: Place, workshop: Path, what: str) -> Process:
    told = {
        "url": f"http://127.0.0.1:{place.port}",
        "token": ADMIN_TOKEN,
        "file": str(place.large),
        "addresses": str(place.directory / f"{what}.json"),
    }
    return await asyncio.create_subprocess_exec(
        *("node", "uploads.mjs", json.dumps(told), what),
        cwd=workshop,
        env=environment(),
        stdout=PIPE,
        stderr=PIPE,
    )


async def ended(process: Process) -> Any:
    """What it said at last."""
    out, said = await process.communicate()
    assert process.returncode == 0, said.decode()
    return json.loads(out.splitlines()[-1])


async def test_another_client_goes_on(place: Place, workshop: Path) -> None:
    """From the address that the first one stored before it was broken off."""
    process = await client(place, workshop, "leaving")
    async with asyncio.timeout(_PATIENCE):
        told = await ended(process)
    assert place.content(told["id"]) == place.digest
    assert _BLOCKS * _BLOCK // 4 < told["offset"] < _BLOCKS * _BLOCK


async def test_a_server_that_was_killed_goes_on(place: Place, workshop: Path) -> None:
    """What had arrived is there when it is started again."""
    process = await client(place, workshop, "staying")
    assert process.stdout is not None
    async with asyncio.timeout(_PATIENCE):
        assert await process.stdout.readline() == b"interrupt\n"
        place.servers[-1].stop(signal.SIGKILL)
        place.start()
        told = await ended(process)
    assert place.content(told["id"]) == place.digest
    assert _BLOCKS * _BLOCK // 4 < told["offset"] < _BLOCKS * _BLOCK
    assert "Traceback" not in place.servers[-1].log
