"""What requests have been found to mean, for as long as nothing has changed that it depends on.

    repeats.find(bundle, place) -> what was kept for it, or None

A place holds everything that decides a plan besides the schema: what was asked, byte for byte, and the
fingerprint of the caller's rules. What is kept belongs to one bundle and goes with it. So permissions are
decided where they always are, and a request that comes again, with the same rights, is not decided twice.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

from resolvers.bundle import Bundle

V = TypeVar("V")

#: longer requests are worked out anew each time
LONGEST: Final = 4096
#: bytes that an entry counts at least
_LEAST: Final = 250


class Repeats(Generic[V]):
    """`room`: bytes of all requests together, each counted with 250 at least; those not used go first."""

    def __init__(self, room: int = 500_000) -> None:
        self._bundle: Bundle | None = None
        self._kept: OrderedDict[Hashable, tuple[V, int]] = OrderedDict()
        self._room = room
        self._taken = 0

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, bundle: Bundle, place: Hashable) -> V | None:
        if bundle is not self._bundle:
            return None
        entry = self._kept.get(place)
        if entry is None:
            return None
        self._kept.move_to_end(place)
        return entry[0]

    def keep(self, bundle: Bundle, place: Hashable, found: V, size: int) -> None:
        """`bundle`: the current one, which `found` was planned with. `size`: bytes of the request."""
        if size > LONGEST:
            return
        if bundle is not self._bundle:
            self._bundle = bundle
            self._kept.clear()
            self._taken = 0
        size = max(size, _LEAST)
        before = self._kept.pop(place, None)
        self._taken += size - (0 if before is None else before[1])
        self._kept[place] = (found, size)
        while self._taken > self._room:
            self._taken -= self._kept.popitem(last=False)[1][1]


def tells_secrets(asked: bytes) -> bool:
    """Whether it names a token: such a request is not to be kept."""
    return b"token" in asked
