"""Whole items as they are now, for their history; of one as a part of another statement, or of many read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from resolvers.context import RequestContext
from resolvers.sql.statement import Statement
from resolvers.writing.history import key_text
from resolvers.writing.lookups import KEYS, key_batches, plain
from resolvers.writing.steps import Key
from schema_gen.database import Transaction
from schema_gen.model import Collection

#: text of a statement and its parameters
Reading = tuple[str, Sequence[Any]]


class Images:
    """Of one transaction. `statement`: the read of a collection's items, with their keys or without."""

    def __init__(
        self,
        transaction: Transaction,
        context: RequestContext,
        statement: Callable[[Collection, bool], Statement],
    ) -> None:
        self._transaction = transaction
        self._context = context
        self._statement = statement

    def one(self, collection: Collection, key: Key) -> Reading:
        """A value: the item as JSON, null where it is not there."""
        statement = self._statement(collection, False)
        (named,) = key_batches([key])
        return statement.text, statement.bind({KEYS: named}, self._context)

    async def many(self, collection: Collection, keys: Sequence[Key]) -> Mapping[str, str]:
        """JSON by the text of the key, of those that are there."""
        statement = self._statement(collection, True)
        found: dict[str, str] = {}
        for named in key_batches(keys):
            parameters = statement.bind({KEYS: named}, self._context)
            for row in await self._transaction.fetch(statement.text, parameters):
                text = row[-1]
                found[key_text(plain(row[:-1]))] = text if isinstance(text, str) else text.decode()
        return found
