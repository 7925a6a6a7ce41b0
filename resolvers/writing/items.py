"""What was sent for one item, read as fields, to-one items and changes of lists. Pure.

    {"title": "A", "author": {"name": "B"}, "tags": [{"tags_id": 1}, 7]}

    Item(values={"title": "A"},
         ones=(One(link=author, item=Item(values={"name": "B"})),),
         lists=(Changes(link=tags, entries=(Item(values={"tags_id": 1}), Existing(raw=7))),))

A list is replaced by an array, or changed by an object of `create`, `update`, `delete` (items of the list
itself) and `connect`, `disconnect`, `set` (items on the other side: of a many-to-many list the far ones).
Unknown names are kept apart: whether they are ignored or refused is a question of rights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from resolvers.keys import decode_key
from schema_gen.errors import CausewayError, invalid_payload
from schema_gen.model import Collection, Link, SchemaSnapshot

Path = tuple[str | int, ...]

#: lists inside each other that a payload may have
DEEPEST: Final = 20
_LIST_CHANGES: Final = frozenset({"create", "update", "delete", "connect", "disconnect", "set"})
_ONE_CHANGES: Final = frozenset({"create", "update", "connect", "disconnect"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Existing:
    """An item named by its key, as it was sent."""

    raw: Any
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class One:
    """A to-one item. `must`: it has to be new ("create") or there ("update"); None: whichever it is."""

    link: Link
    target: str
    item: Item
    must: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What becomes of a list. `entries`: all that it will hold afterwards; None: the rest stays."""

    link: Link
    path: Path
    entries: tuple[Item | Existing, ...] | None = None
    create: tuple[Item, ...] = ()
    update: tuple[Item, ...] = ()
    delete: tuple[Existing, ...] = ()
    connect: tuple[Existing, ...] = ()
    disconnect: tuple[Existing, ...] = ()
    #: items on the other side that the list will lead to, no others
    only: tuple[Existing, ...] | None = None

    @property
    def size(self) -> int:
        """Items that are named in all."""
        items = (*self.create, *self.update, *(self.entries or ()))
        keys = (*self.delete, *self.connect, *self.disconnect, *(self.only or ()))
        return len(keys) + sum(item.size if isinstance(item, Item) else 1 for item in items)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """`values`: columns by name, as sent. `unknown`: names that the collection does not have."""

    collection: Collection
    path: Path
    #: the payload itself
    raw: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Any]
    ones: tuple[One, ...] = ()
    lists: tuple[Changes, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def only_key(self) -> bool:
        """Nothing is said of the item but which one it is."""
        related = self.ones or self.lists or self.unknown
        return not related and set(self.values) == set(self.collection.primary_key)

    @property
    def sent(self) -> tuple[str, ...]:
        """Every field that was named."""
        return (*self.values, *self.related)

    @property
    def size(self) -> int:
        """Items that are named in all, itself included."""
        if not self.ones and not self.lists:
            return 1
        return 1 + sum(one.item.size for one in self.ones) + sum(change.size for change in self.lists)

    @property
    def related(self) -> tuple[str, ...]:
        """Fields that were given items, or changes of a list."""
        return (*(one.link.field for one in self.ones), *(change.link.field for change in self.lists))

    @property
    def led_by(self) -> frozenset[str]:
        """Foreign keys that are filled with the keys of its to-one items."""
        return frozenset(name for one in self.ones for name in one.link.local)


def read_item(
    payload: Any,
    collection: Collection,
    snapshot: SchemaSnapshot,
    path: Path = (),
    untold: frozenset[tuple[str, str]] = frozenset(),
) -> Item:
    """Raises INVALID_PAYLOAD for what is no item. `untold`: (collection, field) of what is to be taken for
    unknown.
    """
    if not isinstance(payload, Mapping):
        raise invalid_payload(f"{_place(path)} has to be an object")
    if len(path) > 2 * DEEPEST:
        raise invalid_payload("Items are nested too deeply")
    links = snapshot.links
    values: dict[str, Any] = {}
    ones: list[One] = []
    lists: list[Changes] = []
    unknown: list[str] = []
    for name, value in payload.items():
        home = collection.fields.get(name)
        if home is None or (collection.name, name) in untold:
            unknown.append(name)
            continue
        link = links.get((collection.name, name))
        if link is None:
            if not home.alias:
                values[name] = value
        elif link.kind == "o2m":
            lists.append(_changes([] if value is None else value, link, snapshot, (*path, name), untold))
        elif isinstance(value, (list, tuple)):
            raise invalid_payload(f"{_place((*path, name))} has to be a key or an object")
        elif isinstance(value, Mapping):
            one = _one(value, payload, link, snapshot, (*path, name), untold)
            if one is None:
                values.update(dict.fromkeys(link.local))
            elif isinstance(one, Existing):
                values.update(_reference(one.raw, link))
            else:
                ones.append(one)
        else:
            values.update(_reference(value, link))
    return Item(
        collection=collection,
        path=path,
        raw=payload,
        values=values,
        ones=tuple(ones),
        lists=tuple(lists),
        unknown=tuple(unknown),
    )


def _place(path: Path) -> str:
    return f'"{".".join(str(step) for step in path)}"' if path else "The payload"


def _reference(value: Any, link: Link) -> Mapping[str, Any]:
    """The foreign key columns that `value`, a key of the target, fills."""
    if len(link.local) == 1:
        return {link.local[0]: value}
    if value is None:
        return dict.fromkeys(link.local)
    if isinstance(value, str):
        return dict(zip(link.local, decode_key(value, len(link.local)), strict=True))
    if isinstance(value, Mapping) and set(value) == set(link.remote):
        return {here: value[there] for here, there in zip(link.local, link.remote, strict=True)}
    raise invalid_payload(f'"{link.field}" has to be an object of {", ".join(link.remote)}')


def _one(
    value: Mapping[str, Any],
    around: Mapping[str, Any],
    link: Link,
    snapshot: SchemaSnapshot,
    path: Path,
    untold: frozenset[tuple[str, str]],
) -> One | Existing | None:
    target = _target(around, link)
    home = snapshot.collections[target]
    named = set(value)
    if named and named <= _ONE_CHANGES and not named & set(home.fields):
        if len(named) > 1:
            raise invalid_payload(f"{_place(path)} takes one of {', '.join(sorted(_ONE_CHANGES))}")
        (what,) = named
        if what == "connect":
            return Existing(raw=value[what], path=path)
        if what == "disconnect":
            return None
        item = read_item(value[what], home, snapshot, path, untold)
        return One(link=link, target=target, item=item, must=what)
    return One(link=link, target=target, item=read_item(value, home, snapshot, path, untold))


def _target(around: Mapping[str, Any], link: Link) -> str:
    if link.kind == "m2o":
        return link.target
    field = f"{link.collection}.{link.field}"
    named = around.get(link.collection_field or "")
    if named is None:
        beside = f"{link.collection}.{link.collection_field}"
        raise invalid_payload(f'Can\'t update nested record "{field}" without field "{beside}" being set')
    if named not in link.allowed:
        raise invalid_payload(f'"{field}" can\'t be linked to collection "{named}"')
    return str(named)


def _changes(
    value: Any, link: Link, snapshot: SchemaSnapshot, path: Path, untold: frozenset[tuple[str, str]]
) -> Changes:
    home = snapshot.collections[link.target]
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return Changes(link=link, path=path, entries=_entries(value, home, snapshot, path, untold))
    if not isinstance(value, Mapping):
        raise _misbuilt('"value" must be of type object')
    for name in value:
        if name not in _LIST_CHANGES:
            raise _misbuilt(f'"{name}" is not allowed')

    def items(what: str) -> tuple[Item, ...]:
        inner = (*path, what)
        sent = _array(value, what)
        for index, entry in enumerate(sent):
            if not isinstance(entry, Mapping):
                raise _misbuilt(f'"{what}[{index}]" must be of type object')
        return tuple(
            read_item(entry, home, snapshot, (*inner, index), untold) for index, entry in enumerate(sent)
        )

    def keys(what: str) -> tuple[Existing, ...]:
        inner = (*path, what)
        return tuple(
            Existing(raw=entry, path=(*inner, index)) for index, entry in enumerate(_array(value, what))
        )

    return Changes(
        link=link,
        path=path,
        create=items("create"),
        update=items("update"),
        delete=keys("delete"),
        connect=keys("connect"),
        disconnect=keys("disconnect"),
        only=keys("set") if value.get("set") is not None else None,
    )


def _misbuilt(what: str) -> CausewayError:
    return invalid_payload(f"Invalid one-to-many update structure: {what}")


def _array(changes: Mapping[str, Any], what: str) -> Sequence[Any]:
    value = changes.get(what, ())
    if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
        raise _misbuilt(f'"{what}" must be an array')
    return value


def _entries(
    value: Sequence[Any],
    home: Collection,
    snapshot: SchemaSnapshot,
    path: Path,
    untold: frozenset[tuple[str, str]],
) -> tuple[Item | Existing, ...]:
    found: list[Item | Existing] = []
    for index, entry in enumerate(value):
        inner = (*path, index)
        if isinstance(entry, Mapping):
            found.append(read_item(entry, home, snapshot, inner, untold))
        elif entry is None or isinstance(entry, (list, tuple)):
            raise invalid_payload(f"{_place(inner)} has to be a key or an object")
        else:
            found.append(Existing(raw=entry, path=inner))
    return tuple(found)
