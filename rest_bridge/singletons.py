"""A singleton whose one row is not there yet: the defaults of its columns in the row's place.

{"id": null, "title": "untitled", "author": null, "tags": []}
"""

from __future__ import annotations

from typing import Any

from rest_bridge.selection import AnyItem, Call, Column, Items, Relation
from schema_gen.model import Field, SchemaSnapshot


def defaults(items: Items, snapshot: SchemaSnapshot) -> dict[str, Any]:
    """What an item with nothing but defaults looks like under this selection."""
    home = snapshot.collections[items.collection]
    found: dict[str, Any] = {}
    for node in items.nodes:
        if isinstance(node, Column):
            found[node.key] = _default(home.fields[node.field])
        elif isinstance(node, Relation):
            link = snapshot.link(items.collection, node.field)
            found[node.key] = [] if link is not None and link.kind == "o2m" else None
        elif isinstance(node, (Call, AnyItem)):
            found[node.key] = None
    return found


def _default(field: Field) -> Any:
    """Functions of the database (`now()`) have no value before a row is written."""
    column = field.column
    if column is None or column.primary_key or field.concealed:
        return None
    return column.default
