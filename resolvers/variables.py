"""Variables of an operation: what was sent -> what the operation may use.

    Variables(schema, definition).read({"limit": 5, "filter": {"id": {"_eq": 3}}})

The library's coercion takes 50 us for a small filter and gives back what it was given, nearly always. So the
values are first looked at (`fits`, 1 us a level): where all have the form that their types want, they are
taken as they are; else the library makes them fit, or says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, Final

from graphql import (
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    get_variable_values,
    type_from_ast,
)

#: objects and lists inside each other, the variables themselves the first: a filter with twenty `_and`
MAX_LEVELS: Final = 41
_INT32: Final = 2**31


def _is_int(value: Any) -> bool:
    return type(value) is int and -_INT32 <= value < _INT32


def _is_number(value: Any) -> bool:
    return type(value) is float and isfinite(value)


def _is_str(value: Any) -> bool:
    return type(value) is str


def _is_string_or_number(value: Any) -> bool:
    return type(value) in (str, int) or _is_number(value)


def _is_bool(value: Any) -> bool:
    return value is True or value is False


#: scalars whose values stay as they are where they have this form
_FITTING: Final[Mapping[str, Callable[[Any], bool]]] = {
    "Boolean": _is_bool,
    "Date": _is_str,
    "Float": _is_number,
    "GraphQLJsonFilter": lambda value: type(value) is dict,
    "GraphQLStringOrFloat": _is_string_or_number,
    "Hash": _is_str,
    "ID": _is_str,
    "Int": _is_int,
    "JSON": lambda value: True,
    "String": _is_str,
}


class Variables:
    """Of one operation, which has been validated against `schema`."""

    def __init__(self, schema: GraphQLSchema, definition: OperationDefinitionNode) -> None:
        self._schema = schema
        self._definitions = definition.variable_definitions or ()
        self._types: dict[str, GraphQLInputType] = {}
        #: variables that must be there, or have a value where they are not
        self._wanting = frozenset(
            node.variable.name.value
            for node in self._definitions
            if node.default_value is not None or node.type.kind == "non_null_type"
        )
        for node in self._definitions:
            type_: Any = type_from_ast(schema, node.type)
            self._types[node.variable.name.value] = type_
        self._ids = frozenset(name for name, type_ in self._types.items() if _is_id(type_))

    def read(self, given: Mapping[str, Any]) -> Mapping[str, Any] | list[GraphQLError]:
        """Values by name, defaults among them; errors where some do not fit."""
        types = self._types
        if not types:
            return {}
        if self._wanting <= given.keys():
            known = {name: value for name, value in given.items() if name in types}
            for name in self._ids & known.keys():
                if type(known[name]) is int:
                    known[name] = str(known[name])
            if all([fits(value, types[name]) for name, value in known.items()]):
                return known
        made = get_variable_values(self._schema, self._definitions, dict(given), 50, hide_suggestions=True)
        return made if isinstance(made, list) else made.coerced


def fits(value: Any, type_: GraphQLInputType) -> bool:
    """Whether the value may be used as it is. False: it may have to be changed, or it is wrong."""
    if isinstance(type_, GraphQLNonNull):
        return value is not None and fits(value, type_.of_type)
    if value is None:
        return True
    if isinstance(type_, GraphQLScalarType):
        check = _FITTING.get(type_.name)
        return check is not None and check(value)
    if isinstance(type_, GraphQLInputObjectType):
        return type(value) is dict and _fits_object(value, type_)
    if isinstance(type_, GraphQLList):
        return type(value) is list and all([fits(item, type_.of_type) for item in value])
    return False


def _is_id(type_: GraphQLInputType) -> bool:
    named = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    return isinstance(named, GraphQLScalarType) and named.name == "ID"


def too_deep(value: Any, room: int = MAX_LEVELS) -> bool:
    """Objects and lists inside each other, more than what reads them would bear. Doors ask this of variables
    before they hand them on.
    """
    if type(value) is dict:
        return room == 0 or any([too_deep(item, room - 1) for item in value.values() if item is not None])
    if type(value) is list:
        return room == 0 or any([too_deep(item, room - 1) for item in value if type(item) in (dict, list)])
    return False


def _fits_object(value: dict[str, Any], type_: GraphQLInputObjectType) -> bool:
    fields = type_.fields
    for name, item in value.items():
        field = fields.get(name)
        if field is None or not fits(item, field.type):
            return False
    return len(value) == len(fields) or not _has_required(type_)


def _has_required(type_: GraphQLInputObjectType) -> bool:
    """Generated inputs want all of their fields (keys) or none (filters)."""
    first = next(iter(type_.fields.values()))
    return isinstance(first.type, GraphQLNonNull) or first.default_value is not Undefined
