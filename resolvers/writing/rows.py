"""The rows of items: inserted, changed and deleted, as many as can be by one statement, or in one trip.

Steps are of one collection and one action; `places` says which of them. What is written is noted in `keys`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from resolvers.sql.write import CATCH_UP, WriteTexts
from resolvers.writing.broken_keys import Attempt, BrokenKeys
from resolvers.writing.lookups import plain
from resolvers.writing.steps import Key, Leaving, Step
from schema_gen.database import Transaction
from schema_gen.drivers.base import Row
from schema_gen.errors import CausewayError
from schema_gen.model import Collection, SchemaSnapshot

#: rows of one statement, so that ten thousand of them do not stand in memory twice
_ROWS: Final = 1000


class Rows:
    """Of one transaction."""

    def __init__(
        self, transaction: Transaction, snapshot: SchemaSnapshot, texts: WriteTexts, leaving: Leaving
    ) -> None:
        self._transaction = transaction
        self._texts = texts
        self._leaving = leaving
        self._broken = BrokenKeys(transaction, snapshot, texts)

    async def create(
        self,
        steps: Sequence[Step],
        places: Sequence[int],
        columns: Sequence[dict[str, Any]],
        keys: list[Key | None],
    ) -> None:
        """In the order of the payload, so that keys that the database makes come in that order too."""
        collection = steps[places[0]].collection
        for start in range(0, len(places), _ROWS):
            part = places[start : start + _ROWS]
            if self._texts.sqlite:
                await self._create_each(collection, steps, part, columns, keys)
            else:
                await self._create_together(collection, steps, part, columns, keys)

    async def _create_each(
        self,
        collection: Collection,
        steps: Sequence[Step],
        places: Sequence[int],
        columns: Sequence[dict[str, Any]],
        keys: list[Key | None],
    ) -> None:
        """A statement for each item, without a trip for each."""
        name, key = collection.name, collection.primary_key
        statements = [
            (self._texts.insert(name, tuple(values), key), tuple(values.values()))
            for values in (columns[place] for place in places)
        ]
        made = await self._each(
            statements,
            lambda turn: Attempt(
                collection=collection, rows=[columns[places[turn]]], sent=[steps[places[turn]].delta]
            ),
        )
        for place, rows in zip(places, made, strict=True):
            keys[place] = plain(rows[0])

    async def _each(
        self, statements: Sequence[tuple[str, Sequence[Any]]], attempt: Callable[[int], Attempt]
    ) -> list[list[Row]]:
        """The rows of each statement; `attempt`: what the one at that place writes."""
        made: list[list[Row]] = []
        try:
            await self._transaction.fetch_each(statements, made)
        except CausewayError as error:
            if len(made) == len(statements):
                raise
            raise await self._broken.told(error, attempt(len(made))) from error
        return made

    async def _create_together(
        self,
        collection: Collection,
        steps: Sequence[Step],
        places: Sequence[int],
        columns: Sequence[dict[str, Any]],
        keys: list[Key | None],
    ) -> None:
        """A statement for all items that fill the same columns."""
        if len({tuple(columns[place]) for place in places}) > 1:
            await self._number(collection, [columns[place] for place in places])
        groups: dict[tuple[str, ...], list[int]] = {}
        for place in places:
            groups.setdefault(tuple(columns[place]), []).append(place)
        for names, group in groups.items():
            attempt = Attempt(
                collection=collection,
                rows=[columns[place] for place in group],
                sent=[steps[place].delta for place in group],
            )
            try:
                made = await self._insert(
                    collection, names, [tuple(columns[place].values()) for place in group]
                )
            except CausewayError as error:
                raise await self._broken.told(error, attempt) from error
            for place, key in zip(group, made, strict=True):
                keys[place] = key
            await self._catch_up(collection, names, made)

    async def _insert(
        self, collection: Collection, names: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
    ) -> list[Key]:
        key = collection.primary_key
        name, texts, transaction = collection.name, self._texts, self._transaction
        if len(rows) == 1 or not names:
            text = texts.insert(name, names, key)
            return [plain((await transaction.fetch(text, row))[0]) for row in rows]
        if texts.unfolds(name, names):
            arrays = [list(values) for values in zip(*rows, strict=True)]
            returned = await transaction.fetch(texts.insert_many(name, names, key), arrays)
            return [plain(row) for row in returned]
        if set(key) <= set(names):
            known = [names.index(column) for column in key]
            await transaction.execute_many(texts.insert(name, names, ()), rows)
            return [plain(row[place] for place in known) for row in rows]
        text = texts.insert(name, names, key)
        return [plain((await transaction.fetch(text, row))[0]) for row in rows]

    async def _number(self, collection: Collection, rows: Sequence[dict[str, Any]]) -> None:
        """PostgreSQL: keys that it would give out, taken beforehand in the order of the rows."""
        if len(collection.primary_key) != 1:
            return
        name = collection.primary_key[0]
        column = collection.fields[name].column
        missing = [row for row in rows if name not in row]
        if column is None or not column.auto_increment or not missing:
            return
        taken = await self._transaction.fetch(self._texts.numbers(collection.name), [len(missing)])
        for row, (number,) in zip(missing, taken, strict=True):
            row[name] = number

    async def _catch_up(
        self, collection: Collection, names: tuple[str, ...], keys: Sequence[Key | None]
    ) -> None:
        """PostgreSQL: the sequence goes behind keys that were given."""
        if len(collection.primary_key) != 1 or collection.primary_key[0] not in names:
            return
        column = collection.fields[collection.primary_key[0]].column
        if column is None or not column.auto_increment:
            return
        highest = max((key[0] for key in keys if key is not None), default=0)
        if highest > 0:
            table = self._texts.table(collection.name)
            await self._transaction.fetch(CATCH_UP, [table, collection.primary_key[0], highest])

    async def update(
        self,
        steps: Sequence[Step],
        places: Sequence[int],
        columns: Sequence[dict[str, Any]],
        keys: list[Key | None],
    ) -> None:
        """Items that get the same values get them together."""
        collection = steps[places[0]].collection
        together = len(collection.primary_key) == 1
        runs: list[list[int]] = []
        for place in places:
            if not columns[place]:
                keys[place] = steps[place].key
            elif together and runs and columns[runs[-1][0]] == columns[place]:
                runs[-1].append(place)
            else:
                runs.append([place])
        for start in range(0, len(runs), _ROWS):
            await self._change(collection, steps, columns, runs[start : start + _ROWS], keys)

    async def _change(
        self,
        collection: Collection,
        steps: Sequence[Step],
        columns: Sequence[dict[str, Any]],
        runs: Sequence[Sequence[int]],
        keys: list[Key | None],
    ) -> None:
        """Those of each run that are there."""
        statements: list[tuple[str, Sequence[Any]]] = []
        for run in runs:
            row = columns[run[0]]
            text = self._texts.update(collection.name, tuple(row))
            statements.append((text, [*self._texts.keys(_keys(steps, run)), *row.values()]))

        def attempt(turn: int) -> Attempt:
            run = runs[turn]
            return Attempt(
                collection=collection,
                rows=[columns[run[0]]],
                sent=[steps[run[0]].delta],
                keys=frozenset(_keys(steps, run)),
            )

        for run, rows in zip(runs, await self._each(statements, attempt), strict=True):
            there = {plain(row) for row in rows}
            for place in run:
                if steps[place].key in there:
                    keys[place] = steps[place].key

    async def delete(self, steps: Sequence[Step], places: Sequence[int], keys: list[Key | None]) -> None:
        collection = steps[places[0]].collection
        wanted = list(dict.fromkeys(_keys(steps, places)))
        batches = [wanted] if len(collection.primary_key) == 1 else [[key] for key in wanted]
        await self._leaving(self._transaction, collection.name, wanted)
        gone: set[Key] = set()
        for batch in batches:
            text, named = self._texts.delete(collection.name), self._texts.keys(batch)
            try:
                rows = await self._transaction.fetch(text, named)
            except CausewayError as error:
                raise await self._broken.told_of_deletion(error, collection, wanted) from error
            gone.update(plain(row) for row in rows)
        for place in places:
            key = steps[place].key
            if key in gone:
                keys[place] = key
                gone.discard(key)


def _keys(steps: Sequence[Step], places: Sequence[int]) -> list[Key]:
    return [key for place in places if (key := steps[place].key) is not None]
