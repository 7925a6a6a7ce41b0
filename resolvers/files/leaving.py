"""Bytes whose rows are deleted or told of other bytes: noted in the transaction, removed after its commit.

departing = Departing(database, transaction, snapshot)
await departing.before("directus_files", keys)    whatever deletes them: a request, a list, a cascade
gone = await departing.gone()                     at the end of the transaction
await remove(gone)                                after the commit, never where it was rolled back
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from resolvers.context import Precondition
from resolvers.sql.files import by_key, by_name, leading, one_after_another
from resolvers.writing.following import followed
from resolvers.writing.steps import Key
from schema_gen.database import Database, Transaction
from schema_gen.drivers.base import Row
from schema_gen.model import SchemaSnapshot

FILES: Final = "directus_files"
_CASCADE: Final = "CASCADE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Bytes in storage, and of what kind they are."""

    location: str
    name: str
    kind: str | None = None


#: removes bytes that no row stands for any more, and what was made of them; raises nothing
Remove = Callable[[Sequence[Stored]], Awaitable[None]]


async def _keep_all(_: Sequence[Stored]) -> None:
    return


@dataclass(frozen=True, slots=True, kw_only=True)
class FileKeeping:
    """`locations`: names of places that new files may be in."""

    locations: tuple[str, ...] = ()
    remove: Remove = _keep_all


class Departing:
    """Of one transaction."""

    def __init__(self, database: Database, transaction: Transaction, snapshot: SchemaSnapshot) -> None:
        self._database = database
        self._transaction = transaction
        self._snapshot = snapshot
        #: key -> its bytes
        self._noted: dict[str, Stored] = {}

    async def before(self, collection: str, keys: Sequence[Key]) -> None:
        """Rows are about to be deleted."""
        if not keys or FILES not in self._snapshot.collections:
            return
        if collection == FILES:
            # held: who replaces their bytes just now has done so, or finds no row
            rows = await by_key(self._database, self._transaction, [key[0] for key in keys], held=True)
            self._noted.update(_stored(rows))
        if FILES in followed(self._snapshot, collection):
            rows = await leading(self._database, self._transaction, self._cascading())
            self._noted.update(_stored(rows))

    def _cascading(self) -> list[str]:
        """Columns of files by which the database deletes them."""
        return [
            name
            for relation in self._snapshot.relations
            if relation.collection == FILES and relation.on_delete == _CASCADE
            for name in relation.local or (relation.field,)
        ]

    async def gone(self) -> tuple[Stored, ...]:
        """Of the noted ones those that are really gone, and whose bytes no other row stands for."""
        if not self._noted:
            return ()
        there = await by_key(self._database, self._transaction, list(self._noted))
        left = {str(row[0]) for row in there}
        gone = {key: stored for key, stored in self._noted.items() if key not in left}
        return await self._unshared(gone)

    async def _unshared(self, gone: dict[str, Stored]) -> tuple[Stored, ...]:
        # bytes that are called after their row are its own; others may have come with a foreign database
        doubtful = [stored.name for key, stored in gone.items() if not stored.name.startswith(key)]
        others = await by_name(self._database, self._transaction, doubtful)
        shared = {(row[1], row[2]) for row in others}
        return tuple(stored for stored in gone.values() if (stored.location, stored.name) not in shared)


def noting(database: Database, key: str, noted: list[Stored]) -> Precondition:
    """For a row that gets other bytes: `noted` will hold those that it had. The row is held, so that of two
    that replace it at once each finds what the other left.
    """

    async def note(transaction: Transaction) -> None:
        rows = await by_key(database, transaction, [key], held=True)
        noted[:] = _stored(rows).values()

    return note


def telling(database: Database, name: str, then: Precondition | None = None) -> Precondition:
    """For a transaction whose end may not be told: who asks for the rows under the same name, by
    `one_after_another`, waits until it has ended one way or the other.
    """

    async def tell(transaction: Transaction) -> None:
        await one_after_another(database, transaction, name)
        if then is not None:
            await then(transaction)

    return tell


def _stored(rows: Iterable[Row]) -> dict[str, Stored]:
    return {
        str(id_): Stored(location=location, name=name, kind=kind)
        for id_, location, name, kind in rows
        if location and name
    }
