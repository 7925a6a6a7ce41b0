"""Body of a SEARCH request -> parameters and keys.

>>> read_search(b'{"query": {"limit": 1}, "keys": [1, 2]}')
SearchBody(query={'limit': 1}, keys=(1, 2))

The body takes the place of the query string: nothing is merged (protocol).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rest_bridge.json_body import parse_json
from schema_gen.errors import invalid_payload


@dataclass(frozen=True, slots=True)
class SearchBody:
    """`keys` None: no keys were asked for; ( ): none of them."""

    query: Mapping[str, Any] = field(default_factory=dict)
    keys: tuple[str | int, ...] | None = None


def read_search(body: bytes) -> SearchBody:
    """Raises INVALID_PAYLOAD for what is no JSON, or no object of a query and keys."""
    if not body:
        return SearchBody()
    given = parse_json(body)
    if not isinstance(given, dict):
        raise invalid_payload('"value" must be of type object')
    for name in given:
        if name not in ("query", "keys"):
            raise invalid_payload(f'"{name}" is not allowed')
    query = given.get("query", {})
    if not isinstance(query, dict):
        raise invalid_payload('"query" must be of type object')
    return SearchBody(query, _keys(given["keys"]) if "keys" in given else None)


def _keys(raw: Any) -> tuple[str | int, ...]:
    if not isinstance(raw, list):
        raise invalid_payload('"keys" must be an array')
    for index, key in enumerate(raw):
        if isinstance(key, bool) or not isinstance(key, (str, int)):
            raise invalid_payload(f'"keys[{index}]" must be one of [string, number]')
    return tuple(raw)
