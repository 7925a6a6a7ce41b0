"""What is no collection: the server itself, its specifications, GraphQL, and what is done with items."""

from __future__ import annotations

from typing import Final

from resolvers.behaviors.hashes import LONGEST
from resolvers.secrets import LONGEST_RANDOM
from rest_bridge.openapi.operations import ALWAYS, TEXT, body, data, done, ok, operation
from rest_bridge.openapi.setting import Schema, Setting

SERVER: Final = "Server"
GRAPHQL: Final = "GraphQL"
UTILITIES: Final = "Utilities"
EXTENSIONS: Final = "Extensions"
_MAP: Final[Schema] = {"type": "object"}
_NAME: Final[Schema] = {"type": "string", "minLength": 1}
_KEY: Final[Schema] = {"type": ["string", "integer"]}
_SENT: Final = (*ALWAYS, 404, 408, 413)


def server_paths(setting: Setting) -> dict[str, Schema]:
    paths: dict[str, Schema] = {
        "/server/ping": {
            "get": operation(
                "ping",
                SERVER,
                "Whether the server is there",
                {"200": _file("text/html", "pong")},
                refusals=(),
            )
        },
        "/server/info": {
            "get": operation(
                "serverInfo", SERVER, "The project, and what its server can do", {"200": ok(data(_MAP))}
            )
        },
        "/server/specs/oas": {
            "get": operation(
                "readOpenAPI", SERVER, "This document", {"200": ok(_MAP, "OpenAPI 3.1")}, refusals=(401, 503)
            )
        },
    }
    if setting.facts.introspection:
        sdl = _file("application/octet-stream", "The schema in the language of GraphQL")
        for name, path in (("Items", ""), ("System", "/system")):
            paths[f"/server/specs/graphql{path}"] = {
                "get": operation(
                    f"readGraphQL{name}", SERVER, "A GraphQL schema", {"200": sdl}, refusals=(401, 503)
                )
            }
    if setting.facts.health and setting.signed_in:
        health: Schema = {
            "type": "object",
            "required": ["status"],
            "properties": {"status": {"enum": ["ok", "warn", "error"]}},
        }
        answer: Schema = {
            "description": "How the server is",
            "content": {"application/health+json": {"schema": health}},
        }
        paths["/server/health"] = {
            "get": operation(
                "serverHealth",
                SERVER,
                "How the server and its database are",
                {"200": answer, "503": answer},
                refusals=(401, 403),
            )
        }
    return paths


def graphql_paths() -> dict[str, Schema]:
    sent: Schema = {
        "type": "object",
        "required": ["query"],
        "properties": {
            "query": _NAME,
            "variables": {"type": ["object", "null"]},
            "operationName": {"type": ["string", "null"]},
        },
    }
    answer = ok(
        {
            "type": "object",
            "properties": {
                "data": {"type": ["object", "null"]},
                "errors": {"type": "array", "items": {"type": "object"}},
            },
        },
        "The data, and what was refused of it",
    )
    return {
        f"/graphql{path}": {
            "post": operation(
                f"graphql{name}",
                GRAPHQL,
                f"Ask a query or a mutation of {what}",
                {"200": answer},
                body=body(sent),
                refusals=(*ALWAYS, 408, 413, 415),
            )
        }
        for name, path, what in (
            ("Items", "", "the project's collections"),
            ("System", "/system", "the system collections"),
        )
    }


def utility_paths(setting: Setting) -> dict[str, Schema]:
    paths: dict[str, Schema] = {}
    changing = any(setting.updated(home.name) for home in setting.collections())
    if changing and setting.shown("directus_revisions"):
        paths["/utils/revert/{revision}"] = {
            "parameters": [_path("revision", _KEY)],
            "post": operation(
                "revert",
                UTILITIES,
                "An item becomes again what it was",
                {"204": done()},
                refusals=_SENT,
            ),
        }
    if changing:
        move: Schema = {
            "type": "object",
            "required": ["item", "to"],
            "properties": {"item": _KEY, "to": _KEY},
            "additionalProperties": False,
        }
        paths["/utils/sort/{collection}"] = {
            "parameters": [_path("collection", _NAME)],
            "post": operation(
                "sort",
                UTILITIES,
                "An item moves to the place of another",
                {"200": done()},
                body=body(move),
                refusals=_SENT,
            ),
        }
    paths |= _text_paths(setting)
    if setting.admin:
        paths["/utils/cache/clear"] = {
            "post": operation(
                "clearCache",
                UTILITIES,
                "Schema and permissions are read anew",
                {"200": done()},
            )
        }
        paths["/extensions"] = {
            "get": operation(
                "listExtensions",
                EXTENSIONS,
                "What is installed",
                {"200": ok(data({"type": "array", "items": _MAP}))},
            )
        }
    return paths


def _text_paths(setting: Setting) -> dict[str, Schema]:
    """Random texts, and hashes for who has a user."""
    bounded: Schema = {"type": "string", "minLength": 1, "maxLength": LONGEST}
    length: Schema = {
        "name": "length",
        "in": "query",
        "schema": {"type": "integer", "minimum": 1, "maximum": LONGEST_RANDOM},
    }
    paths: dict[str, Schema] = {
        "/utils/random/string": {
            "get": operation(
                "randomString",
                UTILITIES,
                "A random text",
                {"200": ok(data(TEXT))},
                parameters=[length],
                refusals=(400, 401),
            )
        }
    }
    if not setting.signed_in:
        return paths
    text: Schema = {"type": "object", "required": ["string"], "properties": {"string": bounded}}
    both: Schema = {
        "type": "object",
        "required": ["string", "hash"],
        "properties": {"string": bounded, "hash": TEXT},
    }
    steps: tuple[tuple[str, str, str, Schema, Schema], ...] = (
        ("generate", "Generate", "A hash of a text", text, TEXT),
        ("verify", "Verify", "Whether a hash is one of a text", both, {"type": "boolean"}),
    )
    for step, name, summary, sent, told in steps:
        paths[f"/utils/hash/{step}"] = {
            "post": operation(
                f"hash{name}",
                UTILITIES,
                summary,
                {"200": ok(data(told))},
                body=body(sent),
                refusals=(*_SENT, 429),
            )
        }
    return paths


def _path(name: str, schema: Schema) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _file(media: str, description: str) -> Schema:
    return {"description": description, "content": {media: {"schema": TEXT}}}
