"""Texts become values of other types alike on both databases, however odd they are."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest

from resolvers.sql.ddl.carry_out import carry_out
from resolvers.sql.ddl.shapes import ChangeColumn, ColumnChange, ColumnType
from schema_gen.drivers.base import Transaction
from schema_gen.errors import CausewayError
from tests.support.postgres import Cluster
from tests.support.session import TestRun
from tests.support.tables import Tables, column, opened, table

TEXTS = [
    "", " ", "0", "-0", "+5", " 7 ", "\t8\n", "1.0", "1.", ".5", "-.5e1", "1e2", "1E+2", "1e-2", "1e400",
    "0x10", "1_000", "1,5", "--1", "1 2", "NaN", "nan", "Infinity", "-inf", "2147483647", "2147483648",
    "9223372036854775807", "9223372036854775808", "99999.99999", "99999.999999", "123456789.123456789",
    "0.000001", "3.5e38", "१", "٣", "true", "T", "yEs", "on", "off", " no ", "tru", "2", "2024-02-29",
    "2023-02-29", "2024-2-9", "24-02-09", "2024-02-29T10:00", "2024-02-29 10:00:60",
    "2024-02-29T25:00:00", "2024-02-29T10:00:00Z", "2024-02-29T10:00:00.123456+05:30",
    "2024-02-29T10:00:00+0530", "2024-02-29T10:00:00 Z", "2024-02-29T24:00:00", "2024-060", "2024-W09-4",
    "20240229", "now", "today", "infinity", "0000-01-01", "9999-12-31", "10000-01-01", "10:00",
    "10:00:00.5", "10:00:00Z", "10:00:00+02", "24:00:00", "1000", "10", "T10:00",
    "11111111-2222-3333-4444-555555555555", "{11111111-2222-3333-4444-555555555555}",
    "11111111222233334444555555555555", "1111-11112222-3333-4444-555555555555",
    "11111111-2222-3333-4444-55555555555G", "null", '"x"', "[1, 2]", '{"a": 1, "a": 2}', "{'a': 1}",
    "[1,]", '"\\u0041"', "1 1", "\ufeff1", '"\t"', "abc", "ab", "\\xab", "0xab", "AB ", "it's", "ü",
]  # fmt: skip
KINDS: list[Any] = [
    "integer",
    "bigInteger",
    "float",
    "decimal",
    "boolean",
    "date",
    "dateTime",
    "timestamp",
    "time",
    "uuid",
    "json",
]


#: PostgreSQL keeps a number in JSON that nobody could read
BEYOND = ("INVALID_PAYLOAD", float("inf"))


class _BackAgain(Exception):
    """Ends a transaction whose work is not wanted."""


async def outcome(tables: Tables, kind: Any, text: str) -> Any:
    """The value that the text becomes, or the code of the refusal."""
    found: list[Any] = []

    async def change(transaction: Transaction) -> None:
        await transaction.execute(f"insert into t (id, a) values (1, '{text.replace(chr(39), chr(39) * 2)}')")
        wanted = ChangeColumn(table="t", name="a", change=ColumnChange(type=ColumnType(type=kind)))
        await carry_out(transaction, tables.database.dialect, [wanted])
        found.append((await transaction.fetch("select a from t"))[0][0])
        raise _BackAgain

    try:
        async with tables.database.schema_transaction() as transaction:
            await change(transaction)
    except _BackAgain:
        return plain(found[0], kind)
    except CausewayError as error:
        return error.code


def plain(value: Any, kind: Any) -> Any:
    match value:
        case bytes():
            return json.loads(value, parse_int=float)
        case datetime():
            aware = value if value.tzinfo else value.replace(tzinfo=UTC)
            return int(aware.timestamp() * 1000)
        case date():
            return int(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp() * 1000)
        case time():
            return value.isoformat()
    if kind == "json":
        return json.loads(value, parse_int=float) if isinstance(value, str) else float(value)
    if kind == "float":
        return f"{value + 0.0:.6g}"  # four bytes on PostgreSQL
    if kind == "boolean":
        return bool(value)
    return str(value) if kind in ("uuid", "time") else float(value)


@pytest.mark.parametrize("kind", KINDS)
async def test_texts_become_the_same(test_run: TestRun, postgres: Cluster, tmp_path: Path, kind: Any) -> None:
    name = f"texts_{kind.lower()}_{tmp_path.name[-20:]}"
    url = test_run.copy_template("postgresql", None, name, tmp_path)
    told = {}
    async with opened(f"sqlite:///{tmp_path / 'texts.db'}") as one, opened(url) as other:
        for tables in (one, other):
            await tables.do(table("t", column("a")))
        for text in TEXTS:
            both = await outcome(one, kind, text), await outcome(other, kind, text)
            if both[0] != both[1] and both != BEYOND:
                told[text] = both
    postgres.drop(name)
    assert told == {}
