"""Snapshot -> the data model as a document that can be kept, compared and applied elsewhere. Pure.

    portrait(snapshot).as_json()
        -> {"version": 1, "directus": "12.4.1", "vendor": "sqlite",
            "collections": [{"collection": "articles", "meta": {...}, "schema": {"name": "articles"}}],
            "fields": [{"collection": "articles", "field": "title", "type": "string", "meta": {...}, ...}],
            "systemFields": [{"collection": "directus_activity", "field": "timestamp",
                              "schema": {"is_indexed": True}}],
            "relations": [...]}

In it is what has metadata: collections, fields and relations that were only found in the database are not
part of the model (protocol). Of the system's own there are the fields that were added, and which of the
others have an index. The order depends on the model alone, so that equal models give equal files: fields
stand as they are sorted, the key first.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from resolvers.structure.fields import is_system_field
from resolvers.structure.telling import Facts, collection_facts, field_facts, relation_facts
from schema_gen.model import Collection, Field, Relation, SchemaSnapshot

Vendor = Literal["sqlite", "postgres"]
Place = tuple[str, str]

#: form of the document
VERSION: Final = 1
#: the release of the protocol whose metadata these documents hold
DIRECTUS: Final = "12.4.1"
VENDORS: Final[Mapping[str, Vendor]] = {"sqlite": "sqlite", "postgresql": "postgres"}

#: what is said of a column, in this order
COLUMN: Final = (
    "name",
    "table",
    "data_type",
    "default_value",
    "max_length",
    "numeric_precision",
    "numeric_scale",
    "is_nullable",
    "is_unique",
    "is_indexed",
    "is_primary_key",
    "is_generated",
    "generation_expression",
    "has_auto_increment",
    "foreign_key_table",
    "foreign_key_column",
)
_FOREIGN_KEY: Final = (
    "table",
    "column",
    "foreign_key_table",
    "foreign_key_column",
    "constraint_name",
    "on_update",
    "on_delete",
)
#: behind everything that is sorted
_LAST: Final = 2**31


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """`fields` and `relations` by (collection, field), each as the document has it; `indexed`: whether system
    fields have an index, as far as it is said. `vendor` None: not said.
    """

    directus: str
    vendor: str | None
    collections: Mapping[str, Facts]
    fields: Mapping[Place, Facts]
    indexed: Mapping[Place, bool]
    relations: Mapping[Place, Facts]

    def as_json(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "directus": self.directus,
            "vendor": self.vendor,
            "collections": list(self.collections.values()),
            "fields": list(self.fields.values()),
            "systemFields": [
                {"collection": collection, "field": field, "schema": {"is_indexed": True}}
                for (collection, field), indexed in self.indexed.items()
                if indexed
            ],
            "relations": list(self.relations.values()),
        }

    @property
    def digest(self) -> str:
        """Equal for equal models; 40 hexadecimal digits (protocol)."""
        text = json.dumps(self.as_json(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha1(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def portrait(snapshot: SchemaSnapshot) -> Portrait:
    homes = [snapshot.collections[name] for name in sorted(snapshot.collections)]
    return Portrait(
        directus=DIRECTUS,
        vendor=VENDORS[snapshot.dialect],
        collections={home.name: _collection(snapshot, home) for home in homes if _told(home)},
        fields={
            (home.name, field.name): _field(snapshot, field)
            for home in homes
            if home.system or _told(home)
            for field in _sorted(home)
            if field.meta is not None and not is_system_field(home.name, field.name)
        },
        indexed={
            (home.name, field.name): True
            for home in homes
            if home.system
            for field in sorted(home.fields.values(), key=lambda field: field.name)
            if is_system_field(home.name, field.name) and has_index(field)
        },
        relations={
            (relation.collection, relation.field): _relation(snapshot, relation)
            for relation in sorted(snapshot.relations, key=lambda each: (each.collection, each.field))
            if relation.meta is not None
        },
    )


def has_index(field: Field) -> bool:
    """An index for itself: keys and unique columns have one anyway."""
    column = field.column
    return column is not None and column.indexed and not column.primary_key


def _told(home: Collection) -> bool:
    return home.meta is not None and not home.system


def _sorted(home: Collection) -> list[Field]:
    def place(field: Field) -> tuple[bool, int, str]:
        sort = (field.meta or {}).get("sort")
        return field.name not in home.primary_key, sort if isinstance(sort, int) else _LAST, field.name

    return sorted(home.fields.values(), key=place)


def _collection(snapshot: SchemaSnapshot, home: Collection) -> Facts:
    told = collection_facts(snapshot, home.name)
    facts: Facts = {"collection": home.name, "meta": _meta(told["meta"])}
    return facts if told["schema"] is None else {**facts, "schema": {"name": home.name}}


def _field(snapshot: SchemaSnapshot, field: Field) -> Facts:
    told = field_facts(snapshot, field.collection, field.name)
    schema = told["schema"]
    facts = {**{name: told[name] for name in ("collection", "field", "type")}, "meta": _meta(told["meta"])}
    return facts if schema is None else {**facts, "schema": {name: schema[name] for name in COLUMN}}


def _relation(snapshot: SchemaSnapshot, relation: Relation) -> Facts:
    told = relation_facts(snapshot, relation)
    schema = told["schema"]
    facts = {name: told[name] for name in ("collection", "field", "related_collection")}
    facts["meta"] = _meta(told["meta"])
    return facts if schema is None else {**facts, "schema": {name: schema[name] for name in _FOREIGN_KEY}}


def _meta(row: Facts) -> Facts:
    """Numbers of rows are those of one database."""
    return {name: row[name] for name in sorted(row) if name != "id"}
