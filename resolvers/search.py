"""`search=term` -> a condition over the fields that may be searched."""

from __future__ import annotations

from typing import Final

from resolvers.conditions import ColumnRef, Compare, Condition, Literal_, Slot, Source, Variable, any_of
from resolvers.reader import Given, Reader
from schema_gen.model import Collection
from schema_gen.types import NUMBERS

_SEARCHED_TEXT: Final = frozenset({"string", "text", "csv", "unknown"})


def search_condition(given: Given, collection: Collection, reader: Reader) -> Condition | None:
    """`search=term`: any readable, searchable, unconcealed field that holds the term; nothing to look in is
    false.
    """
    given = reader.given(given)
    if given.value is None or given.value == "":
        return None
    source: Source = Variable(path=given.path) if given.path is not None else Literal_(value=str(given.value))
    scope = reader.collection(collection.name, ())[1]
    found: list[Condition] = []
    for field in collection.fields.values():
        if field.alias or field.concealed or not field.searchable:
            continue
        if scope is not None and field.name not in scope.fields:
            continue
        operand = ColumnRef(field=field, guard=reader.column_guard(field))
        if field.type in _SEARCHED_TEXT:
            found.append(
                Compare(
                    operand=operand,
                    op="icontains",
                    slots=(Slot(source=source, type="string", shape="contains", operator="search"),),
                )
            )
        elif field.type in NUMBERS or field.type == "uuid":
            found.append(
                Compare(
                    operand=operand,
                    op="eq",
                    slots=(Slot(source=source, type=field.type, shape="search", operator="search"),),
                )
            )
    return any_of(found)
