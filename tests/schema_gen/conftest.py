"""An open database per test, on both engines."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from schema_gen.database import Database, open_database


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = await open_database(database_url)
    yield opened
    await opened.close()
