"""PostgreSQL: rows become JSON by `array_to_json(array(rows))`, the cheapest form measured.

Parameters carry their types; times are told in UTC (the session's time zone); lists are one array parameter;
nothing is cast that an index serves.
"""

from __future__ import annotations

import re
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Select, func
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.types import TypeEngine

from resolvers.conditions import FunctionName, Shape, Slot
from resolvers.operation import Wire
from resolvers.sql import postgis
from resolvers.sql.dialects.base import MASK, Pairs, plain, raw, side_by_side
from schema_gen.model import Field, FieldType

_TYPES: Final[dict[FieldType, TypeEngine[Any]]] = {
    "bigInteger": sa.BigInteger(),
    "boolean": sa.Boolean(),
    "date": sa.Date(),
    "dateTime": sa.DateTime(),
    "decimal": sa.Numeric(),
    "float": sa.Double(),
    "integer": sa.BigInteger(),
    "time": sa.Time(),
    "timestamp": sa.DateTime(timezone=True),
    "uuid": postgresql.UUID(as_uuid=False),
}
_TEXT: Final = sa.Text()
_JSON: Final = postgresql.JSON()
_SAFE: Final = 9007199254740991
_STRINGS: Final = frozenset(
    {"character varying", "varchar", "text", "character", "char", "bpchar", "citext", "name"}
)
_PARTS: Final = {"weekday": "dow"}
#: arguments per function call: 100, a pair takes two
_PAIRS: Final = 50


