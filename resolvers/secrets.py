"""Secrets: argon2id hashes of passwords, and random text.

Hashing costs about half a second of one core and 64 MiB, so it runs in a small pool of threads that the
caller owns; more callers than threads wait in line.
"""

from __future__ import annotations

import asyncio
import secrets
import string
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

#: characters of a random text on demand
LONGEST_RANDOM: Final = 500
_ALPHABET: Final = string.ascii_letters + string.digits
#: what a usual hash costs: KiB, passes, lanes; and the bytes of the longest
_MEMORY: Final = 65536
_PASSES: Final = 3
_LANES: Final = 4
_LONGEST_HASH: Final = 128


class Hasher:
    """argon2id with the cost given: `memory` in KiB, `time` in passes. `threads` hashes run at once."""

    def __init__(
        self, *, memory: int = 65536, time: int = 3, parallelism: int = 4, length: int = 32, threads: int = 2
    ) -> None:
        self._argon2 = PasswordHasher(
            time_cost=time, memory_cost=memory, parallelism=parallelism, hash_len=length, type=Type.ID
        )
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="argon2")

    async def hash(self, secret: str) -> str:
        """`$argon2id$v=19$m=65536,t=3,p=4$<salt>$<hash>`"""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._argon2.hash, secret)

    async def verify(self, stored: str, secret: str) -> bool:
        """False for a wrong secret and for a stored text that is no argon2 hash; the work is done in both
        cases only where there is a hash."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._verify, stored, secret)

    def bearable(self, stored: str) -> bool:
        """Whether to compare with a hash that a stranger sends costs no more than with one of ours. What is
        no argon2 hash costs nothing.
        """
        try:
            asked = extract_parameters(stored)
        except InvalidHashError:
            return True
        return (
            asked.memory_cost <= max(self._argon2.memory_cost, _MEMORY)
            and asked.time_cost <= max(self._argon2.time_cost, _PASSES)
            and asked.parallelism <= max(self._argon2.parallelism, _LANES)
            and asked.hash_len <= _LONGEST_HASH
        )

    def _verify(self, stored: str, secret: str) -> bool:
        try:
            return self._argon2.verify(stored, secret)
        except (VerificationError, InvalidHashError):
            return False

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def random_text(length: int = 32) -> str:
    """Letters and digits from the system's generator; 32 of them carry 190 bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
