"""`utils_sort`: an item moves to the place of another one, in the manual order of its collection.

Asks for the right to change the sort field. Where that right is bound to rules, the items that meet them are
what there is: they are ordered among each other, the others keep their places. No history is written: what an
item says does not change.
"""

from __future__ import annotations

from typing import Any, Final

from resolvers.bundle import BundleHolder
from resolvers.conditions import Condition, all_of
from resolvers.context import RequestContext
from resolvers.keys import decode_key
from resolvers.permissions import Gate
from resolvers.sql.dialects.base import SqlDialect
from resolvers.sql.sort import ITEM, LOCK, TO, both_are_there, move, named
from resolvers.sql.statement import Statement
from resolvers.writing.values import converter
from schema_gen.database import Database
from schema_gen.errors import (
    CausewayError,
    TransientError,
    forbidden,
    forbidden_collection,
    invalid_payload,
)
from schema_gen.model import Collection, FieldType

_NUMBERS: Final[frozenset[FieldType]] = frozenset({"bigInteger", "decimal", "float", "integer"})
_ATTEMPTS: Final = 4


class Sort:
    def __init__(self, database: Database, holder: BundleHolder, dialect: SqlDialect) -> None:
        self._database = database
        self._holder = holder
        self._dialect = dialect

    async def move(self, collection: str, item: Any, to: Any, context: RequestContext) -> None:
        """`item` and `to`: keys as sent. Raises FORBIDDEN for collections, fields and items that may not be
        changed or are not there, INVALID_PAYLOAD for a collection without manual order.
        """
        bundle = self._holder.current
        home, condition = _allowed(bundle.gate(context.rules), collection)
        keys = {**named(ITEM, self._key(home, item)), **named(TO, self._key(home, to))}
        there = both_are_there(home, condition, bundle.snapshot, self._dialect)
        moving = move(home, condition, bundle.snapshot, self._dialect)
        wanted = 1 if self._key(home, item) == self._key(home, to) else 2
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                await self._run(home, there, moving, keys, wanted, context)
                return
            except TransientError:
                if attempt == _ATTEMPTS:
                    raise

    async def _run(
        self,
        home: Collection,
        there: Statement,
        moving: Statement,
        keys: dict[str, Any],
        wanted: int,
        context: RequestContext,
    ) -> None:
        async with self._database.transaction() as transaction:
            if self._dialect.name == "postgresql":
                await transaction.fetch(LOCK, [home.name])
            ((found,),) = await transaction.fetch(there.text, there.bind(keys, context))
            if found != wanted:
                raise forbidden()
            await transaction.execute(moving.text, moving.bind(keys, context))

    def _key(self, home: Collection, raw: Any) -> tuple[Any, ...]:
        columns = home.primary_key
        parts = (raw,) if len(columns) == 1 else decode_key(str(raw), len(columns))
        try:
            return tuple(
                converter(home.fields[name], self._database.dialect)(part)
                for name, part in zip(columns, parts, strict=True)
            )
        except CausewayError as error:
            raise forbidden() from error


def _allowed(gate: Gate, name: str) -> tuple[Collection, Condition | None]:
    """The collection, and which of its items the caller may move."""
    scope = gate.scope("update", name)
    home = gate.snapshot.collections.get(name)
    if scope is None or home is None or home.kind != "table" or not home.primary_key:
        raise forbidden_collection(name)
    field = home.fields.get(home.sort_field or "")
    if field is None or field.column is None or field.column.generated or field.type not in _NUMBERS:
        raise invalid_payload(f'Collection "{name}" doesn\'t have a sort field')
    if field.name not in scope.fields:
        raise forbidden()
    own = scope.field_conditions.get(field.name)
    parts = [part for part in (scope.condition, own) if part is not None]
    return home, all_of(parts) if parts else None
