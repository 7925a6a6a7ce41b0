"""Counting in windows: how often something was asked for, and when it may be asked for again.

    counters = Counters(Counts(OwnStorage()), shared, secret)
    await counters.count(("login", "ada@example.com", "192.0.2.1"), 900)
      -> Count(used=3, ends=1767225600.0)        the third within 15 minutes, which end then

A window begins with the first count of its key. Keys are digests under the project's secret before they
reach a store: whoever reads that learns neither addresses nor mail.

Where the shared store is away, this process counts for itself: the bounds hold in each worker, and no
request fails.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final, Protocol

from limits.aio.storage import Storage

from schema_gen.errors import CausewayError, requests_exceeded

#: of the longest key that blake2b takes
_KEY_BYTES: Final = 64
_DIGEST_BYTES: Final = 16
#: bits of an IPv6 address that say whose it is; the others everybody chooses for himself
_NETWORK_BITS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """`points` in `seconds`."""

    points: int
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """`used`: how many there were in the window, this one included. `ends`: seconds since the epoch."""

    used: int
    ends: float


class StoreAway(Exception):
    """The store does not answer, or is not asked just now because it did not."""


class Store(Protocol):
    async def count(self, key: str, seconds: int, amount: int) -> Count:
        """`amount` more of `key`. Raises StoreAway."""

    async def clear(self, key: str) -> None:
        """Raises StoreAway."""


class Counts:
    """A storage of the library `limits` at hand. It is asked itself: strategies would ask it three times."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def count(self, key: str, seconds: int, amount: int) -> Count:
        used = await self._storage.incr(key, seconds, amount=amount)
        return Count(used=used, ends=await self._storage.get_expiry(key))

    async def clear(self, key: str) -> None:
        await self._storage.clear(key)


class Counters:
    """`own` never fails; `shared` is asked first, where there is one."""

    def __init__(self, own: Store, shared: Store | None, secret: str) -> None:
        self._own = own
        self._shared = shared
        self._secret = secret.encode("utf-8", "surrogatepass")[:_KEY_BYTES]

    async def count(self, key: Sequence[str], seconds: int, amount: int = 1) -> Count:
        """`amount` -1 takes a count back."""
        name = self._name(key)
        if self._shared is not None:
            try:
                return await self._shared.count(name, seconds, amount)
            except StoreAway:
                pass
        return await self._own.count(name, seconds, amount)

    async def clear(self, key: Sequence[str]) -> None:
        """Everywhere: what was counted here while the shared store was away, too."""
        name = self._name(key)
        await self._own.clear(name)
        if self._shared is not None:
            try:
                await self._shared.clear(name)
            except StoreAway:
                return

    def _name(self, key: Sequence[str]) -> str:
        # lengths first: no part can pretend to be two
        told = "".join([f"{len(part)}:{part}" for part in key]).encode("utf-8", "surrogatepass")
        return blake2b(told, key=self._secret, digest_size=_DIGEST_BYTES).hexdigest()


def whose(part: str) -> str:
    """What counts as one: an IPv6 address is its network, everything else is itself.

    >>> whose("2001:db8::1"), whose("192.0.2.1"), whose("ada@example.com")
    ('2001:db8::/64', '192.0.2.1', 'ada@example.com')
    """
    if ":" not in part:
        return part
    try:
        address = ip_address(part)
    except ValueError:
        return part
    if not isinstance(address, IPv6Address):
        return part
    return str(ip_network((int(address), _NETWORK_BITS), strict=False))


def exceeded(points: int, count: Count) -> CausewayError:
    """What is said to somebody who has used up `points`."""
    return requests_exceeded(points, datetime.fromtimestamp(count.ends, UTC), datetime.now(UTC))
