"""Errors on the wire: every refusal of a request is told."""

from __future__ import annotations

import json

from rest_bridge.envelope import error_response
from schema_gen.errors import Several, failed_validation, forbidden, invalid_query


def test_every_refusal_of_several_is_told() -> None:
    refused = Several(
        [failed_validation("title", "required"), failed_validation("views", "gt", ["kids"], valid=5)]
    )
    reply = error_response(refused)
    assert reply.status == 400
    assert json.loads(reply.body) == {
        "errors": [
            {
                "message": 'Validation failed for field "title". Value is required.',
                "extensions": {"field": "title", "path": [], "type": "required", "code": "FAILED_VALIDATION"},
            },
            {
                "message": 'Validation failed for field "views" at "kids". Value has to be greater than "5".',
                "extensions": {
                    "field": "views", "path": ["kids"], "type": "gt", "valid": 5, "code": "FAILED_VALIDATION",
                },
            },
        ]
    }  # fmt: skip


def test_refusals_of_different_status_make_a_500() -> None:
    assert error_response(Several([forbidden(), invalid_query("x")])).status == 500
