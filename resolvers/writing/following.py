"""What goes with a row that is deleted: tables whose rows the database deletes by itself. Pure.

    followed(snapshot, "teams")     -> {"directus_users", "directus_access", ...}

where `directus_users.team` leads to `teams` and the foreign key says ON DELETE CASCADE; users take with them
what leads to users in the same way.
"""

from __future__ import annotations

from typing import Final

from schema_gen.model import SchemaSnapshot

_GOES_TOO: Final = "CASCADE"


def followed(snapshot: SchemaSnapshot, collection: str) -> frozenset[str]:
    """Without the collection itself, unless its rows lead to each other."""
    found: set[str] = set()
    waiting = [collection]
    while waiting:
        here = waiting.pop()
        for relation in snapshot.relations:
            if (
                relation.related == here
                and relation.on_delete == _GOES_TOO
                and relation.collection not in found
            ):
                found.add(relation.collection)
                waiting.append(relation.collection)
    return frozenset(found)
