"""Snapshot -> what the protocol tells of collections, fields and relations, as plain JSON values. Pure.

    collection_facts(snapshot, "articles")
        -> {"collection": "articles", "meta": {"icon": None, ...}, "schema": {"name": "articles", ...}}
    field_facts(snapshot, "articles", "title")
        -> {"collection": "articles", "field": "title", "type": "string", "schema": {...}, "meta": {...}}

`meta` is the row of metadata: None where there is none, for system collections what the registry knows, and
for what is inferred from foreign keys what a row would say (its `id` is None). `schema` is the database
side: None for folders and alias fields. Its keys differ by database, as they do in the protocol. Nothing is
hidden here: see `visible`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from schema_gen.model import Collection, Column, Field, Relation, SchemaSnapshot
from schema_gen.registry import SYSTEM
from schema_gen.registry.facts import FIELD_DEFAULTS, FIELD_FACTS

Facts = dict[str, Any]

_NO_FACTS: Final[Mapping[str, Any]] = {}
_SETTINGS: Final = ("sort_field", "archive_field", "archive_value", "unarchive_value")


# --- collections --------------------------------------------------------------------------------------------


def collection_facts(snapshot: SchemaSnapshot, name: str) -> Facts:
    home = snapshot.collections[name]
    return {"collection": name, "meta": _collection_meta(home), "schema": _table(home, snapshot.dialect)}


def all_collections(snapshot: SchemaSnapshot) -> list[Facts]:
    return [collection_facts(snapshot, name) for name in in_order(snapshot)]


def in_order(snapshot: SchemaSnapshot) -> list[str]:
    """Names of collections as they are listed: those with metadata, the system's, those without."""
    homes = snapshot.collections
    return sorted(homes, key=lambda name: (_rank(homes[name]), name))


def _rank(home: Collection) -> int:
    if home.name in SYSTEM:
        return 1
    return 2 if home.meta is None else 0


def _collection_meta(home: Collection) -> Facts | None:
    if home.meta is not None:
        return _plain(home.meta)
    system = SYSTEM.get(home.name)
    if system is None:
        return None
    settings = {name: getattr(system, name) for name in _SETTINGS}
    return {
        "collection": home.name,
        "hidden": False,
        "singleton": system.singleton,
        "icon": system.icon,
        "note": f"$t:directus_collection.{home.name}",
        "translations": None,
        "display_template": system.display_template,
        "accountability": system.accountability,
        **{name: value for name, value in settings.items() if value is not None},
        "system": True,
    }


def _table(home: Collection, dialect: str) -> Facts | None:
    if home.kind == "folder":
        return None
    if dialect == "sqlite":
        return {"name": home.name, "sql": home.sql}
    return {"schema": home.namespace, "name": home.name, "comment": home.comment}


# --- fields -------------------------------------------------------------------------------------------------


def field_facts(snapshot: SchemaSnapshot, collection: str, field: str) -> Facts:
    """Of a field, or of a row of metadata whose column is gone."""
    home = snapshot.collections[collection]
    found = home.fields.get(field)
    if found is None:
        left = home.leftovers[field]
        row = {**_plain(left), "special": list(left.get("special") or ()) or None}
        return {"collection": collection, "field": field, "type": "alias", "schema": None, "meta": row}
    return {
        "collection": collection,
        "field": field,
        "type": found.type,
        "schema": None if found.column is None else _column(snapshot, found, found.column),
        "meta": _field_meta(found),
    }


def all_fields(snapshot: SchemaSnapshot, collection: str | None = None) -> list[Facts]:
    """Of every collection, or of one."""
    names = in_order(snapshot) if collection is None else [collection]
    return [
        field_facts(snapshot, name, field) for name in names for field in snapshot.collections[name].fields
    ]


