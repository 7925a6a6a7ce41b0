"""The server as a process: it starts, says where, answers, and stops in order."""

from __future__ import annotations

import json
import signal
import socket
import time
from pathlib import Path

import httpx
import pytest

from tests.support.server import NO_TLS, causeway, causeway_anew, server_anew


async def test_it_starts_says_where_and_stops(database_url: str, tmp_path: Path) -> None:
    with server_anew(database_url, tmp_path) as server:
        answer = httpx.get(f"{server.url}/server/ping", verify=NO_TLS)
        assert (answer.status_code, answer.text) == (200, "pong")
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "server" not in answer.headers
        assert server.stop(signal.SIGTERM) == 0
        assert "GET /server/ping 200" in server.log
        assert "Traceback" not in server.log


async def test_workers_share_a_port(database_url: str, tmp_path: Path) -> None:
    with server_anew(database_url, tmp_path, "--workers", "2") as server:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                assert httpx.get(f"{server.url}/server/ping", verify=NO_TLS).text == "pong"
                break
            except httpx.TransportError:
                time.sleep(0.1)
        assert server.stop(signal.SIGINT) == 0


def test_a_wrong_setting_ends_the_start_in_one_line(tmp_path: Path) -> None:
    ended = causeway_anew(f"sqlite:///{tmp_path}/x.sqlite", tmp_path, "serve", ACCESS_TOKEN_TTL="soon")
    assert ended.returncode == 2
    assert ended.stderr == (
        "causeway: ACCESS_TOKEN_TTL='soon' is not accepted: "
        "expected a duration such as 15m, 7d, 10s or 500 (milliseconds)\n"
    )
    assert not (tmp_path / "x.sqlite").exists()


def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = causeway(f"sqlite:///{tmp_path}/x.sqlite", tmp_path, "serve", "--port", port)
    assert ended.returncode == 2
    assert (
        ended.stderr
        == f"causeway: HOST='127.0.0.1' PORT={port}: cannot listen there: Address already in use\n"
    )


def test_a_database_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    ended = causeway("postgresql://nobody:hunter2@127.0.0.1:1/none", tmp_path, "serve")
    assert ended.returncode == 2
    assert ended.stderr.startswith("causeway: cannot open the database postgresql://nobody@127.0.0.1:1/none")
    assert len(ended.stderr.splitlines()) == 1
    assert "hunter2" not in ended.stderr


@pytest.mark.reference
async def test_introspect_reads_a_foreign_database(chinook_url: str, tmp_path: Path) -> None:
    table = causeway(chinook_url, tmp_path, "introspect")
    assert table.returncode == 0, table.stderr
    assert "11 collections" in table.stdout
    found = json.loads(causeway(chinook_url, tmp_path, "introspect", "--json").stdout)
    assert len(found["collections"]) == 11
    assert found["unserved"] == []
