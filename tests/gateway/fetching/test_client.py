"""The client against a server that really listens, and does what servers should not."""

from __future__ import annotations

import asyncio
import gzip
import logging
import ssl
import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import pytest
import trustme

from gateway.fetching.client import Bounds, Fetcher
from gateway.fetching.failures import FetchFailed, FetchRefused, FetchTooLarge
from gateway.fetching.names import Names
from gateway.fetching.reach import Reach
from resolvers.addresses import parse_addresses
from tests.support.web import Web, answer, redirect, web

BOUNDS: Final = Bounds(connect=5, silence=5, whole=20, size=100_000)


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Web]:
    async with web() as opened:
        yield opened


async def here(host: str, port: int) -> Sequence[str]:
    return ("127.0.0.1",)


def fetcher(bounds: Bounds = BOUNDS, **more: Any) -> Fetcher:
    reach = Reach(is_own=lambda address: True, allowed=parse_addresses("127.0.0.1"))
    return Fetcher(reach, here, bounds, **more)


async def fetched(server: Web, path: str, **more: Any) -> bytes:
    async with fetcher(**more).fetch(server.url(path)) as found:
        return b"".join([chunk async for chunk in found.chunks])


async def test_an_answer(server: Web) -> None:
    server.answers["/a%20b.txt?c"] = answer(b"hello", "Content-Type: text/plain", "X-Twice: 1", "x-twice: 2")
    async with fetcher().fetch(server.url("/a%20b.txt?c#d")) as found:
        assert (found.status, found.headers["content-type"]) == (200, "text/plain")
        assert found.headers["x-twice"] == "1, 2"
        assert str(found.url) == server.url("/a%20b.txt?c#d")
        assert [chunk async for chunk in found.chunks] == [b"hello"]


