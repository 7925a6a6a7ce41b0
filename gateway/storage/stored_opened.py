"""An object of an object store, open.

Opening asks for all of it; what comes is read as far as it is wanted. So an object that is removed meanwhile
is still read to its end, and opening and reading are one request. A range further on is a request of its own,
for the very object that was opened.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Final

import obstore
from obstore.store import ObjectStore

from gateway.storage.pieces import READ_AT_ONCE
from gateway.storage.refusals import told
from resolvers.files.storage import StorageError

if TYPE_CHECKING:  # the library has these types for checkers only
    from obstore import GetOptions, GetResult

#: bytes that are rather skipped than asked for a second time
_SKIPPED: Final = 1 << 20


class StoredOpened:
    def __init__(self, store: ObjectStore, key: str, result: GetResult) -> None:
        self._store = store
        self._key = key
        self._meta = result.meta
        #: until it is read, or closed
        self._result: GetResult | None = result

    @property
    def size(self) -> int:
        return self._meta["size"]

    async def chunks(self, start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes, None]:
        end = self.size if stop is None else min(stop, self.size)
        if start >= end:
            return
        result, self._result = self._result, None
        position = 0
        if result is None or start > _SKIPPED:
            result = await self._range(start, end)
            position = start
        with told("reading"):
            stream = result.stream(READ_AT_ONCE)
        while position < end:
            with told("reading"):
                piece = await anext(stream, b"")
            if not piece:
                raise StorageError("reading: the object is shorter than it was")
            wanted = piece[max(0, start - position) : end - position]
            position += len(piece)
            if wanted:
                yield wanted

    async def _range(self, start: int, stop: int) -> GetResult:
        options: GetOptions = {"range": (start, stop)}
        tag = self._meta["e_tag"]
        if tag is not None:
            options["if_match"] = tag
        with told("reading"):
            return await obstore.get_async(self._store, self._key, options=options)

    async def close(self) -> None:
        self._result = None
