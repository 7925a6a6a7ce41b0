"""Paths and function calls -> operands: what sort, group, aggregates and filters work on.

["author", "year(born)"] -> Call("year", ColumnRef(born, hops=(author,)))
["count(tags)"]          -> CountOf(tags)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, cast

from resolvers.conditions import (
    Call,
    ColumnRef,
    CountOf,
    Extreme,
    FunctionName,
    Hop,
    JsonPath,
    Operand,
)
from resolvers.operators import FUNCTION_NAMES, FUNCTIONS
from resolvers.reader import Reader
from schema_gen.errors import forbidden_collection, forbidden_field, invalid_query
from schema_gen.model import Collection, Field

_CALL: Final = re.compile(r"^(\w+)\((.*)\)$", re.S)


def split_call(spelled: str) -> tuple[str, str] | None:
    """`"year(day)"` -> `("year", "day")`; None for anything that is no call."""
    match = _CALL.match(spelled)
    return (match[1], match[2].strip()) if match else None


def split_path(text: str) -> list[str]:
    """`author.year(born)` -> `["author", "year(born)"]`: dots inside brackets do not separate."""
    head, bracket, tail = text.partition("(")
    steps = head.split(".")
    steps[-1] += bracket + tail
    return steps


def json_path(text: str, most: int) -> tuple[str | int, ...]:
    """`a.b[0].c` -> `("a", "b", 0, "c")`; raises INVALID_QUERY for wildcards, empty steps and over `most`."""
    steps: list[str | int] = []
    for part in text.strip().lstrip("$.").split("."):
        match = re.fullmatch(r"([^\[\]*?@]*)((?:\[\d+\])*)", part)
        if match is None or (not match[1] and not match[2]):
            raise invalid_query("Invalid JSON path: unsupported path expression")
        if match[1]:
            steps.append(match[1])
        steps.extend(int(index) for index in re.findall(r"\d+", match[2]))
    if len(steps) > most:
        raise invalid_query(f"JSON path depth ({len(steps)}) exceeds allowed maximum of {most}")
    return tuple(steps)


def function_operand(
    function: str,
    argument: str,
    collection: Collection,
    reader: Reader,
    hops: tuple[Hop, ...],
    place: tuple[str, ...],
) -> tuple[Operand, Field]:
    """The operand of `function(argument)` and the field it reads; hidden fields are refused like missing
    ones.
    """
    name, _, path = argument.partition(",")
    name = name.strip()
    if function not in FUNCTION_NAMES:
        raise invalid_query(f'Invalid function specified "{function}"')
    field = reader.field(collection, name, place)
    if field.concealed or function not in FUNCTIONS.get(field.type, ()):
        raise invalid_query(f'Invalid function specified "{function}"')
    link = reader.snapshot.link(collection.name, field.name)
    guard = reader.column_guard(field)
    if field.alias:
        if link is None or link.kind != "o2m":
            raise invalid_query(f'Invalid function specified "{function}"')
        inner = reader.item_guard(link.target, (*place, field.name))
        return CountOf(link=link, hops=hops, guard=inner, column_guard=guard), field
    column = ColumnRef(field=field, hops=hops, guard=guard)
    if function == "json":
        return JsonPath(column=column, path=json_path(path, reader.max_json_depth)), field
    return Call(name=cast(FunctionName, function), column=column), field


def column_path(
    path: Sequence[str], collection: Collection, reader: Reader, place: tuple[str, ...]
) -> Operand:
    """`("author", "team", "name")` -> the operand reached over to-one hops; functions may stand at the end.

    A to-many step is refused except as the last step of `count(...)`. Used by sort, group and `$CURRENT_USER`
    paths.
    """
    hops: tuple[Hop, ...] = ()
    *way, last = path
    here = place
    if len(way) > reader.max_depth:
        raise invalid_query("Max relational depth exceeded")
    for step in way:
        name, _, branch = step.partition(":")
        field = reader.field(collection, name, here)
        link = reader.snapshot.link(collection.name, field.name)
        here = (*here, step)
        if link is None or link.kind == "o2m":
            raise forbidden_field(collection.name, (step,), here[:-1])
        target = branch if link.kind == "m2a" else link.target
        if link.kind == "m2a" and target not in link.allowed:
            raise forbidden_collection(target, here)
        hop = reader.hop(field, link, target, here)
        hops = (*hops, hop)
        collection = reader.snapshot.collections[target]
    if call := split_call(last):
        return function_operand(call[0], call[1], collection, reader, hops, here)[0]
    if "(" in last:
        raise invalid_query(f'Invalid function specified "{last}"')
    field = reader.field(collection, last, here)
    if field.alias:
        raise forbidden_field(collection.name, (last,), here)
    return reader.column(field, hops)


def sort_path(
    path: Sequence[str],
    collection: Collection,
    reader: Reader,
    place: tuple[str, ...],
    *,
    descending: bool,
) -> Operand:
    """As `column_path`, and over to-many steps: by the related value that comes first in this direction."""
    home = collection
    hops: tuple[Hop, ...] = ()
    for index, step in enumerate(path[:-1]):
        link = reader.snapshot.link(home.name, step)
        if link is None or link.kind == "m2a":
            break
        here = (*place, *path[: index + 1])
        field = reader.field(home, step, here[:-1])
        target = reader.snapshot.collections[link.target]
        if link.kind == "o2m":
            inner = sort_path(path[index + 1 :], target, reader, here, descending=descending)
            return Extreme(
                link=link,
                operand=inner,
                largest=descending,
                hops=hops,
                guard=reader.item_guard(link.target, here),
                column_guard=reader.column_guard(field),
            )
        hop = reader.hop(field, link, link.target, here)
        hops = (*hops, hop)
        home = target
    return column_path(path, collection, reader, place)
