"""History as rows: an activity for each item, and a revision where the collection keeps them.

    directus_activity   (action "update", item "57", user, ip, user_agent, origin, timestamp)
    directus_revisions  (activity, item "57", data: the item afterwards, delta: what was written, parent)

Written at the end of the transaction, together with the read of the answer. A nested item's revision has that
of the item around it as its parent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

from resolvers.context import RequestContext
from resolvers.sql.history import ACTIVITY, LINE, HistoryTexts
from resolvers.writing.history import Line, Record
from resolvers.writing.images import Images, Reading
from resolvers.writing.steps import Key
from schema_gen.database import Transaction
from schema_gen.drivers.base import Parameters
from schema_gen.model import Collection, SchemaSnapshot

#: characters of a user agent or an origin that their columns hold
_HELD: Final = 255
#: items of one statement
_ROWS: Final = 1000
_encode = json.JSONEncoder(ensure_ascii=False, default=str).encode


class Keeper:
    """Of one transaction. `convert`: a raw value as the driver takes it, by collection and field."""

    def __init__(
        self,
        transaction: Transaction,
        snapshot: SchemaSnapshot,
        texts: HistoryTexts,
        context: RequestContext,
        convert: Callable[[str, str, Any], Any],
        images: Images,
    ) -> None:
        self._transaction = transaction
        self._snapshot = snapshot
        self._texts = texts
        self._convert = convert
        self._images = images
        self._context = context

    async def keep(self, lines: Sequence[Line], answers: Sequence[Reading]) -> list[bytes | None]:
        """What the `answers` read, as JSON; the last of them on the way."""
        data = [await self._read(one) for one in answers[:-1]]
        last = answers[-1] if answers else None
        if not lines:
            data.append(await self._read(last))
        elif len(lines) == 1:
            data.append(await self._one(lines[0], *self._same(), last))
        else:
            data.append(await self._many(lines, *self._same(), last))
        return data

    async def _read(self, answer: Reading | None) -> bytes | None:
        if answer is None:
            return None
        (data,) = await self._transaction.fetch_bytes(*answer)
        return data

    def _same(self) -> tuple[tuple[str, ...], tuple[Any, ...]]:
        """Columns of activities whose values are those of the request, and the values."""
        context = self._context
        fields = self._snapshot.collections[ACTIVITY].fields
        values = {
            "user": context.actor.user,
            "ip": context.ip,
            "user_agent": _cut(context.user_agent),
            "origin": _cut(context.origin),
            "timestamp": context.now.isoformat(),
        }
        known = {
            name: self._convert(ACTIVITY, name, value) for name, value in values.items() if name in fields
        }
        return (*LINE, *known), tuple(known.values())

    # --- one item -------------------------------------------------------------------------------------------

    async def _one(
        self, line: Line, names: tuple[str, ...], values: tuple[Any, ...], answer: Reading | None
    ) -> bytes | None:
        record = line.record
        activity = (*self._line(line), *values)
        revision: list[Any] = []
        image: str | None = None
        if line.told is not None:
            delta = _encode(line.told) if line.told else None
            revision = [record.collection.name, line.item, delta, delta, None]
            if record.action == "update" and record.key is not None:
                image, named = self._images.one(record.collection, record.key)
                revision += named
        if not self._texts.sqlite:
            text, taken = answer or (None, ())
            made = self._texts.one(names, line.told is not None, image, text, len(taken))
            (data,) = await self._transaction.fetch_bytes(made, [*taken, *activity, *revision])
            return data
        await self._transaction.later(self._texts.activity(names), [activity])
        if line.told is not None:
            await self._transaction.later(self._texts.revision(image), [revision])
        return await self._read(answer)

    # --- many -----------------------------------------------------------------------------------------------

    async def _many(
        self,
        lines: Sequence[Line],
        names: tuple[str, ...],
        values: tuple[Any, ...],
        answer: Reading | None,
    ) -> bytes | None:
        """Rows get their numbers beforehand, so that one can name another of the same statement."""
        told = sum(line.told is not None for line in lines)
        activities, revisions = await self._numbers(len(lines), told)
        numbered = list(zip(lines, activities, strict=True))
        # around comes before what is in it
        numbered.sort(key=lambda entry: entry[0].record.depth)
        images = await self._whole(lines)
        following = iter(revisions)
        data: bytes | None = None
        for start in range(0, len(numbered), _ROWS):
            part = numbered[start : start + _ROWS]
            kept = [(number, *self._line(line), *values) for line, number in part]
            told_of: list[Parameters] = []
            for line, number in part:
                if line.told is not None:
                    line.record.revision = next(following)
                    told_of.append((line.record.revision, *self._revision(line, number, images)))
            last = start + _ROWS >= len(numbered)
            data = await self._insert(names, kept, told_of, answer if last else None)
        return data

    async def _insert(
        self,
        names: tuple[str, ...],
        activities: Sequence[Parameters],
        revisions: Sequence[Parameters],
        answer: Reading | None,
    ) -> bytes | None:
        texts = self._texts
        if revisions and not texts.sqlite and texts.unfolds(names):
            text, taken = answer or (None, ())
            arrays = [list(column) for rows in (activities, revisions) for column in zip(*rows, strict=True)]
            made = texts.many(names, text, len(taken))
            (data,) = await self._transaction.fetch_bytes(made, [*taken, *arrays])
            return data
        await self._transaction.later(texts.activity(names, numbered=True), activities)
        if revisions:
            await self._transaction.later(texts.revisions(), revisions)
        return await self._read(answer)

    async def _numbers(self, activities: int, revisions: int) -> tuple[Sequence[int], Sequence[int]]:
        text = self._texts.numbers()
        if self._texts.sqlite:
            ((activity, revision),) = await self._transaction.fetch(text)
            return range(activity + 1, activity + activities + 1), range(
                revision + 1, revision + revisions + 1
            )
        ((made, more),) = await self._transaction.fetch(text, [activities, revisions])
        return made, more

    async def _whole(self, lines: Sequence[Line]) -> dict[tuple[str, str], str]:
        """Items as they are now: of created ones the payload says it all."""
        groups: dict[str, tuple[Collection, dict[Key, None]]] = {}
        for line in lines:
            record = line.record
            if record.action == "update" and record.key is not None and line.told is not None:
                groups.setdefault(record.collection.name, (record.collection, {}))[1][record.key] = None
        found: dict[tuple[str, str], str] = {}
        for name, (collection, keys) in groups.items():
            for item, text in (await self._images.many(collection, list(keys))).items():
                found[name, item] = text
        return found

    def _line(self, line: Line) -> tuple[Any, ...]:
        record = line.record
        return record.action, record.collection.name, self._convert(ACTIVITY, "item", line.item)

    def _revision(self, line: Line, activity: int, images: dict[tuple[str, str], str]) -> tuple[Any, ...]:
        record = line.record
        name = record.collection.name
        delta = _encode(line.told) if line.told else None
        image = images.get((name, line.item)) if record.action == "update" else None
        data = delta if image is None else image
        return activity, name, line.item, data, delta, _around(record)


def _around(record: Record) -> int | None:
    """The revision of the nearest item around it that has one."""
    parent = record.parent
    while parent is not None and parent.revision is None:
        parent = parent.parent
    return None if parent is None else parent.revision


def _cut(text: str | None) -> str | None:
    return text[:_HELD] if text else None
