"""The JSON body of a request, with the sentences the protocol has for what is no JSON.

>>> parse_json(b'{"a": 1}')
{'a': 1}
"""

from __future__ import annotations

import json
from typing import Any, Final

from schema_gen.errors import invalid_payload

_EXCERPT: Final = 10


def _no_number(name: str) -> Any:
    raise ValueError(name)


#: `json.loads` with an option would make one for every body
_READER: Final = json.JSONDecoder(parse_constant=_no_number)


def parse_json(body: bytes) -> Any:
    """Raises INVALID_PAYLOAD for broken JSON and for a body that is neither object nor list."""
    text = body.decode("utf-8", "replace")
    try:
        value = _READER.decode(text)
    except json.JSONDecodeError as error:
        raise invalid_payload(_complaint(text, error.pos)) from error
    except (ValueError, RecursionError) as error:
        raise invalid_payload("The JSON cannot be read") from error
    if not isinstance(value, (dict, list)):
        raise invalid_payload(_complaint(text, len(text) - len(text.lstrip())))
    return value


def _complaint(text: str, position: int) -> str:
    if not text[position:].strip():
        return "Unexpected end of JSON input"
    start = max(0, position - _EXCERPT)
    end = position + _EXCERPT
    excerpt = f"{'...' if start else ''}{text[start:end]}{'...' if end < len(text) else ''}"
    return f"Unexpected token '{text[position]}', \"{excerpt}\" is not valid JSON"
