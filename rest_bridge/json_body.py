"""The JSON body of a request, with the sentences the protocol has for what is no JSON.

>>> parse_json(b'{"a": 1}')
{'a': 1}

A document that is written (`parse_document`) has to say one thing: names that come twice, bytes that are no
text and nesting without end are refused as well.
"""

from __future__ import annotations

import json
from typing import Any, Final

from rest_bridge.json_complaint import complaint, unexpected, unknown_constant
from schema_gen.errors import invalid_payload

#: objects and lists inside each other that a document may have
MAX_LEVELS: Final = 100
_MARK: Final = b"\xef\xbb\xbf"
_UNREADABLE: Final = "The JSON cannot be read"


class _Unreadable(ValueError):
    """Sound JSON that is not taken; the text is the reason."""


class _Constant(ValueError):
    """`NaN` or `Infinity`."""


def _no_number(name: str) -> Any:
    raise _Constant(name)


def _number(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise _Unreadable(f"The number {text[:40]} is too large")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        left = iter(found)
        twice = next(name for name, _ in pairs if name != next(left, None))
        raise _Unreadable(f'"{twice[:100]}" is given twice')
    return found


#: `json.loads` with an option would make one for every body
_READER: Final = json.JSONDecoder(parse_constant=_no_number, parse_float=_number)
_STRICT: Final = json.JSONDecoder(parse_constant=_no_number, parse_float=_number, object_pairs_hook=_object)


def parse_json(body: bytes) -> Any:
    """Raises INVALID_PAYLOAD for broken JSON and for a body that is neither object nor list."""
    return _parse(body.removeprefix(_MARK).decode("utf-8", "replace"), _READER)


def parse_document(body: bytes) -> Any:
    """The same for what will be written: what could be read in two ways is refused."""
    try:
        text = body.removeprefix(_MARK).decode()
    except UnicodeDecodeError as error:
        raise invalid_payload("The body is not encoded in UTF-8") from error
    value = _parse(text, _STRICT)
    if text.count("[") + text.count("{") > MAX_LEVELS and _too_deep(value):
        raise invalid_payload(f"The JSON has more than {MAX_LEVELS} levels")
    return value


def json_or_text(text: str) -> Any:
    """What stands in a field of a form. Raises INVALID_PAYLOAD for JSON that leads too deep.

    >>> json_or_text('["a"]'), json_or_text("[a]")
    (['a'], '[a]')
    """
    if text[:1] not in ("{", "["):
        return text
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise invalid_payload(_UNREADABLE) from error
    except ValueError:
        return text
    if _too_deep(value):
        raise invalid_payload(f"The JSON has more than {MAX_LEVELS} levels")
    return value


def _parse(text: str, reader: json.JSONDecoder) -> Any:
    start = len(text) - len(text.lstrip(" \t\r\n"))
    if text[start : start + 1] not in ("{", "["):
        raise invalid_payload(unexpected(text, start))
    try:
        return reader.decode(text)
    except json.JSONDecodeError as error:
        raise invalid_payload(complaint(text, error.msg, error.pos)) from error
    except _Unreadable as error:
        raise invalid_payload(str(error)) from error
    except _Constant as error:
        raise invalid_payload(unknown_constant(text)) from error
    except (ValueError, RecursionError) as error:
        raise invalid_payload(_UNREADABLE) from error


def _too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_LEVELS):
        level = [
            below
            for node in level
            for below in (node.values() if type(node) is dict else node)
            if type(below) in (dict, list)
        ]
        if not level:
            return False
    return True
