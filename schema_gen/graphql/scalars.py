"""Scalars of the protocol under their exact names, and the field type -> scalar table. Shared by all schemas.

Values are written by the database and arrive as JSON text, so nothing is written here; what is checked is
input.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from graphql import (
    ConstValueNode,
    FloatValueNode,
    GraphQLBoolean,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLList,
    GraphQLScalarType,
    GraphQLString,
    IntValueNode,
    ObjectValueNode,
    StringValueNode,
    value_from_ast_untyped,
)

from schema_gen.model import FieldType
from schema_gen.types import TYPES

_INT64: Final = 2**63

ScalarOutput = GraphQLScalarType | GraphQLList[GraphQLScalarType]


def _big_int(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise TypeError("Value must be an integer or a String")
    try:
        number = int(value)
    except ValueError as error:
        raise ValueError("Invalid GraphQLBigInt") from error
    if not -_INT64 <= number < _INT64:
        raise ValueError("Invalid GraphQLBigInt")
    return str(number)


def _string_or_float(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise TypeError("Value must be either a String or a Float")
    return value


def _json_filter(value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise TypeError("Value must be an object of JSON paths")
    return value


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("Value must be a String")
    return value


def _literal(coerce: Callable[[Any], Any]) -> Callable[[ConstValueNode], Any]:
    """The same check for a literal of a document: integers and floats as numbers, all else as it stands."""

    def coerce_literal(node: ConstValueNode) -> Any:
        if isinstance(node, IntValueNode):
            return coerce(int(node.value))
        if isinstance(node, FloatValueNode):
            return coerce(float(node.value))
        if isinstance(node, StringValueNode):
            return coerce(node.value)
        if isinstance(node, ObjectValueNode):
            return coerce(value_from_ast_untyped(node))
        return coerce(None)

    return coerce_literal


def _scalar(name: str, description: str, coerce: Callable[[Any], Any] | None = None) -> GraphQLScalarType:
    if coerce is None:
        return GraphQLScalarType(name, description=description)
    return GraphQLScalarType(
        name,
        description=description,
        coerce_input_value=coerce,
        coerce_input_literal=_literal(coerce),
    )


BIG_INT: Final = _scalar("GraphQLBigInt", "An integer of 64 bits, written as a string.", _big_int)
STRING_OR_FLOAT: Final = _scalar(
    "GraphQLStringOrFloat", 'A number, or a string that stands for one, such as "$NOW".', _string_or_float
)
JSON_FILTER: Final = _scalar(
    "GraphQLJsonFilter", "JSON paths and the operators on the values there.", _json_filter
)
JSON: Final = _scalar("JSON", "Any JSON value.")
GEO_JSON: Final = _scalar("GraphQLGeoJSON", "A GeoJSON geometry.")
DATE: Final = _scalar("Date", "A date, a time, or both, in the form of ISO 8601.", _string)
HASH: Final = _scalar("Hash", "A value that is never shown: ********** stands for it.", _string)
VOID: Final = _scalar("Void", "Nothing: always null.")
_PERMISSIONS: Final = _scalar("permissions_me_type", "Collections, and what may be done with each.")

#: every scalar a schema may use
SCALARS: Final[Mapping[str, GraphQLScalarType]] = {
    scalar.name: scalar
    for scalar in (
        GraphQLBoolean,
        GraphQLFloat,
        GraphQLID,
        GraphQLInt,
        GraphQLString,
        BIG_INT,
        STRING_OR_FLOAT,
        JSON_FILTER,
        JSON,
        GEO_JSON,
        DATE,
        HASH,
        VOID,
        _PERMISSIONS,
    )
}


def _output(name: str) -> ScalarOutput:
    return GraphQLList(SCALARS[name[1:-1]]) if name.startswith("[") else SCALARS[name]


#: field type -> what a field of it is in GraphQL; aliases are nothing
FIELD_SCALARS: Final[Mapping[FieldType, ScalarOutput]] = {
    kind: _output(facts.graphql) for kind, facts in TYPES.items() if facts.graphql is not None
}
