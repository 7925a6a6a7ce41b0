"""Roots that are no data reads: logging in, asking the server about itself. What they take and give is data,
so that the schema builder can write their types and the engine can run them.

    CallRoot(name="auth_login", scope="system", kind="mutation",
             arguments={"email": "String!", "password": "String!", "otp": "String", "mode": "auth_mode"},
             type="auth_tokens", resolve=login)

`resolve(arguments, context)` gives plain JSON values; the selection of the document is applied to them here.
Where the answer is one scalar of JSON, it may be `Encoded` already; a long list is `Listed`.

A `BringingCall` is answered by nobody here: it is the root that creates an item, with something to be done
before (`import_file`: the file is fetched and stored, then its row is written as any other).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar

from graphql import FieldNode

from resolvers.context import RequestContext
from resolvers.operation import Operation
from resolvers.permissions import AccessRules
from resolvers.tree import Tree
from schema_gen.graphql.signatures import CallEnum, CallInput, CallObject, CallSignature, CallType

__all__ = [
    "Bring",
    "BringingCall",
    "Brought",
    "CallEnum",
    "CallInput",
    "CallObject",
    "CallRoot",
    "CallSignature",
    "CallType",
    "Calls",
    "Encoded",
    "Listed",
    "Resolve",
    "answer",
    "encode",
    "is_open",
    "selected",
]

_Place = tuple[str, str, str]
_Call = TypeVar("_Call", bound=CallSignature)
#: scalars that are strings on the wire, whatever the value is
_AS_TEXT: Final = frozenset({"GraphQLBigInt", "ID", "String"})

Resolve = Callable[[Mapping[str, Any], RequestContext], Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRoot(CallSignature):
    """A root and what it does."""

    resolve: Resolve


class Brought(Protocol):
    """What is there now, and becomes an item."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """What the server knows of the item (`RequestContext.facts`)."""

    async def discard(self) -> None:
        """The item was not written: what was brought goes."""


#: arguments, what the item is to hold, context -> what was brought. Raises what the call refuses with, and
#: leaves nothing then
Bring = Callable[[Mapping[str, Any], Mapping[str, Any], RequestContext], Awaitable[Brought]]


@dataclass(frozen=True, slots=True, kw_only=True)
class BringingCall(CallSignature):
    """A root that makes an item of `collection` of what it brings. It takes and answers what the root does
    that creates an item there, and what that would be refused for is, before anything is brought. `filled`:
    fields that are known afterwards.
    """

    collection: str
    filled: frozenset[str]
    bring: Bring


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """An answer as JSON text, which is passed on as it is."""

    json: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A list that may be long: its items are made and written one by one, beside the event loop. A list as a
    whole would keep the encoder and the collector of garbage busy, which let nothing else run.
    """

    items: Iterable[Any]

    def encoded(self, select: Callable[[Any], Any] = lambda item: item) -> bytes:
        return b"".join((b"[", b",".join(encode(select(item)) for item in self.items), b"]"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Every call of a project. `roots`, `bringing`: (scope, kind, name) -> call."""

    roots: Mapping[_Place, CallRoot] = field(default_factory=dict)
    bringing: Mapping[_Place, BringingCall] = field(default_factory=dict)

    @property
    def signatures(self) -> tuple[CallSignature, ...]:
        return (*self.roots.values(), *self.bringing.values())

    @classmethod
    def of(cls, *calls: CallRoot, bringing: Iterable[BringingCall] = ()) -> Calls:
        return cls(roots=_by_place(calls), bringing=_by_place(bringing))

    def find(self, operation: Operation, name: str, rules: AccessRules) -> CallRoot | None:
        """The call of a root of the operation; None where a caller with these rules has none. What is
        internal is there for operations of the REST bridge only.
        """
        return _find(self.roots, operation, name, rules)

    def find_bringing(self, operation: Operation, name: str, rules: AccessRules) -> BringingCall | None:
        return _find(self.bringing, operation, name, rules)


def _by_place(calls: Iterable[_Call]) -> Mapping[_Place, _Call]:
    return {(call.scope, call.kind, call.name): call for call in calls}


def _find(calls: Mapping[_Place, _Call], operation: Operation, name: str, rules: AccessRules) -> _Call | None:
    call = calls.get((operation.scope, operation.definition.operation.value, name))
    if call is None or not is_open(call, rules):
        return None
    return None if call.internal and operation.wire != "rest" else call


def is_open(call: CallSignature, rules: AccessRules) -> bool:
    """Whether the rules leave the call to the caller, be it a user or not."""
    if call.admin_only and not rules.admin:
        return False
    return rules.waiting is None or call.setup or not call.signed_in


async def answer(call: CallRoot, nodes: tuple[FieldNode, ...], tree: Tree, context: RequestContext) -> bytes:
    """The JSON of one call root. Raises whatever the call refuses with."""
    arguments = {name: tree.argument(value) for name, value in tree.arguments(nodes[0]).items()}
    value = await call.resolve(arguments, context)
    if isinstance(value, Encoded):
        return value.json
    objects = {made.name: made for made in call.types if isinstance(made, CallObject)}
    select = _selector(call.type, nodes, tree, objects)
    if isinstance(value, Listed):
        return await asyncio.to_thread(value.encoded, select)
    return encode(select(value))


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
    return _selector(written, nodes, tree, objects)(value)


def _selector(
    written: str, nodes: tuple[FieldNode, ...], tree: Tree, objects: Mapping[str, CallObject]
) -> Callable[[Any], Any]:
    """`selected` for any number of values: the document is read once."""
    name = written.strip("[]!")
    home = objects.get(name)
    parts: dict[str, tuple[str, Callable[[Any], Any]]] = {}
    if home is not None:
        below = tree.fields((node.selection_set for node in nodes), frozenset({name}))
        for key, found in below.items():
            field = found[0].name.value
            inner = home.fields.get(field, "String")
            parts[key] = (field, _selector(inner, tuple(found), tree, objects))

    def select(value: Any) -> Any:
        if value is None:
            return None
        if isinstance(value, list):
            return [select(item) for item in value]
        if home is None:
            return _text(value) if name in _AS_TEXT else value
        return {
            key: name if field == "__typename" else part(value.get(field))
            for key, (field, part) in parts.items()
        }

    return select


def _text(value: Any) -> str:
    """
    >>> _text(5), _text(True), _text({"a": 1})
    ('5', 'true', '{"a":1}')
    """
    return value if isinstance(value, str) else encode(value).decode()
