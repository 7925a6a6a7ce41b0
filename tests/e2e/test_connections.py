"""Connections that hold memory for nothing: heads that do not end, bodies without end, too many at once."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from tests.support.server import ServerProcess, running_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    directory = tmp_path_factory.mktemp("connections")
    limits = {"CAUSEWAY_MAX_CONNECTIONS": "40", "CAUSEWAY_BODY_TIMEOUT": "500ms", "MAX_PAYLOAD_SIZE": "100kb"}
    with running_server(f"sqlite:///{directory}/c.sqlite", directory, **limits) as started:
        yield started


def connect(server: ServerProcess) -> socket.socket:
    parts = urlsplit(server.url)
    assert parts.hostname is not None
    connection = socket.create_connection((parts.hostname, parts.port or 0), timeout=20)
    connection.settimeout(20)
    return connection


def read_all(connection: socket.socket) -> bytes:
    """Until the server closes; a reset counts as closed."""
    received = b""
    try:
        while part := connection.recv(65536):
            received += part
    except ConnectionError:
        pass
    return received


def test_requests_sent_together_are_answered_in_order(server: ServerProcess) -> None:
    lines = (b"HEAD /server/ping", b"GET /server/ping", b"GET /nowhere", b"GET /robots.txt")
    with connect(server) as connection:
        connection.sendall(b"".join(line + b" HTTP/1.1\r\nHost: x\r\n\r\n" for line in lines))
        connection.sendall(b"GET /server/ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answers = read_all(connection).split(b"HTTP/1.1 ")[1:]
    assert [answer[:3] for answer in answers] == [b"200", b"200", b"404", b"200", b"200"]
    assert [answer.partition(b"\r\n\r\n")[2][:4] for answer in answers] == [
        b"",
        b"pong",
        b'{"er',
        b"User",
        b"pong",
    ]
    assert b"content-length: 4\r\n" in answers[0]


def test_a_head_without_end_is_cut_off(server: ServerProcess) -> None:
    with connect(server) as connection:
        connection.sendall(b"GET /server/ping HTTP/1.1\r\nHost: x\r\n")
        try:
            for number in range(200):
                connection.sendall(b"X-Pad-%d: " % number + b"a" * 4096 + b"\r\n")
                time.sleep(0.001)
        except ConnectionError:
            pass
        answer = read_all(connection)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")


@pytest.mark.slow
def test_a_head_that_stalls_is_closed(server: ServerProcess) -> None:
    with ExitStack() as stack:
        connections = [stack.enter_context(connect(server)) for _ in range(2)]
        connections[1].sendall(b"GET /server/ping HT")
        began = time.monotonic()
        for connection in connections:
            assert read_all(connection) == b""
            assert time.monotonic() - began > 5  # and before the patience of `connect` ends


def test_a_body_that_stalls_is_answered_and_closed(server: ServerProcess) -> None:
    with connect(server) as connection:
        connection.sendall(b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"OUT_OF_TIME" in answer


def test_a_body_of_a_gigabyte_is_refused_unread(server: ServerProcess) -> None:
    with connect(server) as connection:
        connection.sendall(b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\n{")
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"CONTENT_TOO_LARGE" in answer


def test_a_chunked_body_without_end_is_refused(server: ServerProcess) -> None:
    before = server.memory()
    with connect(server) as connection:
        connection.sendall(b"POST /auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            for _ in range(2000):
                connection.sendall(b"8000\r\n" + b"a" * 0x8000 + b"\r\n")
        except ConnectionError:
            pass
        answer = read_all(connection)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 413 ")
    assert server.memory() - before < 20 << 20


def test_more_connections_than_the_bound_are_refused_and_the_others_live(server: ServerProcess) -> None:
    with ExitStack() as stack:
        held = [stack.enter_context(connect(server)) for _ in range(40)]
        for connection in held:
            connection.sendall(b"GET /server/ping HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        refused = read_all(stack.enter_context(connect(server)))
        assert refused.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 1\r\n" in refused
        assert b'"code":"SERVICE_UNAVAILABLE"' in refused
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with connect(server) as connection:
            connection.sendall(b"GET /server/ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            if read_all(connection).endswith(b"pong"):
                return
        time.sleep(0.1)
    pytest.fail("no connection was accepted after the others had gone")


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused_without_a_trace(server: ServerProcess, sent: bytes) -> None:
    with connect(server) as connection:
        connection.sendall(sent)
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert "Traceback" not in server.log
