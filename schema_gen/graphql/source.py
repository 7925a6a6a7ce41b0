"""What the generators of fields ask of the types around them; `schema_gen.graphql.types` answers.

Each type is made when it is first asked for, and its fields when they are first looked at, so that types may
name each other in any order and a request pays for the collections that it speaks of.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from graphql import (
    GraphQLArgument,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLUnionType,
)

from schema_gen.graphql.uses import Use
from schema_gen.graphql.view import View, WriteAction
from schema_gen.model import Collection, SchemaSnapshot
from schema_gen.naming import Names


class TypeSource(Protocol):
    @property
    def names(self) -> Names: ...
    def uses(self, collection: str) -> tuple[Use, ...]: ...
    def object(self, collection: str) -> GraphQLObjectType: ...
    def filter(self, collection: str) -> GraphQLInputObjectType: ...
    def quantifier(self, collection: str) -> GraphQLInputObjectType: ...
    def union(self, collection: Collection, use: Use) -> GraphQLUnionType: ...
    def json_functions(self, collection: str, use: Use) -> GraphQLObjectType: ...
    def counts(self, collection: str) -> GraphQLObjectType: ...
    def sums(self, collection: str) -> GraphQLObjectType | None: ...
    def list_arguments(self, collection: str) -> Mapping[str, GraphQLArgument]: ...


class WriteSource(TypeSource, Protocol):
    """What the inputs that write ask besides."""

    @property
    def snapshot(self) -> SchemaSnapshot: ...
    @property
    def view(self) -> View: ...
    def shown(self, collection: str) -> bool: ...

    def has_input(self, action: WriteAction, collection: str) -> bool:
        """Whether there is a `write_input`; makes none."""
        ...

    def write_input(self, action: WriteAction, collection: str) -> GraphQLInputObjectType | None:
        """What creates or updates an item; None where the caller may not, or may name no column."""
        ...

    def changes(self, collection: str, field: str) -> GraphQLInputObjectType | None:
        """Steps that change a relation; None where none may be taken."""
        ...
