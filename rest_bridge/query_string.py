"""Query string -> nested values: the first step of reading a request (see `rest_bridge.query`).

Names nest by brackets, the way clients of the protocol write them:

    >>> parse_query_string(b"fields[]=id&fields[]=title&filter[views][_gt]=3&limit=5")
    {'fields': ['id', 'title'], 'filter': {'views': {'_gt': '3'}}, 'limit': '5'}
    >>> parse_query_string(b"sort=a&sort=b&filter[_or][0][id]=1&filter[_or][1][id]=2&explain")
    {'sort': ['a', 'b'], 'filter': {'_or': [{'id': '1'}, {'id': '2'}]}, 'explain': ''}

Values are strings; lists come from empty brackets, index brackets and repeated names. A list with an index
above `array_limit` stays an object with index keys.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import unquote_plus

from schema_gen.errors import invalid_query

MAX_DEPTH: Final = 10
ARRAY_LIMIT: Final = 500
PARAMETER_LIMIT: Final = 1000
#: means something to other languages, and nothing here
_UNHEARD: Final = "__proto__"


def parse_query_string(
    raw: bytes, *, depth: int = MAX_DEPTH, array_limit: int = ARRAY_LIMIT
) -> dict[str, Any]:
    """Raises INVALID_QUERY for more than `depth` brackets in a name, or too many parameters."""
    found: dict[str, Any] = {}
    if not raw:
        return found
    nested = False
    parts = raw.decode("utf-8", "replace").split("&")
    if len(parts) > PARAMETER_LIMIT:
        raise invalid_query(f"More than {PARAMETER_LIMIT} parameters are not accepted")
    for part in parts:
        name, value = _split(part)
        if name.find("[") > 0:
            nested = True
            path = _path(name, depth)
            if path is not None:
                _insert(found, path, value)
        elif name and name != _UNHEARD:
            _put(found, name, value)
    if nested:
        for name, value in found.items():
            if type(value) is dict:
                found[name] = _settle(value, array_limit)
    return found


def _split(part: str) -> tuple[str, str]:
    """`name=value`, decoded; an equals sign inside brackets that are still open belongs to the name."""
    place = part.find("=")
    if place < 0:
        return unquote_plus(part), ""
    name = part[:place]
    if name.rfind("[") > name.rfind("]"):
        place = part.find("]=") + 1 or place
        name = part[:place]
    return unquote_plus(name), unquote_plus(part[place + 1 :])


def _path(name: str, depth: int) -> list[str] | None:
    """`filter[a][_eq]` -> `["filter", "a", "_eq"]`; an empty step appends. None: a name nobody listens to."""
    head, _, rest = name.partition("[")
    if not rest.endswith("]"):
        return [name]
    steps = rest[:-1].split("][")
    if len(steps) > depth:
        raise invalid_query("Max relational depth exceeded")
    if head == _UNHEARD or _UNHEARD in steps:
        return None
    return [head, *steps]


def _insert(node: dict[str, Any], path: list[str], value: str) -> None:
    *way, last = path
    for step in way:
        # empty brackets in the middle mean the first element
        key = step or "0"
        below = node.get(key)
        if type(below) is not dict:
            # a value of the same name becomes an element beside what is coming
            below = {} if below is None else {"0": below}
            node[key] = below
        node = below
    if last:
        _put(node, last, value)
    else:
        node[str(_next_index(node))] = value


def _put(node: dict[str, Any], name: str, value: str) -> None:
    """A name that comes twice is a list."""
    present = node.get(name)
    if present is None:
        node[name] = value
    elif type(present) is list:
        present.append(value)
    elif type(present) is dict:
        present[str(_next_index(present))] = value
    else:
        node[name] = [present, value]


def _next_index(node: dict[str, Any]) -> int:
    index = len(node)
    while str(index) in node:
        index += 1
    return index


def _settle(node: dict[str, Any], array_limit: int) -> Any:
    """Objects whose keys are indexes become lists, in the order of the indexes."""
    for key, value in node.items():
        if type(value) is dict:
            node[key] = _settle(value, array_limit)
    indexes = [int(key) for key in node if key.isdecimal() and key.isascii() and len(key) < 6]
    if len(indexes) != len(node) or max(indexes) > array_limit:
        return node
    return [value for _, value in sorted(zip(indexes, node.values(), strict=True))]
