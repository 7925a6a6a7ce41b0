"""Roots that are no data reads: logging in, asking the server about itself. What they take and give is data,
so that the schema builder can write their types and the engine can run them.

    CallRoot(name="auth_login", scope="system", kind="mutation",
             arguments={"email": "String!", "password": "String!", "otp": "String", "mode": "auth_mode"},
             type="auth_tokens", resolve=login)

`resolve(arguments, context)` gives plain JSON values; the selection of the document is applied to them here.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from graphql import FieldNode

from resolvers.context import RequestContext
from resolvers.operation import Scope
from resolvers.tree import Tree

Resolve = Callable[[Mapping[str, Any], RequestContext], Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallObject:
    """An object type that calls answer with: field name -> GraphQL type."""

    name: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnum:
    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRoot:
    """`arguments`: name -> GraphQL type; `type`: the GraphQL type of the answer, whose own definitions are in
    `types`.

    `visible`: whether a caller with these rules sees the field at all.
    """

    name: str
    scope: Scope
    kind: Literal["query", "mutation"]
    type: str
    resolve: Resolve
    arguments: Mapping[str, str] = field(default_factory=dict)
    types: tuple[CallObject | CallEnum, ...] = ()
    description: str = ""
    admin_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Every call of a project. `roots`: (scope, kind, name) -> call."""

    roots: Mapping[tuple[str, str, str], CallRoot] = field(default_factory=dict)

    @classmethod
    def of(cls, *calls: CallRoot) -> Calls:
        return cls(roots={(call.scope, call.kind, call.name): call for call in calls})

    def find(self, scope: str, kind: str, name: str) -> CallRoot | None:
        return self.roots.get((scope, kind, name))


async def answer(call: CallRoot, nodes: tuple[FieldNode, ...], tree: Tree, context: RequestContext) -> bytes:
    """The JSON of one call root. Raises whatever the call refuses with."""
    arguments = {name: tree.argument(value) for name, value in tree.arguments(nodes[0]).items()}
    value = await call.resolve(arguments, context)
    return json.dumps(_selected(value, nodes, tree), separators=(",", ":"), ensure_ascii=False).encode()


def _selected(value: Any, nodes: tuple[FieldNode, ...], tree: Tree) -> Any:
    """What the document selects of a value; values without a selection are whole."""
    if isinstance(value, list):
        return [_selected(item, nodes, tree) for item in value]
    if not isinstance(value, Mapping) or nodes[0].selection_set is None:
        return value
    fields = tree.fields((node.selection_set for node in nodes), None)
    return {
        key: _selected(value.get(found[0].name.value), tuple(found), tree) for key, found in fields.items()
    }
