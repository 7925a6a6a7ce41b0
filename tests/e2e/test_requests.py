"""The ways in, against a real process on both databases; and what every worker learns at once."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path

import httpx

from schema_gen.database import open_database
from schema_gen.epoch import open_epochs
from tests.conftest import MakeDatabase
from tests.support.newsroom import EDITOR_PASSWORD, EDITOR_TOKEN, seed_newsroom
from tests.support.project import ADMIN_TOKEN
from tests.support.server import NO_TLS, causeway, running_server

ACCOUNT = {"email": "editor@example.com", "password": EDITOR_PASSWORD}


async def test_rest_graphql_and_login(make_database: MakeDatabase, tmp_path: Path) -> None:
    url = await make_database(seed_newsroom)
    with (
        running_server(url, tmp_path) as server,
        httpx.Client(base_url=server.url, timeout=30, verify=NO_TLS) as client,
    ):
        admin = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
        rest = client.get("/items/articles/1?fields=title,author.name", headers=admin)
        assert rest.json() == {"data": {"title": "One", "author": {"name": "Ada"}}}
        query = {"query": '{ articles(sort: "id") { id title author { name } } }'}
        issued = client.post("/auth/login", json=ACCOUNT).json()["data"]
        editor = {"Authorization": f"Bearer {issued['access_token']}"}
        graphql = client.post("/graphql", json=query, headers=editor)
        assert graphql.json() == {
            "data": {
                "articles": [
                    {"id": "1", "title": "One", "author": {"name": "Ada"}},
                    {"id": "2", "title": "Two", "author": {"name": "Eve"}},
                ]
            }
        }
        by_get = client.get("/graphql", params=query, headers=editor)
        assert by_get.content == graphql.content
        hidden = client.post("/graphql", json={"query": "{ articles { secret } }"}, headers=editor)
        assert (hidden.status_code, hidden.json()["errors"][0]["extensions"]["code"]) == (
            400,
            "GRAPHQL_VALIDATION",
        )
        system = client.post("/graphql/system", json={"query": "{ server_ping }"}, headers=editor)
        assert system.json() == {"data": {"server_ping": "pong"}}
        assert client.get("/items/articles").status_code == 403
        # no mails can be sent
        assert client.get("/server/health", headers=admin).json()["status"] == "warn"
        assert client.get("/", follow_redirects=False).headers["location"] == "./graphql"


async def everywhere(url: str, path: str, token: str) -> Counter[int]:
    """Statuses of 40 requests, each on a connection of its own, so that every worker gets some."""
    statuses: Counter[int] = Counter()

    async def one() -> None:
        async with httpx.AsyncClient(base_url=url, timeout=30, verify=NO_TLS) as client:
            answer = await client.get(path, headers={"Authorization": f"Bearer {token}"})
            statuses[answer.status_code] += 1

    await asyncio.gather(*(one() for _ in range(40)))
    return statuses


async def test_what_is_taken_away_is_gone_in_every_worker_at_once(
    make_database: MakeDatabase, tmp_path: Path
) -> None:
    url = await make_database(seed_newsroom)
    # long enough that only being told can explain a change
    with running_server(url, tmp_path, "--workers", "2", CAUSEWAY_ACCESS_TTL="1h") as server:
        await until_up(server.url)
        async with httpx.AsyncClient(base_url=server.url, timeout=30, verify=NO_TLS) as client:
            issued = (await client.post("/auth/login", json=ACCOUNT)).json()["data"]["access_token"]
        assert await everywhere(server.url, "/items/articles", issued) == {200: 40}
        changed = await asyncio.to_thread(
            causeway,
            url,
            tmp_path,
            "users",
            "passwd",
            ACCOUNT["email"],
            "--password-stdin",
            stdin="another password\n",
        )
        assert changed.returncode == 0, changed.stderr
        assert await everywhere(server.url, "/items/articles", issued) == {401: 40}

        assert await everywhere(server.url, "/items/articles", EDITOR_TOKEN) == {200: 40}
        database = await open_database(url)
        epochs = await open_epochs(database)
        try:
            async with database.transaction() as transaction:
                await transaction.execute("delete from directus_permissions where collection = 'articles'")
            await epochs.bump_access()
            assert await everywhere(server.url, "/items/articles", EDITOR_TOKEN) == {403: 40}
            async with database.transaction() as transaction:
                await transaction.execute("create table arrivals (id integer primary key)")
            await epochs.bump_schema()
            assert await everywhere(server.url, "/items/arrivals", ADMIN_TOKEN) == {200: 40}
        finally:
            await epochs.close()
            await database.close()
        assert "Traceback" not in server.log


async def until_up(url: str) -> None:
    """Workers open the address after it was announced."""
    for _ in range(300):
        try:
            async with httpx.AsyncClient(base_url=url, verify=NO_TLS) as client:
                answer = await client.get("/server/ping")
            if answer.status_code == 200:
                return
        except httpx.TransportError:
            await asyncio.sleep(0.1)
    raise AssertionError(json.dumps({"not up": url}))
