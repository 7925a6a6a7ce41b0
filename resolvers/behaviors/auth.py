"""Logging in, staying in, leaving: what stands behind `/auth/*` and the `auth_*` mutations. No HTTP, no cookies.

    Credentials -> Login.login   -> Issued(access_token, refresh_token, ...)   session row, activity, last_access
    token       -> Login.refresh -> Issued(...)                                rotation, reuse, grace
    token       -> Login.logout                                                the whole family of tokens ends

Nothing tells whether a mail address has an account: unknown, of another provider, suspended and wrong password
cost the same work, take at least `stall`, and read the same.
"""

from __future__ import annotations

import asyncio
import base64
import re
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal, Protocol, cast, get_args

import pyotp

from resolvers.actors import Actors, password_stamp
from resolvers.context import RequestContext
from resolvers.secrets import Hasher
from resolvers.sessions import Sessions, SessionRow, family_of
from resolvers.sql.access import Identity, identity_by_email, identity_by_id, some_password
from resolvers.sql.moments import stored
from schema_gen.database import Database, Transaction
from schema_gen.errors import invalid_credentials, invalid_otp, invalid_payload, service_unavailable

Mode = Literal["json", "cookie", "session"]
#: payload, issued, expires -> signed token
Mint = Callable[[Mapping[str, Any], datetime, datetime], str]

_LOCAL: Final = "default"
_ADDRESS: Final = re.compile(
    r"(?=.{1,64}@)[^\s@.\"(),:;<>\[\]\\]+(\.[^\s@.\"(),:;<>\[\]\\]+)*"
    r"@([^\W_]([\w-]*[^\W_])?\.)+[^\W\d_]{2,}"
)
_SEEN: Final = "update directus_users set last_access = $2 where id = $1"
_ACTIVITY: Final = """
insert into directus_activity (action, "user", timestamp, ip, user_agent, collection, item, origin)
values ($1, $2, $3, $4, $5, 'directus_users', $6, $7)"""


class Bump(Protocol):
    async def bump_access(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    email: str
    password: str
    otp: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginLimits:
    """Lives of what is issued; `grace`: how long a refreshed token still leads to its successor; `stall`: least
    time of a refused login; `waiting`: logins that may wait for a hash at once."""

    access_token: timedelta
    refresh_token: timedelta
    session: timedelta
    grace: timedelta
    stall: timedelta
    waiting: int = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """`token`: the access token, in session mode the token of the session cookie. `expires_in`: its life."""

    mode: Mode
    token: str
    refresh_token: str
    expires_in: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rotation:
    """`token`: the one that is good from now on; None: refused. `revoked`: a login ended."""

    token: str | None = None
    identity: Identity | None = None
    revoked: bool = False


# --- payloads -------------------------------------------------------------------------------------------------------


def read_login(payload: object) -> tuple[Credentials, Mode]:
    """The body of a login. Raises INVALID_PAYLOAD with the protocol's sentences."""
    if not isinstance(payload, dict):
        raise invalid_payload('"value" must be of type object')
    email = _string(payload, "email")
    if _ADDRESS.fullmatch(email) is None:
        raise invalid_payload('"email" must be a valid email')
    password = _string(payload, "password")
    mode = read_mode(payload["mode"]) if "mode" in payload else "json"
    otp = _string(payload, "otp") if "otp" in payload else None
    return Credentials(email=email, password=password, otp=otp), mode


def read_mode(value: object) -> Mode:
    if value not in get_args(Mode):
        raise invalid_payload('"mode" must be one of [cookie, json, session]')
    return cast(Mode, value)


def _string(payload: Mapping[str, Any], name: str) -> str:
    if name not in payload:
        raise invalid_payload(f'"{name}" is required')
    value = payload[name]
    if not isinstance(value, str):
        raise invalid_payload(f'"{name}" must be a string')
    if not value:
        raise invalid_payload(f'"{name}" is not allowed to be empty')
    return value


# --- the three things -----------------------------------------------------------------------------------------------


class Login:
    def __init__(
        self,
        database: Database,
        actors: Actors,
        sessions: Sessions,
        hasher: Hasher,
        mint: Mint,
        epochs: Bump,
        limits: LoginLimits,
    ) -> None:
        self._database = database
        self._actors = actors
        self._sessions = sessions
        self._hasher = hasher
        self._mint = mint
        self._epochs = epochs
        self._limits = limits
        self._verifying = 0

    async def login(self, given: Credentials, mode: Mode, context: RequestContext) -> Issued:
        """Raises INVALID_CREDENTIALS, INVALID_OTP (a second factor is set up), SERVICE_UNAVAILABLE."""
        identity = await self._proved(given)
        user = identity.user.id
        async with self._database.transaction() as transaction:
            await self._sessions.sweep(transaction, context.now)
            expires = context.now + self._life(mode)
            token = await self._sessions.start(transaction, user, expires, context)
            await self._seen(transaction, user, context.now)
            await self._record(transaction, "login", user, context)
        return await self._issue(identity, token, mode, context)

    async def refresh(self, token: str, mode: Mode, context: RequestContext) -> Issued:
        """New tokens for one that is still good. Raises INVALID_CREDENTIALS.

        A token that was used up and comes again after the grace period has been copied: its whole login ends.
        """
        async with self._database.transaction() as transaction:
            rotation = await self._rotate(transaction, token, mode, context)
        if rotation.revoked:
            await self._epochs.bump_access()
        if rotation.token is None or rotation.identity is None:
            raise invalid_credentials()
        return await self._issue(rotation.identity, rotation.token, mode, context)

    async def logout(self, token: str, context: RequestContext) -> None:
        """Ends the login at once, its access tokens included. A token that is not known is not an error."""
        async with self._database.transaction() as transaction:
            row = await self._sessions.find(token, transaction)
            await self._sessions.revoke(transaction, token)
            if row is not None and row.user is not None:
                await self._record(transaction, "logout", row.user, context)
        await self._epochs.bump_access()

    # --- proof ------------------------------------------------------------------------------------------------------

    async def _proved(self, given: Credentials) -> Identity:
        began = time.monotonic()
        try:
            identity = await self._by_password(given)
            if identity is None:
                raise invalid_credentials()
            secret = identity.user.tfa_secret
            if secret and not right_otp(secret, given.otp):
                raise invalid_otp()
        except BaseException:
            await asyncio.sleep(max(0.0, began + self._limits.stall.total_seconds() - time.monotonic()))
            raise
        return identity
