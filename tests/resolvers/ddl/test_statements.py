"""The statements themselves: what PostgreSQL is told, in which order, and what it need not do."""

from __future__ import annotations

import pytest

from resolvers.sql.ddl.carry_out import carry_out
from resolvers.sql.ddl.shapes import (
    NOW,
    AddColumn,
    AddForeignKey,
    ChangeColumn,
    ColumnChange,
    ColumnType,
    CreateTable,
    DdlChange,
    Default,
    DropColumn,
    DropForeignKey,
    DropTable,
)
from tests.support.tables import ID, Tables, column, table

pytestmark = pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)


def change(name: str, change_: ColumnChange) -> ChangeColumn:
    return ChangeColumn(table="t", name=name, change=change_)


STATEMENTS: list[tuple[DdlChange, list[str]]] = [
    (
        CreateTable(
            name="u",
            comment="it's",
            columns=(
                ID,
                column("a", length=9, default=Default(value="it's"), indexed=True),
                column("b", "json"),
            ),
        ),
        [
            'CREATE TABLE "u" ("id" serial NOT NULL, "a" varchar(9) DEFAULT \'it\'\'s\', "b" json, '
            'PRIMARY KEY ("id"))',
            'CREATE INDEX "u_a_index" ON "u" ("a")',
            "COMMENT ON TABLE \"u\" IS 'it''s'",
        ],
    ),
    (DropTable(name="t"), ['DROP TABLE "t"']),
    (
        AddColumn(table="t", column=column("made", "timestamp", nullable=False, default=NOW, comment="when")),
        [
            'ALTER TABLE "t" ADD COLUMN "made" timestamptz DEFAULT CURRENT_TIMESTAMP NOT NULL',
            'COMMENT ON COLUMN "t"."made" IS \'when\'',
        ],
    ),
    (DropColumn(table="t", name="a"), ['ALTER TABLE "t" DROP COLUMN "a"']),
    (
        change("a", ColumnChange(unique=True)),
        [
            'CREATE UNIQUE INDEX "t_a_unique" ON "t" ("a")',
            'ALTER TABLE "t" ADD CONSTRAINT "t_a_unique" UNIQUE USING INDEX "t_a_unique"',
        ],
    ),
    (change("b", ColumnChange(unique=False)), ['ALTER TABLE "t" DROP CONSTRAINT "t_b_unique"']),
    (change("b", ColumnChange(indexed=False)), ['DROP INDEX "public"."t_b_index"']),
    (
        change(
            "b", ColumnChange(type=ColumnType(type="bigInteger"), nullable=False, default=Default(value=5))
        ),
        [
            'ALTER TABLE "t" ALTER COLUMN "b" TYPE bigint, ALTER COLUMN "b" SET DEFAULT 5, '
            'ALTER COLUMN "b" SET NOT NULL'
        ],
    ),
    (
        change("a", ColumnChange(type=ColumnType(type="text"))),
        [
            'ALTER TABLE "t" ALTER COLUMN "a" DROP DEFAULT, ALTER COLUMN "a" TYPE text, '
            "ALTER COLUMN \"a\" SET DEFAULT '7'"
        ],
    ),
    (
        change("a", ColumnChange(type=ColumnType(type="integer"), default=Default())),
        [
            'ALTER TABLE "t" ALTER COLUMN "a" DROP DEFAULT, ALTER COLUMN "a" TYPE integer '
            'USING "a"::text::numeric::integer'
        ],
    ),
    (
        change("id", ColumnChange(type=ColumnType(type="bigInteger"))),
        ['ALTER TABLE "t" ALTER COLUMN "id" TYPE bigint', "ALTER SEQUENCE public.t_id_seq AS bigint"],
    ),
    (
        AddForeignKey(table="t", column="b", target="t", target_column="id", on_delete="SET NULL"),
        [
            'ALTER TABLE "t" ADD CONSTRAINT "t_b_foreign" FOREIGN KEY ("b") REFERENCES "t" ("id") '
            "ON DELETE SET NULL ON UPDATE NO ACTION"
        ],
    ),
    (DropForeignKey(table="t", column="b"), []),
]


@pytest.fixture
async def filled(tables: Tables) -> Tables:
    await tables.do(
        table("t", column("a", default=Default(value="7")), column("b", "integer", unique=True, indexed=True))
    )
    await tables.write("insert into t (a) values ('1'), ('2')", "update t set b = id")
    return tables


@pytest.mark.parametrize(("wanted", "told"), STATEMENTS, ids=repr)
async def test_what_is_told(filled: Tables, wanted: DdlChange, told: list[str]) -> None:
    await filled.do(wanted)
    assert filled.log == told


FILE = "select pg_relation_filenode('t')"


@pytest.mark.parametrize(
    "wanted",
    [
        AddColumn(table="t", column=column("c", "integer", nullable=False, default=Default(value=3))),
        AddColumn(table="t", column=column("c", "timestamp", nullable=False, default=NOW)),
        change("a", ColumnChange(type=ColumnType(type="string", length=1000))),
        change("a", ColumnChange(type=ColumnType(type="text"))),
        change("moment", ColumnChange(type=ColumnType(type="dateTime"))),
        change("a", ColumnChange(nullable=False, default=Default(value="x"))),
    ],
    ids=repr,
)
async def test_rows_are_not_written_again_where_they_need_not_be(filled: Tables, wanted: DdlChange) -> None:
    await filled.do(AddColumn(table="t", column=column("moment", "timestamp")))
    before = await filled.rows(FILE)
    await filled.do(wanted)
    assert await filled.rows(FILE) == before


async def test_parts_of_a_table_share_a_constraint(tables: Tables) -> None:
    await tables.write(
        "create table t (id integer, a integer, primary key (id, a)) partition by range (a)",
        "create table t_1 partition of t for values from (0) to (10)",
        "create table t_2 partition of t for values from (10) to (20)",
    )
    await tables.do(change("a", ColumnChange(unique=True, indexed=True)))
    assert (("a",) in (await tables.table("t")).uniques, (await tables.table("t")).indexed) == (True, ("a",))
    await tables.do(change("a", ColumnChange(unique=False, indexed=False)))
    assert (await tables.table("t")).uniques == ()
    assert (await tables.table("t")).indexed == ()


async def test_a_table_of_another_schema_in_the_path(tables: Tables) -> None:
    await tables.write('create schema "o ther"', 'create table "o ther".t (id integer primary key, a text)')
    database = tables.database
    async with database.schema_transaction() as transaction:
        await transaction.execute('set local search_path = public, "o ther"')

        later = await carry_out(
            transaction,
            "postgresql",
            [change("a", ColumnChange(unique=True, indexed=True))],
            concurrently=True,
        )
        await carry_out(transaction, "postgresql", [change("a", ColumnChange(unique=False))])
    assert later == ('CREATE INDEX CONCURRENTLY IF NOT EXISTS "t_a_index" ON "o ther"."t" ("a")',)
