"""What a caller is told of how collections are made: the facts of `telling`, less what is hidden. Pure.

    sight = Sight(gate)
    sight.fields("articles")            -> facts of the fields that the caller may read
    sight.field("articles", "secret")   -> FORBIDDEN, as for a field that there is not

What is told names nothing that is hidden: foreign keys, the collections of a many-to-any relation, aliases of
the other side, sort and archive fields, groups, templates and conditions are left empty where they lead to
it. Neither are the defaults of secrets told, nor SQL. Of metadata there is what the caller may read of
`directus_collections`, `directus_fields` and `directus_relations`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from resolvers.permissions import Gate
from resolvers.structure.seen import Seen, What
from resolvers.structure.telling import Facts, collection_facts, field_facts, in_order, relation_facts
from schema_gen.errors import forbidden, forbidden_collection
from schema_gen.model import Collection, Field, Relation

#: what an archive field means, and says nothing without it
_OF_ARCHIVE: Final = ("archive_field", "archive_value", "unarchive_value")
#: columns of a relation that name a field of its own collection
_OF_MANY: Final = ("junction_field", "sort_field", "one_collection_field")
#: told of everybody's metadata
_MARKS: Final = frozenset({"system"})


class Sight:
    """What one set of rules leaves of one snapshot."""

    def __init__(self, gate: Gate) -> None:
        self._snapshot = gate.snapshot
        self._seen = Seen(gate)
        self._told: dict[What, frozenset[str] | None] = {}

    def sees(self, collection: str) -> bool:
        return self._seen.collection(collection)

    def _metadata(self, what: What, meta: Facts | None) -> Facts | None:
        """What of a row of metadata may be read."""
        if what not in self._told:
            self._told[what] = self._seen.told_of(what)
        told = self._told[what]
        if meta is None or told is None:
            return meta
        if not told:
            return None
        return {name: value for name, value in meta.items() if name in told or name in _MARKS}

    # --- collections ----------------------------------------------------------------------------------------

    def collections(self) -> Iterator[Facts]:
        names = self._names()
        for name in in_order(self._snapshot):
            if name in names:
                yield self._collection(name)

    def collection(self, name: str) -> Facts:
        """Raises FORBIDDEN."""
        if name not in self._names():
            raise forbidden()
        return self._collection(name)

    def _names(self) -> frozenset[str]:
        """The collections that may be read, and the folders in which they lie."""
        homes = self._snapshot.collections
        if self._seen.everything:
            return frozenset(homes)
        found: set[str] = set()
        for name in homes:
            above: str | None = name if self._seen.collection(name) else None
            while above is not None and above not in found and self._seen.folder_or_collection(above):
                found.add(above)
                above = _group(homes[above])
        return frozenset(found)

    def _collection(self, name: str) -> Facts:
        told = collection_facts(self._snapshot, name)
        if self._seen.everything:
            return told
        meta, schema = told["meta"], told["schema"]
        return {
            **told,
            "meta": None if meta is None else self._metadata("collections", self._settings(name, meta)),
            # the text of its making names every column
            "schema": None if schema is None else {key: schema[key] for key in schema if key != "sql"},
        }

    def _settings(self, name: str, meta: Mapping[str, Any]) -> Facts:
        seen, masked = self._seen, dict(meta)
        for key, hiding in (("sort_field", ("sort_field",)), ("archive_field", _OF_ARCHIVE)):
            if masked.get(key) is not None and not seen.field(name, masked[key]):
                masked |= dict.fromkeys(hiding)
        for key in ("display_template", "preview_url"):
            template = masked.get(key)
            if isinstance(template, str) and not seen.template(name, template):
                masked[key] = None
        copied = masked.get("item_duplication_fields")
        if isinstance(copied, list):
            paths = [path for path in copied if isinstance(path, str)]
            masked["item_duplication_fields"] = [path for path in paths if seen.path(name, path.split("."))]
        group = masked.get("group")
        if group is not None and not seen.folder_or_collection(group):
            masked["group"] = None
        return masked

    # --- fields ---------------------------------------------------------------------------------------------

    def fields(self, collection: str | None = None) -> Iterator[Facts]:
        """Of every collection, or of one. Raises FORBIDDEN."""
        if collection is not None and not self.sees(collection):
            raise forbidden_collection(collection)
        for name in in_order(self._snapshot) if collection is None else (collection,):
            for field in self._snapshot.collections[name].fields.values():
                if self._seen.own_field(field):
                    yield self._field(field)

    def field(self, collection: str, name: str) -> Facts:
        """Raises FORBIDDEN."""
        if not self.sees(collection):
            raise forbidden_collection(collection)
        home = self._snapshot.collections[collection]
        if self._seen.everything and name in home.leftovers:
            return field_facts(self._snapshot, collection, name)
        if name not in home.fields or not self._seen.own_field(home.fields[name]):
            raise forbidden()
        return self._field(home.fields[name])

    def _field(self, field: Field) -> Facts:
        told = field_facts(self._snapshot, field.collection, field.name)
        if self._seen.everything:
            return told
        meta, schema = told["meta"], told["schema"]
        return {
            **told,
            "schema": None if schema is None else self._column(field, schema),
            "meta": None if meta is None else self._metadata("fields", self._presentation(field, meta)),
        }

    def _column(self, field: Field, schema: Mapping[str, Any]) -> Facts:
        masked = dict(schema)
        target = masked["foreign_key_table"]
        if target is not None and not self.sees(target):
            masked |= {key: None for key in masked if key.startswith("foreign_key_")}
        elif target is not None and not self._seen.field(target, masked["foreign_key_column"]):
            masked["foreign_key_column"] = None
        if field.concealed:
            masked["default_value"] = None
        # SQL over columns of any name
        masked["generation_expression"] = None
        return masked

    def _presentation(self, field: Field, meta: Mapping[str, Any]) -> Facts:
        seen, masked = self._seen, dict(meta)
        home = field.collection
        if masked.get("group") is not None and not seen.field(home, masked["group"]):
            masked["group"] = None
        if not seen.rule(home, masked.get("validation")):
            masked["validation"] = None
        conditions = masked.get("conditions")
        if isinstance(conditions, list):
            masked["conditions"] = [one for one in conditions if seen.rule(home, _rule(one))]
        for key in ("options", "display_options"):
            if isinstance(masked.get(key), dict):
                masked[key] = self._options(field, masked[key])
        return masked

    def _options(self, field: Field, options: Mapping[str, Any]) -> Facts:
        """Templates and filters of a relation speak of its items, those of other fields of the own item."""
        link = self._snapshot.link(field.collection, field.name)
        home = field.collection if link is None or not link.target else link.target
        kept = dict(options)
        if link is not None and link.junction_field is not None:
            # some speak of the items behind the junction
            beyond = self._snapshot.link(link.target, link.junction_field)
            homes = [home] if beyond is None or not beyond.target else [home, beyond.target]
        else:
            homes = [home]
        template, filtered, columns = kept.get("template"), kept.get("filter"), kept.get("fields")
        if isinstance(template, str) and not any(self._seen.template(one, template) for one in homes):
            kept["template"] = None
        if not all(self._seen.rule(one, filtered) for one in homes):
            kept["filter"] = None
        if link is not None and isinstance(columns, list):
            paths = [path for path in columns if isinstance(path, str)]
            kept["fields"] = [
                path for path in paths if any(self._seen.path(one, path.split(".")) for one in homes)
            ]
        return kept

    # --- relations ------------------------------------------------------------------------------------------

    def relations(self, collection: str | None = None) -> Iterator[Facts]:
        """Of every collection, or those that begin at one. Raises FORBIDDEN."""
        if collection is not None and not self.sees(collection):
            raise forbidden_collection(collection)
        return self._relations(collection)

    def _relations(self, collection: str | None) -> Iterator[Facts]:
        for relation in self._every_relation():
            if collection is None or relation.collection == collection:
                told = self._relation(relation)
                if told is not None:
                    yield told

    def relation(self, collection: str, field: str) -> Facts:
        """Raises FORBIDDEN."""
        if not self.sees(collection):
            raise forbidden_collection(collection)
        for relation in self._every_relation():
            if relation.collection == collection and relation.field == field:
                told = self._relation(relation)
                if told is not None:
                    return told
        raise forbidden()

    def _every_relation(self) -> Iterator[Relation]:
        """Rows that have lost one of their ends are for administrators, who may take them away."""
        yield from self._snapshot.relations
        if self._seen.everything:
            yield from self._snapshot.leftovers

    def _relation(self, relation: Relation) -> Facts | None:
        """None where one of its ends is hidden."""
        if self._seen.everything:
            return relation_facts(self._snapshot, relation)
        if not self._seen.field(relation.collection, relation.field):
            return None
        allowed = [name for name in relation.allowed if self.sees(name)]
        if not (allowed if relation.related is None else self.sees(relation.related)):
            return None
        told = relation_facts(self._snapshot, relation)
        meta, schema = told["meta"], told["schema"]
        return {
            **told,
            "meta": None
            if meta is None
            else self._metadata("relations", self._ends(relation, meta, allowed)),
            "schema": None if schema is None else self._key(schema),
        }

    def _ends(self, relation: Relation, meta: Mapping[str, Any], allowed: list[str]) -> Facts:
        masked = dict(meta)
        for key in _OF_MANY:
            if masked.get(key) is not None and not self._seen.field(relation.collection, masked[key]):
                masked[key] = None
        if masked.get("one_allowed_collections") is not None:
            masked["one_allowed_collections"] = allowed
        alias = masked.get("one_field")
        if alias is not None and not self._seen.field(relation.related or "", alias):
            masked["one_field"] = None
        return masked

    def _key(self, schema: Mapping[str, Any]) -> Facts:
        masked = dict(schema)
        # many call it after the columns
        masked["constraint_name"] = None
        if not self._seen.field(schema["foreign_key_table"], schema["foreign_key_column"]):
            masked["foreign_key_column"] = None
        return masked


def _rule(condition: Any) -> Any:
    return condition.get("rule") if isinstance(condition, Mapping) else None


def _group(home: Collection) -> str | None:
    return home.meta.get("group") if home.meta else None
