"""tus 1.0.0 on the wire, pure: the head of a request -> what it asks for, and what stands in answers.

    POST   Upload-Length: 11, Upload-Metadata: filename_download aGkudHh0     -> Creation
    PATCH  Upload-Offset: 5, Upload-Checksum: sha1 MPCI...                    -> Part
    Refused(409, "...")                                                       -> a reply of plain text

Statuses are those of the protocol, which clients go by. What is refused by the rules of the project is a
`CausewayError`, as everywhere.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Final

from gateway.http import TEXT, Headers, HttpReply
from gateway.tus.metadata import Metadata, read_metadata

VERSION: Final = "1.0.0"
PATH: Final = "/files/tus"
PART: Final = "application/offset+octet-stream"
EXTENSIONS: Final = "creation,creation-with-upload,termination,expiration,checksum"
#: tells with the last bytes which file they have become (protocol)
FILE_ID: Final = "directus-file-id"
#: what browsers have to be allowed to send and to read
SENT: Final = (
    "Tus-Resumable",
    "Upload-Checksum",
    "Upload-Length",
    "Upload-Metadata",
    "Upload-Offset",
    "X-HTTP-Method-Override",
)
READ: Final = (
    "Directus-File-Id",
    "Location",
    "Tus-Checksum-Algorithm",
    "Tus-Extension",
    "Tus-Max-Size",
    "Tus-Resumable",
    "Tus-Version",
    "Upload-Expires",
    "Upload-Length",
    "Upload-Metadata",
    "Upload-Offset",
)
#: names in headers and in hashlib -> bytes of what they give
_ALGORITHMS: Final[Mapping[str, int]] = {"sha1": 20, "sha256": 32, "md5": 16}
_METHODS: Final = frozenset({"DELETE", "HEAD", "OPTIONS", "PATCH", "POST"})
_ID: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
#: no more digits than any size has
_NUMBER: Final = re.compile(r"[0-9]{1,18}", re.ASCII)

_REQUIRED: Final = "Tus-Resumable Required"


class Refused(Exception):
    """What the protocol has a status for; the text is for people."""

    def __init__(self, status: int, text: str, headers: Headers = ()) -> None:
        super().__init__(text)
        self.status = status
        self.headers = headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Checksum:
    """What the bytes of a part have to hash to."""

    algorithm: str
    digest: bytes

    def begin(self) -> Any:
        """A hash to be fed; its `digest()` is compared."""
        return hashlib.new(self.algorithm, usedforsecurity=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Bytes from `offset` on."""

    offset: int
    checksum: Checksum | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation:
    """`first`: the body is the beginning of the file."""

    length: int
    metadata: Metadata
    first: Part | None = None


def method_of(method: str, headers: Mapping[str, str]) -> str:
    """The method that is meant: some clients can send POST only.

    >>> method_of("POST", {"x-http-method-override": "PATCH"})
    'PATCH'
    """
    named = headers.get("x-http-method-override", "").upper()
    return named if method == "POST" and named in _METHODS else method


def is_tus(path: str) -> bool:
    return path == PATH or path.startswith(f"{PATH}/")


def id_of(path: str) -> str | None:
    """The upload that a path names; None: the uploads as a whole. Raises Refused where there is none.

    >>> id_of("/files/tus/"), id_of("/files/tus/3f7dfe0ef8cbb7f85c8a33889f365cd6")
    (None, '3f7dfe0ef8cbb7f85c8a33889f365cd6')
    """
    rest = path.removeprefix(PATH).strip("/")
    if rest and not _ID.fullmatch(rest):
        raise not_found()
    return rest or None


def check_version(headers: Mapping[str, str]) -> None:
    """Raises Refused (412)."""
    if headers.get("tus-resumable") != VERSION:
        text = f"Tus-Resumable has to be {VERSION}" if "tus-resumable" in headers else _REQUIRED
        raise Refused(412, text, (("tus-version", VERSION),))


def read_creation(headers: Mapping[str, str], largest: int | None) -> Creation:
    """Raises Refused, and INVALID_METADATA."""
    if "upload-concat" in headers:
        raise Refused(501, "Concatenation is not supported: send one upload at a time")
    if "upload-defer-length" in headers:
        raise Refused(501, "Upload-Defer-Length is not supported")
    if "upload-length" not in headers:
        raise Refused(400, "Upload-Length header required")
    length = _number(headers, "upload-length")
    if largest is not None and length > largest:
        raise Refused(413, f"Upload-Length is more than {largest} bytes")
    metadata = read_metadata(headers.get("upload-metadata", ""))
    first = Part(offset=0, checksum=_checksum(headers)) if _is_part(headers) else None
    return Creation(length=length, metadata=metadata, first=first)


def read_part(headers: Mapping[str, str]) -> Part:
    """Raises Refused."""
    if not _is_part(headers):
        raise Refused(415, f"Content-Type has to be {PART}")
    if "upload-offset" not in headers:
        raise Refused(400, "Upload-Offset header required")
    return Part(offset=_number(headers, "upload-offset"), checksum=_checksum(headers))


def not_found() -> Refused:
    return Refused(404, "The file for this url was not found")


def gone() -> Refused:
    return Refused(410, "The upload has expired")


def other_offset() -> Refused:
    return Refused(409, "Upload-Offset conflict")


def too_much() -> Refused:
    return Refused(413, "The upload's size is exceeded")


def locked() -> Refused:
    return Refused(423, "The upload is being written to")


def other_checksum() -> Refused:
    return Refused(460, "The part has another checksum")


# --- replies -----------------------------------------------------------------------------------------------


def reply(status: int, headers: Headers = (), text: str = "") -> HttpReply:
    kind: Headers = (("content-type", TEXT),) if text else ()
    return HttpReply(
        status=status,
        headers=(*kind, ("tus-resumable", VERSION), *headers),
        body=f"{text}\n".encode() if text else b"",
    )


def refusal(refused: Refused) -> HttpReply:
    return reply(refused.status, refused.headers, str(refused))


def abilities(largest: int | None) -> HttpReply:
    """The answer to OPTIONS."""
    bound: Headers = () if largest is None else (("tus-max-size", str(largest)),)
    algorithms = ",".join(_ALGORITHMS)
    known: Headers = (("tus-version", VERSION), ("tus-extension", EXTENSIONS))
    return reply(204, (*known, ("tus-checksum-algorithm", algorithms), *bound))


def expires(moment: datetime) -> Headers:
    return (("upload-expires", format_datetime(moment, usegmt=True)),)


def place(public_url: str, upload: str) -> Headers:
    """Where the upload goes on.

    >>> place("https://cms.example.com/", "3f7d")
    (('location', 'https://cms.example.com/files/tus/3f7d'),)
    """
    return (("location", f"{public_url.rstrip('/')}{PATH}/{upload}"),)


def _is_part(headers: Mapping[str, str]) -> bool:
    return headers.get("content-type", "").partition(";")[0].strip().lower() == PART


def _number(headers: Mapping[str, str], name: str) -> int:
    text = headers[name]
    if not _NUMBER.fullmatch(text):
        raise Refused(400, f"Invalid {name}")
    return int(text)


def _checksum(headers: Mapping[str, str]) -> Checksum | None:
    text = headers.get("upload-checksum")
    if text is None:
        return None
    algorithm, _, encoded = text.strip().partition(" ")
    try:
        digest = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused(400, "Invalid upload-checksum") from error
    if _ALGORITHMS.get(algorithm) != len(digest):
        raise Refused(400, f"Upload-Checksum takes {', '.join(_ALGORITHMS)}, each with its whole digest")
    return Checksum(algorithm=algorithm, digest=digest)
