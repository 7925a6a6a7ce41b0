"""Bodies of requests that write, as the changes they ask for. Refusals are those of the reference."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rest_bridge.bodies import Change, Place, read_body, read_change
from schema_gen.errors import CausewayError


def change(method: str, place: Place, body: Any, key_fields: tuple[str, ...] = ("id",)) -> Change:
    return read_change(method, place, "7" if place == "one" else None, body, key_fields)


ITEM = {"name": "a"}


@pytest.mark.parametrize(
    ("method", "place", "body", "expected"),
    [
        ("POST", "list", ITEM, Change(kind="create_item", payload=ITEM)),
        ("POST", "list", {}, Change(kind="create_item", payload={})),
        ("POST", "list", [ITEM, {}], Change(kind="create_items", payload=[ITEM, {}])),
        ("POST", "list", [], Change(kind="create_items", payload=[])),
        # names of batches are fields here
        ("POST", "list", {"keys": [1], "data": {}},
         Change(kind="create_item", payload={"keys": [1], "data": {}})),
        ("PATCH", "list", [{"id": 1, "n": 2}], Change(kind="update_batch", payload=[{"id": 1, "n": 2}])),
        ("PATCH", "list", [], Change(kind="update_batch", payload=[])),
        ("PATCH", "list", {"keys": [3, "1", 1.5], "data": ITEM},
         Change(kind="update_items", ids=[3, "1", 1.5], payload=ITEM)),
        ("PATCH", "list", {"keys": [], "data": {}}, Change(kind="update_items", ids=[], payload={})),
        ("PATCH", "list", {"query": {"limit": 1}, "data": ITEM},
         Change(kind="update_items", chosen={"limit": 1}, payload=ITEM)),
        ("PATCH", "list", {"query": {}, "data": ITEM},
         Change(kind="update_items", chosen={}, payload=ITEM)),
        ("PATCH", "one", ITEM, Change(kind="update_item", key="7", payload=ITEM)),
        ("PATCH", "one", {"keys": [1]}, Change(kind="update_item", key="7", payload={"keys": [1]})),
        ("PATCH", "one", [], Change(kind="update_item", key="7", payload={})),
        ("PUT", "one", ITEM, Change(kind="update_item", key="7", payload=ITEM, upsert=True)),
        ("PATCH", "singleton", ITEM, Change(kind="update_singleton", payload=ITEM)),
        ("PATCH", "singleton", [], Change(kind="update_singleton", payload={})),
        ("DELETE", "list", [1, "2"], Change(kind="delete_items", ids=[1, "2"])),
        ("DELETE", "list", [], Change(kind="delete_items", ids=[])),
        ("DELETE", "list", {"keys": [1]}, Change(kind="delete_items", ids=[1])),
        ("DELETE", "list", {"query": {"limit": 1}}, Change(kind="delete_items", chosen={"limit": 1})),
        ("DELETE", "one", {}, Change(kind="delete_item", key="7")),
        ("DELETE", "one", {"keys": [11]}, Change(kind="delete_item", key="7")),
    ],
)  # fmt: skip
def test_changes(method: str, place: Place, body: Any, expected: Change) -> None:
    assert change(method, place, body) == expected


NEITHER = '"value" must contain at least one of [query, keys]'
BOTH = '"value" contains a conflict between exclusive peers [query, keys]'
MISSES = "Item in update misses primary key"


@pytest.mark.parametrize(
    ("method", "body", "reason"),
    [
        ("PATCH", {}, '"data" is required'),
        ("PATCH", {"name": "a"}, '"data" is required'),
        ("PATCH", {"keys": [1]}, '"data" is required'),
        ("PATCH", {"data": {}}, NEITHER),
        ("PATCH", {"keys": [1], "query": {}, "data": {}}, BOTH),
        ("PATCH", {"keys": [1], "data": {}, "extra": 1}, '"extra" is not allowed'),
        ("PATCH", {"keys": [1], "data": []}, '"data" must be of type object'),
        ("PATCH", {"keys": [1], "data": None}, '"data" must be of type object'),
        ("PATCH", {"keys": 1, "data": {}}, '"keys" must be an array'),
        ("PATCH", {"keys": None, "data": {}}, '"keys" must be an array'),
        ("PATCH", {"keys": [1, True], "data": {}}, '"keys[1]" must be one of [string, number]'),
        ("PATCH", {"keys": [None], "data": {}}, '"keys[0]" must be one of [string, number]'),
        ("PATCH", {"keys": [{"id": 1}], "data": {}}, '"keys[0]" must be one of [string, number]'),
        ("PATCH", {"query": 5, "data": {}}, '"query" must be of type object'),
        ("PATCH", {"query": None, "data": {}}, '"query" must be of type object'),
        ("PATCH", [{"id": 1}, {"name": "b"}], MISSES),
        ("PATCH", [{"id": None}], MISSES),
        ("DELETE", {}, NEITHER),
        ("DELETE", {"keys": [1], "query": {}}, BOTH),
        ("DELETE", {"query": {}, "data": {}}, '"data" is not allowed'),
        ("DELETE", {"a": 1}, '"a" is not allowed'),
        ("DELETE", {"keys": "8"}, '"keys" must be an array'),
        # the reference takes these: an item without values, or an error of its own
        ("POST", [1], '"[0]" must be of type object'),
        ("POST", [{}, None], '"[1]" must be of type object'),
        ("PATCH", ["a"], '"[0]" must be of type object'),
        ("DELETE", [None], '"keys[0]" must be one of [string, number]'),
        ("DELETE", [[5]], '"keys[0]" must be one of [string, number]'),
    ],
)
def test_refused(method: str, body: Any, reason: str) -> None:
    with pytest.raises(CausewayError) as refused:
        change(method, "list", body)
    assert (refused.value.code, refused.value.extensions) == ("INVALID_PAYLOAD", {"reason": reason})


@pytest.mark.parametrize("place", ["one", "singleton"])
def test_one_item_is_no_list(place: Place) -> None:
    with pytest.raises(CausewayError) as refused:
        change("PATCH", place, [{"name": "a"}])
    assert refused.value.extensions == {"reason": '"value" must be of type object'}


def test_every_field_of_the_key_is_needed() -> None:
    assert change("PATCH", "list", [{"a": 1, "b": 2}], ("a", "b")).kind == "update_batch"
    with pytest.raises(CausewayError):
        change("PATCH", "list", [{"a": 1}], ("a", "b"))


# --- media types --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content_type", "read"),
    [
        ("application/json", True),
        ("Application/JSON; charset=UTF-8", True),
        ('application/json; charset="utf-8"', True),
        ("", False),
        ("text/plain", False),
        ("text/json", False),
        ("application/x-www-form-urlencoded", False),
        ("application/vnd.api+json", False),
        ("multipart/form-data; boundary=x", False),
    ],
)
def test_only_json_is_read(content_type: str, read: bool) -> None:
    assert read_body(json.dumps(ITEM).encode(), content_type, "") == (ITEM if read else {})


def test_no_body_is_an_empty_object() -> None:
    assert read_body(b"", "application/json", "") == {}


@pytest.mark.parametrize(
    ("body", "content_type", "encoding", "reason"),
    [
        (b"{}", "application/json; charset=latin1", "", 'unsupported charset "LATIN1"'),
        (b"{}", "application/json", "br", 'unsupported content encoding "br"'),
        (b"  ", "application/json", "", "Unexpected end of JSON input"),
        (b'{"a":1,"a":2}', "application/json", "identity", '"a" is given twice'),
    ],
)
def test_bodies_that_cannot_be_read(body: bytes, content_type: str, encoding: str, reason: str) -> None:
    with pytest.raises(CausewayError) as refused:
        read_body(body, content_type, encoding)
    assert (refused.value.code, refused.value.extensions) == ("INVALID_PAYLOAD", {"reason": reason})
