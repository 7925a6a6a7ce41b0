from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.blog import Blog, open_blog


@pytest.fixture
async def blog(database_url: str) -> AsyncIterator[Blog]:
    opened = await open_blog(database_url)
    yield opened
    await opened.database.close()
