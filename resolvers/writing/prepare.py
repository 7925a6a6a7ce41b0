"""Items -> steps: what has to be created, updated, linked or deleted, with every right asked and every value
read.

Works on batches: all items that one level of a payload has in one collection are looked up, checked and
converted together. Nothing is written here; what is refused is refused before the first row changes.

Whether an item with a key is created or updated is decided by whether it exists (`save`), unless the payload
says so itself (`create`, `update`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from resolvers.behaviors.rows import check
from resolvers.context import RequestContext
from resolvers.keys import decode_key
from resolvers.permissions import Gate
from resolvers.writing.actor_values import ActorValues
from resolvers.writing.fields import Batch, Fields
from resolvers.writing.items import Changes, Existing, Item, One, Path
from resolvers.writing.lookups import LookUps
from resolvers.writing.rights import Rights
from resolvers.writing.steps import Key, ListStep, Step
from schema_gen.errors import CausewayError, Several, forbidden, invalid_payload
from schema_gen.model import Collection, Link, SchemaSnapshot

Intent = Literal["create", "update", "save"]
_NOTHING: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An item to be written. `key`: given from outside the payload. `given`: values of foreign keys, as the
    driver takes them; `awaited`: foreign keys whose values are only made on the way.
    """

    item: Item
    intent: Intent
    key: Key | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    awaited: frozenset[str] = frozenset()
    #: a list names it by its key alone, so that it has to be there
    named: bool = False

    @property
    def filled(self) -> frozenset[str]:
        """Fields that are set without being in the payload."""
        return self.awaited | self.given.keys()

    @property
    def touched(self) -> tuple[str, ...]:
        """Every field that is set, in the order of the payload; the key that names an item is not."""
        key = self.item.collection.primary_key
        names = dict.fromkeys((*self.item.sent, *sorted(self.filled)))
        return tuple(name for name in names if self.intent == "create" or name not in key)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decided:
    wish: Wish
    action: Literal["create", "update"]
    key: Key | None

    @property
    def links_only(self) -> bool:
        """The item is named to be led to: nothing of it changes, so no right to change it is needed."""
        return self.wish.intent == "save" and self.wish.item.only_key and not self.wish.filled


