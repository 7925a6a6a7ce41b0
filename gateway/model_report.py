"""A difference between data models -> lines that somebody reads before it is applied. Pure.

+ collection tags
+ field tags.label (string)
~ field articles.title
    max_length: 100 -> 200
- field articles.mood, with its values
~ relation articles.author
    on_delete: "SET NULL" -> "CASCADE"
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from resolvers.structure.deltas import Delta, Deltas, Difference, deltas
from resolvers.structure.telling import Facts

#: letters that are shown of a value
_SHOWN: Final = 72


def report(wanted: Difference) -> list[str]:
    return [
        *_part(wanted.collections, _collection, lambda facts: _ends(facts, "items")),
        *_part(wanted.fields, _field, lambda facts: _ends(facts, "values")),
        *_part(wanted.system_fields, lambda key, facts: f"index of {'.'.join(key)}", lambda facts: ""),
        *_part(wanted.relations, _relation, lambda facts: ""),
    ]


def summary(wanted: Difference) -> str:
    """`2 to make, 1 to change, 0 to delete`"""
    every = [
        *(wanted.collections.values()),
        *(wanted.fields.values()),
        *(wanted.system_fields.values()),
        *(wanted.relations.values()),
    ]
    kinds = [each[0].kind if not each[0].path else "E" for each in every]
    return f"{kinds.count('N')} to make, {kinds.count('E')} to change, {kinds.count('D')} to delete"


def _part(
    part: Mapping[Any, Deltas], name: Callable[[Any, Facts], str], ends: Callable[[Facts], str]
) -> Iterator[str]:
    for key, changes in part.items():
        first = changes[0]
        if first.path:
            yield f"~ {name(key, {})}"
            yield from sorted({f"    {line}" for delta in changes for line in _lines(delta)})
        elif first.kind == "N":
            yield f"+ {name(key, first.rhs)}"
        else:
            yield f"- {name(key, {})}{ends(first.lhs or {})}"


def _collection(key: str, facts: Facts) -> str:
    folder = bool(facts) and facts.get("schema") is None
    return f"{'folder' if folder else 'collection'} {key}"


def _field(key: tuple[str, str], facts: Facts) -> str:
    kind = f" ({facts['type']})" if facts.get("type") else ""
    return f"field {'.'.join(key)}{kind}"


def _relation(key: tuple[str, str], facts: Facts) -> str:
    target = f" -> {facts.get('related_collection') or 'any'}" if facts else ""
    return f"relation {'.'.join(key)}{target}"


def _ends(facts: Facts, what: str) -> str:
    return "" if facts.get("schema") is None else f", with its {what}"


def _lines(delta: Delta) -> Iterator[str]:
    """What is set as a whole is told by what differs in it."""
    if delta.path in (("meta",), ("schema",)) and delta.lhs and delta.rhs:
        for inner in deltas(delta.lhs, delta.rhs):
            yield from _lines(replace(inner, path=(delta.path[0], *inner.path)))
        return
    name = ".".join(str(step) for step in (delta.path[1:] or delta.path))
    item = delta.item
    if item is not None:
        sign, value = ("+", item.rhs) if item.kind == "N" else ("-", item.lhs)
        yield f"{name}[{delta.index}]: {sign} {_shown(value)}"
    else:
        yield f"{name}: {_shown(delta.lhs)} -> {_shown(delta.rhs)}"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
