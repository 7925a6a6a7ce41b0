"""Literals of a document in the form that the planner reads.

GraphQL lets one value stand where a list of them is wanted; filters then have `{_in: 3}` or `{_and: {...}}`.
Here they become lists, so that nobody after this has to know.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from graphql import (
    ListValueNode,
    NullValueNode,
    ObjectFieldNode,
    ObjectValueNode,
    VariableNode,
    Visitor,
    visit,
)
from graphql.language import DocumentNode

_LOGIC: Final = frozenset({"_and", "_or"})
_LISTS: Final = frozenset({"_in", "_nin", "_between", "_nbetween"})


def with_lists(document: DocumentNode) -> DocumentNode:
    """The same document where nothing has to change."""
    changed: DocumentNode = visit(document, _Lister())
    return changed


class _Lister(Visitor):
    def leave_object_field(self, node: ObjectFieldNode, *_: Any) -> ObjectFieldNode | None:
        name = node.name.value
        if isinstance(node.value, (ListValueNode, NullValueNode, VariableNode)):
            return None
        # a field may be called _in: what it holds is an object of operators
        if name in _LOGIC or (name in _LISTS and not isinstance(node.value, ObjectValueNode)):
            return replace(node, value=ListValueNode(values=(node.value,)))
        return None
