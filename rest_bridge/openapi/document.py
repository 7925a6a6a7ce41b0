"""Snapshot + what a caller sees of it -> the OpenAPI 3.1 document of all that the caller may use. Pure.

    document(Setting.of(snapshot, names, view, facts, admin=False, signed_in=True))
        -> {"openapi": "3.1.1", "info": {...}, "paths": {"/items/articles": {...}, ...}, "components": {...}}

Paths, tags and components are called what the protocol calls them. What is hidden from the caller is not in
it: nobody learns from the document what a request would not tell.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import blake2s
from typing import Final

from rest_bridge.openapi.by_mail import password_paths, user_paths
from rest_bridge.openapi.collections import collection_paths, tag_of
from rest_bridge.openapi.files import file_paths, with_uploads
from rest_bridge.openapi.items import item_schemas
from rest_bridge.openapi.operations import ERROR, refusal, refusal_responses
from rest_bridge.openapi.own import TOKENS, auth_paths, own_login_paths, own_paths, second_factor_paths
from rest_bridge.openapi.parameters import PARAMETERS
from rest_bridge.openapi.server import graphql_paths, server_paths, utility_paths
from rest_bridge.openapi.setting import Schema, Setting
from rest_bridge.openapi.simulation import owner_paths, simulation_paths
from rest_bridge.openapi.structure import structure_components, structure_paths
from schema_gen.graphql.outputs import note_of_collection

VERSION: Final = "3.1.1"
_NO_VERSION: Final = b'"version":""'
_METHODS: Final = frozenset({"get", "put", "post", "delete", "patch", "head"})
_DESCRIPTION: Final = (
    "Everything that the caller of this document may use. Lists also answer the method SEARCH, with "
    "`query` and `keys` in a JSON body, for which OpenAPI 3.1 has no word."
)
_META: Final[Schema] = {
    "type": "object",
    "properties": {"total_count": {"type": "integer"}, "filter_count": {"type": "integer"}},
}
_GEOMETRY: Final[Schema] = {
    "type": "object",
    "description": "GeoJSON",
    "required": ["type"],
    "properties": {"type": {"type": "string"}, "coordinates": {"type": "array"}},
}


def encoded(setting: Setting) -> bytes:
    """The document as JSON; its version is a digest of it, so that it changes when the document does."""
    text = json.dumps(document(setting), ensure_ascii=False, separators=(",", ":"))
    body = text.encode("utf-8", "replace")
    return body.replace(_NO_VERSION, b'"version":"%b"' % blake2s(body).hexdigest()[:12].encode(), 1)


def document(setting: Setting) -> Schema:
    """The document without its version."""
    paths = _paths(setting)
    components = _components(setting)
    info: Schema = {
        "title": "Causeway",
        "description": _DESCRIPTION,
        "version": "",
    }
    return {
        "openapi": VERSION,
        "info": info,
        "servers": [{"url": setting.facts.url}],
        # without credentials: whoever has none is the public
        "security": [*({name: []} for name in components["securitySchemes"]), {}],
        "tags": _tags(paths, setting),
        "paths": paths,
        "components": components,
    }


def _paths(setting: Setting) -> dict[str, Schema]:
    found: dict[str, Schema] = {}
    for home in setting.collections():
        found |= collection_paths(home, setting)
    found = with_uploads(found, setting)
    found |= file_paths(setting)
    found |= own_paths(setting)
    found |= second_factor_paths(setting)
    found |= own_login_paths(setting)
    found |= user_paths(setting)
    found |= utility_paths(setting)
    found |= simulation_paths(setting)
    found |= owner_paths(setting)
    found |= structure_paths(setting)
    paths = {
        **dict(sorted(found.items())),
        **auth_paths(),
        **password_paths(),
        **server_paths(setting),
        **graphql_paths(),
    }
    return _bounded(paths) if setting.facts.limited else paths


def _bounded(paths: dict[str, Schema]) -> dict[str, Schema]:
    """Any request may be one too many."""
    too_many = {"429": refusal(429)}
    return {
        path: {
            name: {**part, "responses": {**part["responses"], **too_many}} if name in _METHODS else part
            for name, part in item.items()
        }
        for path, item in paths.items()
    }


def _components(setting: Setting) -> Schema:
    schemas: dict[str, Schema] = {}
    for home in setting.collections():
        schemas |= item_schemas(home, setting)
    schemas |= structure_components(setting)
    schemas |= {"Error": ERROR, "Geometry": _GEOMETRY, "x-metadata": _META, "Tokens": TOKENS}
    return {
        "schemas": dict(sorted(schemas.items())),
        "parameters": dict(PARAMETERS),
        "responses": refusal_responses(),
        "securitySchemes": _security(setting),
    }


def _security(setting: Setting) -> Schema:
    return {
        "Auth": {
            "type": "http",
            "scheme": "bearer",
            "description": "A token from `/auth/login`, or the static token of a user",
        },
        "KeyAuth": {
            "type": "apiKey",
            "in": "query",
            "name": "access_token",
            "description": "The same in the URL",
        },
        "SessionCookie": {
            "type": "apiKey",
            "in": "cookie",
            "name": setting.facts.cookie,
            "description": "The session that `/auth/login` opens in the mode `session`",
        },
    }


def _tags(paths: dict[str, Schema], setting: Setting) -> list[Schema]:
    """Those that operations have, each with the collection that it is about."""
    homes = {tag_of(home, setting): home for home in setting.collections()}
    found: list[Schema] = []
    for name in sorted(set(_used(paths))):
        tag: Schema = {"name": name}
        home = homes.get(name)
        if home is not None:
            note = note_of_collection(home)
            tag |= {"description": note} if note else {}
            tag["x-collection"] = home.name
        found.append(tag)
    return found


def _used(paths: dict[str, Schema]) -> Iterator[str]:
    for item in paths.values():
        for method, its in item.items():
            if method in _METHODS:
                yield from its["tags"]
