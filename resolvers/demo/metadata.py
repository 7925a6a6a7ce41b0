"""The demo's collections -> rows of directus_collections, directus_fields and directus_relations."""

from __future__ import annotations

import json
from collections.abc import Mapping

from resolvers.demo.fields import DemoCollection, DemoField, DemoRelation, Row
from resolvers.demo.schema import COLLECTIONS, RELATIONS


def metadata_rows() -> Mapping[str, list[Row]]:
    """The rows of `directus_collections`, `directus_fields` and `directus_relations` for the demo site."""
    folders_first = sorted(COLLECTIONS, key=lambda collection: not collection.folder)
    return {
        "directus_collections": [_collection_row(collection) for collection in folders_first],
        "directus_fields": [
            _field_row(collection.name, one, sort)
            for collection in COLLECTIONS
            for sort, one in enumerate(collection.fields, 1)
        ],
        "directus_relations": [_relation_row(relation) for relation in RELATIONS],
    }


def _collection_row(collection: DemoCollection) -> Row:
    names = (
        "icon",
        "note",
        "display_template",
        "archive_field",
        "archive_value",
        "unarchive_value",
        "sort_field",
    )
    flags = {name: collection.meta.get(name, False) for name in ("hidden", "singleton")}
    rest = {name: collection.meta.get(name) for name in (*names, "group")}
    return {
        "collection": collection.name,
        **rest,
        **flags,
        "sort": COLLECTIONS.index(collection) + 1,
        "accountability": "all",
        "archive_app_filter": True,
        "collapse": "open",
    }


def _field_row(collection: str, one: DemoField, sort: int) -> Row:
    required = not one.nullable and one.default is None and not one.readonly
    return {
        "collection": collection,
        "field": one.name,
        "special": ",".join(one.special) or None,
        "interface": one.interface,
        "options": json.dumps(one.options) if one.options else None,
        "display": one.display,
        "readonly": one.readonly,
        "hidden": one.hidden,
        "sort": sort,
        "width": one.width,
        "note": one.note,
        "required": required,
    }


def _relation_row(relation: DemoRelation) -> Row:
    return {
        "many_collection": relation.collection,
        "many_field": relation.name,
        "one_collection": relation.related,
        "one_field": relation.one_field,
        "one_collection_field": "collection" if relation.many_to_any else None,
        "one_allowed_collections": ",".join(relation.many_to_any) or None,
        "junction_field": relation.junction_field,
        "sort_field": relation.sort_field,
        "one_deselect_action": relation.deselect,
    }
