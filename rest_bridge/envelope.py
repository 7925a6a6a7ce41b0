"""JSON of roots -> body of the reply; errors -> the error envelope.

    {"meta":{"total_count":31},"data":[...]}
    {"errors":[{"message":"...","extensions":{"reason":"...","code":"FORBIDDEN"}}]}

What the database wrote is joined, never parsed. `code` is the last key of `extensions`, as clients have seen
it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from rest_bridge.message import JSON_HEADERS, RestResponse
from schema_gen.errors import CausewayError, each

NULL: Final = b"null"


def envelope(data: bytes | None) -> bytes:
    return b"".join((b'{"data":', data or NULL, b"}"))


def envelope_with_meta(meta: Sequence[tuple[str, bytes | None]], data: bytes | None) -> bytes:
    counts = b",".join(b'"%b":%b' % (name.encode(), count or NULL) for name, count in meta)
    return b"".join((b'{"meta":{', counts, b'},"data":', data or NULL, b"}"))


def encode_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str).encode(
        "utf-8", "replace"
    )


def error_response(*errors: CausewayError) -> RestResponse:
    """Errors of different status make a 500 (protocol)."""
    told = [one for error in errors for one in each(error)]
    body = {
        "errors": [
            {"message": error.message, "extensions": {**error.extensions, "code": error.code}}
            for error in told
        ]
    }
    statuses = {error.status for error in told}
    more = {name.lower(): value for error in told for name, value in error.headers.items()}
    return RestResponse(
        status=statuses.pop() if len(statuses) == 1 else 500,
        headers=(*JSON_HEADERS, *more.items()),
        body=encode_json(body),
    )
