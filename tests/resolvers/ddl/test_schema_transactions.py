"""The transaction of schema changes: one at a time, with keys looked after, and nothing of it left over."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from resolvers.sql.ddl.carry_out import carry_out
from resolvers.sql.ddl.finish import finish
from resolvers.sql.ddl.shapes import AddColumn, ChangeColumn, ColumnChange, DdlChange, Default, DropTable
from schema_gen.database import open_database
from schema_gen.errors import CausewayError
from tests.support.dump import dump
from tests.support.tables import Tables, column, opened, table

POSTGRESQL = pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
CHILD = "create table child (id integer primary key, parent integer references parent (id))"
PARENT = "create table parent (id integer primary key)"


@pytest.fixture
async def other(tables: Tables, database_url: str) -> AsyncIterator[Tables]:
    """The same database, as another worker has it."""
    async with opened(database_url) as made:
        yield made


async def test_everything_or_nothing(tables: Tables) -> None:
    await tables.do(table("t", column("a")))
    before = await dump(tables.database)

    async def change() -> None:
        changes: list[DdlChange] = [table("u"), AddColumn(table="t", column=column("b")), DropTable(name="t")]
        async with tables.database.schema_transaction() as transaction:
            await carry_out(transaction, tables.database.dialect, changes)
            await transaction.execute("insert into u (id) values (1)")
            raise RuntimeError("what comes after it fails")

    with pytest.raises(RuntimeError):
        await change()
    assert await dump(tables.database) == before
    await tables.do(table("u"))


async def test_a_transaction_that_does_nothing(tables: Tables) -> None:
    async with tables.database.schema_transaction():
        pass
    await tables.do(table("t"))


async def test_a_dry_run_tells_its_statements(tables: Tables) -> None:
    log: list[str] = []

    async def rehearse() -> None:
        async with tables.database.schema_transaction() as transaction:
            wanted = [table("t", column("a", unique=True))]
            await carry_out(transaction, tables.database.dialect, wanted, log=log)
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError):
        await rehearse()
    assert log[0].startswith('CREATE TABLE "t"')
    assert any('CREATE UNIQUE INDEX "t_a_unique"' in sql for sql in log)


async def test_workers_take_turns(tables: Tables, other: Tables) -> None:
    await tables.do(table("t", column("a")))

    async def add(worker: Tables, name: str) -> None:
        await worker.do(AddColumn(table="t", column=column(name, indexed=True)))

    await asyncio.gather(*(add((tables, other)[index % 2], f"c{index}") for index in range(8)))
    assert sorted(await tables.names("t")) == ["a", *(f"c{index}" for index in range(8)), "id"]
    assert len((await other.table("t")).indexed) == 8


async def test_a_caller_who_leaves_takes_everything_back(tables: Tables) -> None:
    await tables.do(table("t", column("a")))
    begun = asyncio.Event()

    async def change() -> None:
        async with tables.database.schema_transaction() as transaction:
            await carry_out(transaction, tables.database.dialect, [DropTable(name="t"), table("u")])
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(change())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await tables.names("t") == ["id", "a"]
    await tables.write("insert into t (a) values ('x')")
    await tables.do(AddColumn(table="t", column=column("b")))


async def test_writers_are_back_to_normal_afterwards(tables: Tables) -> None:
    await tables.write(PARENT, CHILD, "insert into parent values (1)")
    await tables.do(AddColumn(table="child", column=column("b", unique=True)))
    with pytest.raises(CausewayError):
        await tables.do(AddColumn(table="child", column=column("b")))
    with pytest.raises(CausewayError) as caught:
        await tables.write("insert into child (id, parent) values (1, 99)")
    assert caught.value.code == "INVALID_FOREIGN_KEY"


@pytest.fixture
async def loose(tmp_path: Path) -> AsyncIterator[Tables]:
    """A SQLite database in which one key points at nothing since long ago."""
    async with opened(f"sqlite:///{tmp_path / 'loose.db'}") as made:
        await made.write(
            PARENT, CHILD, "insert into parent values (1), (2)", "insert into child values (1, 1)"
        )
        async with made.database.schema_transaction() as transaction:
            await transaction.execute("drop table parent")
            await transaction.execute("delete from child")
            await transaction.execute(PARENT)
            await transaction.execute("insert into parent values (1), (2)")
        await made.write("insert into child values (1, 1), (2, 2)")
        yield made


async def _unwatched(tables: Tables, *statements: str) -> None:
    async with tables.database.schema_transaction() as transaction:
        for sql in statements:
            await transaction.execute(sql)


async def test_sqlite_refuses_what_points_at_nothing(loose: Tables) -> None:
    before = await dump(loose.database)
    with pytest.raises(CausewayError) as caught:
        await _unwatched(loose, "delete from parent where id = 2")
    assert caught.value.code == "INVALID_FOREIGN_KEY"
    assert dict(caught.value.extensions) == {"collection": "child", "field": "parent", "value": None}
    assert await dump(loose.database) == before
    await _unwatched(loose, "delete from parent where id = 2", "delete from child where parent = 2")


async def test_sqlite_lets_be_what_pointed_at_nothing_before(loose: Tables, tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "loose.db")
    with connection:
        connection.execute("insert into child values (7, 700)")
    connection.close()
    await _unwatched(loose, "create table fine (id integer primary key)")
    await loose.do(ChangeColumn(table="child", name="parent", change=ColumnChange(indexed=True)))
    await loose.do(ChangeColumn(table="child", name="parent", change=ColumnChange(default=Default(value=1))))
    with pytest.raises(CausewayError):
        await _unwatched(loose, "insert into child values (8, 800)")
    await loose.do(AddColumn(table="child", column=column("late", nullable=True)))
    assert (7, 700, None) in await loose.rows("select * from child")


# --- PostgreSQL -------------------------------------------------------------------------------------------


@POSTGRESQL
async def test_a_lock_that_does_not_come_is_told(tables: Tables) -> None:
    await tables.do(table("t", column("a")))

    async def change() -> None:
        async with tables.database.schema_transaction() as transaction:
            await transaction.execute("set local lock_timeout = '20ms'")
            await carry_out(transaction, "postgresql", [AddColumn(table="t", column=column("b"))])

    async with tables.database.transaction() as reader:
        await reader.fetch("select * from t")
        with pytest.raises(CausewayError) as caught:
            await change()
    assert caught.value.status == 503
    assert caught.value.headers["Retry-After"] == "1"
    assert await tables.names("t") == ["id", "a"]


@POSTGRESQL
async def test_the_wait_for_locks_is_bounded(tables: Tables) -> None:
    async with tables.database.schema_transaction() as transaction:
        assert await transaction.fetch("show lock_timeout") == [("2s",)]
    assert await tables.rows("show lock_timeout") == [("0",)]


async def _concurrently(tables: Tables) -> tuple[str, ...]:
    async with tables.database.schema_transaction() as transaction:
        return await carry_out(
            transaction,
            tables.database.dialect,
            [ChangeColumn(table="t", name="a", change=ColumnChange(indexed=True))],
            concurrently=True,
        )


async def test_an_index_after_the_commit(tables: Tables) -> None:
    await tables.do(table("t", column("a")))
    later = await _concurrently(tables)
    if tables.sqlite:
        assert later == ()
    else:
        assert later == ('CREATE INDEX CONCURRENTLY IF NOT EXISTS "t_a_index" ON "public"."t" ("a")',)
        assert (await tables.table("t")).indexed == ()
    await finish(tables.database, later)
    assert (await tables.table("t")).indexed == ("a",)
    assert await _concurrently(tables) == ()


INVALID = "select count(*) from pg_index where not indisvalid"


@POSTGRESQL
async def test_an_index_that_fails_leaves_nothing(tables: Tables, database_url: str) -> None:
    await tables.do(table("t", column("a", "text")))
    await tables.write(
        "insert into t (a) select string_agg(md5(n::text), '') from generate_series(1, 3000) n"
    )
    with pytest.raises(CausewayError):  # a row of the index would be larger than a page
        await finish(tables.database, await _concurrently(tables))
    assert await tables.rows(INVALID) == [(0,)]
    assert (await tables.table("t")).indexed == ()


@POSTGRESQL
async def test_an_index_that_was_left_broken_is_taken_away(tables: Tables) -> None:
    await tables.do(table("t", column("a")))
    later = await _concurrently(tables)
    await finish(tables.database, later)
    await tables.write("update pg_index set indisvalid = false where indexrelid = 't_a_index'::regclass")
    with pytest.raises(CausewayError) as caught:
        await finish(tables.database, later)
    assert caught.value.status == 503
    assert await tables.rows("select to_regclass('t_a_index')::text") == [(None,)]


@POSTGRESQL
async def test_an_index_whose_caller_leaves_leaves_nothing(tables: Tables, database_url: str) -> None:
    await tables.do(table("t", column("a", "text")))
    later = await _concurrently(tables)
    other = await open_database(database_url)
    waiting = "select count(*) from pg_index where not indisvalid"
    async with other.transaction() as writer:  # which the index waits for
        await writer.execute("insert into t (a) values ('x')")
        task = asyncio.create_task(finish(tables.database, later))
        while await tables.rows(waiting) == [(0,)]:
            await asyncio.sleep(0)
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await tables.rows(INVALID) == [(0,)]
    await other.close()
