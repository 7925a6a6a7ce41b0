"""The HTTP server process: sockets, workers, and connections that must not hold memory for nothing.

    serve(settings, workers=2, reload=False, announce=print)

Uvicorn parses HTTP and runs the loop. Added here: bounds on connections, on the size of a request head and on
the time that a head or an unread reply may take (uvicorn has none of them), and settings that reach workers
as a value, so that a worker cannot read another configuration than its parent.
"""

from __future__ import annotations

import asyncio
import gc
import math
import resource
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.supervisors import ChangeReload, Multiprocess

from gateway.app import create_app
from gateway.config import Settings
from gateway.observe import configure_logging
from gateway.whole_reply import WHOLE_REPLY, WholeReply, write_whole
from rest_bridge.envelope import error_response
from schema_gen.errors import ConfigurationError, service_unavailable

#: whose change `--reload` starts the server again for
_PACKAGES: Final = ("gateway", "rest_bridge", "resolvers", "schema_gen")
#: bytes of request line and headers
HEAD_LIMIT: Final = 64 * 1024
#: seconds for a request head to arrive, and for a client to take some more of its reply
STALL_TIMEOUT: Final = 10.0
#: seconds between two looks at a connection
_CHECK_EVERY: Final = 2.5
#: files and database connections that a worker needs besides its clients
_SPARE_DESCRIPTORS: Final = 128


class GuardedProtocol(HttpToolsProtocol):
    """One connection: closed when its head is too long or slow, its reply not taken, or too many are open."""

    config: ServerConfig
    _head_since: float | None = None
    _head_size = 0
    #: bytes of replies that the client has not taken, and when it last took some
    _unsent = 0
    _moved = 0.0
    _guard: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.config.max_connections:
            transport.write(_REFUSAL)
            transport.close()
            return
        self._head_since = self.loop.time()
        self._guard = self.loop.call_later(_CHECK_EVERY, self._check_progress)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._guard is not None:
            self._guard.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self._head_since is not None:
            self._head_size += len(data)
            if self._head_size > HEAD_LIMIT and not self.transport.is_closing():
                self.send_400_response("Request head too large.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_since = self.loop.time()
        self._head_size = 0

    def on_headers_complete(self) -> None:
        self._head_since = None
        scope = self.scope
        super().on_headers_complete()
        if self.cycle is not None and self.cycle.scope is scope:
            write: WholeReply = partial(write_whole, self.cycle)
            scope["extensions"] = {WHOLE_REPLY: write}  # type: ignore[dict-item]

    def _check_progress(self) -> None:
        """A head that does not end and a reply that is not taken both end the connection."""
        now = self.loop.time()
        unsent = self.transport.get_write_buffer_size()
        if unsent == 0 or unsent < self._unsent:
            self._moved = now
        self._unsent = unsent
        head_stalls = self._head_since is not None and now - self._head_since >= STALL_TIMEOUT
        if head_stalls or (unsent and now - self._moved >= STALL_TIMEOUT):
            self.transport.abort()
            return
        self._guard = self.loop.call_later(_CHECK_EVERY, self._check_progress)


class ServerConfig(uvicorn.Config):
    """What the parent hands to each worker (it is pickled)."""

    def __init__(self, settings: Settings, **options: Any) -> None:
        self.settings = settings
        self.max_connections = _connection_bound(settings.causeway_max_connections)
        super().__init__(
            lifespan="on",
            http=GuardedProtocol,
            ws="none",
            factory=True,
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            # whoever closes first may cut off a request that is on its way: it should not be the server
            timeout_keep_alive=math.ceil(settings.causeway_keep_alive.total_seconds()),
            timeout_graceful_shutdown=math.ceil(settings.server_shutdown_timeout.total_seconds()),
            **options,
        )

    def configure_logging(self) -> None:
        super().configure_logging()
        configure_logging(sys.stdout, level=self.settings.log_level, style=self.settings.log_style)


class AnnouncingServer(uvicorn.Server):
    """Says that it listens when it does."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            # modules and the schema stay: the collector of cycles need not look through them again and again
            gc.freeze()
            self._announce()


def serve(
    settings: Settings,
    *,
    workers: int,
    reload: bool,
    announce: Callable[[str], None],
    greet: Callable[[str], None] = lambda address: None,
) -> None:
    """Serves until a signal ends it. `announce` gets the one line that says where; `greet` the address, once
    the only worker listens there.

    Raises ConfigurationError where the address cannot be had; exits with uvicorn's status where a start
    fails.
    """
    listening = bind(settings.host, settings.port)
    address = address_of(listening)
    line = f"Causeway listens on {address} (Ctrl+C stops it)"
    if reload:
        packages = [str(Path(__file__).parent.parent / name) for name in _PACKAGES]
        config = ServerConfig(
            settings, app="gateway.app:app_from_environment", reload=True, reload_dirs=packages
        )
        announce(f"{line}, and starts again when its code changes")
        ChangeReload(config, target=uvicorn.Server(config).run, sockets=[listening]).run()
        return
    config = ServerConfig(settings, app=partial(create_app, settings), workers=workers)
    if workers > 1:
        announce(f"{line}, with {workers} workers")
        Multiprocess(config, sockets=[listening]).run()
    else:

        def listens() -> None:
            announce(line)
            greet(address)

        # uvicorn stops in order and then raises the signal again; being asked to stop is no failure
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
        with suppress(KeyboardInterrupt):
            AnnouncingServer(config, listens).run(sockets=[listening])


def bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise ConfigurationError(
            f"HOST={host!r} PORT={port}: cannot listen there: {error.strerror}"
        ) from error
    listening.set_inheritable(True)
    return listening


def address_of(listening: socket.socket) -> str:
    """A URL that a client on this machine can use."""
    host, port = listening.getsockname()[:2]
    every = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104
    return f"http://{every.get(host, f'[{host}]' if ':' in host else host)}:{port}"


def _connection_bound(wanted: int) -> int:
    """As many as wanted and as the system gives files for; the soft limit is raised to the hard one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    need = wanted + _SPARE_DESCRIPTORS
    if soft != resource.RLIM_INFINITY and soft < need:
        soft = need if hard == resource.RLIM_INFINITY else min(need, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else min(wanted, soft - _SPARE_DESCRIPTORS)


def _refusal() -> bytes:
    reply = error_response(service_unavailable("api", "Under pressure", retry_after=1))
    head = "".join(f"{name}: {value}\r\n" for name, value in reply.headers)
    head += f"content-length: {len(reply.body)}\r\nconnection: close\r\n"
    return f"HTTP/1.1 503 Service Unavailable\r\n{head}\r\n".encode() + reply.body


_REFUSAL: Final = _refusal()
