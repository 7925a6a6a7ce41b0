"""Headers that say how a request that writes is carried out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rest_bridge.message import RestRequest
from rest_bridge.preconditions import Preferences, read_idempotency, read_preferences, read_tags
from schema_gen.errors import CausewayError
from schema_gen.naming import MutationKind


@pytest.mark.parametrize(
    ("header", "kind", "expected"),
    [
        ("", "update_items", Preferences()),
        ("max-affected=10", "update_items", Preferences(max_affected=10, applied=("max-affected=10",))),
        ("Max-Affected = 0", "delete_items", Preferences(max_affected=0, applied=("max-affected=0",))),
        ('max-affected="7"; x=y, handling=strict', "delete_items",
         Preferences(max_affected=7, applied=("max-affected=7", "handling=strict"))),
        ("max-affected=1, max-affected=2", "update_items",
         Preferences(max_affected=1, applied=("max-affected=1",))),
        ("return=minimal", "create_item", Preferences(minimal=True, applied=("return=minimal",))),
        ("return=representation, wait=5", "update_batch", Preferences(applied=("return=representation",))),
        # what cannot be met is passed over
        ("max-affected=1", "update_item", Preferences()),
        ("return=minimal", "delete_items", Preferences()),
        ("respond-async, x", "create_item", Preferences()),
    ],
)  # fmt: skip
def test_preferences(header: str, kind: MutationKind, expected: Preferences) -> None:
    assert read_preferences(header, kind) == expected


@pytest.mark.parametrize(
    ("header", "kind", "reason"),
    [
        ("max-affected=many", "update_items", '"max-affected" must be a number'),
        ("max-affected=-1", "update_items", '"max-affected" must be a number'),
        ("max-affected", "update_items", '"max-affected" must be a number'),
        ("handling=strict, wait=5", "create_item", 'The preference "wait" cannot be met'),
        ("max-affected=1, handling=strict", "update_item", 'The preference "max-affected" cannot be met'),
        ("handling=strict, return=all", "create_item", 'The preference "return" cannot be met'),
        ("=5", "update_items", '"Prefer" must be a list of preferences'),
        ('max-affected="1', "update_items", '"Prefer" must be a list of preferences'),
        ("x" + " " * 1000, "update_items", '"Prefer" is too long'),
    ],
)
def test_preferences_that_are_refused(header: str, kind: MutationKind, reason: str) -> None:
    with pytest.raises(CausewayError) as refused:
        read_preferences(header, kind)
    assert (refused.value.code, refused.value.extensions) == ("INVALID_QUERY", {"reason": reason})


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        (None, None),
        ("*", ("*",)),
        ('"a"', ("a",)),
        ('"a", W/"b" ,"c,d"', ("a", "b", "c,d")),
        ('""', ("",)),
        ("", ()),
    ],
)
def test_entity_tags(header: str | None, tags: tuple[str, ...] | None) -> None:
    assert read_tags(header) == tags


@pytest.mark.parametrize("header", ["a", '"a', '"a" "b"', 'w/"a"', '*, "a"'])
def test_what_is_no_entity_tag(header: str) -> None:
    with pytest.raises(CausewayError) as refused:
        read_tags(header)
    assert refused.value.extensions == {"reason": '"If-Match" must be a list of entity tags'}


ASKED = RestRequest(
    method="POST", path="/items/a", query_string=b"fields=id", body=b"{}", headers={"idempotency-key": '"k"'}
)


def test_a_repeated_request_has_the_same_fingerprint() -> None:
    first = read_idempotency(ASKED)
    assert first is not None
    assert first.key == "k"
    assert read_idempotency(replace(ASKED)) == first
    assert read_idempotency(replace(ASKED, headers={"idempotency-key": "k"})) == first
    for query in (b"access_token=x&fields=id", b"fields=id&access_token=y"):
        assert read_idempotency(replace(ASKED, query_string=query)) == first


def test_another_request_has_another() -> None:
    prints = {
        found.fingerprint
        for asked in (
            ASKED,
            replace(ASKED, body=b"{ }"),
            replace(ASKED, path="/items/b"),
            replace(ASKED, query_string=b"fields=i"),
            replace(ASKED, query_string=b"fields=id&xaccess_token=1"),
            # nothing slips from one part into the next
            replace(ASKED, path="/items/afields=id", query_string=b""),
        )
        if (found := read_idempotency(asked)) is not None
    }
    assert len(prints) == 6


@pytest.mark.parametrize("key", ["", '""', "k" * 256])
def test_keys_that_are_refused(key: str) -> None:
    with pytest.raises(CausewayError) as refused:
        read_idempotency(replace(ASKED, headers={"idempotency-key": key}))
    assert refused.value.code == "INVALID_QUERY"


def test_no_key() -> None:
    assert read_idempotency(replace(ASKED, headers={})) is None
