"""The shell around the doors: ids, errors, bodies, the log, clients that leave. In process, real ASGI."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.assembly import open_project
from gateway.config import Settings
from gateway.config_load import settings_from
from gateway.http import HttpReply, HttpRequest
from gateway.observe import AccessLog, configure_logging, redacted_query, redacted_text
from gateway.shell import Application, Door, Doors
from gateway.state import Project
from schema_gen.errors import CausewayError, forbidden, route_not_found
from tests.support.asgi import Answer, Wire, ask, http_scope, serving
from tests.support.logs import logged

Make = Callable[..., Application]


async def echo(project: Project, request: HttpRequest) -> HttpReply:
    seen = {"path": request.path, "ip": request.ip, "id": request.id, "body": request.body.decode()}
    return HttpReply(body=json.dumps(seen).encode())


async def no_route(project: Project, request: HttpRequest) -> HttpReply:
    raise route_not_found(request.path)


async def refuses(project: Project, request: HttpRequest) -> HttpReply:
    raise forbidden()


async def breaks(project: Project, request: HttpRequest) -> HttpReply:
    raise RuntimeError("database password=hunter2 in a message")


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    with logged() as stream:
        yield stream


@pytest.fixture
def make(tmp_path: Path, log: io.StringIO) -> Make:
    def build(door: Door = echo, **values: str) -> Application:
        settings = settings_from({"DB_FILENAME": str(tmp_path / "shell.sqlite"), **values}, tmp_path)
        doors = Doors(by_segment={"items": door, "auth": door, "server": door}, other=no_route)
        return Application(settings, open_project, doors, AccessLog(log, style=settings.log_style))

    return build


def error_of(answer: Answer) -> str:
    code: str = json.loads(answer.body)["errors"][0]["extensions"]["code"]
    return code


async def test_a_request_passes_through_with_its_id(make: Make) -> None:
    async with serving(make()) as application:
        answer = await ask(application, "GET", "/items/a", headers={"X-Request-Id": "from-proxy.1"})
        assert answer.status == 200
        assert json.loads(answer.body)["id"] == answer.headers["x-request-id"] == "from-proxy.1"
        assert json.loads(answer.body)["ip"] == "192.0.2.1"
        first = await ask(application, "GET", "/items/a", headers={"X-Request-Id": "bad id\twith space"})
        second = await ask(application, "GET", "/items/a")
    ids = {first.headers["x-request-id"], second.headers["x-request-id"]}
    assert len(ids) == 2
    assert not any(" " in made for made in ids)


async def test_security_headers(make: Make) -> None:
    async with serving(make()) as application:
        data = await ask(application, "GET", "/items/a")
        login = await ask(application, "POST", "/auth/login", body=b"{}")
        error = await ask(application, "GET", "/nowhere")
    for answer in (data, login, error):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cross-origin-opener-policy"] == "same-origin-allow-popups"
        assert answer.headers["content-length"] == str(len(answer.body))
        assert not {"server", "x-powered-by", "access-control-allow-origin"} & set(answer.headers)
    assert data.headers["cache-control"] == "no-cache"
    assert login.headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in data.headers


async def test_hsts_when_switched_on(make: Make) -> None:
    async with serving(make(HSTS_ENABLED="true")) as application:
        answer = await ask(application, "GET", "/items/a")
    assert answer.headers["strict-transport-security"] == "max-age=15552000; includeSubDomains"


async def test_errors_take_the_envelope(make: Make) -> None:
    async with serving(make(refuses)) as application:
        refused = await ask(application, "GET", "/items/a")
        missing = await ask(application, "GET", "/nowhere")
    assert refused.status == 403
    assert refused.body == (
        b'{"errors":[{"message":"You don\'t have permission to access this.",'
        b'"extensions":{"code":"FORBIDDEN"}}]}'
    )
    assert missing.status == 404
    assert missing.body == (
        b'{"errors":[{"message":"Route /nowhere doesn\'t exist.",'
        b'"extensions":{"path":"/nowhere","code":"ROUTE_NOT_FOUND"}}]}'
    )


async def test_an_unknown_exception_is_logged_and_not_shown(make: Make, log: io.StringIO) -> None:
    async with serving(make(breaks)) as application:
        answer = await ask(application, "GET", "/items/a", headers={"X-Request-Id": "r-1"})
    assert (answer.status, error_of(answer)) == (500, "INTERNAL_SERVER_ERROR")
    assert b"hunter2" not in answer.body
    assert b"RuntimeError" not in answer.body
    written = log.getvalue()
    assert "request r-1: GET /items/a failed" in written
    assert "RuntimeError" in written
    assert "hunter2" not in written


@pytest.mark.parametrize("parts", [(b"x" * 20,), (b"x" * 8, b"x" * 8)])
async def test_a_body_above_the_bound_is_refused(make: Make, parts: tuple[bytes, ...]) -> None:
    async with serving(make(MAX_PAYLOAD_SIZE="10b")) as application:
        wire = Wire().body(*parts)
        await application(
            http_scope("POST", "/items/a", {"Transfer-Encoding": "chunked"}), wire.receive, wire.send
        )
        assert (wire.answer.status, error_of(wire.answer)) == (413, "CONTENT_TOO_LARGE")
        assert wire.answer.headers["connection"] == "close"


async def test_a_declared_length_is_refused_before_a_byte_is_read(make: Make) -> None:
    async with serving(make(MAX_PAYLOAD_SIZE="10b")) as application:
        wire = Wire()
        scope = http_scope("POST", "/items/a", {"Content-Length": "1073741824"})
        await asyncio.wait_for(application(scope, wire.receive, wire.send), 1)
    assert wire.answer.status == 413


async def test_a_body_in_parts_is_put_together(make: Make) -> None:
    async with serving(make(MAX_PAYLOAD_SIZE="10b")) as application:
        wire = Wire().body(b"abc", b"def", b"")
        scope = http_scope("SEARCH", "/items/a", {"Transfer-Encoding": "chunked"})
        await application(scope, wire.receive, wire.send)
    assert json.loads(wire.answer.body)["body"] == "abcdef"


async def test_a_slow_body_times_out(make: Make) -> None:
    async with serving(make(CAUSEWAY_BODY_TIMEOUT="50ms")) as application:
        wire = Wire().body(b"abc", b"def")
        wire.incoming.get_nowait()
        wire.incoming.get_nowait()
        wire.incoming.put_nowait({"type": "http.request", "body": b"abc", "more_body": True})
        await application(http_scope("POST", "/items/a"), wire.receive, wire.send)
    assert (wire.answer.status, error_of(wire.answer)) == (408, "OUT_OF_TIME")
    assert wire.answer.headers["connection"] == "close"


async def test_a_client_that_leaves_while_sending_gets_no_answer(make: Make, log: io.StringIO) -> None:
    async with serving(make()) as application:
        wire = Wire()
        wire.incoming.put_nowait({"type": "http.request", "body": b"abc", "more_body": True})
        wire.disconnect()
        await application(http_scope("POST", "/items/a"), wire.receive, wire.send)
    assert wire.sent == []
    assert "POST /items/a 499" in log.getvalue()


async def test_a_client_that_leaves_ends_the_work(make: Make, log: io.StringIO) -> None:
    ended = asyncio.Event()

    async def works(project: Project, request: HttpRequest) -> HttpReply:
        try:
            await asyncio.sleep(30)
        finally:
            ended.set()
        return HttpReply()

    async with serving(make(works, PRESSURE_LIMITER_SAMPLE_INTERVAL="20")) as application:
        wire = Wire()
        task = asyncio.create_task(application(http_scope("GET", "/items/a"), wire.receive, wire.send))
        await asyncio.sleep(0.1)
        wire.disconnect()
        await asyncio.wait_for(ended.wait(), 2)
        await task
        assert task.cancelling() == 0
    assert wire.sent == []
    assert "GET /items/a 499" in log.getvalue()
    assert "Traceback" not in log.getvalue()


async def test_a_watched_request_that_finishes_is_answered(make: Make) -> None:
    async def works(project: Project, request: HttpRequest) -> HttpReply:
        await asyncio.sleep(0.15)
        return HttpReply(body=b"done")

    async with serving(make(works, PRESSURE_LIMITER_SAMPLE_INTERVAL="20")) as application:
        answer = await ask(application, "GET", "/items/a")
    assert (answer.status, answer.body) == (200, b"done")


async def test_what_the_server_cancels_when_it_stops_is_answered(make: Make, log: io.StringIO) -> None:
    ended = asyncio.Event()

    async def works(project: Project, request: HttpRequest) -> HttpReply:
        try:
            await asyncio.sleep(30)
        finally:
            ended.set()
        return HttpReply()

    async with serving(make(works)) as application:
        wire = Wire()
        task = asyncio.create_task(application(http_scope("GET", "/items/a"), wire.receive, wire.send))
        await asyncio.sleep(0.01)
        task.cancel()
        await task
    assert ended.is_set()
    assert (wire.answer.status, error_of(wire.answer)) == (503, "SERVICE_UNAVAILABLE")
    assert wire.answer.headers["retry-after"] == "1"
    assert "Traceback" not in log.getvalue()


async def test_before_the_start_and_after_the_end_there_is_no_service(make: Make) -> None:
    application = make()
    early = await ask(application, "GET", "/items/a")
    assert (early.status, error_of(early)) == (503, "SERVICE_UNAVAILABLE")
    assert early.headers["retry-after"] == "1"


async def test_a_start_that_fails_says_why(make: Make, tmp_path: Path) -> None:
    application = make(DB_CONNECTION_STRING="postgresql://nobody@127.0.0.1:1/none")
    wire = Wire()
    wire.incoming.put_nowait({"type": "lifespan.startup"})
    await application({"type": "lifespan"}, wire.receive, wire.send)
    assert wire.sent[0]["type"] == "lifespan.startup.failed"
    assert "127.0.0.1:1" in wire.sent[0]["message"]


async def test_the_access_log_hides_secrets_and_takes_no_foreign_lines(make: Make, log: io.StringIO) -> None:
    async with serving(make()) as application:
        await ask(application, "GET", "/items/a?limit=1&access_token=abc123")
        await ask(application, "GET", "/items/a%0Aforged?x=%0A")
    written = log.getvalue()
    assert "abc123" not in written
    assert "/items/a?limit=1&access_token=--redacted-- 200" in written
    assert len(written.splitlines()) == 2


async def test_the_raw_style_is_json_lines(make: Make, log: io.StringIO) -> None:
    async with serving(make(LOG_STYLE="raw")) as application:
        await ask(application, "GET", "/items/a?refresh_token=abc")
    line = json.loads(log.getvalue())
    assert line["req"]["url"] == "/items/a?refresh_token=--redacted--"
    assert line["res"]["statusCode"] == 200


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        (b"limit=1", "limit=1"),
        (b"filter[token][_eq]=abc", "filter[token][_eq]=--redacted--"),
        (b"filter%5Bpassword%5D%5B_eq%5D=abc", "filter%5Bpassword%5D%5B_eq%5D=--redacted--"),
        (b"filter=%7B%22tfa_secret%22%3A%22abc%22%7D", "filter=--redacted--"),
        (b"%2561ccess_token=abc", "%2561ccess_token=--redacted--"),
        (b"redirect=/a%3Faccess_token%3Dabc", "redirect=--redacted--"),
        (b"access_token", "--redacted--"),
        (b"otp=123456&a=1", "otp=--redacted--&a=1"),
        (b"a=%41", "a=%41"),
        (b"next=eyJhbGciOiJIUzI1NiJ9.eyJpZCI6IjEifQ.aa-b_c&b=1", "next=--redacted--&b=1"),
        (b"a=\xff\x1b[0m", "a=ÿ%1B[0m"),
    ],
)
def test_redacted_query(query: bytes, shown: str) -> None:
    assert redacted_query(query) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer hush",
        "postgresql://me:hush@host/db",
        "password=hush",
        '{"refresh_token": "hush"}',
        "directus_session_token=hush; Path=/",
        "ADMIN_PASSWORD: 'hush'",
        "Authorization: Basic hush",
        "Key (token)=(hush) already exists",
        "{'password': 'two words, hush', 'n': 1}",
        '{"otp": "hush',
        "GET /x/eyJhbGciOiJIUzI1NiJ9.eyJpZCI6IjEifQ.hush",
    ],
)
def test_redacted_text(text: str) -> None:
    assert "hush" not in redacted_text(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("link http://10.0.0.1:8055/reset?lang=en", "link http://10.0.0.1:8055/reset?lang=en"),
        ("redis://me:8055@10.0.0.1:6379/0", "redis://me:--redacted--@10.0.0.1:6379/0"),
        ("redis://:123456@host", "redis://:--redacted--@host"),
    ],
)
def test_a_port_is_no_password(text: str, shown: str) -> None:
    assert redacted_text(text) == shown


def test_log_settings_are_all_accepted() -> None:
    levels = ("fatal", "error", "warn", "info", "debug", "trace", "silent")
    logger = logging.getLogger("causeway")
    before = (list(logger.handlers), logger.level, logger.propagate)
    for level in levels:
        assert settings_from({"LOG_LEVEL": level}, Path()).log_level == level
        configure_logging(io.StringIO(), level=level, style="raw")
    logger.handlers[:], logger.level, logger.propagate = before


def test_error_statuses_follow_the_table() -> None:
    assert CausewayError("OUT_OF_TIME", "x").status == 408
    assert Settings().max_payload_size == 1024**2
