"""Values on their way into columns, on both databases: what is stored is what a read answers."""

from __future__ import annotations

import doctest
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolvers.bundle import BundleHolder
from resolvers.context import PUBLIC, RequestContext
from resolvers.engine import Engine
from resolvers.paging import Limits
from resolvers.permissions import UNRESTRICTED
from resolvers.sql.dialects.postgresql import PostgresqlSql
from resolvers.sql.dialects.sqlite import SqliteSql
from resolvers.writing import carrying
from resolvers.writing.carrying import parameter
from resolvers.writing.values import converter, stored
from schema_gen.database import Database, open_database
from schema_gen.errors import CausewayError
from schema_gen.loader import load_snapshot
from schema_gen.model import Column, Field, FieldType, SchemaSnapshot
from schema_gen.types import field_type
from tests.support.blog import NOW, operation, told
from tests.support.session import Dialect

#: name -> (column type on SQLite, on PostgreSQL); a third part is the special's type
COLUMNS: Mapping[str, tuple[str, str] | tuple[str, str, FieldType]] = {
    "string": ("varchar(10)", "varchar(10)"),
    "text": ("text", "text"),
    "small": ("smallint", "smallint"),
    "integer": ("integer", "integer"),
    "big": ("bigint", "bigint"),
    "decimal": ("decimal(6,2)", "numeric(6,2)"),
    "free": ("numeric", "numeric"),
    "real": ("float", "real"),
    "double": ("double", "double precision"),
    "boolean": ("boolean", "boolean"),
    "truth": ("integer", "integer", "boolean"),
    "date": ("date", "date"),
    "datetime": ("datetime", "timestamp"),
    "timestamp": ("timestamp", "timestamptz"),
    "time": ("time", "time"),
    "json": ("json", "json"),
    "jsonb": ("json", "jsonb"),
    "textjson": ("text", "text", "json"),
    "csv": ("text", "text", "csv"),
    "uuid": ("char(36)", "uuid", "uuid"),
    "binary": ("blob", "bytea"),
    "geometry": ("geometry", "text", "geometry"),
    "point": ("point", "text", "geometry.Point"),
    "kind": ("text check (kind in ('a', 'b'))", "kind"),
}
LONG = "x" * 11
OTHER = "11111111-1111-4111-8111-111111111111"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    database: Database
    engine: Engine
    snapshot: SchemaSnapshot

    def field(self, name: str) -> Field:
        return self.snapshot.collections["things"].fields[name]

    async def kept(self, *written: tuple[str, Any]) -> list[Any]:
        """What a read answers (REST) after each value was written to a row of its own."""
        async with self.database.transaction() as transaction:
            for name, value in written:
                field = self.field(name)
                bound = converter(field, self.database.dialect)(value)
                around = (parameter(field, self.database.dialect) or "{}").format("$1")
                statement = f'INSERT INTO things ("{name}") VALUES ({around})'
                await transaction.execute(self.database.native(statement), (bound,))
        context = RequestContext(actor=PUBLIC, rules=UNRESTRICTED, now=NOW)
        names = " ".join({name for name, _ in written})
        query = f'{{ things(limit: -1, sort: ["id"]) {{ id {names} }} }}'
        outcome = await self.engine.execute(operation(query, "rest"), context)
        rows = told(outcome.roots[0].data, outcome.roots[0].error)
        return [row[name] for row, (name, _) in zip(rows, written, strict=True)]


@pytest.fixture
async def table(database_url: str, dialect: Dialect) -> AsyncIterator[Table]:
    database = await open_database(database_url)
    which = 1 if dialect == "postgresql" else 0
    columns = ", ".join(f'"{name}" {types[which]}' for name, types in COLUMNS.items())
    key = "serial primary key" if which else "integer primary key"
    computed = "integer generated always as (integer / 2) stored"
    async with database.transaction() as transaction:
        if which:
            await transaction.execute("CREATE TYPE kind AS ENUM ('a', 'b')")
            columns += ', "span" interval, "words" text[], "address" inet'
        await transaction.execute(f"CREATE TABLE things (id {key}, {columns}, twice {computed})")
    loaded = await load_snapshot(database)
    things = loaded.collections["things"]
    cast = {
        name: replace(things.fields[name], type=types[2])
        for name, types in COLUMNS.items()
        if len(types) == 3
    }
    things = replace(things, fields={**things.fields, **cast})
    snapshot = replace(loaded, collections={**loaded.collections, "things": things})

    async def load() -> SchemaSnapshot:
        return snapshot

    sql = PostgresqlSql() if which else SqliteSql()
    engine = Engine(database, await BundleHolder.open(load), Limits(), sql)
    yield Table(database=database, engine=engine, snapshot=snapshot)
    await database.close()


