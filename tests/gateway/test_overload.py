"""Pressure: what is too much is refused at once, before its body is read, and nothing piles up."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest

from gateway.assembly import open_project
from gateway.config_load import settings_from
from gateway.http import HttpReply, HttpRequest
from gateway.overload import Load, Pressure, resident_memory
from gateway.shell import Application, Door, Doors
from gateway.state import Project
from tests.support.asgi import Wire, ask, http_scope, serving


def application(tmp_path: Path, door: Door, **values: str) -> Application:
    settings = settings_from({"DB_FILENAME": str(tmp_path / "load.sqlite"), **values}, tmp_path)
    return Application(settings, open_project, Doors(by_segment={}, other=door), None)


async def test_more_requests_than_the_bound_are_refused_unread(tmp_path: Path) -> None:
    release = asyncio.Event()

    async def waits(project: Project, request: HttpRequest) -> HttpReply:
        if request.path != "/server/ping":
            await release.wait()
        return HttpReply(body=b"{}")

    async with serving(application(tmp_path, waits, CAUSEWAY_MAX_REQUESTS="3")) as server:
        busy = [asyncio.create_task(ask(server, "GET", "/items/a")) for _ in range(3)]
        await asyncio.sleep(0)
        unread = Wire()
        await asyncio.wait_for(server(http_scope("POST", "/items/a"), unread.receive, unread.send), 1)
        assert unread.answer.status == 503
        assert unread.answer.headers["retry-after"] == "1"
        error = json.loads(unread.answer.body)["errors"][0]
        assert error["message"] == 'Service "api" is unavailable. Under pressure.'
        assert error["extensions"] == {
            "service": "api",
            "reason": "Under pressure",
            "code": "SERVICE_UNAVAILABLE",
        }
        assert (await ask(server, "GET", "/server/ping")).status == 200
        release.set()
        assert [answer.status for answer in await asyncio.gather(*busy)] == [200, 200, 200]
        assert (await ask(server, "GET", "/items/a")).status == 200


async def test_a_late_event_loop_is_pressure_until_it_has_recovered(tmp_path: Path) -> None:
    async def quick(project: Project, request: HttpRequest) -> HttpReply:
        return HttpReply()

    values = {"PRESSURE_LIMITER_SAMPLE_INTERVAL": "20", "PRESSURE_LIMITER_MAX_EVENT_LOOP_DELAY": "100"}
    async with serving(application(tmp_path, quick, **values, PRESSURE_LIMITER_RETRY_AFTER="7")) as server:
        await asyncio.sleep(0.03)
        time.sleep(0.3)
        await asyncio.sleep(0.001)
        refused = await ask(server, "GET", "/items/a")
        assert (refused.status, refused.headers["retry-after"]) == (503, "7")
        await asyncio.sleep(0.1)
        assert (await ask(server, "GET", "/items/a")).status == 200


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
async def test_too_much_memory_is_pressure() -> None:
    ticks: list[None] = []
    strained = Load(Pressure(interval=0.01, max_memory=1024), lambda: ticks.append(None))
    at_ease = Load(Pressure(interval=0.01, max_memory=resident_memory() * 4), lambda: ticks.append(None))
    tasks = [asyncio.create_task(load.run()) for load in (strained, at_ease)]
    await asyncio.sleep(0.05)
    for task in tasks:
        task.cancel()
    assert ticks
    assert strained.refusal() is not None
    assert at_ease.refusal() is None


async def test_switched_off_it_refuses_nothing(tmp_path: Path) -> None:
    release = asyncio.Event()

    async def waits(project: Project, request: HttpRequest) -> HttpReply:
        await release.wait()
        return HttpReply()

    values = {"PRESSURE_LIMITER_ENABLED": "false", "CAUSEWAY_MAX_REQUESTS": "1"}
    async with serving(application(tmp_path, waits, **values)) as server:
        busy = [asyncio.create_task(ask(server, "GET", "/items/a")) for _ in range(5)]
        await asyncio.sleep(0)
        release.set()
        assert {answer.status for answer in await asyncio.gather(*busy)} == {200}
