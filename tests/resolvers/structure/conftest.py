from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.conftest import MakeDatabase
from tests.support.project import Site, running, seed_system


@pytest.fixture
async def site(make_database: MakeDatabase) -> AsyncIterator[Site]:
    """An empty project."""
    async with running(await make_database(seed_system)) as opened:
        yield opened
