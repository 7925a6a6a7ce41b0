"""Names of objects that go with another one: what is made of a file, and an upload that becomes it. Pure.

    beside("6f0e....jpg", "1a2b.webp")  -> "6f0e...__1a2b.webp"
    stem_of("6f0e....jpg")              -> "6f0e..."
    original_of("6f0e...__1a2b.webp")   -> "6f0e..."

So that whoever removes a file finds all of them by how their names begin.
"""

from __future__ import annotations

from typing import Final

_APART: Final = "__"


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
    """The stem of what an object goes with; None: it stands by itself.

    >>> original_of("a__b__c.webp"), original_of("a.webp")
    ('a__b', None)
    """
    stem, apart, _ = name.rpartition(_APART)
    return stem if apart else None
