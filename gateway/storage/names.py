r"""Which names an object may have: the one place that decides it, for every kind of location.

A name is one segment: no path leads anywhere with it. Rows of databases that others filled may name anything
(`../../etc/passwd`, `C:\x`, a NUL byte): what is no name is refused before a disk or a bucket is asked.

    checked("6ae6bf5e-8f3a-4f3f-8d33-64d0d1d7b1bf.jpg")    returns it
    checked("../secret")                                   raises StorageError
"""

from __future__ import annotations

import unicodedata
from typing import Final

from resolvers.files.storage import StorageError, StoredMissing

#: bytes: what file systems take
LONGEST: Final = 255
_SEPARATORS: Final = frozenset("/\\")
#: control characters, halves of characters
_NOT_TEXT: Final = frozenset({"Cc", "Cs"})


def is_name(name: str) -> bool:
    """Names with a dot in front are the locations' own, of what is not complete."""
    if not name or name.startswith("."):
        return False
    if any(letter in _SEPARATORS or unicodedata.category(letter) in _NOT_TEXT for letter in name):
        return False
    return len(name.encode()) <= LONGEST


def checked(name: str) -> str:
    """`name`, if something can be kept under it. Raises StorageError."""
    if not is_name(name):
        raise StorageError(f"{name[:100]!r} is no name of an object")
    return name


def looked_up(name: str) -> str:
    """`name`, if something may be there under it. Raises StoredMissing."""
    if not is_name(name):
        raise StoredMissing(f"{name[:100]!r} is no name of an object")
    return name
