"""GraphQL syntax nodes, made directly: the few that the bridge's operations consist of."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from graphql import (
    ArgumentNode,
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    InlineFragmentNode,
    IntValueNode,
    ListTypeNode,
    ListValueNode,
    NamedTypeNode,
    NameNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    StringValueNode,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
)

_SPELLABLE: Final = re.compile(r"(?!__)[_A-Za-z][_0-9A-Za-z]*\Z")


def spellable(name: str) -> bool:
    """Whether GraphQL can say the name; names that begin with two underscores are its own."""
    return _SPELLABLE.match(name) is not None


def name_node(name: str) -> NameNode:
    return NameNode(value=name)


def argument(name: str, value: ValueNode) -> ArgumentNode:
    return ArgumentNode(name=name_node(name), value=value)


def variable(name: str) -> VariableNode:
    return VariableNode(name=name_node(name))


def text(value: str) -> StringValueNode:
    return StringValueNode(value=value, block=False)


def texts(values: Iterable[str]) -> ListValueNode:
    return ListValueNode(values=tuple(text(value) for value in values))


def whole(value: int) -> IntValueNode:
    return IntValueNode(value=str(value))


def yes() -> BooleanValueNode:
    return BooleanValueNode(value=True)


def directive(name: str, *arguments: ArgumentNode) -> DirectiveNode:
    return DirectiveNode(name=name_node(name), arguments=arguments)


def selection(nodes: Iterable[SelectionNode]) -> SelectionSetNode:
    return SelectionSetNode(selections=tuple(nodes))


def leaf(name: str) -> FieldNode:
    return field_node(name)


def field_node(
    name: str,
    *,
    alias: str | None = None,
    arguments: Iterable[ArgumentNode] = (),
    directives: Iterable[DirectiveNode] = (),
    below: Iterable[SelectionNode] | None = None,
) -> FieldNode:
    return FieldNode(
        name=name_node(name),
        alias=None if alias is None else name_node(alias),
        arguments=tuple(arguments),
        directives=tuple(directives),
        selection_set=None if below is None else selection(below),
    )


def fragment_on(
    type_name: str, directives: Iterable[DirectiveNode], below: Iterable[SelectionNode]
) -> InlineFragmentNode:
    return InlineFragmentNode(
        type_condition=NamedTypeNode(name=name_node(type_name)),
        directives=tuple(directives),
        selection_set=selection(below),
    )


def variable_definition(
    name: str, type_name: str, *, required: bool = False, many: bool = False
) -> VariableDefinitionNode:
    """`many`: a list of such values, none of them null."""
    named = NamedTypeNode(name=name_node(type_name))
    type_ = ListTypeNode(type=NonNullTypeNode(type=named)) if many else named
    return VariableDefinitionNode(
        variable=variable(name),
        type=NonNullTypeNode(type=type_) if required else type_,
        default_value=None,
        directives=(),
    )


def query_definition(
    variables: Iterable[VariableDefinitionNode], below: Iterable[SelectionNode]
) -> OperationDefinitionNode:
    return _definition(OperationType.QUERY, variables, below)


def mutation_definition(
    variables: Iterable[VariableDefinitionNode], below: Iterable[SelectionNode]
) -> OperationDefinitionNode:
    return _definition(OperationType.MUTATION, variables, below)


def _definition(
    kind: OperationType, variables: Iterable[VariableDefinitionNode], below: Iterable[SelectionNode]
) -> OperationDefinitionNode:
    return OperationDefinitionNode(
        operation=kind,
        name=None,
        variable_definitions=tuple(variables),
        directives=(),
        selection_set=selection(below),
    )


def document(definition: OperationDefinitionNode) -> DocumentNode:
    return DocumentNode(definitions=(definition,))
