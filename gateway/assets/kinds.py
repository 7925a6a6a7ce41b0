"""What kind of content a file is for browsers: its media type, whether it may be shown, under which policy.

A file comes from whoever may upload, under our own address: what can run in a page never opens in a tab of
the browser. Shown is only what is known to hold no scripts; everything else is saved. Whatever opens all the
same is in a sandbox and may load nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from gateway.page_policy import Directive, policy_of
from gateway.uploads.kinds import UNKNOWN, media_type

_CHARSET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,39}", re.ASCII)
#: pictures without scripts, and what is nothing but text
_SHOWN: Final = frozenset(
    {
        *(f"image/{name}" for name in ("apng", "avif", "bmp", "gif", "heic", "heif", "jpeg", "jpg", "jxl")),
        *(f"image/{name}" for name in ("png", "tiff", "vnd.microsoft.icon", "webp", "x-icon")),
        *("application/json", "application/pdf", "text/csv", "text/markdown", "text/plain"),
    }
)
#: what browsers play; a type that ends in `+xml` is a document to them, whatever it begins with
_PLAYED: Final = re.compile(r"(?:audio|video)/[a-z0-9._-]+", re.ASCII)
#: browsers show it in a viewer of their own, which does not work in a sandbox
_VIEWED: Final = "application/pdf"
_POLICY: Final = {"default-src": "'none'", "sandbox": ""}
#: players load what they play by themselves
_VIEWER_POLICY: Final = {"default-src": "'none'", "media-src": "'self'"}


def kind_in(stored: str | None) -> str:
    """The type in the row, if it is one: rows of other servers hold anything."""
    return media_type(stored) or UNKNOWN


def is_shown(kind: str) -> bool:
    """Whether a browser may open it in a tab."""
    return kind in _SHOWN or _PLAYED.fullmatch(kind) is not None


def content_type(kind: str, charset: str | None) -> str:
    """Text says its encoding: browsers that have to guess can be led astray.

    >>> content_type("text/plain", None), content_type("image/png", None)
    ('text/plain; charset=utf-8', 'image/png')
    """
    if not kind.startswith("text/"):
        return kind
    known = charset is not None and _CHARSET.fullmatch(charset) is not None
    return f"{kind}; charset={charset if known else 'utf-8'}"


def file_policies(changes: Iterable[Directive]) -> tuple[str, str]:
    """The policy of files, and that of those which browsers show in viewers."""
    given = tuple(changes)
    return policy_of(_POLICY, given), policy_of(_VIEWER_POLICY, given)


def is_viewed(kind: str) -> bool:
    return kind == _VIEWED or _PLAYED.fullmatch(kind) is not None
