"""Caches on the way: entity tags, conditional requests, and for how long who may keep a file.

A tag stands for bytes: where they are, what they are called there, how many there are and since when. New
bytes of a file have a new name, so that it changes with them; each picture that is made of a file has its
own. It is known from the row alone: who has the file already is answered without a look at it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from resolvers.files.rows import FileRow

Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheTerms:
    """ASSETS_CACHE_TTL in seconds, ASSETS_CACHE_REVALIDATE."""

    ttl: int
    revalidate: bool

    def cache_control(self, *, everybody: bool) -> str:
        """`everybody`: it was answered without a look at who asks, and any cache on the way may keep it."""
        who = "public" if everybody else "private"
        if self.revalidate:
            return f"{who}, max-age=0, must-revalidate"
        return f"{who}, max-age={self.ttl}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """Of the bytes that a URL answers with. `modified` None: not for the caller."""

    tag: str
    modified: datetime | None

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        if self.modified is None:
            return (("etag", self.tag),)
        return (("etag", self.tag), ("last-modified", format_datetime(self.modified, usegmt=True)))


def version_of(row: FileRow, variant: str | None) -> Version:
    """`variant`: what is made of the file; None: the file itself."""
    facts = (row.storage, row.disk, row.size, row.uploaded_on, row.modified_on, variant)
    digest = hashlib.blake2s(repr(facts).encode("utf-8", "replace"), digest_size=12).hexdigest()
    changed = moment(row.modified_on or row.uploaded_on) if row.tells_when else None
    return Version(tag=f'"{digest}"', modified=changed)


def is_known(headers: Headers, version: Version) -> bool:
    """Whether the client has these bytes already. A date counts only where no tags are given."""
    tags = headers.get("if-none-match")
    if tags is not None:
        return tags.strip() == "*" or any(_weakly(tag) == version.tag for tag in tags.split(","))
    since = headers.get("if-modified-since")
    if since is None or version.modified is None:
        return False
    date = _date(since)
    return date is not None and version.modified <= date


def is_same(headers: Headers, version: Version) -> bool:
    """Whether a part of these bytes fits to the parts that the client has (`If-Range`)."""
    given = headers.get("if-range")
    if given is None or given.strip() == version.tag:
        return True
    return version.modified is not None and _date(given) == version.modified


def _weakly(tag: str) -> str:
    return tag.strip().removeprefix("W/")


def _date(text: str) -> datetime | None:
    try:
        return _in_utc(parsedate_to_datetime(text))
    except (ValueError, OverflowError):
        return None


def moment(text: str | None) -> datetime | None:
    """What stands in a row, in whole seconds as HTTP has them."""
    try:
        return _in_utc(datetime.fromisoformat(text or "")).replace(microsecond=0)
    except (ValueError, OverflowError):
        return None


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
