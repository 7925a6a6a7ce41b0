"""A difference, sorted by what has to happen with it. Pure.

    work_of(ours, difference)    -> Work(gone_fields=frozenset({("articles", "mood")}), new_fields={...}, ...)

What a difference says is looked up in the model that it is to be applied to. What contradicts that is refused
with what it contradicts, before anything is done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from resolvers.structure.deltas import Deltas, Difference, patched
from resolvers.structure.portrait import Place, Portrait
from resolvers.structure.portrait_payloads import check_entry
from resolvers.structure.telling import Facts
from schema_gen.errors import invalid_payload

K = TypeVar("K", str, tuple[str, str])

#: what a difference may change of an entry
_CHANGEABLE: Final = frozenset({"meta", "related_collection", "schema", "type"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """`before` None: it is new; `after` None: it ends."""

    before: Facts | None
    after: Facts | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """All that is to happen, by what happens first. What changes so much that it is made anew is in both
    `gone` and `new`.
    """

    vendor: str | None
    gone_collections: frozenset[str]
    new_collections: Mapping[str, Facts]
    changed_collections: Mapping[str, Entry]
    gone_fields: frozenset[Place]
    new_fields: Mapping[Place, Facts]
    changed_fields: Mapping[Place, Entry]
    indexes: Mapping[Place, bool]
    gone_relations: frozenset[Place]
    new_relations: Mapping[Place, Facts]
    changed_relations: Mapping[Place, Entry]


def work_of(ours: Portrait, wanted: Difference) -> Work:
    collections = _entries("collections", ours.collections, wanted.collections)
    fields = _entries("fields", ours.fields, wanted.fields)
    relations = _entries("relations", ours.relations, wanted.relations)
    for name, entry in collections.items():
        if entry.before is not None and entry.after is not None and _swapped(entry):
            raise invalid_payload(f'Collection "{name}" can\'t become a folder, nor a folder a table')
    fields_anew = {place for place, entry in fields.items() if _swapped(entry)}
    relations_anew = {place for place, entry in relations.items() if _swapped(entry) or _elsewhere(entry)}
    return Work(
        vendor=ours.vendor,
        gone_collections=frozenset(name for name, entry in collections.items() if entry.after is None),
        new_collections=_new(collections, set()),
        changed_collections=_changed(collections, set()),
        gone_fields=frozenset(p for p, entry in fields.items() if entry.after is None) | fields_anew,
        new_fields=_new(fields, fields_anew),
        changed_fields=_changed(fields, fields_anew),
        indexes={place: _wanted_index(place, each) for place, each in wanted.system_fields.items()},
        gone_relations=frozenset(p for p, entry in relations.items() if entry.after is None) | relations_anew,
        new_relations=_new(relations, relations_anew),
        changed_relations=_changed(relations, relations_anew),
    )


def _entries(part: str, ours: Mapping[K, Facts], wanted: Mapping[K, Deltas]) -> dict[K, Entry]:
    return {key: _entry(part, key, ours.get(key), deltas) for key, deltas in wanted.items()}


def _entry(part: str, key: str | Place, before: Facts | None, deltas: Deltas) -> Entry:
    whole = deltas[0] if not deltas[0].path else None
    what = f"{_named(part, key)} of the difference"
    if whole is not None and whole.kind == "N":
        if before is not None:
            raise invalid_payload(f"{_named(part, key)} exists already")
        return Entry(before=None, after=check_entry(part, key, whole.rhs, what))
    if before is None:
        raise invalid_payload(f"{_named(part, key)} doesn't exist, or has no metadata")
    if whole is not None:
        return Entry(before=before, after=None)
    for delta in deltas:
        if delta.path[0] not in _CHANGEABLE:
            raise invalid_payload(f'"{delta.path[0]}" of {what} can\'t be changed')
    after = check_entry(part, key, patched(before, deltas), what)
    if (after.get("meta") or {}).keys() - before["meta"].keys():
        raise invalid_payload(f"{what} sets what there is no place for in its metadata")
    return Entry(before=before, after=after)


def _named(part: str, key: str | Place) -> str:
    if isinstance(key, str):
        return f'Collection "{key}"'
    return f'{"Field" if part == "fields" else "Relation"} "{key[1]}" in collection "{key[0]}"'


def _swapped(entry: Entry) -> bool:
    """A column where there was none, or none where there was one; of a relation its foreign key."""
    if entry.before is None or entry.after is None:
        return False
    return (entry.before.get("schema") is None) is not (entry.after.get("schema") is None)


def _elsewhere(entry: Entry) -> bool:
    if entry.before is None or entry.after is None:
        return False
    return entry.before.get("related_collection") != entry.after.get("related_collection")


def _new(entries: Mapping[K, Entry], anew: set[Any]) -> dict[K, Facts]:
    return {
        key: entry.after
        for key, entry in entries.items()
        if entry.after is not None and (entry.before is None or key in anew)
    }


def _changed(entries: Mapping[K, Entry], anew: set[Any]) -> dict[K, Entry]:
    return {
        key: entry
        for key, entry in entries.items()
        if entry.before is not None and entry.after is not None and key not in anew
    }


def _wanted_index(place: Place, deltas: Deltas) -> bool:
    delta = deltas[0]
    if len(deltas) > 1 or delta.path != ("schema", "is_indexed") or not isinstance(delta.rhs, bool):
        raise invalid_payload(f'Of the system field "{place[0]}.{place[1]}" only the index can be changed')
    return delta.rhs
