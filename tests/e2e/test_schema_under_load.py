"""Tables change while many read: nobody gets an error, and nobody an answer from before the change once that
has been told.

Two servers on one database are two workers of which each can be asked by itself. `SCHEMA_CHANGES=20` for a
quick look.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from schema_gen.database import open_database
from tests.conftest import MakeDatabase
from tests.support.project import ADMIN_TOKEN, change, seed_system
from tests.support.server import NO_TLS, ServerProcess, running_server

READERS: Final = 16
#: seconds that a reader takes for an answer, so that the load is many readers and not a full processor
PAUSE: Final = 0.1
_LENGTH: Final = re.compile(rb"(?i)\r\ncontent-length: (\d+)")
CHANGES: Final = int(os.environ.get("SCHEMA_CHANGES", "200"))
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


def request(method: str, target: str, body: Mapping[str, Any] | None) -> bytes:
    sent = b"" if body is None else json.dumps(body).encode()
    lines = (f"{method} {target} HTTP/1.1", "Host: x", *(f"{name}: {value}" for name, value in ADMIN.items()))
    if body is not None:
        lines += ("Content-Type: application/json", f"Content-Length: {len(sent)}")
    return "\r\n".join((*lines, "", "")).encode() + sent


@dataclass(kw_only=True)
class Readers:
    """Clients that read until they are stopped; `wrong` is what they should not have got. What they ask and
    are told goes by without a library, which would cost as much as the servers.
    """

    servers: tuple[ServerProcess, ...]
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
        host, _, port = self.servers[number % len(self.servers)].url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        asked = cycle(ASKED[number % len(ASKED) :] + ASKED[: number % len(ASKED)])
        while not self._done:
            method, target, body = next(asked)
            writer.write(request(method, target, body))
            head = await reader.readuntil(b"\r\n\r\n")
            answer = await reader.readexactly(int(_LENGTH.findall(head)[0]))
            self.answers += 1
            await asyncio.sleep(PAUSE)
            if b" 200 " not in head.partition(b"\r\n")[0] or b'"errors"' in answer:
                self.wrong.append(f"{method} {target}: {head[:40]!r} {answer[:200]!r}")
        writer.close()


@dataclass(kw_only=True)
class Changer:
    """An administrator who changes the schema, now with one server, now with the other."""

    clients: tuple[httpx.AsyncClient, ...]
    changes: int = 0

    async def change(self, method: str, target: str, payload: Mapping[str, Any] | None = None) -> None:
        self.changes += 1
        client = self.clients[self.changes % len(self.clients)]
        answer = await client.request(method, target, json=payload)
        assert answer.status_code == (204 if method == "DELETE" else 200), answer.text

    async def round(self, number: int) -> None:
        """Five changes, after each of which both servers are asked for what it changed."""
        name, shelf = f"extra_{number}", f"shelf_{number}"
        made = {"type": "string", "schema": {"default_value": str(number)}}
        await self.change("POST", "/fields/notes", {"field": name, **made})
        await self.everywhere(self.has_field, name, str(number))
        changed = {"type": "text", "schema": {"is_nullable": True}, "meta": {"note": "more room"}}
        await self.change("PATCH", f"/fields/notes/{name}", changed)
        await self.everywhere(self.has_field, name, str(number))
        columns = [{"field": "id", "type": "integer", "schema": {"is_primary_key": True}}]
        await self.change("POST", "/collections", {"collection": shelf, "schema": {}, "fields": columns})
        await self.everywhere(self.has_collection, shelf, True)
        await self.change("DELETE", f"/collections/{shelf}")
        await self.everywhere(self.has_collection, shelf, False)
        await self.change("DELETE", f"/fields/notes/{name}")
        await self.everywhere(self.has_field, name, None)

    async def everywhere(self, has: Callable[..., Awaitable[None]], name: str, wanted: object) -> None:
        await asyncio.gather(*(has(client, name, wanted) for client in self.clients))

    async def has_field(self, client: httpx.AsyncClient, name: str, value: str | None) -> None:
        row = (await client.get("/items/notes/1")).json()["data"]
        assert row.get(name) == value
        query = {"query": f"{{ notes_by_id(id: 1) {{ {name} }} }}"}
        told = (await client.post("/graphql", json=query)).json()
        if value is None:
            assert told["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION"
        else:
            assert told == {"data": {"notes_by_id": {name: value}}}

    async def has_collection(self, client: httpx.AsyncClient, name: str, there: bool) -> None:
        assert (await client.get(f"/items/{name}")).status_code == (200 if there else 403)
        told = (await client.post("/graphql", json={"query": f"{{ {name} {{ id }} }}"})).json()
        assert ("errors" in told) is not there


async def changes_under_load(servers: tuple[ServerProcess, ...], changes: int) -> None:
    clients = tuple(
        httpx.AsyncClient(base_url=server.url, headers=ADMIN, timeout=60, verify=NO_TLS) for server in servers
    )
    readers, changer = Readers(servers=servers), Changer(clients=clients)
    try:
        async with readers.at_work():
            while changer.changes < changes:
                await changer.round(changer.changes)
    finally:
        for client in clients:
            await client.aclose()
    assert readers.wrong == []
    assert readers.answers > changes


@pytest.mark.slow
async def test_nobody_reads_what_is_no_longer_there(make_database: MakeDatabase, tmp_path: Path) -> None:
    url = await make_database(seed_read_tables)
    few = {"DB_POOL__MAX": "4", "PRESSURE_LIMITER_ENABLED": "false"}
    with ExitStack() as stack:
        servers = tuple(stack.enter_context(running_server(url, tmp_path, **few)) for _ in range(2))
        await changes_under_load(servers, CHANGES)
        for server in servers:
            assert server.stop() == 0
            assert "Traceback" not in server.log
