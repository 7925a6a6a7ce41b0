"""Which key was refused, and its value: what drivers tell of it differs, what callers hear does not.

SQLite names the columns of a unique constraint but no value, of several broken ones the last, and nothing at
all of a broken foreign key; its transaction goes on, so that the row can be compared with what is there.
PostgreSQL tells the first broken constraint with its values as text, and its transaction is over; the values
as they were sent are found again by that text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from resolvers.sql.write import WriteTexts
from resolvers.writing.lookups import plain
from resolvers.writing.steps import Key
from schema_gen.database import Transaction
from schema_gen.errors import CausewayError, invalid_foreign_key, record_not_unique
from schema_gen.model import Collection, Relation, SchemaSnapshot

Names = tuple[str, ...]

#: characters of a refused value that the answer repeats; a longer one is left out
_SHOWN: Final = 1000
#: what a foreign key may do so that its item can go
_YIELDING: Final = frozenset({"CASCADE", "SET NULL", "SET DEFAULT"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Rows of one statement that was refused: columns as the driver takes them, and as they were sent, as far
    as they were. `keys`: of the items that were to get the one row.
    """

    collection: Collection
    rows: Sequence[Mapping[str, Any]]
    sent: Sequence[Mapping[str, Any]]
    keys: frozenset[Key] = frozenset()


class BrokenKeys:
    """Of one transaction."""

    def __init__(self, transaction: Transaction, snapshot: SchemaSnapshot, texts: WriteTexts) -> None:
        self._transaction = transaction
        self._snapshot = snapshot
        self._texts = texts

    async def told(self, error: CausewayError, attempt: Attempt) -> CausewayError:
        """The refusal with collection, field and value, as far as they can be known."""
        if error.code not in ("RECORD_NOT_UNIQUE", "INVALID_FOREIGN_KEY"):
            return error
        unique = error.code == "RECORD_NOT_UNIQUE"
        names = _named(error, attempt.collection)
        if self._texts.sqlite and len(attempt.rows) == 1:
            names = await (self._taken(attempt) if unique else self._dangling(attempt)) or names
        make = record_not_unique if unique else invalid_foreign_key
        return make(attempt.collection.name, ", ".join(names) or None, _value(error, names, attempt))

    async def told_of_deletion(
        self, error: CausewayError, collection: Collection, keys: Sequence[Key]
    ) -> CausewayError:
        """Other items lead to one of these. Which ones they are is not for everybody."""
        if error.code != "INVALID_FOREIGN_KEY":
            return error
        if self._texts.sqlite:
            key = await self._needed(collection, keys)
        else:
            key = self._needed_by_text(error, collection, keys)
        if key is None:
            return invalid_foreign_key(collection.name)
        return invalid_foreign_key(collection.name, ", ".join(collection.primary_key), _joined(key))

    async def _taken(self, attempt: Attempt) -> Names:
        """The first unique constraint that the row breaks."""
        (row,) = attempt.rows
        collection = attempt.collection
        for names in (collection.primary_key, *collection.uniques):
            values = tuple(row.get(name) for name in names)
            if None in values:
                continue
            text = self._texts.matching(collection.name, names, ())
            found = await self._transaction.fetch(text, self._texts.keys([values]))
            others = {plain(one) for one in found} - attempt.keys
            if others or len(attempt.keys) > 1:
                return names
        return ()

    async def _dangling(self, attempt: Attempt) -> Names:
        """The first foreign key of the row that leads nowhere."""
        (row,) = attempt.rows
        for relation in self._snapshot.relations:
            if relation.collection != attempt.collection.name or not _declared(relation):
                continue
            values = tuple(row.get(name) for name in relation.local)
            if relation.related is None or None in values:
                continue
            text = self._texts.matching(relation.related, relation.remote, ())
            if not await self._transaction.fetch(text, self._texts.keys([values])):
                return relation.local
        return ()

    async def _needed(self, collection: Collection, keys: Sequence[Key]) -> Key | None:
        """The first of the items that others lead to."""
        relations = [
            relation
            for relation in self._snapshot.relations
            if relation.related == collection.name
            and _declared(relation)
            and relation.on_delete not in _YIELDING
            and relation.remote == collection.primary_key
        ]
        for key in sorted(keys):
            for relation in relations:
                text = self._texts.matching(relation.collection, relation.local, ())
                rows = {plain(row) for row in await self._transaction.fetch(text, self._texts.keys([key]))}
                if rows - (set(keys) if relation.collection == collection.name else set()):
                    return key
        return None

    def _needed_by_text(
        self, error: CausewayError, collection: Collection, keys: Sequence[Key]
    ) -> Key | None:
        """PostgreSQL names the table that leads here; where it leads elsewhere, something had followed."""
        leads = any(
            relation.related == collection.name
            and relation.collection == error.extensions.get("collection")
            and relation.remote == collection.primary_key
            for relation in self._snapshot.relations
        )
        if not leads or error.extensions.get("field") != ", ".join(collection.primary_key):
            return None
        told = error.extensions.get("value")
        return next((key for key in keys if ", ".join(_text(part) for part in key) == told), None)


def told_at_commit(error: CausewayError) -> CausewayError:
    """A constraint that is only asked at the end: whose row broke it is not known, and may not be told."""
    if error.code == "INVALID_FOREIGN_KEY":
        return invalid_foreign_key()
    return record_not_unique(None, None) if error.code == "RECORD_NOT_UNIQUE" else error


def _declared(relation: Relation) -> bool:
    """The database knows of it."""
    return relation.on_delete is not None


def _named(error: CausewayError, collection: Collection) -> Names:
    """The columns that the database names; none of another table, into which a trigger may have written."""
    field = error.extensions.get("field")
    names = tuple(str(field).split(", ")) if field else ()
    here = error.extensions.get("collection") == collection.name and set(names) <= collection.fields.keys()
    return names if here else ()


def _value(error: CausewayError, names: Names, attempt: Attempt) -> Any:
    """What was sent for these columns."""
    place = _place(error, names, attempt.rows)
    if place is None or any(attempt.collection.fields[name].concealed for name in names):
        return None
    row, sent = attempt.rows[place], attempt.sent[place]
    if any(row.get(name) is None for name in names):
        return None
    return _joined([sent.get(name, row[name]) for name in names])


def _place(error: CausewayError, names: Names, rows: Sequence[Mapping[str, Any]]) -> int | None:
    """Which of the rows was refused."""
    if not names or len(rows) == 1:
        return 0 if names else None
    told = error.extensions.get("value")
    texts = (", ".join(_text(row.get(name)) for name in names) for row in rows)
    return next((place for place, text in enumerate(texts) if text == told), None)


def _text(value: Any) -> str:
    """As PostgreSQL writes it."""
    return ("f", "t")[value] if isinstance(value, bool) else str(value)


def _joined(values: Sequence[Any]) -> Any:
    """One value as it is, several as text."""
    value = values[0] if len(values) == 1 else ", ".join(str(part) for part in values)
    if isinstance(value, str):
        return value if len(value) <= _SHOWN else None
    return value if isinstance(value, (bool, int, float)) else None
