"""Items -> steps: what has to be created, updated, linked or deleted, with every right asked and every value
read.

Works on batches: all items that one level of a payload has in one collection are looked up, checked and
converted together. Nothing is written here; what is refused is refused before the first row changes.

Whether an item with a key is created or updated is decided by whether it exists (`save`), unless the payload
says so itself (`create`, `update`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from resolvers.behaviors.rows import check, check_sent
from resolvers.context import RequestContext
from resolvers.permissions import Gate
from resolvers.writing.actor_values import ActorValues
from resolvers.writing.fields import Batch, Fields
from resolvers.writing.following import followed
from resolvers.writing.item_keys import ItemKeys
from resolvers.writing.items import Changes, Existing, Item, One, Path
from resolvers.writing.lists import Lists, Present
from resolvers.writing.lookups import LookUps
from resolvers.writing.rights import Rights
from resolvers.writing.steps import Key, ListStep, Step
from resolvers.writing.watching import Touch, Watch
from resolvers.writing.wishes import Intent, Wish
from schema_gen.errors import Several, forbidden, invalid_payload
from schema_gen.model import Collection, Link, SchemaSnapshot

_NOTHING: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decided:
    wish: Wish
    action: Literal["create", "update"]
    key: Key | None

    @property
    def links_only(self) -> bool:
        """The item is there, and named to be led to: nothing of it changes, so no right to change it is
        needed.
        """
        wish = self.wish
        named = wish.intent == "save" and wish.key is None and wish.item.only_key and not wish.filled
        return named and self.action == "update"


class Preparer:
    """Of one mutation root, inside its transaction."""

    def __init__(
        self,
        snapshot: SchemaSnapshot,
        gate: Gate,
        context: RequestContext,
        lookups: LookUps,
        fields: Fields,
        actor_values: ActorValues,
        watch: Watch | None,
    ) -> None:
        self._watch = watch
        self._snapshot = snapshot
        self._context = context
        self._lookups = lookups
        self._fields = fields
        self._actor_values = actor_values
        self.keys = ItemKeys(fields.convert)
        self._members = Lists(snapshot, lookups, self.keys, fields.convert)
        self._rights = Rights(gate, lookups)

    # --- items ----------------------------------------------------------------------------------------------

    async def save(self, collection: Collection, wishes: Sequence[Wish]) -> list[Step | None]:
        """The step of each wish, in order; None for an update of an item that is not there (administrators
        only: all others hear what they hear of an item that they may not change).
        """
        if not wishes:
            return []
        decided = await self._decide(collection, wishes)
        kept = [(place, one) for place, one in enumerate(decided) if one is not None]
        await self._allow(collection, [one for _, one in kept])
        steps: list[Step | None] = [None] * len(wishes)
        made = await self._steps(collection, [one for _, one in kept])
        for (place, _), step in zip(kept, made, strict=True):
            steps[place] = step
        return steps

    def creatable_fields(self, collection: Collection, items: Sequence[Item]) -> frozenset[str]:
        """The fields that new items may have. Raises FORBIDDEN where one of these could not be created."""
        self._rights.create(collection, [Wish(item=item, intent="create") for item in items])
        return self._rights.scope("create", collection.name).fields

    async def foresee(
        self,
        collection: Collection,
        item: Item,
        key: Any,
        filled: frozenset[str],
        touched: frozenset[str],
    ) -> None:
        """Raises what an item would be refused for; `key` None: a new one. `filled`: fields that somebody
        fills later, and that nothing is asked of before; `touched`: those of them that take a right.
        """
        named = None if key is None else self.keys.named(collection, key)
        action: Literal["create", "update"] = "create" if key is None else "update"
        wish = Wish(item=item, intent=action, key=named, awaited=touched)
        if action == "create":
            self._rights.create(collection, [wish])
        elif named is None:
            raise forbidden()
        else:
            # of who is restricted, hidden and missing items are refused alike
            await self._rights.update(collection, [(named, wish)])
            if self._rights.unrestricted and not await self._lookups.existing(collection, [named]):
                raise forbidden()
        check_sent(collection.name, action, item.values, self._context)
        grants = self._rights.scope(action, collection.name).grants
        batch = await self._fields.batch(collection, action, grants, self._actor_values)
        completed = batch.complete(item, filled)
        check(
            collection.name, action, {**dict.fromkeys(filled, True), **completed.values}, named, self._context
        )
        known = [error for error in completed.errors if error.extensions.get("field") not in filled]
        if known:
            raise Several(known)
        self._columns(collection, _Decided(wish=wish, action=action, key=named), completed.values)

    async def _decide(self, collection: Collection, wishes: Sequence[Wish]) -> list[_Decided | None]:
        keys = [wish.key or self.keys.of(collection, {**wish.item.values, **wish.given}) for wish in wishes]
        # several items are held in the order of their keys, so that batches do not wait for each other
        several = sum(wish.intent == "update" for wish in wishes) > 1
        doubtful = [
            key
            for wish, key in zip(wishes, keys, strict=True)
            if key is not None
            and (wish.intent == "save" or (wish.intent == "update" and (several or self._matters(wish))))
        ]
        existing = await self._lookups.existing(collection, list(dict.fromkeys(doubtful)))
        asked = frozenset(doubtful)
        there = {*existing, *(key for key in keys if key is not None and key not in asked)}
        decided: list[_Decided | None] = []
        for wish, key in zip(wishes, keys, strict=True):
            absent = wish.intent == "save" and key not in there
            # who may not create an item of that key is not told whether it is there
            if wish.intent == "create" or (
                absent and (key is None or self._rights.creatable(collection, _as_new(wish)))
            ):
                decided.append(_Decided(wish=wish, action="create", key=key))
                if key is not None:
                    # named again in the same payload, it is there
                    there.add(key)
            elif key is None:
                raise invalid_payload("Item in update misses primary key")
            elif key in there:
                decided.append(_Decided(wish=wish, action="update", key=key))
            elif not self._rights.unrestricted:
                # refused with those that are there: which of them exist is nobody's business
                decided.append(_Decided(wish=wish, action="update", key=key))
            elif wish.named:
                raise forbidden()
            else:
                decided.append(None)
        return decided

    def _matters(self, wish: Wish) -> bool:
        """Whether an update has to know beforehand that its item exists."""
        item = wish.item
        if not self._rights.unrestricted or wish.named or item.lists or item.ones:
            return True
        # no statement would tell
        return not any(name not in item.collection.primary_key for name in (*item.values, *wish.filled))

    async def _allow(self, collection: Collection, decided: Sequence[_Decided]) -> None:
        creates = [_as_new(one.wish) for one in decided if one.action == "create"]
        if creates:
            self._rights.create(collection, creates)
        updates = [
            (one.key, one.wish)
            for one in decided
            if one.action == "update" and one.key is not None and not one.links_only
        ]
        if updates:
            await self._rights.update(collection, updates)

    async def _steps(self, collection: Collection, decided: Sequence[_Decided]) -> list[Step]:
        batches: dict[str, Batch] = {}
        for one in decided:
            if one.action not in batches:
                grants = self._rights.scope(one.action, collection.name).grants
                batches[one.action] = await self._fields.batch(
                    collection, one.action, grants, self._actor_values
                )
        steps = [self._step(collection, one, batches[one.action]) for one in decided]
        await self._announce(collection, decided, steps, batches)
        if any(one.wish.item.ones or one.wish.item.lists for one in decided):
            steps = await self._related(collection, decided, steps)
        return steps

    async def _announce(
        self,
        collection: Collection,
        decided: Sequence[_Decided],
        steps: Sequence[Step],
        batches: Mapping[str, Batch],
    ) -> None:
        if self._watch is None or not collection.system:
            return
        for action in batches:
            touches = [
                Touch(
                    key=None if step.key is None else str(step.key[0]),
                    fields=one.wish.filled | step.columns.keys() | one.wish.item.led_by,
                    values=step.delta,
                    sent=frozenset(one.wish.item.values),
                    preset=frozenset(batches[action].presets).difference(one.wish.item.sent, one.wish.filled),
                )
                for one, step in zip(decided, steps, strict=True)
                if step.action == action
            ]
            if touches:
                await self._watch.coming(collection.name, action, touches)

    def _step(self, collection: Collection, one: _Decided, batch: Batch) -> Step:
        wish = one.wish
        if one.links_only:
            return Step(action="update", collection=collection, key=one.key, columns=_NOTHING, delta=_NOTHING)
        check_sent(collection.name, one.action, wish.item.values, self._context)
        completed = batch.complete(wish.item, wish.filled)
        check(collection.name, one.action, completed.values, one.key, self._context)
        if completed.errors:
            raise Several(completed.errors)
        delta = completed.told
        return Step(
            action=one.action,
            collection=collection,
            key=one.key,
            columns={**self._columns(collection, one, completed.values), **wish.given},
            delta={**delta, **wish.given} if one.action == "update" else delta,
        )

    def _columns(
        self, collection: Collection, one: _Decided, payload: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        columns: dict[str, Any] = {}
        for name, value in payload.items():
            if one.action == "update" and name in collection.primary_key:
                continue  # an item keeps its key (protocol)
            columns[name] = self._fields.convert(collection.name, name, value)
        if one.action == "create" and one.key is not None:
            columns.update(zip(collection.primary_key, one.key, strict=True))
        elif one.action == "create":
            # a key of null is a key that the database makes
            columns = {
                name: value
                for name, value in columns.items()
                if value is not None or name not in collection.primary_key
            }
        return columns

    # --- to-one items and lists -----------------------------------------------------------------------------

    async def _related(
        self, collection: Collection, decided: Sequence[_Decided], steps: Sequence[Step]
    ) -> list[Step]:
        ones: list[list[tuple[Link, Step]]] = [[] for _ in steps]
        lists: list[list[ListStep]] = [[] for _ in steps]
        for target, group in _grouped_ones(decided).items():
            home = self._snapshot.collections[target]
            # one payload for several items means one item for all of them
            distinct = {id(one): one for _, one in group}
            wishes = [self._wish_of_one(one) for one in distinct.values()]
            made = dict(zip(distinct, await self.save(home, wishes), strict=True))
            for place, one in group:
                step = made[id(one)]
                if step is None:
                    raise forbidden()
                ones[place].append((one.link, step))
        for link, places in _grouped_lists(decided):
            changed = await self._lists(
                collection,
                link,
                [(decided[place], changes) for place, changes in places],
            )
            for (place, _), change in zip(places, changed, strict=True):
                lists[place].append(change)
        return [
            replace(step, ones=tuple(ones[place]), lists=tuple(lists[place]))
            for place, step in enumerate(steps)
        ]

    def _wish_of_one(self, one: One) -> Wish:
        intent: Intent = "create" if one.must == "create" else "update" if one.must == "update" else "save"
        return Wish(item=one.item, intent=intent, named=one.must == "update")

    async def _lists(
        self,
        collection: Collection,
        link: Link,
        changed: Sequence[tuple[_Decided, Changes]],
    ) -> list[ListStep]:
        home = self._snapshot.collections[link.target]
        for one, changes in changed:
            if one.action == "update":
                self._may_change(home, link, changes)
        keys = [one.key if one.action == "update" else None for one, _ in changed]
        owners = await self._members.owners(collection, link, keys)
        current = await self._members.current(home, link, [owner for owner in owners if owner is not None])
        wishes: list[Wish] = []
        bounds: list[tuple[int, int]] = []
        left: list[tuple[Key, ...]] = []
        deleted: set[Key] = set()
        deletes = self._deletes(home, link)
        for owner, (_, changes) in zip(owners, changed, strict=True):
            mine = current.get(owner, {}) if owner is not None else {}
            own, gone = self._members.changed(home, link, changes, owner, mine)
            _moved(own, current)
            if not deleted.isdisjoint(wish.key for wish in own if wish.key is not None):
                # a list before this one has ended the item
                raise forbidden()
            if deletes:
                deleted.update(gone)
            bounds.append((len(wishes), len(wishes) + len(own)))
            wishes.extend(own)
            left.append(gone)
        kept = await self.save(home, wishes)
        path = changed[0][1].path
        gone_steps = await self._deselect(home, link, [key for group in left for key in group], path)
        answer: list[ListStep] = []
        for (start, end), group in zip(bounds, left, strict=True):
            answer.append(
                ListStep(
                    link=link,
                    gone=tuple(gone_steps[key] for key in group if key in gone_steps),
                    kept=tuple(step for step in kept[start:end] if step is not None),
                )
            )
        return answer

    def _may_change(self, home: Collection, link: Link, changes: Changes) -> None:
        """Asked whatever the list holds: who may change none of its items learns nothing of them."""
        if changes.entries is not None or changes.only is not None or changes.delete or changes.disconnect:
            self._rights.required("delete" if self._deletes(home, link) else "update", home)
        if changes.connect or changes.only:
            self._rights.required("create" if link.junction_field else "update", home)
        if any(isinstance(entry, Existing) for entry in changes.entries or ()):
            self._rights.required("update", home)

    # --- leaving and deleting -------------------------------------------------------------------------------

    async def _deselect(
        self, home: Collection, link: Link, keys: Sequence[Key], path: Path
    ) -> Mapping[Key, Step]:
        """Items that leave a list are unlinked, or deleted where the relation says so or leaves no choice."""
        if not keys:
            return {}
        if self._deletes(home, link):
            return await self.delete(home, keys)
        empty = Item(collection=home, path=path, values=dict.fromkeys(link.remote))
        wishes = [Wish(item=empty, intent="update", key=key) for key in keys]
        steps = await self.save(home, wishes)
        return {key: step for key, step in zip(keys, steps, strict=True) if step is not None}

    def _deletes(self, home: Collection, link: Link) -> bool:
        if link.relation.deselect_action == "delete":
            return True
        fields = [home.fields[name] for name in link.remote]
        bound = any(f.name in home.primary_key or (f.column and not f.column.nullable) for f in fields)
        return bound and link.relation.meta is None

    async def delete(self, collection: Collection, keys: Sequence[Key]) -> Mapping[Key, Step]:
        """Also of keys that are not there: those are passed over when the step is performed."""
        await self._rights.delete(collection, keys)
        if self._watch is not None and keys:
            if collection.system:
                touches = [Touch(key=str(key[0])) for key in keys]
                await self._watch.coming(collection.name, "delete", touches)
            for name in sorted(followed(self._snapshot, collection.name) - {collection.name}):
                if self._snapshot.collections[name].system:
                    await self._watch.coming(name, "delete", [Touch(key=None)])
        return {
            key: Step(action="delete", collection=collection, key=key, columns=_NOTHING, delta=_NOTHING)
            for key in keys
        }


def _as_new(wish: Wish) -> Wish:
    """Who chooses the key of a new item needs the right to set it."""
    return replace(wish, intent="create")


def _moved(wishes: Sequence[Wish], current: Mapping[Key, dict[Key, Present]]) -> None:
    """Items that come into a list are no longer in those of the owners that come after."""
    coming = [wish.key for wish in wishes if wish.key is not None and wish.filled]
    for members in current.values() if coming else ():
        for key in coming:
            members.pop(key, None)


def _grouped_ones(decided: Sequence[_Decided]) -> dict[str, list[tuple[int, One]]]:
    groups: dict[str, list[tuple[int, One]]] = {}
    for place, one in enumerate(decided):
        for nested in one.wish.item.ones:
            groups.setdefault(nested.target, []).append((place, nested))
    return groups


def _grouped_lists(decided: Sequence[_Decided]) -> list[tuple[Link, list[tuple[int, Changes]]]]:
    groups: dict[str, tuple[Link, list[tuple[int, Changes]]]] = {}
    for place, one in enumerate(decided):
        for changes in one.wish.item.lists:
            groups.setdefault(changes.link.field, (changes.link, []))[1].append((place, changes))
    return list(groups.values())
