"""Whole numbers as they come in parameters.

>>> [read_number(text, "limit", least=-1) for text in ("5", " +5 ", "0x10", "1e2", "")]
[5, 5, 16, 100, 0]
"""

from __future__ import annotations

import math
import re
from typing import Any, Final

from schema_gen.errors import invalid_query

_SAFE_INTEGER: Final = 2**53 - 1
_NUMBER: Final = re.compile(
    r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|0[xX][0-9a-fA-F]+|[+-]?Infinity", re.A
)
_LONGEST: Final = 400


def read_number(raw: Any, name: str, *, least: int) -> int | None:
    """None where nothing is given. Raises INVALID_QUERY, in the protocol's words for each mistake."""
    if raw is None:
        return None
    value = raw[0] if isinstance(raw, list) and len(raw) == 1 else raw
    if isinstance(value, str):
        if value.isdecimal() and value.isascii() and len(value) < 16:
            return int(value)
        value = _number(value.strip(), name)
    if isinstance(value, bool):
        value = int(value)
    if not isinstance(value, (int, float)):
        raise invalid_query(f'"{name}" must be a number')
    if isinstance(value, float):
        if math.isinf(value):
            raise invalid_query(f'"{name}" cannot be infinity')
        if not value.is_integer():
            raise invalid_query(f'"{name}" must be an integer')
    if abs(value) > _SAFE_INTEGER:
        raise invalid_query(f'"{name}" must be a safe number')
    if value < least:
        raise invalid_query(f'"{name}" must be greater than or equal to {least}')
    return int(value)


def _number(text: str, name: str) -> float | int:
    if not text:
        return 0
    if len(text) > _LONGEST or not _NUMBER.fullmatch(text):
        raise invalid_query(f'"{name}" must be a number')
    if text[:2] in ("0x", "0X"):
        return int(text, 16)
    return float(text)
