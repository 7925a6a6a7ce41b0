"""What is made of images, kept beside them: `<stem of the image>__<which image><key of the
recipe>.<format>`.

    opened = await variants.open(location, "6f0e....jpg", recipe)

Whoever asks for one that is not there yet has it made; who asks for the same meanwhile waits for that one.
It appears as a whole or not at all, and goes with its image.
"""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path

from gateway.images.pool import Images
from gateway.images.recipe import Recipe
from resolvers.files.object_names import beside
from resolvers.files.storage import Location, Opened, StoredMissing
from resolvers.single_flight import SingleFlight
from schema_gen.errors import CausewayError


class Variants:
    """One for each project. `directory`: where pictures are made."""

    def __init__(self, images: Images, directory: Path) -> None:
        self._images = images
        self._directory = directory
        self._flights: SingleFlight[None] = SingleFlight(for_askers_only=True)

    async def open(self, location: Location, disk: str, recipe: Recipe) -> Opened:
        """Raises StorageError, and what the image is refused for."""
        name = variant_name(disk, recipe)
        try:
            return await location.open(name)
        except StoredMissing:
            await self._flights.run((location.name, name), lambda: self._make(location, disk, recipe, name))
        return await location.open(name)

    async def _make(self, location: Location, disk: str, recipe: Recipe, name: str) -> None:
        target = self._directory / f".causeway-{secrets.token_hex(16)}"
        try:
            async with location.local(disk) as source:
                await self._images.transform(source, recipe, target)
            await location.take_in(name, target)
        except CausewayError:
            # what cannot be read may have gone just now
            await self._beside(location, disk, name)
            raise
        finally:
            target.unlink(missing_ok=True)
        await self._beside(location, disk, name)

    async def _beside(self, location: Location, disk: str, name: str) -> None:
        """An image that went meanwhile leaves nothing behind. Raises StoredMissing."""
        try:
            original = await location.open(disk)
        except StoredMissing:
            await location.remove([name])
            raise
        await original.close()


def variant_name(disk: str, recipe: Recipe) -> str:
    """Files of other servers may have one stem (`a.png`, `a.jpg`): what is made of one is not for the readers
    of the other.
    """
    which = hashlib.blake2s(disk.encode("utf-8", "replace"), digest_size=8).hexdigest()
    return beside(disk, f"{which}{recipe.name}")
