"""Steps -> rows. To-one items first, whose keys the items need; then the items; then their lists, which need
theirs.

Works on batches, like `prepare`: steps of one collection that fill the same columns become one statement,
whatever their number. Each item that was really written is told to the history.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from resolvers.sql.write import CATCH_UP, HAS_SEQUENCES, HIGHEST_ROWID, WriteTexts
from resolvers.writing.broken_keys import told_of
from resolvers.writing.history import History, Record
from resolvers.writing.lookups import plain
from resolvers.writing.steps import Key, ListStep, Step
from schema_gen.database import Transaction
from schema_gen.errors import CausewayError
from schema_gen.model import Collection, Link, SchemaSnapshot

#: rows of one statement, so that ten thousand of them do not stand in memory twice
_ROWS: Final = 1000


#: told of items before they are deleted: transaction, collection, keys
Leaving = Callable[[Transaction, str, Sequence[Key]], Awaitable[None]]


class Performer:
    """Of one transaction. `convert`: a raw value as the driver takes it, by collection and field."""

    def __init__(
        self,
        transaction: Transaction,
        snapshot: SchemaSnapshot,
        texts: WriteTexts,
        history: History,
        convert: Callable[[str, str, Any], Any],
        leaving: Leaving,
    ) -> None:
        self._leaving = leaving
        self._transaction = transaction
        self._snapshot = snapshot
        self._texts = texts
        self._history = history
        self._convert = convert

    async def perform(
        self,
        steps: Sequence[Step],
        parents: Sequence[Record | None],
        filled: Sequence[Mapping[str, Any]] = (),
    ) -> list[Key | None]:
        """The key of each item; None where there was nothing to update or delete. Steps are of one
        collection.

        `parents`: whose history each step belongs to; `filled`: columns that are only known now.
        """
        if not steps:
            return []
        records = [self._history.open(step, parent) for step, parent in zip(steps, parents, strict=True)]
        columns = [{**step.columns, **(filled[place] if filled else {})} for place, step in enumerate(steps)]
        await self._ones(steps, records, columns)
        for record, step, values in zip(records, steps, columns, strict=True):
            self._history.fill(record, step, values)
        keys: list[Key | None] = [None] * len(steps)
        by_action = groupby(range(len(steps)), key=lambda place: steps[place].action)
        for action, run in by_action:
            places = list(run)
            if action == "create":
                await self._create(steps, places, columns, keys)
            elif action == "update":
                await self._update(steps, places, columns, keys)
            else:
                await self._delete(steps, places, keys)
        for record, key in zip(records, keys, strict=True):
            self._history.close(record, key)
        await self._lists(steps, records, keys)
        return keys

    # --- items ----------------------------------------------------------------------------------------------

    async def _create(
        self,
        steps: Sequence[Step],
        places: Sequence[int],
        columns: Sequence[dict[str, Any]],
        keys: list[Key | None],
    ) -> None:
        """In the order of the payload, so that keys that the database makes come in that order too."""
        collection = steps[places[0]].collection
        shapes = {tuple(columns[place]) for place in places}
        if len(shapes) > 1 or (self._texts.sqlite and len(places) > 1):
            await self._number(collection, [columns[place] for place in places])
        groups: dict[tuple[str, ...], list[int]] = {}
        for place in places:
            groups.setdefault(tuple(columns[place]), []).append(place)
        for names, group in groups.items():
            for start in range(0, len(group), _ROWS):
                part = group[start : start + _ROWS]
                rows = [tuple(columns[place].values()) for place in part]
                made = await self._insert(collection, names, rows)
                for place, key in zip(part, made, strict=True):
                    keys[place] = key
            await self._catch_up(collection, names, [keys[place] for place in group])

    async def _insert(
        self, collection: Collection, names: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
    ) -> list[Key]:
        key = collection.primary_key
        name, texts, transaction = collection.name, self._texts, self._transaction
        try:
            if len(rows) == 1 or not names:
                text = texts.insert(name, names, key)
                return [plain((await transaction.fetch(text, row))[0]) for row in rows]
            known = [names.index(column) for column in key] if set(key) <= set(names) else None
            if texts.unfolds(name, names):
                arrays = [list(values) for values in zip(*rows, strict=True)]
                returned = await transaction.fetch(texts.insert_many(name, names, key), arrays)
                return [plain(row) for row in returned]
            if known is not None:
                await transaction.execute_many(texts.insert(name, names, ()), rows)
                return [plain(row[place] for place in known) for row in rows]
            text = texts.insert(name, names, key)
            return [plain((await transaction.fetch(text, row))[0]) for row in rows]
        except CausewayError as error:
            raise await told_of(error, transaction, self._snapshot, texts, collection, names, rows) from error

    async def _number(self, collection: Collection, rows: Sequence[dict[str, Any]]) -> None:
        """Keys that the database would give out, taken beforehand in the order of the rows."""
        if len(collection.primary_key) != 1:
            return
        name = collection.primary_key[0]
        column = collection.fields[name].column
        missing = [row for row in rows if name not in row]
        if column is None or not column.auto_increment or not missing:
            return
        if self._texts.sqlite:
            first = await self._highest(collection, name, rows) + 1
            numbers: Iterable[int] = range(first, first + len(missing))
        else:
            taken = await self._transaction.fetch(self._texts.numbers(collection.name), [len(missing)])
            numbers = [row[0] for row in taken]
        for row, number in zip(missing, numbers, strict=True):
            row[name] = number

    async def _highest(self, collection: Collection, key: str, rows: Sequence[Mapping[str, Any]]) -> int:
        found = await self._transaction.fetch(self._texts.highest_rowid(collection.name))
        highest = int(found[0][0])
        if await self._transaction.fetch(HAS_SEQUENCES):
            given = await self._transaction.fetch(HIGHEST_ROWID, [collection.name])
            highest = max(highest, int(given[0][0])) if given else highest
        given_here = [int(row[key]) for row in rows if isinstance(row.get(key), int)]
        return max([highest, *given_here])

    async def _catch_up(
        self, collection: Collection, names: tuple[str, ...], keys: Sequence[Key | None]
    ) -> None:
        """PostgreSQL: the sequence goes behind keys that were given."""
        if self._texts.sqlite or len(collection.primary_key) != 1 or collection.primary_key[0] not in names:
            return
        column = collection.fields[collection.primary_key[0]].column
        if column is None or not column.auto_increment:
            return
        highest = max((key[0] for key in keys if key is not None), default=0)
        if highest > 0:
            table = self._texts.table(collection.name)
            await self._transaction.fetch(CATCH_UP, [table, collection.primary_key[0], highest])

    async def _update(
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
        for run in runs:
            wanted = [key for place in run if (key := steps[place].key) is not None]
            there = await self._change(collection, columns[run[0]], wanted)
            for place in run:
                keys[place] = there.get(steps[place].key)

    async def _change(
        self, collection: Collection, columns: Mapping[str, Any], wanted: Sequence[Key]
    ) -> dict[Key | None, Key]:
        """The keys of the items that were there."""
        names = tuple(columns)
        text = self._texts.update(collection.name, names)
        parameters = [*self._texts.keys(wanted), *columns.values()]
        try:
            rows = await self._transaction.fetch(text, parameters)
        except CausewayError as error:
            row = tuple(columns.values())
            raise await told_of(
                error, self._transaction, self._snapshot, self._texts, collection, names, [row]
            ) from error
        after = [plain(row) for row in rows]
        return {key: key for key in after}

    async def _delete(self, steps: Sequence[Step], places: Sequence[int], keys: list[Key | None]) -> None:
        collection = steps[places[0]].collection
        wanted = list(dict.fromkeys(key for place in places if (key := steps[place].key) is not None))
        batches = [wanted] if len(collection.primary_key) == 1 else [[key] for key in wanted]
        await self._leaving(self._transaction, collection.name, wanted)
        gone: set[Key] = set()
        for batch in batches:
            rows = await self._transaction.fetch(self._texts.delete(collection.name), self._texts.keys(batch))
            gone.update(plain(row) for row in rows)
        for place in places:
            key = steps[place].key
            if key in gone:
                keys[place] = key
                gone.discard(key)

    # --- what hangs on them ---------------------------------------------------------------------------------

    async def _ones(
        self, steps: Sequence[Step], records: Sequence[Record], columns: Sequence[dict[str, Any]]
    ) -> None:
        groups: dict[str, list[tuple[int, Link, Step]]] = {}
        for place, step in enumerate(steps):
            for link, inner in step.ones:
                groups.setdefault(inner.collection.name, []).append((place, link, inner))
        for group in groups.values():
            # several items may lead to one and the same new one
            distinct = {id(inner): (inner, records[place]) for place, _, inner in reversed(group)}
            inner_steps = [inner for inner, _ in reversed(distinct.values())]
            parents = [record for _, record in reversed(distinct.values())]
            keys = await self.perform(inner_steps, parents)
            made = {id(inner): key for inner, key in zip(inner_steps, keys, strict=True)}
            for place, link, inner in group:
                key = made[id(inner)]
                if key is not None:
                    columns[place].update(await self._reference(link, inner.collection, key))

    async def _reference(self, link: Link, target: Collection, key: Key) -> Mapping[str, Any]:
        """The columns that lead to the item with that key."""
        if link.kind == "m2a":
            # the collection stands in the payload beside it
            return {link.local[0]: self._convert(link.collection, link.local[0], str(key[0]))}
        if link.remote == target.primary_key:
            return dict(zip(link.local, key, strict=True))
        values = await self._values(target, key, link.remote)
        return dict(zip(link.local, values, strict=True))

    async def _values(self, collection: Collection, key: Key, names: tuple[str, ...]) -> tuple[Any, ...]:
        text = self._texts.lock(collection.name, names)
        rows = await self._transaction.fetch(text, self._texts.keys([key]))
        return plain(rows[0][len(key) :])

    async def _lists(
        self, steps: Sequence[Step], records: Sequence[Record], keys: Sequence[Key | None]
    ) -> None:
        groups: dict[str, list[tuple[int, ListStep]]] = {}
        for place, step in enumerate(steps):
            if keys[place] is None:
                continue
            for change in step.lists:
                groups.setdefault(change.link.field, []).append((place, change))
        for group in groups.values():
            gone = [(place, inner) for place, change in group for inner in change.gone]
            await self.perform([inner for _, inner in gone], [records[place] for place, _ in gone])
            kept: list[tuple[int, Step, Mapping[str, Any]]] = []
            for place, change in group:
                filled = await self._filled(change.link, steps[place], keys[place])
                kept.extend((place, inner, filled) for inner in change.kept)
            await self.perform(
                [inner for _, inner, _ in kept],
                [records[place] for place, _, _ in kept],
                [filled for _, _, filled in kept],
            )

    async def _filled(self, link: Link, step: Step, key: Key | None) -> Mapping[str, Any]:
        """What the items of a list get that their steps do not hold already."""
        known = step.action == "update" and link.local == step.collection.primary_key
        return {} if known else await self._owner(link, step.collection, key)

    async def _owner(self, link: Link, collection: Collection, key: Key | None) -> Mapping[str, Any]:
        """The foreign key of the items of a list."""
        if key is None:
            raise TypeError("an item that is not there has no list")
        if link.local == collection.primary_key:
            return dict(zip(link.remote, key, strict=True))
        values = await self._values(collection, key, link.local)
        return dict(zip(link.remote, values, strict=True))
