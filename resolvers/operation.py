"""What is asked: one GraphQL operation, from the GraphQL door or built by the REST bridge.

Internal directives say what REST needs and GraphQL has no word for. They are part of the internal schema
only; a document from outside that uses one does not validate.

    @key            on a relation: the key in place of the related object (`author @key { __typename }` -> 5,
                    `tags @key { __typename }` -> [1, 2]); on a root list: each item is its key; on an inline
                    fragment of a many-to-any item: items of that collection are their keys
    @aggregated(groupBy:, of:)
                    on a list of related items: rows of aggregates of each parent's items in their place
                    (`tags @aggregated(of: ["count"]) { __typename }` -> [{"count": 2}]); `of` names functions
                    and fields: "count", "sum.views"
    @only(filter:)  on such a fragment: items of that collection that do not meet the filter are null
    @lift           on an object with one leaf: that leaf (`y: day_func @lift { year }` -> 2024); on
                    `group` of an aggregate: its entries become entries of the parent
    @first          on a list: its first element, or null
    @as(name: "x")  the response key where GraphQL cannot spell it
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from graphql import DocumentNode, OperationDefinitionNode, OperationType, parse

Scope = Literal["items", "system"]
#: how scalars are written: GraphQL scalars (ids and big integers as strings, numbers as numbers) or REST JSON
Wire = Literal["graphql", "rest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`shape` identifies the document for the plan cache: equal shapes mean equal documents (text or bridge
    shape).
    """

    document: DocumentNode
    definition: OperationDefinitionNode
    scope: Scope
    wire: Wire
    shape: Hashable
    variables: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_mutation(self) -> bool:
        return self.definition.operation is OperationType.MUTATION

    def having(self, variables: Mapping[str, Any]) -> Operation:
        """The same with these variables."""
        return Operation(
            document=self.document,
            definition=self.definition,
            scope=self.scope,
            wire=self.wire,
            shape=self.shape,
            variables=variables,
        )


def internal_operation(text: str, scope: Scope, variables: Mapping[str, Any]) -> Operation:
    """An operation of our own, which may name what is internal; answers are those of REST."""
    document = parse(text, no_location=True)
    (definition,) = document.definitions
    if not isinstance(definition, OperationDefinitionNode):
        raise TypeError("the text of an operation is one")
    return Operation(
        document=document,
        definition=definition,
        scope=scope,
        wire="rest",
        shape=("internal", text),
        variables=variables,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RootResult:
    """`data`: JSON text of one root field; None for null, also where an error took its place."""

    key: str
    data: bytes | None
    error: Exception | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The answer of the engine: roots in the order of the document."""

    roots: tuple[RootResult, ...]

    @property
    def errors(self) -> tuple[tuple[str, Exception], ...]:
        return tuple((root.key, root.error) for root in self.roots if root.error is not None)
