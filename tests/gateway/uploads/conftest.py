from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.filing import Files, filing
from tests.support.session import TestRun


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
async def files(
    request: pytest.FixtureRequest, test_run: TestRun, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Files]:
    """One project for a module: what a test makes, it leaves."""
    place = tmp_path_factory.mktemp("filing")
    async with filing(request.param, test_run, place) as opened:
        yield opened
