"""What a body may be, and how the protocol says that it is not."""

from __future__ import annotations

from typing import Any

import pytest

from rest_bridge.json_body import parse_json
from schema_gen.errors import CausewayError


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"{}", {}),
        (b' [1, "\xc3\xa4", null] ', [1, "\u00e4", None]),
        (b'{"a":{"b":1e3}}', {"a": {"b": 1000.0}}),
        (b'{"a":12345678901234567890}', {"a": 12345678901234567890}),
    ],
)
def test_objects_and_lists(body: bytes, value: Any) -> None:
    assert parse_json(body) == value


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "Unexpected end of JSON input"),
        (b'{"a":', "Unexpected end of JSON input"),
        (b"nope", "Unexpected token 'n', \"nope\" is not valid JSON"),
        (b'{"a": 1} x', 'Unexpected token \'x\', "{"a": 1} x" is not valid JSON'),
        (b"7", "Unexpected token '7', \"7\" is not valid JSON"),
        (b"\xef\xbb\xbf{}", "Unexpected token '\ufeff', \"\ufeff{}\" is not valid JSON"),
        (b'{"a": NaN}', "The JSON cannot be read"),
        (b"[-Infinity]", "The JSON cannot be read"),
        (b"[" * 200_000, "The JSON cannot be read"),
    ],
)
def test_everything_else_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(CausewayError) as refused:
        parse_json(body)
    assert refused.value.message == f"Invalid payload. {reason}."
