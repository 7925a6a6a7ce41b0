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
from typing import Any, Final

from graphql import FieldNode

from resolvers.context import RequestContext
from resolvers.tree import Tree
from schema_gen.graphql.signatures import CallEnum, CallObject, CallSignature

__all__ = [
    "CallEnum",
    "CallObject",
    "CallRoot",
    "CallSignature",
    "Calls",
    "Resolve",
    "answer",
    "encode",
    "selected",
]

#: scalars that are strings on the wire, whatever the value is
_AS_TEXT: Final = frozenset({"GraphQLBigInt", "ID"})

Resolve = Callable[[Mapping[str, Any], RequestContext], Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRoot(CallSignature):
    """A root and what it does."""

    resolve: Resolve


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Every call of a project. `roots`: (scope, kind, name) -> call."""

    roots: Mapping[tuple[str, str, str], CallRoot] = field(default_factory=dict)

    @property
    def signatures(self) -> tuple[CallSignature, ...]:
        return tuple(self.roots.values())

    @classmethod
    def of(cls, *calls: CallRoot) -> Calls:
        return cls(roots={(call.scope, call.kind, call.name): call for call in calls})

    def find(self, scope: str, kind: str, name: str) -> CallRoot | None:
        return self.roots.get((scope, kind, name))


async def answer(call: CallRoot, nodes: tuple[FieldNode, ...], tree: Tree, context: RequestContext) -> bytes:
    """The JSON of one call root. Raises whatever the call refuses with."""
    arguments = {name: tree.argument(value) for name, value in tree.arguments(nodes[0]).items()}
    value = await call.resolve(arguments, context)
    objects = {made.name: made for made in call.types if isinstance(made, CallObject)}
    return encode(selected(value, call.type, nodes, tree, objects))


def encode(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def selected(
    value: Any,
    written: str,
    nodes: tuple[FieldNode, ...],
    tree: Tree,
    objects: Mapping[str, CallObject],
) -> Any:
    """What the document selects of a value of the type that is `written`, in GraphQL's form."""
    if value is None:
        return None
    if isinstance(value, list):
        return [selected(item, written, nodes, tree, objects) for item in value]
    name = written.strip("[]!")
    home = objects.get(name)
    if home is None:
        return str(value) if name in _AS_TEXT else value
    answer: dict[str, Any] = {}
    for key, found in tree.fields((node.selection_set for node in nodes), frozenset({name})).items():
        field = found[0].name.value
        if field == "__typename":
            answer[key] = name
        else:
            answer[key] = selected(value.get(field), home.fields[field], tuple(found), tree, objects)
    return answer
