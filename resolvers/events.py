"""What others hear of changes, after their commit.

    Event(collection="articles", action="update", keys=("5",), user="...")

Listeners are called one after the other; what one raises is logged and keeps neither the others nor the
request from going on: the change is committed.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from resolvers.writing.history import Record, key_text

_LOGGER = logging.getLogger("causeway.events")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """`keys` and `payloads` pairwise: the items, and what was written of each."""

    collection: str
    action: Literal["create", "update", "delete"]
    keys: tuple[str, ...]
    payloads: tuple[Mapping[str, Any], ...]
    user: str | None


def happened(records: Iterable[Record], user: str | None) -> list[Event]:
    """One event for each collection and action, in the order in which they first happened."""
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        groups.setdefault((record.collection.name, record.action), []).append(record)
    return [
        Event(
            collection=collection,
            action=action,  # type: ignore[arg-type]
            keys=tuple(key_text(record.key or ()) for record in group),
            payloads=tuple(record.delta for record in group),
            user=user,
        )
        for (collection, action), group in groups.items()
    ]


Listener = Callable[[Event], Awaitable[None]]


class Events:
    """`listeners`: in the order in which they hear of things."""

    def __init__(self, listeners: Iterable[Listener] = ()) -> None:
        self._listeners = tuple(listeners)

    async def publish(self, events: Iterable[Event]) -> None:
        for event in events:
            for listener in self._listeners:
                try:
                    await listener(event)
                except Exception:
                    _LOGGER.exception("a listener failed on %s of %s", event.action, event.collection)
