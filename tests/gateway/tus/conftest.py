from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import MakeDatabase
from tests.gateway.tus.client import Desk, stored_on_disk, uploading
from tests.support.project import seed_system


@pytest.fixture
async def desk(make_database: MakeDatabase, tmp_path: Path) -> AsyncIterator[Desk]:
    async with uploading(await make_database(seed_system), **stored_on_disk(tmp_path)) as opened:
        yield opened
