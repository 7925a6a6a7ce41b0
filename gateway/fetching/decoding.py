"""What servers send compressed although they were asked not to, unpacked piece by piece.

A kilobyte can hold a gigabyte: pieces are small, and whoever takes them counts them.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final, Protocol

from gateway.fetching.failures import FetchFailed

_PIECE: Final = 64 * 1024
#: gzip, with the largest window there is
_GZIP: Final = 16 + zlib.MAX_WBITS


class Unpacking(Protocol):
    def pieces(self, packed: bytes) -> Iterator[bytes]:
        """What the next part of the content holds. Raises FetchFailed where that is broken."""

    def end(self) -> None:
        """Raises FetchFailed where something is missing."""


def unpacking(encoding: str) -> Unpacking:
    """`encoding`: the header Content-Encoding. Raises FetchFailed for one that is not known."""
    kind = encoding.strip().lower()
    if kind in ("", "identity"):
        return _Plain()
    if kind in ("gzip", "x-gzip"):
        return _Gzip()
    raise FetchFailed("compressed in a way that is not known")


class _Plain:
    def pieces(self, packed: bytes) -> Iterator[bytes]:
        yield packed

    def end(self) -> None:
        return None


class _Gzip:
    """One or several members, one after the other."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP)

    def pieces(self, packed: bytes) -> Iterator[bytes]:
        while packed:
            if self._member.eof:
                self._member = zlib.decompressobj(_GZIP)
            try:
                piece = self._member.decompress(packed, _PIECE)
            except zlib.error as error:
                raise FetchFailed("the compressed content is broken") from error
            if piece:
                yield piece
            packed = self._member.unused_data if self._member.eof else self._member.unconsumed_tail

    def end(self) -> None:
        if not self._member.eof:
            raise FetchFailed("the compressed content is cut off")
