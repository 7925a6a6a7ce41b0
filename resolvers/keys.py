"""Keys of items in routes and `id` arguments.

A single key stands as it is. A composite key is its values in the order of the key's columns, joined by
commas, with `%` and `,` inside a value written as `%25` and `%2C`:

    >>> encode_key(["a,b", 7])
    'a%2Cb,7'
    >>> decode_key("a%2Cb,7", 2)
    ('a,b', '7')
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from schema_gen.errors import forbidden


def encode_key(values: Sequence[Any]) -> str:
    return ",".join(str(value).replace("%", "%25").replace(",", "%2C") for value in values)


def decode_key(text: str, parts: int) -> tuple[str, ...]:
    """The values of a composite key; a text with another number of parts names no item (FORBIDDEN, as for any
    other).
    """
    values = text.split(",")
    if len(values) != parts:
        raise forbidden()
    return tuple(value.replace("%2C", ",").replace("%2c", ",").replace("%25", "%") for value in values)
