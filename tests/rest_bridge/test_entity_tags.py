"""Versions of single items: what has one, and what is answered to who knows it."""

from __future__ import annotations

import pytest

from resolvers.versions import version_of
from rest_bridge.entity_tags import headers_of, unchanged
from rest_bridge.message import JSON_HEADERS, RestRequest, RestResponse

DATA = b'{"id":1}'
TAG = f'"{version_of(DATA)}"'


def test_single_items_have_a_tag() -> None:
    assert headers_of(DATA, True) == (*JSON_HEADERS, ("etag", TAG))
    assert headers_of(DATA, False) == headers_of(None, True) == JSON_HEADERS
    assert headers_of(b'{"id":2}', True) != headers_of(DATA, True)


@pytest.mark.parametrize(
    ("known", "status"),
    [
        (None, 200),
        ('"other"', 200),
        (TAG, 304),
        (f'W/{TAG}, "x"', 304),
        ("*", 304),
        ("no tag", 200),
    ],
)
def test_what_the_client_has_is_not_sent(known: str | None, status: int) -> None:
    response = RestResponse(headers=headers_of(DATA, True), body=DATA)
    headers = {} if known is None else {"if-none-match": known}
    answer = unchanged(response, RestRequest(method="GET", path="/items/a/1", headers=headers))
    assert answer.status == status
    assert answer.body == (DATA if status == 200 else b"")
    assert ("etag", TAG) in answer.headers


def test_lists_are_always_sent() -> None:
    response = RestResponse(headers=headers_of(b"[]", False), body=b"[]")
    asked = RestRequest(method="GET", path="/items/a", headers={"if-none-match": "*"})
    assert unchanged(response, asked) is response
