"""Filters as REST clients write them -> the one form that the engine reads.

In: what stood in the query string (all leaves are text) or in JSON. Out: the same tree with values in their
places, so that equal questions have equal shapes whatever their spelling:

    >>> normalise_filter({"views": "3", "status": {"_in": "draft,published"}, "body": {"_null": "true"}})
    {'views': {'_eq': '3'}, 'status': {'_in': ['draft', 'published']}, 'body': {'_null': True}}

Fields are not known here: which operators a field takes, and whether the caller may name it, is the engine's
to say. Raises INVALID_QUERY for what no field could mean.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from schema_gen.errors import CausewayError, invalid_query

#: objects in objects; far above every depth that a relation or a clause may have
MAX_NESTING: Final = 100
_SAFE_INTEGER: Final = 2**53 - 1

_LISTS: Final = frozenset({"_in", "_nin"})
_RANGES: Final = frozenset({"_between", "_nbetween"})
_FLAGS: Final = frozenset({"_null", "_nnull", "_empty", "_nempty"})
_SHAPES: Final = frozenset({"_intersects", "_nintersects", "_intersects_bbox", "_nintersects_bbox"})
_SCALARS: Final = frozenset(
    {
        "_eq", "_neq", "_ieq", "_nieq", "_lt", "_lte", "_gt", "_gte", "_contains", "_ncontains", "_icontains",
        "_nicontains", "_starts_with", "_nstarts_with", "_istarts_with", "_nistarts_with", "_ends_with",
        "_nends_with", "_iends_with", "_niends_with", "_regex",
    }
)  # fmt: skip
_WORDS: Final[Mapping[str, bool | None]] = {"true": True, "false": False, "null": None}


def read_filter(raw: Any) -> dict[str, Any] | None:
    """A filter as text (JSON), object or nothing; None where it asks nothing."""
    value = raw
    if isinstance(raw, str):
        if not raw:
            return None
        value = parse_json(raw, "filter")
        if value is None:
            raise invalid_query('"filter" must be of type object')
    if value is None or value == [] or value == {}:
        return None
    if not isinstance(value, Mapping):
        raise invalid_query("Invalid filter object")
    return normalise_filter(value) or None


def normalise_filter(value: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    if depth > MAX_NESTING:
        raise invalid_query("Max relational depth exceeded")
    found: dict[str, Any] = {}
    for key, part in value.items():
        name = str(key)
        if name in _RANGES:
            limits = _list(name, part)
            # a range without two ends asks nothing (protocol)
            if len(limits) == 2:
                found[name] = limits
        else:
            found[name] = _entry(name, part, depth)
    return found


def _entry(key: str, value: Any, depth: int) -> Any:
    if key in _SCALARS:
        return _scalar(key, value)
    if key in _LISTS:
        return _list(key, value)
    if key in _FLAGS:
        return _flag(key, value)
    if key in ("_and", "_or"):
        return _clauses(value, depth)
    if isinstance(value, Mapping):
        return value if key in _SHAPES else normalise_filter(value, depth + 1)
    if key in _SHAPES:
        return _geometry(key, value)
    if value is None or isinstance(value, list):
        raise invalid_query("Invalid filter object")
    if key[:1] == "_":
        return _word(value)
    return {"_eq": _scalar("_eq", value)}


def _clauses(value: Any, depth: int) -> list[Any]:
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise invalid_query("Invalid filter object")
    return [normalise_filter(item, depth + 1) for item in value]


def _word(value: Any) -> Any:
    """Text that spells a JSON word is that word, wherever it came from (protocol)."""
    if isinstance(value, str):
        if not value.isascii():
            _refuse_half_characters(value)
        return _WORDS.get(value, value)
    return value


def _scalar(key: str, value: Any) -> Any:
    if isinstance(value, str):
        if not value:
            raise invalid_query(
                f'You can\'t filter for an empty string in "{key}". Use "_empty" or "_nempty" instead'
            )
        return _word(value)
    if isinstance(value, (Mapping, list)):
        raise invalid_query(f'The filter value for "{key}" has to be a string, number, or boolean')
    _refuse_unsafe_numbers(key, value)
    return value


def _list(key: str, value: Any) -> list[Any]:
    items = value
    if isinstance(value, str):
        items = value.split(",")
    elif isinstance(value, Mapping):
        # a long list from a query string arrives as an object with index keys
        items = list(value.values())
    elif isinstance(value, (bool, int, float)):
        items = [value]
    if not isinstance(items, list) or not items:
        raise invalid_query(f'"{key}" has to be an array of values')
    found: list[Any] = []
    for item in items:
        if isinstance(item, (Mapping, list)):
            raise invalid_query(f'"{key}" has to be an array of values')
        _refuse_unsafe_numbers(key, item)
        found.append(_word(item))
    return found


def _flag(key: str, value: Any) -> bool:
    if value is None or value == "" or value is True or value in ("true", "null"):
        return True
    if value is False or value == "false":
        return False
    raise invalid_query(f'"{key}" has to be a boolean')


def _geometry(key: str, value: Any) -> Any:
    if isinstance(value, str) and value[:1] == "{":
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            pass
    raise invalid_query(f'"{key}" has to be a valid GeoJSON object')


def _refuse_unsafe_numbers(key: str, value: Any) -> None:
    """Numbers that a double cannot hold exactly are sent as text."""
    if isinstance(value, (int, float)) and abs(value) > _SAFE_INTEGER:
        raise invalid_query(f'The filter value for "{key}" is not a valid number')


def _refuse_half_characters(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise invalid_query("Text has to be valid Unicode") from error


def parse_json(text: str, name: str) -> Any:
    """JSON inside a parameter; raises INVALID_QUERY naming the parameter."""
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise _no_json(name) from error


def _no_number(word: str) -> Any:
    raise ValueError(word)


def _no_json(name: str) -> CausewayError:
    return invalid_query(f"Invalid JSON for {name} object")
