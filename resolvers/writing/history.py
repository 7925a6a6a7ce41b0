"""What happened, as rows: an activity for each item, and a revision where the collection keeps them.

    directus_activity   (action "update", item "57", user, ip, user_agent, origin, timestamp)
    directus_revisions  (activity, item "57", data: the item afterwards, delta: what was written, parent)

Rows are written at the end of the transaction, a statement for each table. A nested item's revision has that
of the item around it as its parent. Secrets are masked before they get here, and by the database where it
reads the item.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from resolvers.context import RequestContext
from resolvers.keys import encode_key
from resolvers.sql.dialects.base import MASK
from resolvers.sql.write import WriteTexts
from resolvers.writing.steps import Key, Step
from schema_gen.database import Transaction
from schema_gen.model import Collection, Field, SchemaSnapshot

ACTIVITY: Final = "directus_activity"
REVISIONS: Final = "directus_revisions"
#: characters of a user agent or an origin that their columns hold
_HELD: Final = 255

#: what identity providers hand out for a user: nothing in its metadata says so, but it is a secret
_CREDENTIALS: Final = frozenset({("directus_users", "auth_data")})

#: (collection, keys) -> the items as JSON texts, by key text
Images = Callable[[Collection, Sequence[Key]], Awaitable[Mapping[str, str]]]


@dataclass(slots=True, kw_only=True)
class Record:
    """One item in the making of a history; `key` None until it was written, `done` whether it was."""

    action: str
    collection: Collection
    delta: Mapping[str, Any]
    parent: Record | None
    depth: int
    key: Key | None = None
    revision: int | None = None


def is_secret(field: Field) -> bool:
    """Whether history masks the values of a field, or leaves them out."""
    return field.concealed or (field.collection, field.name) in _CREDENTIALS


def key_text(key: Key) -> str:
    """How history and events name an item."""
    return str(key[0]) if len(key) == 1 else encode_key(key)


class History:
    """Of one transaction. `convert`: a raw value as the driver takes it, by collection and field; `tell`: a
    value that was converted, in the form of reads.
    """

    def __init__(
        self,
        snapshot: SchemaSnapshot,
        texts: WriteTexts,
        context: RequestContext,
        convert: Callable[[str, str, Any], Any],
        tell: Callable[[str, str, Any], Any],
    ) -> None:
        self.records: list[Record] = []
        self._snapshot = snapshot
        self._texts = texts
        self._context = context
        self._convert = convert
        self._tell = tell

    def open(self, step: Step, parent: Record | None) -> Record:
        record = Record(
            action=step.action,
            collection=step.collection,
            delta=step.delta,
            parent=parent,
            depth=0 if parent is None else parent.depth + 1,
        )
        self.records.append(record)
        return record

    def fill(self, record: Record, step: Step, columns: Mapping[str, Any]) -> None:
        """Foreign keys that were only made on the way are part of what an update changes."""
        if step.action == "update":
            made = {name: value for name, value in columns.items() if name not in step.columns}
            record.delta = {**step.delta, **made}

    def close(self, record: Record, key: Key | None) -> None:
        record.key = key

    @property
    def written(self) -> list[Record]:
        return [record for record in self.records if record.key is not None]

    async def write(self, transaction: Transaction, images: Images) -> None:
        """The rows of all that was written."""
        tracked = [
            record
            for record in self.written
            if record.collection.accountability is not None
            # an item that is only led to does not change
            and not (record.parent is not None and record.action == "update" and not record.delta)
        ]
        if not tracked or ACTIVITY not in self._snapshot.collections:
            return
        activities = await self._insert(transaction, ACTIVITY, [self._activity(one) for one in tracked])
        kept = [
            (record, activity, written)
            for record, activity in zip(tracked, activities, strict=True)
            if record.collection.accountability == "all" and record.action != "delete"
            for written in (self._told(record),)
            if written or record.action == "create"
        ]
        data = await self._data([record for record, _, _ in kept], images)
        for depth in sorted({record.depth for record, _, _ in kept}):
            level = [entry for entry in kept if entry[0].depth == depth]
            rows = [self._revision(record, activity, written, data) for record, activity, written in level]
            made = await self._insert(transaction, REVISIONS, rows)
            for (record, _, _), number in zip(level, made, strict=True):
                record.revision = number

    def _activity(self, record: Record) -> dict[str, Any]:
        context = self._context
        return {
            "action": record.action,
            "user": context.actor.user,
            "collection": record.collection.name,
            "item": key_text(record.key or ()),
            "ip": context.ip,
            "user_agent": _cut(context.user_agent),
            "origin": _cut(context.origin),
            "timestamp": context.now.isoformat(),
        }

    def _revision(
        self,
        record: Record,
        activity: int,
        written: Mapping[str, Any],
        data: Mapping[tuple[str, str], str],
    ) -> dict[str, Any]:
        item = key_text(record.key or ())
        delta = json.dumps(written, ensure_ascii=False, default=str) if written else None
        parent = record.parent
        while parent is not None and parent.revision is None:
            parent = parent.parent
        image = data.get((record.collection.name, item)) if record.action == "update" else None
        return {
            "activity": activity,
            "collection": record.collection.name,
            "item": item,
            "data": delta if image is None else image,
            "delta": delta,
            "parent": parent.revision if parent is not None else None,
        }

    def _told(self, record: Record) -> dict[str, Any]:
        """What a revision says was written: of a new item nothing that leads elsewhere, of a changed one the
        fields in their order, without the key; secrets masked.
        """
        home, fields, links = record.collection.name, record.collection.fields, self._snapshot.links
        if record.action == "create":
            names = [name for name in record.delta if (home, name) not in links]
        else:
            key = record.collection.primary_key
            names = [name for name in fields if name in record.delta and name not in key]
        return {
            name: MASK
            if (field := fields.get(name)) is not None and is_secret(field) and record.delta[name] is not None
            else self._tell(home, name, record.delta[name])
            for name in names
        }

    async def _data(self, records: Sequence[Record], images: Images) -> dict[tuple[str, str], str]:
        """Items as they are now: of created ones the payload says it all."""
        groups: dict[str, dict[Key, Collection]] = {}
        for record in records:
            if record.action == "update" and record.key is not None:
                groups.setdefault(record.collection.name, {})[record.key] = record.collection
        found: dict[tuple[str, str], str] = {}
        for name, keys in groups.items():
            collection = self._snapshot.collections[name]
            for item, text in (await images(collection, list(keys))).items():
                found[name, item] = text
        return found

    async def _insert(
        self, transaction: Transaction, name: str, rows: Sequence[Mapping[str, Any]]
    ) -> list[int]:
        """The numbers of the rows, in their order."""
        if not rows:
            return []
        collection = self._snapshot.collections[name]
        names = tuple(column for column in rows[0] if column in collection.fields)
        values = [
            tuple(
                row[column] if column in ("data", "delta") else self._convert(name, column, row[column])
                for column in names
            )
            for row in rows
        ]
        texts, key = self._texts, collection.primary_key
        if len(values) == 1:
            return [(await transaction.fetch(texts.insert(name, names, key), values[0]))[0][0]]
        if texts.unfolds(name, names):
            arrays = [list(column) for column in zip(*values, strict=True)]
            return [row[0] for row in await transaction.fetch(texts.insert_many(name, names, key), arrays)]
        return await self._numbered(transaction, name, names, values)

    async def _numbered(
        self, transaction: Transaction, name: str, names: tuple[str, ...], values: Sequence[tuple[Any, ...]]
    ) -> list[int]:
        """SQLite: many rows in one go, under numbers of our own."""
        highest = (await transaction.fetch(self._texts.highest_rowid(name)))[0][0]
        numbers = [highest + place for place in range(1, len(values) + 1)]
        key = self._snapshot.collections[name].primary_key
        rows = [(number, *row) for number, row in zip(numbers, values, strict=True)]
        await transaction.execute_many(self._texts.insert(name, (*key, *names), ()), rows)
        return numbers


def _cut(text: str | None) -> str | None:
    return text[:_HELD] if text else None
