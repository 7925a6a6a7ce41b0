"""The ground the tests stand on: databases are empty, apart from one another, seeded once, and gone after."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from tests.conftest import MakeDatabase
from tests.support.postgres import Cluster
from tests.support.session import Dialect, TestRun

SEEDED: list[str] = []


async def query(url: str, sql: str) -> list[tuple[object, ...]]:
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        try:
            rows = connection.execute(sql).fetchall()
            connection.commit()
            return rows
        finally:
            connection.close()
    server = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await server.fetch(sql)]
    finally:
        await server.close()


async def two_rows(url: str) -> None:
    SEEDED.append(url)
    await query(url, "CREATE TABLE things (id integer PRIMARY KEY)")
    await query(url, "INSERT INTO things VALUES (1), (2)")


async def test_a_database_is_empty_and_of_the_dialect(database_url: str, dialect: Dialect) -> None:
    assert database_url.startswith(f"{dialect}://")
    await query(database_url, "CREATE TABLE things (id integer)")
    assert await query(database_url, "SELECT * FROM things") == []


async def test_copies_of_a_template_are_apart_and_seeded_once(make_database: MakeDatabase) -> None:
    before = len(SEEDED)
    first, second = await make_database(two_rows), await make_database(two_rows)
    await query(first, "DELETE FROM things WHERE id = 2")
    assert await query(first, "SELECT id FROM things") == [(1,)]
    assert await query(second, "SELECT id FROM things ORDER BY id") == [(1,), (2,)]
    assert len(SEEDED) - before <= 1


async def test_a_dropped_database_takes_open_connections_with_it(
    postgres: Cluster, test_run: TestRun
) -> None:
    url = test_run.copy_template("postgresql", None, "zz_open", test_run.directory)
    connection = await asyncpg.connect(url)
    postgres.drop("zz_open")
    with pytest.raises((asyncpg.PostgresConnectionError, asyncpg.AdminShutdownError, asyncpg.InterfaceError)):
        await connection.fetch("SELECT 1")
    connection.terminate()
    assert postgres.administer("SELECT 1 FROM pg_database WHERE datname = 'zz_open'") == []


def test_the_run_of_a_killed_process_is_cleared(tmp_path: Path) -> None:
    """A run whose process is gone: its directory is removed when the next one begins."""
    script = "from tests.support.session import TestRun; print(TestRun.begin().directory)"
    first = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    left = Path(first.stdout.strip())
    assert left.is_dir()
    finish = "from tests.support.session import TestRun; TestRun.begin().end()"
    subprocess.run([sys.executable, "-c", finish], check=True)
    assert not left.exists()


@pytest.mark.reference
async def test_chinook_has_its_tracks(chinook_url: str, dialect: Dialect) -> None:
    table = "Track" if dialect == "sqlite" else "track"
    assert await query(chinook_url, f"SELECT count(*) FROM {table}") == [(3503,)]
