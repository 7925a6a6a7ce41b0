"""Files of which not all bytes are there: the rows by which any worker and machine can go on with an upload.

    await partial.begin(PartialFile(...))
    if await partial.hold(upload, holder, now, until): ...       one writer at a time, until its lease is out
    RequestContext(precondition=partial.leaving(upload, holder)) the row of the upload makes room for the file

A row is what the protocol keeps of an upload in `directus_files`: `tus_id` names it, `tus_data` tells what
was said of it. It is nobody's to see (see `resolvers.permissions`), has no history, and is gone with the
transaction that writes the file itself. How many bytes there are the storage knows, not the row.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from resolvers.context import Precondition
from resolvers.files.object_names import beside
from resolvers.sql import partial_files as sql
from resolvers.sql.moments import moment_of, stored, written
from schema_gen.database import Database, Transaction
from schema_gen.errors import forbidden


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialFile:
    """`id`: key of the row, and of the file where it is a new one; `upload`: what the client knows it by;
    `disk`: the object that the bytes become; `user`: who began it; `touched`: when something last came.
    """

    id: str
    upload: str
    storage: str
    disk: str
    filename: str
    type: str | None
    folder: str | None
    length: int
    metadata: Mapping[str, str | None]
    user: str | None
    touched: datetime

    @property
    def part(self) -> str:
        """What the bytes are kept under until all are there: removed with the object, should it be."""
        return beside(self.disk, self.upload)


class PartialFiles:
    """One for each project."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, file: PartialFile) -> None:
        """Raises INVALID_FOREIGN_KEY for a folder that is not there."""
        told = {
            "id": file.upload,
            "metadata": dict(file.metadata),
            "size": file.length,
            "offset": 0,
            "creation_date": written(file.touched),
            "user": file.user,
        }
        values = (
            file.id,
            file.storage,
            file.disk,
            file.filename,
            file.type,
            file.folder,
            file.user,
            stored(self._database, file.touched),
            file.length,
            file.upload,
            json.dumps(told),
        )
        async with self._database.transaction() as transaction:
            await transaction.execute(self._database.native(sql.BEGIN), values)

    async def find(self, upload: str) -> PartialFile | None:
        rows = await self._database.fetch(self._database.native(sql.FIND), (upload,))
        return _file(rows[0]) if rows else None

    async def resting(self, before: datetime) -> list[PartialFile]:
        """Those to which nothing came since."""
        rows = await self._database.fetch(
            self._database.native(sql.RESTING), (stored(self._database, before),)
        )
        return [_file(row) for row in rows]

    # --- one writer at a time -------------------------------------------------------------------------------

    async def hold(self, upload: str, holder: str, now: datetime, until: datetime) -> bool:
        """Whether the upload is the holder's `until` then; for who holds it already, longer.

        False: it is somebody else's, or gone.
        """
        async with self._database.transaction() as transaction:
            data = await self._data(transaction, upload)
            if data is None or _is_held(data, now, but=holder):
                return False
            await self._tell(transaction, upload, {**data, "holder": holder, "until": written(until)}, now)
        return True

    async def is_held(self, upload: str, now: datetime) -> bool:
        rows = await self._database.fetch(self._database.native(sql.DATA), (upload,))
        return bool(rows) and _is_held(_object(rows[0][0]), now, but="")

    async def renew(self, upload: str, holder: str, now: datetime, until: datetime) -> bool:
        """Like `hold`, for who holds it; False: somebody else took it when the lease was out."""
        async with self._database.transaction() as transaction:
            data = await self._data(transaction, upload)
            if data is None or data.get("holder") != holder:
                return False
            await self._tell(transaction, upload, {**data, "until": written(until)}, now)
        return True

    async def release(self, upload: str, holder: str, offset: int, now: datetime) -> None:
        """`offset`: how much there is, for who looks into the row."""
        async with self._database.transaction() as transaction:
            data = await self._data(transaction, upload)
            if data is not None and data.get("holder") == holder:
                free = {name: value for name, value in data.items() if name not in ("holder", "until")}
                await self._tell(transaction, upload, {**free, "offset": offset}, now)

    def leaving(self, upload: str, holder: str) -> Precondition:
        """Takes the row away in the transaction that writes the file; refuses it where the upload is no
        longer the holder's.
        """

        async def leave(transaction: Transaction) -> None:
            data = await self._data(transaction, upload)
            if data is None or data.get("holder") != holder:
                raise forbidden()
            await transaction.execute(self._database.native(sql.END), (upload,))

        return leave

    async def remove(self, upload: str) -> None:
        async with self._database.transaction() as transaction:
            await transaction.execute(self._database.native(sql.END), (upload,))

    async def _data(self, transaction: Transaction, upload: str) -> Mapping[str, Any] | None:
        """What the row tells, which stays until the transaction ends."""
        lock = " FOR UPDATE" if self._database.dialect == "postgresql" else ""
        rows = await transaction.fetch(self._database.native(sql.DATA) + lock, (upload,))
        return _object(rows[0][0]) if rows else None

    async def _tell(
        self, transaction: Transaction, upload: str, data: Mapping[str, Any], now: datetime
    ) -> None:
        values = (upload, json.dumps(data), stored(self._database, now))
        await transaction.execute(self._database.native(sql.TELL), values)


def _is_held(data: Mapping[str, Any], now: datetime, *, but: str) -> bool:
    holder, until = data.get("holder"), data.get("until")
    return holder is not None and holder != but and until is not None and moment_of(until) > now


def _file(row: tuple[Any, ...]) -> PartialFile:
    key, storage, disk, filename, kind, folder, user, touched, length, upload, data = row
    told = _object(data)
    metadata = told.get("metadata")
    return PartialFile(
        id=str(key),
        upload=upload,
        storage=storage,
        disk=disk or "",
        filename=filename,
        type=kind,
        folder=None if folder is None else str(folder),
        length=length or 0,
        metadata=metadata if isinstance(metadata, dict) else {},
        # a user who was deleted leaves nobody in the column, whose uploads are not everybody's
        user=told.get("user", None if user is None else str(user)),
        touched=moment_of(touched),
    )


def _object(data: bytes | str | None) -> Mapping[str, Any]:
    """Rows that another server left may hold anything."""
    found = json.loads(data) if data else None
    return found if isinstance(found, dict) else {}
