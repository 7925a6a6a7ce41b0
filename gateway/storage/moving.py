"""From one location to another, without holding it whole.

    size = await copied(storage.location("local"), storage.location("cloud"), "0b3c.png", "77aa.png")

The object stays where it was: who moves it removes it there when nothing needs it any more (a transaction
that names the new place has to be committed before).
"""

from __future__ import annotations

from resolvers.files.storage import Location


async def copied(source: Location, target: Location, name: str, as_name: str) -> int:
    """The size of the copy, in bytes. Raises StoredMissing, and StorageError of either location."""
    opened = await source.open(name)
    try:
        return await target.write(as_name, opened.chunks())
    finally:
        await opened.close()
