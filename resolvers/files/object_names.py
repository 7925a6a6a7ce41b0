"""Names of objects that go with another one: what is made of a file, and an upload that becomes it. Pure.

    beside("6f0e....jpg", "6b86....webp")  -> "6f0e...__6b86....webp"
    stem_of("6f0e....jpg")                 -> "6f0e..."
    original_of("6f0e...__6b86....webp")   -> "6f0e..."

So that whoever removes a file finds all of them by how their names begin.
"""

from __future__ import annotations

import re
from typing import Final

_APART: Final = "__"
#: what comes behind it, here and in Directus
_END: Final = re.compile(r"[0-9a-f]{24,64}(?:\.[A-Za-z0-9]{1,16})?")


def beside(name: str, end: str) -> str:
    return f"{beginning(name)}{end}"


def beginning(name: str) -> str:
    """What the names of all begin with that go with this one.

    >>> beginning("a.b.jpg")
    'a.b__'
    """
    return f"{stem_of(name)}{_APART}"


def stem_of(name: str) -> str:
    """
    >>> stem_of("a.b.jpg"), stem_of("a")
    ('a.b', 'a')
    """
    return name.rpartition(".")[0] or name


def original_of(name: str) -> str | None:
    """The stem of what an object goes with; None: it stands by itself, as files of other servers may whose
    names only begin like others.

    >>> original_of("a__b__6b86b273ff34fce19d6b804e.webp"), original_of("a__b.webp"), original_of("a.webp")
    ('a__b', None, None)
    """
    stem, apart, end = name.rpartition(_APART)
    return stem if apart and _END.fullmatch(end) else None
