"""The roots of an operation, and the part of it that asks for data rather than about the schema.

{ __schema { ... } articles { id } ...F }   ->   { articles { id } ... on Query { <F without __type> } }
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    NamedTypeNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from resolvers.introspection import is_introspection
from resolvers.operation import Operation
from resolvers.tree import Fragments, fragments_of


def root_nodes(selection: SelectionSetNode, fragments: Fragments) -> Iterator[FieldNode]:
    """Every root field, also those that directives leave out."""
    for node in selection.selections:
        if isinstance(node, FieldNode):
            yield node
        elif isinstance(node, FragmentSpreadNode):
            yield from root_nodes(fragments[node.name.value].selection_set, fragments)
        elif isinstance(node, InlineFragmentNode):
            yield from root_nodes(node.selection_set, fragments)


def data_part(operation: Operation) -> Operation | None:
    """The operation without the roots that are about the schema; None where nothing is left."""
    fragments = fragments_of(operation.document)
    left = _without_introspection(operation.definition.selection_set, fragments)
    if not left.selections:
        return None
    definition = _with_selection(operation.definition, left)
    return replace(operation, definition=definition, shape=(operation.shape, "data"))


def _without_introspection(selection: SelectionSetNode, fragments: Fragments) -> SelectionSetNode:
    """Fragments of the root become inline ones, so that those of the document stay as they are."""
    kept: list[SelectionNode] = []
    for node in selection.selections:
        if isinstance(node, FieldNode):
            if not is_introspection(node.name.value):
                kept.append(node)
            continue
        condition: NamedTypeNode | None
        if isinstance(node, FragmentSpreadNode):
            fragment = fragments[node.name.value]
            inner, condition = fragment.selection_set, fragment.type_condition
        elif isinstance(node, InlineFragmentNode):
            inner, condition = node.selection_set, node.type_condition
        left = _without_introspection(inner, fragments)
        if left.selections:
            kept.append(
                InlineFragmentNode(type_condition=condition, directives=node.directives, selection_set=left)
            )
    return SelectionSetNode(selections=tuple(kept))


def _with_selection(
    definition: OperationDefinitionNode, selection: SelectionSetNode
) -> OperationDefinitionNode:
    return OperationDefinitionNode(
        operation=definition.operation,
        name=definition.name,
        variable_definitions=definition.variable_definitions,
        directives=definition.directives,
        selection_set=selection,
    )
