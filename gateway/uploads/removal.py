"""Bytes that no row stands for: removed, and with them what was made of them.

    removal = Removal(storage)
    await removal((Stored(location="local", name="0b3c.png", kind="image/png"),))

What cannot be removed is logged: nobody is told, the change of the rows is done.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from gateway.images.pool import DESCRIBED
from gateway.observe import LOGGER
from gateway.uploads.file_names import extension_of
from resolvers.files.leaving import Stored
from resolvers.files.object_names import beginning, original_of, stem_of
from resolvers.files.storage import Location, Storage, StorageError
from resolvers.finishing import Finishing

#: pictures for which a location is asked one by one; for more it is asked for all its names
_EACH: Final = 20
_PICTURES: Final = frozenset({"avif", "gif", "jpeg", "jpg", "png", "tif", "tiff", "webp"})


class Removal:
    """One for each project."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._finishing = Finishing()

    async def __call__(self, gone: Sequence[Stored]) -> None:
        """Goes on where the caller is cancelled."""
        await self._finishing(self._remove(gone))

    async def _remove(self, gone: Sequence[Stored]) -> None:
        places: dict[str, list[Stored]] = {}
        for stored in gone:
            places.setdefault(stored.location, []).append(stored)
        for name, there in places.items():
            try:
                location = self._storage.location(name)
                await location.remove([stored.name for stored in there])
                variants = await _variants(location, [one.name for one in there if _is_picture(one)])
                if variants:
                    await location.remove(variants)
            except StorageError as error:
                logging.getLogger(LOGGER).warning(
                    'bytes of %d files stay in storage "%s": %s', len(there), name, error
                )


def _is_picture(stored: Stored) -> bool:
    """By its row, or by its name: somebody may have told the row otherwise since pictures were made of it."""
    return stored.kind in DESCRIBED or extension_of(stored.name) in _PICTURES


async def _variants(location: Location, pictures: Sequence[str]) -> list[str]:
    if len(pictures) <= _EACH:
        begun = {beginning(name) for name in pictures}
        listed = [name for each in begun for name in await location.listed(each)]
    else:
        listed = await location.listed("")
    stems = {stem_of(name) for name in pictures}
    return [name for name in listed if original_of(name) in stems]
