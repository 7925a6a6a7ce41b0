"""Values of a file's fields that can only be said as text: in forms, and in the metadata of uploads. Pure.

value_of_text("[1]", "json")    -> [1]
value_of_text("[1]", "string")  -> "[1]"
"""

from __future__ import annotations

from typing import Any, Final

from rest_bridge.json_body import json_or_text

#: types of fields whose text is no JSON
_TEXTS: Final = frozenset({"hash", "string", "text"})


def is_text(kind: str) -> bool:
    return kind in _TEXTS


def value_of_text(text: str, kind: str) -> Any:
    """`kind`: the type of the field. Raises INVALID_PAYLOAD for JSON that leads too deep.

    >>> value_of_text('["a"]', "json"), value_of_text("a", "json"), value_of_text("[1]", "string")
    (['a'], 'a', '[1]')
    """
    return text if is_text(kind) else json_or_text(text)
