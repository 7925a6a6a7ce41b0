"""The shell of every request: bytes in, one door, bytes out.

    scope ─ headers ─ id ─ CORS ─ limits ─ pressure ─ body ─> HttpRequest ─ door ─> HttpReply ─ headers

The first segment of the path names the door, by a dictionary look-up; everything that has no door of its own
goes to the REST bridge. Doors of files read their bodies themselves, and answer with streams. What a door
raises becomes the error envelope: a `CausewayError` as it is, everything else as INTERNAL_SERVER_ERROR, with
its stack in the log under the request's id and nothing of it in the answer.

Wrapping costs come once per request and are counted (see docs/architecture.md): no middleware objects, no
router, no task per request.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing
from dataclasses import dataclass, replace
from time import perf_counter, time
from typing import Any, Final

from gateway.addresses import client_ip, is_believed
from gateway.body_stream import BodyStream, ClientGone, Receive
from gateway.config import Settings
from gateway.housekeeping import at_work
from gateway.http import AnyReply, HttpReply, HttpRequest, StreamedReply, read_headers
from gateway.limiting.requests import RequestLimits
from gateway.middleware import ReplyPolicy, request_ids
from gateway.moved import again
from gateway.observe import LOGGER, AccessLog, Observation
from gateway.overload import Exchange, Load, Pressure
from gateway.state import Project
from gateway.whole_reply import WHOLE_REPLY, WholeReply
from rest_bridge.envelope import error_response
from schema_gen.errors import (
    CausewayError,
    ConfigurationError,
    SchemaMoved,
    content_too_large,
    internal_error,
    out_of_time,
    service_unavailable,
)

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Door = Callable[[Project, HttpRequest], Awaitable[AnyReply]]
OpenProject = Callable[[Settings], AbstractAsyncContextManager[Project]]

#: answered even under pressure, so that an overloaded server is not taken for a dead one
_ALWAYS_ANSWERED: Final = frozenset({"/server/ping"})
#: seconds until a refusal goes out: clients that come again at once must not take the time of those at work
_REFUSAL_PAUSE: Final = 0.25
_NOTHING: Final[dict[str, Any]] = {}
_BODYLESS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
#: how a request is logged whose client left before the answer
_CLIENT_GONE: Final = 499


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """`by_segment`: first segment of the path -> door; `other`: every other path. `streaming`: segments whose
    doors read the body themselves.
    """

    by_segment: Mapping[str, Door]
    other: Door
    streaming: frozenset[str] = frozenset()

    def of(self, path: str) -> Door:
        return self.by_segment.get(_segment(path), self.other)

    def streams(self, path: str) -> bool:
        return _segment(path) in self.streaming


def _segment(path: str) -> str:
    return path.split("/", 2)[1] if path.startswith("/") else ""


class Application:
    """One process of the server. `open_project` gives what requests work on, for as long as the process
    serves.
    """

    def __init__(
        self, settings: Settings, open_project: OpenProject, doors: Doors, access_log: AccessLog | None
    ) -> None:
        self._settings = settings
        self._open_project = open_project
        self._doors = doors
        self._access_log = access_log
        self._policy = ReplyPolicy.of(settings)
        self._request_id = request_ids()
        self._load = Load(pressure_of(settings), self._tick)
        self._body_timeout = settings.causeway_body_timeout.total_seconds()
        self._project: Project | None = None
        self._logger = logging.getLogger(LOGGER)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "http":
            await self._http(scope, receive, send)
        elif kind == "lifespan":
            await self._lifespan(receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1000})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        at, started = time(), perf_counter()
        headers = read_headers(scope["headers"])
        request_id = self._request_id(headers.get("x-request-id"))
        headers["x-request-id"] = request_id
        if "x-forwarded-proto" in headers and not is_believed(self._settings.ip_trust_proxy, _peer(scope)):
            del headers["x-forwarded-proto"]
        ip = self._ip(scope, headers)
        limits = None if self._project is None else self._project.request_limits
        if limits is None:
            reply = await self._answer(scope, headers, ip, receive, started)
        else:
            reply = await self._within(limits, scope, headers, ip, receive, started)
        size = 0
        if isinstance(reply, StreamedReply):
            size = await self._stream(reply, scope, headers, receive, send)
        elif reply is not None:
            size = len(reply.body)
            await self._send(reply, scope, headers, send)
        if self._access_log is not None:
            self._access_log.record(
                Observation(
                    at=at,
                    id=request_id,
                    method=scope["method"],
                    path=scope["path"],
                    query=scope["query_string"],
                    status=reply.status if reply is not None else _CLIENT_GONE,
                    seconds=perf_counter() - started,
                    size=size,
                    ip=ip,
                )
            )

    async def _send(self, reply: HttpReply, scope: Scope, headers: Mapping[str, str], send: Send) -> None:
        """At once where the server can, else as ASGI has it."""
        path, origin, request_id = scope["path"], headers.get("origin"), headers["x-request-id"]
        # taken out, since it refers to the request: left there it would be rubbish for the collector
        write: WholeReply | None = scope.get("extensions", _NOTHING).pop(WHOLE_REPLY, None)
        if write is not None:
            head = self._policy.head(reply, path=path, origin=origin, request_id=request_id)
            if write(reply.status, head, reply.body):
                return
        raw = self._policy.raw_headers(reply, path=path, origin=origin, request_id=request_id)
        await send({"type": "http.response.start", "status": reply.status, "headers": raw})
        await send({"type": "http.response.body", "body": reply.body})

    async def _stream(
        self, reply: StreamedReply, scope: Scope, headers: Mapping[str, str], receive: Receive, send: Send
    ) -> int:
        """The number of bytes that were sent. A client that leaves ends the sending."""
        path, request_id = scope["path"], headers["x-request-id"]
        sent = 0
        async with AsyncExitStack() as stack:
            stack.push_async_callback(reply.close)
            chunks = await stack.enter_async_context(aclosing(reply.chunks))
            with self._load.sending(receive, perf_counter()):
                raw = self._policy.raw_headers(
                    reply, path=path, origin=headers.get("origin"), request_id=request_id
                )
                await send({"type": "http.response.start", "status": reply.status, "headers": raw})
                try:
                    if scope["method"] != "HEAD":
                        async for chunk in chunks:
                            await send({"type": "http.response.body", "body": chunk, "more_body": True})
                            sent += len(chunk)
                except Exception:
                    # without its end the server closes the connection: what came is not taken for all
                    self._logger.exception("request %s: the reply of %s broke off", request_id, path)
                    return sent
                await send({"type": "http.response.body", "body": b""})
        return sent

    async def _within(
        self,
        limits: RequestLimits,
        scope: Scope,
        headers: Mapping[str, str],
        ip: str | None,
        receive: Receive,
        started: float,
    ) -> AnyReply | None:
        """What `limits` leave of requests; every answer tells how they stand. Preflight requests do not
        count: browsers send them by themselves, and can show nobody the answer.
        """
        if self._policy.preflight(scope["method"], headers) is not None:
            return await self._answer(scope, headers, ip, receive, started)
        standing = await limits.take(ip)
        if standing.refusal is not None:
            reply: AnyReply | None = error_response(standing.refusal)
        else:
            reply = await self._answer(scope, headers, ip, receive, started)
        return None if reply is None else replace(reply, headers=(*reply.headers, *standing.headers))

    async def _answer(
        self, scope: Scope, headers: Mapping[str, str], ip: str | None, receive: Receive, started: float
    ) -> AnyReply | None:
        """None: the client left, nobody waits for the answer."""
        method: str = scope["method"]
        path: str = scope["path"]
        try:
            preflight = self._policy.preflight(method, headers)
            if preflight is not None:
                return preflight
            refusal = self._load.refusal()
            if refusal is not None and path not in _ALWAYS_ANSWERED:
                await asyncio.sleep(_REFUSAL_PAUSE)
                raise refusal
            project = self._at_work()
            with self._load.exchange(receive, started) as exchange:
                body, stream = b"", None
                has_body = method not in _BODYLESS or _announces_body(headers)
                if self._doors.streams(path):
                    stream = self._body_stream(headers, receive, exchange, coming=has_body)
                elif has_body:
                    body = await self._read_body(headers, receive, exchange)
                request = HttpRequest(
                    method=method,
                    path=path,
                    raw_path=scope.get("raw_path") or path.encode(),
                    query_string=scope["query_string"],
                    headers=headers,
                    body=body,
                    ip=ip,
                    id=headers["x-request-id"],
                    stream=stream,
                )
                if not project.schema.is_current:
                    await project.schema.catch_up()
                door, bundle = self._doors.of(path), project.holder.current
                try:
                    return await door(project, request)
                except SchemaMoved as moved:
                    if stream is not None and stream.begun:
                        raise
                    return await again(project, lambda: door(project, request), bundle, moved)
        except CausewayError as error:
            return error_response(error)
        except ClientGone:
            return None
        except asyncio.CancelledError:
            # a client that left is dealt with in the exchange: this is the server, which stops
            return error_response(service_unavailable("api", "The server is stopping", retry_after=1))
        except Exception:
            if self._access_log is not None:
                self._access_log.flush()
            self._logger.exception("request %s: %s %s failed", headers["x-request-id"], method, path)
            return error_response(internal_error())
        return None  # the exchange ended the cancellation of a request whose client is gone

    def _at_work(self) -> Project:
        if self._project is None:
            raise service_unavailable("api", "The server is starting or stopping", retry_after=1)
        return self._project

    def _ip(self, scope: Scope, headers: Mapping[str, str]) -> str | None:
        settings = self._settings
        if settings.ip_custom_header is not None:
            named = headers.get(settings.ip_custom_header.lower())
            if named is not None:
                return client_ip(settings.ip_trust_proxy, named, None)
        peer = _peer(scope)
        return client_ip(settings.ip_trust_proxy, peer, headers.get("x-forwarded-for"))

    def _body_stream(
        self, headers: Mapping[str, str], receive: Receive, exchange: Exchange, *, coming: bool
    ) -> BodyStream:
        declared = headers.get("content-length", "")
        stream = BodyStream(
            receive,
            declared=int(declared) if declared.isdecimal() else None,
            timeout=self._body_timeout,
            on_end=exchange.streamed,
        )
        exchange.streaming = coming
        stream.ended = not coming
        return stream

    async def _read_body(self, headers: Mapping[str, str], receive: Receive, exchange: Exchange) -> bytes:
        limit = self._settings.max_payload_size
        declared = headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > limit:
            raise content_too_large()
        exchange.reading = True
        try:
            body = await _whole_body(receive, limit)
        except asyncio.CancelledError as error:
            if exchange.read_too_late():
                raise out_of_time("Request body", f"{self._body_timeout:g}s") from error
            raise
        exchange.reading = False
        return body

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        async with AsyncExitStack() as stack:
            try:
                self._project = await stack.enter_async_context(self._open_project(self._settings))
                await stack.enter_async_context(at_work(self._project.jobs))
                if self._settings.email_verify_setup:
                    self._project.post.verify()
            except (ConfigurationError, CausewayError, OSError) as error:
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
            ticker = asyncio.create_task(self._load.run())
            ticker.add_done_callback(self._ticker_ended)
            await send({"type": "lifespan.startup.complete"})
            await receive()
            ticker.cancel()
            self._project = None
        self._tick()
        await send({"type": "lifespan.shutdown.complete"})

    def _tick(self) -> None:
        if self._access_log is not None:
            self._access_log.flush()

    def _ticker_ended(self, ticker: asyncio.Task[None]) -> None:
        if not ticker.cancelled() and ticker.exception() is not None:
            self._logger.error("the load ticker ended", exc_info=ticker.exception())


def _announces_body(headers: Mapping[str, str]) -> bool:
    return "content-length" in headers or "transfer-encoding" in headers


def _peer(scope: Scope) -> str | None:
    """The address of who is connected."""
    client = scope.get("client")
    return client[0] if client else None


def pressure_of(settings: Settings) -> Pressure:
    delay = settings.pressure_limiter_max_event_loop_delay
    return Pressure(
        enabled=settings.pressure_limiter_enabled,
        interval=max(settings.pressure_limiter_sample_interval.total_seconds(), 0.01),
        max_delay=None if delay is None else delay.total_seconds(),
        max_memory=settings.pressure_limiter_max_memory_rss,
        max_requests=settings.causeway_max_requests,
        retry_after=settings.pressure_limiter_retry_after,
        body_timeout=settings.causeway_body_timeout.total_seconds(),
    )


async def _whole_body(receive: Receive, limit: int) -> bytes:
    """The body up to `limit` bytes. Raises CONTENT_TOO_LARGE as soon as there is more."""
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        body: bytes = message.get("body", b"")
        if len(body) > limit:
            raise content_too_large()
        return body
    parts: list[bytes] = []
    size = 0
    while message["type"] == "http.request":
        part: bytes = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if size > limit:
            raise content_too_large()
        if not message.get("more_body", False):
            return b"".join(parts)
        message = await receive()
    raise ClientGone
