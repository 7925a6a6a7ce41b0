"""Payloads of the GraphQL door in the form of REST, with the names of the database. Pure.

{"title": "A", "tags_changes": {"connect": [1]}, "item__headings": {"text": "B"}}
    -> {"title": "A", "tags": {"connect": [1]}, "item": {"text": "B"}, "collection": "headings"}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schema_gen.model import Link, SchemaSnapshot
from schema_gen.naming import Names


def rest_payload(payload: Any, collection: str, names: Names, snapshot: SchemaSnapshot) -> Any:
    """`payload`: an object or a list of them, valid for the inputs of the collection."""
    if isinstance(payload, list):
        return [rest_payload(one, collection, names, snapshot) for one in payload]
    if not isinstance(payload, Mapping):
        return payload
    found: dict[str, Any] = {}
    branches = names.branches(collection)
    for name, value in payload.items():
        field = names.field_of(collection, name)
        if field is not None:
            found[field] = _related(value, snapshot.link(collection, field), names, snapshot)
            continue
        base = names.changes_base(collection, name)
        if base is not None:
            found[base] = _changes(value, snapshot.link(collection, base), names, snapshot)
        elif name in branches:
            base, target = branches[name]
            link = snapshot.link(collection, base)
            found[base] = rest_payload(value, target, names, snapshot)
            if link is not None and link.collection_field is not None and value is not None:
                found[link.collection_field] = target
    return found


def _related(value: Any, link: Link | None, names: Names, snapshot: SchemaSnapshot) -> Any:
    """Inputs of relations are objects, or lists of them; anything else is a value."""
    if link is None or link.kind == "m2a":
        return value
    return rest_payload(value, link.target, names, snapshot)


def _changes(value: Any, link: Link | None, names: Names, snapshot: SchemaSnapshot) -> Any:
    if link is None or not isinstance(value, Mapping):
        return value
    return {
        what: rest_payload(given, link.target, names, snapshot) if what in ("create", "update") else given
        for what, given in value.items()
        if given is not None
    }
