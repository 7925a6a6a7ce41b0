"""What a location promises, on a disk and in an S3 server: the same tests for both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from random import Random

import pytest

from gateway.storage.opening import AnyLocation
from resolvers.files.storage import StorageError, StoredMissing
from tests.support.s3 import S3Server
from tests.support.storage import Broken, breaking, content, joined, open_local, open_s3, ranged, stream

MB = 1 << 20


@pytest.fixture(params=["local", "s3"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyLocation]:
    if request.param == "local":
        opened: AnyLocation = open_local(tmp_path / "uploads")
    else:
        s3: S3Server = request.getfixturevalue("s3")
        opened = open_s3(s3, s3.fresh_bucket(), tmp_path)
    yield opened
    opened.close()


#: nothing in it comes twice
WHOLE = Random(6).randbytes(9 * MB)


async def test_what_is_written_is_read(location: AnyLocation) -> None:
    assert await location.write("a.txt", stream(b"hel", b"", b"lo")) == 5

    opened = await location.open("a.txt")
    assert opened.size == 5
    assert await joined(opened.chunks()) == b"hello"
    await opened.close()


async def test_an_empty_object_is_an_object(location: AnyLocation) -> None:
    assert await location.write("empty", stream()) == 0

    assert await content(location, "empty") == b""


@pytest.mark.parametrize("name", ["sp ace.txt", "ünï.txt", "a%2Fb", "q\"'&+#?.txt", "x" * 251 + ".txt"])
async def test_names_are_taken_as_they_are(location: AnyLocation, name: str) -> None:
    await location.write(name, stream(b"x"))

    assert await content(location, name) == b"x"
    assert await location.listed("") == [name]


async def test_what_is_missing_is_told(location: AnyLocation) -> None:
    with pytest.raises(StoredMissing):
        await location.open("nothing")
    with pytest.raises(StoredMissing):
        async with location.local("nothing"):
            pass
    await location.remove(["nothing", "../x", ""])


async def test_any_range_of_a_large_object(location: AnyLocation) -> None:
    whole = WHOLE[: 3 * MB]
    await location.write("large", stream(whole))
    opened = await location.open("large")

    for start in (0, 1, 300_000, 2 * MB, 3 * MB - 1):
        for stop in (start + 300_000, None):
            assert await ranged(opened, start, stop) == whole[start:stop]
    assert await ranged(opened, 3 * MB, None) == b""
    await opened.close()


async def test_any_range_of_a_small_object(location: AnyLocation) -> None:
    await location.write("small", stream(b"0123456789"))
    opened = await location.open("small")

    assert [await ranged(opened, *pair) for pair in ((0, 4), (4, 7), (9, None), (0, None))] == [
        b"0123",
        b"456",
        b"9",
        b"0123456789",
    ]
    await opened.close()


@pytest.mark.parametrize("size", [10, 2 * MB, 9 * MB])
async def test_what_the_sender_breaks_off_leaves_nothing(location: AnyLocation, size: int) -> None:
    await location.write("kept", stream(b"old"))

    for name in ("new", "kept"):
        with pytest.raises(Broken):
            await location.write(name, breaking(*[bytes(MB // 2)] * (size * 2 // MB), b"x" * (size % MB)))

    assert await location.listed("") == ["kept"]
    assert await content(location, "kept") == b"old"


@pytest.mark.parametrize("arrived", [MB // 2, 9 * MB])
async def test_a_request_that_is_cancelled_leaves_nothing(location: AnyLocation, arrived: int) -> None:
    under_way = asyncio.Event()

    async def endless() -> AsyncGenerator[bytes, None]:
        for _ in range(arrived * 2 // MB):
            yield bytes(MB // 2)
        under_way.set()
        await asyncio.Event().wait()

    writing = asyncio.create_task(location.write("new", endless()))
    await under_way.wait()
    writing.cancel()

    with pytest.raises(asyncio.CancelledError):
        await writing
    assert await location.listed("") == []


async def test_readers_read_on_what_they_opened(location: AnyLocation) -> None:
    old, new = b"old" * MB, b"new"
    await location.write("a", stream(old))
    replaced = await location.open("a")
    await location.write("a", stream(new))
    removed = await location.open("a")
    await location.remove(["a"])

    assert await joined(replaced.chunks()) == old
    assert await joined(removed.chunks()) == new
    for opened in (replaced, removed):
        await opened.close()
    with pytest.raises(StoredMissing):
        await location.open("a")


async def test_while_it_is_replaced_readers_see_one_or_the_other(location: AnyLocation) -> None:
    contents = [letter * (300_000) for letter in (b"a", b"b")]
    await location.write("a", stream(contents[0]))
    seen: list[bytes] = []

    async def read() -> None:
        while not replaced.is_set():
            seen.append(await content(location, "a"))

    replaced = asyncio.Event()
    readers = [asyncio.create_task(read()) for _ in range(2)]
    for number in range(6):
        await location.write("a", stream(*[contents[number % 2][:100_000]] * 3))
    replaced.set()
    await asyncio.gather(*readers)

    assert seen
    assert set(seen) <= set(contents)


async def test_listed_are_the_names_that_begin_so(location: AnyLocation) -> None:
    for name in ("a__1.png", "a__2.webp", "a.png", "a_.png", "ab__1.png", "b__1.png"):
        await location.write(name, stream(b"x"))

    assert sorted(await location.listed("a__")) == ["a__1.png", "a__2.webp"]
    assert await location.listed("z") == []

    await location.remove(["a__1.png", "a__2.webp", "a__3.png"])
    assert await location.listed("a__") == []


async def test_a_file_of_this_machine_is_taken_in(location: AnyLocation, tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.write_bytes(b"made here")

    assert await location.take_in("taken", made) == 9

    assert await content(location, "taken") == b"made here"
    assert not made.exists()


async def test_an_object_as_a_file(location: AnyLocation) -> None:
    await location.write("a.png", stream(b"pixels"))

    async with location.local("a.png") as path:
        assert path.read_bytes() == b"pixels"
        assert path.suffix == ".png"

    assert await content(location, "a.png") == b"pixels"


async def test_the_check_leaves_nothing(location: AnyLocation) -> None:
    await location.check()

    assert await location.listed("") == []


async def test_an_upload_grows_by_parts(location: AnyLocation) -> None:
    assert await location.append("up", 0, stream(b"one ", b"two ")) == 8
    assert await location.append("up", 8, stream(b"three")) == 13
    assert await location.size_of("up") == 13
    assert await location.listed("") == []

    assert await location.finish("up", "up.txt") == 13

    assert await content(location, "up.txt") == b"one two three"
    with pytest.raises(StoredMissing):
        await location.size_of("up")
    # who was killed right behind it does it once more
    assert await location.finish("up", "up.txt") == 13


async def test_what_arrived_of_an_upload_stays(location: AnyLocation) -> None:
    whole = WHOLE
    pieces = [whole[at : at + 700_000] for at in range(0, len(whole), 700_000)]

    with pytest.raises(Broken):
        await location.append("up", 0, breaking(*pieces[:13]))

    there = await location.size_of("up")
    assert there == 13 * 700_000
    await location.append("up", there, stream(whole[there:]))
    assert await location.finish("up", "final") == len(whole)
    assert await content(location, "final") == whole


async def test_an_upload_goes_on_where_it_is_told_to(location: AnyLocation) -> None:
    await location.append("up", 0, stream(b"0123456789"))
    await location.append("up", 10, stream(b"abc"))

    with pytest.raises(StorageError):
        await location.append("up", 14, stream(b"!"))
    assert await location.append("up", 4, stream(b"-")) == 5

    await location.finish("up", "final")
    assert await content(location, "final") == b"0123-"


async def test_an_upload_of_nothing(location: AnyLocation) -> None:
    assert await location.append("up", 0, stream()) == 0
    assert await location.size_of("up") == 0

    assert await location.finish("up", "final") == 0
    assert await content(location, "final") == b""


async def test_an_upload_that_is_given_up_goes(location: AnyLocation) -> None:
    await location.append("up", 0, stream(b"abc"))
    await location.append("other", 0, stream(b"abc"))

    await location.abandon("up")
    await location.abandon("up")

    with pytest.raises(StoredMissing):
        await location.size_of("up")
    with pytest.raises(StoredMissing):
        await location.finish("up", "final")
    assert await location.size_of("other") == 3


BAD_NAMES = [
    "",
    ".",
    "..",
    "../up",
    "a/b",
    "a\\b",
    "/etc/passwd",
    "a\0b",
    "a\nb",
    ".hidden",
    "\ud800",
    "x" * 256,
]


@pytest.mark.parametrize("name", [*BAD_NAMES, "x" * 256])
async def test_what_is_no_name_is_asked_of_no_store(location: AnyLocation, name: str, tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.write_bytes(b"x")

    for refused in (
        location.write(name, stream(b"x")),
        location.take_in(name, made),
        location.append(name, 0, stream(b"x")),
        location.finish("up", name),
    ):
        with pytest.raises(StorageError):
            await refused
    with pytest.raises(StoredMissing):
        await location.open(name)
    with pytest.raises(StoredMissing):
        async with location.local(name):
            pass
    await location.remove([name])
    await location.abandon(name)
    assert made.exists()
    assert await location.listed(name or "..") == []
    assert await location.listed("") == []
    assert not (tmp_path / "up").exists()
