"""Running projects that go from test to test, as long as each gives them back as it found them.

A project takes 100 ms of CPU until it runs and its database is dropped again, more than most tests ask of it.
After each test all that its database holds is compared with what it held at first: a project whose database
differs, be it by a number that a sequence gave out, is closed and the next test gets a new one, and so is one
in which tries were counted (logins, hashes). So no test sees what another has written; what it may see is a
project that has answered before.

    @pytest.fixture
    async def site(lend: Lend) -> Site:
        return await lend(seed_press)

Not for tests of what a process remembers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar
from uuid import uuid4

from resolvers.throttle import Kind
from schema_gen.database import Database
from tests.support.dump import everything
from tests.support.project import Site, running
from tests.support.session import Dialect, Seed, TestRun, seed_name

#: projects that stay open at once: each holds connections
ROOM: Final = 4

Prepare = Callable[[Site], Awaitable[object]]


class WithDatabase(Protocol):
    @property
    def database(self) -> Database: ...


Opened = TypeVar("Opened", bound=WithDatabase)
#: opens what is lent; a word in the list says that nobody else may have it after this test
Open = Callable[[str, list[str]], AbstractAsyncContextManager[Opened]]


@dataclass(frozen=True, kw_only=True)
class _Standing:
    what: Any
    stack: AsyncExitStack
    held: list[str]
    spent: list[str]

    async def as_it_was(self) -> bool:
        return not self.spent and await everything(self.what.database) == self.held


class Lender:
    """Of one process of the tests."""

    def __init__(self, run: TestRun, place: Path) -> None:
        self._run = run
        self._place = place
        #: the one that was lent last comes last
        self._standing: dict[Hashable, _Standing] = {}
        self._out: list[Hashable] = []

    async def lend(
        self,
        dialect: Dialect,
        key: Hashable,
        template: str | None,
        open_at: Open[Opened],
    ) -> Opened:
        """What `open_at` made of a copy of `template` for this `key`."""
        key = (dialect, key)
        standing = self._standing.pop(key, None)
        if standing is None:
            while len(self._standing) >= ROOM:
                await self._close(next(iter(self._standing)))
            standing = await self._open(dialect, template, open_at)
        self._standing[key] = standing
        self._out.append(key)
        what: Opened = standing.what
        return what

    async def take_back(self) -> None:
        """After a test."""
        for key in dict.fromkeys(self._out):
            standing = self._standing.get(key)
            if standing is not None and not await standing.as_it_was():
                await self._close(key)
        self._out.clear()

    async def close(self) -> None:
        for key in list(self._standing):
            await self._close(key)

    async def _open(
        self,
        dialect: Dialect,
        template: str | None,
        open_at: Open[Opened],
    ) -> _Standing:
        name = f"lent_{uuid4().hex}"
        async with AsyncExitStack() as stack:
            url = self._run.copy_template(dialect, template, name, self._place)
            if dialect == "postgresql":
                stack.callback(self._run.cluster().drop, name)
            spent: list[str] = []
            what = await stack.enter_async_context(open_at(url, spent))
            held = await everything(what.database)
            return _Standing(what=what, stack=stack.pop_all(), held=held, spent=spent)

    async def _close(self, key: Hashable) -> None:
        await self._standing.pop(key).stack.aclose()


class Lend:
    """For one test, on its dialect."""

    def __init__(self, lender: Lender, run: TestRun, dialect: Dialect) -> None:
        self._lender = lender
        self._run = run
        self._dialect: Dialect = dialect

    async def __call__(self, seed: Seed, prepare: Prepare | None = None, **settings: str) -> Site:
        """A site of the content of `seed`; `prepare(site)` is called of each one once."""

        @asynccontextmanager
        async def open_at(url: str, spent: list[str]) -> AsyncIterator[Site]:
            async with running(url, **settings) as site:
                if prepare is not None:
                    await prepare(site)
                _note_tries(site, spent)
                yield site

        key = (seed, prepare, tuple(sorted(settings.items())))
        template = await self._run.template(self._dialect, seed_name(seed), seed)
        site = await self._lender.lend(self._dialect, key, template, open_at)
        # what tests write behind the back of a project counts
        await site.project.epochs.bump_access()
        return site

    async def of_empty(self, opened: Callable[[str], Awaitable[Opened]]) -> Opened:
        """What `opened(url)` makes of an empty database."""

        @asynccontextmanager
        async def open_at(url: str, spent: list[str]) -> AsyncIterator[Opened]:
            what = await opened(url)
            try:
                yield what
            finally:
                await what.database.close()

        return await self._lender.lend(self._dialect, opened, None, open_at)


def _note_tries(site: Site, spent: list[str]) -> None:
    throttle = site.project.throttle
    take = throttle.take

    async def noted(kind: Kind, *key: str) -> None:
        spent.append(kind)
        await take(kind, *key)

    throttle.take = noted  # type: ignore[method-assign]
