"""How the fields of a collection show in a view: the one classification that outputs, filters and aggregates
share.

    articles.title   -> leaf
    articles.author  -> one of authors; a leaf (its key) where the view does not show authors
    articles.tags    -> many of articles_tags; nothing where the view does not show them
    blocks.item      -> any of headings, texts; a leaf where none of them shows
    articles.divider -> nothing (presentation)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from schema_gen.graphql.view import View
from schema_gen.model import Collection, Field, SchemaSnapshot
from schema_gen.naming import NOT_GENERATED, Names


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """`name`: the field's name in GraphQL; `targets`: collections behind it; `key`: part of the primary key;
    `steady`: never hidden where the item shows.
    """

    name: str
    field: Field
    kind: Literal["leaf", "one", "many", "any"]
    targets: tuple[str, ...] = ()
    key: bool = False
    steady: bool = True


def is_shown(collection: str, snapshot: SchemaSnapshot, view: View) -> bool:
    """Whether relations lead to it and roots read it. What shows has at least one column to select."""
    return view.readable(collection) and has_type(collection, snapshot, view)


def has_type(collection: str, snapshot: SchemaSnapshot, view: View) -> bool:
    """Whether there is an object type of it, if only for the caller's own row."""
    found = snapshot.collections.get(collection)
    if found is None or found.kind == "folder" or collection in NOT_GENERATED:
        return False
    return any(not found.fields[name].alias for name in view.fields(collection))


def uses_of(collection: Collection, snapshot: SchemaSnapshot, names: Names, view: View) -> tuple[Use, ...]:
    """In the order of the collection's fields."""
    visible = view.fields(collection.name)
    found: list[Use] = []
    for name, field in collection.fields.items():
        if name not in visible:
            continue
        use = _use(field, collection, snapshot, names, view)
        if use is not None:
            found.append(use)
    return tuple(found)


def _use(
    field: Field, collection: Collection, snapshot: SchemaSnapshot, names: Names, view: View
) -> Use | None:
    link = snapshot.link(collection.name, field.name)
    kind: Literal["leaf", "one", "many", "any"] = "leaf"
    targets: tuple[str, ...] = ()
    if link is None:
        if field.alias:
            return None
    elif link.kind == "o2m":
        if not is_shown(link.target, snapshot, view):
            return None
        kind, targets = "many", (link.target,)
    elif link.kind == "m2o":
        if is_shown(link.target, snapshot, view):
            kind, targets = "one", (link.target,)
    else:
        targets = tuple(name for name in link.allowed if is_shown(name, snapshot, view))
        kind = "any" if targets else "leaf"
    return Use(
        name=names.field_name(collection.name, field.name),
        field=field,
        kind=kind,
        targets=targets,
        key=field.name in collection.primary_key,
        steady=view.steady(collection.name, field.name),
    )
