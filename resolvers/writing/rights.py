"""Whether the caller may do what a batch wants: the gate's answers, asked of whole batches.

Creating is decided by fields alone. Updating and deleting is decided item by item where a rule says so: every
field that an update names has to be granted by some rule that holds for that very item. Hidden and missing
items are refused alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal, Protocol

from resolvers.conditions import Condition, all_of
from resolvers.permissions import Action, Gate, Scope
from resolvers.writing.items import Item
from resolvers.writing.lookups import LookUps
from resolvers.writing.steps import Key
from schema_gen.errors import forbidden_collection, forbidden_field, forbidden_item
from schema_gen.model import Collection

_NOTHING: Final = Scope(fields=frozenset())


class Wished(Protocol):
    @property
    def item(self) -> Item: ...
    def touched(self, action: Literal["create", "update"]) -> tuple[str, ...]:
        """Every field that is set: those of the payload, and foreign keys of a list's items."""
        ...


class Rights:
    def __init__(self, gate: Gate, lookups: LookUps) -> None:
        self._gate = gate
        self._lookups = lookups

    @property
    def unrestricted(self) -> bool:
        return self._gate.rules.admin

    def scope(self, action: Action, collection: str) -> Scope:
        return self._gate.scope(action, collection) or _NOTHING

    def required(self, action: Action, collection: Collection) -> Scope:
        """Raises FORBIDDEN where the action is not allowed on any item."""
        scope = self._gate.scope(action, collection.name)
        if scope is None or collection.read_only:
            raise forbidden_collection(collection.name)
        return scope

    def creatable(self, collection: Collection, wish: Wished) -> bool:
        scope = self._gate.scope("create", collection.name)
        return scope is not None and not collection.read_only and not _hidden(scope, wish, "create")

    def create(self, collection: Collection, wishes: Iterable[Wished]) -> None:
        scope = self.required("create", collection)
        for wish in wishes:
            _check_fields(scope, collection, wish, "create")

    async def update(self, collection: Collection, wishes: Sequence[tuple[Key, Wished]]) -> None:
        scope = self.required("update", collection)
        groups: dict[tuple[str, ...], list[Key]] = {}
        for key, wish in wishes:
            _check_fields(scope, collection, wish, "update")
            groups.setdefault(wish.touched("update"), []).append(key)
        if self.unrestricted:
            return
        for named, keys in groups.items():
            condition = required_of(scope, named)
            place = ("update", frozenset(name for name in named if name in scope.field_conditions))
            if not await self._all(collection, keys, condition, place):
                raise forbidden_item("update", collection.name, named)

    async def delete(self, collection: Collection, keys: Sequence[Key]) -> None:
        scope = self.required("delete", collection)
        if not self.unrestricted and keys:
            place: tuple[str, frozenset[str]] = ("delete", frozenset())
            if not await self._all(collection, keys, scope.condition, place):
                raise forbidden_item("delete", collection.name)

    async def _all(
        self,
        collection: Collection,
        keys: Sequence[Key],
        condition: Condition | None,
        remembered: tuple[str, frozenset[str]],
    ) -> bool:
        """Whether every one of the items is there and meets the condition."""
        distinct = list(dict.fromkeys(keys))
        if condition is None:
            return len(await self._lookups.existing(collection, distinct)) == len(distinct)
        place = (self._gate.rules.fingerprint, *remembered)
        return len(await self._lookups.permitted(collection, distinct, condition, place)) == len(distinct)


def required_of(scope: Scope, named: Iterable[str]) -> Condition | None:
    """What an item has to meet for these fields of it to be touched; None: nothing."""
    parts = [scope.condition, *(scope.field_conditions.get(name) for name in named)]
    return all_of([part for part in parts if part is not None])


def _check_fields(
    scope: Scope, collection: Collection, wish: Wished, action: Literal["create", "update"]
) -> None:
    hidden = _hidden(scope, wish, action)
    if hidden:
        raise forbidden_field(collection.name, hidden)


def _hidden(scope: Scope, wish: Wished, action: Literal["create", "update"]) -> list[str]:
    """What the wish names and the scope does not grant."""
    hidden = [name for name in wish.touched(action) if name not in scope.fields]
    if wish.item.unknown and not _everything(scope):
        # a name that does not exist and one that is hidden are told apart by nobody
        hidden.extend(wish.item.unknown)
    return hidden


def _everything(scope: Scope) -> bool:
    """Every field is granted, by whatever names."""
    return not scope.grants or any(grant.fields is None for grant in scope.grants)
