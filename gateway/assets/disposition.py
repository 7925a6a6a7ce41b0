"""`Content-Disposition` (RFC 6266): whether a file is shown or saved, and under which name.

    content_disposition("note.txt", "inline")     -> inline; filename="note.txt"
    content_disposition("Übung.txt", "attachment")
        -> attachment; filename="_bung.txt"; filename*=UTF-8''%C3%9Cbung.txt

The name is whatever somebody called the file: only its last part counts, and what would end the header, or
turn the name around on the screen of who saves it, is left out.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, Literal
from urllib.parse import quote

Kind = Literal["inline", "attachment"]

#: what may stand in a quoted string as it is, for every client
_PLAIN: Final = re.compile(r"[^ !#-$&-\[\]-~]")
_SEPARATORS: Final = re.compile(r"[/\\]")
#: RFC 8187, attr-char
_KEPT: Final = "!#$&+-.^_`|~"
_LONGEST: Final = 255


def content_disposition(name: str | None, kind: Kind) -> str:
    """`name` None, or nothing that is left of it: no name is told."""
    told = clean_name(name or "")
    if not told:
        return kind
    plain = _PLAIN.sub("_", told)
    if plain == told:
        return f'{kind}; filename="{told}"'
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(told, safe=_KEPT)}"


def clean_name(name: str) -> str:
    """The last part of a path, without characters that nobody sees.

    >>> clean_name("../up\\u202egpj.exe"), clean_name("C:\\\\x\\\\a b.txt"), clean_name("..")
    ('upgpj.exe', 'a b.txt', '')
    """
    last = _SEPARATORS.split(name)[-1]
    seen = "".join(each for each in last if unicodedata.category(each)[0] != "C").strip()
    return "" if seen.strip(".") == "" else seen[:_LONGEST]
