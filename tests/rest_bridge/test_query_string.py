"""Query strings in all their spellings."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rest_bridge.query_string import parse_query_string
from schema_gen.errors import CausewayError


@pytest.mark.parametrize(
    ("raw", "parsed"),
    [
        ("", {}),
        ("&&", {}),
        ("limit=5", {"limit": "5"}),
        ("limit=5&", {"limit": "5"}),
        ("explain", {"explain": ""}),
        ("a=&b", {"a": "", "b": ""}),
        ("search=a=b", {"search": "a=b"}),
        ("search=a+b%20c", {"search": "a b c"}),
        ("search=%E2%9C%93", {"search": "✓"}),
        ("search=✓", {"search": "✓"}),
        ("search=%ff", {"search": "\ufffd"}),
        ("search=%zz", {"search": "%zz"}),
        ("sort=a&sort=b", {"sort": ["a", "b"]}),
        ("sort=a&sort=b&sort=c", {"sort": ["a", "b", "c"]}),
        ("fields[]=a&fields[]=b", {"fields": ["a", "b"]}),
        ("fields[]=a", {"fields": ["a"]}),
        ("fields[1]=b&fields[0]=a", {"fields": ["a", "b"]}),
        ("fields[7]=b&fields[3]=a", {"fields": ["a", "b"]}),
        ("fields[501]=a", {"fields": {"501": "a"}}),
        ("fields[a]=b", {"fields": {"a": "b"}}),
        ("fields%5B%5D=a&fields%5b%5d=b", {"fields": ["a", "b"]}),
        ("filter[a][_eq]=1", {"filter": {"a": {"_eq": "1"}}}),
        ("filter[a][_in]=1&filter[a][_in]=2", {"filter": {"a": {"_in": ["1", "2"]}}}),
        ("filter[a][_in][]=1&filter[a][_in][]=2", {"filter": {"a": {"_in": ["1", "2"]}}}),
        ("filter[a][_gt]=1&filter[a][_lt]=2", {"filter": {"a": {"_gt": "1", "_lt": "2"}}}),
        ("filter[_or][0][a]=1&filter[_or][1][b]=2", {"filter": {"_or": [{"a": "1"}, {"b": "2"}]}}),
        ("filter[_or][][a]=1&filter[_or][][b]=2", {"filter": {"_or": [{"a": "1", "b": "2"}]}}),
        ("filter[a[0]]=1", {"filter": {"a[0]": "1"}}),
        ("filter[year(day)][_eq]=1", {"filter": {"year(day)": {"_eq": "1"}}}),
        ("filter[item:texts][body]=x", {"filter": {"item:texts": {"body": "x"}}}),
        ("filter[a=b]=c", {"filter": {"a=b": "c"}}),
        ('filter={"a":["]="]}', {"filter": '{"a":["]="]}'}),
        ("filter[a=1", {"filter[a": "1"}),
        ("filter]a[=1", {"filter]a[": "1"}),
        ("[a]=1", {"[a]": "1"}),
        ("=1", {}),
        # a value and something nested under one name: both are kept, as an object nobody takes for a filter
        ("filter=x&filter[a]=1", {"filter": {"0": "x", "a": "1"}}),
        ("filter[a]=1&filter=x", {"filter": {"a": "1", "1": "x"}}),
        # names that mean something to other languages
        ("__proto__[x]=1&a[__proto__][x]=1&a[b]=2&__proto__=3", {"a": {"b": "2"}}),
        ("deep[constructor][prototype]=1", {"deep": {"constructor": {"prototype": "1"}}}),
    ],
)
def test_spellings(raw: str, parsed: dict[str, Any]) -> None:
    assert parse_query_string(raw.encode()) == parsed


def test_brackets_may_be_ten_deep() -> None:
    assert parse_query_string(b"a" + b"[b]" * 10 + b"=1")
    with pytest.raises(CausewayError, match="Max relational depth exceeded"):
        parse_query_string(b"a" + b"[b]" * 11 + b"=1")
    assert parse_query_string(b"a" + b"[b]" * 12 + b"=1", depth=12)


def test_the_longest_list_is_a_setting() -> None:
    raw = b"&".join(b"a[%d]=x" % index for index in range(4))
    assert parse_query_string(raw, array_limit=3) == {"a": ["x"] * 4}
    assert parse_query_string(raw, array_limit=2) == {"a": {"0": "x", "1": "x", "2": "x", "3": "x"}}


def test_too_many_parameters_are_refused() -> None:
    assert len(parse_query_string(b"&".join(b"a%d=1" % index for index in range(1000)))) == 1000
    with pytest.raises(CausewayError, match="More than 1000 parameters"):
        parse_query_string(b"&".join(b"a=1" for _ in range(1001)))


@given(st.binary(max_size=200))
def test_no_bytes_are_too_strange(raw: bytes) -> None:
    """Nothing but a refusal is raised, whatever the bytes."""
    with contextlib.suppress(CausewayError):
        assert "__proto__" not in parse_query_string(raw)


_NAMES = st.text("abc_*.()[]=&+% é", min_size=1, max_size=5).filter(lambda name: "[" not in name)


@given(st.dictionaries(_NAMES, st.text(max_size=8), max_size=5))
def test_what_was_encoded_comes_back(values: dict[str, str]) -> None:
    def escaped(text: str) -> str:
        return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))

    given = {name: text for name, text in values.items() if text.isprintable()}
    raw = "&".join(f"{escaped(name)}={escaped(text)}" for name, text in given.items())
    assert parse_query_string(raw.encode()) == given
