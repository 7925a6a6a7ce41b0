"""The calls of the system scope, each with what it takes and gives: for the schema builder and the engine.

    calls_of(desk, server, holder, ...) -> Calls(auth_login, auth_refresh, auth_logout, server_info, ...)

The `auth_*` mutations give what `/auth/*` gives. Their cookies travel in the `Exchange` of the context.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from gateway.auth_desk import AuthDesk
from resolvers.behaviors.credentials import Credentials, read_mode
from resolvers.behaviors.me import permissions_me, policies_globals
from resolvers.behaviors.revert import Revert
from resolvers.behaviors.second_factor import SecondFactor
from resolvers.behaviors.server import PONG, PROJECT_TYPES, Server
from resolvers.behaviors.sort import Sort
from resolvers.bundle import BundleHolder
from resolvers.calls import CallEnum, CallObject, CallRoot, Calls, CallType, Resolve
from resolvers.context import Exchange, RequestContext
from resolvers.secrets import random_text
from resolvers.structure.calls import reading_calls
from resolvers.structure.changes import SchemaChanges
from resolvers.structure.model_calls import model_calls
from resolvers.structure.models import Models
from resolvers.structure.reading import Structure
from resolvers.structure.writing_calls import writing_calls
from schema_gen.errors import CausewayError, forbidden, invalid_credentials, invalid_payload
from schema_gen.naming import Scope

Arguments = Mapping[str, Any]
Renew = Callable[[], Awaitable[None]]
Sdl = Callable[[Scope, RequestContext], Awaitable[str]]
OpenApi = Callable[[RequestContext], Awaitable[bytes]]

_MODES: Final = CallEnum(name="auth_mode", values=("json", "cookie", "session"))
_SCOPES: Final = CallEnum(name="graphql_sdl_scope", values=("items", "system"))
_SCOPE: Final = {"scope": "graphql_sdl_scope"}
_TOKENS: Final = CallObject(
    name="auth_tokens",
    fields={"access_token": "String", "expires": "GraphQLBigInt", "refresh_token": "String"},
)
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
    CallObject(
        name="server_info",
        fields={
            "project": "server_info_project",
            "license": "server_info_license",
            "rateLimit": "Boolean",
            "rateLimitGlobal": "Boolean",
            "websocket": "Boolean",
            "queryLimit": "server_info_query_limit",
            "version": "String",
        },
    ),
)
_LONGEST_RANDOM: Final = 500
_TFA: Final = CallObject(
    name="users_me_tfa_generate_data", fields={"secret": "String", "otpauth_url": "String"}
)
_REFRESH_ARGUMENTS: Final = {"refresh_token": "String", "mode": "auth_mode"}


def calls_of(
    desk: AuthDesk,
    server: Server,
    holder: BundleHolder,
    sdl: Sdl,
    openapi: OpenApi,
    revert: Revert,
    sort: Sort,
    structure: Structure,
    changes: SchemaChanges,
    models: Models,
    renew: Renew,
    second: SecondFactor,
    *,
    health_enabled: bool,
    introspection: bool,
    openapi_enabled: bool,
) -> Calls:
    """`sdl`: the GraphQL schema that a caller sees, as text; `openapi`: the REST API, as JSON. `renew`: reads
    schema and rights anew, everywhere.
    """

    async def ping(arguments: Arguments, context: RequestContext) -> str:
        return PONG

    async def info(arguments: Arguments, context: RequestContext) -> Any:
        return await server.info(context)

    async def health(arguments: Arguments, context: RequestContext) -> Any:
        return await server.health(context)

    async def permissions(arguments: Arguments, context: RequestContext) -> Any:
        return permissions_me(context, holder.current.snapshot)

    async def policies(arguments: Arguments, context: RequestContext) -> Any:
        return policies_globals(context)

    async def specs(arguments: Arguments, context: RequestContext) -> str:
        return await sdl(arguments.get("scope") or "items", context)

    async def document(arguments: Arguments, context: RequestContext) -> Any:
        return await asyncio.to_thread(json.loads, await openapi(context))

    about = (replace(_query("server_specs_graphql", "String", specs, _SCOPES), arguments=_SCOPE),)
    rest = (_query("server_specs_oas", "JSON", document),) if openapi_enabled else ()
    checks = (_query("server_health", "JSON", health),) if health_enabled else ()
    return Calls.of(
        _query("server_ping", "String", ping),
        _query("server_info", "server_info", info, *_INFO),
        *checks,
        *(about if introspection else ()),
        *rest,
        _own(_query("permissions_me", "permissions_me_type", permissions)),
        _own(_query("policies_me_globals", "policy_me_globals_type", policies, _GLOBALS)),
        *_auth_calls(desk),
        *_second_factor_calls(second),
        *reading_calls(structure),
        *writing_calls(changes, structure),
        *model_calls(models),
        *_utility_calls(revert, sort, renew),
    )


def _utility_calls(revert: Revert, sort: Sort, renew: Renew) -> tuple[CallRoot, ...]:
    async def reverted(arguments: Arguments, context: RequestContext) -> bool:
        await revert.revert(arguments["revision"], context)
        return True

    async def sorted_(arguments: Arguments, context: RequestContext) -> bool:
        await sort.move(arguments["collection"], arguments["item"], arguments["to"], context)
        return True

    async def cleared(arguments: Arguments, context: RequestContext) -> None:
        if not context.actor.admin:
            raise forbidden()
        await renew()

    async def random_string(arguments: Arguments, context: RequestContext) -> str:
        length = arguments.get("length")
        if length is None:
            return random_text()
        if not 1 <= length <= _LONGEST_RANDOM:
            raise invalid_payload(f'"length" must be between 1 and {_LONGEST_RANDOM}')
        return random_text(length)

    move = {"collection": "String!", "item": "ID!", "to": "ID!"}
    return (
        _mutation("utils_revert", "Boolean", reverted, {"revision": "ID!"}),
        _mutation("utils_sort", "Boolean", sorted_, move),
        _mutation("utils_random_string", "String", random_string, {"length": "Int"}),
        _mutation("utils_cache_clear", "Void", cleared, {}),
    )


def _second_factor_calls(second: SecondFactor) -> tuple[CallRoot, ...]:
    async def generate(arguments: Arguments, context: RequestContext) -> Any:
        return await second.generate(arguments["password"], context)

    async def enable(arguments: Arguments, context: RequestContext) -> bool:
        await second.enable(arguments["secret"], arguments["otp"], context)
        return True

    async def disable(arguments: Arguments, context: RequestContext) -> bool:
        await second.disable(arguments["otp"], context)
        return True

    async def disable_of(arguments: Arguments, context: RequestContext) -> bool:
        await second.disable_of(arguments["user"], context)
        return True

    code = {"otp": "String!"}
    made = "users_me_tfa_generate_data"
    return (
        _own(_mutation("users_me_tfa_generate", made, generate, {"password": "String!"}, _TFA)),
        _own(_mutation("users_me_tfa_enable", "Boolean", enable, {**code, "secret": "String!"})),
        _own(_mutation("users_me_tfa_disable", "Boolean", disable, code)),
        replace(_mutation("users_tfa_disable", "Boolean", disable_of, {"user": "ID!"}), internal=True),
    )


def _auth_calls(desk: AuthDesk) -> tuple[CallRoot, ...]:
    async def login(arguments: Arguments, context: RequestContext) -> Any:
        if desk.disabled:
            raise invalid_credentials()
        given = Credentials(
            email=arguments["email"], password=arguments["password"], otp=arguments.get("otp")
        )
        handed = await desk.log_in(given, read_mode(arguments.get("mode") or "json"), context)
        _exchange(context).reply.extend(handed.headers)
        return handed.tokens

    async def refresh(arguments: Arguments, context: RequestContext) -> Any:
        exchange = _exchange(context)
        try:
            handed = await desk.refresh(arguments, exchange.headers, context)
        except CausewayError as error:
            exchange.reply.extend(error.headers.items())
            raise
        exchange.reply.extend(handed.headers)
        return handed.tokens

    async def logout(arguments: Arguments, context: RequestContext) -> bool:
        exchange = _exchange(context)
        exchange.reply.extend(await desk.log_out(arguments, exchange.headers, context))
        return True

    credentials = {"email": "String!", "password": "String!", "mode": "auth_mode", "otp": "String"}
    return (
        _mutation("auth_login", "auth_tokens", login, credentials, _MODES, _TOKENS),
        _mutation("auth_refresh", "auth_tokens", refresh, _REFRESH_ARGUMENTS, _MODES, _TOKENS),
        _mutation("auth_logout", "Boolean", logout, _REFRESH_ARGUMENTS, _MODES),
    )


def _exchange(context: RequestContext) -> Exchange:
    """A door that sets no cookies gives none, and what would be set is dropped."""
    return context.exchange or Exchange(headers={})


def _query(name: str, kind: str, resolve: Resolve, *types: CallType) -> CallRoot:
    return CallRoot(name=name, scope="system", kind="query", type=kind, resolve=resolve, types=types)


def _own(call: CallRoot) -> CallRoot:
    """Only for callers with a user."""
    return replace(call, signed_in=True)


def _mutation(
    name: str, kind: str, resolve: Resolve, arguments: Mapping[str, str], *types: CallType
) -> CallRoot:
    return CallRoot(
        name=name,
        scope="system",
        kind="mutation",
        type=kind,
        resolve=resolve,
        arguments=arguments,
        types=types,
    )
