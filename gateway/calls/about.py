"""What the server tells of itself, of its schema and of the caller: queries without data of items."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final

from gateway.calls.making import Arguments, own, query, setting_up
from resolvers.behaviors.me import permissions_me, policies_globals
from resolvers.behaviors.server import PONG, PROJECT_TYPES, Server, ServerFacts
from resolvers.bundle import BundleHolder
from resolvers.calls import CallEnum, CallObject, CallRoot
from resolvers.context import RequestContext
from schema_gen.naming import Scope

Sdl = Callable[[Scope, RequestContext], Awaitable[str]]
OpenApi = Callable[[RequestContext], Awaitable[bytes]]

_SCOPES: Final = CallEnum(name="graphql_sdl_scope", values=("items", "system"))
_SCOPE: Final = {"scope": "graphql_sdl_scope"}
_GLOBALS: Final = CallObject(
    name="policy_me_globals_type",
    fields={"enforce_tfa": "Boolean", "app_access": "Boolean", "admin_access": "Boolean"},
)
_INFO: Final = (
    CallObject(name="server_info_project", fields=PROJECT_TYPES),
    CallObject(
        name="server_info_license_entitlements",
        fields={
            "production_enabled": "Boolean",
            "ai_translations_enabled": "Boolean",
            "display_powered_by": "String",
        },
    ),
    CallObject(
        name="server_info_license",
        fields={"source": "String", "entitlements": "server_info_license_entitlements"},
    ),
    CallObject(name="server_info_query_limit", fields={"default": "Int", "max": "Int"}),
)
_RATE: Final = {"points": "Int", "duration": "Int"}


def _info_types(facts: ServerFacts) -> tuple[CallObject, ...]:
    """A limit that is not set is `false`, one that is set an object (protocol)."""
    each = CallObject(name="server_info_rate_limit", fields=_RATE) if facts.rate_limit else None
    everybody = (
        CallObject(name="server_info_rate_limit_global", fields=_RATE) if facts.rate_limit_global else None
    )
    whole = CallObject(
        name="server_info",
        fields={
            "project": "server_info_project",
            "license": "server_info_license",
            "rateLimit": each.name if each else "Boolean",
            "rateLimitGlobal": everybody.name if everybody else "Boolean",
            "websocket": "Boolean",
            "queryLimit": "server_info_query_limit",
            "version": "String",
        },
    )
    return (*_INFO, *(part for part in (each, everybody) if part is not None), whole)


def server_calls(server: Server, facts: ServerFacts, *, health_enabled: bool) -> tuple[CallRoot, ...]:
    async def ping(arguments: Arguments, context: RequestContext) -> str:
        return PONG

    async def info(arguments: Arguments, context: RequestContext) -> Any:
        return await server.info(context)

    async def health(arguments: Arguments, context: RequestContext) -> Any:
        return await server.health(context)

    checks = (query("server_health", "JSON", health),) if health_enabled else ()
    told = query("server_info", "server_info", info, *_info_types(facts))
    return (query("server_ping", "String", ping), told, *checks)


def own_calls(holder: BundleHolder) -> tuple[CallRoot, ...]:
    """What the caller may."""

    async def permissions(arguments: Arguments, context: RequestContext) -> Any:
        return permissions_me(context, holder.current.snapshot)

    async def policies(arguments: Arguments, context: RequestContext) -> Any:
        return policies_globals(context)

    return (
        own(query("permissions_me", "permissions_me_type", permissions)),
        setting_up(query("policies_me_globals", "policy_me_globals_type", policies, _GLOBALS)),
    )


def schema_calls(
    sdl: Sdl, openapi: OpenApi, *, introspection: bool, openapi_enabled: bool
) -> tuple[CallRoot, ...]:
    """`sdl`: the GraphQL schema that a caller sees, as text; `openapi`: the REST API, as JSON."""

    async def specs(arguments: Arguments, context: RequestContext) -> str:
        return await sdl(arguments.get("scope") or "items", context)

    async def document(arguments: Arguments, context: RequestContext) -> Any:
        return await asyncio.to_thread(json.loads, await openapi(context))

    graphql = (replace(query("server_specs_graphql", "String", specs, _SCOPES), arguments=_SCOPE),)
    rest = (query("server_specs_oas", "JSON", document),)
    return (*(graphql if introspection else ()), *(rest if openapi_enabled else ()))
