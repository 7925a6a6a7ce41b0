"""Where the caller is logged in, and the end of it: a lost telephone, a machine of somebody else.

    await logins.listed(context)              -> [{"id": "5c1f...", "current": True, "ip": "192.0.2.7", ...}]
    await logins.end("5c1f...", context)
    await logins.end_others(context)          all but the one that the request came with

A login is told under a digest: with what tokens are made of nobody may come again. What has ended is over for
its access tokens too, at once and everywhere.
"""

from __future__ import annotations

import hashlib
from typing import Any

from resolvers.context import RequestContext
from resolvers.sessions import OpenLogin, Sessions
from resolvers.sql.moments import written
from schema_gen.database import Database
from schema_gen.epoch import Epochs
from schema_gen.errors import forbidden


class OwnLogins:
    """One for each project. Everything raises FORBIDDEN for who is no user."""

    def __init__(self, database: Database, sessions: Sessions, epochs: Epochs) -> None:
        self._database = database
        self._sessions = sessions
        self._epochs = epochs

    async def listed(self, context: RequestContext) -> list[dict[str, Any]]:
        found = await self._sessions.open_logins(_user(context), context.now)
        return [_told(one, context.actor.login) for one in found]

    async def end(self, name: str, context: RequestContext) -> None:
        """Raises FORBIDDEN where the caller has no such login."""
        user = _user(context)
        found = await self._sessions.open_logins(user, context.now)
        login = next((one.login for one in found if _digest(one.login) == name), None)
        if login is None:
            raise forbidden()
        async with self._database.transaction() as transaction:
            await self._sessions.hold(transaction, user)
            await self._sessions.end(transaction, login)
        await self._epochs.bump_access()

    async def end_others(self, context: RequestContext) -> None:
        user = _user(context)
        async with self._database.transaction() as transaction:
            await self._sessions.hold(transaction, user)
            await self._sessions.revoke_user(transaction, user, but=context.actor.login)
        await self._epochs.bump_access()


def _user(context: RequestContext) -> str:
    if context.actor.user is None:
        raise forbidden()
    return context.actor.user


def _told(one: OpenLogin, current: str | None) -> dict[str, Any]:
    return {
        "id": _digest(one.login),
        "current": one.login == current,
        "expires": written(one.expires),
        "ip": one.ip,
        "user_agent": one.user_agent,
        "origin": one.origin,
    }


def _digest(login: str) -> str:
    return hashlib.blake2b(login.encode(), digest_size=16, person=b"causeway-login").hexdigest()
