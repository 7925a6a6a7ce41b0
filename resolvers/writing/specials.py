"""Values that fields make themselves, by their specials.

                      create                          update
uuid                  where none is sent              -
date-created, ...     always                          as sent
date-updated, ...     as sent                         always
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal

from resolvers.context import RequestContext
from resolvers.writing.current import as_json
from schema_gen.model import Collection, Field

Change = Literal["create", "update"]
Make = Callable[[RequestContext], Any]

_WHAT: Final[Mapping[str, Mapping[str, str]]] = {
    "create": {"date-created": "date", "user-created": "user", "role-created": "role"},
    "update": {"date-updated": "date", "user-updated": "user", "role-updated": "role"},
}


def made(collection: Collection, change: Change) -> Mapping[str, Make]:
    """Field -> the value it makes of the request, whatever was sent."""
    found: dict[str, Make] = {}
    for field in collection.fields.values():
        what = next((_WHAT[change][name] for name in field.special if name in _WHAT[change]), None)
        if what is not None and field.column is not None:
            found[field.name] = _maker(what, field)
    return found


def identified(collection: Collection) -> tuple[str, ...]:
    """Fields that a new item gets a random UUID for where none, null or an empty text was sent."""
    return tuple(
        field.name
        for field in collection.fields.values()
        if "uuid" in field.special and field.column is not None
    )


def special_values(
    collection: Collection, change: Change
) -> Callable[[Mapping[str, Any], RequestContext], dict[str, Any]]:
    """Made once for many items: payload -> the values to put over it, as payload values.

    special_values(articles, "create")({"title": "A"}, context) -> {"id": "6f0e...", "created": "2024-..."}
    """
    makers = tuple(made(collection, change).items())
    ids = identified(collection) if change == "create" else ()
    if not makers and not ids:
        return lambda _payload, _context: {}

    def values(payload: Mapping[str, Any], context: RequestContext) -> dict[str, Any]:
        found = {name: make(context) for name, make in makers}
        for name in ids:
            if payload.get(name) in (None, ""):
                found[name] = str(uuid.uuid4())
        return found

    return values


def filled(collection: Collection, change: Change) -> frozenset[str]:
    """Fields that need no value from the payload, and none but null does harm."""
    names = set(made(collection, change))
    return frozenset(names | set(identified(collection)) if change == "create" else names)


def _maker(what: str, field: Field) -> Make:
    if what == "user":
        return lambda context: context.actor.user
    if what == "role":
        return lambda context: context.actor.role
    if field.type == "time":
        return lambda context: f"{context.now.astimezone(UTC):%H:%M:%S}"
    if field.type == "date":
        return lambda context: f"{context.now.astimezone(UTC):%Y-%m-%d}"
    return lambda context: as_json(_cut(context.now))


def _cut(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
