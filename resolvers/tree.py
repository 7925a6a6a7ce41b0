"""Reading a GraphQL document: fragments, directives, arguments, merged fields (a part of the planner).

The document has been validated; what is read here is only where things stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    value_from_ast_untyped,
)

from resolvers.operation import Operation
from resolvers.reader import Given, VariableRef

Fragments = Mapping[str, FragmentDefinitionNode]


def fragments_of(document: DocumentNode) -> Fragments:
    return {
        node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
    }


@dataclass(frozen=True, slots=True)
class Tree:
    """Reads a document: fragments, directives, arguments, merged fields."""

    fragments: Fragments
    variables: Mapping[str, Any]

    @classmethod
    def of(cls, operation: Operation) -> Tree:
        return cls(fragments_of(operation.document), operation.variables)

    def included(self, directives: Iterable[DirectiveNode] | None) -> bool:
        for directive in directives or ():
            name = directive.name.value
            if name in ("include", "skip"):
                condition = bool(self.argument((directive.arguments or ())[0].value))
                if condition is (name == "skip"):
                    return False
        return True

    def fields(
        self, sets: Iterable[SelectionSetNode | None], types: frozenset[str] | None
    ) -> dict[str, list[FieldNode]]:
        """Response key -> its occurrences, in document order, fragments on `types` (or without type) merged
        in.
        """
        found: dict[str, list[FieldNode]] = {}
        for selection in sets:
            if selection is not None:
                self._collect(selection, types, found)
        return found

    def _collect(
        self, selection: SelectionSetNode, types: frozenset[str] | None, found: dict[str, list[FieldNode]]
    ) -> None:
        for node in selection.selections:
            if not self.included(node.directives):
                continue
            if isinstance(node, FieldNode):
                found.setdefault(response_key(node), []).append(node)
            elif isinstance(node, InlineFragmentNode):
                if node.type_condition is None or _applies(node.type_condition.name.value, types):
                    self._collect(node.selection_set, types, found)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self.fragments[node.name.value]
                if _applies(fragment.type_condition.name.value, types):
                    self._collect(fragment.selection_set, types, found)

    def argument(self, value: ValueNode) -> Any:
        """The value of an argument with its variables filled in."""
        return value_from_ast_untyped(value, dict(self.variables))

    def arguments(self, node: FieldNode) -> dict[str, ValueNode]:
        return {argument.name.value: argument.value for argument in node.arguments or ()}

    def given(self, value: ValueNode) -> Given:
        """The value of an argument as filters read it: variables stay named."""
        if isinstance(value, VariableNode):
            name = value.name.value
            return Given(value=self.variables.get(name), path=(name,))
        return Given(value=_template(value))


def _template(value: ValueNode) -> Any:
    if isinstance(value, VariableNode):
        return VariableRef(value.name.value)
    if isinstance(value, ListValueNode):
        return [_template(item) for item in value.values]
    if isinstance(value, ObjectValueNode):
        return {entry.name.value: _template(entry.value) for entry in value.fields}
    if isinstance(value, NullValueNode):
        return None
    if isinstance(value, IntValueNode):
        return int(value.value)
    return value_from_ast_untyped(value)


def response_key(node: FieldNode) -> str:
    for directive in node.directives or ():
        if directive.name.value == "as":
            return str(value_from_ast_untyped((directive.arguments or ())[0].value))
    return node.alias.value if node.alias else node.name.value


def has_directive(nodes: Iterable[FieldNode], directive: str) -> bool:
    return any(entry.name.value == directive for node in nodes for entry in node.directives or ())


def branch_directives(nodes: Iterable[FieldNode], type_name: str) -> dict[str, dict[str, ValueNode]]:
    """Directives of the inline fragments on one type: name -> arguments."""
    found: dict[str, dict[str, ValueNode]] = {}
    for node in nodes:
        for inner in node.selection_set.selections if node.selection_set else ():
            if (
                isinstance(inner, InlineFragmentNode)
                and inner.type_condition is not None
                and inner.type_condition.name.value == type_name
            ):
                for directive in inner.directives or ():
                    arguments = {entry.name.value: entry.value for entry in directive.arguments or ()}
                    found[directive.name.value] = arguments
    return found


def _applies(name: str, types: frozenset[str] | None) -> bool:
    return types is None or name in types
