"""What the roots that write are called (a part of `naming`). Pure.

    create_articles_items  create_articles_item  update_articles_items  update_articles_batch
    update_articles_item   delete_articles_items delete_articles_item
    update_homepage                                             a singleton has one root

Names are looked up, never taken apart: a collection may be called `x_item`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from schema_gen.model import Collection

MutationKind = Literal[
    "create_items",
    "create_item",
    "update_items",
    "update_batch",
    "update_item",
    "update_singleton",
    "delete_items",
    "delete_item",
]

_PATTERNS: Final[Mapping[MutationKind, str]] = {
    "create_items": "create_{}_items",
    "create_item": "create_{}_item",
    "update_items": "update_{}_items",
    "update_batch": "update_{}_batch",
    "update_item": "update_{}_item",
    "delete_items": "delete_{}_items",
    "delete_item": "delete_{}_item",
}
#: only the REST bridge may delete its item
_SINGLETON: Final[Mapping[MutationKind, str]] = {
    "update_singleton": "update_{}",
    "delete_item": "delete_{}_item",
}
#: written by what they tell of, never by hand
_TOLD: Final = frozenset({"directus_activity", "directus_revisions"})
#: written inside of others, and by routes that do more than that; no roots of their own
_ROUTED: Final = frozenset({"directus_deployments"})


def is_written(collection: Collection) -> bool:
    """Whether items of it can be written at all, whoever asks."""
    return bool(collection.primary_key) and collection.kind == "table" and collection.name not in _TOLD


def mutation_roots(home: Collection, head: str) -> dict[str, tuple[str, MutationKind]]:
    """Root -> what it does. `head`: what the roots of the collection are called after."""
    if not is_written(home) or home.name in _ROUTED:
        return {}
    kinds = _SINGLETON if home.singleton else _PATTERNS
    return {pattern.format(head): (home.name, kind) for kind, pattern in kinds.items()}
