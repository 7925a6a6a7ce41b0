"""The routes of collections, fields and relations: told to who may read them, changed by administrators; and
those of the whole model as a document.

    ("GET", "fields/:collection")  -> /fields/{collection}: get

What is described is what `rest_bridge.structure.ROUTES` answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from rest_bridge.openapi.operations import ALWAYS, TEXT, body, data, done, ok, operation
from rest_bridge.openapi.setting import Schema, Setting
from rest_bridge.structure import ROUTES

_NAME: Final[Schema] = {"type": "string", "minLength": 1}
_OBJECT: Final[Schema] = {"type": ["object", "null"]}
_SENT: Final = (*ALWAYS, 404, 408, 413)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """`answer` and `sent`: schemas; None: nothing. `file`: it may be sent as a file in a form, and `force`
    passes over checks. `equal`: when there is nothing to answer.
    """

    name: str
    summary: str
    answer: Schema | None = None
    sent: Schema | None = None
    file: bool = False
    equal: str | None = None


def _list(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def _shape(names: Mapping[str, Schema], *required: str) -> Schema:
    return {"type": "object", "properties": dict(names), **({"required": [*required]} if required else {})}


COMPONENTS: Final[Mapping[str, Schema]] = {
    "Collections": _shape(
        {"collection": TEXT, "meta": _OBJECT, "schema": _OBJECT}, "collection", "meta", "schema"
    ),
    "Fields": _shape(
        {"collection": TEXT, "field": TEXT, "type": TEXT, "schema": _OBJECT, "meta": _OBJECT},
        *("collection", "field", "type", "schema", "meta"),
    ),
    "Relations": _shape(
        {
            "collection": TEXT,
            "field": TEXT,
            "related_collection": {"type": ["string", "null"]},
            "schema": _OBJECT,
            "meta": _OBJECT,
        },
        *("collection", "field", "related_collection", "schema", "meta"),
    ),
}
_COLLECTION, _FIELD, _RELATION = ({"$ref": f"#/components/schemas/{name}"} for name in COMPONENTS)
_FIELD_PARTS: Final[Mapping[str, Schema]] = {"field": _NAME, "type": TEXT, "schema": _OBJECT, "meta": _OBJECT}
_NEW_FIELD: Final = _shape(_FIELD_PARTS, "field")
_NEW_COLLECTION: Final = _shape(
    {"collection": _NAME, "schema": _OBJECT, "meta": _OBJECT, "fields": _list(_NEW_FIELD)}, "collection"
)
_NAMED_COLLECTION: Final = _shape({"collection": _NAME, "meta": _OBJECT}, "collection")
_NEW_RELATION: Final = _shape(
    {
        "collection": _NAME,
        "field": _NAME,
        "related_collection": {"type": ["string", "null"]},
        "schema": _OBJECT,
        "meta": _OBJECT,
    },
    "collection",
    "field",
)
_PLACE: Final[Mapping[str, Schema]] = {"collection": _NAME, "field": _NAME}
_RELATED: Final[Mapping[str, Schema]] = {**_PLACE, "related_collection": {"type": ["string", "null"]}}
_INDEX: Final = _shape({"is_indexed": {"type": "boolean"}}, "is_indexed")
_MODEL: Final = _shape(
    {
        "version": {"type": "number"},
        "directus": _NAME,
        "vendor": {"type": ["string", "null"]},
        "collections": _list(_shape({"collection": _NAME, "meta": _OBJECT, "schema": _OBJECT}, "collection")),
        "fields": _list(
            _shape({**_PLACE, "type": TEXT, "meta": _OBJECT, "schema": _OBJECT}, "collection", "field")
        ),
        "systemFields": _list(_shape({**_PLACE, "schema": _INDEX}, "collection", "field", "schema")),
        "relations": _list(_shape({**_RELATED, "meta": _OBJECT, "schema": _OBJECT}, "collection", "field")),
    },
    *("version", "directus", "collections", "fields", "relations"),
)
_DELTAS: Final = _list(_shape({"kind": {"enum": ["N", "D", "E", "A"]}}, "kind"))
_DIFFERENCE: Final = _shape(
    {
        "hash": _NAME,
        "diff": _shape(
            {
                "collections": _list(_shape({"collection": _NAME, "diff": _DELTAS}, "collection", "diff")),
                "fields": _list(_shape({**_PLACE, "diff": _DELTAS}, *_PLACE, "diff")),
                "systemFields": _list(_shape({**_PLACE, "diff": _DELTAS}, *_PLACE, "diff")),
                "relations": _list(_shape({**_RELATED, "diff": _DELTAS}, *_PLACE, "diff")),
            },
            *("collections", "fields", "systemFields", "relations"),
        ),
    },
    "hash",
    "diff",
)
_ONE_OR_MORE: Final[Schema] = {"anyOf": [_NEW_COLLECTION, _list(_NEW_COLLECTION)]}

TOLD: Final[Mapping[tuple[str, str], _Told]] = {
    ("GET", "collections"): _Told(
        name="getCollections", summary="List collections", answer=_list(_COLLECTION)
    ),
    ("POST", "collections"): _Told(
        name="createCollection",
        summary="Create a collection with its fields, or several",
        answer={"anyOf": [_COLLECTION, _list(_COLLECTION)]},
        sent=_ONE_OR_MORE,
    ),
    ("PATCH", "collections"): _Told(
        name="updateCollections",
        summary="Change several collections",
        answer=_list(_COLLECTION),
        sent=_list(_NAMED_COLLECTION),
    ),
    ("GET", "collections/:collection"): _Told(
        name="getCollection", summary="Read a collection", answer=_COLLECTION
    ),
    ("PATCH", "collections/:collection"): _Told(
        name="updateCollection",
        summary="Change a collection",
        answer=_COLLECTION,
        sent=_shape({"meta": _OBJECT}),
    ),
    ("DELETE", "collections/:collection"): _Told(
        name="deleteCollection", summary="Delete a collection and all that it holds"
    ),
    ("GET", "fields"): _Told(
        name="getFields", summary="List the fields of all collections", answer=_list(_FIELD)
    ),
    ("GET", "fields/:collection"): _Told(
        name="getCollectionFields", summary="List the fields of a collection", answer=_list(_FIELD)
    ),
    ("POST", "fields/:collection"): _Told(
        name="createField", summary="Create a field", answer=_FIELD, sent=_NEW_FIELD
    ),
    ("PATCH", "fields/:collection"): _Told(
        name="updateFields",
        summary="Change several fields",
        answer=_list(_FIELD),
        sent=_list(_NEW_FIELD),
    ),
    ("GET", "fields/:collection/:field"): _Told(
        name="getCollectionField", summary="Read a field", answer=_FIELD
    ),
    ("PATCH", "fields/:collection/:field"): _Told(
        name="updateField", summary="Change a field", answer=_FIELD, sent=_shape(_FIELD_PARTS)
    ),
    ("DELETE", "fields/:collection/:field"): _Told(
        name="deleteField", summary="Delete a field and what it holds"
    ),
    ("GET", "relations"): _Told(name="getRelations", summary="List relations", answer=_list(_RELATION)),
    ("POST", "relations"): _Told(
        name="createRelation", summary="Create a relation", answer=_RELATION, sent=_NEW_RELATION
    ),
    ("GET", "relations/:collection"): _Told(
        name="getCollectionRelations", summary="List the relations of a collection", answer=_list(_RELATION)
    ),
    ("GET", "relations/:collection/:field"): _Told(
        name="getRelation", summary="Read a relation", answer=_RELATION
    ),
    ("PATCH", "relations/:collection/:field"): _Told(
        name="updateRelation",
        summary="Change a relation",
        answer=_RELATION,
        sent=_shape({"schema": _OBJECT, "meta": _OBJECT}),
    ),
    ("DELETE", "relations/:collection/:field"): _Told(
        name="deleteRelation", summary="Delete a relation; its field stays"
    ),
    ("GET", "schema/snapshot"): _Told(
        name="schemaSnapshot", summary="Read the data model as a document", answer=_MODEL
    ),
    ("POST", "schema/diff"): _Told(
        name="schemaDiff",
        summary="Compare the data model with a document",
        answer=_DIFFERENCE,
        sent=_MODEL,
        file=True,
        equal="Nothing differs",
    ),
    ("POST", "schema/apply"): _Told(
        name="schemaApply", summary="Make the data model like a document", sent=_DIFFERENCE, file=True
    ),
}
_FORCE: Final[Schema] = {
    "name": "force",
    "in": "query",
    "description": "Pass over releases, kinds of databases and changes meanwhile",
    "schema": {"type": "boolean"},
}
_FILE: Final[Schema] = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": {"type": "string", "format": "binary", "description": "JSON or YAML"}},
}


def structure_paths(setting: Setting) -> dict[str, Schema]:
    found: dict[str, Schema] = {}
    for (method, pattern), (_, status) in ROUTES.items():
        told = TOLD.get((method, pattern))
        if told is None or not _allowed(method, pattern, setting):
            continue
        parts = [f"{{{part[1:]}}}" if part.startswith(":") else part for part in pattern.split("/")]
        item = found.setdefault("/" + "/".join(parts), _parameters(pattern))
        item[method.lower()] = _operation(told, pattern.partition("/")[0].capitalize(), status)
    return found


def structure_components(setting: Setting) -> dict[str, Any]:
    """Of what there are routes for."""
    return {name: schema for name, schema in COMPONENTS.items() if _allowed("GET", name.lower(), setting)}


def _allowed(method: str, pattern: str, setting: Setting) -> bool:
    if setting.admin:
        return True
    return method == "GET" and setting.view.readable(f"directus_{pattern.partition('/')[0]}")


def _parameters(pattern: str) -> Schema:
    names = [part[1:] for part in pattern.split("/") if part.startswith(":")]
    listed = [{"name": name, "in": "path", "required": True, "schema": _NAME} for name in names]
    return {"parameters": listed} if listed else {}


def _operation(told: _Told, tag: str, status: int) -> Schema:
    answer = done() if told.answer is None or status == 204 else ok(data(told.answer))
    answers = {str(status): answer}
    if told.equal is not None:
        answers["204"] = done(told.equal)
    refusals = _SENT if told.sent is not None or told.answer is None else (*ALWAYS, 404)
    sent = None if told.sent is None else body(told.sent)
    if sent is not None and told.file:
        sent["content"]["multipart/form-data"] = {"schema": _FILE}
        refusals = (*refusals, 415)
    return operation(
        told.name,
        tag,
        told.summary,
        answers,
        parameters=(_FORCE,) if told.file else (),
        body=sent,
        refusals=refusals,
    )
