r"""Names inside a zip: what people called their files and folders, made harmless for whoever unpacks it.

    entry_name("../../etc/passwd", "x")  -> ".._.._etc_passwd"
    entry_name("C:\\evil.txt", "x")      -> "C__evil.txt"
    entry_name("NUL", "x")               -> "_NUL"

    names = Siblings()
    names.take("a.txt"), names.take("A.txt") -> "a.txt", "A (1).txt"

A name is one segment of a path: no separator, no drive, nothing that leads up, nothing that systems reserve.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from resolvers.files.rows import FileRow, Folder

#: separators, drives, streams, and what some systems have no file names with
_REPLACED: Final = re.compile(r'[/\\:*?"<>|]')
_RESERVED: Final = re.compile(r"(?:CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9])(?:\..*)?", re.IGNORECASE)
#: bytes of a name in UTF-8; systems take 255, a number may follow
_LONGEST: Final = 200


def file_name(row: FileRow) -> str:
    """A file without a name is its id, with the ending that its bytes have."""
    ending = "" if row.disk is None else row.disk[len(_stem(row.disk)) :]
    return entry_name(row.name or "", f"{row.id}{entry_name(ending, '')}")


def folder_name(folder: Folder) -> str:
    return entry_name(folder.name or "", folder.id)


def entry_name(name: str, otherwise: str) -> str:
    """`otherwise`: where nothing is left of it."""
    seen = "".join(each for each in name if unicodedata.category(each)[0] != "C")
    # endings that Windows takes away, so that two names would become one
    kept = _short(_REPLACED.sub("_", seen).strip()).rstrip(". ")
    if not kept:
        return otherwise
    return f"_{kept}" if _RESERVED.fullmatch(kept) else kept


class Siblings:
    """The names in one folder: none twice, also where large and small letters are the same."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._last: dict[str, int] = {}

    def take(self, name: str) -> str:
        stem = _stem(name)
        key, found = _alike(name), name
        while _alike(found) in self._taken:
            self._last[key] = number = self._last.get(key, 0) + 1
            found = f"{stem} ({number}){name[len(stem) :]}"
        self._taken.add(_alike(found))
        return found


def _alike(name: str) -> str:
    """The same for names that some system takes for one: by case, by how an accent is written."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _stem(name: str) -> str:
    place = name.rfind(".")
    return name[:place] if place > 0 else name


def _short(name: str) -> str:
    encoded = name.encode()
    if len(encoded) <= _LONGEST:
        return name
    stem = _stem(name)
    ending = name[len(stem) :].encode()[:20]
    return (stem.encode()[: _LONGEST - len(ending)] + ending).decode("utf-8", "ignore")
