"""`$` variables of presets and validation rules, filled in Python: who asks, and when.

    current.filled({"owner": "$CURRENT_USER", "due": "$NOW(+1 day)"})
    -> {"owner": "6f0e...", "due": datetime(2024, 6, 16, 12, 0)}

`$CURRENT_USER.email` and the like are read beforehand: `paths` says which are needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from resolvers.context import RequestContext
from resolvers.sql.values import adjusted

_NOW: Final = re.compile(r"^\$NOW(?:\((.*)\))?$")
_WHO: Final = ("$CURRENT_USER", "$CURRENT_ROLE", "$CURRENT_ROLES", "$CURRENT_POLICIES")


class Unknown:
    """What a variable stands for where there is nothing: the user of the public. Equal to no value."""


UNKNOWN: Final = Unknown()


@dataclass(frozen=True, slots=True, kw_only=True)
class Current:
    """`values`: what the `paths` stand for, by their spelling; those not in it are unknown."""

    context: RequestContext
    values: Mapping[str, Any] = field(default_factory=dict)

    def filled(self, value: Any) -> Any:
        """`value` with its variables, however deep, in place: moments as datetime, no value as `UNKNOWN`."""
        if isinstance(value, str):
            return self._variable(value) if value[:1] == "$" else value
        if isinstance(value, Mapping):
            return {name: self.filled(item) for name, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.filled(item) for item in value]
        return value

    def _variable(self, text: str) -> Any:
        if match := _NOW.match(text):
            return adjusted(self.context.now, (match[1] or "").strip()).astimezone(UTC)
        actor = self.context.actor
        match text:
            case "$CURRENT_USER":
                return UNKNOWN if actor.user is None else actor.user
            case "$CURRENT_ROLE":
                return UNKNOWN if actor.role is None else actor.role
            case "$CURRENT_ROLES":
                return list(actor.roles)
            case "$CURRENT_POLICIES":
                return list(actor.policies)
        if text.partition(".")[0] in _WHO:
            found = self.values.get(text)
            return UNKNOWN if found is None else found
        return text


def paths(*values: Any) -> frozenset[str]:
    """The variables of the form `$CURRENT_USER.a.b` in rules or presets.

    >>> paths({"team": {"_eq": "$CURRENT_USER.team"}}, {"owner": "$CURRENT_USER"})
    frozenset({'$CURRENT_USER.team'})
    """
    return frozenset(text for value in values for text in _texts(value) if _is_path(text))


def dynamic(value: Any) -> bool:
    """Whether there may be variables in a rule."""
    return any(text[:1] == "$" for text in _texts(value))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)


def _is_path(text: str) -> bool:
    head, dot, _ = text.partition(".")
    return bool(dot) and head in _WHO


def as_json(value: Any) -> Any:
    """A filled preset as a payload would spell it: moments in ISO 8601, no value as null."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
    if value is UNKNOWN:
        return None
    if isinstance(value, dict):
        return {name: as_json(item) for name, item in value.items()}
    return [as_json(item) for item in value] if isinstance(value, list) else value
