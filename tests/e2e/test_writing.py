"""Writes of a real server: killed in the middle of them, many at once, in each other's way."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from schema_gen.database import Database, open_database
from tests.conftest import MakeDatabase
from tests.support.seeds import TOKEN, seed_demo
from tests.support.server import NO_TLS, running_server

ADMIN: Final = {"Authorization": f"Bearer {TOKEN}"}
#: nested items of each article of a batch, and articles of a batch
COMMENTS: Final = 4
ARTICLES: Final = 3
KILLS: Final = 20


def article(mark: str) -> dict[str, Any]:
    return {
        "title": mark,
        "slug": mark,
        "author": {"name": f"author of {mark}"},
        "comments": [{"body": mark, "author_name": str(number)} for number in range(COMMENTS)],
        "tags": [{"tags_id": {"name": f"{mark} tag"}}],
    }


async def write_until_it_dies(url: str, worker: int, round_: int, acknowledged: list[str]) -> None:
    async with httpx.AsyncClient(base_url=url, headers=ADMIN, timeout=30, verify=NO_TLS) as client:
        for number in range(10_000):
            marks = [f"r{round_}-w{worker}-n{number}-{place}" for place in range(ARTICLES)]
            try:
                answer = await client.post("/items/articles", json=[article(mark) for mark in marks])
            except httpx.HTTPError:
                return
            assert answer.status_code == 200, answer.text
            acknowledged.extend(marks)


async def check_whole(database: Database, acknowledged: Sequence[str]) -> int:
    """Every article of a batch is there with all that belongs to it, or nothing of it is."""
    there = {
        str(slug): (str(author), int(comments), int(tags), int(activity), int(revisions))
        for slug, author, comments, tags, activity, revisions in await database.fetch(
            """select a.slug, (select name from authors where id = a.author),
            (select count(*) from comments c where c.article = a.id and c.body = a.slug),
            (select count(*) from articles_tags t join tags g on g.id = t.tags_id
             where t.articles_id = a.id and g.name = a.slug || ' tag'),
            (select count(*) from directus_activity v
             where v.collection = 'articles' and v.item = cast(a.id as varchar(20))),
            (select count(*) from directus_revisions r
             where r.collection = 'articles' and r.item = cast(a.id as varchar(20)))
            from articles a where a.slug like 'r%-w%'"""
        )
    }
    assert {mark for mark in acknowledged if mark not in there} == set()
    assert {mark: found for mark, found in there.items() if found != whole(mark)} == {}
    batches = {mark.rpartition("-")[0] for mark in there}
    assert len(there) == len(batches) * ARTICLES
    ((orphans,),) = await database.fetch(
        "select count(*) from comments c where c.body like 'r%-w%' "
        "and not exists (select 1 from articles a where a.id = c.article)"
    )
    assert orphans == 0
    return len(there)


def whole(mark: str) -> tuple[str, int, int, int, int]:
    return (f"author of {mark}", COMMENTS, 1, 1, 1)


async def answering(client: httpx.AsyncClient) -> None:
    """Several workers bind their socket before they listen to it."""
    while True:
        try:
            await client.get("/server/ping")
        except httpx.ConnectError:
            await asyncio.sleep(0.05)
        else:
            return


async def test_killed_in_the_middle_of_writing(make_database: MakeDatabase, tmp_path: Path) -> None:
    """No item is half there, and none that was acknowledged is lost."""
    url = await make_database(seed_demo)
    chance = random.Random(7)
    acknowledged: list[str] = []
    for round_ in range(KILLS):
        with running_server(url, tmp_path, LOG_LEVEL="error") as server:
            writers = [
                asyncio.create_task(write_until_it_dies(server.url, worker, round_, acknowledged))
                for worker in range(4)
            ]
            before = len(acknowledged)
            while len(acknowledged) == before:
                await asyncio.sleep(0.005)
            await asyncio.sleep(chance.uniform(0, 0.1))
            server.process.send_signal(signal.SIGKILL)
            await asyncio.gather(*writers)
    database = await open_database(url)
    try:
        # PostgreSQL may still be ending the sessions of the last server
        deadline = time.monotonic() + 20
        while database.dialect == "postgresql" and time.monotonic() < deadline:
            ((others,),) = await database.fetch(
                "select count(*) from pg_stat_activity where datname = current_database() "
                "and pid <> pg_backend_pid() and state like '%transaction%'"
            )
            if others == 0:
                break
            await asyncio.sleep(0.05)
        assert await check_whole(database, acknowledged) >= KILLS * ARTICLES
    finally:
        await database.close()


async def test_a_hundred_writers_lose_nothing(make_database: MakeDatabase, tmp_path: Path) -> None:
    """Two processes, so that they also meet in the database file."""
    url = await make_database(seed_demo)
    with running_server(
        url, tmp_path, "--workers", "2", LOG_LEVEL="error", PRESSURE_LIMITER_ENABLED="false"
    ) as server:
        limits = httpx.Limits(max_connections=100)
        async with httpx.AsyncClient(
            base_url=server.url, headers=ADMIN, timeout=60, limits=limits, verify=NO_TLS
        ) as client:
            await answering(client)

            async def add(number: int) -> httpx.Response:
                return await client.post("/items/tags", json={"name": f"writer {number}"})

            async def count(number: int) -> httpx.Response:
                return await client.patch("/items/articles/1", json={"summary": f"writer {number}"})

            answers = await asyncio.gather(*[add(n) for n in range(100)], *[count(n) for n in range(100)])
        assert [answer.text for answer in answers if answer.status_code != 200] == []
    database = await open_database(url)
    try:
        ((tags,),) = await database.fetch("select count(*) from tags where name like 'writer %'")
        ((changes,),) = await database.fetch(
            "select count(*) from directus_revisions where collection = 'articles' and item = '1'"
        )
    finally:
        await database.close()
    assert (tags, changes) == (100, 100)
    assert "locked" not in server.log


async def test_batches_of_the_same_items(make_database: MakeDatabase, tmp_path: Path) -> None:
    """In opposite orders: one waits for the other, and the last wins as a whole."""
    url = await make_database(seed_demo)
    with running_server(url, tmp_path, LOG_LEVEL="error", PRESSURE_LIMITER_ENABLED="false") as server:
        async with httpx.AsyncClient(base_url=server.url, headers=ADMIN, timeout=60, verify=NO_TLS) as client:

            async def change(number: int) -> httpx.Response:
                order = range(1, 11) if number % 2 else range(10, 0, -1)
                return await client.patch(
                    "/items/tags?fields=id", json=[{"id": tag, "name": f"{tag} by {number}"} for tag in order]
                )

            answers = await asyncio.gather(*[change(number) for number in range(40)])
        assert [answer.text for answer in answers if answer.status_code != 200] == []
    database = await open_database(url)
    try:
        rows = await database.fetch("select name from tags where id <= 10 order by id")
    finally:
        await database.close()
    writers = {str(name).rpartition(" ")[2] for (name,) in rows}
    assert len(writers) == 1, "one batch was the last for all items"


async def test_deadlocks_are_tried_again(make_database: MakeDatabase, tmp_path: Path) -> None:
    """Transactions that take the same items in opposite orders: nobody hears of it."""
    url = await make_database(seed_demo)
    with running_server(url, tmp_path, LOG_LEVEL="error", PRESSURE_LIMITER_ENABLED="false") as server:
        async with httpx.AsyncClient(base_url=server.url, headers=ADMIN, timeout=60, verify=NO_TLS) as client:

            async def change(number: int) -> httpx.Response:
                tags = (1, 2) if number % 2 else (2, 1)
                roots = " ".join(
                    f'r{tag}: update_tags_item(id: {tag}, data: {{name: "{tag} by {number}"}}) {{ id }}'
                    for tag in tags
                )
                return await client.post("/graphql", json={"query": f"mutation @transaction {{ {roots} }}"})

            answers = await asyncio.gather(*[change(number) for number in range(4)])
        told = [answer.json() for answer in answers]
        assert [answer for answer in told if answer.get("errors")] == []
        assert all(answer["data"] == {"r1": {"id": "1"}, "r2": {"id": "2"}} for answer in told)
    database = await open_database(url)
    try:
        rows = await database.fetch("select name from tags where id <= 2")
    finally:
        await database.close()
    assert len({str(name).rpartition(" ")[2] for (name,) in rows}) == 1


@pytest.mark.parametrize("answered", [True, False])
async def test_a_repeated_request_writes_once(
    make_database: MakeDatabase, tmp_path: Path, *, answered: bool
) -> None:
    """Also after a restart; and where the answer to the first never came."""
    url = await make_database(seed_demo)
    headers = {**ADMIN, "Idempotency-Key": "order 7"}
    payload = {"name": "only once"}
    with running_server(url, tmp_path, LOG_LEVEL="error") as server:
        if answered:
            first = httpx.post(
                f"{server.url}/items/tags", json=payload, headers=headers, verify=NO_TLS
            ).json()
        else:
            with pytest.raises(httpx.TimeoutException):
                httpx.post(
                    f"{server.url}/items/tags", json=payload, headers=headers, timeout=1e-4, verify=NO_TLS
                )
            time.sleep(0.5)
            first = None
    with running_server(url, tmp_path, "--workers", "2", LOG_LEVEL="error") as server:
        async with httpx.AsyncClient(
            base_url=server.url, headers=headers, timeout=60, verify=NO_TLS
        ) as client:
            await answering(client)
            again = await asyncio.gather(*[client.post("/items/tags", json=payload) for _ in range(8)])
            other = await client.post("/items/tags", json={"name": "something else"})
    assert {answer.status_code for answer in again} == {200}
    bodies = [answer.json() for answer in again]
    assert all(body == (first or bodies[0]) for body in bodies)
    assert other.status_code == 422
    assert other.json()["errors"][0]["extensions"]["code"] == "UNPROCESSABLE_CONTENT"
    database = await open_database(url)
    try:
        ((made,),) = await database.fetch("select count(*) from tags where name = 'only once'")
    finally:
        await database.close()
    assert made == 1
