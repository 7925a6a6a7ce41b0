"""How values of PostgreSQL's own types cross the wire where the driver's way would not do.

`json` and `jsonb` pass through as bytes. Days and moments are numbers (days, microseconds since 2000): the
driver itself takes the first and the last day that Python knows for infinities, so `9999-12-31` would not be
stored. An infinity that is read is that first or last day.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import asyncpg

_DAY_ZERO: Final = date(2000, 1, 1).toordinal()
_LAST_DAY: Final = date.max.toordinal()
_ZERO: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)


def json_in(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def json_out(value: bytes) -> bytes:
    return value


def jsonb_in(value: str | bytes) -> bytes:
    return b"\x01" + json_in(value)


def jsonb_out(value: bytes) -> bytes:
    return value[1:]


def day_in(value: date) -> tuple[int]:
    return (value.toordinal() - _DAY_ZERO,)


def day_out(value: tuple[int]) -> date:
    return date.fromordinal(min(max(value[0] + _DAY_ZERO, 1), _LAST_DAY))


def moment_in(value: datetime) -> tuple[int]:
    """Without zone: UTC."""
    moment = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    return ((moment - _ZERO) // _MICROSECOND,)


def moment_out(value: tuple[int]) -> datetime:
    try:
        return _ZERO + timedelta(microseconds=value[0])
    except OverflowError:
        return _FIRST if value[0] < 0 else _LAST


def local_out(value: tuple[int]) -> datetime:
    return moment_out(value).replace(tzinfo=None)


_Codec = tuple[str, Callable[[Any], Any], Callable[[Any], Any], str]

_CODECS: Final[tuple[_Codec, ...]] = (
    ("json", json_in, json_out, "binary"),
    ("jsonb", jsonb_in, jsonb_out, "binary"),
    ("date", day_in, day_out, "tuple"),
    ("timestamp", moment_in, local_out, "tuple"),
    ("timestamptz", moment_in, moment_out, "tuple"),
)


async def set_codecs(connection: asyncpg.Connection) -> None:
    for name, encoder, decoder, form in _CODECS:
        await connection.set_type_codec(
            name, schema="pg_catalog", encoder=encoder, decoder=decoder, format=form
        )
