"""Answers kept for a day, so that a request that comes again does not write again.

    INSERT key ─ new ─> write ─> keep the answer ─ commit
        └─ known ─> the kept answer

The key's row is part of the transaction that writes: a refused request keeps nothing, and of two that come at
once the second waits for the first. The table is made when a key first comes; nobody else sees it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from resolvers.context import Idempotency, RequestContext
from schema_gen.database import Database, Transaction
from schema_gen.errors import CausewayError, unprocessable_content

TABLE: Final = "causeway_idempotency"
KEPT: Final = timedelta(hours=24)
_CREATE: Final = f"""
CREATE TABLE IF NOT EXISTS {TABLE} (
  "key" varchar(64) PRIMARY KEY, fingerprint varchar(255) NOT NULL, answer text, made bigint NOT NULL)"""
_INDEX: Final = f"CREATE INDEX IF NOT EXISTS {TABLE}_made ON {TABLE} (made)"
_SWEEP: Final = f"DELETE FROM {TABLE} WHERE made < $1"
_TAKE: Final = f"""
INSERT INTO {TABLE} ("key", fingerprint, made) VALUES ($1, $2, $3)
ON CONFLICT ("key") DO NOTHING RETURNING "key\""""
_FIND: Final = f'SELECT fingerprint, answer FROM {TABLE} WHERE "key" = $1'
_KEPT: Final = f"{_FIND} AND made >= $2"
_KEEP: Final = f'UPDATE {TABLE} SET answer = $2 WHERE "key" = $1'

#: the JSON texts of the roots of an operation
Answers = Sequence[bytes | None]


class Repetitions:
    """One for each project."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._made = False

    async def prepare(self) -> None:
        """Makes the table where it is missing."""
        if self._made:
            return
        try:
            async with self._database.transaction() as transaction:
                await transaction.execute(_CREATE)
                await transaction.execute(_INDEX)
        except CausewayError as error:
            # two processes made it at once: PostgreSQL refuses one of them
            if error.code != "RECORD_NOT_UNIQUE":
                raise
        self._made = True

    async def known(self, transaction: Transaction, context: RequestContext) -> Answers | None:
        """The kept answers; None: the request is new, and its key is taken. Raises UNPROCESSABLE_CONTENT
        where the key stands for another request.
        """
        asked = _asked(context)
        native, key, now = self._database.native, _scoped(asked, context), context.now
        await transaction.execute(native(_SWEEP), (_seconds(now - KEPT),))
        if await transaction.fetch(native(_TAKE), (key, asked.fingerprint, _seconds(now))):
            return None
        (row,) = await transaction.fetch(native(_FIND), (key,))
        return _answers(row, asked)

    async def kept(self, context: RequestContext) -> Answers | None:
        """The same for a look before anything is begun: the key is not taken."""
        asked = _asked(context)
        parameters = (_scoped(asked, context), _seconds(context.now - KEPT))
        rows = await self._database.fetch(self._database.native(_KEPT), parameters)
        return _answers(rows[0], asked) if rows else None

    async def keep(self, transaction: Transaction, answers: Answers, context: RequestContext) -> None:
        texts = [None if one is None else one.decode() for one in answers]
        key = _scoped(_asked(context), context)
        await transaction.execute(self._database.native(_KEEP), (key, json.dumps(texts)))


def _answers(row: Sequence[Any], asked: Idempotency) -> Answers:
    fingerprint, answer = row
    if fingerprint != asked.fingerprint:
        raise unprocessable_content("The idempotency key belongs to another request")
    return [None if one is None else one.encode() for one in json.loads(answer or "[]")]


def _asked(context: RequestContext) -> Idempotency:
    if context.idempotency is None:
        raise TypeError("the request has no idempotency key")
    return context.idempotency


def _scoped(asked: Idempotency, context: RequestContext) -> str:
    """Keys of different callers are different keys."""
    actor = context.actor
    return hashlib.sha256(f"{actor.kind}\n{actor.user or ''}\n{asked.key}".encode()).hexdigest()


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
