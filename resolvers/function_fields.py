"""Function fields -> the shape of their results (a part of the planner).

published_at_func { year month }  ->  Object(year=Value(Call(year, published_at)), month=...)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from graphql import FieldNode

from resolvers.conditions import Hop
from resolvers.operands import function_operand
from resolvers.plan import Entry, Fixed, Object, Shape, Value
from resolvers.reader import Reader
from resolvers.tree import Tree, has_directive
from schema_gen.errors import forbidden_field
from schema_gen.model import Collection, Field
from schema_gen.naming import Names

_FUNCTION_TYPES: Final[Mapping[str, str]] = {
    "date": "date_functions",
    "time": "time_functions",
    "dateTime": "datetime_functions",
    "timestamp": "datetime_functions",
    "alias": "count_functions",
}


def function_type(field: Field, names: Names) -> str:
    """The name of the type of `<field>_func`."""
    return _FUNCTION_TYPES.get(field.type) or names.part(field.collection, "func", field.name)


def plan_function(
    nodes: tuple[FieldNode, ...],
    collection: Collection,
    hops: tuple[Hop, ...],
    place: tuple[str, ...],
    tree: Tree,
    reader: Reader,
    names: Names,
) -> Shape:
    """`<field>_func { year }`: an object of function results, or the one result where it is lifted."""
    name = nodes[0].name.value
    base = names.function_base(collection.name, name)
    if base is None or reader.find_field(collection, base) is None:
        raise forbidden_field(collection.name, (name,), place)
    entries: list[Entry] = []
    for key, found in tree.fields((node.selection_set for node in nodes), frozenset()).items():
        function = found[0].name.value
        if function == "__typename":
            field = collection.fields[base]
            entries.append(Entry(key=key, shape=Fixed(value=function_type(field, names))))
            continue
        argument = base
        if function == "json":
            path = tree.argument(tree.arguments(found[0])["path"])
            argument = f"{base}, {path}"
        operand = function_operand(function, argument, collection, reader, hops, place)[0]
        entries.append(Entry(key=key, shape=Value(operand=operand)))
    if has_directive(nodes, "lift") and len(entries) == 1:
        return entries[0].shape
    return Object(entries=tuple(entries))
