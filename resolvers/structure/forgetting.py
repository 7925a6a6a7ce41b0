"""What is gone is forgotten: grants, presets and settings that name a field or a collection.

    Forget(collection="articles", field="mood")   grants of `mood` end; a rule that asks for `mood`, on
                                                  whatever path, takes its permission with it
    Forget(collection="articles")                 all that was granted, preset, commented, shared there

Nothing of it comes back with another field or collection of the same name. Steps are worked out here; rows
that are history or content of the collection itself go without history of their own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from resolvers.sql.access import json_text
from resolvers.structure.rule_names import names, reads
from resolvers.structure.steps import Forget, RowStep
from schema_gen.model import SchemaSnapshot

PERMISSIONS: Final = "directus_permissions"
PRESETS: Final = "directus_presets"
#: rows that are about items of one collection; they end with it, in this order
ABOUT: Final = (
    "directus_revisions",
    "directus_activity",
    "directus_comments",
    "directus_presets",
    "directus_shares",
    "directus_versions",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """A row of directus_permissions, read. `fields` None: not set."""

    id: Any
    collection: str
    fields: tuple[str, ...] | None
    rule: Any
    validation: Any
    presets: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    id: Any
    filter: Any
    query: Any


def forgotten_grants(
    permissions: Sequence[Permission], snapshot: SchemaSnapshot, gone: Forget
) -> list[RowStep]:
    """What becomes of the permissions. One whose rule or validation names what is gone ends as a whole:
    without that part it would allow more than before.
    """
    steps: list[RowStep] = []
    for row in permissions:
        where = {"id": row.id}
        own = row.collection == gone.collection
        bound = any(
            names(rule, row.collection, snapshot, gone) or reads(rule, snapshot, gone)
            for rule in (row.rule, row.validation)
        )
        if bound or (own and gone.field is None):
            steps.append(RowStep(table=PERMISSIONS, action="delete", where=where))
            continue
        values = _without(row, gone, snapshot)
        if values:
            steps.append(RowStep(table=PERMISSIONS, action="update", where=where, values=values))
    return steps


def _without(row: Permission, gone: Forget, snapshot: SchemaSnapshot) -> dict[str, Any]:
    values: dict[str, Any] = {}
    own = gone.field if row.collection == gone.collection else None
    if row.fields is not None and own in row.fields:
        values["fields"] = [name for name in row.fields if name != own]
    if isinstance(row.presets, Mapping):
        kept = {
            name: value
            for name, value in row.presets.items()
            if name != own and not reads(value, snapshot, gone)
        }
        if len(kept) < len(row.presets):
            values["presets"] = kept or None
    return values


def forgotten_presets(presets: Sequence[Preset], snapshot: SchemaSnapshot, gone: Forget) -> list[RowStep]:
    """Bookmarks and layouts of the collection without the field."""
    steps: list[RowStep] = []
    for row in presets:
        values: dict[str, Any] = {}
        if names(row.filter, gone.collection, snapshot, gone):
            values["filter"] = None
        query = _layouts_without(row.query, gone.field)
        if query != row.query:
            values["layout_query"] = query
        if values:
            steps.append(RowStep(table=PRESETS, action="update", where={"id": row.id}, values=values))
    return steps


def _layouts_without(query: Any, field: str | None) -> Any:
    """`{"tabular": {"fields": ["id", "mood"], "sort": ["-mood"]}}` without `mood`."""
    if not isinstance(query, Mapping):
        return query
    return {
        layout: {
            key: [each for each in value if not isinstance(each, str) or _named(each) != field]
            if key in ("fields", "sort") and isinstance(value, list)
            else value
            for key, value in said.items()
        }
        if isinstance(said, Mapping)
        else said
        for layout, said in query.items()
    }


def _named(path: str) -> str:
    return path.removeprefix("-").partition(".")[0]


def read_permission(row: Sequence[Any]) -> Permission:
    """(id, collection, fields, permissions, validation, presets) as texts. Broken JSON grants nothing and is
    left as it is.
    """
    key, collection, fields, rule, validation, presets = row
    return Permission(
        id=key,
        collection=collection,
        fields=None if fields is None else tuple(name.strip() for name in fields.split(",") if name.strip()),
        rule=_json(rule),
        validation=_json(validation),
        presets=_json(presets),
    )


def read_preset(row: Sequence[Any]) -> Preset:
    key, condition, query = row
    return Preset(id=key, filter=_json(condition), query=_json(query))


def _json(value: Any) -> Any:
    text = json_text(value)
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None
