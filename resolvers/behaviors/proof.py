"""Is it really you: address, password and one-time code -> the identity, or a refusal that tells nothing.

Unknown address, account of another provider, suspended account and wrong password cost the same work, take at
least `stall`, and read the same.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
import time
from datetime import timedelta
from typing import Final

import pyotp

from resolvers.behaviors.credentials import Credentials
from resolvers.secrets import Hasher
from resolvers.sql.access import Identity, UserRow, identity_by_email, some_password
from schema_gen.database import Database
from schema_gen.errors import CausewayError, invalid_credentials, invalid_otp, service_unavailable

_LOCAL: Final = "default"
#: of a hash where there is none to take after
_COST: Final = "$argon2id$v=19$m=65536,t=3,p=4"


class Proof:
    """`stall`: least time of a refusal. `waiting`: how many may wait for a hash; more are sent away."""

    def __init__(self, database: Database, hasher: Hasher, stall: timedelta, *, waiting: int = 32) -> None:
        self._database = database
        self._hasher = hasher
        self._stall = stall.total_seconds()
        self._waiting = waiting
        self._verifying = 0

    async def identity(self, given: Credentials) -> Identity:
        """Raises INVALID_CREDENTIALS, INVALID_OTP (a second factor is set up), SERVICE_UNAVAILABLE."""
        began = time.monotonic()
        try:
            identity = await self._by_password(given)
            secret = identity.user.tfa_secret
            if secret and not right_otp(secret, given.otp):
                raise invalid_otp()
        except CausewayError as error:
            if error.status == 401:
                await asyncio.sleep(began + self._stall - time.monotonic())
            raise
        return identity

    async def password(self, identity: Identity, password: str) -> None:
        """Whether somebody who is logged in is still the one who knows it. Raises INVALID_CREDENTIALS."""
        stored = identity.user.password if _may_log_in(identity.user) else None
        right = await self._verify(stored or decoy(None), password)
        if stored is None or not right:
            raise invalid_credentials()

    async def _by_password(self, given: Credentials) -> Identity:
        """The same steps whoever is meant; where nobody is, a hash that no password meets is checked."""
        identity = await identity_by_email(self._database, given.email)
        like = await some_password(self._database)
        own = identity.user.password if identity is not None and _may_log_in(identity.user) else None
        right = await self._verify(own or decoy(like), given.password)
        if identity is None or own is None or not right:
            raise invalid_credentials()
        return identity

    async def _verify(self, stored_hash: str, password: str) -> bool:
        if self._verifying >= self._waiting:
            raise service_unavailable("api", "Under pressure", retry_after=1)
        self._verifying += 1
        try:
            # halves of characters have no bytes: nobody's password holds one
            whole = password.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
            return await self._hasher.verify(stored_hash, whole) and whole == password
        finally:
            self._verifying -= 1


def _may_log_in(user: UserRow) -> bool:
    """By password: not where another provider vouches for the user."""
    return user.active and user.provider == _LOCAL


def right_otp(secret: str, otp: str | None) -> bool:
    """RFC 6238: the code of this half minute, the one before or the one after."""
    try:
        return otp is not None and pyotp.TOTP(secret).verify(otp, valid_window=1)
    except ValueError:  # the secret is no base32 text
        return False


def decoy(like: str | None) -> str:
    """A hash that no password meets, as costly to check as `like`."""
    cost = like.rsplit("$", 2)[0] if like is not None else _COST
    salt, digest = (base64.b64encode(secrets.token_bytes(n)).rstrip(b"=").decode() for n in (16, 32))
    return f"{cost}${salt}${digest}"
