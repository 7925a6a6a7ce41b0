"""A file that is larger than what the server may hold of it: in, and out again, by one server process."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Final

import httpx

from benchmarks.measure import forget_peak, peak_bytes, process_tree, resident_bytes
from tests.support.project import ADMIN_TOKEN, seed_system
from tests.support.server import NO_TLS, ServerProcess, running_server
from tests.support.session import TestRun

MB: Final = 1 << 20
SIZE: Final = 64
#: far less than the file: pieces that are on their way, and what was read and not yet given back
HELD: Final = 24 * MB
_BOUNDARY: Final = "boundary-of-the-test"


class Peak:
    """How much more than now the processes of a server have had in memory."""

    def __init__(self, server: ServerProcess) -> None:
        self._pids = process_tree(server.process.pid)
        self._before = sum(map(resident_bytes, self._pids))
        forget_peak(self._pids)

    @property
    def above(self) -> int:
        return peak_bytes(self._pids) - self._before


def form(piece: bytes, times: int) -> Iterator[bytes]:
    head = 'Content-Disposition: form-data; name="file"; filename="large.bin"'
    yield f"--{_BOUNDARY}\r\n{head}\r\nContent-Type: application/octet-stream\r\n\r\n".encode()
    for number in range(times):
        yield bytes([number]) + piece[1:]
    yield f"\r\n--{_BOUNDARY}--\r\n".encode()


async def test_neither_is_held(test_run: TestRun, tmp_path: Path) -> None:
    template = await test_run.template("sqlite", "large", seed_system)
    url = test_run.copy_template("sqlite", template, "large", tmp_path)
    piece = Random(1).randbytes(MB)
    sent = sha256()
    for number in range(SIZE):
        sent.update(bytes([number]) + piece[1:])
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    typed = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}
    with (
        running_server(url, tmp_path) as server,
        httpx.Client(base_url=server.url, headers=headers, timeout=120, verify=NO_TLS) as client,
    ):
        # what the first upload brings with it stays
        assert client.post("/files", content=form(piece, 2), headers=typed).status_code == 200
        peak = Peak(server)
        answer = client.post("/files", content=form(piece, SIZE), headers=typed)
        assert answer.status_code == 200, answer.text
        file = answer.json()["data"]
        assert int(file["filesize"]) == SIZE * MB
        assert peak.above < HELD
        stored = tmp_path / "uploads" / file["filename_disk"]
        assert sha256(stored.read_bytes()).digest() == sent.digest()

        peak, got = Peak(server), sha256()
        with client.stream("GET", f"/assets/{file['id']}") as reply:
            assert reply.headers["content-length"] == str(SIZE * MB)
            for part in reply.iter_bytes(MB):
                got.update(part)
        assert got.digest() == sent.digest()
        assert peak.above < HELD
        assert "Traceback" not in server.log
