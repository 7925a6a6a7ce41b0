"""Lists of names in all their spellings -> tuples of names.

>>> fields_of(["id,title", "year(day)", "json(meta, a.b)"], "fields")
('id', 'title', 'year(day)', 'json(meta, a.b)')
>>> functions_of({"count": "*", "sum": "views, price"})
(('count', ('*',)), ('sum', ('views', 'price')))
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resolvers.operators import AGGREGATES
from rest_bridge.filters import parse_json
from schema_gen.errors import CausewayError, invalid_query


def names_of(raw: Any, parameter: str) -> tuple[str, ...]:
    """Text is split at commas; the elements of a list stand for themselves."""
    if raw is None or raw == "":
        return ()
    items = raw.split(",") if isinstance(raw, str) else raw
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise invalid_query(f'"{parameter}" must be a string or array')
    return _filled([item.strip() for item in items], parameter)


def calls_of(raw: Any, parameter: str) -> tuple[str, ...]:
    """Like `names_of`; commas between parentheses do not separate: `json(meta, words),-id`."""
    return names_of(_split(raw) if isinstance(raw, str) and "(" in raw else raw, parameter)


def fields_of(raw: Any, parameter: str) -> tuple[str, ...]:
    """Like `names_of`; commas between parentheses do not separate, elements of a list are split too."""
    if raw is None or raw == "" or raw == []:
        return ()
    if isinstance(raw, str):
        return _filled(_split(raw), "fields")
    found: list[str] = []
    for item in raw if isinstance(raw, list) else [raw]:
        if isinstance(item, list) and all(isinstance(inner, str) for inner in item):
            item = ",".join(item)
        if not isinstance(item, str):
            raise invalid_query(f'"{parameter}" must be a string or array')
        found.extend(_split(item))
    return _filled(found, "fields")


def _filled(names: list[str], parameter: str) -> tuple[str, ...]:
    for index, name in enumerate(names):
        if not name:
            raise invalid_query(f'"{parameter}[{index}]" is not allowed to be empty')
    return tuple(names)


def _split(text: str) -> list[str]:
    if "(" not in text:
        return [part.strip() for part in text.split(",")]
    found: list[str] = []
    start = 0
    inside = False
    for index, letter in enumerate(text):
        if letter == "(":
            if inside:
                raise invalid_query('Nested functions are not supported in "fields"')
            inside = True
        elif letter == ")":
            inside = False
        elif letter == "," and not inside:
            found.append(text[start:index].strip())
            start = index + 1
    if inside:
        raise invalid_query('Missing closing parenthesis in "fields"')
    found.append(text[start:].strip())
    return found


def alias_of(raw: Any) -> tuple[tuple[str, str], ...]:
    """(name, field) pairs."""
    if raw is None or raw == "":
        return ()
    given = raw
    if isinstance(raw, str):
        try:
            given = parse_json(raw, "alias")
        except CausewayError as error:
            raise invalid_query('"alias" has to be an object') from error
    if not isinstance(given, Mapping):
        raise invalid_query('"alias" has to be an object')
    for name, field in given.items():
        if not isinstance(field, str):
            raise invalid_query(f'"alias" value has to be a string. "{type(field).__name__}" given')
        if "." in name:
            raise invalid_query('"alias" key can\'t contain a period character `.`')
        if "." in field.partition("(")[0]:
            raise invalid_query('"alias" value can\'t contain a period character `.`')
    return tuple(given.items())


def functions_of(raw: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Aggregate functions and their fields."""
    if raw is None or raw == "":
        return ()
    given = raw
    if isinstance(raw, str):
        given = parse_json(raw, "aggregate")
    if not isinstance(given, Mapping):
        raise invalid_query('"aggregate" must be of type object')
    found: list[tuple[str, tuple[str, ...]]] = []
    for function, fields in given.items():
        if function not in AGGREGATES:
            raise invalid_query(f'"aggregate.{function}" is not allowed')
        names = fields_of(fields, "aggregate")
        if names:
            found.append((function, names))
    return tuple(found)
