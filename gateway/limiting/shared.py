"""Counts that all workers share, in Redis; and how one does without while it is away.

    async with open_shared("redis://localhost:6379") as shared:
        await shared.count("key", 60, 1)      Count(used=1, ends=...), or raises StoreAway

A Redis that does not answer costs a request a quarter of a second. After that nobody asks it for a second,
and then one request does, for all. It is missed once in the log, and welcomed back once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from time import monotonic, time
from typing import Any, Final

from limits.aio.storage import RedisStorage, Storage
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from gateway.limiting.counting import Count, StoreAway
from gateway.observe import LOGGER
from resolvers.bounded import Bounded
from schema_gen.errors import ConfigurationError

#: seconds that an answer may take
_PATIENCE: Final = 0.25
#: seconds without asking, after a failure
_PAUSE: Final = 1.0
_CONNECTIONS: Final = 32
#: windows whose ends are remembered
_REMEMBERED: Final = 10_000
#: what the names of keys begin with
_PREFIX: Final = "causeway:limit"
_FAILURES: Final = (RedisError, OSError, TimeoutError)


class RemoteCounts:
    """A storage that is asked once for a count. When its window ends is asked once, too, and remembered:
    where somebody cleared the key meanwhile, what is told of the end is earlier than it is.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._ends: Bounded[str, float] = Bounded(_REMEMBERED)

    async def count(self, key: str, seconds: int, amount: int) -> Count:
        used = await self._storage.incr(key, seconds, amount=amount)
        now = time()
        ends = now + seconds if used == amount else self._ends.get(key)
        if ends is None or ends <= now:
            ends = await self._storage.get_expiry(key)
        return Count(used=used, ends=self._ends.put(key, ends))

    async def clear(self, key: str) -> None:
        await self._storage.clear(key)

    async def look(self) -> None:
        """Raises what the storage raises."""
        await self._storage.get("")


class SharedCounts:
    """`store` may fail, or take too long."""

    def __init__(self, store: RemoteCounts) -> None:
        self._store = store
        #: monotonic seconds; None: it answers
        self._quiet_until: float | None = None
        self._logger = logging.getLogger(LOGGER)

    async def count(self, key: str, seconds: int, amount: int) -> Count:
        async with self._asking():
            return await self._store.count(key, seconds, amount)

    async def clear(self, key: str) -> None:
        async with self._asking():
            await self._store.clear(key)

    async def answers(self) -> bool:
        """Within a moment: a store that has just failed is not asked."""
        try:
            async with self._asking():
                await self._store.look()
        except StoreAway:
            return False
        return True

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[None]:
        quiet_until, now = self._quiet_until, monotonic()
        if quiet_until is not None:
            if now < quiet_until:
                raise StoreAway
            # this one asks; the others go on without meanwhile
            self._quiet_until = now + _PAUSE
        try:
            async with asyncio.timeout(_PATIENCE):
                yield
        except _FAILURES as error:
            if self._quiet_until is None:
                self._logger.warning(
                    "Redis does not answer (%s): each worker counts its limits for itself",
                    type(error).__name__,
                )
            self._quiet_until = monotonic() + _PAUSE
            raise StoreAway from error
        if self._quiet_until is not None:
            self._quiet_until = None
            self._logger.warning("Redis answers again: limits are counted there")


@asynccontextmanager
async def open_shared(url: str) -> AsyncIterator[SharedCounts]:
    """Asks nothing yet: a Redis that is away comes into use when it is there. Raises ConfigurationError."""
    try:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=_CONNECTIONS,
            timeout=_PATIENCE,
            socket_timeout=_PATIENCE,
            socket_connect_timeout=_PATIENCE,
            # a connection of before a restart is found to be dead when it is used, and one more try is enough
            retry=Retry(NoBackoff(), 1),
        )
    except ValueError as error:
        raise ConfigurationError("REDIS is not accepted: the address has options that are unknown") from error
    # the pool knows where; the address, which may hold a password, need not go further
    options: Mapping[str, Any] = {"connection_pool": pool}
    storage = RedisStorage("async+redis://", implementation="redispy", key_prefix=_PREFIX, **options)
    try:
        yield SharedCounts(RemoteCounts(storage))
    finally:
        await pool.aclose()
