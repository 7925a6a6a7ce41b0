"""Changes of the structure by those who mean harm, or do not know better: clear refusals, nothing half done,
no word of what is hidden.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import count
from typing import Any, Final

import pytest

from schema_gen.database import open_database
from tests.conftest import MakeDatabase
from tests.support.modelling import ask, make, told
from tests.support.project import (
    Site,
    add_policy,
    add_role,
    add_user,
    change,
    data,
    grant,
    running,
    seed_system,
)

TOKEN: Final = "reader-token"
#: keys of new things
_NUMBERS: Final = count(2)
_TABLES: Final = (
    "create table things (id integer primary key, title varchar(20))",
    "create table vault (id integer primary key, thing integer references things (id))",
    "create table parts (id integer primary key, thing integer references things (id))",
    "insert into things values (1, 'one')",
    "insert into vault values (1, 1)",
    "insert into parts values (1, 1)",
)


async def seed(url: str) -> None:
    await seed_system(url)
    database = await open_database(url)
    for statement in _TABLES:
        await change(database, statement)
    role = await add_role(database, "reader")
    policy = await add_policy(database, role=role)
    for action in ("create", "read", "update"):
        await grant(database, policy, "things", action)
    await grant(database, policy, "parts")
    await add_user(database, "reader@example.com", token=TOKEN, role=role)
    await database.close()


@pytest.fixture
async def site(make_database: MakeDatabase) -> AsyncIterator[Site]:
    async with running(await make_database(seed)) as opened:
        yield opened


# --- lists of hidden tables -----------------------------------------------------------------------------

_ASKED: Final = (
    "things?fields={}",
    "things?fields={}.id",
    "things?fields=*,{}.thing.*",
    "things?alias[a]={}&fields=a",
    "things?fields=count({})",
    "things?sort={}.id",
    "things?filter[{}][id][_eq]=1",
    "things?filter[{}][_some][id][_eq]=1",
    "things?filter[count({})][_gt]=0",
    "things?aggregate[count]={}",
    "things?groupBy={}",
    "things?deep[{}][_limit]=1",
    "parts?fields=thing.{}",
    "parts?filter[thing][{}][id][_eq]=1",
    "parts?fields=thing.parts.thing.{}",
)
_WRITTEN: Final[tuple[Any, ...]] = (
    [],
    [{}],
    [1],
    None,
    7,
    {"create": [{}]},
    {"update": 3},
    {"delete": [1]},
    {"nope": 1},
)


async def test_a_list_of_a_hidden_table_is_asked_for_like_a_missing_one(site: Site) -> None:
    for asked in _ASKED:
        hidden, missing = [
            await site.ask("GET", f"/items/{asked.replace('{}', name)}", token=TOKEN)
            for name in ("vault", "qqqqq")
        ]
        assert hidden.status == missing.status, asked
        assert hidden.body.replace(b"vault", b"qqqqq") == missing.body, asked


async def test_a_list_of_a_hidden_table_is_written_like_a_missing_one(site: Site) -> None:
    for value in _WRITTEN:
        for name in ("vault", "qqqqq"):
            item = {"title": "two", name: value}
            for method, target, payload in (
                ("PATCH", "/items/things/1", item),
                ("PATCH", "/items/things", {"keys": [1], "data": item}),
                ("PATCH", "/items/things", [{"id": 1, **item}]),
                ("POST", "/items/things", {"id": next(_NUMBERS), **item}),
            ):
                answer = await site.ask(method, target, payload, token=TOKEN)
                assert answer.status == 200, (name, value, answer.body)
    assert [tuple(row) for row in await site.database.fetch("select id, thing from vault")] == [(1, 1)]


async def test_who_may_do_something_there_is_told_of_the_list(site: Site) -> None:
    target = "/items/things/1?fields=vault"
    assert (await site.ask("GET", target, token=TOKEN)).status == 403
    policy = (await site.database.fetch("select policy from directus_permissions"))[0][0]
    await grant(site.database, str(policy), "vault")
    await site.project.epochs.bump_access()
    assert data(await site.ask("GET", target, token=TOKEN)) == {"vault": [1]}


# --- names and columns in use ---------------------------------------------------------------------------


async def test_a_collection_may_be_called_like_the_database(site: Site) -> None:
    await make(site, "sqlite", {"field": "slug", "type": "string"}, {"field": "other", "type": "integer"})
    for schema in ({"is_unique": True}, {"is_indexed": True}, {"is_unique": False, "is_indexed": False}):
        await told(site, "PATCH", "/fields/sqlite/slug", {"schema": schema})
        shown = (await told(site, "GET", "/fields/sqlite/slug"))["schema"]
        assert {name: shown[name] for name in schema} == schema
    relation = {"collection": "sqlite", "field": "other", "related_collection": "things", "schema": {}}
    await told(site, "POST", "/relations", relation)
    await told(site, "POST", "/items/sqlite", {"slug": "x", "other": 1})


async def test_the_type_of_a_column_that_others_compute_with(site: Site) -> None:
    """SQLite goes on computing with texts; PostgreSQL cannot, and says so."""
    for used in (
        "create index things_used on things ((size + 1))",
        "create index things_used on things (id) where size > 7",
        "create view things_used as select id from things where size + 1 > 7",
    ):
        await change(site.database, "alter table things add column size integer")
        await change(site.database, used)
        await ask(site, "POST", "/utils/cache/clear")
        answer = await ask(site, "PATCH", "/fields/things/size", {"type": "string", "schema": {}})
        assert answer.status == (200 if site.database.dialect == "sqlite" else 400), answer.body
        kind = "string" if answer.status == 200 else "integer"
        assert (await told(site, "GET", "/fields/things/size"))["type"] == kind
        assert (await ask(site, "GET", "/items/things")).status == 200
        await change(site.database, f"drop {used.split()[1]} things_used")
        await change(site.database, "alter table things drop column size")
