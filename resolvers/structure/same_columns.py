"""Columns of two databases compared by what they mean. Pure.

    column_kind({"type": "string", "schema": {"data_type": "char", "max_length": 36}}, "sqlite")   -> "uuid"
    column_kind({"type": "unknown", "schema": {"data_type": "bytea"}}, "postgres")                 -> "binary"
    same_default("dateTime", "2020-01-02T03:04:05", "2020-01-02 03:04:05")                         -> True

The kind of a column is the field type that it was made with, as far as the database can tell: SQLite knows no
uuids, and numbers the rows of integer and bigInteger keys alike.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final, cast, get_args

from resolvers.structure.deltas import same
from resolvers.structure.portrait import COLUMN
from resolvers.structure.telling import Facts
from schema_gen.drivers.base import DialectName
from schema_gen.errors import invalid_payload
from schema_gen.model import FieldType
from schema_gen.types import COLUMN_TYPES, NUMBERS, TYPES, field_type

_TYPES: Final = frozenset(get_args(FieldType))
_DIALECTS: Final[Mapping[str, DialectName]] = {"sqlite": "sqlite", "postgres": "postgresql"}
_INTEGERS: Final = frozenset({"bigInteger", "integer"})
_WITH_LENGTH: Final = frozenset({"hash", "string"})
_MOMENTS: Final = frozenset({"date", "dateTime", "time", "timestamp"})
_NOW: Final = frozenset({"current_timestamp", "current_timestamp()", "now()"})
#: facts that follow from the type, as each database tells them
_SIZES: Final = ("data_type", "max_length", "numeric_precision", "numeric_scale")
#: length of a uuid as text
_UUID: Final = 36
#: specials that some databases need to tell the kind, and others do not
FLAGS: Final[Mapping[str, frozenset[str]]] = {
    "dateTime": frozenset({"cast-datetime"}),
    "timestamp": frozenset({"cast-timestamp"}),
    **{kind: frozenset({kind}) for kind in _TYPES if kind.startswith("geometry")},
}
#: how PostgreSQL's catalogs tell of the types of the type table
_TOLD: Final[Mapping[str, str]] = {
    "time": "time without time zone",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "varchar": "character varying",
}
_FRACTION: Final = re.compile(r"\.0*$|(\.\d*?[1-9])0+$")


# --- kinds ------------------------------------------------------------------------------------------------


def column_kind(facts: Facts, vendor: str | None) -> FieldType:
    """Of a field with a column. "unknown" where no type of the protocol is meant. Raises INVALID_PAYLOAD."""
    kind, schema = facts.get("type"), facts.get("schema") or {}
    if kind not in _TYPES or kind == "alias":
        raise invalid_payload(
            f'"{facts["collection"]}.{facts["field"]}" has a column, which has no type "{kind}"'
        )
    data_type = schema.get("data_type")
    if kind == "string" and data_type == "char" and schema.get("max_length") == _UUID:
        return "uuid"
    dialect = _DIALECTS.get(vendor or "")
    if kind == "unknown" and dialect is not None and isinstance(data_type, str):
        return COLUMN_TYPES[dialect].get(data_type, "unknown")
    return cast(FieldType, kind)


def told_type(kind: FieldType, special: Iterable[str] | None, dialect: DialectName) -> FieldType:
    """The type that is told here of a column that was made with `kind`."""
    if kind == "unknown":
        return kind
    return field_type(dialect, _data_type(kind, dialect), special=tuple(special or ()))


def _data_type(kind: FieldType, dialect: DialectName) -> str:
    facts = TYPES[kind]
    declared = (facts.sqlite if dialect == "sqlite" else facts.postgresql) or kind
    name = declared.partition("(")[0]
    return name if dialect == "sqlite" else _TOLD.get(name, name)


# --- columns ----------------------------------------------------------------------------------------------


def native_column(kind: FieldType, schema: Facts, vendor: str | None, dialect: DialectName) -> Facts:
    """A column that there is not yet, as it is to be here; what the same database said of it is passed on."""
    key = bool(schema.get("is_primary_key"))
    numbered = bool(schema.get("has_auto_increment"))
    own: Facts = {
        "data_type": schema.get("data_type") if kind == "unknown" else _data_type(kind, dialect),
        "default_value": None if numbered else schema.get("default_value"),
        "max_length": _length(kind, schema, dialect),
        "numeric_precision": schema.get("numeric_precision") if kind == "decimal" else None,
        "numeric_scale": schema.get("numeric_scale") if kind == "decimal" else None,
        "is_nullable": not key and schema.get("is_nullable") is not False,
        "is_unique": not key and bool(schema.get("is_unique")),
        "is_indexed": not key and bool(schema.get("is_indexed")),
        "is_primary_key": key,
        "is_generated": bool(schema.get("is_generated")),
        "generation_expression": schema.get("generation_expression"),
        "has_auto_increment": numbered,
    }
    if not _foreign(vendor, dialect):
        own |= {name: schema[name] for name in (*_SIZES, "default_value", "is_unique") if name in schema}
    return {**dict.fromkeys(COLUMN), **own}


def _foreign(vendor: str | None, dialect: DialectName) -> bool:
    return _DIALECTS.get(vendor or "") != dialect


def _length(kind: FieldType, schema: Facts, dialect: DialectName) -> Any:
    if kind in _WITH_LENGTH:
        return schema.get("max_length")
    return _UUID if kind == "uuid" and dialect == "sqlite" else None


def same_column(
    kind: FieldType, theirs: Facts, vendor: str | None, ours: Facts, dialect: DialectName
) -> tuple[Facts, bool]:
    """The column of `ours` with what is different of it, and whether its type stays."""
    there, said = ours["schema"], theirs["schema"]
    foreign = _foreign(vendor, dialect)
    own = column_kind(ours, "sqlite" if dialect == "sqlite" else "postgres")
    numbered = bool(there["has_auto_increment"]) and bool(said.get("has_auto_increment"))
    stays = kind == own or (numbered and kind in _INTEGERS and own in _INTEGERS)
    if vendor == "sqlite" and kind == "float" and own == "decimal":
        # how the reference makes decimals there
        stays = True
    if kind == own == "unknown":
        stays = foreign or said.get("data_type") in (None, there["data_type"])
    key = bool(there["is_primary_key"])
    made = dict(there)
    if not stays:
        fresh = native_column(kind, said, vendor, dialect)
        made |= {name: fresh[name] for name in _SIZES}
    elif own in _WITH_LENGTH:
        _take(made, said, ("max_length",))
    elif own == "decimal":
        # what SQLite does not tell is None
        _take(
            made,
            {name: value for name, value in said.items() if value is not None},
            ("numeric_precision", "numeric_scale"),
        )
    _take(made, said, ("is_primary_key", "is_generated"))
    if not (key and "sqlite" in (vendor, dialect) and kind == "integer"):
        # SQLite numbers such keys whatever is said
        _take(made, said, ("has_auto_increment",))
    if not key:
        _take(made, said, ("is_nullable", "is_unique"))
        if vendor is None or vendor in _DIALECTS or not made["is_unique"]:
            # other databases tell what is unique as indexed
            _take(made, said, ("is_indexed",))
    if not foreign and made["is_generated"]:
        _take(made, said, ("generation_expression",))
    if numbered or made["is_generated"] or "default_value" not in said:
        return made, stays
    if not stays or not same_default(kind, there["default_value"], said["default_value"]):
        made["default_value"] = said["default_value"]
    return made, stays


def _take(made: Facts, said: Facts, names: Iterable[str]) -> None:
    made |= {name: said[name] for name in names if name in said and said[name] != made[name]}


# --- defaults ---------------------------------------------------------------------------------------------


def same_default(kind: FieldType, ours: Any, theirs: Any) -> bool:
    """Databases tell the same default in different words."""
    if ours is None or theirs is None:
        return ours is None and theirs is None
    if kind == "json":
        return same(_json(ours), _json(theirs))
    return same(_plain(kind, ours), _plain(kind, theirs))


def _plain(kind: FieldType, value: Any) -> Any:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if kind == "boolean":
        return text.lower() in ("1", "t", "true")
    if kind in NUMBERS:
        return _number(text)
    if kind in _MOMENTS or text.lower() in _NOW:
        if text.lower() in _NOW:
            return "now"
        plain = text.replace("T", " ").removesuffix("Z").removesuffix("+00:00").removesuffix("+00")
        return _FRACTION.sub(r"\1", plain)
    return text.lower() if kind == "uuid" else text


def _number(text: str) -> Any:
    try:
        return str(Decimal(text).normalize())
    except InvalidOperation:
        return text


def _json(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
