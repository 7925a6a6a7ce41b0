"""Old history goes away: what is old, in which order, in what portions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from resolvers.retention import Removed, Retention, Terms
from resolvers.sql.moments import stored
from resolvers.sql.retention import take_turn
from tests.conftest import MakeDatabase
from tests.support.project import Site, running, seed_system
from tests.support.writers import rows

NOW = datetime(2024, 6, 15, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
async def site(make_database: MakeDatabase) -> AsyncIterator[Site]:
    async with running(await make_database(seed_system), RETENTION_ENABLED="true") as opened:
        yield opened


async def add(
    site: Site, number: int, age: int, *, action: str = "update", revision: bool = True, parent: Any = None
) -> None:
    """An activity of `age` days, and its revision under the same number."""
    database = site.database
    async with database.transaction() as transaction:
        await transaction.execute(
            database.native(
                "insert into directus_activity (id, action, timestamp, collection, item) "
                "values ($1, $2, $3, 'c', '1')"
            ),
            (number, action, stored(database, NOW - age * DAY)),
        )
        if revision:
            await transaction.execute(
                database.native(
                    "insert into directus_revisions (id, activity, collection, item, parent) "
                    "values ($1, $2, 'c', '1', $3)"
                ),
                (number, number, parent),
            )


def retention(site: Site, pauses: list[float] | None = None, *, batch: int = 500, **days: int) -> Retention:
    kept = {name: number * DAY for name, number in days.items()}
    terms = Terms(
        activity=kept.get("activity"),
        revisions=kept.get("revisions"),
        flow_logs=kept.get("flow_logs"),
        batch=batch,
    )

    async def pause(seconds: float) -> None:
        assert pauses is not None
        pauses.append(seconds)

    snapshot = site.project.holder.current.snapshot
    return Retention(site.database, lambda: snapshot, terms, pause)


async def numbers(site: Site) -> tuple[list[int], list[int]]:
    """What is left: activities, revisions."""
    activity = await rows(site, "select id from directus_activity order by id")
    revisions = await rows(site, "select id from directus_revisions order by id")
    return [row[0] for row in activity], [row[0] for row in revisions]


async def test_what_is_older_than_its_term_goes(site: Site) -> None:
    for number, age in ((1, 100), (2, 91), (3, 90), (4, 10), (5, 0)):
        await add(site, number, age)
    removed = await retention(site, activity=90, revisions=90).run(NOW)
    assert removed == Removed(revisions=2, activity=2)
    # ninety days are not more than ninety days
    assert await numbers(site) == ([3, 4, 5], [3, 4, 5])
    assert await retention(site, activity=90, revisions=90).run(NOW) == Removed()


async def test_an_activity_stays_with_its_revision(site: Site) -> None:
    await add(site, 1, 50)
    await add(site, 2, 50, revision=False)
    await add(site, 3, 100)
    removed = await retention(site, activity=30, revisions=90).run(NOW)
    assert removed == Removed(revisions=1, activity=2)
    assert await numbers(site) == ([1], [1])


async def test_revisions_go_before_their_activity(site: Site) -> None:
    await add(site, 1, 50)
    assert await retention(site, activity=90, revisions=30).run(NOW) == Removed(revisions=1)
    assert await numbers(site) == ([1], [])


async def test_what_is_kept_for_ever(site: Site) -> None:
    await add(site, 1, 5000)
    assert await retention(site).run(NOW) == Removed()
    assert await retention(site, activity=10).run(NOW) == Removed()
    assert await retention(site, revisions=999_999_999).run(NOW) == Removed()
    assert await numbers(site) == ([1], [1])


async def test_runs_of_flows_have_a_term_of_their_own(site: Site) -> None:
    await add(site, 1, 50, action="run", revision=False)
    await add(site, 2, 50, revision=False)
    assert await retention(site, flow_logs=30).run(NOW) == Removed(flow_logs=1)
    assert await retention(site, activity=30).run(NOW) == Removed(activity=1)


async def test_revisions_that_others_hang_on(site: Site) -> None:
    """Parents and children may be of different age, and point either way."""
    await add(site, 3, 95)
    await add(site, 1, 100, parent=3)
    await add(site, 2, 100)
    await add(site, 4, 10, parent=1)
    await add(site, 5, 10, parent=4)
    pauses: list[float] = []
    removed = await retention(site, pauses, revisions=90, activity=90, batch=1).run(NOW)
    assert removed == Removed(revisions=3, activity=3)
    assert await rows(site, "select id, parent from directus_revisions order by id") == [(4, None), (5, 4)]


async def test_in_portions_with_pauses(site: Site) -> None:
    for number in range(1, 12):
        await add(site, number, 100)
    pauses: list[float] = []
    removed = await retention(site, pauses, revisions=90, batch=3).run(NOW)
    assert removed == Removed(revisions=11)
    # after each full portion: 3, 3, 3 and then 2
    assert len(pauses) == 3
    assert all(0 < pause <= 1 for pause in pauses)


async def test_requests_are_answered_between_portions(site: Site) -> None:
    for number in range(1, 8):
        await add(site, number, 100)
    writes: list[int] = []

    async def pause(seconds: float) -> None:
        async with asyncio.timeout(5), site.database.transaction() as transaction:
            written = await transaction.execute("update directus_settings set project_name = 'x'")
            writes.append(written)

    snapshot = site.project.holder.current.snapshot
    terms = Terms(activity=None, revisions=DAY, flow_logs=None, batch=2)
    await Retention(site.database, lambda: snapshot, terms, pause).run(NOW)
    assert writes == [1, 1, 1]


async def test_one_process_at_a_time(site: Site) -> None:
    if site.database.dialect == "sqlite":
        pytest.skip("a SQLite transaction is alone anyway")
    await add(site, 1, 100)
    async with site.database.transaction() as transaction:
        assert await take_turn(site.database, transaction)
        assert await retention(site, revisions=90).run(NOW) == Removed()
    assert await retention(site, revisions=90).run(NOW) == Removed(revisions=1)


async def test_two_at_once_do_it_once(site: Site) -> None:
    for number in range(1, 30):
        await add(site, number, 100)
    found = await asyncio.gather(
        *[retention(site, [], activity=90, revisions=90, batch=4).run(NOW) for _ in range(3)]
    )
    await retention(site, [], activity=90, revisions=90).run(NOW)
    assert await numbers(site) == ([], [])
    assert sum(one.revisions for one in found) <= 29


async def test_a_database_without_history(make_database: MakeDatabase) -> None:
    async with running(await make_database()) as site:
        assert await retention(site, activity=90, revisions=90).run(NOW) == Removed()


async def test_the_server_has_the_job_where_it_is_asked_for(site: Site, make_database: MakeDatabase) -> None:
    await add(site, 1, 100)
    (job,) = site.project.jobs
    assert job.schedule.after(NOW) == datetime(2024, 6, 16, tzinfo=UTC)
    await job.work(NOW)
    assert await numbers(site) == ([], [])
    async with running(await make_database(seed_system)) as other:
        assert other.project.jobs == ()
