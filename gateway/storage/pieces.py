"""Parts of any size, gathered into pieces of one size: what is given to a disk or sent to a server at once.

8 KB, 64 KB, 64 KB, ...  ->  1 MB, 1 MB, ..., the rest
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable
from typing import Final

#: bytes that are read in one turn, wherever they are: what a slow client makes the server hold
READ_AT_ONCE: Final = 256 << 10


class _Gathering:
    def __init__(self, size: int) -> None:
        self._size = size
        self._parts: list[bytes] = []
        self._length = 0

    def add(self, part: bytes) -> bool:
        """Whether there is enough for a piece."""
        self._parts.append(part)
        self._length += len(part)
        return self._length >= self._size

    def take(self) -> bytes:
        parts, self._parts, self._length = self._parts, [], 0
        return parts[0] if len(parts) == 1 else b"".join(parts)


async def gathered(chunks: AsyncIterable[bytes], size: int) -> AsyncGenerator[bytes, None]:
    """Each piece but the last has at least `size` bytes, at most one part more. None is empty."""
    gathering = _Gathering(size)
    async for chunk in chunks:
        if gathering.add(chunk):
            yield gathering.take()
    if rest := gathering.take():
        yield rest


async def kept(chunks: AsyncIterable[bytes], size: int, keep: Callable[[bytes], Awaitable[None]]) -> None:
    """Hands each piece to `keep`; where `chunks` raises, what came before is handed over first."""
    gathering = _Gathering(size)
    try:
        async for chunk in chunks:
            if gathering.add(chunk):
                await keep(gathering.take())
    finally:
        # empty where `keep` itself failed: nothing is kept behind a gap
        if rest := gathering.take():
            await keep(rest)
