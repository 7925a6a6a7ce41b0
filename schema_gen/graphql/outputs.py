"""Fields of the object type of a collection.

type articles {
  id: ID!
  title: String
  published_at: Date
  published_at_func: datetime_functions
  meta: JSON
  meta_func: articles_meta_func
  author(filter: authors_filter, sort: [String], ...): authors
  tags(filter: articles_tags_filter, ...): [articles_tags]
  tags_func: count_functions
}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLID,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLOutputType,
    GraphQLString,
)

from schema_gen.graphql.operators import COUNT_FUNCTIONS, FUNCTIONS
from schema_gen.graphql.scalars import FIELD_SCALARS, HASH, JSON, ScalarOutput
from schema_gen.graphql.source import TypeSource
from schema_gen.graphql.uses import Use
from schema_gen.model import Collection, Field

#: values that the system fills in: their columns may stay empty for a while
GENERATED: Final = frozenset(
    {
        "uuid", "date-created", "date-updated", "user-created", "user-updated", "role-created",
        "role-updated",
    }
)  # fmt: skip
#: keys that are nullable all the same (protocol): rows that no table holds have none
_KEYLESS: Final = frozenset({"directus_permissions"})


def object_fields(collection: Collection, source: TypeSource) -> dict[str, GraphQLField]:
    fields: dict[str, GraphQLField] = {}
    for use in source.uses(collection.name):
        fields[use.name] = _field(use, collection, source)
        function = _function(use, collection, source)
        if function is not None:
            fields[source.names.function_name(collection.name, use.field.name)] = function
    return fields


def with_arguments(
    type_: GraphQLOutputType, arguments: Mapping[str, GraphQLArgument], description: str | None = None
) -> GraphQLField:
    """A field that shares its arguments with others (a third of the cost of making them anew)."""
    field = GraphQLField(type_, description=description)
    field.args = dict(arguments)
    return field


def _field(use: Use, collection: Collection, source: TypeSource) -> GraphQLField:
    told = note_of(use)
    if use.kind == "one":
        target = use.targets[0]
        return with_arguments(source.object(target), source.list_arguments(target), told)
    if use.kind == "many":
        target = use.targets[0]
        return with_arguments(GraphQLList(source.object(target)), source.list_arguments(target), told)
    if use.kind == "any":
        return GraphQLField(source.union(collection, use), description=told)
    return GraphQLField(leaf_type(use, collection), description=told)


def leaf_type(use: Use, collection: Collection) -> GraphQLOutputType:
    scalar = scalar_of(use.field, key=use.key)
    return GraphQLNonNull(scalar) if _required(use, collection) else scalar


def scalar_of(field: Field, *, key: bool) -> ScalarOutput:
    """What a value of the field is, read or written. `key`: it is part of the primary key."""
    if field.concealed and "encrypt" not in field.special:
        return HASH
    return GraphQLID if key else FIELD_SCALARS.get(field.type, JSON)


def _required(use: Use, collection: Collection) -> bool:
    column = use.field.column
    if column is None or not use.steady:
        return False
    if use.key:
        return collection.name not in _KEYLESS
    # as the protocol has it: a default of false, 0 or "" is none
    return not (column.nullable or column.default) and GENERATED.isdisjoint(use.field.special)


def _function(use: Use, collection: Collection, source: TypeSource) -> GraphQLField | None:
    if use.kind == "many":
        return GraphQLField(COUNT_FUNCTIONS)
    if use.kind != "leaf" or use.field.concealed:
        return None
    if use.field.type == "json":
        return GraphQLField(source.json_functions(collection.name, use))
    known = FUNCTIONS.get(use.field.type)
    return None if known is None else GraphQLField(known[0])


def json_function_fields() -> dict[str, GraphQLField]:
    return {
        "count": GraphQLField(GraphQLInt),
        "json": GraphQLField(JSON, {"path": GraphQLArgument(GraphQLNonNull(GraphQLString))}),
    }


def note_of(use: Use) -> str | None:
    """The field's note, or its column's comment."""
    column = use.field.column
    return _text(use.field.meta) or (column.comment if column is not None else None)


def note_of_collection(collection: Collection) -> str | None:
    return _text(collection.meta) or collection.comment


def _text(meta: Mapping[str, Any] | None) -> str | None:
    """The note of a row; one that names a translation is nobody's text."""
    note = meta.get("note") if meta else None
    return note if isinstance(note, str) and note and not note.startswith("$t:") else None
