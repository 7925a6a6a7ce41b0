"""Values of a column of SQLite under another type, as if they had been read and written again.

    "12" of a text column    -> 12 of an integer column
    1704103200000, a moment  -> "2024-01-01T10:00:00.000Z" of a text column
    "many" of a text column  -> INVALID_PAYLOAD: it cannot be converted to an integer

SQLite itself would put anything into any column. What its rules of affinity have made of the copies is kept
where it is certainly right, and replaced where the readers of values say otherwise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from resolvers.sql.ddl import spellings
from resolvers.sql.ddl.rebuild import row_number
from resolvers.sql.ddl.sqlite_facts import TableFacts
from resolvers.sql.ddl.work import Work, refused, unconvertible
from resolvers.writing.refusing import Refusing
from resolvers.writing.texts import spelled
from resolvers.writing.values import converter
from schema_gen.errors import CausewayError, value_out_of_range, value_too_long
from schema_gen.model import Field, FieldType
from schema_gen.types import NUMBERS

#: rows that are looked at together
_PORTION: Final = 500
_SPELLINGS: Final[Mapping[FieldType, re.Pattern[str]]] = {
    "date": re.compile(spellings.MOMENT, re.ASCII),
    "dateTime": re.compile(spellings.MOMENT, re.ASCII),
    "time": re.compile(spellings.TIME, re.ASCII),
    "timestamp": re.compile(spellings.MOMENT, re.ASCII),
    "uuid": re.compile(spellings.UUID, re.ASCII),
}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TEXTS: Final[frozenset[FieldType]] = frozenset({"csv", "hash", "string", "text"})
_INSTANTS: Final[frozenset[FieldType]] = frozenset({"dateTime", "timestamp"})
_MOMENTS: Final[frozenset[FieldType]] = frozenset({"date", "dateTime", "timestamp"})


async def convert(work: Work, table: TableFacts, old: FieldType, field: Field, copy: str) -> None:
    """Of every row of `table`, its value in `copy`, which `field` describes and which has all rows."""
    take = _converter(table.name, old, field)
    keys = row_number(table) or [work.quoted(name) for name in table.key]
    if not keys:
        raise refused("The rows of {} cannot be told apart", table.name)
    value = work.quoted(field.name)
    mine, its = (", ".join(f"{short}.{key}" for key in keys) for short in ("o", "n"))
    marks = ", ".join(f"?{index}" for index in range(1, len(keys) + 1))
    read = (
        f"SELECT {mine}, o.{value}, n.{value} FROM {work.quoted(table.name)} o "
        f"JOIN {work.quoted(copy)} n ON ({its}) = ({mine}) "
        f"WHERE o.{value} IS NOT NULL AND NOT ({_settled(f'n.{value}', old, field)})"
    )
    order = f" ORDER BY {mine} LIMIT {_PORTION}"
    write = f"UPDATE {work.quoted(copy)} SET {value} = ?{len(keys) + 1} WHERE ({', '.join(keys)}) = ({marks})"
    rows = await work.ask(read + order)
    while rows:
        last = rows[-1][:-2]
        changed = [(*row[:-2], new) for row in rows if not _same(new := take(row[-2]), row[-1])]
        if changed:
            await work.tell_many(write, changed, table.name, field.name)
        rows = await work.ask(f"{read} AND ({mine}) > ({marks}){order}", last)


def _settled(copied: str, old: FieldType, field: Field) -> str:
    """The condition of copies that are right as the column's affinity has made them: they need no look."""
    column = field.column
    if field.type in _TEXTS and old in _TEXTS and column is not None:
        longest = column.max_length
        return f"typeof({copied}) = 'text'" + (f" AND length({copied}) <= {longest}" if longest else "")
    if old in NUMBERS or old in _TEXTS:
        match field.type:
            case "integer":
                return f"typeof({copied}) = 'integer' AND {copied} BETWEEN -2147483648 AND 2147483647"
            case "bigInteger":
                return f"typeof({copied}) = 'integer'"
            case "float":
                return f"typeof({copied}) = 'real' AND abs({copied}) < 1e38"
    return "0"


def _same(new: Any, old: Any) -> bool:
    return type(new) is type(old) and new == old


def _converter(table: str, old: FieldType, field: Field) -> Callable[[Any], Any]:
    write = converter(field, "sqlite")
    pattern = _SPELLINGS.get(field.type)
    moments = _INSTANTS.issuperset({old, field.type})
    refusing = Refusing(collection=table, field=field.name, conceal=True)

    def take(value: Any) -> Any:
        if moments and isinstance(value, (int, float)):
            return value
        try:
            shown = _shown(value, old, field.type, refusing)
            if pattern is not None and not (isinstance(shown, str) and pattern.match(shown)):
                raise refusing.invalid(None, field.type)
            return write(shown)
        except CausewayError as error:
            match error.code:
                case "VALUE_TOO_LONG":
                    raise value_too_long(table, field.name) from error
                case "VALUE_OUT_OF_RANGE":
                    raise value_out_of_range(table, field.name) from error
            raise unconvertible(table, field.name) from error

    return take


def _shown(value: Any, old: FieldType, new: FieldType, refusing: Refusing) -> Any:
    """What answers tell of a stored value: text, or for JSON what JSON has for it."""
    if isinstance(value, bytes):
        return value.hex()
    if old == "boolean" and isinstance(value, (int, float)):
        return _truth(bool(value), new)
    if old in _MOMENTS and isinstance(value, (int, float)):
        return _moment(value, old)
    if new == "json":
        return _json(value, old, refusing)
    if isinstance(value, float) and old == "decimal":
        return format(Decimal(repr(value)), "f")
    return value if isinstance(value, str) else spelled(value, refusing)


def _truth(value: bool, new: FieldType) -> Any:
    if new in NUMBERS:
        return int(value)
    return value if new in ("boolean", "json") else ("true" if value else "false")


def _moment(value: float, old: FieldType) -> str:
    moment = _EPOCH + timedelta(milliseconds=value)
    if old == "date":
        return date.isoformat(moment)[:10]
    plain = moment.replace(tzinfo=None)
    return (
        plain.isoformat(timespec="seconds")
        if old == "dateTime"
        else f"{plain.isoformat(timespec='milliseconds')}Z"
    )


def _json(value: Any, old: FieldType, refusing: Refusing) -> Any:
    """Texts have to be JSON already, as PostgreSQL wants them; numbers are."""
    if isinstance(value, str) and old in ("csv", "hash", "json", "string", "text"):
        try:
            json.loads(value, parse_constant=_no_number)
        except ValueError:
            raise refusing.invalid(None, "JSON") from None
    return value


def _no_number(name: str) -> Any:
    raise ValueError(name)
