"""Is it really you: address, password and one-time code -> the identity, or a refusal that tells nothing.

Unknown address, account of another provider, suspended account and wrong password cost the same work, take at
least `stall`, and read the same. A one-time code counts once, and few are tried.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
import time
from datetime import datetime, timedelta
from typing import Final

from resolvers.behaviors.credentials import Credentials
from resolvers.context import RequestContext
from resolvers.secrets import Hasher
from resolvers.sql.access import Identity, UserRow, identity_by_email, identity_by_id, some_password
from resolvers.throttle import Throttle
from resolvers.used_codes import UsedCodes
from schema_gen.database import Database
from schema_gen.errors import CausewayError, invalid_credentials, invalid_otp

_LOCAL: Final = "default"
#: of a hash where there is none to take after
_COST: Final = "$argon2id$v=19$m=65536,t=3,p=4"


class Proof:
    """One for each project. `stall`: least time of a refusal."""

    def __init__(
        self, database: Database, hasher: Hasher, codes: UsedCodes, throttle: Throttle, stall: timedelta
    ) -> None:
        self._database = database
        self._hasher = hasher
        self._codes = codes
        self._throttle = throttle
        self._stall = stall.total_seconds()

    async def identity(self, given: Credentials, context: RequestContext) -> Identity:
        """Raises INVALID_CREDENTIALS, INVALID_OTP (a second factor is set up), REQUESTS_EXCEEDED,
        SERVICE_UNAVAILABLE.
        """
        began = time.monotonic()
        try:
            identity = await self._by_password(given)
            user = identity.user
            if user.tfa_secret and not await self._has_code(user, user.tfa_secret, given.otp, context):
                raise invalid_otp()
        except CausewayError as error:
            if error.status == 401:
                await asyncio.sleep(began + self._stall - time.monotonic())
            raise
        return identity

    async def password(self, identity: Identity, password: str) -> None:
        """Whether somebody who is logged in is still the one who knows it. Raises INVALID_CREDENTIALS,
        REQUESTS_EXCEEDED, SERVICE_UNAVAILABLE.
        """
        user = identity.user
        await self._throttle.take("password", user.id)
        stored = user.password if _may_log_in(user) else None
        right = await self._hasher.verify(stored or decoy(None), password)
        if stored is None or not right:
            raise invalid_credentials()
        await self._throttle.clear("password", user.id)

    async def code(self, user: UserRow, secret: str, otp: str, now: datetime) -> bool:
        """Whether it is a code of the secret, which is used up by this. Raises REQUESTS_EXCEEDED."""
        await self._throttle.take("otp", user.id)
        right = await self._codes.use(user.id, secret, otp, now)
        if right:
            await self._throttle.clear("otp", user.id)
        return right

    async def renewed(self, identity: Identity, password: str) -> str | None:
        """The hash of the password where the stored one was made at another cost than is wanted now.

        None also where too many hashes are waited for: there is always a next time.
        """
        try:
            return await self._hasher.renewed(identity.user.password or "", password)
        except CausewayError as error:
            if error.code != "SERVICE_UNAVAILABLE":
                raise
            return None

    async def again(self, identity: Identity, password: str) -> Identity:
        """What is known now of somebody whose password was right a moment ago. Raises INVALID_CREDENTIALS
        where it is not any more, SERVICE_UNAVAILABLE.
        """
        found = await identity_by_id(self._database, identity.user.id)
        own = found.user.password if found is not None and _may_log_in(found.user) else None
        if found is None or own is None or not await self._hasher.verify(own, password):
            raise invalid_credentials()
        return found

    async def _has_code(self, user: UserRow, secret: str, otp: str | None, context: RequestContext) -> bool:
        """Who sends none is asked for it, and has not tried."""
        return bool(otp) and await self.code(user, secret, otp or "", context.now)

    async def _by_password(self, given: Credentials) -> Identity:
        """The same steps whoever is meant; where nobody is, a hash that no password meets is checked."""
        identity = await identity_by_email(self._database, given.email)
        like = await some_password(self._database)
        own = identity.user.password if identity is not None and _may_log_in(identity.user) else None
        right = await self._hasher.verify(own or decoy(like), given.password)
        if identity is None or own is None or not right:
            raise invalid_credentials()
        return identity


def _may_log_in(user: UserRow) -> bool:
    """By password: not where another provider vouches for the user."""
    return user.active and user.provider == _LOCAL


def decoy(like: str | None) -> str:
    """A hash that no password meets, as costly to check as `like`."""
    cost = like.rsplit("$", 2)[0] if like is not None else _COST
    salt, digest = (base64.b64encode(secrets.token_bytes(n)).rstrip(b"=").decode() for n in (16, 32))
    return f"{cost}${salt}${digest}"
