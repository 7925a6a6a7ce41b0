"""Changes of the schema while it is served: tables, columns and keys, with the rows that describe them.

    await changes.create_collections([{"collection": "articles", "schema": {}, "meta": {}}], context)
    await changes.create_field("articles", {"field": "title", "type": "string"}, context)

    payload ─ read_* ─> Phase ─ snapshot ─> Change ─> DDL, rows, history      one transaction
                                                       └─ commit ─> reload ─> events

Each change is planned against the database as it is inside its transaction. After the commit the schema is
read again here and everywhere else, so that the next request, and the answer to this one, see it. A refused
change leaves nothing behind. Administrators only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from resolvers.bundle import Bundle
from resolvers.context import RequestContext
from resolvers.events import Events, happened
from resolvers.sql.ddl.carry_out import carry_out
from resolvers.sql.ddl.finish import finish
from resolvers.sql.dialects.base import SqlDialect
from resolvers.structure.collections import changed_collection, dropped_collection, new_collection
from resolvers.structure.fields import changed_field, dropped_field, home_of, new_field
from resolvers.structure.metadata import MetadataRows
from resolvers.structure.payloads import read_collection, read_field, read_relation
from resolvers.structure.relations import changed_relation, dropped_relation, new_relation
from resolvers.structure.steps import Change, Phase
from resolvers.writing.history import Record
from resolvers.writing.tools import Tools
from schema_gen.database import Database, Transaction
from schema_gen.errors import SchemaMoved, TransientError, conflict, forbidden
from schema_gen.model import SchemaSnapshot

Payload = Mapping[str, Any]
#: times that a transaction is begun before its conflict with another one is told
_ATTEMPTS: Final = 3


class SchemaChanges:
    """One for each project. `read`: the snapshot as a transaction sees it; `reload`: the schema has changed,
    and when it returns requests see it.
    """

    def __init__(
        self,
        database: Database,
        dialect: SqlDialect,
        read: Callable[[Transaction], Awaitable[SchemaSnapshot]],
        reload: Callable[[], Awaitable[None]],
        events: Events,
    ) -> None:
        self._database = database
        self._dialect = dialect
        self._read = read
        self._reload = reload
        self._events = events

    # --- collections ----------------------------------------------------------------------------------------

    async def create_collections(
        self, payloads: Sequence[Payload], context: RequestContext, *, concurrently: bool = False
    ) -> list[str]:
        _administrators_only(context)
        asked = [read_collection(payload) for payload in payloads]
        phases = [_phase(new_collection, payload) for payload in asked]
        await self.run(phases, context, concurrently=concurrently)
        return [payload.name for payload in asked]

    async def update_collections(self, payloads: Sequence[Payload], context: RequestContext) -> list[str]:
        """Each payload names its collection."""
        _administrators_only(context)
        asked = [read_collection(payload) for payload in payloads]
        await self.run([_phase(changed_collection, payload) for payload in asked], context)
        return [payload.name for payload in asked]

    async def delete_collections(self, names: Sequence[str], context: RequestContext) -> None:
        _administrators_only(context)
        await self.run([_phase(dropped_collection, name) for name in names], context)

    # --- fields ---------------------------------------------------------------------------------------------

    async def create_field(
        self, collection: str, payload: Payload, context: RequestContext, *, concurrently: bool = False
    ) -> str:
        _administrators_only(context)
        asked = read_field(payload, strict=True)
        await self.run(
            [lambda snapshot: new_field(snapshot, collection, asked)], context, concurrently=concurrently
        )
        return asked.name

    async def update_fields(
        self,
        collection: str,
        payloads: Sequence[Payload],
        context: RequestContext,
        *,
        concurrently: bool = False,
    ) -> list[str]:
        """Each payload names its field."""
        _administrators_only(context)
        asked = [read_field(payload) for payload in payloads]

        def planned(snapshot: SchemaSnapshot) -> Change:
            home_of(snapshot, collection)
            changes = [changed_field(snapshot, collection, payload) for payload in asked]
            return sum(changes, start=Change())

        await self.run([planned], context, concurrently=concurrently)
        return [payload.name for payload in asked]

    async def delete_field(self, collection: str, field: str, context: RequestContext) -> None:
        _administrators_only(context)
        await self.run([lambda snapshot: dropped_field(snapshot, collection, field)], context)

    # --- relations ------------------------------------------------------------------------------------------

    async def create_relation(self, payload: Payload, context: RequestContext) -> tuple[str, str]:
        _administrators_only(context)
        asked = read_relation(payload)
        await self.run([_phase(new_relation, asked)], context)
        return asked.collection, asked.field

    async def update_relation(
        self, collection: str, field: str, payload: Payload, context: RequestContext
    ) -> tuple[str, str]:
        _administrators_only(context)
        asked = read_relation({**payload, "collection": collection, "field": field})
        await self.run([_phase(changed_relation, asked)], context)
        return collection, field

    async def delete_relation(self, collection: str, field: str, context: RequestContext) -> None:
        _administrators_only(context)
        await self.run([lambda snapshot: dropped_relation(snapshot, collection, field)], context)

    # --- carrying out ---------------------------------------------------------------------------------------

    async def run(
        self,
        phases: Sequence[Phase],
        context: RequestContext,
        *,
        concurrently: bool = False,
        dry: bool = False,
    ) -> list[str]:
        """All of it, or nothing. The statements that were run, as text; `dry`: nothing is kept of them, and
        those that write metadata are among them.
        """
        _administrators_only(context)
        attempt = 1
        while True:
            try:
                done = await self._attempt(phases, context, concurrently=concurrently, dry=dry)
                break
            except TransientError:
                if attempt == _ATTEMPTS:
                    raise
                attempt += 1
            except asyncio.CancelledError:
                # who has left may have left while it was committed
                await self._reload()
                raise
        if not dry:
            await self._reload()
            await self._events.publish(happened(done.records, context.actor.user))
            if done.later:
                await self._finish(done.later)
        return [*done.log, *done.later]

    async def _finish(self, statements: Sequence[str]) -> None:
        """Indexes, which may take long: what was changed is served meanwhile."""
        try:
            await finish(self._database, statements)
        except SchemaMoved as moved:
            # what was asked for is done, so it must not be run again
            raise conflict() from moved
        finally:
            await self._reload()

    async def _attempt(
        self, phases: Sequence[Phase], context: RequestContext, *, concurrently: bool, dry: bool
    ) -> _Done:
        done = _Done()
        try:
            async with self._database.schema_transaction() as transaction:
                for phase in phases:
                    await self._carry_out(
                        phase, transaction, context, done, concurrently=concurrently, shown=dry
                    )
                if dry:
                    raise _Undone
        except _Undone:
            return done
        return done

    async def _carry_out(
        self,
        phase: Phase,
        transaction: Transaction,
        context: RequestContext,
        done: _Done,
        *,
        concurrently: bool,
        shown: bool,
    ) -> None:
        """`shown`: rows of metadata stand in the log, too."""
        snapshot = await self._read(transaction)
        change = phase(snapshot)
        name = self._database.dialect
        done.later += await carry_out(transaction, name, change.ddl, concurrently=concurrently, log=done.log)
        rows = MetadataRows(transaction, Tools(Bundle(_system(snapshot)), self._dialect, name), context)
        await rows.write(snapshot, change.rows)
        done.records += await rows.close()
        if shown:
            done.log += rows.statements


@dataclass(slots=True)
class _Done:
    """What a transaction did: its statements, those for after it, rows that were written."""

    log: list[str] = field(default_factory=list)
    later: list[str] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)


class _Undone(Exception):
    """Ends a transaction whose work is not wanted."""


def _administrators_only(context: RequestContext) -> None:
    if not context.actor.admin:
        raise forbidden()


def _phase(plan: Callable[[SchemaSnapshot, Any], Change], asked: Any) -> Phase:
    return lambda snapshot: plan(snapshot, asked)


def _system(snapshot: SchemaSnapshot) -> SchemaSnapshot:
    """What describes the rest: nothing else is written by a schema change."""
    system = {name: home for name, home in snapshot.collections.items() if home.system}
    relations = tuple(
        relation
        for relation in snapshot.relations
        if relation.collection in system and (relation.related is None or relation.related in system)
    )
    return replace(snapshot, collections=system, relations=relations)
