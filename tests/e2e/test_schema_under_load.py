"""Tables change while many read: nobody gets an error, and nobody an answer from before the change once that
has been told.

Two servers on one database are two workers of which each can be asked by itself. The changes are made as an
administrator makes them who goes past the API: by SQL, and then by telling that the schema has changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from schema_gen.database import Database, open_database
from schema_gen.epoch import Epochs, open_epochs
from tests.conftest import MakeDatabase
from tests.support.project import ADMIN_TOKEN, change, seed_system
from tests.support.server import ServerProcess, running_server

READERS: Final = 16
#: seconds that a reader takes for an answer, so that the load is many readers and not a full processor
PAUSE: Final = 0.05
ADMIN: Final = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
#: what readers ask for again and again; all of it is there all the time
GRAPHQL: Final = '{ notes(limit: 5, sort: ["id"]) { id title author { name } } }'
ASKED: Final[tuple[tuple[str, str, Mapping[str, Any] | None], ...]] = (
    ("GET", "/items/notes?limit=5", None),
    ("POST", "/graphql", {"query": GRAPHQL}),
    ("GET", "/items/notes/1?fields=*.*", None),
    ("GET", "/items/notes?fields=id,title,author.*&filter[author][name][_eq]=Ada&meta=*", None),
    ("POST", "/graphql", {"query": "{ authors_aggregated { count { id } } notes_by_id(id: 2) { title } }"}),
)


async def seed_read_tables(url: str) -> None:
    await seed_system(url)
    database = await open_database(url)
    try:
        for statement in (
            "create table authors (id integer primary key, name varchar(50))",
            "create table notes (id integer primary key, title varchar(50),"
            " author integer references authors (id))",
            "insert into authors values (1, 'Ada'), (2, 'Bob')",
            "insert into notes values (1, 'one', 1), (2, 'two', 2), (3, 'three', null)",
        ):
            await change(database, statement)
    finally:
        await database.close()


@dataclass(kw_only=True)
class Readers:
    """Clients that read until they are stopped; `wrong` is what they should not have got."""

    clients: tuple[httpx.AsyncClient, ...]
    answers: int = 0
    wrong: list[str] = field(default_factory=list)
    _done: bool = False

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            for number in range(READERS):
                group.create_task(self._read(number))
            try:
                yield
            finally:
                self._done = True

    async def _read(self, number: int) -> None:
        client = self.clients[number % len(self.clients)]
        asked = cycle(ASKED[number % len(ASKED) :] + ASKED[: number % len(ASKED)])
        while not self._done:
            method, target, body = next(asked)
            answer = await client.request(method, target, json=body)
            self.answers += 1
            await asyncio.sleep(PAUSE)
            if answer.status_code != 200 or b'"errors"' in answer.content:
                self.wrong.append(f"{method} {target}: {answer.status_code} {answer.text[:200]}")


@dataclass(kw_only=True)
class Changer:
    database: Database
    epochs: Epochs
    clients: tuple[httpx.AsyncClient, ...]

    async def change(self, sql: str) -> None:
        await change(self.database, sql)
        await self.epochs.bump_schema()

    async def round(self, number: int) -> None:
        """Four changes, after each of which both servers are asked for what it changed."""
        name = f"extra_{number}"
        await self.change(f"alter table notes add column {name} varchar(20) default '{number}'")
        await self.expect(name, number, f"extra_{number - 1}")
        await self.change(f"alter table notes rename column {name} to renamed_{number}")
        await self.expect(f"renamed_{number}", number, name)
        await self.change(f"create table shelf_{number} (id integer primary key, note varchar(9))")
        await asyncio.gather(*(self.there(client, f"shelf_{number}", True) for client in self.clients))
        await self.change(f"drop table shelf_{number}")
        await asyncio.gather(*(self.there(client, f"shelf_{number}", False) for client in self.clients))

    async def expect(self, there: str, value: int, gone: str) -> None:
        await asyncio.gather(*(self._expect(client, there, value, gone) for client in self.clients))

    async def _expect(self, client: httpx.AsyncClient, there: str, value: int, gone: str) -> None:
        row = (await client.get("/items/notes/1")).json()["data"]
        assert row.get(there) == str(value)
        assert gone not in row
        told = await client.post("/graphql", json={"query": f"{{ notes_by_id(id: 1) {{ {there} }} }}"})
        assert told.json() == {"data": {"notes_by_id": {there: str(value)}}}
        asked = await client.post("/graphql", json={"query": f"{{ notes_by_id(id: 1) {{ {gone} }} }}"})
        assert asked.json()["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION"

    async def there(self, client: httpx.AsyncClient, table: str, there: bool) -> None:
        answer = await client.get(f"/items/{table}")
        assert answer.status_code == (200 if there else 403)
        told = (await client.post("/graphql", json={"query": f"{{ {table} {{ id }} }}"})).json()
        assert ("errors" in told) is not there


async def changes_under_load(servers: tuple[ServerProcess, ...], url: str, rounds: int) -> None:
    database = await open_database(url)
    epochs = await open_epochs(database)
    clients = tuple(httpx.AsyncClient(base_url=server.url, headers=ADMIN, timeout=60) for server in servers)
    readers, changer = Readers(clients=clients), Changer(database=database, epochs=epochs, clients=clients)
    try:
        async with readers.at_work():
            for number in range(1, rounds + 1):
                await changer.round(number)
                await changer.change(f"alter table notes drop column renamed_{number}")
    finally:
        for client in clients:
            await client.aclose()
        await epochs.close()
        await database.close()
    assert readers.wrong == []
    assert readers.answers > 5 * rounds


@pytest.mark.parametrize(
    "changes", [pytest.param(20, id="some"), pytest.param(200, id="many", marks=pytest.mark.slow)]
)
async def test_nobody_reads_what_is_no_longer_there(
    make_database: MakeDatabase, tmp_path: Path, changes: int
) -> None:
    url = await make_database(seed_read_tables)
    few = {"DB_POOL__MAX": "4", "PRESSURE_LIMITER_ENABLED": "false"}
    with ExitStack() as stack:
        servers = tuple(stack.enter_context(running_server(url, tmp_path, **few)) for _ in range(2))
        await changes_under_load(servers, url, changes // 5)
        for server in servers:
            assert server.stop() == 0
            assert "Traceback" not in server.log
