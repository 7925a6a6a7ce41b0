"""Payloads of the GraphQL door in the form of REST, with the names of the database. Pure.

{"title": "A", "tags_changes": {"connect": [1]}} -> {"title": "A", "tags": {"connect": [1]}}
{"item__headings": {"text": "B"}}                -> {"item": {"text": "B"}, "collection": "headings"}

One value stands for a list of it, as the language has it. Raises INVALID_PAYLOAD where a field is said twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from schema_gen.errors import invalid_payload
from schema_gen.model import Link, SchemaSnapshot
from schema_gen.naming import Names

#: steps of changes that hold items; the others hold keys
_OF_ITEMS: Final = frozenset({"create", "update"})


def rest_payload(payload: Any, collection: str, names: Names, snapshot: SchemaSnapshot) -> Any:
    """`payload`: an object or a list of them, valid for the inputs of the collection."""
    if isinstance(payload, list):
        return [rest_payload(one, collection, names, snapshot) for one in payload]
    return _Speller(names, snapshot).item(payload, collection)


class _Speller:
    def __init__(self, names: Names, snapshot: SchemaSnapshot) -> None:
        self._names = names
        self._snapshot = snapshot

    def item(self, payload: Any, collection: str) -> Any:
        if not isinstance(payload, Mapping):
            return payload
        found: dict[str, Any] = {}
        kinds: dict[str, str] = {}
        for name, value in payload.items():
            base = self._names.changes_base(collection, name)
            if base is not None:
                value = self._changes(value, self._snapshot.link(collection, base))
                if not value:
                    continue
            else:
                base, value = self._value(collection, name, value, kinds)
            if base in found:
                raise invalid_payload(f'"{name}" says again what becomes of "{base}"')
            found[base] = value
        for field, target in kinds.items():
            if found.setdefault(field, target) != target:
                raise invalid_payload(f'"{field}" has to be "{target}" for this item')
        return found

    def _value(self, collection: str, name: str, value: Any, kinds: dict[str, str]) -> tuple[str, Any]:
        """Field and value. `kinds`: collections of many-to-any items, by the field that names them."""
        branch = self._names.branches(collection).get(name)
        field, target = branch or (self._names.field_of(collection, name) or name, "")
        link = self._snapshot.link(collection, field)
        if branch is not None:
            if link is not None and link.collection_field is not None and value is not None:
                kinds[link.collection_field] = target
            return field, self.item(value, target)
        if link is None or link.kind == "m2a":
            return field, value
        return field, self._items(value, link)

    def _changes(self, value: Any, link: Link | None) -> Any:
        """Nothing where nothing is to be done: the other form takes null for "none of them"."""
        if link is None or not isinstance(value, Mapping):
            return None
        found: dict[str, Any] = {}
        for step, given in value.items():
            if given is None or given is False:
                continue
            if step in _OF_ITEMS:
                found[step] = self._items(given, link)
            else:
                found[step] = _listed(given) if link.kind == "o2m" else given
        return found

    def _items(self, value: Any, link: Link) -> Any:
        if value is None or link.kind != "o2m":
            return self.item(value, link.target)
        return [self.item(one, link.target) for one in _listed(value)]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
