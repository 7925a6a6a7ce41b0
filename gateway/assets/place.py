"""What of files a path asks for. Pure.

    read_place("GET", "/assets/6f0e...")              -> OneFile(id="6f0e...", name=None)
    read_place("GET", "/assets/6f0e....png/cat.png")  -> OneFile(id="6f0e...", name="cat.png")
    read_place("POST", "/assets/files")               -> SomeFiles()
    read_place("POST", "/assets/folder/77c1...")      -> WholeFolder(id="77c1...")

An ending of the id is for browsers and means nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from schema_gen.errors import route_not_found

_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True, kw_only=True)
class OneFile:
    """`name`: what it is to be called; None: as it is stored."""

    id: str
    name: str | None


@dataclass(frozen=True, slots=True)
class SomeFiles:
    """Those that the body names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeFolder:
    id: str


Place = OneFile | SomeFiles | WholeFolder


def read_place(method: str, raw_path: str) -> Place:
    """`raw_path` as it was sent: a name may hold an encoded slash. Raises ROUTE_NOT_FOUND."""
    segments = [unquote(each) for each in raw_path.partition("?")[0].split("/")[2:]]
    if segments and not segments[-1]:
        segments.pop()
    if method in _READING and len(segments) in (1, 2):
        name = segments[1] if len(segments) == 2 else None
        return OneFile(id=segments[0].partition(".")[0], name=name)
    if method == "POST" and segments == ["files"]:
        return SomeFiles()
    if method == "POST" and len(segments) == 2 and segments[0] == "folder":
        return WholeFolder(id=segments[1])
    raise route_not_found(raw_path)
