from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.tables import Tables, opened


@pytest.fixture
async def tables(database_url: str) -> AsyncIterator[Tables]:
    async with opened(database_url) as made:
        yield made
