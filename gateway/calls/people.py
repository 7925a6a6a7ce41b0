"""What people do with their own row beside changing it."""

from __future__ import annotations

from dataclasses import replace

from gateway.calls.making import Arguments, mutation, own
from resolvers.behaviors.last_page import LastPage
from resolvers.calls import CallRoot
from resolvers.context import RequestContext


def people_calls(last_page: LastPage) -> tuple[CallRoot, ...]:
    async def track(arguments: Arguments, context: RequestContext) -> bool:
        await last_page.track(arguments["last_page"], context)
        return True

    tracked = mutation("users_me_track_page", "Boolean", track, {"last_page": "String!"})
    return (replace(own(tracked), internal=True),)
