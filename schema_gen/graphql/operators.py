"""Types that are the same in every schema: operator inputs, function objects, internal directives.

    string_filter_operators   { _eq _neq _contains ... }
    datetime_functions        { year month ... second }
    datetime_function_filter_operators  { year: number_filter_operators ... }

`OPERATORS` and `FUNCTIONS` say which of them a field type has; both are total over the field types.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from graphql import (
    DirectiveLocation,
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLDirective,
    GraphQLField,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLString,
)

from schema_gen.graphql.scalars import BIG_INT, GEO_JSON, JSON, JSON_FILTER, STRING_OR_FLOAT
from schema_gen.model import FieldType

_PRESENCE: Final = ("_null", "_nnull")
_EMPTINESS: Final = ("_empty", "_nempty")
_EQUALITY: Final = ("_eq", "_neq")
_MEMBERSHIP: Final = ("_in", "_nin")
_ORDER: Final = ("_gt", "_gte", "_lt", "_lte")
_RANGE: Final = ("_between", "_nbetween")
_TEXT: Final = (
    "_contains", "_icontains", "_ncontains",
    "_starts_with", "_nstarts_with", "_istarts_with", "_nistarts_with",
    "_ends_with", "_nends_with", "_iends_with", "_niends_with",
)  # fmt: skip


def _operators(
    name: str,
    value: GraphQLScalarType | None,
    *operators: str,
    listed: GraphQLScalarType | None = None,
    flags: tuple[str, ...] = _PRESENCE,
) -> GraphQLInputObjectType:
    """`listed`: type of the elements of `_between` where it differs from the others."""
    fields: dict[str, GraphQLInputField] = {}
    if value is not None:
        plain, many = GraphQLInputField(value), GraphQLInputField(GraphQLList(value))
        ends = many if listed is None else GraphQLInputField(GraphQLList(listed))
        for operator in operators:
            fields[operator] = ends if operator in _RANGE else many if operator in _MEMBERSHIP else plain
    flag = GraphQLInputField(GraphQLBoolean)
    return GraphQLInputObjectType(name, {**fields, **dict.fromkeys(flags, flag)})


_STRING: Final = _operators(
    "string_filter_operators", GraphQLString, *_EQUALITY, *_TEXT, *_MEMBERSHIP,
    flags=(*_PRESENCE, *_EMPTINESS),
)  # fmt: skip
_ID: Final = _operators(
    "id_filter_operators", GraphQLID, *_EQUALITY, *_TEXT, *_MEMBERSHIP, flags=(*_PRESENCE, *_EMPTINESS)
)
_BOOLEAN: Final = _operators("boolean_filter_operators", GraphQLBoolean, *_EQUALITY)
NUMBER: Final = _operators(
    "number_filter_operators", STRING_OR_FLOAT, *_EQUALITY, *_MEMBERSHIP, *_ORDER, *_RANGE
)
_BIG_INT: Final = _operators("big_int_filter_operators", BIG_INT, *_EQUALITY, *_MEMBERSHIP, *_ORDER, *_RANGE)
_DATE: Final = _operators(
    "date_filter_operators", GraphQLString, *_EQUALITY, *_ORDER, *_MEMBERSHIP, *_RANGE,
    listed=STRING_OR_FLOAT,
)  # fmt: skip
_GEOMETRY: Final = _operators(
    "geometry_filter_operators", GEO_JSON, *_EQUALITY,
    "_intersects", "_nintersects", "_intersects_bbox", "_nintersects_bbox",
)  # fmt: skip
HASH_OPERATORS: Final = _operators("hash_filter_operators", None, flags=(*_PRESENCE, *_EMPTINESS))
_BINARY: Final = _operators("binary_filter_operators", None)
_JSON: Final = _operators("json_filter_operators", JSON_FILTER, "_json")

#: field type -> the input that filters by it
OPERATORS: Final[Mapping[FieldType, GraphQLInputObjectType]] = {
    "bigInteger": _BIG_INT,
    "binary": _BINARY,
    "boolean": _BOOLEAN,
    "csv": _STRING,
    "date": _DATE,
    "dateTime": _DATE,
    "decimal": NUMBER,
    "float": NUMBER,
    "geometry": _GEOMETRY,
    "geometry.LineString": _GEOMETRY,
    "geometry.MultiLineString": _GEOMETRY,
    "geometry.MultiPoint": _GEOMETRY,
    "geometry.MultiPolygon": _GEOMETRY,
    "geometry.Point": _GEOMETRY,
    "geometry.Polygon": _GEOMETRY,
    "hash": HASH_OPERATORS,
    "integer": NUMBER,
    "json": _JSON,
    "string": _STRING,
    "text": _STRING,
    "time": _DATE,
    "timestamp": _DATE,
    "unknown": _STRING,
    "uuid": _ID,
}

_DAY: Final = ("year", "month", "week", "day", "weekday")
_CLOCK: Final = ("hour", "minute", "second")


def _functions(name: str, *functions: str) -> GraphQLObjectType:
    return GraphQLObjectType(name, {function: GraphQLField(GraphQLInt) for function in functions})


def _function_filter(name: str, *functions: str) -> GraphQLInputObjectType:
    return GraphQLInputObjectType(name, {function: GraphQLInputField(NUMBER) for function in functions})


COUNT_FUNCTIONS: Final = _functions("count_functions", "count")
COUNT_FILTER: Final = _function_filter("count_function_filter_operators", "count")
_DATE_FUNCTIONS: Final = _functions("date_functions", *_DAY)
_TIME_FUNCTIONS: Final = _functions("time_functions", *_CLOCK)
_DATETIME_FUNCTIONS: Final = _functions("datetime_functions", *_DAY, *_CLOCK)
_DATE_FILTER: Final = _function_filter("date_function_filter_operators", *_DAY)
_TIME_FILTER: Final = _function_filter("time_function_filter_operators", *_CLOCK)
_DATETIME_FILTER: Final = _function_filter("datetime_function_filter_operators", *_DAY, *_CLOCK)

#: field type -> `<field>_func` and its filter; json fields have an object type of their own
FUNCTIONS: Final[Mapping[FieldType, tuple[GraphQLObjectType, GraphQLInputObjectType]]] = {
    "date": (_DATE_FUNCTIONS, _DATE_FILTER),
    "time": (_TIME_FUNCTIONS, _TIME_FILTER),
    "dateTime": (_DATETIME_FUNCTIONS, _DATETIME_FILTER),
    "timestamp": (_DATETIME_FUNCTIONS, _DATETIME_FILTER),
}

#: what the REST bridge says and no caller may (see `resolvers.operation`)
INTERNAL_DIRECTIVES: Final = (
    GraphQLDirective("key", [DirectiveLocation.FIELD, DirectiveLocation.INLINE_FRAGMENT]),
    GraphQLDirective(
        "only",
        [DirectiveLocation.INLINE_FRAGMENT],
        args={"filter": GraphQLArgument(JSON), "search": GraphQLArgument(GraphQLString)},
    ),
    GraphQLDirective(
        "aggregated",
        [DirectiveLocation.FIELD],
        args={
            "groupBy": GraphQLArgument(GraphQLList(GraphQLNonNull(GraphQLString))),
            "of": GraphQLArgument(GraphQLList(GraphQLNonNull(GraphQLString))),
        },
    ),
    GraphQLDirective("lift", [DirectiveLocation.FIELD]),
    GraphQLDirective("first", [DirectiveLocation.FIELD]),
    GraphQLDirective(
        "as", [DirectiveLocation.FIELD], args={"name": GraphQLArgument(GraphQLNonNull(GraphQLString))}
    ),
)

#: every type that is the same in all schemas, by name
STATIC: Final[Mapping[str, GraphQLObjectType | GraphQLInputObjectType]] = {
    made.name: made
    for made in (
        *OPERATORS.values(),
        HASH_OPERATORS,
        COUNT_FUNCTIONS,
        COUNT_FILTER,
        *(made for pair in FUNCTIONS.values() for made in pair),
    )
}
