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
from schema_gen.model import Collection
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
