"""The data model of a project: taken as a document, compared with another one, made like it.

    document = await models.snapshot(context)               -> {"version": 1, "collections": [...], ...}
    difference = await models.compare(document, context)    -> {"hash": "...", "diff": {...}}, or None
    await models.apply(difference, context)

    document ─ read ─ adapted to this database ─ difference ─> phases ─ SchemaChanges.run      one transaction

Administrators only. `force` passes over what release and database a document comes from, and over what has
changed since a difference was worked out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from resolvers.context import RequestContext
from resolvers.structure.adapting import Here, adapted
from resolvers.structure.applying import phases
from resolvers.structure.changes import SchemaChanges
from resolvers.structure.deltas import Difference
from resolvers.structure.difference import difference
from resolvers.structure.portrait import Portrait, portrait
from resolvers.structure.portrait_payloads import read_difference, read_portrait
from resolvers.structure.telling import Facts
from schema_gen.errors import forbidden, invalid_payload
from schema_gen.model import SchemaSnapshot

_BYPASS = 'You can bypass this check by passing the "force" query parameter'


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """`wanted`: what makes `ours` what the document says; `notes`: why that may not be what is meant."""

    ours: Portrait
    wanted: Difference
    notes: tuple[str, ...] = ()


class Models:
    """One for each project. `snapshot`: the schema as it is now."""

    def __init__(self, snapshot: Callable[[], SchemaSnapshot], changes: SchemaChanges) -> None:
        self._snapshot = snapshot
        self._changes = changes

    async def snapshot(self, context: RequestContext) -> Facts:
        _administrators_only(context)
        return (await self._portrait()).as_json()

    async def compare(self, payload: Any, context: RequestContext, *, force: bool = False) -> Facts | None:
        """None where nothing differs. Raises INVALID_PAYLOAD."""
        _administrators_only(context)
        compared = await self.compared(payload)
        if compared.notes and not force:
            raise invalid_payload(f"{compared.notes[0]}. {_BYPASS}")
        if not compared.wanted:
            return None
        return {"hash": compared.ours.digest, "diff": compared.wanted.as_json()}

    async def compared(self, payload: Any) -> Compared:
        """Of the document in `payload`. Raises INVALID_PAYLOAD."""
        theirs = read_portrait(payload)
        snapshot = self._snapshot()

        def work() -> Compared:
            ours = portrait(snapshot)
            wanted = difference(ours, adapted(theirs, ours, Here.of(snapshot)))
            return Compared(ours=ours, wanted=wanted, notes=_notes(theirs, ours))

        return await asyncio.to_thread(work)

    async def apply(self, payload: Any, context: RequestContext, *, force: bool = False) -> None:
        """All of it, or nothing. Raises INVALID_PAYLOAD where the difference is not one of this schema."""
        _administrators_only(context)
        digest, wanted = read_difference(payload)
        if not wanted:
            return
        ours = await self._portrait()
        if digest != ours.digest and not force:
            raise invalid_payload(
                "Provided hash does not match the current instance's schema hash, indicating the schema has "
                "changed after this diff was generated. Please generate a new diff and try again or use the "
                '"force" query parameter to bypass this check'
            )
        await self.carry_out(ours, wanted, context)

    async def carry_out(
        self, ours: Portrait, wanted: Difference, context: RequestContext, *, dry: bool = False
    ) -> list[str]:
        """The statements that change tables, as text. `dry`: nothing is kept of them, and those that write
        metadata are among them.
        """
        _administrators_only(context)
        planned = await asyncio.to_thread(phases, ours, wanted)
        return await self._changes.run(planned, context, dry=dry)

    async def _portrait(self) -> Portrait:
        return await asyncio.to_thread(portrait, self._snapshot())


def _administrators_only(context: RequestContext) -> None:
    if not context.actor.admin:
        raise forbidden()


def _notes(theirs: Portrait, ours: Portrait) -> tuple[str, ...]:
    notes: list[str] = []
    if theirs.directus != ours.directus:
        notes.append(
            f"Provided snapshot's directus version {theirs.directus} does not match the current instance's "
            f"version {ours.directus}"
        )
    if theirs.vendor is None:
        notes.append('Provided snapshot does not contain the "vendor" property')
    elif theirs.vendor != ours.vendor:
        notes.append(
            f"Provided snapshot's vendor {theirs.vendor} does not match the current instance's vendor "
            f"{ours.vendor}"
        )
    return tuple(notes)
