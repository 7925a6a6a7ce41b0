"""Requests that write, up to the engine: what it is asked, and what the bridge makes of its answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from resolvers.bundle import Bundle, BundleHolder
from resolvers.context import Actor, RequestContext
from resolvers.engine import Engine
from resolvers.operation import Operation, Outcome, RootResult
from resolvers.paging import Limits
from resolvers.permissions import UNRESTRICTED, AccessRules
from rest_bridge.bridge import Bridge
from rest_bridge.message import RestRequest, RestResponse
from schema_gen.model import SchemaSnapshot
from tests.support.blog import NOW
from tests.support.rest import encoded

ADMIN = Actor(kind="user", user="00000000-0000-4000-8000-000000000001", admin=True, app=True)


class _Asked(Engine):
    """Keeps the operation, and answers what the test wants."""

    def __init__(self, data: bytes | None, error: Exception | None) -> None:
        self.limits = Limits()
        self.data = data
        self.error = error
        self.operations: list[Operation] = []
        self.contexts: list[RequestContext] = []

    async def execute(self, operation: Operation, context: RequestContext) -> Outcome:
        self.operations.append(operation)
        self.contexts.append(context)
        return Outcome(roots=(RootResult(key="data", data=self.data, error=self.error),))


@dataclass
class Writing:
    """`data` and `error`: what the engine answers."""

    snapshot: SchemaSnapshot
    rules: AccessRules = UNRESTRICTED
    actor: Actor = ADMIN
    data: bytes | None = b'{"id":1}'
    error: Exception | None = None
    engine: _Asked = field(init=False)

    async def send(
        self,
        method: str,
        target: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> RestResponse:
        async def load() -> SchemaSnapshot:
            return self.snapshot

        self.engine = _Asked(self.data, self.error)
        bridge = Bridge(self.engine, BundleHolder(Bundle(self.snapshot), load))
        path, _, query = target.partition("?")
        request = RestRequest(
            method=method,
            path=path,
            query_string=encoded(query),
            body=b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode(),
            content_type=content_type,
            headers=headers or {},
        )
        return await bridge.handle(request, RequestContext(actor=self.actor, rules=self.rules, now=NOW))
