"""The official client, unmodified, on Node.js, against a server process of ours that sends real mails.

Each script of `sdk/` is one theme; what it prints when it fails is what the client said. A script asks for
its mails on standard output and gets them on standard input (see `sdk/common.mjs`).
"""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

from tests.support.mail import Mailbox, Received, mailbox
from tests.support.node import environment
from tests.support.project import ADMIN_EMAIL, ADMIN_PASSWORD, ADMIN_TOKEN, seed_system
from tests.support.server import ServerProcess, running_server
from tests.support.session import Dialect, TestRun

THEMES: Final = ("sessions", "items", "people", "letters", "second_factor", "server", "files")
#: seconds; a script takes about one, but the machine may be busy with other tests
PATIENCE: Final = 120


@dataclass(frozen=True, kw_only=True)
class Place:
    server: ServerProcess
    box: Mailbox

    @property
    def account(self) -> str:
        known = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD, "token": ADMIN_TOKEN}
        return json.dumps({"url": self.server.url, **known})


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
async def place(
    request: pytest.FixtureRequest, test_run: TestRun, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Place]:
    """Access tokens that end soon: the client has to renew them."""
    dialect: Dialect = request.param
    directory, name = tmp_path_factory.mktemp("server"), f"sdk_{uuid4().hex}"
    template = await test_run.template(dialect, "sdk", seed_system)
    url = test_run.copy_template(dialect, template, name, directory)
    with ExitStack() as stack:
        if dialect == "postgresql":
            stack.callback(test_run.cluster().drop, name)
        async with mailbox() as box:
            values = {
                **box.settings,
                "ACCESS_TOKEN_TTL": "2s",
                "PUBLIC_URL": "http://cms.example.org",
                # files are imported from a server of the script
                "CAUSEWAY_IMPORT_ALLOW_LIST": "127.0.0.1",
            }
            with running_server(url, directory, **values) as server:
                yield Place(server=server, box=box)


@pytest.mark.parametrize("theme", THEMES)
async def test_the_client(place: Place, workshop: Path, theme: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *("node", f"{theme}.mjs", place.account),
        cwd=workshop,
        env=environment(),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        async with asyncio.timeout(PATIENCE):
            said, _ = await asyncio.gather(_said(process), _hand_over(process, place.box))
            code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert code == 0, said
    assert "Traceback" not in place.server.log


async def _said(process: Process) -> str:
    assert process.stderr is not None
    return (await process.stderr.read()).decode()


async def _hand_over(process: Process, box: Mailbox) -> None:
    """A mail for each line that asks for one."""
    assert process.stdout is not None
    assert process.stdin is not None
    async for line in process.stdout:
        wanted: str = json.loads(line)["mail"]
        letter = await box.next()
        assert letter.to == wanted
        process.stdin.write(f"{json.dumps(_told(letter))}\n".encode())
        await process.stdin.drain()


def _told(letter: Received) -> dict[str, str]:
    (token,) = parse_qs(urlsplit(letter.link).query)["token"]
    return {"subject": letter.subject, "text": letter.text, "html": letter.html, "token": token}
