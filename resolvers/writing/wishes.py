"""What is wished of one item, before anything has been looked up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from resolvers.writing.items import Item
from resolvers.writing.steps import Key

#: create it, update it, or whichever it is: an item that exists is updated
Intent = Literal["create", "update", "save"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An item to be written. `key`: given from outside the payload. `given`: values of foreign keys, as the
    driver takes them; `awaited`: foreign keys whose values are only made on the way.
    """

    item: Item
    intent: Intent
    key: Key | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    awaited: frozenset[str] = frozenset()
    #: by its key alone, or as one to be updated and led to: it has to be there
    named: bool = False

    @property
    def filled(self) -> frozenset[str]:
        """Fields that are set without being in the payload."""
        return self.awaited | self.given.keys()

    def touched(self, action: Literal["create", "update"]) -> tuple[str, ...]:
        """Every field that is set, in the order of the payload; the key that names an item is not, that of a
        new one is.
        """
        key = self.item.collection.primary_key
        names = dict.fromkeys((*self.item.sent, *sorted(self.filled)))
        if action == "create":
            return tuple(names | dict.fromkeys(key)) if self.key is not None else tuple(names)
        return tuple(name for name in names if name not in key)
