"""Bootstrap: everything or nothing, once, with an admin whose password is nobody else's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from resolvers import bootstrap as module
from resolvers.bootstrap import PUBLIC_POLICY, bootstrap
from resolvers.secrets import Hasher, random_text
from schema_gen.database import Database, open_database
from schema_gen.registry import SYSTEM
from schema_gen.registry.migrations import INCLUDED
from schema_gen.registry.tables import moment, table
from tests.support.directus import unpack_database


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = await open_database(database_url)
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
def hasher() -> Any:
    """Real argon2id, at the lowest cost."""
    made = Hasher(memory=8, time=1, parallelism=1)
    yield made
    made.close()


async def rows(database: Database, name: str) -> list[dict[str, Any]]:
    source = table(name)
    return [dict(zip(source.c.keys(), row, strict=True)) for row in await database.run(sa.select(source))]


async def test_the_first_rows(database: Database, hasher: Hasher) -> None:
    report = await bootstrap(
        database,
        admin_email="Me@Example.com",
        admin_password="correct horse",
        admin_token="static-token",
        project_name="Paper",
        hasher=hasher,
    )
    assert report.created
    assert report.generated_password is None
    (user,) = await rows(database, "directus_users")
    assert (user["email"], user["token"], user["status"]) == ("me@example.com", "static-token", "active")
    assert user["password"].startswith("$argon2id$v=19$")
    assert await hasher.verify(user["password"], "correct horse")
    assert not await hasher.verify(user["password"], "correct horse ")
    policies = {str(row["id"]): row for row in await rows(database, "directus_policies")}
    (role,) = await rows(database, "directus_roles")
    assert str(user["role"]) == str(role["id"])
    granted = {
        str(policies[str(row["policy"])]["name"]): row["role"]
        for row in await rows(database, "directus_access")
    }
    assert granted == {"$t:public_label": None, "Administrator": role["id"]}
    assert {key: bool(row["admin_access"]) for key, row in policies.items() if key == PUBLIC_POLICY} == {
        PUBLIC_POLICY: False
    }
    (settings,) = await rows(database, "directus_settings")
    assert (settings["id"], settings["project_name"]) == (1, "Paper")
    migrations = await rows(database, "directus_migrations")
    assert [(row["version"], row["name"]) for row in migrations] == list(INCLUDED)
    at = moment(migrations[0]["timestamp"])
    assert at is not None
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=1)


async def test_a_password_is_made_when_none_is_given(database: Database, hasher: Hasher) -> None:
    report = await bootstrap(database, hasher=hasher)
    assert report.generated_password is not None
    assert len(report.generated_password) == 20
    (user,) = await rows(database, "directus_users")
    assert await hasher.verify(user["password"], report.generated_password)
    assert (user["email"], user["token"]) == (report.admin_email, None)


async def test_once_is_enough_also_at_the_same_time(database: Database, hasher: Hasher) -> None:
    reports = await asyncio.gather(*(bootstrap(database, hasher=hasher) for _ in range(4)))
    assert sorted(report.created for report in reports) == [False, False, False, True]
    again = await bootstrap(database, admin_email="other@example.com", admin_password="x", hasher=hasher)
    assert (again.created, again.missing) == (False, ())
    assert len(await rows(database, "directus_users")) == 1


async def test_a_failure_leaves_nothing(
    database: Database, hasher: Hasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "INCLUDED", (("1", "one"), ("1", "one again")))
    with pytest.raises(sa.exc.IntegrityError):
        await bootstrap(database, hasher=hasher)
    assert await database.run_sync(lambda connection: sa.inspect(connection).get_table_names()) == []


async def test_a_database_that_directus_made_stays_as_it_is(tmp_path: Path, hasher: Hasher) -> None:
    path = unpack_database(tmp_path / "directus.sqlite")
    database = await open_database(f"sqlite:///{path}")
    before = [await rows(database, name) for name in SYSTEM]
    report = await bootstrap(database, admin_email="new@example.com", admin_password="new", hasher=hasher)
    assert (report.created, report.missing) == (False, ())
    assert [await rows(database, name) for name in SYSTEM] == before
    await database.close()


async def test_missing_tables_are_told(tmp_path: Path, hasher: Hasher) -> None:
    database = await open_database(f"sqlite:///{unpack_database(tmp_path / 'older.sqlite')}")
    await database.run_sync(
        lambda connection: connection.execute(sa.text("drop table directus_oauth_tokens"))
    )
    assert (await bootstrap(database, hasher=hasher)).missing == ("directus_oauth_tokens",)
    await database.close()


async def test_a_stored_text_that_is_no_hash_matches_nothing(hasher: Hasher) -> None:
    for stored in ("", "password", "$argon2id$broken", "$2b$12$abcdefghijklmnopqrstuv"):
        assert not await hasher.verify(stored, "password")


async def test_passwords_of_a_directus_server_are_known() -> None:
    hasher = Hasher(threads=1)
    stored = (
        "$argon2id$v=19$m=65536,t=3,p=4$TcIGiN5HeuyoRzhczYhkNw$mZQm0DgK9xV3VXEm6uzWUTD8AbtwyRvfUuN9rx7BMy4"
    )
    assert await hasher.verify(stored, "password")
    hasher.close()


def test_random_text_differs() -> None:
    assert len({random_text() for _ in range(100)}) == 100
    assert all(text.isalnum() and len(text) == 32 for text in (random_text() for _ in range(10)))
