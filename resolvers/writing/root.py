"""One mutation root: arguments -> wishes -> steps -> rows -> the answer, inside one transaction.

update_articles_items(ids: [1, 2], data: {status: "draft"}) { id status }

keys (1,), (2,) ─ prepare ─> two steps ─ perform ─> one UPDATE ─ history ─> rows ─ answer ─>
[{"id":"1",...},...]
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from resolvers.context import RequestContext
from resolvers.paging import Limits
from resolvers.plan import Root
from resolvers.sql.statement import Statement
from resolvers.versions import is_among
from resolvers.writing.history import Record, key_text
from resolvers.writing.images import Reading
from resolvers.writing.items import Item, read_item
from resolvers.writing.lookups import KEYS, LookUps, key_batches
from resolvers.writing.perform import Performer
from resolvers.writing.prepare import Preparer
from resolvers.writing.steps import Key, Step
from resolvers.writing.wishes import Wish
from schema_gen.database import Transaction
from schema_gen.errors import forbidden, invalid_payload, precondition_failed
from schema_gen.model import Collection, SchemaSnapshot
from schema_gen.naming import MutationKind

DELETIONS: Final[frozenset[MutationKind]] = frozenset({"delete_item", "delete_items"})
#: roots that answer with a list
MANY: Final[frozenset[MutationKind]] = frozenset({"create_items", "update_items", "update_batch"})


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRoot:
    """What a mutation root does, as far as the document says it. `answer`: the read of what was written, by
    `KEYS`; None where the caller reads nothing there. `choice`: the read of the keys, where the items are
    chosen by a query.
    """

    collection: Collection
    kind: MutationKind
    answer: Statement | None = None
    choice: Root | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """`data`: JSON of the answer; `keys`: of the items of the root itself; `records`: all that happened."""

    data: bytes | None
    keys: tuple[Key, ...]
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """Of one request. `payload` in REST form; `variables`: of the operation, for reads."""

    payload: Any = None
    id: Any = None
    ids: Sequence[Any] | None = None
    on_conflict: tuple[str, ...] = ()
    max_affected: int | None = None
    if_match: tuple[str, ...] = ()
    upsert: bool = False
    variables: Mapping[str, Any]


class RootWriter:
    """Of one root and its transaction."""

    def __init__(
        self,
        root: WriteRoot,
        arguments: Arguments,
        *,
        snapshot: SchemaSnapshot,
        untold: frozenset[tuple[str, str]],
        context: RequestContext,
        transaction: Transaction,
        lookups: LookUps,
        preparer: Preparer,
        performer: Performer,
        limits: Limits,
    ) -> None:
        self._root = root
        self._collection = root.collection
        self._arguments = arguments
        self._snapshot = snapshot
        self._untold = untold
        self._context = context
        self._transaction = transaction
        self._lookups = lookups
        self._preparer = preparer
        self._performer = performer
        self._limits = limits

    async def run(self) -> tuple[Key, ...]:
        """The keys of the items of the root itself."""
        keys = await _KINDS[self._root.kind](self)
        return tuple(dict.fromkeys(key for key in keys if key is not None))

    # --- what is done ---------------------------------------------------------------------------------------

    async def _create(self) -> list[Key | None]:
        items = self._items()
        if self._arguments.on_conflict:
            return await self._create_or_update(items)
        return await self._saved([Wish(item=item, intent="create") for item in items])

    async def _create_one(self) -> list[Key | None]:
        if self._collection.singleton:
            raise forbidden()
        return await self._create()

    async def _create_or_update(self, items: Sequence[Item]) -> list[Key | None]:
        """Items that are there already, by the fields that tell them apart, are updated."""
        by = self._arguments.on_conflict
        collection = self._collection
        unique = {frozenset(names) for names in (collection.primary_key, *collection.uniques)}
        unique |= {frozenset((n,)) for n, f in collection.fields.items() if f.column and f.column.unique}
        # what is found already is created or changed, and who may not create is not told which
        open_ = self._preparer.creatable_fields(collection, items)
        known = [collection.fields[name] for name in by if name in open_]
        if frozenset(by) not in unique or len(known) < len(by) or any(field.concealed for field in known):
            raise invalid_payload(
                f'"on_conflict" has to name the fields of a unique constraint, not {", ".join(by)}'
            )
        keys: list[Key | None] = []
        for run in _runs(items, lambda item: self._preparer.keys.values(collection, item.values, by)):
            asked = [value for value in run.values() if value is not None]
            rows = await self._lookups.matching(collection, by, asked, by)
            there = {named: key for key, named in rows.items()}
            keys += await self._saved(
                [
                    Wish(item=items[place], intent="update", key=there[value])
                    if value is not None and value in there
                    else Wish(item=items[place], intent="create")
                    for place, value in run.items()
                ]
            )
        return keys

    async def _update_one(self) -> list[Key | None]:
        key = self._preparer.keys.named(self._collection, self._arguments.id)
        if key is None:
            raise forbidden()
        await self._unchanged(key)
        (item,) = self._items()
        if self._arguments.upsert:
            # the key in the address is part of an item that is created
            named = dict(zip(self._collection.primary_key, key, strict=True))
            item = replace(item, values={**item.values, **named})
            return await self._saved([Wish(item=item, intent="save", key=key)])
        return await self._saved([Wish(item=item, intent="update", key=key)])

    async def _update_items(self) -> list[Key | None]:
        keys = await self._named_keys()
        if not keys:
            return []
        (item,) = self._items()
        return await self._saved([Wish(item=item, intent="update", key=key) for key in keys])

    async def _update_batch(self) -> list[Key | None]:
        items = self._items()
        keys: list[Key | None] = []
        for run in _runs(items, lambda item: self._preparer.keys.of(self._collection, item.values)):
            keys += await self._saved([Wish(item=items[place], intent="update") for place in run])
        return keys

    async def _update_singleton(self) -> list[Key | None]:
        (item,) = self._items()
        key = await self._lookups.any_key(self._collection)
        await self._unchanged(key)
        if key is None:
            return await self._saved([Wish(item=item, intent="create")])
        return await self._saved([Wish(item=item, intent="update", key=key)])

    async def _delete_items(self) -> list[Key | None]:
        return await self._deleted(await self._named_keys())

    async def _delete_one(self) -> list[Key | None]:
        key = self._preparer.keys.named(self._collection, self._arguments.id)
        if key is None:
            raise forbidden()
        await self._unchanged(key)
        return await self._deleted([key])

    async def _unchanged(self, key: Key | None) -> None:
        """Raises PRECONDITION_FAILED where the item is no longer what the caller saw. It is held from here
        on.
        """
        wanted = self._arguments.if_match
        if not wanted:
            return
        if key is not None:
            await self._lookups.existing(self._collection, [key])
        if not is_among(await self._read([key] if key is not None else []), wanted):
            raise precondition_failed()

    async def _saved(self, wishes: Sequence[Wish]) -> list[Key | None]:
        return await self._performed(await self._preparer.save(self._collection, wishes))

    async def _deleted(self, keys: Sequence[Key]) -> list[Key | None]:
        return await self._performed(list((await self._preparer.delete(self._collection, keys)).values()))

    async def _performed(self, wanted: Sequence[Step | None]) -> list[Key | None]:
        steps = [step for step in wanted if step is not None]
        return await self._performer.perform(steps, [None] * len(steps))

    def _items(self) -> list[Item]:
        payload = self._arguments.payload
        several = self._root.kind in ("create_items", "update_batch")
        sent = payload if several else [payload]
        if not isinstance(sent, Sequence) or isinstance(sent, (str, bytes)):
            raise invalid_payload("Input should be an array of items")
        self._limits.check_batch(len(sent))
        items = [
            read_item(one, self._collection, self._snapshot, (place,) if several else (), self._untold)
            for place, one in enumerate(sent)
        ]
        self._limits.check_batch(sum(item.size for item in items))
        return items

    async def _named_keys(self) -> list[Key]:
        ids = self._arguments.ids
        if ids is not None:
            self._limits.check_batch(len(ids))
            found = [self._preparer.keys.named(self._collection, raw) for raw in ids]
            if None in found:
                raise forbidden()
            keys = list(dict.fromkeys(key for key in found if key is not None))
        elif self._root.choice is not None:
            keys = await self._lookups.chosen(self._collection, self._root.choice, self._arguments.variables)
            self._limits.check_batch(len(keys))
        else:
            raise invalid_payload('Either "ids" or a query has to be given')
        most = self._arguments.max_affected
        if most is not None and len(keys) > most:
            raise invalid_payload(f"{len(keys)} items would be affected, at most {most} may be")
        return keys

    # --- what is answered -----------------------------------------------------------------------------------

    def readings(self, keys: Sequence[Key]) -> list[Reading]:
        """What has to be read to answer; each gives one JSON."""
        answer = self._root.answer
        if answer is None or self._root.kind in DELETIONS:
            return []
        return self._readings(answer, keys)

    def answer(self, keys: Sequence[Key], read: Sequence[bytes | None]) -> bytes | None:
        """The JSON of the answer, where `read` is what `readings` gave."""
        root = self._root
        if root.kind == "delete_item":
            return _json(key_text(keys[0]) if keys else str(self._arguments.id))
        if root.kind == "delete_items":
            ids = self._arguments.ids
            return _json([key_text(key) for key in keys] if ids is None else [str(one) for one in ids])
        if root.answer is None:
            return b"true"
        return self._joined(read)

    async def _read(self, keys: Sequence[Key]) -> bytes | None:
        """What the root selects of these items."""
        if self._root.answer is None:
            raise forbidden()
        readings = self._readings(self._root.answer, keys)
        return self._joined([(await self._transaction.fetch_bytes(*one))[0] for one in readings])

    def _readings(self, answer: Statement, keys: Sequence[Key]) -> list[Reading]:
        variables = self._arguments.variables
        return [
            (answer.text, answer.bind({**variables, KEYS: named}, self._context))
            for named in key_batches(keys)
        ]

    def _joined(self, read: Sequence[bytes | None]) -> bytes | None:
        parts = [part for part in read if part is not None]
        if self._root.kind not in MANY:
            return parts[0] if parts else None
        if len(parts) == 1:
            return parts[0]
        inner = (part.strip()[1:-1] for part in parts)
        return b"[" + b",".join(part for part in inner if part.strip()) + b"]"


def _runs(items: Sequence[Item], named: Callable[[Item], Key | None]) -> list[dict[int, Key | None]]:
    """Places of the items, with what names them, in runs that name no item twice: what comes later finds what
    came before it done.
    """
    runs: list[dict[int, Key | None]] = [{}]
    seen: set[Key] = set()
    for place, item in enumerate(items):
        name = named(item)
        if name is not None and name in seen:
            runs.append({})
            seen.clear()
        if name is not None:
            seen.add(name)
        runs[-1][place] = name
    return runs


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


_KINDS: Final[Mapping[MutationKind, Callable[[RootWriter], Any]]] = {
    "create_items": RootWriter._create,
    "create_item": RootWriter._create_one,
    "update_items": RootWriter._update_items,
    "update_batch": RootWriter._update_batch,
    "update_item": RootWriter._update_one,
    "update_singleton": RootWriter._update_singleton,
    "delete_items": RootWriter._delete_items,
    "delete_item": RootWriter._delete_one,
}
