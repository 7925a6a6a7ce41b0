"""What has to be known of the database before anything is written: which items exist, which may be touched.

Every look-up takes a whole batch: one statement for each collection and question, whatever the number of
items. Items that will change are held until the transaction ends.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from resolvers.bounded import Bounded
from resolvers.conditions import ColumnRef, Compare, Condition, Slot, Variable, all_of
from resolvers.context import RequestContext
from resolvers.plan import Entry, Object, Read, Root, Value
from resolvers.sql.dialects.base import SqlDialect
from resolvers.sql.statement import Statement, compile_roots
from resolvers.sql.write import WriteTexts
from resolvers.writing.steps import Key
from schema_gen.drivers.base import Reads
from schema_gen.model import Collection, SchemaSnapshot

#: name of the variable that names items by their keys; no document can spell it
KEYS: Final = "#keys"


def keys_condition(collection: Collection) -> Condition | None:
    """The items that the variable `KEYS` names: a list of keys, or the one key of several columns."""
    columns = collection.primary_key
    if len(columns) == 1:
        field = collection.fields[columns[0]]
        slot = Slot(source=Variable(path=(KEYS,)), type=field.type, shape="list", operator="literal")
        return Compare(operand=ColumnRef(field=field), op="in", slots=(slot,))
    parts: list[Condition] = []
    for index, name in enumerate(columns):
        field = collection.fields[name]
        slot = Slot(source=Variable(path=(KEYS, index)), type=field.type, shape="search", operator="id")
        parts.append(Compare(operand=ColumnRef(field=field), op="eq", slots=(slot,)))
    return all_of(parts)


def key_batches(keys: Sequence[Key]) -> Iterable[Sequence[Any]]:
    """Values of `KEYS`: all keys at once, or one after the other where they have several columns."""
    if not keys:
        return ()
    return ([key[0] for key in keys],) if len(keys[0]) == 1 else keys


class LookUps:
    """Of one transaction; outside of any, nothing is held. `convert`: a raw value as the driver takes it,
    by collection and field.
    """

    def __init__(
        self,
        transaction: Reads,
        snapshot: SchemaSnapshot,
        dialect: SqlDialect,
        texts: WriteTexts,
        checks: Bounded[Any, Statement],
        context: RequestContext,
        convert: Callable[[str, str, Any], Any],
    ) -> None:
        self._transaction = transaction
        self._snapshot = snapshot
        self._dialect = dialect
        self._texts = texts
        self._checks = checks
        self._context = context
        self._convert = convert

    async def existing(
        self, collection: Collection, keys: Sequence[Key], columns: tuple[str, ...] = ()
    ) -> dict[Key, tuple[Any, ...]]:
        """Key -> values of `columns`, of those that exist; held."""
        if not keys:
            return {}
        text = self._texts.lock(collection.name, columns)
        return await self._keyed(collection, text, keys)

    async def matching(
        self, collection: Collection, by: tuple[str, ...], values: Sequence[Key], columns: tuple[str, ...]
    ) -> dict[Key, tuple[Any, ...]]:
        """Like `existing`, of the items whose columns `by` have one of the `values`."""
        if not values:
            return {}
        return await self._keyed(collection, self._texts.matching(collection.name, by, columns), values)

    async def _keyed(
        self, collection: Collection, text: str, named: Sequence[Key]
    ) -> dict[Key, tuple[Any, ...]]:
        width = len(collection.primary_key)
        found: dict[Key, tuple[Any, ...]] = {}
        batches = [named] if len(named[0]) == 1 else [[one] for one in named]
        for batch in batches:
            for row in await self._transaction.fetch(text, self._texts.keys(batch)):
                found[plain(row[:width])] = plain(row[width:])
        return found

    async def any_key(self, collection: Collection) -> Key | None:
        """The key of some item: of a singleton, the one."""
        rows = await self._transaction.fetch(self._texts.first(collection.name))
        return plain(rows[0]) if rows else None

    async def permitted(
        self, collection: Collection, keys: Sequence[Key], condition: Condition, remembered: Any
    ) -> set[Key]:
        """Those of the items that meet the condition. `remembered`: what the condition depends on."""
        known = (collection.name, remembered)
        statement = self._checks.get(known)
        if statement is None:
            statement = self._checks.put(known, self._check(collection, condition))
        return await self._select(collection, statement, [{KEYS: named} for named in key_batches(keys)])

    async def chosen(self, collection: Collection, root: Root, variables: Mapping[str, Any]) -> list[Key]:
        """The keys that a read of keys gives, in its order."""
        statement = compile_roots((root,), self._snapshot, self._dialect, "rest")
        if statement is None:
            raise TypeError("a read of keys has a statement")
        return list(dict.fromkeys(await self._rows(collection, statement, variables)))

    async def _select(
        self, collection: Collection, statement: Statement, batches: Iterable[Mapping[str, Any]]
    ) -> set[Key]:
        found: set[Key] = set()
        for variables in batches:
            found.update(await self._rows(collection, statement, variables))
        return found

    async def _rows(
        self, collection: Collection, statement: Statement, variables: Mapping[str, Any]
    ) -> list[Key]:
        parameters = statement.bind(variables, self._context)
        (data,) = await self._transaction.fetch_bytes(statement.text, parameters)
        name, columns = collection.name, collection.primary_key
        return [
            tuple(self._convert(name, column, row[column]) for column in columns)
            for row in json.loads(data or b"[]")
        ]

    def _check(self, collection: Collection, condition: Condition) -> Statement:
        named = keys_condition(collection)
        both = all_of([part for part in (named, condition) if part is not None])
        statement = compile_roots((keys_root(collection, both),), self._snapshot, self._dialect, "rest")
        if statement is None:
            raise TypeError("a read of keys has a statement")
        return statement


def keys_root(collection: Collection, condition: Condition | None) -> Root:
    """A read of keys."""
    return Root(
        key="keys", node=Read(collection=collection, item=key_object(collection), condition=condition)
    )


def key_object(collection: Collection) -> Object:
    """An item as an object of its key's columns."""
    return Object(
        entries=tuple(
            Entry(key=name, shape=Value(operand=ColumnRef(field=collection.fields[name])))
            for name in collection.primary_key
        )
    )


def plain(values: Iterable[Any]) -> tuple[Any, ...]:
    """Driver values that compare and hash as those that were sent: uuids are text."""
    return tuple([str(value) if isinstance(value, UUID) else value for value in values])
