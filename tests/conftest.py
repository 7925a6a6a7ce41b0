"""Fixtures that all tests share: databases on both engines, seeded templates, the reference material.

`dialect` is parametrised over "sqlite" and "postgresql"; what asks for it, or for a database, runs on both.
"""

from __future__ import annotations

import gc
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.support.lending import Lend, Lender
from tests.support.postgres import Cluster
from tests.support.redis import RedisServer
from tests.support.s3 import S3Server
from tests.support.seeds import seed_chinook, seed_demo
from tests.support.session import Dialect, Seed, TestRun, seed_name

ROOT = Path(__file__).parents[1]
RUN = pytest.StashKey[TestRun]()


def pytest_configure(config: pytest.Config) -> None:
    worker = hasattr(config, "workerinput")
    config.stash[RUN] = TestRun.join() if worker else TestRun.begin()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """Nothing of the hundreds of thousands of objects that are made here is ever garbage: to look for it took
    a third of the time of each worker, and later a while of each full collection.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and RUN in config.stash:
        config.stash[RUN].end()


@pytest.fixture(scope="session")
def test_run(request: pytest.FixtureRequest) -> TestRun:
    return request.config.stash[RUN]


@pytest.fixture(scope="session")
def postgres(test_run: TestRun) -> Cluster:
    """The PostgreSQL cluster of this run, shared by all workers: make databases in it, never restart it."""
    return test_run.cluster()


@pytest.fixture(scope="session")
def redis(test_run: TestRun) -> RedisServer:
    """The Redis of this run, shared by all workers: what counts in it takes a SECRET of its own."""
    return test_run.redis()


@pytest.fixture(scope="session")
def s3(test_run: TestRun) -> S3Server:
    """The S3 server of this run, shared by all workers: keep files in a `fresh_bucket()`."""
    return test_run.s3()


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> Dialect:
    return "sqlite" if request.param == "sqlite" else "postgresql"


class MakeDatabase(Protocol):
    """`await make_database()`: an empty database; `await make_database(seed)`: a copy of what `seed` filled.

    `seed(url)` runs once per test run and dialect and must close its connections; `name` tells seeds apart
    that are not plain functions. Returns the URL of a database that is the test's alone and dropped after it.
    """

    def __call__(self, seed: Seed | None = None, *, name: str | None = None) -> Awaitable[str]: ...


@pytest.fixture
def new_database(
    test_run: TestRun, dialect: Dialect, tmp_path: Path
) -> Iterator[Callable[[str | None], str]]:
    """Makes databases of this test's dialect, empty or from a ready template; drops them after the test."""
    made: list[str] = []

    def make(template: str | None) -> str:
        name = f"test_{uuid.uuid4().hex}"
        url = test_run.copy_template(dialect, template, name, tmp_path)
        made.append(name)
        return url

    yield make
    if dialect == "postgresql":
        for name in made:
            test_run.cluster().drop(name)


@pytest.fixture
def make_database(
    test_run: TestRun, dialect: Dialect, new_database: Callable[[str | None], str]
) -> MakeDatabase:
    async def make(seed: Seed | None = None, *, name: str | None = None) -> str:
        if seed is None:
            return new_database(None)
        return new_database(await test_run.template(dialect, name or seed_name(seed), seed))

    return make


@pytest.fixture(scope="session")
async def lender(test_run: TestRun, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lender]:
    lender = Lender(test_run, tmp_path_factory.mktemp("lent"))
    yield lender
    await lender.close()


@pytest.fixture
async def lend(lender: Lender, test_run: TestRun, dialect: Dialect) -> AsyncIterator[Lend]:
    """`await lend(seed)`: a running project that other tests may have had, and have changed nothing of."""
    yield Lend(lender, test_run, dialect)
    await lender.take_back()


@pytest.fixture
def database_url(new_database: Callable[[str | None], str]) -> str:
    """An empty database of its own for each test, on SQLite and on PostgreSQL."""
    return new_database(None)


@pytest.fixture(scope="session")
def reference_dir() -> Path:
    """The reference material beside the clone; tests that need it are skipped without, except in CI."""
    directory = ROOT.parent / "shared"
    if not directory.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail("reference material not beside the clone", pytrace=False)
        pytest.skip("reference material not beside the clone")
    return directory


@pytest.fixture
async def chinook_url(make_database: MakeDatabase, reference_dir: Path) -> str:
    """Chinook: 11 tables of a music shop, no metadata, a composite key, on both databases."""

    async def chinook(url: str) -> None:
        await seed_chinook(url, reference_dir / "data")

    return await make_database(chinook, name="chinook")


@pytest.fixture
async def demo_url(make_database: MakeDatabase) -> str:
    """The demo site with its system tables, as `make demo` makes it; credentials in `tests.support.seeds`."""
    return await make_database(seed_demo)
