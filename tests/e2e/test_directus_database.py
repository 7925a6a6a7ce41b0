"""A database that a Directus server made is served as it is: not a row and not a column changes."""

from __future__ import annotations

import gzip
import json
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.server import NO_TLS, causeway, running_server

DATA = Path(__file__).parents[1] / "data"
RECORDED: Any = json.loads((DATA / "directus12.json").read_text())
ADMIN = {"Authorization": "Bearer admin-token"}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "directus12.sqlite"
    path.write_bytes(gzip.decompress((DATA / "directus12.sqlite.gz").read_bytes()))
    return path


def dump(path: Path) -> list[str]:
    """Schema and rows as SQL."""
    with sqlite3.connect(path) as connection:
        lines = list(connection.iterdump())
    connection.close()
    return lines


def test_it_is_served_without_a_change(database: Path, tmp_path: Path) -> None:
    before = dump(database)
    url = f"sqlite:///{database}"
    with running_server(url, tmp_path) as server:
        with httpx.Client(base_url=server.url, headers=ADMIN, timeout=30, verify=NO_TLS) as client:
            for name in sorted(RECORDED["items"]):
                answer = client.get(f"/items/{name}?limit=-1")
                assert answer.status_code == 200, (name, answer.text)
            assert client.get("/users/me").status_code == 200
            assert client.get("/items/nope").status_code == 403
        assert (
            httpx.get(f"{server.url}/items/{next(iter(RECORDED['items']))}", verify=NO_TLS).status_code == 403
        )
        assert server.stop() == 0
        assert "Traceback" not in server.log
    assert dump(database) == before


def test_bootstrap_leaves_it_as_it_is(database: Path, tmp_path: Path) -> None:
    before = dump(database)
    said = causeway(f"sqlite:///{database}", tmp_path, "bootstrap", ADMIN_PASSWORD="another password")
    assert (said.returncode, said.stdout) == (
        0,
        "The system tables are there already; nothing was changed.\n",
    )
    assert dump(database) == before
