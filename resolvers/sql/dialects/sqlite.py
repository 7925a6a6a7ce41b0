"""SQLite: objects by `json_object`, lists by joining their texts, which costs a third less than
`json_group_array`.

A value loses its being JSON on the way out of a subquery, so what is embedded is wrapped in `json()`. Dates
may be stored as text or as milliseconds since 1970; they are compared and shown in one normal form.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Select, func
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.elements import Grouping
from sqlalchemy.types import TypeEngine

from resolvers.conditions import FunctionName, Shape, Slot
from resolvers.operation import Wire
from resolvers.sql.dialects.base import MASK, Pairs, plain, raw, side_by_side
from resolvers.sql.dialects.postgresql import wildcards
from schema_gen.model import Field, FieldType

_NULL_TYPE: Final = sa.types.NullType()
_SAFE: Final = 9007199254740991
#: json_object takes 63 pairs at the most
_PAIRS: Final = 60
_FORMATS: Final[dict[FieldType, str]] = {
    "date": "%Y-%m-%d",
    "dateTime": "%Y-%m-%dT%H:%M:%S",
    "timestamp": "%Y-%m-%dT%H:%M:%fZ",
    "time": "%H:%M:%S",
}
_PARTS: Final = {
    "year": "%Y",
    "month": "%m",
    "day": "%d",
    "weekday": "%w",
    "hour": "%H",
    "minute": "%M",
    "second": "%S",
}


class SqliteSql:
    name = "sqlite"
    #: YYSTACKDEPTH; since 3.46 the stack grows
    parser_stack: int | None = 100

    def __init__(self) -> None:
        self.compiler = sqlite.dialect(paramstyle="qmark")

    # --- parameters -----------------------------------------------------------------------------------------

    def parameter_type(self, slot: Slot) -> TypeEngine[Any]:
        return _NULL_TYPE

    def adapt(self, value: Any, kind: FieldType, shape: Shape, operator: str) -> Any:
        if isinstance(value, list):
            return json.dumps([_driver(item, kind) for item in value])
        if shape in ("contains", "starts", "ends"):
            if value is None:
                return None
            insensitive = operator == "search" or operator.startswith(("_i", "_ni"))
            return wildcards(str(value), shape) if insensitive else str(value)
        return _driver(value, kind)

    # --- values ---------------------------------------------------------------------------------------------

    def comparable(self, column: ColumnElement[Any], field: Field) -> ColumnElement[Any]:
        return self._moment(column, field.type) if field.type in _FORMATS else column

    def _moment(self, column: ColumnElement[Any], kind: FieldType) -> ColumnElement[Any]:
        """The normal form of a date or time, whatever form is stored; what is no date stays as it is."""
        if (name := plain(column)) is not None:
            return raw(_moment_of(name, kind))
        pattern = raw(f"'{_FORMATS[kind]}'")
        text = func.coalesce(func.strftime(pattern, column), column)
        if kind == "time":
            return text
        milliseconds = column.op("/")(raw("1000.0"))
        return sa.case(
            (
                func.typeof(column).in_([raw("'integer'"), raw("'real'")]),
                func.strftime(pattern, milliseconds, raw("'unixepoch'")),
            ),
            else_=text,
        )

    def json_value(
        self, column: ColumnElement[Any], field: Field, wire: Wire, *, text: bool = False
    ) -> ColumnElement[Any]:
        if field.concealed:
            return sa.case((column.is_not(None), raw(f"'{MASK}'")))
        if field.type in _FORMATS:
            return self._moment(column, field.type)
        name = plain(column)
        if text:
            return sa.cast(column, sa.Text()) if name is None else raw(f"CAST({name} AS TEXT)")
        match field.type:
            case "boolean" if name is not None:
                return raw(f"CASE WHEN ({name} IS NOT NULL) THEN json(iif({name}, 'true', 'false')) END")
            case "boolean":
                truth = func.iif(column, raw("'true'"), raw("'false'"))
                return sa.case((column.is_not(None), func.json(truth)))
            case "bigInteger" | "integer":
                return self.json_number(column, _width(field) if wire == "rest" else field.type, wire)
            case "float" | "decimal":
                # infinities are no JSON
                bound = raw("1.7976931348623157e308")
                return sa.case((func.abs(column) <= bound, column))
            case "csv":
                return self._csv(column)
            case "json":
                return self._json(column)
            case "binary":
                return sa.case((column.is_not(None), func.lower(func.hex(column))))
            case _:
                return self._json(column) if field.type.startswith("geometry") else column

    def _csv(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        quoted = func.replace(func.json_quote(column), raw("','"), raw("""'","'"""))
        listed = raw("'['").concat(quoted).concat(raw("']'"))
        empty = func.json(raw("'[]'"))
        return sa.case((column == raw("''"), empty), (column.is_not(None), func.json(listed)))

    def _json(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        return sa.case((func.json_valid(column), func.json(column)), else_=column)

    def json_number(self, value: ColumnElement[Any], kind: FieldType, wire: Wire) -> ColumnElement[Any]:
        if kind == "bigInteger" and wire == "graphql":
            return sa.cast(value, sa.Text())
        if kind != "bigInteger":
            return value
        safe = value.between(raw(str(-_SAFE)), raw(str(_SAFE)))
        return sa.case((safe, value), else_=sa.cast(value, sa.Text()))

    def date_part(self, column: ColumnElement[Any], field: Field, part: FunctionName) -> ColumnElement[Any]:
        value = self._moment(column, field.type)
        if part == "week":
            # ISO 8601: the week of this week's Thursday
            thursday = func.date(value, raw("'-3 days'"), raw("'weekday 4'"))
            day = sa.cast(func.strftime(raw("'%j'"), thursday), sa.Integer())
            # both sides are whole numbers, so the division is one of whole numbers
            return Grouping(day + raw("6")).op("/")(raw("7"))
        pattern = raw(f"'{_PARTS[part]}'")
        return sa.cast(func.strftime(pattern, value), sa.Integer())

    def json_length(self, column: ColumnElement[Any], field: Field) -> ColumnElement[Any]:
        is_list = func.json_type(column) == raw("'array'")
        valid = func.json_valid(column)
        return sa.case((sa.and_(valid, is_list), func.json_array_length(column)))

    def json_path(self, path: tuple[str | int, ...]) -> Any:
        return "$" + "".join(f"[{step}]" if _index(step) else f".{json.dumps(str(step))}" for step in path)

    def json_at(
        self, column: ColumnElement[Any], field: Field, path: ColumnElement[Any]
    ) -> ColumnElement[Any]:
        found = column.op("->")(path)
        return sa.case((func.json_valid(column), func.json(found)))

    def json_at_as(
        self, column: ColumnElement[Any], field: Field, path: ColumnElement[Any], kind: FieldType
    ) -> ColumnElement[Any]:
        value = func.json_extract(column, path)
        return sa.case((func.json_valid(column), value))

    def key_from_text(self, text: ColumnElement[Any], key: Field) -> ColumnElement[Any]:
        return text

    # --- operators ------------------------------------------------------------------------------------------

    def member(self, value: ColumnElement[Any], items: ColumnElement[Any]) -> ColumnElement[bool]:
        listed = func.json_each(items).table_valued("value")
        return value.in_(sa.select(listed.c.value))

    def like(
        self, value: ColumnElement[Any], pattern: ColumnElement[Any], shape: Shape, *, sensitive: bool
    ) -> ColumnElement[bool]:
        if not sensitive:
            return value.like(pattern, escape="!")
        # LIKE ignores case here
        if shape == "contains":
            return func.instr(value, pattern) > raw("0")
        size = func.length(pattern)
        if shape == "starts":
            return func.substr(value, raw("1"), size) == pattern
        return func.substr(value, -size) == pattern

    def order(self, value: ColumnElement[Any], *, descending: bool, nullable: bool) -> ColumnElement[Any]:
        term = value.desc() if descending else value.asc()
        if not nullable:
            return term
        return term.nulls_first() if descending else term.nulls_last()

    def limited(self, rows: Select[Any], limit: int | None, offset: int) -> Select[Any]:
        if limit is None and not offset:
            return rows
        return rows.limit(raw(str(-1 if limit is None else limit))).offset(raw(str(offset)))

    # --- JSON -----------------------------------------------------------------------------------------------

    def json_object(self, pairs: Pairs) -> ColumnElement[Any]:
        chunks = [self._built(pairs[start : start + _PAIRS]) for start in range(0, len(pairs) or 1, _PAIRS)]
        if len(chunks) == 1:
            return chunks[0]
        joined: ColumnElement[Any] = func.substr(chunks[0], raw("1"), func.length(chunks[0]) - raw("1"))
        for chunk in chunks[1:]:
            inner = func.substr(chunk, raw("2"))
            if chunk is not chunks[-1]:
                inner = func.substr(chunk, raw("2"), func.length(chunk) - raw("2"))
            joined = joined.concat(raw("','")).concat(inner)
        return func.json(joined)

    def _built(self, pairs: Pairs) -> ColumnElement[Any]:
        return func.json_object(*side_by_side(pairs, _written, _made))

    def object_of(self, rows: Select[Any], pairs: Pairs) -> Select[Any]:
        return rows.add_columns(self.json_object(pairs))

    def value_of(self, rows: Select[Any], value: ColumnElement[Any]) -> Select[Any]:
        return rows.add_columns(func.json_quote(value))

    def list_of(self, rows: Select[Any], pairs: Pairs) -> ColumnElement[Any]:
        return self.list_of_texts(rows, self.json_object(pairs))

    def list_of_values(self, rows: Select[Any], value: ColumnElement[Any]) -> ColumnElement[Any]:
        return self.list_of_texts(rows, self.json_text(value))

    def json_text(self, value: ColumnElement[Any]) -> ColumnElement[Any]:
        return func.json_quote(value)

    def list_of_texts(self, rows: Select[Any], text: ColumnElement[Any]) -> ColumnElement[Any]:
        inner = rows.add_columns(text.label("j")).subquery("r")
        joined = func.coalesce(func.group_concat(inner.c.j), raw("''"))
        listed = raw("'['").concat(joined).concat(raw("']'"))
        return sa.select(listed).select_from(inner).scalar_subquery()

    def embedded(self, value: ColumnElement[Any]) -> ColumnElement[Any]:
        return func.json(value)

    def bare(self, value: ColumnElement[Any]) -> ColumnElement[Any]:
        return value

    def groupable(self, value: ColumnElement[Any], field: Field | None) -> ColumnElement[Any]:
        return value

    def ordered(self, value: ColumnElement[Any], field: Field | None) -> ColumnElement[Any]:
        return value

    def sortable(self, value: ColumnElement[Any], field: Field) -> ColumnElement[Any]:
        return value

    def arithmetic(self, name: str, value: ColumnElement[Any], field: Field | None) -> ColumnElement[Any]:
        function: ColumnElement[Any] = getattr(func, name)(value)
        return function

    def null(self) -> ColumnElement[Any]:
        return sa.null()

    def text(self, value: ColumnElement[Any]) -> ColumnElement[Any]:
        return value


def _width(field: Field) -> FieldType:
    """The number of a row has 64 bits, whatever its column says; so has what leads to it."""
    column = field.column
    row = column is not None and (column.auto_increment or column.foreign_table is not None)
    return "bigInteger" if row else field.type


def _plain_key(key: str) -> bool:
    return key.isidentifier() and key.isascii()


def _written(key: str, name: str) -> str | None:
    return f"'{key}', {name}" if _plain_key(key) else None


def _made(key: str, value: ColumnElement[Any]) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    return raw(f"'{key}'") if _plain_key(key) else sa.literal(key), value


def _moment_of(name: str, kind: FieldType) -> str:
    pattern = _FORMATS[kind]
    text = f"coalesce(strftime('{pattern}', {name}), {name})"
    if kind == "time":
        return text
    milliseconds = f"strftime('{pattern}', {name} / 1000.0, 'unixepoch')"
    return f"CASE WHEN (typeof({name}) IN ('integer', 'real')) THEN {milliseconds} ELSE {text} END"


def _index(step: str | int) -> bool:
    return isinstance(step, int)


def _driver(value: Any, kind: FieldType) -> Any:
    """Dates in the normal form of `_FORMATS`; numbers as SQLite holds them."""
    if isinstance(value, datetime):
        if kind == "timestamp":
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
        return value.strftime("%Y-%m-%dT%H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.strftime("%H:%M:%S")
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and abs(value) < 2**63 else float(value)
    return value
