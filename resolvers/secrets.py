"""Secrets: argon2 hashes of passwords, and random text.

    await hasher.hash("secret")             -> "$argon2id$v=19$m=65536,t=3,p=4$<salt>$<hash>"
    await hasher.verify(stored, "secret")   -> True
    await hasher.renewed(stored, "secret")  -> the hash at the cost of today, None where that is its cost
    await hasher.sealed("sk-live-1")        -> the text encrypted

Hashing costs about half a second of one core and 64 MiB, so it runs in a small pool of threads that the
caller owns; more callers than threads wait in line, and what the line cannot hold is sent away: whatever is
hashed here, for a login, a write or a utility, stands in this one line.
"""

from __future__ import annotations

import asyncio
import secrets
import string
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

from resolvers.sealing import seal
from schema_gen.errors import invalid_payload, service_unavailable

P = ParamSpec("P")
T = TypeVar("T")

#: characters of a random text on demand
LONGEST_RANDOM: Final = 500
_ALPHABET: Final = string.ascii_letters + string.digits
#: what a usual hash costs: KiB, passes, lanes; and the bytes of the longest
_MEMORY: Final = 65536
_PASSES: Final = 3
_LANES: Final = 4
_LONGEST_HASH: Final = 128
#: kind, passes, memory, lanes, bytes
_Cost = tuple[Type, int, int, int, int]


class Hasher:
    """argon2id with the cost given: `memory` in KiB, `time` in passes. `threads` hashes run at once, and as
    many as `waiting` are under way, those in line included. `secret`: what texts are encrypted with.
    """

    def __init__(
        self,
        *,
        memory: int = 65536,
        time: int = 3,
        parallelism: int = 4,
        length: int = 32,
        threads: int = 2,
        waiting: int = 32,
        secret: str | None = None,
    ) -> None:
        self._argon2 = PasswordHasher(
            time_cost=time, memory_cost=memory, parallelism=parallelism, hash_len=length, type=Type.ID
        )
        self._cost: _Cost = (Type.ID, time, memory, parallelism, length)
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="argon2")
        self._waiting = waiting
        self._secret = secret
        self._under_way = 0

    async def hash(self, secret: str) -> str:
        """Raises INVALID_PAYLOAD for halves of characters, SERVICE_UNAVAILABLE where too many wait."""
        if not _has_bytes(secret):
            raise invalid_payload("A secret cannot hold halves of characters")
        return await self._run(self._argon2.hash, secret)

    async def verify(self, stored: str, secret: str) -> bool:
        """False for a wrong secret and for a stored text that is no argon2 hash; the work is done in both
        cases only where there is a hash. Every kind of argon2 is read, at whatever cost it was made. Raises
        SERVICE_UNAVAILABLE where too many wait.
        """
        # halves of characters have no bytes: nobody's secret holds one, and the work is the same
        whole = secret if _has_bytes(secret) else secret.encode("utf-8", "replace").decode()
        return await self._run(self._verify, stored, whole) and whole == secret

    async def renewed(self, stored: str, secret: str) -> str | None:
        """The hash of the secret, which the stored one is known to be of, at the cost of this hasher; None
        where that is its cost already. Raises SERVICE_UNAVAILABLE where too many wait.
        """
        return None if _cost_of(stored) == self._cost else await self.hash(secret)

    async def sealed(self, text: str) -> str:
        """The text encrypted (see `resolvers.sealing`). Raises as `hash`."""
        if self._secret is None:
            raise TypeError("there is no secret to encrypt with")
        if not _has_bytes(text):
            raise invalid_payload("A secret cannot hold halves of characters")
        return await self._run(seal, text, self._secret)

    async def _run(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if self._under_way >= self._waiting:
            raise service_unavailable("api", "Under pressure", retry_after=1)
        self._under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: work(*args, **kwargs))
        finally:
            self._under_way -= 1

    def bearable(self, stored: str) -> bool | None:
        """Whether to compare with a hash that a stranger sends costs no more than with one of ours; None: it
        is no argon2 hash.
        """
        try:
            asked = extract_parameters(stored)
        except InvalidHashError:
            return None
        return (
            asked.memory_cost <= max(self._argon2.memory_cost, _MEMORY)
            and asked.time_cost <= max(self._argon2.time_cost, _PASSES)
            and asked.parallelism <= max(self._argon2.parallelism, _LANES)
            and asked.hash_len <= _LONGEST_HASH
        )

    def _verify(self, stored: str, secret: str) -> bool:
        if not stored.isascii():
            # no hash is
            return False
        try:
            return self._argon2.verify(stored, secret)
        except (VerificationError, InvalidHashError):
            return False

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def random_text(length: int = 32) -> str:
    """Letters and digits from the system's generator; 32 of them carry 190 bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _cost_of(stored: str) -> _Cost | None:
    """None for what is no argon2 hash."""
    try:
        found = extract_parameters(stored)
    except InvalidHashError:
        return None
    return (found.type, found.time_cost, found.memory_cost, found.parallelism, found.hash_len)


def _has_bytes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
