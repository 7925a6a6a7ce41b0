"""Counters that every process sees: on this host at once, on others through PostgreSQL."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from schema_gen.database import Database, open_database
from schema_gen.drivers.postgresql import PostgresDatabase
from schema_gen.epoch import Epochs, ListeningEpochs, open_epochs
from schema_gen.errors import ConfigurationError
from tests.support.work import calls_of

ROOT = Path(__file__).parents[2]
BUMP = """
import asyncio, sys
from schema_gen.database import open_database
from schema_gen.epoch import open_epochs
async def main():
    database = await open_database(sys.argv[1])
    epochs = await open_epochs(database)
    for _ in range(100):
        await epochs.bump_access()
    await epochs.close()
    await database.close()
asyncio.run(main())
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


async def eventually(condition: object, epochs: Epochs, value: object) -> None:
    deadline = time.monotonic() + 30
    while getattr(epochs, str(condition)) != value:
        assert time.monotonic() < deadline, f"{condition} is {getattr(epochs, str(condition))}, not {value}"
        await asyncio.sleep(0.01)


async def test_processes_of_one_host_see_each_bump_at_once(database: Database, database_url: str) -> None:
    first, second = await open_epochs(database), await open_epochs(database)
    assert first.trusted
    access, schema = first.access, first.schema
    await first.bump_access()
    assert (second.access, second.schema) == (access + 1, schema)
    await second.bump_schema()
    assert (first.access, first.schema) == (access + 1, schema + 1)
    before = first.access
    processes = [
        subprocess.Popen([sys.executable, "-c", BUMP, database_url], cwd=ROOT, env=os.environ)
        for _ in range(2)
    ]
    for process in processes:
        assert await asyncio.to_thread(process.wait, 30) == 0
    opened = 2 if database.dialect == "postgresql" else 0  # each process that begins to listen bumps once
    assert first.access == before + 200 + opened
    await first.close()
    await second.close()


async def test_the_file_belongs_to_its_user_alone(database: Database, temporary: Path) -> None:
    epochs = await open_epochs(database)
    assert stat.S_IMODE(epochs._path.stat().st_mode) == 0o600
    assert temporary in epochs._path.parents or database.dialect == "sqlite"
    if database.dialect == "postgresql":
        assert stat.S_IMODE(epochs._path.parent.stat().st_mode) == 0o700
    await epochs.close()


async def test_a_directory_that_others_may_write_to_is_refused(database: Database, temporary: Path) -> None:
    if database.dialect == "postgresql":
        (temporary / f"causeway-{os.geteuid()}").mkdir()
        (temporary / f"causeway-{os.geteuid()}").chmod(0o777)
        with pytest.raises(ConfigurationError, match="0700"):
            await open_epochs(database)


def test_a_link_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"")
    (tmp_path / "epoch").symlink_to(tmp_path / "target")
    with pytest.raises(ConfigurationError):
        Epochs(tmp_path / "epoch")
    assert (tmp_path / "target").read_bytes() == b""


async def test_other_hosts_hear_through_postgresql(database: Database, tmp_path: Path) -> None:
    if not isinstance(database, PostgresDatabase):
        return
    here, there = (ListeningEpochs(tmp_path / name, database) for name in ("here", "there"))
    await here.start()
    await there.start()
    access, schema = there.access, there.schema
    await here.bump_access()
    await eventually("access", there, access + 1)
    await there.bump_schema()
    await eventually("schema", here, here.schema)
    assert there.schema == schema + 1
    await here.close()
    await there.close()


async def test_a_lost_listener_is_not_trusted_and_catches_up(database: Database, tmp_path: Path) -> None:
    if not isinstance(database, PostgresDatabase):
        return
    epochs = ListeningEpochs(tmp_path / "epoch", database)
    await epochs.start()
    assert epochs.trusted
    before = (epochs.schema, epochs.access)
    await database.fetch(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
    )
    await eventually("trusted", epochs, False)
    await eventually("trusted", epochs, True)
    assert (epochs.schema, epochs.access) == (before[0] + 1, before[1] + 1)
    await epochs.close()


async def test_a_bump_while_the_database_is_away_is_told_later(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    if not isinstance(database, PostgresDatabase):
        return
    there = ListeningEpochs(tmp_path / "there", database)
    await there.start()
    staying = "select pid from pg_stat_activity where datname = current_database()"
    kept = [row[0] for row in await database.fetch(staying)]
    away = await open_database(database_url)
    assert isinstance(away, PostgresDatabase)
    here = ListeningEpochs(tmp_path / "here", away)
    await here.start()
    address, away._dsn = away._dsn, "postgresql://postgres@127.0.0.1:1/none"
    await database.fetch(
        f"select pg_terminate_backend(pid) from ({staying}) as found where pid <> all($1::int[])", (kept,)
    )
    await eventually("trusted", here, False)
    access, heard = here.access, there.access
    await here.bump_access()  # no error: the change it tells of is committed
    assert here.access == access + 1
    await asyncio.sleep(0.1)
    assert there.access == heard
    away._dsn = address
    await eventually("trusted", here, True)
    await eventually("access", there, heard + 1)
    await here.close()
    await away.close()
    await there.close()


async def test_reading_asks_nobody(database: Database) -> None:
    epochs = await open_epochs(database)
    # the lambda, the property, and the end of the count itself
    assert calls_of(lambda: epochs.access) <= 4
    await epochs.close()