def _field_meta(field: Field) -> Facts | None:
    own: Facts = {
        "collection": field.collection,
        "field": field.name,
        "special": list(field.special) or None,
    }
    if field.meta is not None:
        return {"id": field.meta.get("id"), **own, **_plain(field.meta)}
    facts = FIELD_FACTS.get(field.collection, _NO_FACTS).get(field.name)
    if facts is not None:
        return {"system": True, **own, **FIELD_DEFAULTS, **facts}
    return {"id": None, **own, **FIELD_DEFAULTS, **_UNVALIDATED} if field.alias else None


#: what rows say of validation, and system fields do not
_UNVALIDATED: Final = {"validation": None, "validation_message": None}


def _column(snapshot: SchemaSnapshot, field: Field, column: Column) -> Facts:
    """The keys that both databases have, and PostgreSQL's own."""
    target = None if column.foreign_table is None else snapshot.collections.get(column.foreign_table)
    facts: Facts = {
        "name": field.name,
        "table": field.collection,
        "data_type": column.data_type,
        "default_value": column.default if column.sequence is None else column.sequence,
        "generation_expression": column.generation_expression,
        "max_length": column.max_length,
        "numeric_precision": column.numeric_precision,
        "numeric_scale": column.numeric_scale,
        "is_generated": column.generated,
        "is_nullable": column.nullable,
        # SQLite has no index for its row numbers, and what has none is not told as unique there
        "is_unique": column.unique
        and not (snapshot.dialect == "sqlite" and column.primary_key and column.auto_increment),
        "is_indexed": column.indexed,
        "is_primary_key": column.primary_key,
        "has_auto_increment": column.auto_increment,
        "foreign_key_table": column.foreign_table,
        "foreign_key_column": column.foreign_column,
    }
    if snapshot.dialect == "postgresql":
        facts["foreign_key_schema"] = None if target is None else target.namespace
        facts["comment"] = column.comment
    return facts


# --- relations ----------------------------------------------------------------------------------------------


def relation_facts(snapshot: SchemaSnapshot, relation: Relation) -> Facts:
    return {
        "collection": relation.collection,
        "field": relation.field,
        "related_collection": relation.related,
        "schema": _foreign_key(snapshot, relation),
        "meta": _relation_meta(relation),
    }


def all_relations(snapshot: SchemaSnapshot, collection: str | None = None) -> list[Facts]:
    """Of every collection, or those that begin at one."""
    return [
        relation_facts(snapshot, relation)
        for relation in snapshot.relations
        if collection is None or relation.collection == collection
    ]


def _foreign_key(snapshot: SchemaSnapshot, relation: Relation) -> Facts | None:
    if relation.related is None or not relation.remote or relation.on_delete is None:
        return None
    facts: Facts = {
        "table": relation.collection,
        "column": relation.local[0],
        "foreign_key_table": relation.related,
        "foreign_key_column": relation.remote[0],
        "on_update": relation.on_update,
        "on_delete": relation.on_delete,
        "constraint_name": relation.constraint,
    }
    if snapshot.dialect == "postgresql":
        target = snapshot.collections.get(relation.related)
        facts["foreign_key_schema"] = None if target is None else target.namespace
    return facts


def _relation_meta(relation: Relation) -> Facts | None:
    if relation.meta is not None:
        allowed = relation.meta.get("one_allowed_collections")
        return {**_plain(relation.meta), "one_allowed_collections": list(allowed) if allowed else None}
    if relation.collection not in SYSTEM and relation.one_field is None:
        return None
    told = {
        "many_collection": relation.collection,
        "many_field": relation.field,
        "one_collection": relation.related,
        "one_field": relation.one_field,
        "one_allowed_collections": list(relation.allowed) or None,
        "one_collection_field": relation.collection_field,
        "one_deselect_action": relation.deselect_action,
        "junction_field": relation.junction_field,
        "sort_field": relation.sort_field,
    }
    return {**told, "system": True} if relation.collection in SYSTEM else {"id": None, **told}


def _plain(row: Mapping[str, Any]) -> Facts:
    """A row of metadata as JSON."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in row.items()}
