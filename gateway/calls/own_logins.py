"""Where the caller is logged in, and the end of it (`/users/me/sessions`)."""

from __future__ import annotations

from typing import Any, Final

from gateway.calls.making import Arguments, mutation, own, query
from resolvers.behaviors.own_logins import OwnLogins
from resolvers.calls import CallObject, CallRoot
from resolvers.context import RequestContext

_SESSION: Final = CallObject(
    name="users_me_session",
    fields={
        "id": "ID",
        "current": "Boolean",
        "expires": "Date",
        "ip": "String",
        "user_agent": "String",
        "origin": "String",
    },
)


def own_login_calls(logins: OwnLogins) -> tuple[CallRoot, ...]:
    async def listed(arguments: Arguments, context: RequestContext) -> Any:
        return await logins.listed(context)

    async def end(arguments: Arguments, context: RequestContext) -> bool:
        await logins.end(arguments["id"], context)
        return True

    async def end_others(arguments: Arguments, context: RequestContext) -> bool:
        await logins.end_others(context)
        return True

    return (
        own(query("users_me_sessions", "[users_me_session]", listed, _SESSION)),
        own(mutation("delete_users_me_session", "Boolean", end, {"id": "ID!"})),
        own(mutation("delete_users_me_sessions", "Boolean", end_others, {})),
    )
