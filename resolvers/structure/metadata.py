"""Rows of system collections, written as part of a schema change, with history like any other row.

    rows = MetadataRows(transaction, tools, context)
    await rows.write(snapshot, change.rows)
    records = await rows.close()                activity and revisions; what happened, for events

The change is the administrator's, who was asked before: payloads are read, checked and stored by the
machinery that stores every other row.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from resolvers.context import RequestContext
from resolvers.permissions import UNRESTRICTED
from resolvers.sql.naming import delete_about, permission_rows, preset_rows
from resolvers.structure.forgetting import (
    ABOUT,
    forgotten_grants,
    forgotten_presets,
    read_permission,
    read_preset,
)
from resolvers.structure.row_statements import about_statements, row_statement
from resolvers.structure.steps import Forget, RowStep
from resolvers.writing.history import Record
from resolvers.writing.items import read_item
from resolvers.writing.steps import Key
from resolvers.writing.tools import Tools
from resolvers.writing.wishes import Wish
from schema_gen.database import Transaction
from schema_gen.errors import invalid_payload
from schema_gen.model import Collection, SchemaSnapshot

_PERMISSIONS: Final = "directus_permissions"
_PRESETS: Final = "directus_presets"


class MetadataRows:
    """Of one transaction. `tools`: of a snapshot of the system collections."""

    def __init__(self, transaction: Transaction, tools: Tools, context: RequestContext) -> None:
        self._transaction = transaction
        self._snapshot = tools.snapshot
        self._lookups = tools.lookups(transaction, context)
        gate = tools.bundle.gate(UNRESTRICTED)
        self._preparer = tools.preparer(transaction, self._lookups, gate, context)
        self._history = tools.history()
        self._performer = tools.performer(transaction, self._history, _nothing)
        self._keeper = tools.keeper(transaction, context)
        #: rows that are forgotten without being looked at, as statements
        self._swept: list[str] = []

    async def write(self, snapshot: SchemaSnapshot, steps: Sequence[RowStep | Forget]) -> None:
        """`snapshot`: what there was before the change."""
        for kind, run in groupby(steps, key=_kind):
            if kind is None:
                for gone in run:
                    if isinstance(gone, Forget):
                        await self._forget(snapshot, gone)
            else:
                table, action = kind
                await self._run(
                    self._home(table), action, [step for step in run if isinstance(step, RowStep)]
                )

    @property
    def statements(self) -> list[str]:
        """What was written, as text."""
        dialect = self._snapshot.dialect
        shown = (row_statement(record, dialect) for record in self._history.written)
        return [*(text for text in shown if text is not None), *self._swept]

    async def close(self) -> tuple[Record, ...]:
        await self._keeper.keep(self._history.lines(), ())
        return tuple(self._history.written)

    # --- rows -----------------------------------------------------------------------------------------------

    def _home(self, table: str) -> Collection:
        home = self._snapshot.collections.get(table)
        if home is None:
            raise invalid_payload(f'This database has no table "{table}" that could describe it')
        return home

    async def _run(self, home: Collection, action: str, steps: Sequence[RowStep]) -> None:
        found = [await self._found(home, step) if step.where else [] for step in steps]
        if action == "delete":
            keys = list(dict.fromkeys(key for group in found for key in group))
            gone = await self._preparer.delete(home, keys)
            await self._performer.perform(list(gone.values()), [None] * len(gone))
            return
        wishes: list[Wish] = []
        for step, keys in zip(steps, found, strict=True):
            if action == "create" or (action == "put" and not keys):
                item = read_item({**step.where, **step.values}, home, self._snapshot)
                wishes.append(Wish(item=item, intent="create"))
            elif step.values:
                item = read_item(step.values, home, self._snapshot)
                wishes += [Wish(item=item, intent="update", key=key) for key in keys]
        made = [step for step in await self._preparer.save(home, wishes) if step is not None]
        await self._performer.perform(made, [None] * len(made))

    async def _found(self, home: Collection, step: RowStep) -> list[Key]:
        by = tuple(step.where)
        return list(await self._lookups.matching(home, by, [tuple(step.where.values())], ()))

    # --- what is forgotten ----------------------------------------------------------------------------------

    async def _forget(self, snapshot: SchemaSnapshot, gone: Forget) -> None:
        there = self._snapshot.collections
        transaction, dialect = self._transaction, self._snapshot.dialect
        steps: list[RowStep] = []
        if _PERMISSIONS in there:
            granted = [read_permission(row) for row in await permission_rows(transaction)]
            steps += forgotten_grants(granted, snapshot, gone)
        if gone.field is None:
            tables = [table for table in ABOUT if table in there]
            await delete_about(transaction, tables, gone.collection, dialect)
            self._swept += about_statements(tables, gone.collection, dialect)
        elif _PRESETS in there:
            kept = [read_preset(row) for row in await preset_rows(transaction, gone.collection, dialect)]
            steps += forgotten_presets(kept, snapshot, gone)
        await self.write(snapshot, steps)


def _kind(step: RowStep | Forget) -> tuple[str, str] | None:
    return None if isinstance(step, Forget) else (step.table, step.action)


async def _nothing(transaction: Transaction, collection: str, keys: Sequence[Key]) -> None:
    """No row of these has anything to do before it goes."""
