"""What a caller sees of how collections are made: the facts of `telling`, less what is hidden from it. Pure.

    sight = Sight(gate)
    sight.fields("articles")            -> facts of the fields that the caller may read
    sight.field("articles", "secret")   -> FORBIDDEN, as for a field that there is not

A collection is seen by who may read it, a field by who may read that field; administrators see everything.
What is seen names nothing that is hidden: foreign keys, the collections of a many-to-any relation, aliases
of the other side, sort and archive fields, groups and templates are left empty where they lead to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from resolvers.permissions import Gate
from resolvers.structure.telling import collection_facts, field_facts, in_order, relation_facts
from schema_gen.errors import forbidden, forbidden_collection
from schema_gen.model import Collection, Field, Relation

Facts = dict[str, Any]

#: settings of a collection that hold the name of one of its fields
_NAMING: Final = ("archive_field", "sort_field")
#: what such a field means, and says nothing without it
_WITH_ARCHIVE: Final = ("archive_value", "unarchive_value")
#: columns of a relation that name a field of its own collection
_OF_MANY: Final = ("junction_field", "sort_field", "one_collection_field")
_PLACEHOLDER: Final = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")


class Sight:
    """What one set of rules leaves of one snapshot."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._snapshot = gate.snapshot
        self._all = gate.rules.admin

    # --- collections ----------------------------------------------------------------------------------------

    def collections(self) -> Iterator[Facts]:
        seen = self._collection_names()
        for name in in_order(self._snapshot):
            if name in seen:
                yield self._collection(name)

    def collection(self, name: str) -> Facts:
        """Raises FORBIDDEN."""
        if name not in self._collection_names():
            raise forbidden()
        return self._collection(name)

    def _collection_names(self) -> frozenset[str]:
        """Those that may be read, and the folders in which they lie."""
        homes = self._snapshot.collections
        if self._all:
            return frozenset(homes)
        found: set[str] = set()
        for name in homes:
            above: str | None = name if self.sees(name) else None
            while above is not None and above not in found and above in homes:
                if above != name and not self._is_folder_or_seen(above):
                    break
                found.add(above)
                above = _group(homes[above])
        return frozenset(found)

    def _is_folder_or_seen(self, name: str) -> bool:
        return self._snapshot.collections[name].kind == "folder" or self.sees(name)

    def _collection(self, name: str) -> Facts:
        told = collection_facts(self._snapshot, name)
        if self._all:
            return told
        meta, schema = told["meta"], told["schema"]
        return {
            **told,
            "meta": None if meta is None else self._settings(name, meta),
            # the text of its making names every column
            "schema": None if schema is None else {key: schema[key] for key in schema if key != "sql"},
        }

    def _settings(self, name: str, meta: Mapping[str, Any]) -> Facts:
        masked = dict(meta)
        for key in _NAMING:
            if masked.get(key) is not None and not self._sees_field(name, masked[key]):
                masked[key] = None
                if key == "archive_field":
                    masked |= dict.fromkeys(_WITH_ARCHIVE)
        copied = masked.get("item_duplication_fields")
        if isinstance(copied, list):
            masked["item_duplication_fields"] = [
                path for path in copied if isinstance(path, str) and self._sees_path(name, path.split("."))
            ]
        template = masked.get("display_template")
        if isinstance(template, str) and not self._sees_template(name, template):
            masked["display_template"] = None
        group = masked.get("group")
        if group is not None and not (group in self._snapshot.collections and self._is_folder_or_seen(group)):
            masked["group"] = None
        return masked

    # --- fields ---------------------------------------------------------------------------------------------

    def fields(self, collection: str | None = None) -> Iterator[Facts]:
        """Of every collection, or of one. Raises FORBIDDEN."""
        if collection is not None and not self.sees(collection):
            raise forbidden_collection(collection)
        for name in in_order(self._snapshot) if collection is None else (collection,):
            for field in self._snapshot.collections[name].fields.values():
                if self._sees_field(name, field.name):
                    yield self._field(field)

    def field(self, collection: str, name: str) -> Facts:
        """Raises FORBIDDEN."""
        if not self.sees(collection):
            raise forbidden_collection(collection)
        home = self._snapshot.collections[collection]
        if self._all and name in home.leftovers:
            return field_facts(self._snapshot, collection, name)
        if not self._sees_field(collection, name):
            raise forbidden()
        return self._field(home.fields[name])

    def _field(self, field: Field) -> Facts:
        told = field_facts(self._snapshot, field.collection, field.name)
        if self._all:
            return told
        return {
            **told,
            "schema": None if told["schema"] is None else self._column(field, told["schema"]),
            "meta": None if told["meta"] is None else self._presentation(field, told["meta"]),
        }

    def _column(self, field: Field, schema: Mapping[str, Any]) -> Facts:
        masked = dict(schema)
        target = masked.get("foreign_key_table")
        if target is not None and not self.sees(target):
            masked |= {key: None for key in masked if key.startswith("foreign_key_")}
        elif target is not None and not self._sees_field(target, masked["foreign_key_column"]):
            masked["foreign_key_column"] = None
        if field.concealed:
            masked["default_value"] = None
        return masked

    def _presentation(self, field: Field, meta: Mapping[str, Any]) -> Facts:
        group = meta.get("group")
        hidden = group is not None and not self._sees_field(field.collection, group)
        return {**meta, "group": None} if hidden else dict(meta)

    # --- relations ------------------------------------------------------------------------------------------

    def relations(self, collection: str | None = None) -> Iterator[Facts]:
        """Of every collection, or those that begin at one. Raises FORBIDDEN."""
        if collection is not None and not self.sees(collection):
            raise forbidden_collection(collection)
        return self._relations(collection)

    def _relations(self, collection: str | None) -> Iterator[Facts]:
        for relation in self._snapshot.relations:
            if collection is None or relation.collection == collection:
                told = self._relation(relation)
                if told is not None:
                    yield told

    def relation(self, collection: str, field: str) -> Facts:
        """Raises FORBIDDEN."""
        if not self.sees(collection):
            raise forbidden_collection(collection)
        for relation in self._snapshot.relations:
            if relation.collection == collection and relation.field == field:
                told = self._relation(relation)
                if told is not None:
                    return told
        raise forbidden()

    def _relation(self, relation: Relation) -> Facts | None:
        """None where one of its ends is hidden."""
        if self._all:
            return relation_facts(self._snapshot, relation)
        if not self._sees_field(relation.collection, relation.field):
            return None
        if relation.related is not None and not self.sees(relation.related):
            return None
        allowed = [name for name in relation.allowed if self.sees(name)]
        if relation.related is None and not allowed:
            return None
        told = relation_facts(self._snapshot, relation)
        return {
            **told,
            "meta": None if told["meta"] is None else self._ends(relation, told["meta"], allowed),
            "schema": None if told["schema"] is None else self._key(told["schema"]),
        }

    def _ends(self, relation: Relation, meta: Mapping[str, Any], allowed: list[str]) -> Facts:
        masked = dict(meta)
        for key in _OF_MANY:
            if masked.get(key) is not None and not self._sees_field(relation.collection, masked[key]):
                masked[key] = None
        if masked.get("one_allowed_collections") is not None:
            masked["one_allowed_collections"] = allowed
        alias = masked.get("one_field")
        if alias is not None and relation.related is not None:
            masked["one_field"] = alias if self._sees_field(relation.related, alias) else None
        return masked

    def _key(self, schema: Mapping[str, Any]) -> Facts:
        masked = dict(schema)
        if not self._sees_field(schema["foreign_key_table"], schema["foreign_key_column"]):
            masked["foreign_key_column"] = None
        return masked

    # --- what is seen ---------------------------------------------------------------------------------------

    def sees(self, collection: str) -> bool:
        """Whether its fields may be told of; there is nothing to read in a folder."""
        return self._gate.read_scope(collection) is not None

    def _sees_field(self, collection: str, field: str) -> bool:
        scope = self._gate.read_scope(collection)
        return scope is not None and field in scope.fields

    def _sees_path(self, collection: str, path: Iterable[str]) -> bool:
        """Every step of a path over relations. What cannot be followed is not seen."""
        home: str | None = collection
        for part in path:
            name = part.partition(":")[0]
            if home is None or not self._sees_field(home, name):
                return False
            link = self._snapshot.link(home, name)
            home = link.target or None if link is not None else None
        return True

    def _sees_template(self, collection: str, template: str) -> bool:
        return all(
            self._sees_path(collection, found[1].split(".")) for found in _PLACEHOLDER.finditer(template)
        )


def _group(home: Collection) -> str | None:
    return home.meta.get("group") if home.meta else None
