"""Hashes: which are read, and how many are made at once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest
from argon2 import PasswordHasher, Type

from resolvers.secrets import Hasher
from schema_gen.errors import CausewayError
from tests.support.project import cheap_hasher


@pytest.fixture
def hasher() -> Iterator[Hasher]:
    made = cheap_hasher()
    yield made
    made.close()


async def test_a_secret_and_its_hash(hasher: Hasher) -> None:
    stored = await hasher.hash("a secret")
    assert await hasher.verify(stored, "a secret")
    assert not await hasher.verify(stored, "a secret ")


@pytest.mark.parametrize("kind", [Type.ID, Type.I, Type.D])
async def test_every_kind_is_read(hasher: Hasher, kind: Type) -> None:
    theirs = PasswordHasher(time_cost=3, memory_cost=4096, parallelism=1, type=kind).hash("secret")
    assert await hasher.verify(theirs, "secret")
    assert not await hasher.verify(theirs, "secret ")
    made = await hasher.renewed(theirs, "secret")
    assert made is not None
    assert await hasher.verify(made, "secret")
    assert await hasher.renewed(made, "secret") is None


@pytest.mark.parametrize("length", [16, 64])
async def test_another_length_is_another_cost(hasher: Hasher, length: int) -> None:
    other = Hasher(memory=8192, time=1, parallelism=1, length=length)
    made = await other.hash("secret")
    other.close()
    assert await hasher.verify(made, "secret")
    assert await hasher.renewed(made, "secret") is not None


@pytest.mark.parametrize(
    "stored",
    [
        *("", "x", "é", "\U0009d74f", "\ud800", "\x00", "$" * 1000, "$2b$12$abc", "$argon2id$"),
        *("$argon2id$v=19$m=8,t=1,p=1$$", "$argon2id$v=19$m=é,t=1,p=1$x$y"),
    ],
)
async def test_what_is_no_hash_meets_nothing(hasher: Hasher, stored: str) -> None:
    assert hasher.bearable(stored) is not False
    for secret in ("", "secret", stored, "\ud800"):
        assert not await hasher.verify(stored, secret)


async def test_one_line_for_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is made: who has no place in it is sent away, and places are given back."""
    small = Hasher(memory=8192, time=1, parallelism=1, threads=1, waiting=3, secret="secret")
    stored = await small.hash("secret")
    gate = threading.Event()
    in_thread: list[int] = []

    def slow(self: Hasher, stored_hash: str, secret: str) -> bool:
        in_thread.append(threading.get_ident())
        return gate.wait(30)

    monkeypatch.setattr(Hasher, "_verify", slow)
    under_way = [asyncio.create_task(small.verify(stored, "secret")) for _ in range(3)]
    await asyncio.sleep(0)
    others: tuple[Coroutine[Any, Any, object], ...] = (
        small.verify(stored, "secret"),
        small.hash("secret"),
        small.sealed("secret"),
        small.renewed("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$aGFzaGhhc2g", "secret"),
    )
    for work in others:
        with pytest.raises(CausewayError) as refused:
            await work
        assert refused.value.code == "SERVICE_UNAVAILABLE"
        assert refused.value.headers["Retry-After"] == "1"
    gate.set()
    assert await asyncio.gather(*under_way) == [True] * 3
    assert threading.get_ident() not in in_thread
    assert await small.hash("secret")
    small.close()
