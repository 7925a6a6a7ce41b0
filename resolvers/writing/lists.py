"""Changes of a list -> the items to be saved into it, and the keys of those that leave it.

    {"tags": [7, {"tags_id": 1}]}   where the list holds 7 and 8: save {"tags_id": 1}; 8 leaves
    {"tags": {"connect": [1]}}      save {"tags_id": 1}, unless an item of the list leads there

What the lists hold now is looked up for all owners at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from resolvers.keys import decode_key
from resolvers.writing.item_keys import ItemKeys
from resolvers.writing.items import Changes, Existing, Item, Path
from resolvers.writing.lookups import LookUps
from resolvers.writing.steps import Key
from resolvers.writing.wishes import Intent, Wish
from schema_gen.errors import forbidden, invalid_payload
from schema_gen.model import Collection, Link, SchemaSnapshot

_NOTHING: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """An item of a list as it is: its place in a manual order, and what it leads to on the other side."""

    sort: Any
    far: tuple[Any, ...]


class Lists:
    """Of one transaction. `convert`: a raw value as the driver takes it, by collection and field."""

    def __init__(
        self,
        snapshot: SchemaSnapshot,
        lookups: LookUps,
        keys: ItemKeys,
        convert: Callable[[str, str, Any], Any],
    ) -> None:
        self._snapshot = snapshot
        self._lookups = lookups
        self._keys = keys
        self._convert = convert

    async def owners(
        self, collection: Collection, link: Link, keys: Sequence[Key | None]
    ) -> list[Key | None]:
        """What foreign keys of the list's items hold for each owner; None for one that is not there yet."""
        if link.local == collection.primary_key:
            return list(keys)
        there = [key for key in keys if key is not None]
        found = await self._lookups.existing(collection, there, link.local)
        return [None if key is None else found.get(key) for key in keys]

    async def current(
        self, home: Collection, link: Link, owners: Sequence[Key]
    ) -> dict[Key, dict[Key, Present]]:
        """Owner -> the items of its list now."""
        far = self._far_columns(link)
        order = (link.sort_field,) if link.sort_field in home.fields else ()
        columns = (*link.remote, *order, *far)
        rows = await self._lookups.matching(home, link.remote, list(dict.fromkeys(owners)), columns)
        width = len(link.remote)
        found: dict[Key, dict[Key, Present]] = {}
        for key, values in rows.items():
            rest = values[width:]
            present = Present(sort=rest[0] if order else None, far=rest[len(order) :])
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

    def changed(
        self,
        home: Collection,
        link: Link,
        changes: Changes,
        owner: Key | None,
        current: Mapping[Key, Present],
    ) -> tuple[list[Wish], tuple[Key, ...]]:
        """Items to be saved into the list, and the keys of those that leave it."""
        given: Mapping[str, Any] = _NOTHING
        awaited = frozenset(link.remote)
        if owner is not None:
            given, awaited = dict(zip(link.remote, owner, strict=True)), frozenset()
        wishes: list[Wish] = []
        gone: dict[Key, None] = {}

        def save(item: Item, intent: Intent, key: Key | None = None) -> None:
            own = key if key is not None else self._keys.of(home, {**item.values, **given})
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
                    named = self._keys.of(home, {**entry.values, **given})
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
        current: Mapping[Key, Present],
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
        converted = tuple(self._convert(far.collection, name, value) for name, value in values.items())
        return values, converted

    def _existing(self, home: Collection, entry: Existing) -> Key:
        key = self._keys.named(home, entry.raw)
        if key is None:
            raise forbidden()
        return key


def _linked(home: Collection, path: Path) -> Item:
    """An item of which nothing changes but the list it is in."""
    return Item(collection=home, path=path, values=_NOTHING)


def _numbered(
    created: Sequence[Item], link: Link, home: Collection, current: Mapping[Key, Present]
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
