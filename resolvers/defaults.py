"""What a singleton without a row answers: its defaults (protocol).

REST leaves fields without a default out, all but the key; GraphQL gives null for them.
"""

from __future__ import annotations

import json
from typing import Any, Final

from resolvers.conditions import ColumnRef
from resolvers.operation import Wire
from resolvers.plan import Nested, Object, Read, Shape, Value
from schema_gen.model import Field

_ABSENT: Final = object()


def default_item(read: Read, wire: Wire) -> bytes:
    """The JSON of the item that is not there, in the shape that was asked for."""
    return json.dumps(_shape(read.item, wire), separators=(",", ":"), ensure_ascii=False).encode()


def _shape(shape: Shape, wire: Wire) -> Any:
    if isinstance(shape, Object):
        entries = ((entry.key, _entry(entry.shape, wire)) for entry in shape.entries)
        return {key: value for key, value in entries if value is not _ABSENT}
    value = _entry(shape, wire)
    return None if value is _ABSENT else value


def _entry(shape: Shape, wire: Wire) -> Any:
    if isinstance(shape, Value) and isinstance(shape.operand, ColumnRef):
        field = shape.operand.field
        value = _default(field)
        is_key = field.column is not None and field.column.primary_key
        return _ABSENT if value is None and wire == "rest" and not is_key else value
    if isinstance(shape, Nested):
        return []
    if isinstance(shape, Object):
        return _shape(shape, wire)
    return _ABSENT if wire == "rest" else None


def _default(field: Field) -> Any:
    """Defaults that are values; functions such as now() have no value yet."""
    if field.column is None or field.concealed or field.column.primary_key:
        return None
    value = field.column.default
    return value if isinstance(value, (str, int, float, bool, dict, list)) else None
