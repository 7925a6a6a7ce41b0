from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.base_rows import begin_again, written_site
from tests.support.blog import Blog, begun_again, open_blog
from tests.support.lending import Lend
from tests.support.project import Site
from tests.support.session import Dialect, TestRun


@pytest.fixture
async def blog(lend: Lend) -> Blog:
    return await begun_again(await lend.of_empty(open_blog))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
async def shared_site(
    request: pytest.FixtureRequest, test_run: TestRun, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Site]:
    """Of all tests of a module, because it takes long to start."""
    dialect: Dialect = request.param
    place: Path = tmp_path_factory.mktemp("written")
    async with written_site(dialect, test_run, place, MAX_BATCH_MUTATION="6") as opened:
        yield opened


@pytest.fixture
async def written(shared_site: Site) -> Site:
    """The rows of `base_rows`, in a project that takes six items at once."""
    await begin_again(shared_site)
    return shared_site