@dataclass(frozen=True, slots=True, kw_only=True)
class _Present:
    """An item of a list as it is: its place in a manual order, and what it leads to on the other side."""

    sort: Any
    far: tuple[Any, ...]


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
    ) -> None:
        self._snapshot = snapshot
        self._context = context
        self._lookups = lookups
        self._fields = fields
        self._actor_values = actor_values
        self._rights = Rights(gate, lookups)

    # --- items ----------------------------------------------------------------------------------------------

    async def save(self, collection: Collection, wishes: Sequence[Wish]) -> list[Step | None]:
        """The step of each wish, in order; None for an update of an item that is not there (administrators
        only: all others hear FORBIDDEN).
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

    async def _decide(self, collection: Collection, wishes: Sequence[Wish]) -> list[_Decided | None]:
        keys = [wish.key or self.key_of(collection, {**wish.item.values, **wish.given}) for wish in wishes]
        doubtful = [
            key
            for wish, key in zip(wishes, keys, strict=True)
            if key is not None
            and (wish.intent == "save" or (wish.intent == "update" and self._matters(wish)))
        ]
        existing = await self._lookups.existing(collection, list(dict.fromkeys(doubtful)))
        asked = frozenset(doubtful)
        there = {*existing, *(key for key in keys if key is not None and key not in asked)}
        decided: list[_Decided | None] = []
        for wish, key in zip(wishes, keys, strict=True):
            if wish.intent == "create" or (wish.intent == "save" and key not in there):
                decided.append(_Decided(wish=wish, action="create", key=key))
                if key is not None:
                    # named again in the same payload, it is there
                    there.add(key)
            elif key is None:
                raise invalid_payload("Item in update misses primary key")
            elif key in there:
                decided.append(_Decided(wish=wish, action="update", key=key))
            elif wish.named:
                raise forbidden()
            else:
                self._rights.missing("update", collection, wish.touched)
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
        creates = [one.wish for one in decided if one.action == "create"]
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
        if any(one.wish.item.ones or one.wish.item.lists for one in decided):
            steps = await self._related(collection, decided, steps)
        return steps

    def _step(self, collection: Collection, one: _Decided, batch: Batch) -> Step:
        wish = one.wish
        if one.links_only:
            return Step(action="update", collection=collection, key=one.key, columns=_NOTHING, delta=_NOTHING)
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

    def key_of(self, collection: Collection, values: Mapping[str, Any]) -> Key | None:
        """The key that the values give; None where a part is missing. What cannot be a key names no item:
        FORBIDDEN.
        """
        return self.values_of(collection, values, collection.primary_key)

    def key_named(self, collection: Collection, raw: Any) -> Key | None:
        """The key that stands in a route, an argument or a list; None for what names no item."""
        columns = collection.primary_key
        try:
            if isinstance(raw, Mapping):
                return self.key_of(collection, raw)
            if len(columns) == 1:
                return None if raw is None else self.key_of(collection, {columns[0]: raw})
            return self.key_of(
                collection, dict(zip(columns, decode_key(str(raw), len(columns)), strict=True))
            )
        except CausewayError:
            return None

    def values_of(
        self, collection: Collection, values: Mapping[str, Any], names: Sequence[str]
    ) -> Key | None:
        """The values of these columns as the driver takes them; None where one is not given."""
        found: list[Any] = []
        for name in names:
            value = values.get(name)
            if value is None:
                return None
            try:
                found.append(self._fields.convert(collection.name, name, value))
            except CausewayError as error:
                if name in collection.primary_key:
                    raise forbidden() from error
                raise
        return tuple(found) or None

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
                [(decided[place], steps[place], changes) for place, changes in places],
            )
            for (place, _), change in zip(places, changed, strict=True):
                lists[place].append(change)
        return [
            replace(step, ones=tuple(ones[place]), lists=tuple(lists[place]))
            for place, step in enumerate(steps)
        ]

    def _wish_of_one(self, one: One) -> Wish:
        intent: Intent = "create" if one.must == "create" else "update" if one.must == "update" else "save"
        return Wish(item=one.item, intent=intent)

    async def _lists(
        self,
        collection: Collection,
        link: Link,
        changed: Sequence[tuple[_Decided, Step, Changes]],
    ) -> list[ListStep]:
        home = self._snapshot.collections[link.target]
        parents = await self._parent_values(collection, link, [one for one, _, _ in changed])
        current = await self._current(home, link, [values for values in parents if values is not None])
        wishes: list[Wish] = []
        bounds: list[tuple[int, int]] = []
        left: list[tuple[Key, ...]] = []
        for values, (_, _, changes) in zip(parents, changed, strict=True):
            mine = current.get(values, {}) if values is not None else {}
            own, gone = self._changes_of(home, link, changes, values, mine)
            bounds.append((len(wishes), len(wishes) + len(own)))
            wishes.extend(own)
            left.append(gone)
        kept = await self.save(home, wishes)
        gone_steps = await self.deselect(home, link, [key for keys in left for key in keys])
        answer: list[ListStep] = []
        for (start, end), keys in zip(bounds, left, strict=True):
            answer.append(
                ListStep(
                    link=link,
                    gone=tuple(gone_steps[key] for key in keys),
                    kept=tuple(step for step in kept[start:end] if step is not None),
                )
            )
        return answer

    async def _parent_values(
        self, collection: Collection, link: Link, decided: Sequence[_Decided]
    ) -> list[Key | None]:
        """What foreign keys of the list's items hold for each parent that exists."""
        if link.local == collection.primary_key:
            return [one.key if one.action == "update" else None for one in decided]
        keys = [one.key for one in decided if one.action == "update" and one.key is not None]
        found = await self._lookups.existing(collection, keys, link.local)
        return [
            found.get(one.key) if one.action == "update" and one.key is not None else None for one in decided
        ]

    async def _current(
        self, home: Collection, link: Link, parents: Sequence[Key]
    ) -> dict[Key, dict[Key, _Present]]:
        """Parent -> the items of its list now."""
        far = self._far_columns(link)
        order = (link.sort_field,) if link.sort_field in home.fields else ()
        columns = (*link.remote, *order, *far)
        rows = await self._lookups.matching(home, link.remote, list(dict.fromkeys(parents)), columns)
        width = len(link.remote)
        found: dict[Key, dict[Key, _Present]] = {}
        for key, values in rows.items():
            rest = values[width:]
            present = _Present(sort=rest[0] if order else None, far=rest[len(order) :])
            found.setdefault(values[:width], {})[key] = present
        return found

    def _far(self, link: Link) -> Link | None:
        """Of a list that goes over a junction, the way on."""
        return self._snapshot.link(link.target, link.junction_field) if link.junction_field else None

    def _far_columns(self, link: Link) -> tuple[str, ...]:
        far = self._far(link)
        if far is None:
            return ()
        return (*far.local, *((far.collection_field,) if far.collection_field else ()))

    def _changes_of(
        self,
        home: Collection,
        link: Link,
        changes: Changes,
        parent: Key | None,
        current: Mapping[Key, _Present],
    ) -> tuple[list[Wish], tuple[Key, ...]]:
        """Items to be saved into the list, and the keys of those that leave it."""
        given: Mapping[str, Any] = _NOTHING
        awaited = frozenset(link.remote)
        if parent is not None:
            given, awaited = dict(zip(link.remote, parent, strict=True)), frozenset()
        wishes: list[Wish] = []
        gone: dict[Key, None] = {}

        def save(item: Item, intent: Intent, key: Key | None = None) -> None:
            own = key if key is not None else self.key_of(home, {**item.values, **given})
            if own is not None and own in current:
                # already where it belongs; a foreign key that is sent moves it
                wishes.append(Wish(item=item, intent=intent, key=own))
            else:
                named = key is not None
                wishes.append(
                    Wish(item=item, intent=intent, key=own, given=given, awaited=awaited, named=named)
                )

        if changes.entries is not None:
            stays: set[Key] = set()
            for entry in changes.entries:
                if isinstance(entry, Existing):
                    key = self._existing(home, entry)
                    stays.add(key)
                    if key not in current:
                        save(_linked(home, entry.path), "update", key)
                else:
                    named = self.key_of(home, {**entry.values, **given})
                    if named is not None:
                        stays.add(named)
                    save(entry, "save")
            gone.update(dict.fromkeys(key for key in current if key not in stays))
        for item in _numbered(changes.create, link, home, current):
            save(item, "create")
        for item in changes.update:
            save(item, "update")
        for entry in changes.delete:
            key = self._existing(home, entry)
            if key in current:
                gone[key] = None
        self._by_other_side(home, link, changes, current, save, gone)
        return wishes, tuple(gone)

    def _by_other_side(
        self,
        home: Collection,
        link: Link,
        changes: Changes,
        current: Mapping[Key, _Present],
        save: Any,
        gone: dict[Key, None],
    ) -> None:
        """`connect`, `disconnect` and `set`."""
        far = self._far(link)
        wanted = (*changes.connect, *(changes.only or ()))
        if far is None:
            own = {self._existing(home, entry): entry for entry in wanted}
            for key, entry in own.items():
                if key not in current:
                    save(_linked(home, entry.path), "update", key)
            left = {self._existing(home, entry) for entry in changes.disconnect}
            if changes.only is not None:
                left |= {key for key in current if key not in own}
            gone.update(dict.fromkeys(key for key in current if key in left))
            return
        led = {present.far: key for key, present in current.items()}
        kept: set[tuple[Any, ...]] = set()
        for entry in wanted:
            raw, there = self._far_reference(far, entry)
            kept.add(there)
            if there not in led:
                led[there] = ()
                save(
                    Item(collection=home, path=entry.path, values=raw),
                    "create",
                )
        leave = {self._far_reference(far, entry)[1] for entry in changes.disconnect}
        for key, present in current.items():
            if present.far in leave or (changes.only is not None and present.far not in kept):
                gone[key] = None

    def _far_reference(self, far: Link, entry: Existing) -> tuple[Mapping[str, Any], tuple[Any, ...]]:
        """Columns of the junction that lead to the item named, as sent and as the driver has them."""
        raw = entry.raw
        if far.kind == "m2a":
            if not isinstance(raw, Mapping) or raw.get("collection") not in far.allowed or "item" not in raw:
                raise invalid_payload('Items of many collections are named by "collection" and "item"')
            values: Mapping[str, Any] = {
                far.local[0]: str(raw["item"]),
                far.collection_field or "": raw["collection"],
            }
        elif len(far.local) == 1:
            target = self._snapshot.collections[far.target]
            named = raw.get(target.primary_key[0]) if isinstance(raw, Mapping) else raw
            values = {far.local[0]: named}
        elif isinstance(raw, Mapping):
            values = {here: raw.get(there) for here, there in zip(far.local, far.remote, strict=True)}
        else:
            values = dict(zip(far.local, decode_key(str(raw), len(far.local)), strict=True))
        converted = tuple(self._fields.convert(far.collection, name, value) for name, value in values.items())
        return values, converted

    def _existing(self, home: Collection, entry: Existing) -> Key:
        key = self.key_named(home, entry.raw)
        if key is None:
            raise forbidden()
        return key

    # --- leaving and deleting -------------------------------------------------------------------------------

    async def deselect(self, home: Collection, link: Link, keys: Sequence[Key]) -> Mapping[Key, Step]:
        """Items that leave a list are unlinked, or deleted where the relation says so or leaves no choice."""
        if not keys:
            return {}
        if self._deletes(home, link):
            return await self.delete(home, keys)
        empty = Item(collection=home, path=(), values=dict.fromkeys(link.remote))
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
        return {
            key: Step(action="delete", collection=collection, key=key, columns=_NOTHING, delta=_NOTHING)
            for key in keys
        }


def _linked(home: Collection, path: Path) -> Item:
    """An item of which nothing changes but the list it is in."""
    return Item(collection=home, path=path, values=_NOTHING)


def _numbered(
    created: Sequence[Item], link: Link, home: Collection, current: Mapping[Key, _Present]
) -> Sequence[Item]:
    """New items come behind those of the list, in their order, where it has a manual one."""
    name = link.sort_field
    if name is None or name not in home.fields:
        return created
    last = max((one.sort for one in current.values() if isinstance(one.sort, int)), default=0)
    return [
        item if name in item.values else replace(item, values={**item.values, name: last + place})
        for place, item in enumerate(created, 1)
    ]


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