TAKEN: list[tuple[str, Any, Any]] = [
    ("string", "abc", "abc"),
    ("string", "", ""),
    ("string", 5, "5"),
    ("string", 5.0, "5"),
    ("string", 1.5, "1.5"),
    ("string", True, "true"),
    ("string", {"a": 1}, '{"a":1}'),
    ("string", [1, "ä"], '[1,"ä"]'),
    ("string", "äöü😀456789", "äöü😀456789"),
    ("string", "1234567890   ", "1234567890"),
    ("text", "a\r\n\t'\"\\%", "a\r\n\t'\"\\%"),
    ("small", -32768, -32768),
    ("integer", 5, 5),
    ("integer", "5", 5),
    ("integer", " -5 ", -5),
    ("integer", 5.0, 5),
    ("integer", "5e0", 5),
    ("integer", 2147483647, 2147483647),
    ("big", "9007199254740993", "9007199254740993"),
    ("big", -(2**63), str(-(2**63))),
    ("decimal", "1.005", 1.01),
    ("decimal", 1.005, 1.01),
    ("decimal", -1.555, -1.56),
    ("decimal", 9999.994, 9999.99),
    ("decimal", 7, 7),
    ("decimal", "1e-30", 0),
    ("free", "1e10", 10000000000),
    ("free", 0.1, 0.1),
    ("real", "1.5", 1.5),
    ("real", 3, 3),
    ("double", 1e300, 1e300),
    ("double", -0.1, -0.1),
    ("boolean", True, True),
    ("boolean", "false", False),
    ("boolean", 1, True),
    ("boolean", "0", False),
    ("boolean", "yes", True),
    ("truth", True, True),
    ("truth", "false", False),
    ("date", "2024-01-02", "2024-01-02"),
    ("date", "1815-12-10", "1815-12-10"),
    # the driver of PostgreSQL has these for infinities
    ("date", "0001-01-01", "0001-01-01"),
    ("date", "9999-12-31", "9999-12-31"),
    ("datetime", "0001-01-01T00:00:00", "0001-01-01T00:00:00"),
    ("timestamp", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
    ("timestamp", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999Z"),
    ("date", "2024-01-02T10:00:00Z", "2024-01-02"),
    ("date", "2024-01-02T23:00:00-05:00", "2024-01-03"),
    ("date", 1700000000000, "2023-11-14"),
    ("datetime", "2024-01-02", "2024-01-02T00:00:00"),
    ("datetime", "2024-01-02 10:00:00", "2024-01-02T10:00:00"),
    ("datetime", "2024-01-02T10:00:00Z", "2024-01-02T10:00:00"),
    ("datetime", "2024-01-02T10:00:00+02:00", "2024-01-02T08:00:00"),
    ("datetime", "1969-12-31T23:59:59.5", "1969-12-31T23:59:59"),
    ("timestamp", "2024-01-02", "2024-01-02T00:00:00.000Z"),
    ("timestamp", "2024-01-02T10:00:00.123456Z", "2024-01-02T10:00:00.123Z"),
    ("timestamp", "2024-01-02T10:00:00+02:00", "2024-01-02T08:00:00.000Z"),
    ("timestamp", 1700000000000, "2023-11-14T22:13:20.000Z"),
    ("time", "10:00", "10:00:00"),
    ("time", "10:00:00.5", "10:00:00"),
    ("time", "10:00:00Z", "10:00:00"),
    *[
        (name, value, answer)
        for name in ("json", "jsonb", "textjson")
        for value, answer in [
            ({"a": [1, None, "ä"]}, {"a": [1, None, "ä"]}),
            ([], []),
            ('{"a":1}', {"a": 1}),
            ("text", "text"),
            ("", ""),
            (True, True),
            (0.5, 0.5),
            ("NaN", "NaN"),
            ({"a": "\\u0000"}, {"a": "\\u0000"}),
        ]
    ],
    ("csv", ["a", "b"], ["a", "b"]),
    ("csv", "a,b", ["a", "b"]),
    ("csv", [1, None, True], ["1", "", "true"]),
    ("csv", [], []),
    ("csv", 5, ["5"]),
    ("uuid", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    ("uuid", "a0eebc999c0b4ef8bb6d6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    ("binary", "DEadbe", "deadbe"),
    ("binary", {"type": "Buffer", "data": [222, 173]}, "dead"),
    ("geometry", {"type": "Point", "coordinates": [1, 2]}, {"type": "Point", "coordinates": [1, 2]}),
    ("point", '{"type":"Point","coordinates":[1,2]}', {"type": "Point", "coordinates": [1, 2]}),
    ("kind", "a", "a"),
]

REFUSED: list[tuple[str, Any, str]] = [
    ("string", LONG, "VALUE_TOO_LONG"),
    ("string", "äöü😀4567890", "VALUE_TOO_LONG"),
    ("string", [1, 2, 3, 4, 5, 6], "VALUE_TOO_LONG"),
    ("string", "a\x00b", "INVALID_PAYLOAD"),
    ("text", "\ud800", "INVALID_PAYLOAD"),
    ("text", [float("inf")], "INVALID_PAYLOAD"),
    ("small", 32768, "VALUE_OUT_OF_RANGE"),
    ("integer", 2147483648, "VALUE_OUT_OF_RANGE"),
    ("integer", -2147483649, "VALUE_OUT_OF_RANGE"),
    ("integer", 1e30, "VALUE_OUT_OF_RANGE"),
    ("integer", "1e999999", "VALUE_OUT_OF_RANGE"),
    ("integer", float("inf"), "VALUE_OUT_OF_RANGE"),
    ("integer", "9" * 5000, "VALUE_OUT_OF_RANGE"),
    ("integer", 5.5, "INVALID_PAYLOAD"),
    ("integer", "abc", "INVALID_PAYLOAD"),
    ("integer", "", "INVALID_PAYLOAD"),
    ("integer", "1_000", "INVALID_PAYLOAD"),
    ("integer", "\N{ARABIC-INDIC DIGIT FIVE}", "INVALID_PAYLOAD"),
    ("integer", True, "INVALID_PAYLOAD"),
    ("integer", [1], "INVALID_PAYLOAD"),
    ("integer", {"a": 1}, "INVALID_PAYLOAD"),
    ("big", 2**63, "VALUE_OUT_OF_RANGE"),
    ("big", 5.5, "INVALID_PAYLOAD"),
    ("decimal", 9999.995, "VALUE_OUT_OF_RANGE"),
    ("decimal", 10000, "VALUE_OUT_OF_RANGE"),
    ("decimal", "NaN", "INVALID_PAYLOAD"),
    ("decimal", True, "INVALID_PAYLOAD"),
    ("free", "1e2000", "VALUE_OUT_OF_RANGE"),
    ("free", "1e-20000", "VALUE_OUT_OF_RANGE"),
    ("real", 1e39, "VALUE_OUT_OF_RANGE"),
    ("real", "x", "INVALID_PAYLOAD"),
    ("double", float("inf"), "VALUE_OUT_OF_RANGE"),
    ("double", "1e400", "VALUE_OUT_OF_RANGE"),
    ("double", 10**400, "VALUE_OUT_OF_RANGE"),
    ("boolean", 2, "INVALID_PAYLOAD"),
    ("boolean", "x", "INVALID_PAYLOAD"),
    ("boolean", "", "INVALID_PAYLOAD"),
    ("boolean", [], "INVALID_PAYLOAD"),
    ("date", "2024-1-2", "INVALID_PAYLOAD"),
    ("date", "2024-02-30", "INVALID_PAYLOAD"),
    ("date", "", "INVALID_PAYLOAD"),
    ("date", True, "INVALID_PAYLOAD"),
    ("datetime", "10:00", "INVALID_PAYLOAD"),
    ("datetime", "0001-01-01T00:00:00+05:00", "INVALID_PAYLOAD"),
    ("timestamp", "x", "INVALID_PAYLOAD"),
    ("timestamp", 1e300, "INVALID_PAYLOAD"),
    ("timestamp", float("nan"), "INVALID_PAYLOAD"),
    ("time", "25:00", "INVALID_PAYLOAD"),
    ("time", "2024-01-02T10:00:00", "INVALID_PAYLOAD"),
    ("time", 10, "INVALID_PAYLOAD"),
    ("json", {"a": "\x00"}, "INVALID_PAYLOAD"),
    ("json", {"a": "\ud800"}, "INVALID_PAYLOAD"),
    ("json", [1e400], "INVALID_PAYLOAD"),
    ("json", 10**400, "VALUE_OUT_OF_RANGE"),
    ("free", 10**400, "VALUE_OUT_OF_RANGE"),
    ("binary", {"type": "Buffer", "data": 10**12}, "INVALID_PAYLOAD"),
    ("uuid", "x", "INVALID_PAYLOAD"),
    ("uuid", 5, "INVALID_PAYLOAD"),
    ("binary", "abc", "INVALID_PAYLOAD"),
    ("binary", {"type": "Buffer", "data": [256]}, "INVALID_PAYLOAD"),
    ("point", {"type": "Polygon", "coordinates": []}, "INVALID_PAYLOAD"),
    ("point", "POINT(1 2)", "INVALID_PAYLOAD"),
    ("geometry", {"a": 1}, "INVALID_PAYLOAD"),
    ("kind", "c", "INVALID_PAYLOAD"),
    ("twice", 2, "INVALID_PAYLOAD"),
]


def refusal(value: Any, field: Field, dialect: Dialect) -> CausewayError | None:
    try:
        stored(value, field, dialect)
    except CausewayError as error:
        return error
    return None


async def test_what_is_taken_is_read_back(table: Table) -> None:
    kept = await table.kept(*[(name, value) for name, value, _ in TAKEN])
    wrong = [
        (name, value, one)
        for (name, value, answer), one in zip(TAKEN, kept, strict=True)
        if one != answer or (isinstance(one, bool) is not isinstance(answer, bool) and name != "truth")
    ]
    assert wrong == []


ODD: list[Any] = [
    0, -0.0, 1, -1, 2**31, 2**53 + 1, 2**63, -(2**63), 10**30, 0.1, 1e22, 5e-324, 1e308, 3.4028235e38,
    float("inf"), float("nan"), True, False, "", " ", "0", "1.50", "1e5", "0x10", "NaN", "Infinity", "null",
    "true", "TRUE", "a", "a,b", "\x00", "\ud800", "\udfff x", "\U0001f600", "\\u0000", '"\\u0000"', "{",
    "{}", "[]", '{"a":1}', "2024", "20240102", "2024-W01-1", "2024-01-02", "2024-01-02T24:00:00",
    "0001-01-01", "9999-12-31T23:59:59.999999Z", "10:00", "10:00:00.123456", "23:59:60", OTHER,
    OTHER.upper(), "{" + OTHER + "}", "dead", "\\xdead", "x" * 300, "é" * 10, [], [None], [[1]], ["a",
    ["b"]], {}, {"a": None}, {"type": "Point", "coordinates": [0, 0]}, {"type": "Point", "coordinates":
    "x"}, {"type": "Buffer", "data": [1]}, {"type": "Buffer", "data": 10**12}, {"type": "Buffer", "data":
    5}, {"type": "Buffer", "data": "ab"}, {"\ud800": 1}, [1e999], "9" * 400, "-" + "9" * 25,
]  # fmt: skip


async def test_what_is_not_refused_is_taken_by_the_database(table: Table) -> None:
    taken: list[tuple[str, Any]] = []
    for name in COLUMNS:
        for value in ODD:
            if refusal(value, table.field(name), table.database.dialect) is None:
                taken.append((name, value))
    assert len(taken) > 200
    kept = await table.kept(*taken)
    assert [pair for pair, one in zip(taken, kept, strict=True) if one is None and pair[1] != "null"] == []


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=20)
    | st.from_regex(r"[-+.eE0-9:TZ ]{1,20}"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(value=JSON)
def test_both_databases_refuse_the_same(value: Any) -> None:
    for name, types in COLUMNS.items():
        declared = [text.partition("(")[0].partition(" ")[0] for text in types[:2]]
        kind = types[2] if len(types) == 3 else field_type("sqlite", declared[0])
        limit = 10 if name == "string" else None
        precision, scale = (6, 2) if name == "decimal" else (None, None)
        found = []
        for dialect, data_type in (
            ("sqlite", declared[0]),
            ("postgresql", _POSTGRESQL.get(declared[1], declared[1])),
        ):
            column = Column(
                data_type=data_type, max_length=limit, numeric_precision=precision, numeric_scale=scale
            )
            one = Field(collection="things", name=name, type=kind, column=column)
            error = refusal(value, one, "sqlite" if dialect == "sqlite" else "postgresql")
            found.append(None if error is None else (error.code, error.message))
        assert found[0] == found[1], name


_POSTGRESQL: Mapping[str, str] = {
    "varchar": "character varying", "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone", "time": "time without time zone", "double": "double precision",
}  # fmt: skip


async def test_null_is_null_in_every_column(table: Table) -> None:
    assert await table.kept(*[(name, None) for name in COLUMNS]) == [None] * len(COLUMNS)


async def test_what_the_column_cannot_hold_is_refused_with_the_facts(table: Table) -> None:
    wrong = []
    for name, value, code in REFUSED:
        found = refusal(value, table.field(name), table.database.dialect)
        if found is None or found.code != code or name not in found.message:
            wrong.append((name, value, found, code))
        else:
            json.dumps(found.extensions, allow_nan=False).encode()
    assert wrong == []


async def test_refusals_name_collection_field_and_value(table: Table) -> None:
    with pytest.raises(CausewayError) as refused:
        stored(LONG, table.field("string"), table.database.dialect)
    assert refused.value.message == f'Value "{LONG}" for field "string" in collection "things" is too long.'
    assert refused.value.extensions == {"collection": "things", "field": "string", "value": LONG}
    with pytest.raises(CausewayError) as refused:
        stored(2**31, table.field("integer"), table.database.dialect)
    assert refused.value.extensions == {"collection": "things", "field": "integer", "value": 2**31}
    with pytest.raises(CausewayError) as refused:
        stored("abc", table.field("integer"), table.database.dialect)
    assert refused.value.extensions["value"] == "abc"
    with pytest.raises(CausewayError) as refused:
        stored("x", table.field("date"), table.database.dialect)
    assert refused.value.message == 'Invalid payload. Invalid Date format in field "date".'


async def test_concealed_and_endless_values_are_not_repeated(table: Table) -> None:
    field = replace(table.field("string"), special=("conceal",))
    for one, value in ((field, "a secret text"), (table.field("string"), "y" * 5000)):
        with pytest.raises(CausewayError) as refused:
            stored(value, one, table.database.dialect)
        assert refused.value.code == "VALUE_TOO_LONG"
        assert value not in str(refused.value) + str(refused.value.extensions)


async def test_keys_that_sqlite_numbers_have_64_bits(table: Table) -> None:
    key = table.field("id")
    if table.database.dialect == "sqlite":
        assert stored(2**40, key, "sqlite") == 2**40
    else:
        with pytest.raises(CausewayError):
            stored(2**40, key, "postgresql")


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_types_of_postgresql_without_a_word_in_the_protocol(table: Table) -> None:
    assert await table.kept(("address", "10.0.0.1/8")) == ["10.0.0.1/8"]


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_intervals_and_arrays_are_written_from_their_text(table: Table) -> None:
    dialect = table.database.dialect
    wanted = [("span", "1 month 2 days", "1 mon 2 days"), ("words", ["a", 'b"c', None], '{a,"b\\"c",NULL}')]
    for name, value, text in wanted:
        field = table.field(name)
        around = (parameter(field, dialect) or "").format("$1")
        async with table.database.transaction() as transaction:
            (row,) = await transaction.fetch(
                f'INSERT INTO things ("{name}") VALUES ({around}) RETURNING "{name}"::text',
                (stored(value, field, dialect),),
            )
        assert row[0] == text


def test_examples() -> None:
    assert doctest.testmod(carrying).failed == 0
