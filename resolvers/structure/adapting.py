"""A data model of any database -> the same in the terms of this one, so that only what means a difference
differs. Pure.

    adapted(theirs, portrait(snapshot), Here.of(snapshot))
        {"type": "string", "schema": {"data_type": "char", "max_length": 36, ...}}      SQLite: a uuid
        -> {"type": "uuid", "schema": {"data_type": "uuid", "max_length": None, ...}}   PostgreSQL

What is there already and means the same stays as it is told here; what is new is told as it will be told
here. Names of tables, constraints and sequences, sizes of types that have one size, and what follows from a
relation (foreign keys of columns) are no differences. What a document says nothing of stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from resolvers.structure.columns import flagged
from resolvers.structure.deltas import same
from resolvers.structure.portrait import COLUMN, Place, Portrait
from resolvers.structure.same_columns import (
    FLAGS,
    column_kind,
    native_column,
    same_column,
    told_type,
)
from resolvers.structure.steps import COLLECTIONS, FIELDS, RELATIONS
from resolvers.structure.telling import Facts
from schema_gen.drivers.base import DialectName
from schema_gen.errors import invalid_payload
from schema_gen.model import SchemaSnapshot
from schema_gen.registry import SYSTEM

#: lists that are none where they are empty
_LISTS: Final = frozenset({"special", "one_allowed_collections"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """The terms of a database: which one it is, and what its tables of metadata have columns for."""

    dialect: DialectName
    columns: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, snapshot: SchemaSnapshot) -> Here:
        homes = ((table, snapshot.collections.get(table)) for table in (COLLECTIONS, FIELDS, RELATIONS))
        columns = {table: frozenset(() if home is None else home.fields) - {"id"} for table, home in homes}
        return cls(dialect=snapshot.dialect, columns=columns)


def adapted(theirs: Portrait, ours: Portrait, here: Here) -> Portrait:
    """Raises INVALID_PAYLOAD for what no database can be."""
    return replace(
        ours,
        collections=_each(theirs, "collections", ours, here, _collection),
        fields=_each(theirs, "fields", ours, here, _field),
        indexed=_indexed(theirs, ours),
        relations=_each(theirs, "relations", ours, here, _relation),
    )


def _each(
    theirs: Portrait,
    part: str,
    ours: Portrait,
    here: Here,
    adapt: Callable[[Facts, Facts | None, str | None, Here], Facts],
) -> dict[Any, Facts]:
    there: Mapping[Any, Facts] = getattr(ours, part)
    sent: Mapping[Any, Facts] = getattr(theirs, part)
    return {key: adapt(facts, there.get(key), theirs.vendor, here) for key, facts in sent.items()}


# --- collections and relations ----------------------------------------------------------------------------


def _collection(theirs: Facts, ours: Facts | None, vendor: str | None, here: Here) -> Facts:
    name = theirs["collection"]
    meta = _meta(here.columns[COLLECTIONS], theirs, ours, {"collection": name})
    facts: Facts = {"collection": name, "meta": meta}
    return facts if theirs.get("schema") is None else {**facts, "schema": {"name": name}}


def _relation(theirs: Facts, ours: Facts | None, vendor: str | None, here: Here) -> Facts:
    collection, field = theirs["collection"], theirs["field"]
    related = theirs.get("related_collection")
    own = {"many_collection": collection, "many_field": field, "one_collection": related}
    facts: Facts = {
        "collection": collection,
        "field": field,
        "related_collection": related,
        "meta": _meta(here.columns[RELATIONS], theirs, ours, own),
    }
    schema = theirs.get("schema")
    if schema is None:
        return facts
    there = (ours or {}).get("schema") or {}
    told: Facts = {
        "table": collection,
        "column": field,
        "foreign_key_table": related,
        "foreign_key_column": there.get("foreign_key_column", schema.get("foreign_key_column")),
        "constraint_name": there.get("constraint_name"),
        "on_update": _action(schema, there, "on_update"),
        "on_delete": _action(schema, there, "on_delete"),
    }
    return {**facts, "schema": told}


def _action(schema: Facts, there: Facts, name: str) -> Any:
    said = schema.get(name)
    if said is None:
        return there.get(name, "NO ACTION")
    return said.upper() if isinstance(said, str) else said


def _meta(columns: frozenset[str], theirs: Facts, ours: Facts | None, own: Facts) -> Facts:
    """The row as it is wanted: with what is there, as far as nothing else is said. Other releases of the
    protocol say things that there is no place for here.
    """
    there = (ours or {}).get("meta") or {}
    said = {
        name: None if name in _LISTS and value == [] else value
        for name, value in (theirs.get("meta") or {}).items()
        if name in columns
    }
    row = {**there, **{name: there[name] if _kept(there, name, said[name]) else said[name] for name in said}}
    row |= own
    return {name: row[name] for name in sorted(row)}


def _kept(there: Facts, name: str, value: Any) -> bool:
    return name in there and same(there[name], value)


# --- fields -----------------------------------------------------------------------------------------------


def _field(theirs: Facts, ours: Facts | None, vendor: str | None, here: Here) -> Facts:
    dialect = here.dialect
    collection, name = theirs["collection"], theirs["field"]
    meta = _meta(here.columns[FIELDS], theirs, ours, {"collection": collection, "field": name})
    facts: Facts = {"collection": collection, "field": name}
    schema = theirs.get("schema")
    if schema is None:
        return {**facts, "type": "alias", "meta": meta}
    kind = column_kind(theirs, vendor)
    there = ours if ours is not None and ours.get("schema") is not None else None
    native, stays = (
        (native_column(kind, schema, vendor, dialect), False)
        if there is None
        else same_column(kind, theirs, vendor, there, dialect)
    )
    meta["special"] = _special(kind, meta.get("special"), there if stays else None, dialect)
    told = there["type"] if there is not None and stays else told_type(kind, meta["special"], dialect)
    column = {**native, "name": name, "table": collection}
    return {**facts, "type": told, "meta": meta, "schema": {key: column[key] for key in COLUMN}}


def _special(kind: str, said: Any, ours: Facts | None, dialect: DialectName) -> list[str] | None:
    """Which specials say the type depends on the database: they differ only where others do."""
    if said is not None and not (isinstance(said, list) and all(isinstance(each, str) for each in said)):
        raise invalid_payload('"special" must be an array of strings')
    wanted: list[str] = said or []
    flags = FLAGS.get(kind, frozenset())
    if ours is not None:
        there: list[str] | None = ours["meta"].get("special")
        if _without(there or (), flags) == _without(wanted, flags):
            return there
    return flagged(kind, wanted, dialect) or wanted or None  # type: ignore[arg-type]


def _without(specials: Iterable[str], flags: frozenset[str]) -> list[str]:
    return [each for each in specials if each not in flags]


# --- system fields ----------------------------------------------------------------------------------------


def _indexed(theirs: Portrait, ours: Portrait) -> dict[Place, bool]:
    """Which indexes the system's own tables have from the beginning differs by release: what another one
    says of those is passed over, and so are fields that there are not here.
    """
    if not theirs.indexed:
        return dict(ours.indexed)
    foreign = theirs.directus != ours.directus
    wanted: dict[Place, bool] = {}
    for place in {**ours.indexed, **theirs.indexed}:
        field = _system_field(place)
        if field is None:
            if not foreign:
                raise invalid_payload(f'"{place[0]}.{place[1]}" is no system field')
            continue
        given = foreign and field
        wanted[place] = ours.indexed.get(place, False) if given else theirs.indexed.get(place, False)
    return wanted


def _system_field(place: Place) -> bool | None:
    """Whether it has an index from the beginning; None where there is no such field."""
    system = SYSTEM.get(place[0])
    columns = {column.name: column.indexed for column in system.columns} if system is not None else {}
    return columns.get(place[1])
