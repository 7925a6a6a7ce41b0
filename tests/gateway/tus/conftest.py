from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.gateway.tus.client import Desk, Desks
from tests.support.session import Dialect, TestRun


@pytest.fixture(scope="package")
async def desks(test_run: TestRun, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desks]:
    opened = Desks(test_run, tmp_path_factory.mktemp("tus"))
    yield opened
    await opened.close()


@pytest.fixture
async def desk(desks: Desks, dialect: Dialect) -> AsyncIterator[Desk]:
    opened = await desks.of(dialect)
    yield opened
    await opened.clear()
