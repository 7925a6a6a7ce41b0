"""JSON -> dates and times: texts in the forms of ISO 8601, or milliseconds since 1970.

    moment("2024-01-02T10:00:00+02:00")  -> 2024-01-02 08:00 UTC
    day("2024-01-02T23:00:00-05:00")     -> 2024-01-03
    time_of_day("10:00")                 -> 10:00:00

A moment without zone is one of UTC. Moments keep milliseconds: that is what answers can tell, and what a
value that was read can be compared with.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from resolvers.writing.refusing import Refusing
from schema_gen.errors import CausewayError, invalid_payload

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_DAY: Final = 10


def milliseconds(moment: datetime) -> int:
    """Since 1970, of a moment with zone."""
    return (moment - EPOCH) // _MILLISECOND


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def moment_reader(refusing: Refusing, what: str) -> Callable[[Any], datetime]:
    """Gives moments in UTC. `what`: the type in the protocol's sentence, "DateTime"."""

    def read(value: Any) -> datetime:
        try:
            moment = _moment(value)
        except (ValueError, OverflowError):
            raise _invalid(refusing, what) from None
        rest = moment.microsecond % 1000
        return moment.replace(microsecond=moment.microsecond - rest) if rest else moment

    return read


def date_reader(refusing: Refusing) -> Callable[[Any], date]:
    def read(value: Any) -> date:
        try:
            if type(value) is str and len(value) == _DAY:
                return date.fromisoformat(value)
            return _moment(value).date()
        except (ValueError, OverflowError):
            raise _invalid(refusing, "Date") from None

    return read


def time_reader(refusing: Refusing) -> Callable[[Any], time]:
    def read(value: Any) -> time:
        try:
            if not isinstance(value, str):
                raise ValueError(value)
            found = time.fromisoformat(value)
        except ValueError:
            raise _invalid(refusing, "Time") from None
        return found.replace(tzinfo=None, microsecond=found.microsecond // 1000 * 1000)

    return read


def _moment(value: Any) -> datetime:
    if isinstance(value, str):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            return moment.replace(tzinfo=UTC)
        return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return EPOCH + timedelta(milliseconds=value)
    raise ValueError(value)


def _invalid(refusing: Refusing, what: str) -> CausewayError:
    return invalid_payload(f'Invalid {what} format in field "{refusing.field}"')
