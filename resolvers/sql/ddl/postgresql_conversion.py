"""Values of a column of PostgreSQL under another type: which can be kept, and how they are written then.

    conversion('"views"', <text>, <integer>)
        -> refused: CASE WHEN "views" ~ '<a number>' THEN ... <> trunc(...) ELSE true END
           using:   "views"::numeric::integer

A value is converted as if it had been read and written again: what its old type shows is what its new type
takes. What that would refuse is looked for first, so that nobody waits for a lock to be told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from resolvers.sql.ddl import spellings
from schema_gen.dialects.postgis import TYPES as SPATIAL
from schema_gen.model import FieldType
from schema_gen.types import NUMBERS

_TEXTS: Final = frozenset({"character", "character varying", "citext", "text"})
_TEXT_KINDS: Final[frozenset[FieldType]] = frozenset({"csv", "hash", "string", "text"})
_INTEGERS: Final = frozenset({"bigint", "integer", "smallint"})
_MOMENTS: Final = frozenset({"date", "timestamp with time zone", "timestamp without time zone"})
_JSONS: Final = frozenset({"json", "jsonb"})

_NUMBER, _UUID, _MOMENT, _TIME, _HEX = (
    f"'{pattern}'"
    for pattern in (spellings.NUMBER, spellings.UUID, spellings.MOMENT, spellings.TIME, spellings.HEX)
)
_TRUE: Final = "('1', 'on', 't', 'true', 'y', 'yes')"
_FALSE: Final = "('0', 'f', 'false', 'n', 'no', 'off')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """`refused`: the condition of values that are not kept; `using`: None where no help is needed."""

    refused: str | None = None
    using: str | None = None


def conversion(column: str, data_type: str, kind: FieldType, declared: str) -> Conversion:
    """`column`: quoted; `data_type`: what it has been; `declared`: the new column type."""
    if _direct(data_type, kind):
        return Conversion()
    if kind == "json":
        return Conversion(using=_json(column, data_type))
    if data_type in SPATIAL and kind.startswith("geometry"):
        return _reshaped(column, kind, declared)
    shown = _shown(column, data_type, kind)
    refused, using = _taken(shown, kind, declared)
    return Conversion(refused=refused, using=using)


def _direct(data_type: str, kind: FieldType) -> bool:
    """Pairs for which the server's own assignment does the same, at times without touching a row."""
    return (
        (data_type in _TEXTS and (kind in _TEXT_KINDS or kind.startswith("geometry")))
        or (data_type in _INTEGERS and kind in ("bigInteger", "decimal", "integer"))
        or (data_type == "numeric" and kind == "decimal")
        or (data_type in _MOMENTS and kind in ("dateTime", "timestamp"))
        or (data_type == "timestamp without time zone" and kind == "date")
        or (data_type in _JSONS and kind == "json")
    )


def _reshaped(column: str, kind: FieldType, declared: str) -> Conversion:
    """A geometry as one of another shape: those that are of it already."""
    shape = kind.partition(".")[2]
    refused = f"GeometryType({column}::geometry) <> '{shape.upper()}'" if shape else None
    return Conversion(refused=refused, using=f"ST_Transform({column}::geometry, 4326)::{declared}")


def _json(column: str, data_type: str) -> str:
    if data_type in _TEXTS:
        return f"{column}::json"
    if data_type in _INTEGERS or data_type in ("boolean", "double precision", "numeric", "real"):
        return f"to_json({column})"
    return f"to_json({_shown(column, data_type, 'json')})"


def _shown(column: str, data_type: str, kind: FieldType) -> str:
    """What answers tell of the value, as text; of truth values for numbers, their numbers."""
    match data_type:
        case "boolean" if kind in NUMBERS:
            return f"{column}::integer::text"
        case "geography" | "geometry":
            return f"ST_AsGeoJSON({column})"
        case "bytea":
            return f"encode({column}, 'hex')"
        case "date":
            return f"to_char({column}, 'YYYY-MM-DD')"
        case "numeric":
            return f"trim_scale({column})::text"
        case "time with time zone" | "time without time zone":
            return f"to_char({column}::time, 'HH24:MI:SS')"
        case "timestamp with time zone":
            return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""
        case "timestamp without time zone":
            return f"""to_char({column}, 'YYYY-MM-DD"T"HH24:MI:SS')"""
    return f"{column}::text"


def _taken(shown: str, kind: FieldType, declared: str) -> tuple[str | None, str]:
    """(the condition of texts that the type does not take, how it takes the others)."""
    match kind:
        case "bigInteger" | "integer":
            broken = f"{shown}::numeric <> trunc({shown}::numeric)"
            return (
                f"CASE WHEN {shown} ~ {_NUMBER} THEN {broken} ELSE true END",
                f"{shown}::numeric::{declared}",
            )
        case "decimal":
            return f"{shown} !~ {_NUMBER}", f"{shown}::{declared}"
        case "float":
            return f"{shown} !~ {_NUMBER}", f"{shown}::double precision::{declared}"
        case "boolean":
            word = f"lower(btrim({shown}))"
            return f"{word} NOT IN {_TRUE} AND {word} NOT IN {_FALSE}", f"{word} IN {_TRUE}"
        case "uuid":
            return f"{shown} !~ {_UUID}", f"{shown}::uuid"
        case "date":
            return f"{shown} !~ {_MOMENT}", f"({shown}::timestamptz AT TIME ZONE 'UTC')::date"
        case "dateTime":
            return f"{shown} !~ {_MOMENT}", f"{shown}::timestamptz AT TIME ZONE 'UTC'"
        case "timestamp":
            return f"{shown} !~ {_MOMENT}", f"{shown}::timestamptz"
        case "time":
            return f"{shown} !~ {_TIME}", f"{shown}::time"
        case "binary":
            return f"{shown} !~ {_HEX}", rf"decode(regexp_replace({shown}, '^\\x', ''), 'hex')"
    return None, shown
