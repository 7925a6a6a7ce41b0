"""Who has to know of changes before the first of them is made: decided, but not written yet.

Touch(key="6f0e...", fields={"role"}, values={"role": "9c1d..."})
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """One item that will be written. `key` None: it has none yet; `fields`: that are set, foreign keys of
    lists too; `values`: of those that are known already; `sent`: by the caller; `preset`: set by permissions,
    not by the caller.
    """

    key: str | None
    fields: frozenset[str] = frozenset()
    values: Mapping[str, Any] = field(default_factory=dict)
    sent: frozenset[str] = frozenset()
    preset: frozenset[str] = frozenset()


class Watch(Protocol):
    async def coming(self, collection: str, action: str, touches: Sequence[Touch]) -> None: ...
