"""What doors of files work with, and the rows behind their bytes.

await desk.foresee(context, {"title": "A"})            refused before the first byte is stored
taken = await desk.intake.take(...)
...the row is written...
await desk.settle([taken])                             bytes that no row stands for go
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from gateway.observe import LOGGER
from gateway.uploads.file_names import extension_of
from gateway.uploads.intake import Intake, Taken, facts_of_new, unavailable
from gateway.uploads.removal import Removal
from resolvers.bundle import BundleHolder
from resolvers.context import RequestContext
from resolvers.files.leaving import FILES, Stored
from resolvers.files.storage import Storage, StorageError
from resolvers.finishing import Finishing
from resolvers.mutations import Mutations
from resolvers.sql.files import by_key, by_name, default_folder, one_after_another
from schema_gen.database import Database
from schema_gen.drivers.base import Row
from schema_gen.errors import CausewayError, invalid_payload

#: columns of a file that are known when its bytes are
FILLED: Final = frozenset(
    {
        "filename_disk",
        "filename_download",
        "filesize",
        "height",
        "id",
        "metadata",
        "storage",
        "title",
        "type",
        "uploaded_on",
        "width",
    }
)
#: what new bytes change of a row
OF_BYTES: Final = frozenset({"filename_disk", "filename_download", "type"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDesk:
    """One for each project."""

    database: Database
    holder: BundleHolder
    storage: Storage
    intake: Intake
    remove: Removal
    mutations: Mutations
    #: FILES_DELETE_ORIGINAL_ON_MOVE
    moved_go: bool
    finishing: Finishing = field(default_factory=Finishing)

    async def foresee(
        self,
        context: RequestContext,
        sent: Mapping[str, Any],
        *,
        key: str | None = None,
        bytes_too: bool = True,
    ) -> None:
        """Raises what the caller will be refused who makes a file of these fields, or changes the one of that
        key, as far as that is known before its bytes are. Who may change some fields may not change the
        bytes, unless those that tell of them are among them.
        """
        filled = FILLED - sent.keys()
        touched = OF_BYTES if key is not None and bytes_too else frozenset[str]()
        bundle = self.holder.current
        await self.mutations.foresee(
            bundle, FILES, sent, context, key=key, filled=filled, touched=touched - sent.keys()
        )
        if key is not None and "storage" in sent:
            raise invalid_payload('You can\'t change the "storage" value manually')

    async def place_of(self, key: str) -> str | None:
        """The location that holds the bytes of a file; None: the one for new files."""
        rows = await by_key(self.database, self.database, [key])
        location = rows[0][1] if rows else None
        return location if location in self.storage.names else None

    async def copied(self, key: str, location: str) -> Taken | None:
        """The bytes of a file once more, in another location. None: it has none, or has them there."""
        rows = await by_key(self.database, self.database, [key])
        if not rows or not rows[0][2] or rows[0][1] == location:
            return None
        _, source, name, _ = rows[0]
        place = self.intake.location(location)
        disk = f"{uuid4()}.{extension_of(name) or 'bin'}"
        try:
            opened = await self.storage.location(source).open(name)
            try:
                async with aclosing(opened.chunks()) as chunks:
                    await place.write(disk, chunks)
            finally:
                await opened.close()
        except StorageError as error:
            raise unavailable(error) from error
        return Taken(
            location=location, disk=disk, facts={"storage": location, "filename_disk": disk}, defaults={}
        )

    async def default_folder(self) -> str | None:
        settings = self.holder.current.snapshot.collections.get("directus_settings")
        if settings is None or "storage_default_folder" not in settings.fields:
            return None
        return await default_folder(self.database)

    async def new_facts(
        self, taken: Taken, sent: Mapping[str, Any], context: RequestContext
    ) -> Mapping[str, Any]:
        """Columns of a new row, for `RequestContext.facts`."""
        grants = context.rules.grants.get(("create", FILES), ())
        preset = (name for grant in grants for name in grant.presets or ())
        said = {**dict.fromkeys(preset, True), **sent}
        facts = facts_of_new(taken, said)
        if "folder" not in said:
            folder = await self.default_folder()
            if folder is not None:
                facts["folder"] = folder
        return facts

    async def settle(self, taken: Sequence[Taken]) -> frozenset[str]:
        """The names, of these, that rows stand for; the others are removed. For when it is not known what
        became of the rows: what cannot be found out keeps its bytes.
        """
        rows = await self._rows_when_ended([one.disk for one in taken])
        if rows is None:
            return frozenset(one.disk for one in taken)
        held = frozenset(row[2] for row in rows)
        for one in taken:
            if one.disk not in held:
                await self.intake.discard(one)
        return held

    async def replaced(self, old: Sequence[Stored], location: str | None = None) -> None:
        """Rows do not stand for these bytes any more; of several rows that did, one may be left. What moved
        elsewhere (to `location`) stays behind, unless the settings say otherwise.
        """
        if location is not None and not self.moved_go:
            old = [one for one in old if one.location == location]
        rows = await self._rows_of([one.name for one in old])
        if rows is not None:
            left = {(row[1], row[2]) for row in rows}
            await self.remove([one for one in old if (one.location, one.name) not in left])

    async def _rows_when_ended(self, names: Sequence[str]) -> list[Row] | None:
        """The same, once the transaction that may have made them has ended (see `telling`): one whose answer
        did not come may still be about to commit.
        """
        if not names:
            return []
        try:
            async with self.database.transaction() as transaction:
                await one_after_another(self.database, transaction, names[0], bounded=True)
                return await by_name(self.database, transaction, names)
        except CausewayError as error:
            _tell_unknown(names, error)
            return None

    async def _rows_of(self, names: Sequence[str]) -> list[Row] | None:
        """The rows that stand for bytes of these names; None: that cannot be found out."""
        try:
            return await by_name(self.database, self.database, names)
        except CausewayError as error:
            _tell_unknown(names, error)
            return None


def _tell_unknown(names: Sequence[str], error: CausewayError) -> None:
    logging.getLogger(LOGGER).warning("bytes stay whose rows are not known: %s: %s", names, error)
