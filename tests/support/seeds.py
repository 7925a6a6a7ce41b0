"""Databases with content for the tests: functions that fill an empty database behind a URL (`Seed`)."""

from __future__ import annotations

import shutil
from pathlib import Path

import asyncpg


async def seed_chinook(url: str, data: Path) -> None:
    """Chinook (11 tables of a music shop) from the files in `data`: no metadata, no system tables."""
    if url.startswith("sqlite:///"):
        shutil.copyfile(data / "chinook.sqlite", url.removeprefix("sqlite:///"))
        return
    script = (data / "chinook_postgresql.sql").read_text()
    # what comes before is for psql: it makes a database and connects to it
    _, _, statements = script.partition("\\c chinook;")
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statements)
    finally:
        await connection.close()
