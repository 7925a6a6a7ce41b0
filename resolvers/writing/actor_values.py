"""`$CURRENT_USER.team` and the like, read with full rights before payloads are judged: rules may rest on what
their subjects cannot read.

    values = ActorValues(transaction, snapshot, dialect, context)
    current = await values.current(*rules_of(collection, grants))

One for each request; a path is read once, all that are missing with one statement.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final, Literal

from resolvers.conditions import ColumnRef, Compare, Condition, Slot
from resolvers.conditions import Current as CurrentSource
from resolvers.context import RequestContext
from resolvers.operands import column_path
from resolvers.plan import Entry, Object, Read, Root, Value
from resolvers.reader import Reader
from resolvers.sql.dialects.base import SqlDialect
from resolvers.sql.statement import compile_roots
from resolvers.writing.current import Current, paths
from schema_gen.drivers.base import Reads
from schema_gen.errors import CausewayError
from schema_gen.model import Collection, SchemaSnapshot

Who = Literal["user", "role", "roles", "policies"]

#: variable -> whose rows it reads, and where they are
WHO: Final[dict[str, tuple[Who, str]]] = {
    "$CURRENT_USER": ("user", "directus_users"),
    "$CURRENT_ROLE": ("role", "directus_roles"),
    "$CURRENT_ROLES": ("roles", "directus_roles"),
    "$CURRENT_POLICIES": ("policies", "directus_policies"),
}
_LISTS: Final = frozenset({"roles", "policies"})


class ActorValues:
    """What fields of the actor's own rows hold. A path that leads nowhere, or to a secret, has no value."""

    def __init__(
        self,
        transaction: Reads,
        snapshot: SchemaSnapshot,
        dialect: SqlDialect,
        context: RequestContext,
    ) -> None:
        self._transaction = transaction
        self._snapshot = snapshot
        self._dialect = dialect
        self._context = context
        self._values: dict[str, Any] = {}

    async def current(self, *rules: Any) -> Current:
        """Knows every variable of `rules` (filters, presets)."""
        missing = paths(*rules) - self._values.keys()
        if missing:
            await self._load(sorted(missing))
        return Current(context=self._context, values=self._values)

    async def _load(self, missing: list[str]) -> None:
        self._values.update(dict.fromkeys(missing))
        grouped: dict[str, list[str]] = {}
        for path in missing:
            grouped.setdefault(path.partition(".")[0], []).append(path)
        roots = tuple(
            root for head, found in grouped.items() if (root := self._root(head, found)) is not None
        )
        statement = compile_roots(roots, self._snapshot, self._dialect, "rest")
        if statement is None:
            return
        parameters = statement.bind({}, self._context)
        answers = await self._transaction.fetch_bytes(statement.text, parameters)
        for head, data in zip(statement.keys, answers, strict=True):
            self._keep(head, json.loads(data or b"[]"))

    def _keep(self, head: str, rows: list[dict[str, Any]]) -> None:
        for path in {name for row in rows for name in row}:
            if WHO[head][0] in _LISTS:
                self._values[path] = [row[path] for row in rows if row[path] is not None]
            else:
                self._values[path] = rows[0][path]

    def _root(self, head: str, found: Iterable[str]) -> Root | None:
        who, home = WHO[head]
        collection = self._snapshot.collections.get(home)
        if collection is None:
            return None
        entries = tuple(entry for path in found if (entry := self._entry(collection, path)) is not None)
        if not entries:
            return None
        item = Object(entries=entries)
        return Root(key=head, node=Read(collection=collection, item=item, condition=_own(collection, who)))

    def _entry(self, collection: Collection, path: str) -> Entry | None:
        reader = Reader(snapshot=self._snapshot, gate=None, variables={})
        try:
            operand = column_path(path.split(".")[1:], collection, reader, ())
        except CausewayError:
            return None
        if not isinstance(operand, ColumnRef) or operand.field.concealed:
            return None
        return Entry(key=path, shape=Value(operand=operand))


def _own(collection: Collection, who: Who) -> Condition:
    key = collection.fields["id"]
    slot = Slot(source=CurrentSource(what=who), type=key.type, shape="list", operator="literal")
    return Compare(operand=ColumnRef(field=key), op="in", slots=(slot,))
