"""Class 13: what rows say of where bytes are is data. Rows of databases that others filled name anything."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import MakeDatabase
from tests.support.forms import HEADERS, file, form
from tests.support.project import ADMIN_TOKEN, Site, add, code, running, seed_system


@pytest.fixture
async def site(make_database: MakeDatabase, tmp_path: Path) -> AsyncIterator[Site]:
    (tmp_path / "uploads").mkdir()
    (tmp_path / "secret.txt").write_bytes(b"secret")
    (tmp_path / "uploads" / "link.txt").symlink_to(tmp_path / "secret.txt")
    (tmp_path / "uploads" / ".part-up").write_bytes(b"somebody's upload")
    async with running(
        await make_database(seed_system), STORAGE_LOCAL_ROOT=str(tmp_path / "uploads")
    ) as opened:
        yield opened


async def test_names_in_rows_lead_nowhere_else(site: Site, tmp_path: Path) -> None:
    """Neither for who reads, nor for who replaces or deletes."""
    secret = tmp_path / "secret.txt"
    for name in ("../secret.txt", str(secret), "..", ".", "", ".part-up", "link.txt", "a/../../secret.txt"):
        facts = {"storage": "local", "filename_disk": name, "filename_download": "a", "type": "text/plain"}
        kept, gone = [await add(site.database, "directus_files", **facts) for _ in range(2)]

        read = await site.ask("GET", f"/assets/{kept}", token=ADMIN_TOKEN)
        assert (read.status, code(read)) == (503, "SERVICE_UNAVAILABLE"), name
        new = form(file("b.txt", b"new"))
        replaced = await site.ask("PATCH", f"/files/{kept}", new, token=ADMIN_TOKEN, headers=HEADERS)
        assert replaced.status == 200, name
        assert (await site.ask("GET", f"/assets/{kept}", token=ADMIN_TOKEN)).body == b"new"
        assert (await site.ask("DELETE", f"/files/{gone}", token=ADMIN_TOKEN)).status == 204, name

    assert secret.read_bytes() == b"secret"
    assert (tmp_path / "uploads" / ".part-up").read_bytes() == b"somebody's upload"


async def test_locations_in_rows_lead_nowhere_else(site: Site, tmp_path: Path) -> None:
    (tmp_path / "uploads" / "a.txt").write_bytes(b"x")
    for location in ("../uploads", "gone", "LOCAL", ""):
        facts = {"storage": location, "filename_disk": "a.txt", "filename_download": "a"}
        key = await add(site.database, "directus_files", **facts)

        read = await site.ask("GET", f"/assets/{key}", token=ADMIN_TOKEN)
        assert (read.status, code(read)) == (503, "SERVICE_UNAVAILABLE"), location
        assert (await site.ask("DELETE", f"/files/{key}", token=ADMIN_TOKEN)).status == 204

    assert (tmp_path / "uploads" / "a.txt").read_bytes() == b"x"
