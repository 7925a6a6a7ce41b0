"""multipart/form-data as it arrives: fields, and files whose bytes go on at once.

    async for part in parts_of(stream, content_type, limit):
        Field(name="title", text="A holiday")
        Upload(name="file", filename="a.png", type="image/png", chunks=...)

Fields come with the next file: what stands after the last one belongs to nothing. No part is ever held whole
but fields, and of those no more than `limit` bytes in all. What is left of a file when the next part is asked
for is dropped.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from multipart import (
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,
)

from schema_gen.errors import CausewayError, content_too_large, invalid_payload

FORM: Final = "multipart/form-data"
#: fields and files of one request
MOST_PARTS: Final = 1000
#: bytes between the parts that any form may have
_AROUND: Final = 256 * 1024
_EXTENDED: Final = re.compile(r";\s*filename\*\s*=\s*\"?([\w!#$%&+^`{}~-]+)'[\w-]*'([^;\s\"]*)", re.I)
_CHARSETS: Final = frozenset({"utf-8", "iso-8859-1", "us-ascii"})
#: the library has no types: `MultipartSegment`, then bytes of it, then None at its end
_Event = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """`chunks` can be read once, before the next part is asked for."""

    name: str
    filename: str
    type: str | None
    chunks: AsyncIterable[bytes]


async def parts_of(
    stream: AsyncIterable[bytes], content_type: str, limit: int
) -> AsyncGenerator[Field | Upload, None]:
    """Raises INVALID_PAYLOAD for what is no form, CONTENT_TOO_LARGE for more than there may be of it."""
    boundary = parse_options_header(content_type)[1].get("boundary", "")
    try:
        parser = PushMultipartParser(boundary, max_segment_count=MOST_PARTS)
    except MultipartError as error:
        raise _refused(error) from error
    events = _events(stream, parser, limit + _AROUND)
    left = limit
    async for event in events:
        if not isinstance(event, MultipartSegment):
            continue
        filename = _filename(event)
        if filename is None:
            raw = await _whole(events, left)
            left -= len(raw)
            yield Field(name=event.name or "", text=_decoded(raw, event.charset))
        elif filename:
            rest = _File(events)
            yield Upload(
                name=event.name or "", filename=filename, type=event.header("Content-Type"), chunks=rest
            )
            await rest.drop()
        else:
            # what browsers send where no file was chosen
            await _File(events).drop()


async def _events(
    stream: AsyncIterable[bytes], parser: PushMultipartParser, limit: int
) -> AsyncGenerator[_Event, None]:
    """`limit`: of bytes that are in no part."""
    around = 0
    try:
        with parser:
            async for chunk in stream:
                around += len(chunk)
                for event in parser.parse(chunk):
                    if isinstance(event, (bytes, bytearray)):
                        around -= len(event)
                    yield event
                if around > limit:
                    raise content_too_large()
    except MultipartError as error:
        raise _refused(error) from error


class _File:
    """The bytes of one part."""

    def __init__(self, events: AsyncIterator[_Event]) -> None:
        self._events = events
        self._ended = False

    def __aiter__(self) -> _File:
        return self

    async def __anext__(self) -> bytes:
        if not self._ended:
            event = await anext(self._events)
            if isinstance(event, (bytes, bytearray)):
                return bytes(event)
            self._ended = True
        raise StopAsyncIteration

    async def drop(self) -> None:
        async for _ in self:
            pass


async def _whole(events: AsyncIterator[_Event], limit: int) -> bytes:
    parts: list[bytes] = []
    async for part in _File(events):
        limit -= len(part)
        if limit < 0:
            raise content_too_large()
        parts.append(part)
    return b"".join(parts)


def _filename(segment: Any) -> str | None:
    """None: a field. `filename*` goes before `filename`, which is there for those who do not know it."""
    extended = _EXTENDED.search(segment.header("Content-Disposition") or "")
    if extended is not None and extended[1].lower() in _CHARSETS:
        with suppress(UnicodeDecodeError):
            return unquote_to_bytes(extended[2]).decode(extended[1])
    plain: str | None = segment.filename
    return plain


def _decoded(raw: bytes, charset: str | None) -> str:
    try:
        return raw.decode(charset if charset in _CHARSETS else "utf-8")
    except UnicodeDecodeError as error:
        raise invalid_payload("A field of the form is no text") from error


def _refused(error: MultipartError) -> CausewayError:
    if isinstance(error, ParserLimitReached):
        return content_too_large()
    # with more than a sentence comes what only developers understand
    reason = error.args[0] if error.args else error
    return invalid_payload(f"The form cannot be read: {str(reason).rstrip('.')}")
