"""Steps -> rows. To-one items first, whose keys the items need; then the items; then their lists, which need
theirs.

Works on batches, like `prepare`: steps of one collection that fill the same columns become one statement,
whatever their number. Each item that was really written is told to the history.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

from resolvers.sql.write import WriteTexts
from resolvers.writing.history import History, Record
from resolvers.writing.lookups import plain
from resolvers.writing.rows import Rows
from resolvers.writing.steps import Key, Leaving, ListStep, Step
from schema_gen.database import Transaction
from schema_gen.model import Collection, Link, SchemaSnapshot


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
        self._transaction = transaction
        self._snapshot = snapshot
        self._texts = texts
        self._history = history
        self._convert = convert
        self._rows = Rows(transaction, snapshot, texts, leaving)

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
                await self._rows.create(steps, places, columns, keys)
            elif action == "update":
                await self._rows.update(steps, places, columns, keys)
            else:
                await self._rows.delete(steps, places, keys)
        for record, key in zip(records, keys, strict=True):
            self._history.close(record, key)
        await self._lists(steps, records, keys)
        return keys

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
