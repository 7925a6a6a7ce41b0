from __future__ import annotations

import pytest

from tests.support.blog import Blog, begun_again, open_blog
from tests.support.lending import Lend


@pytest.fixture
async def blog(lend: Lend) -> Blog:
    return await begun_again(await lend.of_empty(open_blog))
