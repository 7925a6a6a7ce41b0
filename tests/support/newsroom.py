"""A small newsroom in a running project: an editor who may read some of it, and rows worth hiding.

articles (title, body, secret, author) -> authors (name, email). The editor reads articles without `secret`,
only published ones, and authors without `email`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from schema_gen.database import open_database
from tests.conftest import MakeDatabase
from tests.support.project import (
    Site,
    add_policy,
    add_role,
    add_user,
    cheap_hasher,
    grant,
    running,
    seed_system,
)

EDITOR_TOKEN: Final = "the-token-of-the-editor"
EDITOR_PASSWORD: Final = "the password of the editor"
_TABLES: Final = (
    "create table authors (id integer primary key, name varchar(90), email varchar(90))",
    "create table articles (id integer primary key, title varchar(90), status varchar(20), body text, "
    "secret varchar(90), author integer references authors (id))",
    "create table vault (id integer primary key, code varchar(90))",
    "insert into authors values (1, 'Ada', 'ada@hidden.example'), (2, 'Eve', 'eve@hidden.example')",
    "insert into articles values (1, 'One', 'published', 'first 100%', 'plum-pudding', 1), "
    "(2, 'Two', 'published', 'second_body', 'steam-engine', 2), (3, 'Three', 'draft', 'third', 'hush', 1)",
    "insert into vault values (1, 'open-sesame')",
)


async def seed_newsroom(url: str) -> None:
    await seed_system(url)
    database = await open_database(url)
    try:
        async with database.transaction() as transaction:
            for statement in _TABLES:
                await transaction.execute(statement)
        role = await add_role(database, "editor")
        policy = await add_policy(database, role=role)
        await grant(
            database,
            policy,
            "articles",
            fields="id,title,status,body,author",
            rule={"status": {"_eq": "published"}},
        )
        await grant(database, policy, "authors", fields="id,name")
        hasher = cheap_hasher()
        hashed = await hasher.hash(EDITOR_PASSWORD)
        hasher.close()
        await add_user(database, "editor@example.com", token=EDITOR_TOKEN, role=role)
        async with database.transaction() as transaction:
            await transaction.execute(
                database.native("update directus_users set password = $1 where email = $2"),
                (hashed, "editor@example.com"),
            )
    finally:
        await database.close()


@asynccontextmanager
async def newsroom(make_database: MakeDatabase, **values: str) -> AsyncIterator[Site]:
    async with running(await make_database(seed_newsroom), **values) as site:
        yield site
