"""Parameters that many operations share: the query language, keys, headers.

Their words are short: docs/reference/query.md has every spelling.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from resolvers.operators import AGGREGATES
from rest_bridge.openapi.setting import Schema
from rest_bridge.query import EXPORTS, META

_TEXT: Final[Schema] = {"type": "string"}
_NAMES: Final[Schema] = {"type": "array", "items": {"type": "string", "minLength": 1}}
#: the largest whole number that every client can write
_SAFE: Final = 2**53 - 1


def _in_query(name: str, schema: Schema, description: str, **more: Any) -> Schema:
    return {"name": name, "in": "query", "description": description, "schema": schema, **more}


def _listed(name: str, schema: Schema, description: str) -> Schema:
    """Names separated by commas."""
    return _in_query(name, schema, description, style="form", explode=False)


def _json(name: str, description: str, example: Any) -> Schema:
    """An object, as JSON in one parameter."""
    content = {"application/json": {"schema": {"type": "object"}, "example": example}}
    return {"name": name, "in": "query", "description": description, "content": content}


def _count(name: str, least: int, description: str) -> Schema:
    return _in_query(name, {"type": "integer", "minimum": least, "maximum": _SAFE}, description)


def _in_header(name: str, description: str, schema: Schema = _TEXT) -> Schema:
    return {"name": name, "in": "header", "description": description, "schema": schema}


_AGGREGATE: Final[Schema] = {
    "type": "object",
    "properties": {name: _NAMES for name in sorted(AGGREGATES)},
    "additionalProperties": False,
}

PARAMETERS: Final[Mapping[str, Schema]] = {
    "Fields": _listed("fields", _NAMES, "Paths of the fields to give; `*` all of a level."),
    "Filter": _json(
        "filter", "Which items: fields and operators, or `filter[field][_eq]=...`.", {"id": {"_nnull": True}}
    ),
    "Search": _in_query("search", _TEXT, "Items that hold this text in one of their fields."),
    "Sort": _listed("sort", _NAMES, "Fields to sort by; `-` before a name turns the order round."),
    "Limit": _count("limit", -1, "Most items; -1 as many as the server gives."),
    "Offset": _count("offset", 0, "Items to pass over."),
    "Page": _count("page", 0, "The page, from 1 on, of as many items as `limit` says."),
    "Deep": _json("deep", "The same parameters for related items.", {}),
    "Alias": _json("alias", "Other names for fields: name to field.", {}),
    "Aggregate": _in_query(
        "aggregate", _AGGREGATE, "Functions over the items in place of the items.", style="deepObject"
    ),
    "GroupBy": _listed("groupBy", _NAMES, "Fields to group the aggregates by."),
    "Meta": _listed(
        "meta",
        {"type": "array", "items": {"enum": [*META]}, "uniqueItems": True},
        "Counts besides the data: all items, those that the filter finds.",
    ),
    "Export": _in_query("export", {"type": "string", "enum": [*EXPORTS]}, "The data as a file."),
    "Backlink": _in_query(
        "backlink", {"type": "boolean"}, "Whether wildcards lead back to where they came from."
    ),
    "OnConflict": _listed(
        "on_conflict", _NAMES, "An item that has the same values in these fields is changed instead."
    ),
    "Id": {
        "name": "id",
        "in": "path",
        "required": True,
        "description": "Key of the item; of several columns their values, joined by commas.",
        "schema": {"type": ["string", "integer"]},
    },
    "IfMatch": _in_header("If-Match", "Versions (`ETag`) of the item that the change is meant for."),
    "IfNoneMatch": _in_header("If-None-Match", "Versions (`ETag`) that the client has already."),
    "Prefer": _in_header("Prefer", "`return=minimal`, `max-affected=10`, `handling=strict`."),
    "IdempotencyKey": _in_header(
        "Idempotency-Key",
        "The same request with the same key is carried out once.",
        {"type": "string", "minLength": 1, "maxLength": 255},
    ),
}
#: what shapes the answer to a change, one item, and many
WRITTEN: Final = ("Fields", "Deep", "Alias", "Backlink")
ONE: Final = (*WRITTEN, "Export")
MANY: Final = (
    *("Fields", "Filter", "Search", "Sort", "Limit", "Offset", "Page", "Deep", "Alias"),
    *("Aggregate", "GroupBy", "Meta", "Backlink", "Export"),
)
