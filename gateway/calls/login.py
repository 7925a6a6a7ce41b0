"""`auth_login`, `auth_refresh`, `auth_logout`: what `/auth/*` gives, as mutations. Their cookies travel in
the `Exchange` of the context.
"""

from __future__ import annotations

from typing import Any, Final

from gateway.auth_desk import AuthDesk
from gateway.calls.making import Arguments, exchange, mutation
from resolvers.behaviors.credentials import Credentials, read_mode
from resolvers.calls import CallEnum, CallObject, CallRoot
from resolvers.context import RequestContext
from schema_gen.errors import CausewayError, invalid_credentials

_MODES: Final = CallEnum(name="auth_mode", values=("json", "cookie", "session"))
_TOKENS: Final = CallObject(
    name="auth_tokens",
    fields={"access_token": "String", "expires": "GraphQLBigInt", "refresh_token": "String"},
)
_REFRESH_ARGUMENTS: Final = {"refresh_token": "String", "mode": "auth_mode"}


def login_calls(desk: AuthDesk) -> tuple[CallRoot, ...]:
    async def login(arguments: Arguments, context: RequestContext) -> Any:
        if desk.disabled:
            raise invalid_credentials()
        given = Credentials(
            email=arguments["email"], password=arguments["password"], otp=arguments.get("otp")
        )
        around = exchange(context)
        mode = read_mode(arguments.get("mode") or "json")
        handed = await desk.log_in(given, mode, around.headers, context)
        around.reply.extend(handed.headers)
        return handed.tokens

    async def refresh(arguments: Arguments, context: RequestContext) -> Any:
        around = exchange(context)
        try:
            handed = await desk.refresh(arguments, around.headers, context)
        except CausewayError as error:
            around.reply.extend(error.headers.items())
            raise
        around.reply.extend(handed.headers)
        return handed.tokens

    async def logout(arguments: Arguments, context: RequestContext) -> bool:
        around = exchange(context)
        around.reply.extend(await desk.log_out(arguments, around.headers, context))
        return True

    credentials = {"email": "String!", "password": "String!", "mode": "auth_mode", "otp": "String"}
    return (
        mutation("auth_login", "auth_tokens", login, credentials, _MODES, _TOKENS),
        mutation("auth_refresh", "auth_tokens", refresh, _REFRESH_ARGUMENTS, _MODES, _TOKENS),
        mutation("auth_logout", "Boolean", logout, _REFRESH_ARGUMENTS, _MODES),
    )
