"""Which part of a file a Range header asks for."""

from __future__ import annotations

import pytest

from gateway.assets.ranges import Span, read_range
from schema_gen.errors import CausewayError
from tests.support.work import calls_of


@pytest.mark.parametrize(
    ("header", "part"),
    [
        (None, None),
        ("bytes=2-5", "2345"),
        ("Bytes=2-5", "2345"),
        ("bytes=7-", "789"),
        ("bytes=-3", "789"),
        ("bytes=-50", "0123456789"),
        ("bytes=0-999", "0123456789"),
        ("bytes=0-99999999999999999", "0123456789"),
        ("bytes=2-5,", "2345"),
        # what is no range is passed over
        ("lines=1-2", None),
        ("bytes=a-b", None),
        ("bytes= 2-5", None),
        ("bytes=1-9999999999999999999999", None),
        ("bytes=\u0662-\u0665", None),
        ("", None),
    ],
)
def test_one_part(header: str | None, part: str | None) -> None:
    span = read_range(header, 10)
    assert (None if span is None else "0123456789"[span.start : span.stop]) == part


@pytest.mark.parametrize(
    "header", ["bytes=10-", "bytes=50-60", "bytes=5-2", "bytes=-", "bytes=-0", "bytes=0-0,2-3", "bytes=0-0,"]
)
def test_what_cannot_be_given(header: str) -> None:
    size = 0 if header == "bytes=0-0," else 10
    with pytest.raises(CausewayError) as refused:
        read_range(header, size)
    assert (refused.value.code, refused.value.status) == ("RANGE_NOT_SATISFIABLE", 416)
    assert refused.value.headers == {"Content-Range": f"bytes */{size}"}


def test_content_range() -> None:
    assert Span(start=2, stop=6).content_range(10) == "bytes 2-5/10"


def test_thousands_of_parts_cost_no_more_than_two() -> None:
    def work(parts: int) -> int:
        header = "bytes=" + ",".join(f"{n}-{n}" for n in range(parts))

        def ask() -> None:
            with pytest.raises(CausewayError) as refused:
                read_range(header, 100)
            assert len(refused.value.message) < 200

        return calls_of(ask)

    assert work(5000) <= work(2)
