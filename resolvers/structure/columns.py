"""What is said of a column -> the shape it gets, or what changes of it. Pure.

    new_column(FieldPayload(name="views", type="integer", schema={"default_value": 0}))
        -> ColumnShape(name="views", type=ColumnType(type="integer"), default=Default(value=0))

Clients send a column back as they read it, so only what differs from what is there counts as a change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from resolvers.sql.ddl.shapes import NO_DEFAULT, NOW, ColumnChange, ColumnShape, ColumnType, Default
from resolvers.structure.payloads import FieldPayload
from schema_gen.drivers.base import DialectName
from schema_gen.errors import invalid_payload
from schema_gen.model import Column, Field, FieldType
from schema_gen.types import TYPES, field_type

#: how clients spell the current moment
_NOW: Final = frozenset({"current_timestamp", "current_timestamp()", "now()"})
_WITH_NOW: Final[frozenset[FieldType]] = frozenset(
    {"date", "dateTime", "string", "text", "time", "timestamp"}
)
_INTEGERS: Final[frozenset[FieldType]] = frozenset({"bigInteger", "integer"})
_TEXTS: Final[frozenset[FieldType]] = frozenset({"hash", "string"})
#: what a column needs an order for
_ORDERED: Final = frozenset({"is_indexed", "is_primary_key", "is_unique"})
#: types whose columns alone may not say what they are -> the special that says it
_FLAGS: Final[Mapping[FieldType, str]] = {
    "csv": "cast-csv",
    "json": "cast-json",
    "timestamp": "cast-timestamp",
}


def new_column(payload: FieldPayload) -> ColumnShape:
    """Of a payload that has a column. Raises INVALID_PAYLOAD for what no column can be."""
    schema, kind = payload.schema or {}, payload.type
    if kind is None:
        raise TypeError("a column has a type")
    numbered = bool(schema.get("has_auto_increment"))
    if numbered and kind not in _INTEGERS:
        raise invalid_payload(f'Field "{payload.name}" can\'t be numbered: it has the type "{kind}"')
    key = bool(schema.get("is_primary_key")) or numbered
    if key:
        _check_ordered(payload.name, kind, ("is_primary_key", True))
    _check_ordered(payload.name, kind, *schema.items())
    return ColumnShape(
        name=payload.name,
        type=column_type(kind, schema),
        nullable=not key and schema.get("is_nullable") is not False,
        default=NO_DEFAULT if numbered else default(kind, schema.get("default_value")),
        unique=bool(schema.get("is_unique")) and not key,
        indexed=bool(schema.get("is_indexed")) and not key,
        primary_key=key,
        auto_increment=numbered,
        comment=schema.get("comment") or None,
    )


def _check_ordered(name: str, kind: FieldType, *said: tuple[str, Any]) -> None:
    """JSON has no order in PostgreSQL, so that nothing of it is unique or found by an index."""
    for what, value in said:
        if kind == "json" and what in _ORDERED and value is True:
            raise invalid_payload(f'Field "{name}" has the type "json", "{what}" can\'t be true')


def column_type(kind: FieldType, schema: Mapping[str, Any]) -> ColumnType:
    """With what of length, precision and scale means something for the type; the rest is passed over."""
    if kind in _TEXTS:
        return ColumnType(type=kind, length=schema.get("max_length") or None)
    if kind == "decimal":
        precision, scale = schema.get("numeric_precision"), schema.get("numeric_scale")
        return ColumnType(type=kind, precision=precision, scale=scale)
    return ColumnType(type=kind)


def default(kind: FieldType, value: Any) -> Default:
    """Whether a column can hold it is asked where it is written."""
    if kind in _WITH_NOW and isinstance(value, str) and value.lower() in _NOW:
        return NOW
    return NO_DEFAULT if value is None else Default(value=value)


def flagged(kind: FieldType, special: Iterable[str], dialect: DialectName) -> list[str] | None:
    """`special` with what a field needs besides to be of this type; None: it needs nothing."""
    flag = _FLAGS.get(kind) or (kind if kind.startswith("geometry") else None)
    if flag is None or flag in special:
        return None
    declared = (TYPES[kind].sqlite if dialect == "sqlite" else TYPES[kind].postgresql) or ""
    told = _TOLD.get(declared, declared)
    return None if field_type(dialect, told, special=tuple(special)) == kind else [*special, flag]


#: how a catalog tells of types that are declared by another name
_TOLD: Final = {"timestamptz": "timestamp with time zone"}


# --- what changes ---------------------------------------------------------------------------------------


def changed_column(field: Field, payload: FieldPayload) -> ColumnChange | None:
    """None: nothing differs. Raises INVALID_PAYLOAD for what cannot be changed."""
    column, schema = field.column, payload.schema
    if column is None or schema is None:
        return None
    if column.generated:
        raise invalid_payload(f'Field "{field.name}" is computed by the database')
    if column.primary_key and schema.get("is_nullable") is True:
        raise invalid_payload("Primary key cannot be null")
    for name, there in (
        ("is_primary_key", column.primary_key),
        ("has_auto_increment", column.auto_increment),
    ):
        if schema.get(name) is not None and schema[name] is not there:
            raise invalid_payload(f'"{name}" of the field "{field.name}" can\'t be changed')
    made = _new_type(field, column, payload)
    after = field.type if made is None else made.type
    kept = (("is_unique", column.unique), ("is_indexed", column.indexed)) if made is not None else ()
    _check_ordered(field.name, after, *{**dict(kept), **_said(schema)}.items())
    change = ColumnChange(
        type=made,
        nullable=_changed(schema, "is_nullable", column.nullable),
        default=_new_default(field, column, made, schema),
        unique=None if column.primary_key else _changed(schema, "is_unique", column.unique),
        indexed=None if column.primary_key else _changed(schema, "is_indexed", column.indexed),
        comment=None
        if "comment" not in schema or (schema["comment"] or None) == (column.comment or None)
        else schema["comment"] or "",
    )
    return None if change == ColumnChange() else change


def _changed(schema: Mapping[str, Any], name: str, there: bool) -> bool | None:
    wanted = schema.get(name)
    return None if wanted is None or wanted is there else bool(wanted)


def _new_type(field: Field, column: Column, payload: FieldPayload) -> ColumnType | None:
    kind, schema = payload.type or field.type, payload.schema or {}
    if kind in ("alias", "unknown"):
        if kind != field.type:
            raise invalid_payload(f'Field "{field.name}" can\'t become "{kind}"')
        return None
    there = column_type(field.type, _facts(column)) if field.type != "unknown" else None
    wanted = column_type(kind, {**_facts(column), **_said(schema)} if kind == field.type else schema)
    if there is not None and _same(there, wanted):
        return None
    if column.primary_key and kind != field.type:
        raise invalid_payload(f'Type of the primary key "{field.name}" can\'t be changed')
    return wanted


def _facts(column: Column) -> Mapping[str, Any]:
    return {
        "max_length": column.max_length,
        "numeric_precision": column.numeric_precision,
        "numeric_scale": column.numeric_scale,
    }


def _said(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in schema.items() if value is not None}


def _same(there: ColumnType, wanted: ColumnType) -> bool:
    if there.type in _TEXTS and wanted.type == there.type:
        # a column without bound stays without
        return there.length == wanted.length
    return there == wanted


def _new_default(
    field: Field, column: Column, made: ColumnType | None, schema: Mapping[str, Any]
) -> Default | None:
    if "default_value" not in schema or column.auto_increment:
        return None
    value, there = schema["default_value"], column.default
    if value is None:
        return NO_DEFAULT if column.has_default else None
    kind = field.type if made is None else made.type
    if kind == "unknown":
        raise invalid_payload(f'Field "{field.name}" has a type that no default can be written for')
    wanted = default(kind, value)
    same = wanted == Default(value=there) and isinstance(value, bool) is isinstance(there, bool)
    if made is None and (same or (wanted.now and isinstance(there, str) and there.lower() in _NOW)):
        return None
    return wanted
