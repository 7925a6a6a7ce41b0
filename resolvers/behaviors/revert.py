"""`utils_revert`: an item gets the values back that a revision says it had.

    revision 7 (posts, item "5", data {"id": 5, "title": "A", "pin": "**********"})
        ─ read as the caller ─> {"title": "A"} ─> update_posts_item(id: "5", payload: ...) as the caller

Both go through the engine, so the caller needs the right to read the revision and to change each of these
fields of that item, and the change has a history of its own. What a revision cannot know stays as it is:
secrets, relations, what the database computes and what only the server sets.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from resolvers.behaviors.inner import Execute, inner
from resolvers.behaviors.rows import is_set_by_hand
from resolvers.bundle import BundleHolder
from resolvers.context import RequestContext
from schema_gen.errors import forbidden, invalid_payload
from schema_gen.model import Collection, SchemaSnapshot

_READ: Final = "query ($id: ID!) { data: revisions_by_id(id: $id) { collection item data } }"
_WRITE: Final = "mutation ($id: JSON!, $payload: JSON!) {{ data: {root}(id: $id, payload: $payload) }}"
_WRITE_SINGLETON: Final = "mutation ($payload: JSON!) {{ data: {root}(payload: $payload) }}"


class Revert:
    """`execute`: the engine's door."""

    def __init__(self, holder: BundleHolder, execute: Execute) -> None:
        self._holder = holder
        self._execute = execute

    async def revert(self, revision: Any, context: RequestContext) -> None:
        """Raises FORBIDDEN for a revision that is hidden or not there, INVALID_PAYLOAD for one without data,
        and what the update is refused for.
        """
        found = json.loads(await inner(self._execute, _READ, "system", {"id": revision}, context) or b"null")
        if found is None:
            raise forbidden()
        data = found["data"]
        if not isinstance(data, Mapping):
            raise invalid_payload("Revision doesn't contain data to revert to")
        bundle = self._holder.current
        collection = bundle.snapshot.collections.get(found["collection"])
        if collection is None:
            raise forbidden()
        root = bundle.names.mutation_name(
            collection.name, "update_singleton" if collection.singleton else "update_item"
        )
        if root is None:
            raise forbidden()
        text = (_WRITE_SINGLETON if collection.singleton else _WRITE).format(root=root)
        variables = {"id": found["item"], "payload": restored(data, collection, bundle.snapshot)}
        await inner(self._execute, text, "system" if collection.system else "items", variables, context)


def restored(data: Mapping[str, Any], collection: Collection, snapshot: SchemaSnapshot) -> dict[str, Any]:
    """What of a revision's data can be written again."""
    kept: dict[str, Any] = {}
    for name, value in data.items():
        field = collection.fields.get(name)
        if field is None or field.column is None or field.column.generated or field.concealed:
            continue
        related = snapshot.link(collection.name, name) is not None
        if not related and name not in collection.primary_key and is_set_by_hand(collection.name, name):
            kept[name] = value
    return kept
