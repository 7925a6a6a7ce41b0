"""Which types a foreign key of SQLite may join: those that PostgreSQL would, as SQLite joins any.

joins("bigint", "integer")          -> True
joins("varchar(255)", "integer")    -> False
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schema_gen.dialects.sqlite_catalog import declared_type
from schema_gen.model import FieldType
from schema_gen.types import field_type

#: a number refers to one that is as wide in kind, or wider
_NUMBERS: Final[Mapping[FieldType, int]] = {"bigInteger": 0, "integer": 0, "decimal": 1, "float": 2}
_FAMILIES: Final[Mapping[FieldType, str]] = {
    "binary": "binary",
    "boolean": "boolean",
    "date": "moment",
    "dateTime": "moment",
    "json": "json",
    "time": "time",
    "timestamp": "moment",
}


def joins(source: str, target: str) -> bool:
    """Declared types: of the key's column, and of what it refers to."""
    one, other = (field_type("sqlite", declared_type(declared)[0]) for declared in (source, target))
    if one in _NUMBERS or other in _NUMBERS:
        return one in _NUMBERS and other in _NUMBERS and _NUMBERS[one] <= _NUMBERS[other]
    return _FAMILIES.get(one, "text") == _FAMILIES.get(other, "text")
