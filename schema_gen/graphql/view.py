"""What a caller may see and write of a snapshot: the question that every generated type asks.

    view.readable("articles")               -> True: it has roots, and relations lead to it
    view.fields("articles")                 -> {"id", "title", "author"}
    view.steady("articles", "title")        -> True: a readable article never hides its title
    view.writable("create", "articles")     -> True: there are roots that create
    view.write_fields("update", "articles") -> {"title"}
    view.asked("articles", "title")         -> True: whoever creates an article says its title

The answers come from the permission gate (`resolvers.views`); `Everything` is the view of the unrestricted.
"""

from __future__ import annotations

from typing import Literal, Protocol

from schema_gen.model import SchemaSnapshot
from schema_gen.mutation_names import is_written

WriteAction = Literal["create", "update", "delete"]

_NONE: frozenset[str] = frozenset()


class View(Protocol):
    def readable(self, collection: str) -> bool: ...

    def fields(self, collection: str) -> frozenset[str]:
        """Fields that the type of the collection shows; empty where there is no such type.

        May be more than nothing for a collection that is not readable: the caller's own row has a type too.
        """
        ...

    def steady(self, collection: str, field: str) -> bool:
        """The field is granted wherever the item is: its value is never hidden item by item."""
        ...

    def writable(self, action: WriteAction, collection: str) -> bool:
        """The action is allowed there at all."""
        ...

    def write_fields(self, action: WriteAction, collection: str) -> frozenset[str]:
        """Fields that a payload of the action may name."""
        ...

    def asked(self, collection: str, field: str) -> bool:
        """Every grant to create names the field, and none fills it in."""
        ...


class Everything:
    """Sees and writes all of a snapshot."""

    def __init__(self, snapshot: SchemaSnapshot) -> None:
        self._snapshot = snapshot

    def readable(self, collection: str) -> bool:
        found = self._snapshot.collections.get(collection)
        return found is not None and found.kind != "folder"

    def fields(self, collection: str) -> frozenset[str]:
        found = self._snapshot.collections.get(collection)
        return frozenset(found.fields) if found is not None else _NONE

    def steady(self, collection: str, field: str) -> bool:
        return True

    def writable(self, action: WriteAction, collection: str) -> bool:
        found = self._snapshot.collections.get(collection)
        return found is not None and is_written(found)

    def write_fields(self, action: WriteAction, collection: str) -> frozenset[str]:
        return self.fields(collection)

    def asked(self, collection: str, field: str) -> bool:
        return True
