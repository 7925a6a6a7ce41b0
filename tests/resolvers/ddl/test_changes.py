"""Columns of filled tables become others: type, default, nulls, uniqueness, index, comment."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from resolvers.sql.ddl.shapes import (
    NO_DEFAULT,
    NOW,
    AddForeignKey,
    ChangeColumn,
    ColumnChange,
    ColumnType,
    Default,
)
from schema_gen.errors import CausewayError
from schema_gen.model import FieldType
from schema_gen.types import default_value, field_type
from tests.support.dump import dump
from tests.support.tables import Tables, column, table


def change(name: str, of: str = "t", **facts: Any) -> ChangeColumn:
    return ChangeColumn(table=of, name=name, change=ColumnChange(**facts))


async def filled(tables: Tables, kind: Any, *values: str, **facts: Any) -> None:
    """A table `t` whose column `a` holds these literals, and then null."""
    await tables.do(table("t", column("a", kind, **facts), column("rest", default=Default(value="r"))))
    for value in (*values, "null"):
        await tables.write(f"insert into t (a) values ({value})")


async def refused(tables: Tables, wanted: ChangeColumn) -> CausewayError:
    before = await dump(tables.database), await tables.table("t")
    with pytest.raises(CausewayError) as caught:
        await tables.do(wanted)
    assert (await dump(tables.database), await tables.table("t")) == before
    return caught.value


async def shown(tables: Tables, kind: Any) -> list[Any]:
    """The values in the order of their rows, as Python has them on either database."""
    rows = await tables.rows("select a from t where a is not null order by id")
    return [plain(row[0], kind) for row in rows]


def plain(value: Any, kind: Any) -> Any:
    if kind == "json":
        return value if isinstance(value, int) else json.loads(value)
    if kind in ("date", "dateTime", "timestamp") and isinstance(value, int):
        return value
    if kind in ("date", "dateTime", "timestamp"):
        if not isinstance(value, datetime):
            value = datetime.combine(value, datetime.min.time()) if isinstance(value, date) else value
        return round(value.replace(tzinfo=UTC).timestamp() * 1000)
    if kind == "boolean":
        return bool(value)
    if kind in ("integer", "bigInteger", "text", "string", "csv", "binary"):
        return value
    return float(value) if kind in ("float", "decimal") else str(value)


KEPT: list[tuple[Any, list[str], Any, list[Any]]] = [
    ("integer", ["1", "-2147483648"], "bigInteger", [1, -2147483648]),
    ("bigInteger", ["1", "2147483647"], "integer", [1, 2147483647]),
    ("integer", ["5"], "decimal", [5.0]),
    ("integer", ["5", "16777216"], "float", [5.0, 16777216.0]),
    ("integer", ["0", "1"], "boolean", [False, True]),
    ("integer", ["12"], "string", ["12"]),
    ("integer", ["12"], "json", [12]),
    ("float", ["2.0", "-7.0"], "integer", [2, -7]),
    ("float", ["1.5", "2.0"], "text", ["1.5", "2"]),
    ("decimal", ["1.50000", "2.00000", "0.00001"], "string", ["1.5", "2", "0.00001"]),
    ("decimal", ["2.0"], "bigInteger", [2]),
    ("boolean", ["'1'", "'0'"], "integer", [1, 0]),
    ("boolean", ["'1'", "'0'"], "string", ["true", "false"]),
    ("boolean", ["'1'", "'0'"], "json", [True, False]),
    ("string", ["'x'", "''", "'it''s'"], "text", ["x", "", "it's"]),
    ("text", ["'x'"], "string", ["x"]),
    ("string", ["'12'", "' 12.0 '", "'1e3'"], "integer", [12, 12, 1000]),
    ("string", ["'-1.5'", "'2'"], "float", [-1.5, 2.0]),
    ("string", ["'1.123456'", "'2'"], "decimal", [1.12346, 2.0]),
    ("string", ["'yes'", "'F'", "'0'"], "boolean", [True, False, False]),
    ("string", ["'{\"a\": [1]}'", "'\"x\"'", "'5'"], "json", [{"a": [1]}, "x", 5]),
    ("json", ["'{\"a\":1}'"], "text", ['{"a":1}']),
    ("string", ["'a,b'"], "csv", ["a,b"]),
    (
        "string",
        ["'11111111-2222-3333-4444-55555555555A'"],
        "uuid",
        ["11111111-2222-3333-4444-55555555555a"],
    ),
    ("uuid", ["'11111111-2222-3333-4444-555555555555'"], "text", ["11111111-2222-3333-4444-555555555555"]),
    ("string", ["'2024-01-02'", "'2024-01-02T23:30:00-01:00'"], "date", [1704153600000, 1704240000000]),
    (
        "string",
        ["'2024-01-02T10:00:00'", "'2024-01-02 10:00:00.5'"],
        "dateTime",
        [1704189600000, 1704189600500],
    ),
    ("string", ["'2024-01-02T10:00:00.125Z'", "'2024-01-02'"], "timestamp", [1704189600125, 1704153600000]),
    ("string", ["'10:20:30'", "'10:20'"], "time", ["10:20:30", "10:20:00"]),
    ("time", ["'10:20:30'"], "text", ["10:20:30"]),
]


@pytest.mark.parametrize(("old", "values", "new", "told"), KEPT)
async def test_values_are_kept(
    tables: Tables, old: Any, values: list[str], new: Any, told: list[Any]
) -> None:
    await filled(tables, old, *values)
    await tables.do(change("a", type=ColumnType(type=new)))
    assert await shown(tables, new) == told
    assert await tables.rows("select count(*), count(a), min(rest) from t") == [
        (len(values) + 1, len(values), "r")
    ]
    found = field_type(tables.database.dialect, (await tables.column("t", "a")).data_type)
    assert found in (new, {"csv": "text", "timestamp": "dateTime", "uuid": "string"}.get(new))


MOMENT = 1704189600000  # 2024-01-02T10:00:00Z
MOMENTS: list[tuple[Any, Any, list[Any]]] = [
    ("timestamp", "dateTime", [MOMENT]),
    ("dateTime", "timestamp", [MOMENT]),
    ("timestamp", "date", [1704153600000]),
    ("dateTime", "date", [1704153600000]),
    ("dateTime", "string", ["2024-01-02T10:00:00"]),
    ("date", "dateTime", [1704153600000]),
    ("date", "timestamp", [1704153600000]),
    ("date", "text", ["2024-01-02"]),
    ("date", "json", ["2024-01-02"]),
]


@pytest.mark.parametrize(("old", "new", "told"), MOMENTS)
async def test_moments_are_kept(tables: Tables, old: Any, new: Any, told: list[Any]) -> None:
    day = 1704153600000
    text = "'2024-01-02'" if old == "date" else "'2024-01-02 10:00:00+00'"
    stored = str(day if old == "date" else MOMENT) if tables.sqlite else text
    await filled(tables, old, stored)
    await tables.do(change("a", type=ColumnType(type=new)))
    assert await shown(tables, new) == told


LOST: list[tuple[Any, str, Any, str]] = [
    ("string", "'many'", "integer", "INVALID_PAYLOAD"),
    ("string", "''", "integer", "INVALID_PAYLOAD"),
    ("string", "'1.5'", "integer", "INVALID_PAYLOAD"),
    ("string", "'NaN'", "decimal", "INVALID_PAYLOAD"),
    ("string", "'Infinity'", "float", "INVALID_PAYLOAD"),
    ("string", "'99999999999'", "integer", "VALUE_OUT_OF_RANGE"),
    ("string", "'{'", "json", "INVALID_PAYLOAD"),
    ("string", "'x'", "uuid", "INVALID_PAYLOAD"),
    ("string", "'maybe'", "boolean", "INVALID_PAYLOAD"),
    ("string", "'tomorrow'", "date", "INVALID_PAYLOAD"),
    ("string", "'2024-02-30'", "timestamp", "INVALID_PAYLOAD"),
    ("string", "'25:00'", "time", "INVALID_PAYLOAD"),
    ("integer", "2", "boolean", "INVALID_PAYLOAD"),
    ("integer", "2", "uuid", "INVALID_PAYLOAD"),
    ("integer", "2", "date", "INVALID_PAYLOAD"),
    ("float", "1.5", "integer", "INVALID_PAYLOAD"),
    ("bigInteger", "2147483648", "integer", "VALUE_OUT_OF_RANGE"),
    ("integer", "123456", "decimal", "VALUE_OUT_OF_RANGE"),
    ("time", "'10:00:00'", "date", "INVALID_PAYLOAD"),
    ("boolean", "'1'", "date", "INVALID_PAYLOAD"),
    ("json", "'[1]'", "integer", "INVALID_PAYLOAD"),
]


@pytest.mark.parametrize(("old", "value", "new", "code"), LOST)
async def test_what_cannot_be_kept_is_refused(
    tables: Tables, old: Any, value: str, new: Any, code: str
) -> None:
    await filled(tables, old, value)
    error = await refused(tables, change("a", type=ColumnType(type=new)))
    assert error.code == code
    assert '"a"' in error.message
    assert '"t"' in error.message
    await tables.write("update t set a = null")
    await tables.do(change("a", type=ColumnType(type=new)))  # nothing is lost any more


async def test_lengths(tables: Tables) -> None:
    await filled(tables, "string", "'12345'", length=10)
    await tables.do(change("a", type=ColumnType(type="string", length=200)))
    assert (await tables.column("t", "a")).max_length == 200
    error = await refused(tables, change("a", type=ColumnType(type="string", length=4)))
    assert (error.code, error.extensions["field"]) == ("VALUE_TOO_LONG", "a")
    await tables.do(change("a", type=ColumnType(type="string", length=5)))
    assert await shown(tables, "string") == ["12345"]
    await tables.do(change("a", type=ColumnType(type="decimal", precision=6, scale=1)))
    found = await tables.column("t", "a")
    assert (found.precision, found.scale) == (6, 1)


async def test_defaults_are_set_and_dropped(tables: Tables) -> None:
    await filled(tables, "string", "'x'")
    await tables.do(change("a", default=Default(value="it's")))
    assert default_value((await tables.column("t", "a")).default, "string") == "it's"
    await tables.do(change("a", default=Default(value="other")))
    assert default_value((await tables.column("t", "a")).default, "string") == "other"
    await tables.write("insert into t (rest) values ('new')")
    await tables.do(change("a", default=NO_DEFAULT))
    assert (await tables.column("t", "a")).default is None
    assert await shown(tables, "string") == ["x", "other"]
    await tables.do(change("a", default=NOW))
    assert default_value((await tables.column("t", "a")).default, "string") == "CURRENT_TIMESTAMP"


@pytest.mark.parametrize(
    ("old", "value", "new", "told"),
    [
        ("string", "5", "integer", 5),
        ("integer", -5, "string", "-5"),
        ("boolean", True, "integer", None),
        ("boolean", True, "string", "true"),
        ("decimal", "1.5", "bigInteger", None),
        ("string", "many", "integer", None),
        ("string", '{"a":1}', "json", {"a": 1}),
    ],
)
async def test_a_default_changes_its_type_with_the_column(
    tables: Tables, old: Any, value: Any, new: Any, told: Any
) -> None:
    await filled(tables, old, default=Default(value=value))
    wanted = change("a", type=ColumnType(type=new))
    if told is None:
        assert (await refused(tables, wanted)).code == "INVALID_PAYLOAD"
        await tables.do(change("a", type=ColumnType(type=new), default=NO_DEFAULT))
        assert (await tables.column("t", "a")).default is None
        return
    await tables.do(wanted)
    assert default_value((await tables.column("t", "a")).default, new) == told
    await tables.do(change("a", type=ColumnType(type="text"), default=Default(value="z")))
    assert default_value((await tables.column("t", "a")).default, "text") == "z"


@pytest.mark.parametrize("kind", ["boolean", "uuid"])
async def test_of_several_reasons_the_nulls_are_told(tables: Tables, kind: FieldType) -> None:
    """The column refers to numbers, which neither type compares with, and holds what none becomes."""
    await tables.do(table("other", column("n", "integer")))
    await filled(tables, "integer", "1")
    await tables.write("insert into other (id) values (1)")
    await tables.do(AddForeignKey(table="t", column="a", target="other", target_column="id"))
    error = await refused(tables, change("a", type=ColumnType(type=kind), nullable=False))
    assert error.code == "CONTAINS_NULL_VALUES"
    assert (await refused(tables, change("a", type=ColumnType(type=kind)))).code == "INVALID_PAYLOAD"


async def test_nulls(tables: Tables) -> None:
    await filled(tables, "string", "'x'")
    error = await refused(tables, change("a", nullable=False))
    assert error.code == "CONTAINS_NULL_VALUES"
    assert dict(error.extensions) == {"collection": "t", "field": "a"}
    await tables.write("delete from t where a is null")
    await tables.do(change("a", nullable=False))
    assert not (await tables.column("t", "a")).nullable
    with pytest.raises(CausewayError):
        await tables.write("insert into t (a) values (null)")
    await tables.do(change("a", nullable=False))
    await tables.do(change("a", nullable=True))
    assert (await tables.column("t", "a")).nullable
    assert (await refused(tables, change("id", nullable=True))).code == "INVALID_PAYLOAD"


async def test_uniqueness(tables: Tables) -> None:
    await filled(tables, "string", "'x'", "'x'")
    error = await refused(tables, change("a", unique=True))
    assert error.code == "RECORD_NOT_UNIQUE"
    assert (error.extensions["collection"], error.extensions["field"]) == ("t", "a")
    await tables.write("update t set a = 'y' where id = 2")
    await tables.do(change("a", unique=True), change("a", unique=True))
    assert (await tables.table("t")).uniques == (("a",),)
    await tables.do(change("a", unique=False))
    assert (await tables.table("t")).uniques == ()
    await tables.do(change("a", unique=False), change("id", unique=True), change("id", unique=False))
    assert (await tables.table("t")).primary_key == ("id",)


async def test_indexes(tables: Tables) -> None:
    await filled(tables, "string", "'x'", "'x'")
    await tables.do(change("a", indexed=True), change("a", indexed=True))
    assert (await tables.table("t")).indexed == ("a",)
    await tables.do(change("a", indexed=False))
    assert (await tables.table("t")).indexed == ()


@pytest.mark.parametrize("facts", [{"unique": True}, {"indexed": True}])
async def test_an_index_ends_before_a_type_without_order(tables: Tables, facts: dict[str, bool]) -> None:
    await filled(tables, "string", "'[1]'", **facts)
    await tables.do(change("a", type=ColumnType(type="json"), unique=False, indexed=False))
    assert await shown(tables, "json") == [[1]]


async def test_only_what_is_over_this_column_alone_goes(tables: Tables) -> None:
    await tables.write(
        "create table t (id integer primary key, a integer unique, b integer, constraint mine unique (b), "
        "unique (a, b))",
        "create unique index odd_name on t (a)",
        "create index other_name on t (a)",
        "create index on_both on t (a, b)",
        "create unique index partly on t (a) where b > 5",
        "insert into t values (1, 2, 3)",
    )
    await tables.do(change("a", unique=False, indexed=False), change("b", unique=False))
    made = await tables.table("t")
    assert set(made.uniques) == {("a", "b")}
    assert made.indexed == ("a",)  # on_both begins with it
    await tables.write("insert into t values (2, 2, 7)")
    with pytest.raises(CausewayError):
        await tables.write("insert into t values (3, 2, 8)")  # the partial index is still there


async def test_everything_at_once(tables: Tables) -> None:
    await filled(tables, "string", "'1'", "'2'")
    await tables.write("delete from t where a is null")
    await tables.do(
        change(
            "a",
            type=ColumnType(type="bigInteger"),
            default=Default(value=9),
            nullable=False,
            unique=True,
            indexed=True,
            comment="numbers",
        )
    )
    found = await tables.column("t", "a")
    made = await tables.table("t")
    assert not found.nullable
    assert default_value(found.default, "bigInteger") == 9
    assert (made.uniques, made.indexed) == ((("a",),), ("a",))
    if not tables.sqlite:
        assert found.comment == "numbers"
        await tables.do(change("a", comment=""))
        assert (await tables.column("t", "a")).comment is None


async def test_keys_stay_numbered(tables: Tables) -> None:
    await filled(tables, "string", "'x'")
    await tables.do(change("id", type=ColumnType(type="bigInteger")), change("id", default=NO_DEFAULT))
    assert (await tables.column("t", "id")).auto_increment
    await tables.write("insert into t (a) values ('y')")
    assert await tables.rows("select id from t where a = 'y'") == [(3,)]
    assert (await refused(tables, change("id", type=ColumnType(type="string")))).code == "INVALID_PAYLOAD"
    assert (await refused(tables, change("id", default=Default(value=5)))).code == "INVALID_PAYLOAD"


async def test_a_key_that_others_point_at(tables: Tables) -> None:
    await tables.do(
        table("t", column("a", "integer", unique=True)),
        table("u", column("to", "integer")),
        AddForeignKey(table="u", column="to", target="t", target_column="a"),
    )
    await tables.write("insert into t (a) values (7)", 'insert into u ("to") values (7)')
    assert "depend" in (await refused(tables, change("a", unique=False))).message
    assert (await refused(tables, change("a", type=ColumnType(type="boolean")))).code == "INVALID_PAYLOAD"
    assert (
        await refused(tables, change("to", of="u", type=ColumnType(type="json")))
    ).code == "INVALID_PAYLOAD"
    await tables.do(change("to", of="u", type=ColumnType(type="bigInteger")))
    assert len(await tables.foreign_keys("u")) == 1


async def test_what_is_not_there(tables: Tables) -> None:
    await filled(tables, "string")
    for wanted in (change("b", nullable=True), change("a", "nothing", nullable=True)):
        assert (await refused(tables, wanted)).code == "INVALID_PAYLOAD"


async def test_generated_columns_are_left(tables: Tables) -> None:
    await tables.write(
        "create table t (id integer primary key, a integer, b integer generated always as (a * 2) stored)",
        "insert into t (id, a) values (1, 4)",
    )
    assert (await refused(tables, change("b", nullable=False))).code == "INVALID_PAYLOAD"
    await tables.do(change("b", indexed=True), change("a", nullable=False))
    assert await tables.rows("select a, b from t") == [(4, 8)]
