"""Bodies that doors read themselves, and answers that go out part by part. In process, real ASGI."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, MutableMapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from gateway.assembly import open_project
from gateway.config_load import settings_from
from gateway.http import AnyReply, HttpReply, HttpRequest, StreamedReply
from gateway.shell import Application, Door, Doors
from gateway.state import Project
from schema_gen.errors import forbidden
from tests.support.asgi import Wire, ask, http_scope, serving
from tests.support.logs import logged

Serve = Callable[..., AbstractAsyncContextManager[Application]]


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    """An application whose `/files` door is the one given."""

    def build(door: Door, **values: str) -> AbstractAsyncContextManager[Application]:
        settings = settings_from({"DB_FILENAME": str(tmp_path / "s.sqlite"), **values}, tmp_path)
        doors = Doors(by_segment={"files": door}, other=door, streaming=frozenset({"files"}))
        return serving(Application(settings, open_project, doors, None))

    return build


async def counts(project: Project, request: HttpRequest) -> HttpReply:
    assert request.stream is not None
    sizes = [len(part) async for part in request.stream]
    told = {"sizes": sizes, "declared": request.stream.declared, "body": len(request.body)}
    return HttpReply(body=json.dumps(told).encode())


async def test_a_streaming_door_gets_more_than_a_body_may_have(serve: Serve) -> None:
    async with serve(counts, MAX_PAYLOAD_SIZE="10") as application:
        wire = Wire().body(b"x" * 30, b"", b"y" * 7)
        await application(http_scope("POST", "/files", {"content-length": "37"}), wire.receive, wire.send)
        assert json.loads(wire.answer.body) == {"sizes": [30, 7], "declared": 37, "body": 0}
        assert (await ask(application, "GET", "/files")).status == 200


async def test_the_whole_of_a_stream_is_bounded(serve: Serve) -> None:
    async def whole(project: Project, request: HttpRequest) -> HttpReply:
        assert request.stream is not None
        return HttpReply(body=await request.stream.whole(8))

    async with serve(whole) as application:
        assert (await ask(application, "POST", "/files", body=b"12345678")).body == b"12345678"
        assert (await ask(application, "POST", "/files", body=b"123456789")).status == 413
        wire = Wire().body(b"12345", b"6789")
        await application(http_scope("POST", "/files"), wire.receive, wire.send)
        assert wire.answer.status == 413


async def test_a_refusal_needs_no_body(serve: Serve) -> None:
    async def refuses(project: Project, request: HttpRequest) -> HttpReply:
        raise forbidden()

    async with serve(refuses) as application:
        wire = Wire()
        await application(http_scope("POST", "/files", {"content-length": "9"}), wire.receive, wire.send)
        assert wire.answer.status == 403


async def test_a_stream_that_stops_coming_is_given_up(serve: Serve) -> None:
    async with serve(counts, CAUSEWAY_BODY_TIMEOUT="30ms") as application:
        wire = Wire()
        wire.incoming.put_nowait({"type": "http.request", "body": b"x", "more_body": True})
        await application(http_scope("POST", "/files"), wire.receive, wire.send)
        assert wire.answer.status == 408


async def test_a_stream_that_is_wanted_whole_has_one_time_for_all_of_it(serve: Serve) -> None:
    """A byte now and then kept a request under way for days, before anybody asked who sends it."""
    left = 1000

    async def drips() -> MutableMapping[str, Any]:
        nonlocal left
        left -= 1
        await asyncio.sleep(0.003)
        return {"type": "http.request", "body": b"x", "more_body": left > 0}

    async def whole(project: Project, request: HttpRequest) -> HttpReply:
        assert request.stream is not None
        return HttpReply(body=await request.stream.whole(10_000))

    async with serve(whole, CAUSEWAY_BODY_TIMEOUT="30ms") as application:
        wire = Wire()
        await application(http_scope("POST", "/files"), drips, wire.send)
        assert wire.answer.status == 408


async def test_a_client_that_leaves_ends_its_stream(serve: Serve) -> None:
    async with serve(counts) as application:
        wire = Wire()
        wire.incoming.put_nowait({"type": "http.request", "body": b"x", "more_body": True})
        wire.disconnect()
        await application(http_scope("POST", "/files"), wire.receive, wire.send)
        assert wire.sent == []


async def test_while_a_stream_is_read_nobody_else_takes_its_parts(serve: Serve) -> None:
    """A request that takes long gets a watcher on its connection: not while parts come over it."""

    async def slowly(project: Project, request: HttpRequest) -> HttpReply:
        assert request.stream is not None
        parts = [await anext(request.stream)]
        await asyncio.sleep(0.1)
        parts += [part async for part in request.stream]
        return HttpReply(body=b"".join(parts))

    async with serve(slowly, PRESSURE_LIMITER_SAMPLE_INTERVAL="10") as application:
        wire = Wire().body(b"a", b"b", b"c")
        await application(http_scope("POST", "/files"), wire.receive, wire.send)
        assert wire.answer.body == b"abc"


class Parts:
    """An answer of three parts; `ended` and `closed` when it was."""

    def __init__(self, broken: bool = False) -> None:
        self.broken = broken
        self.ended = asyncio.Event()
        self.closed = False
        self.waits = asyncio.Event()
        self.waits.set()

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        try:
            yield b"one"
            if self.broken:
                raise OSError("the disk is gone")
            await self.waits.wait()
            yield b"two"
            yield b"three"
        finally:
            self.ended.set()

    async def close(self) -> None:
        self.closed = True

    async def door(self, project: Project, request: HttpRequest) -> AnyReply:
        return StreamedReply(
            headers=(("content-type", "text/plain"),), length=11, chunks=self.chunks(), close=self.close
        )


async def test_an_answer_goes_out_in_parts(serve: Serve) -> None:
    parts = Parts()
    async with serve(parts.door) as application:
        answer = await ask(application, "GET", "/assets/a")
    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"onetwothree", "11")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert parts.ended.is_set()
    assert parts.closed


async def test_head_tells_the_length_and_closes_the_parts(serve: Serve) -> None:
    parts = Parts()
    async with serve(parts.door) as application:
        answer = await ask(application, "HEAD", "/assets/a")
    assert (answer.body, answer.headers["content-length"]) == (b"", "11")
    assert not parts.ended.is_set()
    assert parts.closed


async def test_an_answer_that_breaks_off_has_no_end(serve: Serve) -> None:
    parts = Parts(broken=True)
    with logged() as log:
        async with serve(parts.door) as application:
            wire = Wire().body(b"")
            await application(http_scope("GET", "/assets/a"), wire.receive, wire.send)
    assert wire.sent[-1] == {"type": "http.response.body", "body": b"one", "more_body": True}
    assert parts.ended.is_set()
    assert parts.closed
    assert "broke off" in log.getvalue()


async def test_a_client_that_leaves_ends_the_sending(serve: Serve) -> None:
    parts = Parts()
    parts.waits.clear()
    async with serve(parts.door, PRESSURE_LIMITER_SAMPLE_INTERVAL="10") as application:
        wire = Wire()
        task = asyncio.create_task(application(http_scope("GET", "/assets/a"), wire.receive, wire.send))
        await wire.answering.wait()
        wire.disconnect()
        await asyncio.wait_for(parts.ended.wait(), 5)
        await task
    assert parts.closed
    assert [message.get("body") for message in wire.sent] == [None, b"one"]


async def test_slow_readers_refuse_nobody(serve: Serve) -> None:
    parts = Parts()
    parts.waits.clear()

    async def door(project: Project, request: HttpRequest) -> AnyReply:
        return await (parts.door if request.path == "/assets/a" else counts)(project, request)

    async with serve(door, CAUSEWAY_MAX_REQUESTS="2") as application:
        wires = [Wire().body(b"") for _ in range(4)]
        slow = [
            asyncio.create_task(application(http_scope("GET", "/assets/a"), wire.receive, wire.send))
            for wire in wires
        ]
        for wire in wires:
            await wire.answering.wait()
        assert (await ask(application, "GET", "/files")).status == 200
        parts.waits.set()
        await asyncio.gather(*slow)
    assert [wire.answer.body for wire in wires] == [b"onetwothree"] * 4
