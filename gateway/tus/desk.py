"""Uploads from their beginning to the file that they become.

    file = await desk.begin(creation, wish, context)            a row that nobody sees, and no bytes yet
    done = await desk.receive(file, part, parts, declared, write)     more of them; with the last, the file
    await desk.end(file), await desk.clean(now)                 given up by the client, or by time

`write` writes the row of the file by the ordinary operation, with the rights of who uploads, and takes the
row of the upload away in the same transaction. Where that is refused nothing stays; where it could not be
done, the next request tries again: the bytes are there.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from gateway.http import HttpReply
from gateway.observe import LOGGER
from gateway.tus.lease import Lease, held, released
from gateway.tus.metadata import Wish
from gateway.tus.protocol import Creation, Part, Refused, gone, not_found, other_offset, too_much
from gateway.tus.receiving import Body, receive, receive_checked
from gateway.uploads.file_names import disk_name
from gateway.uploads.intake import Intake, Taken, unavailable
from gateway.uploads.kinds import UNKNOWN, extension_for, media_type
from resolvers.context import Precondition, RequestContext
from resolvers.files.partial import PartialFile, PartialFiles
from resolvers.files.storage import Location, Storage, StorageError, StoredMissing
from schema_gen.errors import CausewayError

#: makes the row; a refusal is a reply
Write = Callable[[PartialFile, Taken, Precondition], Awaitable[HttpReply]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """`offset`: where the upload is now; `reply`: of who wrote the row, once all bytes were there."""

    offset: int
    reply: HttpReply | None = None


class TusDesk:
    """One for each project. `rest`: how long an upload may."""

    def __init__(
        self, files: PartialFiles, storage: Storage, intake: Intake, rest: timedelta, temp_path: str | None
    ) -> None:
        self._files = files
        self._storage = storage
        self._intake = intake
        self._rest = rest
        self._temp_path = temp_path
        #: seconds for which a request waits for another one that writes to the same upload
        self.patience = 2.0

    async def begin(
        self, creation: Creation, wish: Wish, storage: str | None, context: RequestContext
    ) -> PartialFile:
        """`storage`: None for new files. Raises INVALID_PAYLOAD for one that there is not,
        INVALID_FOREIGN_KEY for such a folder.
        """
        id_, kind = str(uuid4()), media_type(wish.type)
        file = PartialFile(
            id=id_,
            upload=secrets.token_hex(16),
            storage=self._intake.location(storage).name,
            disk=disk_name(id_, wish.filename, extension_for(kind or UNKNOWN)),
            filename=wish.filename,
            type=kind,
            folder=wish.columns.get("folder"),
            length=creation.length,
            metadata=creation.metadata,
            user=context.actor.user,
            touched=context.now,
        )
        await self._files.begin(file)
        return file

    async def find(self, upload: str, context: RequestContext) -> PartialFile:
        """The upload of who asks. Raises Refused (404, 410)."""
        file = await self._files.find(upload)
        if file is None or file.user != context.actor.user:
            raise not_found()
        if self.expires(file.touched) <= context.now:
            raise gone()
        return file

    def expires(self, touched: datetime) -> datetime:
        return touched + self._rest

    async def offset(self, file: PartialFile) -> int:
        """How many bytes there are. Raises SERVICE_UNAVAILABLE."""
        await released(self._files, file.upload, self.patience)
        with _telling():
            return await self._offset(self._place(file), file)

    async def receive(
        self,
        file: PartialFile,
        part: Part,
        parts: AsyncIterator[bytes],
        declared: int | None,
        write: Write,
    ) -> Done:
        """Raises Refused, ClientGone, REQUEST_TIMEOUT, SERVICE_UNAVAILABLE; what came before that stays."""
        with _telling(), self._intake.one_more():
            place = self._place(file)
            async with held(self._files, file.upload, self.patience) as lease:
                lease.offset = offset = await self._offset(place, file)
                if part.offset != offset:
                    raise other_offset()
                if declared is not None and offset + declared > file.length:
                    raise too_much()
                body = Body(parts=parts, room=file.length - offset, lease=lease)
                if part.checksum is None:
                    offset = await receive(place, file.part, offset, body)
                else:
                    offset = await receive_checked(
                        place, file.part, offset, body, part.checksum, self._temp_path
                    )
                if offset < file.length:
                    return Done(offset=offset)
                return Done(offset=offset, reply=await self._finish(place, file, lease, write))

    async def complete(self, file: PartialFile, write: Write) -> Done:
        """The file of an upload whose bytes are all there: who finished it was interrupted."""
        with _telling():
            async with held(self._files, file.upload, self.patience) as lease:
                lease.offset = file.length
                return Done(
                    offset=file.length, reply=await self._finish(self._place(file), file, lease, write)
                )

    async def end(self, file: PartialFile) -> None:
        """Raises Refused (423) while somebody writes."""
        await self._end(file, self.patience)

    async def _end(self, file: PartialFile, patience: float) -> None:
        with _telling():
            async with held(self._files, file.upload, patience):
                await self._drop(self._place(file), file)

    async def clean(self, now: datetime) -> int:
        """Takes away what rested for too long; how many uploads that were."""
        gone_now = 0
        for file in await self._files.resting(now - self._rest):
            try:
                await self._end(file, 0)
            except Refused:  # somebody goes on with it after all
                continue
            except CausewayError as error:
                logging.getLogger(LOGGER).warning("an upload that rests stays until next time: %s", error)
                continue
            gone_now += 1
        return gone_now

    # --- parts ----------------------------------------------------------------------------------------------

    def _place(self, file: PartialFile) -> Location:
        return self._storage.location(file.storage)

    async def _offset(self, place: Location, file: PartialFile) -> int:
        try:
            return await place.size_of(file.part)
        except StoredMissing:
            return file.length if await self._is_whole(place, file) else 0

    async def _is_whole(self, place: Location, file: PartialFile) -> bool:
        """Whether the parts are one object already, of which there is no row yet."""
        try:
            opened = await place.open(file.disk)
        except StoredMissing:
            return False
        try:
            return opened.size == file.length
        finally:
            await opened.close()

    async def _finish(self, place: Location, file: PartialFile, lease: Lease, write: Write) -> HttpReply:
        if not await self._is_whole(place, file):
            if file.length:
                size = await place.finish(file.part, file.disk)
            else:
                size = await place.write(file.disk, _nothing())
            if size != file.length:
                raise StorageError(f"an upload of {file.length} bytes has become an object of {size}")
        try:
            taken = await self._intake.take_stored(
                file.disk, filename=file.filename, type_=file.type, location=file.storage
            )
        except CausewayError as error:
            if error.status < 500:
                await self._drop(place, file)
            raise
        lease.check()
        reply = await write(file, taken, self._files.leaving(file.upload, lease.holder))
        if reply.status < 400:
            return reply
        if await self._files.find(file.upload) is None:
            # it was done after all, though who did it heard nothing of it; or the upload was ended
            return reply if lease.lost else HttpReply(status=204, headers=())
        if reply.status < 500:
            await self._drop(place, file)
        return reply

    async def _drop(self, place: Location, file: PartialFile) -> None:
        """Bytes first: a row without bytes is found again, bytes without a row are not."""
        await place.abandon(file.part)
        await place.remove([file.disk])
        await self._files.remove(file.upload)


async def _nothing() -> AsyncGenerator[bytes, None]:
    return
    yield b""


@contextmanager
def _telling() -> Iterator[None]:
    """SERVICE_UNAVAILABLE where a location fails; the log says why."""
    try:
        yield
    except StorageError as error:
        raise unavailable(error) from error
