"""The roots of collections, fields and relations, as data: what they are called, take and give.

    PUBLIC["fields_in_collection"]    query fields_in_collection(collection: String!): [directus_fields!]!
    INTERNAL["structure_field"]       query structure_field(collection: String!, field: String!): JSON

Public roots are part of the system scope. Internal ones are what REST asks through the bridge, and answer
with the whole value. `bound` makes a call of either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Final, Literal

from resolvers.calls import CallInput, CallObject, CallRoot, CallSignature, CallType, Resolve
from schema_gen.registry import SYSTEM
from schema_gen.registry.base import Storage

_SCALARS: Final[Mapping[Storage, str]] = {
    "bigInteger": "GraphQLBigInt",
    "boolean": "Boolean",
    "float": "Float",
    "integer": "Int",
    "json": "JSON",
    "string": "String",
    "text": "String",
    "timestamp": "Date",
    "uuid": "ID",
}


#: columns that are never null, and that there are not in what is told of system collections and their fields
_NOT_OF_SYSTEM: Final = frozenset({"archive_app_filter", "collapse", "id", "status", "versioning"})


def _meta(table: str, *, required: bool) -> Mapping[str, str]:
    """The columns of a table of metadata as fields. `required`: those that are never null are marked so."""
    types: dict[str, str] = {}
    for column in SYSTEM[table].columns:
        scalar = "[String]" if "cast-csv" in column.special else _SCALARS[column.storage or "text"]
        always = required and column.required and column.name not in _NOT_OF_SYSTEM
        types[column.name] = f"{scalar}!" if always else scalar
    return types


def _nullable(types: Mapping[str, str]) -> Mapping[str, str]:
    return {name: text.rstrip("!") for name, text in types.items()}


_COLLECTION_SCHEMA: Final = {"name": "String", "comment": "String"}
_FIELD_SCHEMA: Final = {
    "name": "String",
    "table": "String",
    "data_type": "String",
    "default_value": "String",
    "max_length": "Int",
    "numeric_precision": "Int",
    "numeric_scale": "Int",
    "is_generated": "Boolean",
    "generation_expression": "String",
    "is_indexed": "Boolean",
    "is_nullable": "Boolean",
    "is_unique": "Boolean",
    "is_primary_key": "Boolean",
    "has_auto_increment": "Boolean",
    "foreign_key_column": "String",
    "foreign_key_table": "String",
    "comment": "String",
}
_RELATION_SCHEMA: Final = {
    "table": "String!",
    "column": "String!",
    "foreign_key_table": "String!",
    "foreign_key_column": "String!",
    "constraint_name": "String",
    "on_update": "String!",
    "on_delete": "String!",
}
#: what stands beside `meta` and `schema`
_OWN: Final[Mapping[str, tuple[str, ...]]] = {
    "collections": ("collection",),
    "fields": ("collection", "field", "type"),
    "relations": ("collection", "field", "related_collection"),
}
_SCHEMAS: Final = {
    "collections": _COLLECTION_SCHEMA,
    "fields": _FIELD_SCHEMA,
    "relations": _RELATION_SCHEMA,
}
#: types of metadata as they are told; relations have no row where they are inferred
_METAS: Final = {
    "collections": _meta("directus_collections", required=True),
    "fields": _meta("directus_fields", required=True),
    "relations": _meta("directus_relations", required=False),
}


def _objects(what: str) -> tuple[CallObject, ...]:
    """What reading answers with."""
    return _family(f"directus_{what}", what, _METAS[what], row_of=f"directus_{what}")


def _written(what: str) -> tuple[CallObject, ...]:
    """What writing answers with."""
    return _family(f"write_directus_{what}", what, _nullable(_METAS[what]))


def _family(
    name: str, what: str, meta: Mapping[str, str], row_of: str | None = None
) -> tuple[CallObject, ...]:
    own = dict.fromkeys(_OWN[what], "String")
    return (
        CallObject(name=name, fields={**own, "meta": f"{name}_meta", "schema": f"{name}_schema"}),
        CallObject(name=f"{name}_meta", fields=meta, row_of=row_of),
        CallObject(name=f"{name}_schema", fields=_SCHEMAS[what]),
    )


def _inputs(what: str) -> tuple[CallInput, ...]:
    """What writing takes. A collection is made with its fields."""
    name = f"write_directus_{what}"
    own = dict.fromkeys(_OWN[what], "String")
    if what == "collections":
        own["fields"] = "[write_directus_fields_input!]"
    parts = {"meta": f"{name}_meta_input", "schema": f"{name}_schema_input"}
    made = (
        CallInput(name=f"{name}_input", fields={**own, **parts}),
        CallInput(name=f"{name}_meta_input", fields=_nullable(_METAS[what])),
        CallInput(name=f"{name}_schema_input", fields=_SCHEMAS[what]),
    )
    return (*made, *_inputs("fields")) if what == "collections" else made


def _reading(name: str, what: str, arguments: Mapping[str, str]) -> CallSignature:
    many = not name.endswith("_by_name")
    return CallSignature(
        name=name,
        scope="system",
        kind="query",
        type=f"[directus_{what}!]!" if many else f"directus_{what}",
        arguments=arguments,
        types=_objects(what),
        reads=f"directus_{what}",
    )


def _writing(name: str, what: str, arguments: Mapping[str, str]) -> CallSignature:
    return CallSignature(
        name=name,
        scope="system",
        kind="mutation",
        type=f"write_directus_{what}",
        arguments=arguments,
        types=(*_written(what), *_inputs(what)),
        admin_only=True,
    )


def _deleting(name: str, answer: str, arguments: Mapping[str, str]) -> CallSignature:
    types: tuple[CallType, ...] = (CallObject(name=answer, fields=dict.fromkeys(arguments, "String")),)
    return CallSignature(
        name=name,
        scope="system",
        kind="mutation",
        type=answer,
        arguments=arguments,
        types=types,
        admin_only=True,
    )


def _internal(kind: Literal["query", "mutation"], name: str, **arguments: str) -> CallSignature:
    return CallSignature(
        name=name,
        scope="system",
        kind=kind,
        type="JSON",
        arguments=arguments,
        admin_only=kind == "mutation",
        internal=True,
    )


def _by_name(signatures: Iterable[CallSignature]) -> Mapping[str, CallSignature]:
    return {signature.name: signature for signature in signatures}


_COLLECTION: Final = {"collection": "String!"}
_FIELD: Final = {"collection": "String!", "field": "String!"}
_INDEXED: Final = {"concurrentIndexCreation": "Boolean"}


def _data(what: str) -> Mapping[str, str]:
    return {"data": f"write_directus_{what}_input!"}


#: name -> a root that callers see
PUBLIC: Final = _by_name(
    (
        _reading("collections", "collections", {}),
        _reading("collections_by_name", "collections", {"name": "String!"}),
        _reading("fields", "fields", {}),
        _reading("fields_in_collection", "fields", _COLLECTION),
        _reading("fields_by_name", "fields", _FIELD),
        _reading("relations", "relations", {}),
        _reading("relations_in_collection", "relations", _COLLECTION),
        _reading("relations_by_name", "relations", _FIELD),
        _writing("create_collections_item", "collections", {**_data("collections"), **_INDEXED}),
        _writing("update_collections_item", "collections", {**_COLLECTION, **_data("collections")}),
        _deleting("delete_collections_item", "delete_collection", _COLLECTION),
        _writing("create_fields_item", "fields", {**_COLLECTION, **_data("fields"), **_INDEXED}),
        _writing("update_fields_item", "fields", {**_FIELD, **_data("fields"), **_INDEXED}),
        _writing(
            "update_fields_items",
            "fields",
            {**_COLLECTION, "data": "[write_directus_fields_input!]", **_INDEXED},
        ),
        _deleting("delete_fields_item", "delete_field", _FIELD),
        _writing("create_relations_item", "relations", _data("relations")),
        _writing("update_relations_item", "relations", {**_FIELD, **_data("relations")}),
        _deleting("delete_relations_item", "delete_relation", _FIELD),
    )
)

#: name -> a root that only the bridge asks for
INTERNAL: Final = _by_name(
    (
        _internal("query", "structure_collections", keys="[String!]"),
        _internal("query", "structure_collection", **_COLLECTION),
        _internal("query", "structure_fields"),
        _internal("query", "structure_fields_of", **_COLLECTION),
        _internal("query", "structure_field", **_FIELD),
        _internal("query", "structure_relations"),
        _internal("query", "structure_relations_of", **_COLLECTION),
        _internal("query", "structure_relation", **_FIELD),
        _internal("mutation", "structure_create_collections", payload="JSON!", concurrently="Boolean"),
        _internal("mutation", "structure_update_collections", payload="JSON!"),
        _internal("mutation", "structure_update_collection", **_COLLECTION, payload="JSON!"),
        _internal("mutation", "structure_delete_collection", **_COLLECTION),
        _internal(
            "mutation",
            "structure_create_field",
            **_COLLECTION,
            payload="JSON!",
            concurrently="Boolean",
        ),
        _internal(
            "mutation",
            "structure_update_fields",
            **_COLLECTION,
            payload="JSON!",
            concurrently="Boolean",
        ),
        _internal("mutation", "structure_update_field", **_FIELD, payload="JSON!", concurrently="Boolean"),
        _internal("mutation", "structure_delete_field", **_FIELD),
        _internal("mutation", "structure_create_relation", payload="JSON!"),
        _internal("mutation", "structure_update_relation", **_FIELD, payload="JSON!"),
        _internal("mutation", "structure_delete_relation", **_FIELD),
        replace(_internal("query", "structure_snapshot"), admin_only=True),
        _internal("mutation", "structure_compare", payload="JSON!", force="Boolean"),
        _internal("mutation", "structure_apply", payload="JSON!", force="Boolean"),
    )
)


def bound(signature: CallSignature, resolve: Resolve) -> CallRoot:
    """The signature with what it does."""
    given = {field.name: getattr(signature, field.name) for field in fields(signature)}
    return CallRoot(**given, resolve=resolve)
