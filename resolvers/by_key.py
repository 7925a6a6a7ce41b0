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
    named = _given(tree, reader, arguments, "key")
    encoded = None if named is not None else _given(tree, reader, arguments, "id")
    conditions: list[Condition] = []
    for index, name in enumerate(columns):
        part = None
        if named is not None:
            given = _column(named, reader, collection, name)
        elif encoded is not None:
            given = encoded
            part = (index, len(columns)) if len(columns) > 1 else None
        else:
            raise invalid_query('Either "id" or "key" has to be given')
        field = collection.fields[name]
        source = Variable(path=given.path) if given.path is not None else Literal_(value=given.value)
        slot = Slot(source=source, type=field.type, shape="search", part=part, operator="id")
        conditions.append(Compare(operand=ColumnRef(field=field), op="eq", slots=(slot,)))
    return all_of(conditions)


def _given(tree: Tree, reader: Reader, arguments: Mapping[str, ValueNode], name: str) -> Given | None:
    """The argument; None where it is not given, or null."""
    if name not in arguments:
        return None
    given = reader.given(tree.given(arguments[name]))
    return None if given.value is None else given


def _column(given: Given, reader: Reader, collection: Collection, name: str) -> Given:
    """One column of a key object, under the name it has in GraphQL."""
    spelled = name if reader.names is None else reader.names.field_name(collection.name, name)
    if not isinstance(given.value, Mapping) or len(given.value) != len(collection.primary_key):
        raise invalid_query('"key" has to name every column of the key')
    if spelled not in given.value:
        raise invalid_query('"key" has to name every column of the key')
    return reader.given(given.at(spelled, given.value[spelled]))
