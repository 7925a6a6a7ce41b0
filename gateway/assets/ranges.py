"""The part of a file that a request asks for (RFC 9110, section 14).

    read_range("bytes=2-5", 10)   -> Span(start=2, stop=6)
    read_range("bytes=-3", 10)    -> Span(start=7, stop=10)
    read_range("bytes=50-", 10)   raises RANGE_NOT_SATISFIABLE
    read_range("lines=1-2", 10)   -> None: a header that is none is passed over

One part only: several are refused, however many there are, since they cost more than they are worth.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from schema_gen.errors import range_not_satisfiable

_UNIT: Final = "bytes="
#: more digits than any file has bytes are no number
_PART: Final = re.compile(r"([0-9]{0,18})-([0-9]{0,18})", re.ASCII)
#: of a header that goes into the answer
_TOLD: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Bytes from `start` up to `stop`, without the last."""

    start: int
    stop: int

    def content_range(self, size: int) -> str:
        return f"bytes {self.start}-{self.stop - 1}/{size}"


def read_range(header: str | None, size: int) -> Span | None:
    """None: the whole file. Raises RANGE_NOT_SATISFIABLE."""
    if header is None or header[: len(_UNIT)].lower() != _UNIT:
        return None
    asked = header[len(_UNIT) :]
    if "," in asked.rstrip(", "):
        raise range_not_satisfiable(asked[:_TOLD], size)
    found = _PART.fullmatch(asked.rstrip(", "))
    if found is None:
        return None
    first, last = found.groups()
    if first:
        start, stop = int(first), min(int(last) + 1, size) if last else size
    else:
        start, stop = max(size - int(last or 0), 0), size
    if start >= stop:
        raise range_not_satisfiable(asked[:_TOLD], size)
    return Span(start=start, stop=stop)
