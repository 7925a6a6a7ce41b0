"""`_by_id(id: ...)` and `_by_id(key: {...})` -> the condition that one item meets (a part of the planner)."""

from __future__ import annotations

from collections.abc import Mapping

from graphql import ValueNode

from resolvers.conditions import ColumnRef, Compare, Condition, Literal_, Slot, Variable, all_of
from resolvers.reader import Given, Reader
from resolvers.tree import Tree
from schema_gen.errors import invalid_query
from schema_gen.model import Collection


def key_condition(
    tree: Tree, reader: Reader, arguments: Mapping[str, ValueNode], collection: Collection
) -> Condition | None:
    """`id` is the key, encoded where it is composite; `key: {a: 1, b: 2}` names its columns."""
    columns = collection.primary_key
    conditions: list[Condition] = []
    for index, name in enumerate(columns):
        part = None
        if "key" in arguments:
            given = _key_column(tree, reader, arguments["key"], name, columns)
        else:
            given = tree.given(arguments["id"])
            part = (index, len(columns)) if len(columns) > 1 else None
        field = collection.fields[name]
        source = Variable(path=given.path) if given.path is not None else Literal_(value=given.value)
        slot = Slot(source=source, type=field.type, shape="search", part=part, operator="id")
        conditions.append(Compare(operand=ColumnRef(field=field), op="eq", slots=(slot,)))
    return all_of(conditions)


def _key_column(tree: Tree, reader: Reader, value: ValueNode, name: str, columns: tuple[str, ...]) -> Given:
    given = reader.given(tree.given(value))
    if not isinstance(given.value, Mapping) or set(given.value) != set(columns):
        raise invalid_query('"key" has to name every column of the key')
    return reader.given(given.at(name, given.value[name]))
