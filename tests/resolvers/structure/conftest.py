from __future__ import annotations

import pytest

from tests.support.lending import Lend
from tests.support.project import Site, seed_system


@pytest.fixture
async def site(lend: Lend) -> Site:
    """An empty project."""
    return await lend(seed_system)
