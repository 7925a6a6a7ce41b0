from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.uploads.multipart import MOST_PARTS, Upload, parts_of
from schema_gen.errors import CausewayError
from tests.support.forms import CONTENT_TYPE, END, field, file, form


async def _arriving(body: bytes, size: int) -> AsyncGenerator[bytes, None]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


async def _read(
    body: bytes, *, size: int = 65536, limit: int = 10_000, kind: str = CONTENT_TYPE
) -> list[Any]:
    found: list[Any] = []
    async for part in parts_of(_arriving(body, size), kind, limit):
        if isinstance(part, Upload):
            found.append((part.filename, part.type, b"".join([chunk async for chunk in part.chunks])))
        else:
            found.append((part.name, part.text))
    return found


@pytest.mark.parametrize("size", [1, 7, 65536])
async def test_parts_in_their_order_however_they_arrive(size: int) -> None:
    body = form(field("title", "Ünï"), file("a.txt", b"one\r\n--B"), file("b.txt", b""), field("after", ""))
    assert await _read(body, size=size) == [
        ("title", "Ünï"),
        ("a.txt", "text/plain", b"one\r\n--B"),
        ("b.txt", "text/plain", b""),
        ("after", ""),
    ]


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('form-data; name="f"; filename="a\\"b.txt"', 'a"b.txt'),
        ('form-data; name="f"; filename="a%22b.txt"', 'a"b.txt'),
        ("form-data; name=f; filename=plain.txt", "plain.txt"),
        ('form-data; name="f"; filename="x.txt"; filename*=UTF-8\'\'%e2%82%ac%20rates.txt', "€ rates.txt"),
        ("form-data; name=\"f\"; filename*=iso-8859-1'de'%fc.txt", "ü.txt"),
        ('form-data; name="f"; filename="x.txt"; filename*=utf-7\'\'evil', "x.txt"),
        ('form-data; name="f"; filename="x.txt"; filename*=utf-8\'\'%ff', "x.txt"),
        ('form-data; name="f"; filename="a;b=c.txt"', "a;b=c.txt"),
    ],
)
async def test_names_of_files(disposition: str, name: str) -> None:
    body = form(b"--BOUNDARY\r\nContent-Disposition: " + disposition.encode() + b"\r\n\r\nx\r\n")
    assert await _read(body) == [(name, None, b"x")]


async def test_a_file_that_nobody_chose_is_none() -> None:
    assert await _read(form(file("", b"x"), field("title", "T"))) == [("title", "T")]


async def test_a_file_that_is_not_read_is_passed_over() -> None:
    names = []
    async for part in parts_of(
        _arriving(form(file("a", b"x" * 5000), field("b", "")), 100), CONTENT_TYPE, 10
    ):
        names.append(part.name)
    assert names == ["file", "b"]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", CONTENT_TYPE),
        (b"no form at all", CONTENT_TYPE),
        (form(file("a", b"x"), end=b""), CONTENT_TYPE),
        (form(file("a", b"x"))[:-12], CONTENT_TYPE),
        (form(file("a", b"x")), "multipart/form-data"),
        (b"--BOUNDARY\r\n\r\nx\r\n" + END, CONTENT_TYPE),
        (b"--BOUNDARY\r\nContent-Disposition: attachment\r\n\r\nx\r\n" + END, CONTENT_TYPE),
        (b"--BOUNDARY\r\nNo header\r\n\r\nx\r\n" + END, CONTENT_TYPE),
        (form(b'--BOUNDARY\r\nContent-Disposition: form-data; name="t"\r\n\r\n\xff\r\n'), CONTENT_TYPE),
        (form(b'--BOUNDARY\r\nContent-Disposition: form-data; name="\xff"\r\n\r\nx\r\n'), CONTENT_TYPE),
    ],
)
async def test_what_is_no_form_is_refused(body: bytes, kind: str) -> None:
    with pytest.raises(CausewayError) as refused:
        await _read(body, kind=kind)
    assert (refused.value.status, refused.value.code) == (400, "INVALID_PAYLOAD")
    assert "Error(" not in str(refused.value)


@pytest.mark.parametrize(
    "parts",
    [
        [field("t", "x" * 11)],
        [field("t", "x" * 6), field("u", "x" * 5)],
        [b"--BOUNDARY\r\n" + b"X-Header: x\r\n" * 9 + b"\r\nx\r\n"],
        [b"--BOUNDARY\r\nX-Header: " + b"x" * 5000 + b"\r\n\r\nx\r\n"],
        [field("t", "")] * (MOST_PARTS + 1),
    ],
)
async def test_forms_are_bounded(parts: Sequence[bytes]) -> None:
    with pytest.raises(CausewayError) as refused:
        await _read(form(*parts), limit=10)
    assert refused.value.status == 413


@pytest.mark.parametrize("around", ["before", "after"])
async def test_what_stands_around_the_form_is_bounded(around: str) -> None:
    """It belongs to nothing, and could go on for ever."""
    taken = 0

    async def endless() -> AsyncGenerator[bytes, None]:
        nonlocal taken
        if around == "after":
            yield form(file("a", b"x"))
        while True:
            taken += 1
            await asyncio.sleep(0)
            yield b"\r\n" + b"x" * 60_000

    with pytest.raises(CausewayError) as refused:
        async for _ in parts_of(endless(), CONTENT_TYPE, 10_000):
            pass
    assert refused.value.status == 413
    assert taken < 10


_PIECES: Final = (
    b'"',
    b";",
    b"\r\n",
    b"--BOUNDARY",
    b"--",
    b"\0",
    b"\xff",
    b"%00",
    b"=",
    b"''",
    b"filename*=",
    b"name=",
)


@given(
    changes=st.lists(
        st.tuples(st.integers(0, 400), st.integers(0, 12), st.sampled_from(_PIECES) | st.binary(max_size=4)),
        max_size=6,
    ),
    size=st.integers(1, 200),
)
@settings(max_examples=150, deadline=None)
async def test_no_form_ends_otherwise(changes: list[tuple[int, int, bytes]], size: int) -> None:
    """Whatever is cut out of a form and put in its place: it is read, or refused."""
    body = form(field("title", "T"), file("a.txt", b"hello"), field("tags", "[]"), file("b.png", b"\x89PNG"))
    for place, cut, put in changes:
        body = body[:place] + put + body[place + cut :]
    status = 200
    try:
        await _read(body, size=size)
    except CausewayError as refused:
        status = refused.status
    assert status in (200, 400, 413)
