"""Whatever is changed, in whatever order: both databases have the same tables and the same rows then."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from resolvers.sql.ddl.shapes import (
    AddColumn,
    AddForeignKey,
    ChangeColumn,
    ColumnChange,
    ColumnShape,
    ColumnType,
    CreateTable,
    DdlChange,
    Default,
    DropColumn,
    DropForeignKey,
    DropTable,
)
from schema_gen.catalog import Catalog
from schema_gen.errors import CausewayError, SchemaMoved
from schema_gen.introspect import introspect
from schema_gen.model import FieldType
from schema_gen.types import default_value
from tests.support.postgres import Cluster
from tests.support.session import TestRun
from tests.support.tables import Tables, opened, table

TABLES = ("one", "one", "one", "two", "two", "odd name")
COLUMNS = ("a", "a", "a", "b", "b", "b", "c", "c", "d", "id")
#: types that both databases tell apart, with a default of each
TYPES: dict[FieldType, Any] = {
    "bigInteger": 2**40,
    "boolean": True,
    "decimal": "1.5",
    "float": 2.5,
    "integer": 7,
    "string": "12",
    "text": "it's",
}

kinds = st.sampled_from(sorted(TYPES)).map(lambda name: ColumnType(type=name))
names = st.sampled_from(COLUMNS)
tables_ = st.sampled_from(TABLES)
flags = st.sampled_from([None, None, False, True])


@st.composite
def columns(draw: st.DrawFn) -> ColumnShape:
    kind = draw(kinds)
    return ColumnShape(
        name=draw(names),
        type=kind,
        default=Default(value=draw(st.sampled_from([None, TYPES[kind.type]]))),
        nullable=draw(st.sampled_from([True, True, True, False])),
        unique=draw(st.sampled_from([False, False, False, True])),
        indexed=draw(st.booleans()),
    )


@st.composite
def column_changes(draw: st.DrawFn) -> ColumnChange:
    kind = draw(st.none() | kinds)
    default = None
    if kind is not None and draw(st.booleans()):
        default = Default(value=TYPES[kind.type])
    return ColumnChange(
        type=kind, nullable=draw(flags), unique=draw(flags), indexed=draw(flags), default=default
    )


Step = DdlChange | tuple[str, int]
steps: st.SearchStrategy[Step] = st.one_of(
    st.builds(
        lambda name, column: table(name, *([column] if column.name != "id" else [])), tables_, columns()
    ),
    st.builds(DropTable, name=tables_),
    st.builds(AddColumn, table=tables_, column=columns()),
    st.builds(AddColumn, table=tables_, column=columns()),
    st.builds(ChangeColumn, table=tables_, name=names, change=column_changes()),
    st.builds(ChangeColumn, table=tables_, name=names, change=column_changes()),
    st.builds(DropColumn, table=tables_, name=names),
    st.builds(AddForeignKey, table=tables_, column=names, target=tables_, target_column=st.just("id")),
    st.builds(DropForeignKey, table=tables_, column=names),
    st.tuples(tables_, st.integers(1, 2)),
)


async def taken(tables: Tables, step: Step, number: int) -> str:
    """Nothing where it went well, else the code of the refusal. Keys are given: failures use up some."""
    try:
        if isinstance(step, tuple):
            keys = range(10 * number, 10 * number + step[1])
            await tables.write(*(f'insert into "{step[0]}" (id) values ({key})' for key in keys))
        else:
            await tables.do(step)
    except CausewayError as error:
        return error.code
    except SchemaMoved:
        return "no such table"
    return ""


async def shape(tables: Tables) -> list[Any]:
    """What introspection tells of every table, as far as both databases say the same: a key that SQLite
    numbers is an integer of any size.
    """
    catalog = await introspect(tables.database)
    told: list[Any] = [
        sorted(
            (key.table, key.columns, key.target, key.target_columns, key.on_delete)
            for key in catalog.foreign_keys
        )
    ]
    for name, found in sorted(catalog.tables.items()):
        told.append((name, found.primary_key, sorted(set(found.uniques)), found.indexed))
        told.extend(
            (
                one.name,
                "" if one.name == "id" else _kind(one.data_type),
                one.nullable,
                one.max_length,
                _default(one.default, one.data_type),
            )
            for one in found.columns
        )
    return told


SAME = {"varchar": "character varying", "decimal": "numeric", "float": "real"}


def _kind(data_type: str) -> str:
    return SAME.get(data_type, data_type)


def _default(expression: str | None, data_type: str) -> Any:
    kind: FieldType = "boolean" if data_type == "boolean" else "string" if "char" in data_type else "decimal"
    return default_value(expression, "text" if data_type == "text" else kind)


async def rows(tables: Tables) -> dict[str, list[Any]]:
    catalog = await introspect(tables.database)
    return {
        name: [
            [_plain(value, one.data_type) for value, one in zip(row, found.columns, strict=True)]
            for row in await tables.rows(f'select * from "{name}" order by id')
        ]
        for name, found in catalog.tables.items()
    }


def _plain(value: Any, data_type: str) -> Any:
    if value is None or isinstance(value, str):
        return value
    return bool(value) if data_type == "boolean" else float(value)


def aimed(step: Step, catalog: Catalog) -> Step:
    """The step at a table and a column that are there, where it would go past them."""
    if isinstance(step, (CreateTable, DropTable)) or not catalog.tables:
        return step
    if isinstance(step, tuple):
        return (_near(step[0], catalog.tables), step[1])
    name = _near(step.table, catalog.tables)
    there = {one.name for one in catalog.tables[name].columns}
    match step:
        case AddColumn():
            free = set(COLUMNS) - there
            column = replace(step.column, name=_near(step.column.name, free) if free else step.column.name)
            return AddColumn(table=name, column=column)
        case AddForeignKey():
            target = _near(step.target, catalog.tables)
            return replace(step, table=name, column=_near(step.column, there), target=target)
        case DropForeignKey():
            return DropForeignKey(table=name, column=_near(step.column, there))
        case ChangeColumn() | DropColumn():
            return replace(step, table=name, name=_near(step.name, there))


def _near(wanted: str, there: Collection[str]) -> str:
    return wanted if wanted in there else min(there)


async def _same(sqlite: Tables, postgresql: Tables, taking: list[Step]) -> None:
    for number, step in enumerate(taking):
        step = aimed(step, await introspect(sqlite.database))
        one, other = await asyncio.gather(taken(sqlite, step, number), taken(postgresql, step, number))
        assert one == other, step
        assert one not in ("INTERNAL_SERVER_ERROR", "SERVICE_UNAVAILABLE")
        assert await shape(sqlite) == await shape(postgresql), step
        assert await rows(sqlite) == await rows(postgresql), step


@pytest.fixture
def run(postgres: Cluster, test_run: TestRun, tmp_path: Path) -> Callable[[list[Step]], Awaitable[None]]:
    count = iter(range(10_000))

    async def both(taking: list[Step]) -> None:
        number = next(count)
        name = f"random_{tmp_path.name[-20:]}_{number}"
        url = test_run.copy_template("postgresql", None, name, tmp_path)
        try:
            async with opened(f"sqlite:///{tmp_path / f'{number}.db'}") as one, opened(url) as other:
                await _same(one, other, taking)
        finally:
            postgres.drop(name)

    return both


@settings(
    max_examples=8,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(taking=st.lists(steps, min_size=8, max_size=25))
def test_both_databases_go_the_same_way(
    run: Callable[[list[Step]], Awaitable[None]], taking: list[Step]
) -> None:
    a = ColumnShape(name="a", type=ColumnType(type="integer"), unique=True)
    b = ColumnShape(name="b", type=ColumnType(type="string"), default=Default(value="12"))
    start: list[Step] = [table("one", a, b), table("two", a), ("one", 2), ("two", 2)]

    async def go() -> None:
        await run([*start, *taking])

    asyncio.run(go())
