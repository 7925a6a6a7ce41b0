"""Roots that are no data reads: logging in, asking the server about itself. What they take and give is data,
so that the schema builder can write their types and the engine can run them.

    CallRoot(name="auth_login", scope="system", kind="mutation",
             arguments={"email": "String!", "password": "String!", "otp": "String", "mode": "auth_mode"},
             type="auth_tokens", resolve=login)

`resolve(arguments, context)` gives plain JSON values; the selection of the document is applied to them here.
Where the answer is one scalar of JSON, it may be `Encoded` already.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import FieldNode

from resolvers.context import RequestContext
from resolvers.operation import Operation
from resolvers.tree import Tree
from schema_gen.graphql.signatures import CallEnum, CallInput, CallObject, CallSignature, CallType

__all__ = [
    "CallEnum",
    "CallInput",
    "CallObject",
    "CallRoot",
    "CallSignature",
    "CallType",
    "Calls",
    "Encoded",
    "Resolve",
    "answer",
    "encode",
    "selected",
]

#: scalars that are strings on the wire, whatever the value is
_AS_TEXT: Final = frozenset({"GraphQLBigInt", "ID", "String"})

#: longer lists are selected from and written beside the event loop
_MANY: Final = 100

Resolve = Callable[[Mapping[str, Any], RequestContext], Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRoot(CallSignature):
    """A root and what it does."""

    resolve: Resolve


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """An answer as JSON text, which is passed on as it is."""

    json: bytes


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

    def find(self, operation: Operation, name: str, *, admin: bool) -> CallRoot | None:
        """The call of a root of the operation; None where its caller (`admin`) has none. What is internal is
        there for operations of the REST bridge only.
        """
        call = self.roots.get((operation.scope, operation.definition.operation.value, name))
        if call is None or (call.admin_only and not admin):
            return None
        return None if call.internal and operation.wire != "rest" else call


async def answer(call: CallRoot, nodes: tuple[FieldNode, ...], tree: Tree, context: RequestContext) -> bytes:
    """The JSON of one call root. Raises whatever the call refuses with."""
    arguments = {name: tree.argument(value) for name, value in tree.arguments(nodes[0]).items()}
    value = await call.resolve(arguments, context)
    if isinstance(value, Encoded):
        return value.json
    objects = {made.name: made for made in call.types if isinstance(made, CallObject)}

    def work() -> bytes:
        return encode(selected(value, call.type, nodes, tree, objects))

    return await asyncio.to_thread(work) if isinstance(value, list) and len(value) > _MANY else work()


def encode(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")


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
        return _text(value) if name in _AS_TEXT else value
    answer: dict[str, Any] = {}
    for key, found in tree.fields((node.selection_set for node in nodes), frozenset({name})).items():
        field = found[0].name.value
        if field == "__typename":
            answer[key] = name
        else:
            answer[key] = selected(value.get(field), home.fields[field], tuple(found), tree, objects)
    return answer


def _text(value: Any) -> str:
    """
    >>> _text(5), _text(True), _text({"a": 1})
    ('5', 'true', '{"a":1}')
    """
    return value if isinstance(value, str) else encode(value).decode()
