"""Upload-Metadata: what a client says of the file that it is about to send. Pure.

    filename_download aGVsbG8udHh0,type dGV4dC9wbGFpbg==,folder      -> {"filename_download": "hello.txt",
                                                                         "type": "text/plain", "folder": None}

`wish_of` sorts it: the name and kind of the bytes, the columns of the row, and the file that is replaced.
Keys that are no columns are the client's own notes.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from gateway.uploads.file_names import download_name
from schema_gen.errors import invalid_metadata

Metadata = Mapping[str, str | None]

#: what names the file whose bytes are to be replaced
_TARGETS: Final = ("id", "replace_id")
#: what is said of the bytes, and what a name is made of
_NO_COLUMNS: Final = frozenset({"filename_download", "storage", "type"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """`columns`: as text, what the row is to hold; `replaces`: key of the file whose bytes these become."""

    filename: str
    type: str | None
    storage: str | None
    columns: Mapping[str, str]
    replaces: str | None


def read_metadata(header: str) -> Metadata:
    """Raises INVALID_METADATA.

    >>> read_metadata("filename_download aGVsbG8udHh0,private")
    {'filename_download': 'hello.txt', 'private': None}
    """
    found: dict[str, str | None] = {}
    for pair in header.split(","):
        key, separator, encoded = pair.strip().partition(" ")
        if not key or not key.isascii() or key in found or (separator and " " in encoded):
            raise invalid_metadata()
        found[key] = _decoded(encoded) if encoded else None
    return found


def written(metadata: Metadata) -> str:
    """As it came.

    >>> written({"filename_download": "hello.txt", "private": None})
    'filename_download aGVsbG8udHh0,private'
    """
    return ",".join(
        key if value is None else f"{key} {base64.b64encode(value.encode()).decode()}"
        for key, value in metadata.items()
    )


def replaced_by(metadata: Metadata) -> str | None:
    """The file whose bytes are replaced."""
    named = (metadata.get(name) for name in _TARGETS)
    # the same in large letters
    return next((key.lower() for key in named if key), None)


def wish_of(metadata: Metadata, fields: Collection[str]) -> Wish:
    """`fields`: the columns of files. Raises INVALID_METADATA where the file has no name, or two are to be
    replaced.
    """
    given = {name: value for name, value in metadata.items() if value}
    filename = download_name(given.get("filename_download"))
    targets = {given[name].lower() for name in _TARGETS if name in given}
    if filename is None or len(targets) > 1:
        raise invalid_metadata()
    columns = {"filename_download": filename} | {
        name: value
        for name, value in given.items()
        if name in fields and name not in _TARGETS and name not in _NO_COLUMNS
    }
    return Wish(
        filename=filename,
        type=given.get("type"),
        storage=given.get("storage"),
        columns=columns,
        replaces=replaced_by(metadata),
    )


def _decoded(encoded: str) -> str:
    try:
        text = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise invalid_metadata() from error
    if "\0" in text:
        raise invalid_metadata()
    return text