async def test_nothing_is_told_of_who_asks(server: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxies and no passwords of the environment, no cookies of another answer."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NETRC", "/dev/null")
    server.answers["/first"] = answer(b"", "Location: /second", "Set-Cookie: a=b; Path=/", status="302 Found")
    server.answers["/second"] = answer(b"second")
    server.requests.clear()
    assert await fetched(server, "/first") == b"second"
    assert server.requests == [
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nAccept: */*\r\n"
        "Accept-Encoding: identity\r\nUser-Agent: Causeway\r\nConnection: close\r\n\r\n"
        for path in ("/first", "/second")
    ]


async def test_redirects(server: Web) -> None:
    for status in ("301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"):
        server.answers["/from"] = redirect("to", status)
        server.answers["/to"] = answer(b"there")
        async with fetcher().fetch(server.url("/from")) as found:
            assert found.url.path == "/to"
            assert [chunk async for chunk in found.chunks] == [b"there"]
    server.answers["/from"] = answer(b"no location", status="302 Found")
    async with fetcher().fetch(server.url("/from")) as found:
        assert found.status == 302
    for left in range(7):
        server.answers[f"/hop/{left}"] = redirect(f"/hop/{left - 1}") if left else answer(b"end")
    assert await fetched(server, "/hop/5") == b"end"
    before = server.connections
    with pytest.raises(FetchFailed, match="too many redirects"):
        await fetched(server, "/hop/6")
    assert server.connections == before + 6


@pytest.mark.parametrize(
    "target",
    ["file:///etc/passwd", "gopher://a/", "http://a@127.0.0.1/", "http://[", "ftp://a/", "\\\\a"],
)
async def test_a_redirect_to_what_is_no_address(server: Web, target: str) -> None:
    server.answers["/away"] = redirect(target)
    with pytest.raises(FetchRefused):
        await fetched(server, "/away")


async def test_every_hop_is_checked(server: Web) -> None:
    async def names(host: str, port: int) -> Sequence[str]:
        return {"public.example": ("127.0.0.1",), "inside.example": ("127.0.0.2",)}[host]

    reach = Reach(is_own=lambda address: True, allowed=parse_addresses("127.0.0.1"))
    server.answers["/in"] = redirect(server.url("/", "inside.example"))
    with pytest.raises(FetchRefused):
        async with Fetcher(reach, names, BOUNDS).fetch(server.url("/in", "public.example")):
            pass
    server.answers["/out"] = redirect(server.url("/done", "public.example"))
    server.answers["/done"] = answer(b"done")
    async with Fetcher(reach, names, BOUNDS).fetch(server.url("/out", "public.example")) as found:
        assert [chunk async for chunk in found.chunks] == [b"done"]
    assert f"Host: public.example:{server.port}" in server.requests[-1]


async def test_a_name_is_looked_up_once(server: Web) -> None:
    """What it stands for the next time does not matter: the connection goes to what was checked."""
    asked: list[str] = []

    async def changing(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ("127.0.0.1",) if len(asked) == 1 else ("127.0.0.2",)

    reach = Reach(is_own=lambda address: True, allowed=parse_addresses("127.0.0.1"))
    server.answers["/"] = answer(b"first")
    async with Fetcher(reach, changing, BOUNDS).fetch(server.url("/", "changing.example")) as found:
        assert [chunk async for chunk in found.chunks] == [b"first"]
    assert asked == ["changing.example"]


@pytest.mark.parametrize(
    "found", [("127.0.0.1", "10.0.0.1"), ("127.0.0.2", "127.0.0.1"), ("nonsense",), ("",)]
)
async def test_one_bad_address_is_enough(server: Web, found: tuple[str, ...]) -> None:
    async def names(host: str, port: int) -> Sequence[str]:
        return found

    before = server.connections
    reach = Reach(is_own=lambda address: True, allowed=parse_addresses("127.0.0.1"))
    with pytest.raises(FetchRefused):
        async with Fetcher(reach, names, BOUNDS).fetch(server.url("/", "two.example")):
            pass
    assert server.connections == before


async def test_the_next_address_of_a_name_is_tried(server: Web) -> None:
    async def names(host: str, port: int) -> Sequence[str]:
        return ("127.0.0.3", "127.0.0.1")

    server.answers["/"] = answer(b"second address")
    reach = Reach(is_own=lambda address: True, allowed=parse_addresses("127.0.0.0/8"))
    async with Fetcher(reach, names, BOUNDS).fetch(server.url("/", "two.example")) as found:
        assert found.status == 200


async def test_names_that_there_are_not(server: Web) -> None:
    async def broken(host: str, port: int) -> Sequence[str]:
        raise OSError("no such name")

    async def nothing(host: str, port: int) -> Sequence[str]:
        return ()

    reach = Reach(is_own=lambda address: False)
    for names in (broken, nothing):
        with pytest.raises(FetchFailed, match="nothing has that name"):
            async with Fetcher(reach, names, BOUNDS).fetch("http://nobody.example/"):
                pass


async def test_names_of_the_system() -> None:
    names = Names()
    try:
        assert await names("127.0.0.1", 80) == ("127.0.0.1",)
        assert await names("127.1", 80) == ("127.0.0.1",)
        assert await names("2130706433", 80) == ("127.0.0.1",)
        assert await names("::1", 80) == ("::1",)
        # no resolver is asked about it
        with pytest.raises(ValueError, match="label"):
            await names("a" * 70 + ".example", 80)
    finally:
        names.close()


async def test_nobody_answers() -> None:
    async with web() as closed:
        pass
    with pytest.raises(FetchFailed, match="nobody answers there"):
        await fetched(closed, "/")


# --- what servers do wrong ----------------------------------------------------------------------------------


async def stays(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Silent until the other side goes away."""
    await writer.drain()
    await reader.read()


async def hesitates(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
    await stays(reader, writer)


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while not writer.transport.is_closing():
        writer.write(b"x" * 10_000)
        await writer.drain()


async def endless_headers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while not writer.transport.is_closing():
        writer.write(b"X-More: " + b"y" * 10_000 + b"\r\n")
        await writer.drain()


async def dripping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while not writer.transport.is_closing():
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("script", "bounds"),
    [
        (stays, replace(BOUNDS, silence=0.05)),
        (hesitates, replace(BOUNDS, silence=0.05)),
        (stays, replace(BOUNDS, whole=0.05)),
        (hesitates, replace(BOUNDS, whole=0.05)),
        (dripping, replace(BOUNDS, whole=0.2)),
    ],
)
async def test_slow_servers_are_given_up(server: Web, script: Any, bounds: Bounds) -> None:
    server.answers["/slow"] = script
    with pytest.raises(FetchFailed, match="it took too long"):
        await fetched(server, "/slow", bounds=bounds)


async def test_what_has_no_end_is_given_up(server: Web) -> None:
    server.answers["/endless"] = endless
    with pytest.raises(FetchTooLarge):
        await fetched(server, "/endless")
    server.answers["/headers"] = endless_headers
    with pytest.raises(FetchFailed):
        await fetched(server, "/headers")


async def test_a_length_is_believed_before_anything_is_read(server: Web) -> None:
    server.answers["/large"] = answer(b"", "Content-Length: 100001")
    with pytest.raises(FetchTooLarge, match="by its own account"):
        await fetched(server, "/large")
    server.answers["/fits"] = answer(b"x" * 100_000)
    assert len(await fetched(server, "/fits")) == 100_000
    assert len(await fetched(server, "/fits", bounds=replace(BOUNDS, size=None))) == 100_000


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: pigeons\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nX: \x00\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\n no name\r\n\r\nabc",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 3,
        b"HTTP/1.1 302 Found\r\nLocation: http://\xff\xfe/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\nContent-Length: 1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_broken_answers(server: Web, said: bytes) -> None:
    server.answers["/broken"] = said
    with pytest.raises(FetchFailed):
        await fetched(server, "/broken")


async def test_an_answer_longer_than_it_says_ends_where_it_says(server: Web) -> None:
    server.answers["/longer"] = answer(b"abcdef", "Content-Length: 3")
    assert await fetched(server, "/longer") == b"abc"


async def test_compressed_answers(server: Web) -> None:
    text = b"a long story " * 5000
    server.answers["/gzip"] = answer(gzip.compress(text), "Content-Encoding: GZIP")
    assert await fetched(server, "/gzip") == text
    server.answers["/members"] = answer(
        gzip.compress(b"one") + gzip.compress(b"two"), "Content-Encoding: x-gzip"
    )
    assert await fetched(server, "/members") == b"onetwo"
    server.answers["/cut"] = answer(gzip.compress(text)[:-9], "Content-Encoding: gzip")
    with pytest.raises(FetchFailed, match="cut off"):
        await fetched(server, "/cut")


async def test_a_bomb_is_counted_as_it_unpacks(server: Web) -> None:
    """30 KB that hold 30 MB, and members that hold nothing, without end."""
    packing = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packing.compress(b"\0" * 1_000_000) for _ in range(30)) + packing.flush()
    assert len(bomb) < BOUNDS.size / 2 if BOUNDS.size else False
    server.answers["/bomb"] = answer(bomb, "Content-Encoding: gzip")
    sizes: list[int] = []

    async def counted() -> None:
        async with fetcher().fetch(server.url("/bomb")) as found:
            async for chunk in found.chunks:
                sizes.append(len(chunk))

    with pytest.raises(FetchTooLarge):
        await counted()
    assert sum(sizes) <= 100_000
    empty = gzip.compress(b"")

    async def empties(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")
        while not writer.transport.is_closing():
            writer.write(empty * 100)
            await writer.drain()

    server.answers["/empties"] = empties
    with pytest.raises(FetchTooLarge):
        await fetched(server, "/empties")


# --- however it ends ----------------------------------------------------------------------------------------


async def test_the_connection_is_closed_when_nobody_reads_on(server: Web) -> None:
    gone = asyncio.Event()

    async def told(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await endless(reader, writer)
        finally:
            gone.set()

    server.answers["/told"] = told
    async with fetcher().fetch(server.url("/told")) as found:
        await anext(found.chunks)
    await asyncio.wait_for(gone.wait(), 5)


async def test_a_fetch_that_is_cancelled_leaves_no_connection(server: Web) -> None:
    gone, begun = asyncio.Event(), asyncio.Event()

    async def told(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        begun.set()
        try:
            await stays(reader, writer)
        finally:
            gone.set()

    server.answers["/told"] = told
    task = asyncio.create_task(fetched(server, "/told"))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(gone.wait(), 5)


async def test_some_at_once_and_the_others_after_them(server: Web) -> None:
    server.answers["/"] = answer(b"x")
    shared = fetcher(replace(BOUNDS, at_once=1))

    async def another() -> int:
        async with shared.fetch(server.url("/")) as found:
            return found.status

    before = server.connections
    async with shared.fetch(server.url("/")):
        waiting = asyncio.create_task(another())
        # while it waits, somebody who does not has come and gone
        assert await fetched(server, "/") == b"x"
        assert server.connections == before + 2
    assert await waiting == 200


async def test_the_log_is_told_why_and_no_secret(
    server: Web, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("causeway"), "propagate", True)
    server.answers["/cut?sig=secret"] = answer(b"abc", "Content-Length: 9")
    with pytest.raises(FetchFailed):
        await fetched(server, "/cut?sig=secret")
    with pytest.raises(FetchRefused):
        async with fetcher().fetch("http://user:secret@example.com/"):
            pass
    assert f"nothing was fetched from 127.0.0.1:{server.port}: peer closed connection" in caplog.text
    assert "nothing was fetched from what is no address: a user is named" in caplog.text
    assert "secret" not in caplog.text


# --- TLS ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
async def secure(authority: trustme.CA) -> AsyncIterator[Web]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("media.example").configure_cert(context)
    async with web(tls=context) as opened:
        opened.answers["/"] = answer(b"secure")
        yield opened


@pytest.fixture
def trust(authority: trustme.CA) -> Callable[[], ssl.SSLContext]:
    def made() -> ssl.SSLContext:
        context = ssl.create_default_context()
        authority.configure_trust(context)
        return context

    return made


async def test_certificates_are_checked_under_the_name(
    secure: Web, server: Web, trust: Callable[[], ssl.SSLContext]
) -> None:
    async with fetcher(trust=trust).fetch(secure.url("/", "media.example")) as found:
        assert [chunk async for chunk in found.chunks] == [b"secure"]
    for host, believed in (("other.example", trust), ("127.0.0.1", trust), ("media.example", None)):
        asking = fetcher() if believed is None else fetcher(trust=believed)
        with pytest.raises(FetchFailed):
            async with asking.fetch(secure.url("/", host)):
                pass


async def test_no_redirect_leads_from_tls_to_plain_text(
    secure: Web, server: Web, trust: Callable[[], ssl.SSLContext]
) -> None:
    secure.answers["/down"] = redirect(server.url("/"))
    before = server.connections
    with pytest.raises(FetchRefused, match="from https to http"):
        async with fetcher(trust=trust).fetch(secure.url("/down", "media.example")):
            pass
    assert server.connections == before
    server.answers["/up"] = redirect(secure.url("/", "media.example"))
    async with fetcher(trust=trust).fetch(server.url("/up")) as found:
        assert [chunk async for chunk in found.chunks] == [b"secure"]


async def test_what_speaks_no_tls(server: Web) -> None:
    with pytest.raises(FetchFailed):
        async with fetcher(replace(BOUNDS, connect=0.05)).fetch(server.url("/").replace("http:", "https:")):
            pass
