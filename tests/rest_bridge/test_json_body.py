"""What a body may be, and how the protocol says that it is not."""

from __future__ import annotations

from typing import Any

import pytest

from rest_bridge.json_body import MAX_LEVELS, parse_document, parse_json
from schema_gen.errors import CausewayError


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"{}", {}),
        (b' [1, "\xc3\xa4", null] ', [1, "\u00e4", None]),
        (b'{"a":{"b":1e3}}', {"a": {"b": 1000.0}}),
        (b'{"a":12345678901234567890}', {"a": 12345678901234567890}),
        (b"\xef\xbb\xbf{}", {}),
    ],
)
def test_objects_and_lists(body: bytes, value: Any) -> None:
    assert parse_json(body) == parse_document(body) == value


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        # as the reference answers them
        ("", "Unexpected end of JSON input"),
        ("   ", "Unexpected end of JSON input"),
        ('{"a":', "Unexpected end of JSON input"),
        ("nope", "Unexpected token 'n', \"nope\" is not valid JSON"),
        ("null", "Unexpected token 'n', \"null\" is not valid JSON"),
        ("7", "Unexpected token '7', \"7\" is not valid JSON"),
        ('"abc"', 'Unexpected token \'"\', ""abc"" is not valid JSON'),
        ("//x\n{}", "Unexpected token '/', \"//x\n{}\" is not valid JSON"),
        ('{"n":NaN}', 'Unexpected token \'N\', "{"n":NaN}" is not valid JSON'),
        ("[1,]", "Unexpected token ']', \"[1,]\" is not valid JSON"),
        ('{"a":tru}', 'Unexpected token \'}\', "{"a":tru}" is not valid JSON'),
        ("{'a':1}", "Expected property name or '}' in JSON at position 1 (line 1 column 2)"),
        ('{"a" 1}', "Expected ':' after property name in JSON at position 5 (line 1 column 6)"),
        ('{"a":1}x', "Unexpected non-whitespace character after JSON at position 7 (line 1 column 8)"),
        ('{"a":"\n"}', "Bad control character in string literal in JSON at position 6 (line 1 column 7)"),
        ('{"a":"\\x"}', "Bad escaped character in JSON at position 7 (line 1 column 8)"),
        ("[1 2]", "Expected ',' or ']' after array element in JSON at position 3 (line 1 column 4)"),
        ('{"a":1 "b":2}', "Expected ',' or '}' after property value in JSON at position 7 (line 1 column 8)"),
        ('{"a":"b', "Unterminated string in JSON at position 7 (line 1 column 8)"),
        ('{"a":1,}', "Expected double-quoted property name in JSON at position 7 (line 1 column 8)"),
        ('{"a":-}', "No number after minus sign in JSON at position 6 (line 1 column 7)"),
        # lines are counted
        ('{\n"a" 1}', "Expected ':' after property name in JSON at position 6 (line 2 column 5)"),
        # brackets in strings are none
        ('{"[":1 2}', "Expected ',' or '}' after property value in JSON at position 7 (line 1 column 8)"),
        ('{"a": "NaN", "b": NaN}', 'Unexpected token \'N\', "...aN", "b": NaN}" is not valid JSON'),
        ("[-Infinity]", "No number after minus sign in JSON at position 2 (line 1 column 3)"),
        ("[1e999]", "The number 1e999 is too large"),
        ("[" * 200_000, "The JSON cannot be read"),
        (f"[{'9' * 5000}]", "The JSON cannot be read"),
    ],
)
def test_everything_else_is_refused(body: str, reason: str) -> None:
    for parse in (parse_json, parse_document):
        with pytest.raises(CausewayError) as refused:
            parse(body.encode())
        assert refused.value.message == f"Invalid payload. {reason}."


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"a":1,"b":{"c":1,"c":2}}', '"c" is given twice'),
        (b'{"a":1,"b":2,"c":3,"b":4,"a":5}', '"b" is given twice'),
        (b'{"a":"\xff"}', "The body is not encoded in UTF-8"),
        (b"[" * (MAX_LEVELS + 1) + b"]" * (MAX_LEVELS + 1), f"The JSON has more than {MAX_LEVELS} levels"),
    ],
)
def test_a_document_says_one_thing(body: bytes, reason: str) -> None:
    assert parse_json(body)
    with pytest.raises(CausewayError) as refused:
        parse_document(body)
    assert refused.value.extensions == {"reason": reason}


def test_many_flat_items_are_not_deep() -> None:
    body = b"[" + b",".join([b'{"a":[1]}'] * 5000) + b"]"
    assert len(parse_document(body)) == 5000
    deepest = b"[" * MAX_LEVELS + b"]" * MAX_LEVELS
    assert parse_document(deepest)
