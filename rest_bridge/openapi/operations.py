"""The parts that operations are made of: answers, refusals, bodies, references to shared parameters.

    operation("readTags", "ItemsTags", "List tags", {"200": ok(schema)}, parameters=parameters("Fields"))

What many operations share stands once among the components (`shared`), and is referred to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rest_bridge.export import FORMATS
from rest_bridge.openapi.setting import Schema
from schema_gen.errors import STATUS

JSON: Final = "application/json"
TEXT: Final[Schema] = {"type": "string"}
#: refusals that any request may meet
ALWAYS: Final = (400, 401, 403, 503)
_REFUSALS: Final[Mapping[int, tuple[str, str]]] = {
    400: ("BadRequest", "The request, or a value in it, is wrong"),
    401: ("Unauthorized", "The credentials are missing, wrong or expired"),
    403: ("Forbidden", "The caller may not do this, or there is no such thing"),
    404: ("NotFound", "There is no such route"),
    405: ("MethodNotAllowed", "The route is not there for this method"),
    408: ("Timeout", "The request took too long"),
    412: ("PreconditionFailed", "The item is not what `If-Match` says"),
    413: ("TooLarge", "The body is too large"),
    415: ("UnsupportedMediaType", "The body is not JSON"),
    416: ("RangeNotSatisfiable", "The file has no such part"),
    422: ("Unprocessable", "The content cannot be worked with"),
    429: ("TooManyRequests", "Too often; `Retry-After` says when to come again"),
    503: ("Unavailable", "The server or its database is busy; `Retry-After` says when to come again"),
}


def operation(
    name: str,
    tags: str | Sequence[str],
    summary: str,
    answers: Mapping[str, Any],
    *,
    parameters: Sequence[Mapping[str, Any]] = (),
    body: Mapping[str, Any] | None = None,
    refusals: Sequence[int] = ALWAYS,
    description: str | None = None,
) -> Schema:
    """`name`: unique in the document; `answers`: by status, besides the refusals."""
    found: Schema = {
        "operationId": name,
        "tags": [tags] if isinstance(tags, str) else [*tags],
        "summary": summary,
    }
    if description:
        found["description"] = description
    if parameters:
        found["parameters"] = list(parameters)
    if body is not None:
        found["requestBody"] = body
    found["responses"] = {**answers, **{str(status): refusal(status) for status in sorted(refusals)}}
    return found


def refusal(status: int) -> Schema:
    return {"$ref": f"#/components/responses/{_REFUSALS[status][0]}"}


def parameters(*names: str) -> list[Schema]:
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def ok(schema: Schema, description: str = "Done", **more: Any) -> Schema:
    return {"description": description, "content": {JSON: {"schema": schema}}, **more}


def data(schema: Schema) -> Schema:
    """The envelope around what was asked for."""
    return {"type": "object", "required": ["data"], "properties": {"data": schema}}


def done(description: str = "Done; there is nothing to tell") -> Schema:
    return {"description": description}


def body(schema: Schema, *, required: bool = True) -> Schema:
    return {"required": required, "content": {JSON: {"schema": schema}}}


def exported(answer: Schema) -> Schema:
    """The answer, and the files that `export` makes of it."""
    media = {made.media for made in FORMATS.values()} - {JSON}
    return {**answer, "content": {**answer["content"], **{name: {"schema": TEXT} for name in sorted(media)}}}


def refusal_responses() -> dict[str, Schema]:
    """Every refusal with the codes that it may have."""
    return {
        name: ok(_error(status), description, **_headers(status))
        for status, (name, description) in _REFUSALS.items()
    }


def _headers(status: int) -> Schema:
    wait = {"Retry-After": {"description": "Seconds", "schema": {"type": "integer"}}}
    return {"headers": wait} if status in (429, 503) else {}


def _error(status: int) -> Schema:
    codes = sorted(code for code, its in STATUS.items() if its == status)
    narrower = {"properties": {"extensions": {"properties": {"code": {"enum": codes}}}}}
    return {
        "allOf": [
            {"$ref": "#/components/schemas/Error"},
            {"properties": {"errors": {"items": narrower}}},
        ]
    }


ERROR: Final[Schema] = {
    "type": "object",
    "description": "One entry for each refusal. `extensions` holds the code and the facts that go with it.",
    "required": ["errors"],
    "properties": {
        "errors": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["message", "extensions"],
                "properties": {
                    "message": {"type": "string"},
                    "extensions": {
                        "type": "object",
                        "required": ["code"],
                        "properties": {
                            "code": {"type": "string"},
                            "reason": {"type": "string"},
                            "collection": {"type": ["string", "null"]},
                            "field": {"type": ["string", "null"]},
                        },
                    },
                },
            },
        }
    },
}
