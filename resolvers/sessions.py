"""Rows of `directus_sessions`: who is logged in, and until when.

A session is a row; its `token` is the refresh token, or the `session` claim of a cookie. Each refresh
adds a row and marks the old one: `next_token` names the new row and `expires` shrinks to the grace period,
within which the old token still leads to the new one (two tabs that refresh at once both go on).

Tokens are 64 digits: 24 that stay the same for the life of a login, its family, and 40 random ones.

    381042...77 | 902713...05      login
    381042...77 | 118840...31      after a refresh

So a token that was used up is recognised long after its row is gone: somebody holds a copy, and the whole
family ends. And an access token can name the family (never the secret part) and dies with it at logout.
Digits sort alike in every collation, so a family is one range of the primary key. Tokens made by a
Directus server have no family; they are followed by `next_token` alone.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from resolvers.context import RequestContext
from resolvers.sql.access import plain_text
from resolvers.sql.moments import moment_of, stored
from schema_gen.database import Database, Transaction
from schema_gen.model import SchemaSnapshot

_FAMILY: Final = 24
_LENGTH: Final = 64
_COLUMNS: Final = 'token, cast("user" as text), expires, next_token, share is not null{client}'
_FIND: Final = f"select {_COLUMNS} from directus_sessions where token = $1"
_RANGE: Final = 'select expires, cast("user" as text) from directus_sessions where token between $1 and $2'
_INSERT: Final = """
insert into directus_sessions (token, "user", expires, ip, user_agent, origin)
values ($1, $2, $3, $4, $5, $6)"""
_MARK: Final = "update directus_sessions set next_token = $2, expires = $3 where token = $1"
_DELETE: Final = "delete from directus_sessions where token = $1 or next_token = $1"
_DELETE_FAMILY: Final = "delete from directus_sessions where token between $1 and $2"
_DELETE_USER: Final = 'delete from directus_sessions where "user" = $1 and not token between $2 and $3'
_OF_USER: Final = """
select token, expires, ip, user_agent, origin, next_token is null from directus_sessions
where "user" = $1 and not (share is not null{client}) order by expires desc, token"""
_HOLD: Final = "select 1 from directus_users where id = $1 for no key update"
_SWEEP: Final = "delete from directus_sessions where expires < $1"
#: rows a used-up token may lead through; more than a grace period can hold
_HOPS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """`bound`: the session of a share or of an OAuth client, which never becomes a login."""

    token: str
    user: str | None
    expires: datetime
    next_token: str | None
    bound: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLogin:
    """A login of somebody, as its latest row tells of it. `login`: see `login_of`."""

    login: str
    expires: datetime
    ip: str | None
    user_agent: str | None
    origin: str | None


def new_token(family: str | None = None) -> str:
    """A token of the family, or the first of a new one."""
    kept = family if family is not None else f"{secrets.randbelow(10**_FAMILY):0{_FAMILY}}"
    rest = _LENGTH - _FAMILY
    return f"{kept}{secrets.randbelow(10**rest):0{rest}}"


def family_of(token: str) -> str | None:
    """None for tokens that are not ours."""
    ours = len(token) == _LENGTH and token.isascii() and token.isdecimal()
    return token[:_FAMILY] if ours else None


def login_of(token: str) -> str:
    """What all tokens of one login have in common: their family, of others the token itself."""
    return family_of(token) or token


class Sessions:
    def __init__(self, database: Database, snapshot: Callable[[], SchemaSnapshot]) -> None:
        self._database = database
        self._snapshot = snapshot

    async def find(self, token: str, within: Transaction | None = None) -> SessionRow | None:
        """`within` a transaction the row stays as it is found until the transaction ends."""
        if not plain_text(token):
            return None
        sql = self._database.native(_FIND.format(client=self._client()))
        if within is None:
            rows = await self._database.fetch(sql, (token,))
        else:
            lock = " for update" if self._database.dialect == "postgresql" else ""
            rows = await within.fetch(sql + lock, (token,))
        return _row(rows[0]) if rows else None

    async def family_lives(self, family: str, user: str, now: datetime) -> bool:
        """Whether the login that the family began is still good."""
        if not family.isdecimal() or not family.isascii() or len(family) != _FAMILY:
            return False
        rows = await self._database.fetch(self._database.native(_RANGE), _bounds(family))
        return any(owner == user and moment_of(expires) > now for expires, owner in rows)

    async def start(
        self,
        within: Transaction,
        user: str,
        expires: datetime,
        context: RequestContext,
        *,
        family: str | None = None,
    ) -> str:
        """A new row; gives its token."""
        token = new_token(family)
        values = (
            token,
            user,
            stored(self._database, expires),
            _cut(context.ip),
            context.user_agent,
            _cut(context.origin),
        )
        await within.execute(self._database.native(_INSERT), values)
        return token

    async def supersede(self, within: Transaction, old: SessionRow, token: str, until: datetime) -> None:
        """`token` takes the place of the old one, which leads there `until` the grace period ends."""
        moment = stored(self._database, min(until, old.expires))
        await within.execute(self._database.native(_MARK), (old.token, token, moment))

    async def successor(self, within: Transaction, row: SessionRow) -> SessionRow | None:
        """The row at the end of `next_token`; None when it is gone."""
        step: SessionRow | None = row
        for _ in range(_HOPS):
            if step is None or step.next_token is None:
                return step
            step = await self.find(step.next_token, within)
        return None

    async def revoke(self, within: Transaction, token: str) -> bool:
        """Ends the login that the token belongs to, with everything it was refreshed to and from.

        False: there was nothing to end.
        """
        if not plain_text(token):
            return False
        row = await self.find(token, within)
        ended = 0
        for end in {token, row.next_token if row is not None and row.next_token is not None else token}:
            ended += await within.execute(self._database.native(_DELETE), (end,))
            family = family_of(end)
            if family is not None:
                ended += await within.execute(self._database.native(_DELETE_FAMILY), _bounds(family))
        return ended > 0

    async def end(self, within: Transaction, login: str) -> bool:
        """Ends a login (see `login_of`). False: there was nothing to end."""
        return await self.revoke(within, _bounds(login)[0])

    async def revoke_user(self, within: Transaction, user: str, *, but: str | None = None) -> None:
        """Ends every login of the user (changed password, suspension), `but` perhaps one."""
        first, last = _bounds(but or "")
        await within.execute(self._database.native(_DELETE_USER), (user, first, last))

    async def open_logins(self, user: str, now: datetime) -> tuple[OpenLogin, ...]:
        """Those of the user that go on, the one that ends last first; sessions of shares and clients are
        none.
        """
        sql = self._database.native(_OF_USER.format(client=self._client()))
        rows = await self._database.fetch(sql, (user,))
        return tuple(
            OpenLogin(
                login=login_of(token),
                expires=moment_of(expires),
                ip=ip,
                user_agent=user_agent,
                origin=origin,
            )
            for token, expires, ip, user_agent, origin, latest in rows
            if latest and moment_of(expires) > now
        )

    async def hold(self, within: Transaction, user: str) -> None:
        """Nobody else changes the user until the transaction ends: neither password nor logins.

        Whoever begins or ends logins holds the user first, so that no login begins beside the change of a
        password that ends them all.
        """
        if self._database.dialect == "postgresql":
            await within.fetch(_HOLD, (user,))

    async def sweep(self, within: Transaction, now: datetime) -> None:
        """Removes what has expired."""
        await within.execute(self._database.native(_SWEEP), (stored(self._database, now),))

    def _client(self) -> str:
        """Directus 11 has no OAuth clients."""
        table = self._snapshot().collections.get("directus_sessions")
        known = table is not None and "oauth_client" in table.fields
        return " or oauth_client is not null" if known else ""


def _bounds(login: str) -> tuple[str, str]:
    """The first and the last token that a login can have; of a token that is not ours the token itself."""
    rest = _LENGTH - _FAMILY if len(login) == _FAMILY else 0
    return login + "0" * rest, login + "9" * rest


def _row(row: Sequence[Any]) -> SessionRow:
    token, user, expires, next_token, bound = row
    return SessionRow(
        token=token, user=user, expires=moment_of(expires), next_token=next_token, bound=bool(bound)
    )


def _cut(text: str | None) -> str | None:
    """No longer than the column."""
    return None if text is None else text[:255]
