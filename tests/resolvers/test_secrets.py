"""Hashes of secrets: what is none is met by nothing, whatever it is written with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from resolvers.secrets import Hasher
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


@pytest.mark.parametrize(
    "stored", ["", "x", "é", "\U0009d74f", "$argon2id$", "$argon2id$v=19$m=é,t=1,p=1$x$y"]
)
async def test_what_is_no_hash(hasher: Hasher, stored: str) -> None:
    assert hasher.bearable(stored)
    assert not await hasher.verify(stored, "a secret")
