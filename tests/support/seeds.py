"""Databases with content for the tests: functions that fill an empty database behind a URL (`Seed`)."""

from __future__ import annotations

import shutil
from pathlib import Path

import asyncpg

from resolvers.bootstrap import bootstrap
from resolvers.demo.access import EDITOR, READER
from resolvers.demo.install import install_demo
from resolvers.secrets import Hasher
from schema_gen.database import open_database

ADMIN = "admin@example.com"
PASSWORD = "correct horse battery staple"
TOKEN = "admin-token-of-the-tests"


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


async def seed_demo(url: str) -> None:
    """The demo site of `make demo`; everybody has the password `PASSWORD`, the admin the token `TOKEN`."""
    database = await open_database(url)
    try:
        hasher = Hasher(memory=8, time=1, parallelism=1, threads=1)
        await bootstrap(
            database, admin_email=ADMIN, admin_password=PASSWORD, admin_token=TOKEN, hasher=hasher
        )
        await install_demo(
            database,
            progress=lambda line: None,
            hasher=hasher,
            passwords=dict.fromkeys((READER.email, EDITOR.email), PASSWORD),
        )
        hasher.close()
    finally:
        await database.close()
