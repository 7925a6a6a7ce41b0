"""Replies that are written at once: the same bytes as by the messages of ASGI, in one write, in order."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from uvicorn.server import ServerState

from gateway.assembly import open_project
from gateway.config_load import settings_from
from gateway.http import HttpReply, HttpRequest
from gateway.middleware import ReplyPolicy
from gateway.server import GuardedProtocol, ServerConfig
from gateway.shell import Application, Doors
from gateway.state import Project
from tests.support.asgi import ask, serving


async def door(project: Project, request: HttpRequest) -> HttpReply:
    """`/items/<size>`: that many bytes; `/items/empty`: 204; `/items/cookie`: a header of its own."""
    what = request.path.rpartition("/")[2]
    if what == "empty":
        return HttpReply(status=204, headers=())
    if what == "cookie":
        return HttpReply(headers=(("content-type", "text/plain"), ("set-cookie", "a=b")), body=b"x")
    if what == "broken":
        return HttpReply(headers=(("x-said", "one\r\nset-cookie: stolen=1"),), body=b"x")
    await asyncio.sleep(0.01 if what == "1" else 0)
    return HttpReply(body=json.dumps("x" * int(what)).encode())


class Recorder(asyncio.Transport):
    """What the server writes, one entry per write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.writes.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": ("192.0.2.1", 1), "sockname": ("192.0.2.2", 2)}.get(name, default)

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        """Nothing comes by itself."""

    def resume_reading(self) -> None:
        """Nothing comes by itself."""


Connect = Callable[[], GuardedProtocol]


@pytest.fixture
async def application(tmp_path: Path) -> AsyncIterator[Application]:
    settings = settings_from({"DB_FILENAME": str(tmp_path / "a.sqlite")}, tmp_path)
    made = Application(settings, open_project, Doors(by_segment={"items": door}, other=door), None)
    async with serving(made):
        yield made


@pytest.fixture
async def connect(application: Application, tmp_path: Path) -> AsyncIterator[Connect]:
    settings = settings_from({}, tmp_path)
    config = ServerConfig(settings, app=lambda: application)
    config.load()
    state = ServerState()
    state.default_headers = [(b"date", b"today")]
    opened: list[GuardedProtocol] = []

    def make() -> GuardedProtocol:
        protocol = GuardedProtocol(config, state, {})
        protocol.connection_made(Recorder())
        opened.append(protocol)
        return protocol

    yield make
    for protocol in opened:
        protocol.connection_lost(None)


def writes(protocol: GuardedProtocol) -> list[bytes]:
    transport = protocol.transport
    assert isinstance(transport, Recorder)
    return transport.writes


def request(target: str, method: str = "GET", *headers: str) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "host: a", "x-request-id: id-1", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


async def answered(protocol: GuardedProtocol) -> None:
    async with asyncio.timeout(5):
        while protocol.server_state.tasks:
            await asyncio.sleep(0.001)


def parts(reply: bytes) -> tuple[bytes, dict[str, str], bytes]:
    head, _, body = reply.partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    return status, dict(line.decode().split(": ", 1) for line in lines), body


@pytest.mark.parametrize("target", ["/items/5", "/items/empty", "/items/cookie", "/auth/3"])
async def test_one_write_says_what_two_messages_say(
    application: Application, connect: Connect, target: str
) -> None:
    protocol = connect()
    protocol.data_received(request(target))
    await answered(protocol)
    (reply,) = writes(protocol)
    status, headers, body = parts(reply)
    plain = await ask(application, "GET", target, headers={"x-request-id": "id-1"})
    assert status.split()[1] == str(plain.status).encode()
    assert headers.pop("date") == "today"
    assert (headers, body) == (plain.headers, plain.body)


async def test_head_has_the_length_and_no_body(connect: Connect) -> None:
    protocol = connect()
    protocol.data_received(request("/items/5", "HEAD"))
    await answered(protocol)
    (reply,) = writes(protocol)
    _, headers, body = parts(reply)
    assert (headers["content-length"], body) == ("7", b"")


async def test_a_large_body_is_not_copied(connect: Connect) -> None:
    protocol = connect()
    protocol.data_received(request("/items/300000"))
    await answered(protocol)
    head, body = writes(protocol)
    assert (len(body), head[-4:]) == (300_002, b"\r\n\r\n")


async def test_pipelined_requests_are_answered_in_order(connect: Connect) -> None:
    protocol = connect()
    protocol.data_received(request("/items/1") + request("/items/2") + request("/items/3"))
    await answered(protocol)
    assert [parts(reply)[2] for reply in writes(protocol)] == [b'"x"', b'"xx"', b'"xxx"']


async def test_the_connection_ends_where_the_client_wants_it(connect: Connect) -> None:
    protocol = connect()
    protocol.data_received(request("/items/5", "GET", "connection: close"))
    await answered(protocol)
    (reply,) = writes(protocol)
    assert parts(reply)[1]["connection"] == "close"
    assert protocol.transport.is_closing()


async def test_a_client_that_reads_slowly_is_waited_for(connect: Connect) -> None:
    protocol = connect()
    protocol.pause_writing()
    protocol.data_received(request("/items/5"))
    await asyncio.sleep(0.05)
    assert writes(protocol) == []
    protocol.resume_writing()
    await answered(protocol)
    assert parts(b"".join(writes(protocol)))[2] == b'"xxxxx"'


async def test_nothing_is_left_for_the_garbage_collector(connect: Connect) -> None:
    protocol = connect()
    for number in range(60):
        if number == 10:
            gc.collect()
            gc.disable()
        protocol.data_received(request("/items/5"))
        await answered(protocol)
    try:
        assert gc.collect() < 50
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"CORS_ENABLED": "true", "CORS_ORIGIN": "https://a.b"},
        {"CORS_ENABLED": "true", "CORS_ORIGIN": "true"},
    ],
)
@pytest.mark.parametrize("origin", [None, "https://a.b", "https://c.d"])
def test_head_is_the_header_list_as_lines(values: dict[str, str], origin: str | None) -> None:
    policy = ReplyPolicy.of(settings_from(values, Path()))
    replies = [
        HttpReply(body=b"12"),
        HttpReply(status=304),
        HttpReply(headers=(("etag", "1"), ("vary", "a"))),
    ]
    for reply in [*replies, *replies]:
        for path in ("/items/a", "/auth/login"):
            raw = policy.raw_headers(reply, path=path, origin=origin, request_id="r")
            head = policy.head(reply, path=path, origin=origin, request_id="r")
            assert head == b"".join(b"%b: %b\r\n" % pair for pair in raw) + b"\r\n"


def test_a_header_cannot_become_two() -> None:
    policy = ReplyPolicy.of(settings_from({}, Path()))
    for headers in ((("x-said", "one\r\nset-cookie: a=1"),), (("x", "1"), ("y", "a\nb"))):
        with pytest.raises(ValueError, match="control character"):
            policy.head(HttpReply(headers=headers), path="/", origin=None, request_id="r")
