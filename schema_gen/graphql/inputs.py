"""Fields of the filter inputs of a collection.

input articles_filter {
  title: string_filter_operators
  published_at_func: datetime_function_filter_operators
  author: authors_filter
  tags: articles_tags_quantifier_filter
  _and: [articles_filter]
  _or: [articles_filter]
}
input blocks_filter { item__headings: headings_filter ... }
input articles_quantifier_filter { ...the same, and _some, _none }
"""

from __future__ import annotations

from graphql import (
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLString,
)

from schema_gen.graphql.operators import COUNT_FILTER, FUNCTIONS, HASH_OPERATORS, OPERATORS
from schema_gen.graphql.scalars import BIG_INT
from schema_gen.graphql.source import TypeSource
from schema_gen.graphql.uses import Use
from schema_gen.model import Collection


def filter_fields(
    collection: Collection, source: TypeSource, *, quantified: bool = False
) -> dict[str, GraphQLInputField]:
    fields: dict[str, GraphQLInputField] = {}
    shown: dict[str, Use] = {}
    for use in source.uses(collection.name):
        shown[use.field.name] = use
        operators = _operators(use, source)
        if operators is not None:
            fields[use.name] = GraphQLInputField(operators)
        function = _function(use)
        if function is not None:
            name = source.names.function_name(collection.name, use.field.name)
            fields[name] = GraphQLInputField(function)
    own = source.filter(collection.name)
    fields["_and"] = fields["_or"] = GraphQLInputField(GraphQLList(own))
    if quantified:
        fields["_some"] = fields["_none"] = GraphQLInputField(own)
    for name, (field, target) in source.names.branches(collection.name).items():
        branch = shown.get(field)
        if branch is not None and target in branch.targets:
            fields[name] = GraphQLInputField(source.filter(target))
    return fields


def _operators(use: Use, source: TypeSource) -> GraphQLInputObjectType | None:
    if use.kind == "one":
        return source.filter(use.targets[0])
    if use.kind == "many":
        return source.quantifier(use.targets[0])
    if use.kind == "any":
        return None
    return HASH_OPERATORS if use.field.concealed else OPERATORS.get(use.field.type)


def _function(use: Use) -> GraphQLInputObjectType | None:
    if use.kind == "many":
        return COUNT_FILTER
    if use.kind != "leaf" or use.field.concealed:
        return None
    if use.field.type == "json":
        return COUNT_FILTER
    known = FUNCTIONS.get(use.field.type)
    return None if known is None else known[1]


def key_fields(collection: Collection, source: TypeSource) -> dict[str, GraphQLInputField]:
    """The object form of a composite key: every column of it."""
    kinds = {"integer": GraphQLInt, "bigInteger": BIG_INT, "uuid": GraphQLID}
    return {
        source.names.field_name(collection.name, name): GraphQLInputField(
            GraphQLNonNull(kinds.get(collection.fields[name].type, GraphQLString))
        )
        for name in collection.primary_key
    }
