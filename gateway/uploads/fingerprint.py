"""What tells two uploads apart that say the same of their files: their names and bytes.

fingerprint = Fingerprint()
async for part in fingerprint.of("a.png", chunks): ...      the same parts
fingerprint.digest()                                        of all files, in their order
"""

from __future__ import annotations

from collections.abc import AsyncIterable
from hashlib import blake2b
from typing import Final

_BYTES: Final = 16


class Fingerprint:
    """Of the files of one request."""

    def __init__(self) -> None:
        self._files: list[_Read] = []

    def of(self, filename: str, chunks: AsyncIterable[bytes]) -> AsyncIterable[bytes]:
        """The chunks of the next file, looked at as they go by."""
        read = _Read(filename, chunks)
        self._files.append(read)
        return read

    def digest(self) -> bytes:
        return b"".join([read.digest.digest() for read in self._files])


class _Read:
    def __init__(self, filename: str, chunks: AsyncIterable[bytes]) -> None:
        self._chunks = aiter(chunks)
        self.digest = blake2b(f"{filename}\0".encode("utf-8", "surrogatepass"), digest_size=_BYTES)

    def __aiter__(self) -> _Read:
        return self

    async def __anext__(self) -> bytes:
        part = await anext(self._chunks)
        self.digest.update(part)
        return part
