"""What a server must live through: clients that leave, a database that restarts, more work than it can do."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from schema_gen.database import Database, open_database
from tests.conftest import MakeDatabase
from tests.support.postgres import Cluster, start_cluster
from tests.support.project import ADMIN_TOKEN, seed_system
from tests.support.server import NO_TLS, ServerProcess, running_server

ADMIN = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
#: a view that takes about as long as a client is willing to wait, and a quick table beside it
SLOW = {
    "sqlite": "create view {name} as with recursive c (n) as "
    "(select 1 union all select n + 1 from c where n < {seconds} * 5000000) select count(*) as id from c",
    "postgresql": "create view {name} as select 1 as id, pg_sleep({seconds})::text as nap",
}
#: one item of 60 MB, more than the buffers of any socket
FLOOD = "create view floods as select 1 as id, hex(zeroblob(30000000)) as body"


async def seed_slow(url: str) -> None:
    await seed_system(url)
    database = await open_database(url)
    try:
        async with database.transaction() as transaction:
            await transaction.execute("create table notes (id integer primary key, body varchar(50))")
            await transaction.execute("insert into notes values (1, 'one'), (2, 'two')")
            for name, seconds in (("naps", 60), ("winks", 1)):
                await transaction.execute(SLOW[database.dialect].format(name=name, seconds=seconds))
    finally:
        await database.close()


async def wait_until(condition: object, seconds: float = 15) -> bool:
    """`condition`: a function that gives an awaitable of the truth."""
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if await condition():
            return True
        await asyncio.sleep(0.1)
    return False


async def naps_under_way(database: Database) -> int:
    rows = await database.fetch(
        "select count(*) from pg_stat_activity where state = 'active' and query like '%naps%' "
        "and pid <> pg_backend_pid()"
    )
    return int(rows[0][0])


async def test_a_client_that_leaves_frees_its_connection(make_database: MakeDatabase, tmp_path: Path) -> None:
    url = await make_database(seed_slow)
    # as few connections as can be: where one of them stays taken, the last request cannot be answered
    few = {"DB_POOL__MIN": "1", "DB_POOL__MAX": "2", "CAUSEWAY_SQLITE_READERS": "2"}
    with running_server(url, tmp_path, **few) as server:
        async with httpx.AsyncClient(base_url=server.url, headers=ADMIN, timeout=30, verify=NO_TLS) as client:
            assert (await client.get("/items/notes/1")).status_code == 200
            for _ in range(2):
                with pytest.raises(httpx.ReadTimeout):
                    await asyncio.gather(*(client.get("/items/naps", timeout=1) for _ in range(2)))
            answer = await client.get("/items/notes/2")
            assert answer.json() == {"data": {"id": 2, "body": "two"}}
        if url.startswith("postgresql"):
            watching = await open_database(url)
            try:

                async def over() -> bool:
                    return await naps_under_way(watching) == 0

                assert await wait_until(over)
            finally:
                await watching.close()
        assert server.stop() == 0
        assert server.log.count(" 499 ") == 4
        assert "Traceback" not in server.log


@pytest.mark.slow
async def test_a_reply_that_nobody_takes_is_dropped(tmp_path: Path) -> None:
    """The row has been read by then: no connection of the database is held, and one database is enough."""
    url = f"sqlite:///{tmp_path}/floods.sqlite"
    await seed_system(url)
    database = await open_database(url)
    async with database.transaction() as transaction:
        await transaction.execute(FLOOD)
    await database.close()
    with running_server(url, tmp_path) as server:
        host, port = server.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        head = f"GET /items/floods HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ADMIN_TOKEN}\r\n\r\n"
        writer.write(head.encode())
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        # asyncio stops reading when its own buffer is full
        await asyncio.sleep(15)
        taken = 0
        try:
            while part := await asyncio.wait_for(reader.read(1 << 20), 20):
                taken += len(part)
        except ConnectionError:
            pass
        writer.close()
        assert taken < 55_000_000
        answer = await asyncio.to_thread(httpx.get, f"{server.url}/users/me", headers=ADMIN, timeout=30)
        assert answer.status_code == 200


async def test_who_is_being_answered_when_the_server_stops_is_answered(
    make_database: MakeDatabase, tmp_path: Path
) -> None:
    url = await make_database(seed_slow)
    with running_server(url, tmp_path, SERVER_SHUTDOWN_TIMEOUT="30s") as server:
        async with httpx.AsyncClient(base_url=server.url, headers=ADMIN, timeout=60, verify=NO_TLS) as client:
            assert (await client.get("/items/notes/1")).status_code == 200
            under_way = asyncio.create_task(client.get("/items/winks"))
            await asyncio.sleep(0.2)
            ended = asyncio.create_task(asyncio.to_thread(server.stop))
            assert (await under_way).status_code == 200
            assert await ended == 0
            assert "Traceback" not in server.log


async def test_a_stop_does_not_wait_for_ever(make_database: MakeDatabase, tmp_path: Path) -> None:
    url = await make_database(seed_slow)
    with running_server(url, tmp_path, SERVER_SHUTDOWN_TIMEOUT="500") as server:
        async with httpx.AsyncClient(base_url=server.url, headers=ADMIN, timeout=60, verify=NO_TLS) as client:
            under_way = asyncio.create_task(client.get("/items/naps"))
            await asyncio.sleep(0.5)
            assert await asyncio.to_thread(server.stop) == 0  # not killed
            answer = await under_way
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert "Traceback" not in server.log


@pytest.fixture
def own_cluster() -> Iterator[Cluster]:
    """A cluster that may be restarted; the shared one may not."""
    with tempfile.TemporaryDirectory(prefix="causeway-restart-", dir="/tmp") as name:
        os.chmod(name, 0o755)
        cluster = start_cluster(Path(name) / "pg")
        try:
            yield cluster
        finally:
            cluster.stop()


async def test_a_restart_of_postgresql_is_survived(own_cluster: Cluster, tmp_path: Path) -> None:
    url = own_cluster.create("restarted")
    await seed_slow(url)
    with running_server(url, tmp_path, DB_POOL__MIN="4", DB_POOL__MAX="4") as server:
        async with httpx.AsyncClient(base_url=server.url, headers=ADMIN, timeout=30, verify=NO_TLS) as client:

            async def read() -> list[int]:
                replies = await asyncio.gather(*(client.get("/items/notes/1") for _ in range(8)))
                return [reply.status_code for reply in replies]

            assert await read() == [200] * 8
            await asyncio.to_thread(own_cluster.restart)
            # every connection is broken; each read is tried once more on a fresh one
            assert await read() == [200] * 8
            own_cluster.stop()
            stopped = await client.get("/items/notes/1")
            assert stopped.status_code == 503
            assert stopped.json()["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"
            assert int(stopped.headers["retry-after"]) >= 1
            await asyncio.to_thread(own_cluster.restart)

            async def back() -> bool:
                return await read() == [200] * 8

            assert await wait_until(back)
        assert server.process.poll() is None


async def test_overload_is_answered_503_and_memory_stays(make_database: MakeDatabase, tmp_path: Path) -> None:
    url = await make_database(seed_slow)
    limits = {"CAUSEWAY_MAX_REQUESTS": "50", "DB_POOL__MAX": "4", "LOG_LEVEL": "warn"}
    with running_server(url, tmp_path, **limits) as server:
        statuses, grown = await drive(server, connections=500, seconds=4)
        assert set(statuses) <= {200, 503}
        # refusing must not cost the others their turn (it did: 1 in 50)
        assert statuses[503] < 20 * statuses[200], statuses
        assert statuses[503] > 100, statuses
        assert grown < 60 << 20, f"{grown >> 20} MB"
        async with httpx.AsyncClient(base_url=server.url, headers=ADMIN, timeout=30, verify=NO_TLS) as client:
            assert (await client.get("/items/notes/1")).status_code == 200
        assert server.stop() == 0


async def drive(server: ServerProcess, *, connections: int, seconds: float) -> tuple[dict[int, int], int]:
    """Counts of statuses, and by how many bytes the server grew. A 503 has to say when to come back."""
    host, port = server.url.removeprefix("http://").split(":")
    request = f"GET /items/notes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ADMIN_TOKEN}\r\n\r\n".encode()
    before, ends = server.memory(), time.monotonic() + seconds
    statuses: dict[int, int] = {200: 0, 503: 0}

    async def client() -> None:
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            while time.monotonic() < ends:
                writer.write(request)
                head = await reader.readuntil(b"\r\n\r\n")
                fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
                body = await reader.readexactly(int(fields[b"content-length"]))
                status = int(head.split(b" ", 2)[1])
                statuses[status] = statuses.get(status, 0) + 1
                if status == 503:
                    assert int(fields[b"retry-after"]) >= 1
                    assert json.loads(body)["errors"][0]["extensions"]["reason"] == "Under pressure"
        finally:
            writer.close()

    await asyncio.gather(*(client() for _ in range(connections)))
    return statuses, server.memory() - before
