"""Moments as the system tables hold them: `timestamptz` on PostgreSQL, milliseconds since 1970 on SQLite."""

from __future__ import annotations

from datetime import UTC, datetime

from schema_gen.database import Database


def stored(database: Database, moment: datetime) -> datetime | int:
    """The parameter for a moment with time zone."""
    return moment if database.dialect == "postgresql" else int(moment.timestamp() * 1000)


def written(moment: datetime) -> str:
    """As the protocol writes it.

    >>> written(datetime(2026, 5, 1, 8, tzinfo=UTC))
    '2026-05-01T08:00:00.000Z'
    """
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment_of(value: datetime | float | str) -> datetime:
    """The moment a column holds; text and times without zone are UTC. Raises ValueError for other text."""
    if isinstance(value, (int, float)):
        return datetime.fromtimestamp(value / 1000, UTC)
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
