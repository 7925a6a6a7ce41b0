"""One-time codes of an app (RFC 6238), each of which counts once.

    await codes.use(user, "JBSW...", "123456", now)  -> True
    await codes.use(user, "JBSW...", "123456", now)  -> False, in every process, also at the same moment

A code stands for a step of half a minute; this one, the one before and the one after are taken, since clocks
differ. The last step that was taken of a secret is kept for as long as it could be asked for again, and none
up to it is taken any more: one statement finds out and keeps it. The table is made when a code first comes;
nobody else sees it.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from hmac import compare_digest
from typing import Final

import pyotp

from schema_gen.database import Database
from schema_gen.errors import CausewayError, SchemaMoved

TABLE: Final = "causeway_used_codes"
#: steps before and after the present one whose codes are taken
_WINDOW: Final = 1
#: steps for which is kept what was taken; clocks of several servers may differ too
_KEPT: Final = 20
#: bytes of a secret
_LEAST: Final = 10
_CREATE: Final = f"""
CREATE TABLE IF NOT EXISTS {TABLE} ("key" varchar(64) PRIMARY KEY, step bigint NOT NULL)"""
_SWEEP: Final = f"DELETE FROM {TABLE} WHERE step < $1"
_TAKE: Final = f"""
INSERT INTO {TABLE} ("key", step) VALUES ($1, $2)
ON CONFLICT ("key") DO UPDATE SET step = excluded.step WHERE {TABLE}.step < excluded.step RETURNING step"""


class UsedCodes:
    """One for each project."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def use(self, user: str, secret: str, code: str, now: datetime) -> bool:
        """Whether it is a code of the secret that has not been used; from now on it has."""
        step = step_of(secret, code, now)
        if step is None:
            return False
        key = _key(user, secret)
        try:
            return await self._take(key, step)
        except SchemaMoved:
            # asked first: where the table is there already, nobody needs the right to make one
            await self._make()
            return await self._take(key, step)

    async def _take(self, key: str, step: int) -> bool:
        native = self._database.native
        async with self._database.transaction() as transaction:
            await transaction.execute(native(_SWEEP), (step - _KEPT,))
            return bool(await transaction.fetch(native(_TAKE), (key, step)))

    async def _make(self) -> None:
        try:
            async with self._database.transaction() as transaction:
                await transaction.execute(_CREATE)
        except CausewayError as error:
            # two processes made it at once: PostgreSQL refuses one of them
            if error.code != "RECORD_NOT_UNIQUE":
                raise


class _App(pyotp.TOTP):
    """What an app does with a secret. Secrets of 80 bits, which a Directus server makes, are good too."""

    def byte_secret(self) -> bytes:
        return _decoded(self.secret)


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The step that the code stands for, around now; None for what is no code of the secret."""
    if not is_secret(secret):
        return None
    app = _App(secret)
    present = int(now.timestamp()) // app.interval
    found: int | None = None
    # all of them, whatever is found: the time tells nothing
    for step in range(present - _WINDOW, present + _WINDOW + 1):
        if compare_digest(app.generate_otp(step).encode(), code.encode("utf-8", "replace")):
            found = step
    return found


def is_secret(text: str) -> bool:
    """Whether codes can be made with it that nobody guesses: base 32 of at least 80 bits."""
    try:
        return len(_decoded(text)) >= _LEAST
    except ValueError:
        return False


def _decoded(text: str) -> bytes:
    """Raises ValueError for what is no base 32; the padding may be left out."""
    return base64.b32decode(text + "=" * (-len(text) % 8), casefold=True)


def _key(user: str, secret: str) -> str:
    """Says neither the user nor the secret."""
    return hashlib.sha256(user.encode() + b"\n" + _decoded(secret)).hexdigest()