class PostgresqlSql:
    name = "postgresql"
    parser_stack: int | None = None

    def __init__(self) -> None:
        self.compiler = asyncpg.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]

    # --- parameters -----------------------------------------------------------------------------------------

    def parameter_type(self, slot: Slot) -> TypeEngine[Any]:
        kind = _TEXT if slot.shape in ("contains", "starts", "ends") else _TYPES.get(slot.type, _TEXT)
        return postgresql.ARRAY(kind) if slot.shape == "list" else kind

    def adapt(self, value: Any, kind: FieldType, shape: Shape, operator: str) -> Any:
        if shape in ("contains", "starts", "ends"):
            return None if value is None else wildcards(str(value), shape)
        if kind in _TYPES or value is None:
            return value
        if isinstance(value, list):
            return [None if item is None else str(item) for item in value]
        return str(value)

    # --- values ---------------------------------------------------------------------------------------------

    def comparable(self, column: ColumnElement[Any], field: Field) -> ColumnElement[Any]:
        data_type = field.column.data_type if field.column is not None else ""
        if field.type in _TYPES:
            if field.type == "uuid" and data_type != "uuid":
                return sa.cast(column, postgresql.UUID(as_uuid=False))
            return column
        if data_type.split("(")[0] in _STRINGS:
            return column
        return sa.cast(column, _TEXT)

    def json_value(
        self, column: ColumnElement[Any], field: Field, wire: Wire, *, text: bool = False
    ) -> ColumnElement[Any]:
        if field.concealed:
            return sa.case((column.is_not(None), raw(f"'{MASK}'")))
        if text and field.type not in ("date", "dateTime", "time", "timestamp"):
            return sa.cast(column, _TEXT)
        match field.type:
            case "timestamp":
                data_type = field.column.data_type if field.column is not None else ""
                zoned = func.timezone(raw("'UTC'"), column) if "with time zone" in data_type else column
                return func.to_char(zoned, raw("""'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'"""))
            case "dateTime":
                return self._date_time(column, field)
            case "date":
                return self._date(column, field)
            case "time":
                return func.to_char(sa.cast(column, postgresql.INTERVAL()), raw("'HH24:MI:SS'"))
            case "bigInteger":
                return self.json_number(column, "bigInteger", wire)
            case "decimal":
                precision = field.column.numeric_precision if field.column is not None else None
                if wire == "rest" and (precision is None or precision > 15):
                    return self._exact(column)
                return column
            case "csv":
                return func.to_json(func.string_to_array(column, raw("','")))
            case "json":
                return self._json(column, field)
            case "binary":
                return func.encode(column, raw("'hex'"))
            case _:
                if field.type.startswith("geometry"):
                    return self._geometry(column, field)
                return column

    def _date_time(self, column: ColumnElement[Any], field: Field) -> ColumnElement[Any]:
        """What is common is written by `to_json`, which takes half the time of `to_char`: whole seconds of
        years that both write alike. Only of a column as it stands, since it is named several times.
        """
        pattern = """'YYYY-MM-DD"T"HH24:MI:SS'"""
        name = _column(column, field, "timestamp without time zone")
        if name is None:
            return func.to_char(column, raw(pattern))
        return raw(
            f"CASE WHEN {name} >= '0001-01-01' AND {name} < '10000-01-01' AND {name} = {name}::timestamp(0) "
            f"THEN to_json({name}) ELSE to_json(to_char({name}, {pattern})) END"
        )

    def _date(self, column: ColumnElement[Any], field: Field) -> ColumnElement[Any]:
        name = _column(column, field, "date")
        if name is None:
            return func.to_char(column, raw("'YYYY-MM-DD'"))
        return raw(
            f"CASE WHEN {name} >= '0001-01-01' AND {name} < '10000-01-01' "
            f"THEN to_json({name}) ELSE to_json(to_char({name}, 'YYYY-MM-DD')) END"
        )

    def _exact(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """Numbers of more digits than a double holds are written as strings."""
        return sa.case(
            (
                func.length(
                    func.replace(
                        func.ltrim(sa.cast(column, _TEXT), raw("'-0.'")),
                        raw("'.'"),
                        raw("''"),
                    )
                )
                <= raw("15"),
                func.to_json(column),
            ),
            else_=func.to_json(sa.cast(column, _TEXT)),
        )

    def _geometry(self, column: ColumnElement[Any], field: Field) -> ColumnElement[Any]:
        if field.column is not None and field.column.geometry is not None:
            return sa.cast(postgis.geojson(column, field.column), _JSON)
        return self._json(column, field)

    def _json(self, column: ColumnElement[Any], field: Field) -> ColumnElement[Any]:
        data_type = field.column.data_type if field.column is not None else ""
        return column if data_type in ("json", "jsonb") else sa.cast(column, _JSON)

    def json_number(self, value: ColumnElement[Any], kind: FieldType, wire: Wire) -> ColumnElement[Any]:
        if kind != "bigInteger":
            return value
        if wire == "graphql":
            return sa.cast(value, _TEXT)
        return sa.case(
            (
                value.between(raw(str(-_SAFE)), raw(str(_SAFE))),
                func.to_json(value),
            ),
            else_=func.to_json(sa.cast(value, _TEXT)),
        )

    def date_part(self, column: ColumnElement[Any], field: Field, part: FunctionName) -> ColumnElement[Any]:
        data_type = field.column.data_type if field.column is not None else ""
        if "with time zone" in data_type and data_type.startswith("timestamp"):
            column = func.timezone(raw("'UTC'"), column)
        name = _PARTS.get(part, part)
        value = func.date_part(raw(f"'{name}'"), column)
        if part == "second":
            value = func.floor(value)
        return sa.cast(value, sa.Integer())

    def json_length(self, column: ColumnElement[Any], field: Field) -> ColumnElement[Any]:
        value = sa.cast(column, postgresql.JSONB())
        return sa.case((func.jsonb_typeof(value) == raw("'array'"), func.jsonb_array_length(value)))

    def json_path(self, path: tuple[str | int, ...]) -> Any:
        return tuple(str(step) for step in path)

    def json_at(
        self, column: ColumnElement[Any], field: Field, path: ColumnElement[Any]
    ) -> ColumnElement[Any]:
        return self._json(column, field).op("#>")(path)

    def json_at_as(
        self, column: ColumnElement[Any], field: Field, path: ColumnElement[Any], kind: FieldType
    ) -> ColumnElement[Any]:
        text = self._json(column, field).op("#>>")(path)
        if kind == "decimal":
            number = raw(r"'^-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$'")
            return sa.case((text.op("~")(number), sa.cast(text, sa.Numeric())))
        if kind == "boolean":
            return sa.case(
                (
                    text.in_([raw("'true'"), raw("'false'")]),
                    sa.cast(text, sa.Boolean()),
                )
            )
        return text

    def key_from_text(self, text: ColumnElement[Any], key: Field) -> ColumnElement[Any]:
        pattern = {
            "integer": r"^-?[0-9]{1,18}$",
            "bigInteger": r"^-?[0-9]{1,18}$",
            "uuid": r"^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$",
        }.get(key.type)
        text = sa.cast(text, _TEXT)
        if pattern is None:
            return text
        matches = text.op("~")(raw(f"'{pattern}'"))
        return sa.case((matches, sa.cast(text, _TYPES[key.type])))

    # --- operators ------------------------------------------------------------------------------------------

    def member(self, value: ColumnElement[Any], items: ColumnElement[Any]) -> ColumnElement[bool]:
        return value == sa.any_(items)

    def like(
        self, value: ColumnElement[Any], pattern: ColumnElement[Any], shape: Shape, *, sensitive: bool
    ) -> ColumnElement[bool]:
        return value.like(pattern, escape="!") if sensitive else value.ilike(pattern, escape="!")

    def order(self, value: ColumnElement[Any], *, descending: bool, nullable: bool) -> ColumnElement[Any]:
        return value.desc() if descending else value.asc()

    def limited(self, rows: Select[Any], limit: int | None, offset: int) -> Select[Any]:
        if limit is not None:
            rows = rows.limit(raw(str(limit)))
        return rows.offset(raw(str(offset))) if offset else rows

    # --- JSON -----------------------------------------------------------------------------------------------

    def json_object(self, pairs: Pairs) -> ColumnElement[Any]:
        if len(pairs) <= _PAIRS:
            return self._built(pairs)
        # objects are joined as text, `{...}` + `{...}`: there is no json || json
        chunks = [self._built(pairs[start : start + _PAIRS]) for start in range(0, len(pairs), _PAIRS)]
        joined: ColumnElement[Any] = func.left(sa.cast(chunks[0], _TEXT), raw("-1"))
        for chunk in chunks[1:]:
            inner: ColumnElement[Any] = func.substr(sa.cast(chunk, _TEXT), raw("2"))
            if chunk is not chunks[-1]:
                inner = func.left(inner, raw("-1"))
            joined = joined.concat(raw("','")).concat(inner)
        return sa.cast(joined, _JSON)

    def _built(self, pairs: Pairs) -> ColumnElement[Any]:
        return func.json_build_object(*side_by_side(pairs, _written, _made))

    def _fits(self, pairs: Pairs) -> bool:
        return bool(pairs) and all(_PLAIN_KEY.fullmatch(key) for key, _ in pairs)

    def object_of(self, rows: Select[Any], pairs: Pairs) -> Select[Any]:
        if self._fits(pairs):
            inner = rows.add_columns(*side_by_side(pairs, _named, _labelled)).subquery("r")
            return sa.select(func.row_to_json(raw("r"))).select_from(inner)
        return rows.add_columns(self.json_object(pairs))

    def value_of(self, rows: Select[Any], value: ColumnElement[Any]) -> Select[Any]:
        inner = rows.add_columns(value.label("v")).subquery("r")
        return sa.select(func.to_json(inner.c.v)).select_from(inner)

    def list_of(self, rows: Select[Any], pairs: Pairs) -> ColumnElement[Any]:
        if self._fits(pairs):
            inner = rows.add_columns(*side_by_side(pairs, _named, _labelled)).subquery("r")
            # a tenth cheaper than json_agg, which also puts a line break after every row
            return func.array_to_json(func.array(sa.select(raw("r")).select_from(inner).scalar_subquery()))
        return self.list_of_values(rows, self.json_object(pairs))

    def list_of_values(self, rows: Select[Any], value: ColumnElement[Any]) -> ColumnElement[Any]:
        inner = rows.add_columns(value.label("v")).subquery("r")
        listed = func.coalesce(func.json_agg(inner.c.v), raw("'[]'::json"))
        return sa.select(listed).select_from(inner).scalar_subquery()

    def json_text(self, value: ColumnElement[Any]) -> ColumnElement[Any]:
        return func.to_json(value)

    def list_of_texts(self, rows: Select[Any], text: ColumnElement[Any]) -> ColumnElement[Any]:
        return self.list_of_values(rows, text)

    def embedded(self, value: ColumnElement[Any]) -> ColumnElement[Any]:
        return value

    def bare(self, value: ColumnElement[Any]) -> ColumnElement[Any]:
        return func.to_json(value)

    def groupable(self, value: ColumnElement[Any], field: Field | None) -> ColumnElement[Any]:
        if field is not None and (field.type == "json" or field.type.startswith("geometry")):
            return sa.cast(value, postgresql.JSONB())
        return value

    def ordered(self, value: ColumnElement[Any], field: Field | None) -> ColumnElement[Any]:
        return sa.cast(value, _TEXT) if field is not None and field.type == "uuid" else value

    def sortable(self, value: ColumnElement[Any], field: Field) -> ColumnElement[Any]:
        return sa.cast(value, _TEXT) if field.type == "json" else value

    def arithmetic(self, name: str, value: ColumnElement[Any], field: Field | None) -> ColumnElement[Any]:
        function: ColumnElement[Any] = getattr(func, name)(value)
        if name == "avg":
            return sa.cast(function, sa.Double())
        return function

    def null(self) -> ColumnElement[Any]:
        return raw("NULL::json")

    def text(self, value: ColumnElement[Any]) -> ColumnElement[Any]:
        return value


_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


def _column(value: ColumnElement[Any], field: Field, data_type: str) -> str | None:
    """The SQL of a column of this type; None of any other, and of what is worked out."""
    typed = field.column is not None and field.column.data_type.split("(")[0] == data_type
    return plain(value) if typed else None


def _named(key: str, name: str) -> str:
    return f'{name} AS "{key}"'


def _labelled(key: str, value: ColumnElement[Any]) -> tuple[ColumnElement[Any]]:
    # quoted_name: a key is written as it stands, also where it would not need quotes
    return (value.label(sa.sql.quoted_name(key, quote=True)),)


def _written(key: str, name: str) -> str | None:
    return f"'{key}', {name}" if _PLAIN_KEY.fullmatch(key) else None


def _made(key: str, value: ColumnElement[Any]) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    return _key(key), value


def _key(key: str) -> ColumnElement[Any]:
    """The key of a reply: keys that are plain names stand in the text, any other is a parameter."""
    if _PLAIN_KEY.fullmatch(key):
        return raw(f"'{key}'")
    return sa.cast(sa.literal(key), _TEXT)


def wildcards(text: str, shape: Shape) -> str:
    """The pattern that finds `text` literally; `!` escapes."""
    escaped = text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    if shape == "starts":
        return f"{escaped}%"
    return f"%{escaped}" if shape == "ends" else f"%{escaped}%"
