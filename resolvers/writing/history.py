"""What happens to items, noted while it happens, and what is told of it.

    Line(record=<update of articles 57>, item="57", told={"title": "A"})

`keeping` makes rows of it at the end of the transaction. Secrets are masked here, and by the database where
it reads the item.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from resolvers.keys import encode_key
from resolvers.sql.dialects.base import MASK
from resolvers.sql.history import ACTIVITY
from resolvers.writing.steps import Key, Step
from schema_gen.model import Collection, Field, SchemaSnapshot

#: what identity providers hand out for a user: nothing in its metadata says so, but it is a secret
_CREDENTIALS: Final = frozenset({("directus_users", "auth_data")})


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An activity. `told`: what its revision says was written; None where there is none."""

    record: Record
    item: str
    told: Mapping[str, Any] | None


class History:
    """Of one transaction. `tell`: a converted value in the form of reads, by collection and field."""

    def __init__(self, snapshot: SchemaSnapshot, tell: Callable[[str, str, Any], Any]) -> None:
        self.records: list[Record] = []
        self._snapshot = snapshot
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

    def lines(self) -> list[Line]:
        """What is told of all that was written, in its order."""
        if ACTIVITY not in self._snapshot.collections:
            return []
        found: list[Line] = []
        for record in self.written:
            collection, action = record.collection, record.action
            # an item that is only led to does not change
            led_to = record.parent is not None and action == "update" and not record.delta
            if collection.accountability is None or led_to:
                continue
            told: Mapping[str, Any] | None = None
            if collection.accountability == "all" and action != "delete":
                told = self._told(record)
                told = told if told or action == "create" else None
            found.append(Line(record=record, item=key_text(record.key or ()), told=told))
        return found

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
