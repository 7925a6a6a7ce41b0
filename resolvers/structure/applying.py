"""A difference -> the phases that carry it out, in one transaction. Pure.

    phases(ours, difference) -> [Phase, ...]       for `SchemaChanges.run`

    difference ─ work_of ─> Work ─> phases:

    relations end ─ fields end ─ collections end ─ collections begin, with their fields, parents first
      ─ fields begin and change ─ relations begin and change ─ what is told of collections changes

Each phase is planned against the schema as the ones before have left it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from resolvers.structure.collections import changed_collection, dropped_collection, new_collection
from resolvers.structure.deltas import Difference, same
from resolvers.structure.fields import changed_field, dropped_field, new_field
from resolvers.structure.payloads import FieldPayload, read_collection, read_field, read_relation
from resolvers.structure.portrait import COLUMN, Portrait, portrait
from resolvers.structure.relations import changed_relation, dropped_relation, new_relation
from resolvers.structure.same_columns import column_kind
from resolvers.structure.steps import Change, Phase
from resolvers.structure.telling import Facts
from resolvers.structure.work import Entry, Work, work_of
from schema_gen.errors import CausewayError, invalid_payload
from schema_gen.model import SchemaSnapshot

#: facts of columns that follow from others
_FOLLOWING: Final = frozenset(
    {"data_type", "foreign_key_column", "foreign_key_table", "generation_expression", "name", "table"}
)
#: what a column is made with, and cannot become
_OF_KEYS: Final = frozenset({"has_auto_increment", "is_primary_key"})
_ACTIONS: Final = ("on_delete", "on_update")


def phases(ours: Portrait, wanted: Difference) -> list[Phase]:
    """`ours`: the model that the difference is applied to. Raises INVALID_PAYLOAD for contradictions."""
    work = work_of(ours, wanted)
    digest = ours.digest

    def still(snapshot: SchemaSnapshot) -> Change:
        if portrait(snapshot).digest != digest:
            raise invalid_payload(
                "The schema has changed meanwhile. Please generate a new diff and try again"
            )
        return Change()

    steps: tuple[
        tuple[tuple[Collection[Any], ...], Callable[[Work, SchemaSnapshot], Iterator[Change]]], ...
    ] = (
        ((work.gone_relations, work.gone_collections), _relations_end),
        ((work.gone_fields, work.new_fields), _fields_end),
        ((work.gone_collections,), _collections_end),
        ((work.new_collections,), _collections_begin),
        ((work.new_fields, work.changed_fields, work.indexes), _fields_change),
        ((work.new_relations, work.changed_relations), _relations_change),
        ((work.changed_collections,), _collections_change),
    )
    planned = [_phase(work, plan) for needed, plan in steps if any(needed)]
    return [still, *planned]


def _phase(work: Work, plan: Callable[[Work, SchemaSnapshot], Iterator[Change]]) -> Phase:
    return lambda snapshot: sum(plan(work, snapshot), start=Change())


# --- what ends --------------------------------------------------------------------------------------------


def _relations_end(work: Work, snapshot: SchemaSnapshot) -> Iterator[Change]:
    """Those that are to, and with them what leads to collections that end. Raises INVALID_PAYLOAD where a
    field that stays would lead to nothing.
    """
    ending = set(work.gone_relations)
    for relation in snapshot.relations:
        place = (relation.collection, relation.field)
        if relation.related is None or (relation.on_delete is None and relation.meta is None):
            continue
        if relation.collection in work.gone_collections:
            ending.add(place)
        elif relation.related in work.gone_collections and place not in ending:
            if place not in work.gone_fields:
                raise invalid_payload(
                    f'Field "{place[1]}" in collection "{place[0]}" leads to "{relation.related}", '
                    "which is to be deleted"
                )
            ending.add(place)
    for place in sorted(ending):
        yield dropped_relation(snapshot, *place)


def _fields_end(work: Work, snapshot: SchemaSnapshot) -> Iterator[Change]:
    """Rows of metadata whose columns are gone make way for a field of their name."""
    for place in sorted(work.gone_fields):
        yield dropped_field(snapshot, *place)
    for collection, name in work.new_fields:
        home = snapshot.collections.get(collection)
        if home is not None and name in home.leftovers and (collection, name) not in work.gone_fields:
            yield dropped_field(snapshot, collection, name)


def _collections_end(work: Work, snapshot: SchemaSnapshot) -> Iterator[Change]:
    for name in sorted(work.gone_collections):
        yield dropped_collection(snapshot, name)


# --- collections ------------------------------------------------------------------------------------------


def _collections_begin(work: Work, snapshot: SchemaSnapshot) -> Iterator[Change]:
    """A table that there is already gets the row that it had not, its fields are looked after later."""
    for name in _parents_first(work.new_collections):
        facts = work.new_collections[name]
        home = snapshot.collections.get(name)
        sent: Facts = {"collection": name, "meta": facts.get("meta") or {}}
        if facts.get("schema") is not None and (home is None or home.kind == "folder"):
            fields = {place: each for place, each in work.new_fields.items() if place[0] == name}
            if not any((each.get("schema") or {}).get("is_primary_key") for each in fields.values()):
                raise invalid_payload(
                    f'Collection "{name}" has no primary key. A view has to be made in the database'
                )
            made = tuple(_payload(each, work.vendor) for each in fields.values())
            yield new_collection(
                snapshot, replace(read_collection({**sent, "schema": facts["schema"]}), fields=made)
            )
        else:
            yield new_collection(snapshot, read_collection(sent))


def _parents_first(new: Mapping[str, Facts]) -> list[str]:
    ordered: dict[str, None] = {}
    for name in new:
        way: dict[str, None] = {}
        at: Any = name
        while at in new and at not in ordered and at not in way:
            way[at] = None
            at = (new[at].get("meta") or {}).get("group")
        ordered.update(dict.fromkeys(reversed(way)))
    return list(ordered)


def _collections_change(work: Work, snapshot: SchemaSnapshot) -> Iterator[Change]:
    for name, entry in work.changed_collections.items():
        if meta := _different(entry, "meta"):
            yield changed_collection(snapshot, read_collection({"collection": name, "meta": meta}))


# --- fields -----------------------------------------------------------------------------------------------


def _fields_change(work: Work, snapshot: SchemaSnapshot) -> Iterator[Change]:
    for (collection, name), facts in work.new_fields.items():
        home = snapshot.collections.get(collection)
        if home is None:
            raise _no_collection(collection, name)
        there = home.fields.get(name)
        if there is None or (there.column is None and there.meta is None):
            yield new_field(snapshot, collection, _payload(facts, work.vendor))
        elif there.meta is None:
            # a column that nothing was said of until now; its key stays what it is
            payload = _payload(facts, work.vendor)
            kept = {key: value for key, value in (payload.schema or {}).items() if key not in _OF_KEYS}
            yield changed_field(snapshot, collection, replace(payload, schema=kept))
    for (collection, name), entry in work.changed_fields.items():
        if collection not in snapshot.collections:
            raise _no_collection(collection, name)
        changed = _changed_payload(entry, work.vendor)
        if changed is not None:
            yield changed_field(snapshot, collection, changed)
    for (collection, name), indexed in work.indexes.items():
        if name not in getattr(snapshot.collections.get(collection), "fields", ()):
            raise invalid_payload(f'"{collection}.{name}" is no system field')
        schema = {"is_indexed": indexed}
        yield changed_field(snapshot, collection, read_field({"field": name, "schema": schema}))


def _no_collection(collection: str, name: str) -> CausewayError:
    return invalid_payload(f'Field "{name}" is of the collection "{collection}", which doesn\'t exist')


def _payload(facts: Facts, vendor: str | None) -> FieldPayload:
    schema = facts.get("schema")
    sent: Facts = {"field": facts["field"], "meta": facts.get("meta") or {}}
    if schema is None:
        return read_field({**sent, "type": "alias"})
    if schema.get("is_generated"):
        raise invalid_payload(
            f'Field "{facts["field"]}" in collection "{facts["collection"]}" is computed by the database. '
            "It has to be made there"
        )
    return read_field({**sent, "type": column_kind(facts, vendor), "schema": schema})


def _changed_payload(entry: Entry, vendor: str | None) -> FieldPayload | None:
    before, after = entry.before or {}, entry.after or {}
    sent: Facts = {"field": after["field"]}
    if meta := _different(entry, "meta"):
        sent["meta"] = meta
    if after.get("schema") is not None:
        kind = column_kind(after, vendor)
        schema = {
            name: value
            for name, value in _different(entry, "schema").items()
            if name in COLUMN and name not in _FOLLOWING
        }
        if kind != column_kind(before, vendor):
            sent |= {"type": kind, "schema": after["schema"]}
        elif schema:
            sent["schema"] = schema
        if "is_generated" in schema:
            raise invalid_payload(f'"is_generated" of the field "{after["field"]}" can\'t be changed')
    return read_field(sent) if len(sent) > 1 else None


def _different(entry: Entry, part: str) -> Facts:
    before, after = (entry.before or {}).get(part) or {}, (entry.after or {}).get(part) or {}
    return {
        name: value for name, value in after.items() if name not in before or not same(before[name], value)
    }


# --- relations --------------------------------------------------------------------------------------------


def _relations_change(work: Work, snapshot: SchemaSnapshot) -> Iterator[Change]:
    for (collection, name), facts in work.new_relations.items():
        schema = facts.get("schema")
        sent = {
            "collection": collection,
            "field": name,
            "related_collection": facts.get("related_collection"),
            "meta": facts.get("meta") or {},
            "schema": {action: schema.get(action) for action in _ACTIONS} if schema else None,
        }
        yield new_relation(snapshot, replace(read_relation(sent), constraint=schema is not None))
    for (collection, name), entry in work.changed_relations.items():
        actions = {key: value for key, value in _different(entry, "schema").items() if key in _ACTIONS}
        sent = {"collection": collection, "field": name, "meta": _different(entry, "meta")}
        if actions:
            sent["schema"] = actions
        yield changed_relation(snapshot, read_relation(sent))
