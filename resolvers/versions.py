"""The version of an item as somebody saw it: a digest of its JSON, as HTTP's entity tags are.

The version of what a URL shows changes whenever the answer would, whatever part of it changed; the same URL
is read again when a write is bound to it (`If-Match`).
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b


def version_of(data: bytes) -> str:
    """24 hexadecimal digits."""
    return blake2b(data, digest_size=12).hexdigest()


def is_among(data: bytes | None, versions: Sequence[str]) -> bool:
    """Whether what is there has one of the versions; `*` is any that is there."""
    return data is not None and ("*" in versions or version_of(data) in versions)
