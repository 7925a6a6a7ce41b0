"""Reads, transactions, cancellation, pressure and broken connections, on both databases."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from schema_gen.database import Database, Transaction, open_database, without_password
from schema_gen.drivers import postgresql, sqlite
from schema_gen.drivers.postgresql import PostgresDatabase
from schema_gen.errors import CausewayError, ConfigurationError
from tests.support.session import Dialect

ITEMS = sa.Table(
    "items",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(10), nullable=False, unique=True),
    sa.Column("parent", sa.ForeignKey("items.id")),
    sa.Column("size", sa.SmallInteger),
    sa.Column("data", sa.JSON),
    sa.CheckConstraint("size <> 13", name="no_bad_luck"),
)

JSON_OF: dict[Dialect, str] = {
    "postgresql": "select json_build_object('value', $1::text), null::json",
    "sqlite": "select json_object('value', ?1), null",
}
#: runs for many seconds unless it is stopped
ENDLESS: dict[Dialect, str] = {
    "postgresql": "select json_build_object('x', pg_sleep(60)::text)",
    "sqlite": "with recursive c(n) as (select 1 union all select n + 1 from c where n < 1000000000)"
    " select json_object('n', max(n)) from c",
}


@pytest.fixture
async def items(database: Database) -> Database:
    await database.run_sync(ITEMS.metadata.create_all)
    async with database.transaction() as transaction:
        await transaction.run(sa.insert(ITEMS), [{"name": "one"}, {"name": "two"}])
    return database


async def names(database: Database) -> list[str]:
    return [row[0] for row in await database.run(sa.select(ITEMS.c.name).order_by(ITEMS.c.id))]


async def test_a_row_comes_as_undecoded_json(database: Database) -> None:
    text = 'Grüße «🌍» \\ " \n'
    row = await database.fetch_bytes(JSON_OF[database.dialect], (text,))
    assert isinstance(row, tuple)
    assert row[1] is None
    assert row[0] is not None
    assert row[0].replace(b" : ", b":").startswith(b'{"value":"Gr\xc3\xbc')


async def test_jsonb_comes_without_its_version_byte(database: Database) -> None:
    if database.dialect == "postgresql":
        assert await database.fetch_bytes("select '[1]'::jsonb") == (b"[1]",)
        assert await database.fetch("select $1::jsonb", ('{"a": 1}',)) == [(b'{"a": 1}',)]


async def test_a_commit_is_seen_and_a_failure_leaves_nothing(items: Database) -> None:
    async with items.transaction() as transaction:
        made = await transaction.run(
            sa.insert(ITEMS).values(name="three", data={"a": [1]}).returning(ITEMS.c.id)
        )
        assert made == [(3,)]
        assert await transaction.run(sa.select(ITEMS.c.name).where(ITEMS.c.id.in_([2, 3]))) == [
            ("two",),
            ("three",),
        ]

    async def fail() -> None:
        async with items.transaction() as transaction:
            assert await transaction.execute("update items set name = name || '!'") == 3
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        await fail()
    assert await names(items) == ["one", "two", "three"]


async def test_ddl_belongs_to_its_transaction(database: Database) -> None:
    def half(connection: sa.Connection) -> None:
        connection.execute(sa.text("create table half (id integer primary key)"))
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        await database.run_sync(half)
    found = await database.run_sync(lambda connection: sa.inspect(connection).get_table_names())
    assert found == []


@pytest.mark.parametrize(
    ("values", "code", "field", "value"),
    [
        ({"name": "one"}, "RECORD_NOT_UNIQUE", "name", "one"),
        ({"name": None}, "NOT_NULL_VIOLATION", "name", None),
        ({"name": "x", "parent": 99}, "INVALID_FOREIGN_KEY", "parent", "99"),
        ({"name": "much longer than ten"}, "VALUE_TOO_LONG", None, None),
        ({"name": "x", "size": 13}, "INVALID_PAYLOAD", None, None),
    ],
)
async def test_constraints_are_told_in_words_of_the_protocol(
    items: Database, values: dict[str, object], code: str, field: str | None, value: str | None
) -> None:
    if items.dialect == "sqlite" and code == "VALUE_TOO_LONG":
        return  # SQLite does not limit lengths
    with pytest.raises(CausewayError) as caught:
        async with items.transaction() as transaction:
            await transaction.run(sa.insert(ITEMS).values(**values))
    error = caught.value
    assert error.code == code
    assert error.status == 400
    if items.dialect == "postgresql" and field is not None:
        assert error.extensions["collection"] == "items"
        assert error.extensions["field"] == field
        assert error.extensions.get("value") == value
    elif field is not None:
        known = (None, None) if code == "INVALID_FOREIGN_KEY" else ("items", field)
        assert (error.extensions["collection"], error.extensions["field"]) == known
    assert await names(items) == ["one", "two"]


async def test_a_number_that_does_not_fit_is_refused(items: Database) -> None:
    async def write() -> None:
        async with items.transaction() as transaction:
            await transaction.execute(items.native("update items set size = $1"), (2**70,))

    with pytest.raises(CausewayError) as caught:
        await write()
    assert caught.value.code in {"VALUE_OUT_OF_RANGE", "INVALID_PAYLOAD"}
    with pytest.raises(CausewayError) as caught:
        await items.fetch(items.native("select * from items where id = $1"), (2**70,))
    assert caught.value.code == "INVALID_QUERY"


async def test_a_cancelled_read_stops_and_frees_its_connection(database_url: str) -> None:
    database = await open_database(database_url, pool_max=1, readers=1)
    reading = asyncio.create_task(database.fetch_bytes(ENDLESS[database.dialect]))
    await asyncio.sleep(0.1)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    async with asyncio.timeout(20):  # the only connection is back, and its statement has ended
        assert await database.fetch_bytes(JSON_OF[database.dialect], ("next",))
    await database.close()


async def test_a_cancelled_transaction_rolls_back_and_frees_the_writer(items: Database) -> None:
    entered = asyncio.Event()

    async def write() -> None:
        async with items.transaction() as transaction:
            await transaction.execute("update items set name = 'lost' where id = 1")
            entered.set()
            await transaction.fetch(ENDLESS[items.dialect])

    writing = asyncio.create_task(write())
    await entered.wait()
    await asyncio.sleep(0.05)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    async with asyncio.timeout(20), items.transaction() as transaction:
        await transaction.execute("update items set name = 'kept' where id = 2")
    assert await names(items) == ["one", "kept"]


async def test_writers_wait_for_one_another(items: Database) -> None:
    async def increment() -> None:
        async with items.transaction() as transaction:
            lock = " for update" if items.dialect == "postgresql" else ""
            (row,) = await transaction.fetch(f"select size from items where id = 1{lock}")
            await asyncio.sleep(0)
            await transaction.execute(
                items.native("update items set size = $1 where id = 1"), ((row[0] or 100) + 1,)
            )

    await asyncio.gather(*(increment() for _ in range(20)))
    assert await items.fetch("select size from items where id = 1") == [(120,)]


async def in_transaction(database: Database, work: Callable[[Transaction], Awaitable[None]]) -> None:
    async with database.transaction() as transaction:
        await work(transaction)


async def test_of_many_statements_the_one_that_was_refused_is_known(items: Database) -> None:
    insert = items.native("insert into items (id, name) values ($1, $2) returning id")
    found: list[list[Any]] = []
    statements = [(insert, (7, "a")), (insert, (1, "b")), (insert, (8, "c"))]
    with pytest.raises(CausewayError) as refused:
        await in_transaction(items, lambda transaction: transaction.fetch_each(statements, found))
    assert refused.value.code == "RECORD_NOT_UNIQUE"
    assert found == [[(7,)]]
    assert await names(items) == ["one", "two"]


async def test_what_is_put_off_comes_before_the_next_statement_and_the_commit(items: Database) -> None:
    insert = items.native("insert into items (id, name) values ($1, $2)")
    async with items.transaction() as transaction:
        await transaction.later(insert, [(3, "three"), (4, "four")])
        assert await transaction.fetch("select count(*) from items") == [(4,)]
        await transaction.later(insert, [(5, "five")])
    assert await names(items) == ["one", "two", "three", "four", "five"]
    with pytest.raises(CausewayError) as refused:
        await in_transaction(items, lambda transaction: transaction.later(insert, [(6, "six"), (5, "twice")]))
    assert refused.value.code == "RECORD_NOT_UNIQUE"
    assert await names(items) == ["one", "two", "three", "four", "five"]
    # nothing is asked of the database by who has nothing to ask
    async with items.transaction():
        pass


async def test_too_many_waiters_and_too_long_a_wait_are_refused(database_url: str) -> None:
    database = await open_database(database_url, pool_max=1, readers=1, max_waiting=2, acquire_timeout=1)
    endless = [asyncio.create_task(database.fetch_bytes(ENDLESS[database.dialect])) for _ in range(4)]
    async with asyncio.timeout(20):
        ended, waiting = await asyncio.wait(endless, return_when=asyncio.FIRST_COMPLETED)
        assert ended == {endless[3]}  # it found the queue full
        while len(waiting) > 1:  # two wait too long
            _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    assert waiting == {endless[0]}
    endless[0].cancel()
    outcomes = await asyncio.gather(*endless, return_exceptions=True)
    refused = [one for one in outcomes if isinstance(one, CausewayError)]
    assert [(one.code, one.headers) for one in refused] == [("SERVICE_UNAVAILABLE", {"Retry-After": "1"})] * 3
    async with asyncio.timeout(20):
        await database.fetch_bytes(JSON_OF[database.dialect], ("free again",))
    await database.close()


async def test_closing_waits_for_what_is_under_way_and_ends_the_rest(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "CLOSE_GRACE", 3.0)
    monkeypatch.setattr(sqlite, "CLOSE_GRACE", 3.0)
    short: dict[Dialect, str] = {
        "postgresql": "select json_build_object('x', pg_sleep(0.1)::text)",
        "sqlite": ENDLESS["sqlite"].replace("1000000000", "200000"),
    }
    database = await open_database(database_url, pool_max=2, readers=2)
    quick = asyncio.create_task(database.fetch_bytes(short[database.dialect]))
    endless = asyncio.create_task(database.fetch_bytes(ENDLESS[database.dialect]))
    await asyncio.sleep(0.02)
    async with asyncio.timeout(20):
        await database.close()
        outcomes = await asyncio.gather(quick, endless, return_exceptions=True)
    assert isinstance(outcomes[0], tuple)
    assert isinstance(outcomes[1], Exception)


async def test_reads_and_transactions_survive_lost_connections(database_url: str) -> None:
    database = await open_database(database_url, pool_min=3, pool_max=3)
    if isinstance(database, PostgresDatabase):
        other = await open_database(database_url)
        kill = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
        for _ in range(2):
            await other.fetch(f"{kill} and pid <> pg_backend_pid()")
            await asyncio.sleep(0.05)
            assert await database.fetch_bytes(JSON_OF["postgresql"], ("again",))
            await other.fetch(f"{kill} and pid <> pg_backend_pid()")
            await asyncio.sleep(0.05)
            async with database.transaction() as transaction:
                assert await transaction.fetch("select 1") == [(1,)]
        reads = [database.fetch_bytes(JSON_OF["postgresql"], (str(number),)) for number in range(20)]
        assert len(await asyncio.gather(*reads)) == 20
        await other.close()
    await database.close()


async def test_a_database_that_has_gone_is_a_503(database_url: str) -> None:
    database = await open_database(database_url)
    if isinstance(database, PostgresDatabase):
        database._dsn = "postgresql://postgres@127.0.0.1:1/none"
        for connection in database._pool.idle:
            connection.terminate()
        with pytest.raises(CausewayError) as caught:
            await database.fetch_bytes(JSON_OF["postgresql"], ("x",))
        assert caught.value.status == 503
        assert caught.value.headers == {"Retry-After": "1"}
    await database.close()


async def test_a_read_goes_on_after_a_column_has_changed(items: Database) -> None:
    read = "select * from items where id = 1"
    before = await items.fetch(read)
    await items.run_sync(
        lambda connection: connection.execute(sa.text("alter table items add column more integer"))
    )
    after = await items.fetch(read)
    assert len(after[0]) == len(before[0]) + 1


async def test_sqlite_is_opened_for_several_processes(tmp_path: Path) -> None:
    path = tmp_path / "new" / "data.sqlite"
    database = await open_database(f"sqlite:///{path}")
    assert await database.fetch("pragma journal_mode") == [("wal",)]
    assert await database.fetch("pragma foreign_keys") == [(1,)]
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        await database.fetch("create table t (id integer)")
    await database.close()
    assert stat.S_ISREG(path.stat().st_mode)


@pytest.mark.parametrize(
    "url",
    ["sqlite://", "sqlite:///:memory:", "mysql://localhost/x", "nonsense", "postgresql://u@127.0.0.1:1/x"],
)
async def test_a_wrong_url_ends_the_start_with_one_line(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        await open_database(url)
    assert "\n" not in str(caught.value)


def test_passwords_stay_out_of_logs() -> None:
    assert without_password("postgresql://me:se:cr@et@host:5/db") == "postgresql://me@host:5/db"
    assert (
        without_password("postgresql://host/db?user=me&password=x")
        == "postgresql://host/db?user=me&password="
    )
    assert without_password("sqlite:///data/x.sqlite") == "sqlite:///data/x.sqlite"
