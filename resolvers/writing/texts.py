"""JSON -> texts and what is made of them: strings, csv, json, uuids, binary, GeoJSON.

What is no text is spelled as JSON: 5 is "5", {"a": 1} is '{"a":1}' (protocol). No database takes half a
character, PostgreSQL no null character: both are refused on both.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from math import isfinite
from typing import Any, Final

from resolvers.geojson import SHAPES, is_geometry
from resolvers.writing.refusing import Refusing

#: the spelling in which UUIDs are kept
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_HEX: Final = re.compile(r"(?:\\x)?((?:[0-9a-fA-F]{2})*)")
#: a null character inside JSON text
_NULL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
#: of a number that a double can hold; SQLite makes one of a JSON column that holds a mere number
_BITS: Final = 1023


def _no_number(name: str) -> Any:
    raise ValueError(name)


#: `json.loads` with an option would make one for every value
_JSON: Final = json.JSONDecoder(parse_constant=_no_number)
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def text_reader(
    refusing: Refusing, max_length: int | None, allowed: tuple[str, ...] = ()
) -> Callable[[Any], str]:
    """`max_length` in characters; spaces beyond it are dropped (SQL). `allowed`: values of an enumeration."""
    values = frozenset(allowed)

    def read(value: Any) -> str:
        if type(value) is not str:
            value = spelled(value, refusing)
        if "\x00" in value or not value.isascii():
            _whole(value, refusing)
        if max_length is not None and len(value) > max_length:
            if value[max_length:].strip(" "):
                raise refusing.too_long(value)
            value = value[:max_length]
        if values and value not in values:
            raise refusing.invalid(value, f"one of {', '.join(allowed)}")
        return str(value)

    return read


def spelled(value: Any, refusing: Refusing) -> str:
    """A value that is no text, as text."""
    if type(value) is float and isfinite(value) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return str(value) if isinstance(value, str) else _encoded(value, refusing)


def _encoded(value: Any, refusing: Refusing) -> str:
    try:
        return _ENCODER.encode(value)
    except (ValueError, RecursionError):
        raise refusing.invalid(value, "a finite number") from None


def _whole(value: str, refusing: Refusing) -> None:
    if "\x00" in value:
        raise refusing.invalid(None, "text without null characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise refusing.invalid(None, "valid Unicode") from None


def json_reader(refusing: Refusing) -> Callable[[Any], str]:
    """JSON text. A text that is JSON is taken as what it says, any other as a string (protocol)."""

    def read(value: Any) -> str:
        if isinstance(value, str):
            with suppress(ValueError, RecursionError):
                value = _JSON.decode(value)
        if isinstance(value, int) and value.bit_length() > _BITS:
            raise refusing.out_of_range(value)
        text = _encoded(value, refusing)
        if not text.isascii():
            _whole(text, refusing)
        if "\\u0000" in text and _NULL.search(text):
            raise refusing.invalid(None, "text without null characters")
        return text

    return read


def csv_reader(refusing: Refusing, max_length: int | None) -> Callable[[Any], str]:
    """A list, joined by commas."""
    text = text_reader(refusing, max_length)

    def read(value: Any) -> str:
        if isinstance(value, (list, tuple)):
            value = ",".join(["" if item is None else spelled(item, refusing) for item in value])
        return text(value)

    return read


def uuid_reader(refusing: Refusing) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if isinstance(value, str):
            if _UUID.fullmatch(value):
                return value
            try:
                return str(uuid.UUID(value))
            except ValueError:
                pass
        raise refusing.invalid(value, "a UUID")

    return read


def binary_reader(refusing: Refusing) -> Callable[[Any], bytes]:
    """Hexadecimal digits, as reads give them, or `{"type": "Buffer", "data": [222, 173]}`."""

    def read(value: Any) -> bytes:
        if isinstance(value, str):
            found = _HEX.fullmatch(value)
            if found is not None:
                return bytes.fromhex(found[1])
        elif isinstance(value, Mapping) and value.get("type") == "Buffer":
            data = value.get("data")
            if isinstance(data, list) and all(type(one) is int and 0 <= one < 256 for one in data):
                return bytes(data)
        raise refusing.invalid(value, "hexadecimal digits")

    return read


def geometry_reader(refusing: Refusing, kind: str) -> Callable[[Any], str]:
    """GeoJSON as text, of the shape that the field's type names ("geometry": any)."""
    shape = kind.partition(".")[2]
    shapes = frozenset({shape}) if shape else SHAPES
    expected = f"GeoJSON of a {shape}" if shape else "a GeoJSON geometry"

    def read(value: Any) -> str:
        if isinstance(value, str):
            try:
                value = _JSON.decode(value)
            except (ValueError, RecursionError):
                raise refusing.invalid(value, expected) from None
        if not is_geometry(value, shapes):
            raise refusing.invalid(value, expected)
        return _encoded(value, refusing)

    return read


_TRUE: Final = frozenset({"1", "on", "t", "true", "y", "yes"})
_FALSE: Final = frozenset({"0", "f", "false", "n", "no", "off"})


def boolean_reader(refusing: Refusing) -> Callable[[Any], bool]:
    """Truth values, 0 and 1, and the words that PostgreSQL takes for them."""

    def read(value: Any) -> bool:
        if value is True or value is False:
            return bool(value)
        if isinstance(value, (int, float)) and value in (0, 1):
            return bool(value)
        if isinstance(value, str):
            word = value.strip().lower()
            if word in _TRUE:
                return True
            if word in _FALSE:
                return False
        raise refusing.invalid(value, "true or false")

    return read
