"""Counting in windows, in memory and in a real Redis; tries of keys and of their parts."""

from __future__ import annotations

import io
import logging
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from gateway.config import Settings
from gateway.limiting import memory, opening, shared
from gateway.limiting.counting import Counters, Counts, Rate, whose
from gateway.limiting.memory import OwnStorage
from gateway.limiting.opening import open_counting
from gateway.limiting.requests import RequestLimits, limits_of_requests
from gateway.limiting.shared import open_shared
from gateway.limiting.tries import FIXED, Tries
from gateway.observe import configure_logging
from resolvers.throttle import Throttle
from schema_gen.errors import CausewayError
from tests.support.redis import RedisServer
from tests.support.session import TestRun


@dataclass
class Clock:
    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    moved = Clock()
    monkeypatch.setattr(memory, "time", moved)
    return moved


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    logger = logging.getLogger("causeway")
    before = (list(logger.handlers), logger.level, logger.propagate)
    stream = io.StringIO()
    configure_logging(stream, level="info", style="pretty")
    yield stream
    logger.handlers[:], logger.level, logger.propagate = before


def own() -> Counts:
    return Counts(OwnStorage())


@pytest.fixture(params=["memory", "redis"])
async def workers(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Counters, Counters]]:
    """Two workers of one project; with Redis they count together."""
    secret = uuid.uuid4().hex
    async with AsyncExitStack() as stack:
        if request.param == "memory":
            yield Counters(own(), None, secret), Counters(own(), None, secret)
            return
        server: RedisServer = request.getfixturevalue("redis")
        stores = [await stack.enter_async_context(open_shared(server.url)) for _ in range(2)]
        first, second = (Counters(own(), store, secret) for store in stores)
        yield first, second


async def used(counters: Counters, key: str, seconds: int = 60, amount: int = 1) -> int:
    return (await counters.count((key,), seconds, amount)).used


# --- windows ------------------------------------------------------------------------------------------


async def test_a_window_counts_what_is_in_it(workers: tuple[Counters, Counters]) -> None:
    counters, _ = workers
    assert [await used(counters, "a") for _ in range(3)] == [1, 2, 3]
    assert await used(counters, "b") == 1
    assert await used(counters, "a", amount=-1) == 2
    await counters.clear(("a",))
    assert await used(counters, "a") == 1
    assert await used(counters, "b") == 2


async def test_workers_count_together_where_they_share_a_store(
    workers: tuple[Counters, Counters], request: pytest.FixtureRequest
) -> None:
    first, second = workers
    together = "redis" in request.node.callspec.id
    counted = [await used(worker, "a") for worker in (first, second, first, second)]
    assert counted == ([1, 2, 3, 4] if together else [1, 1, 2, 2])
    await first.clear(("a",))
    assert await used(second, "a") == (1 if together else 3)


async def test_parts_of_a_key_are_not_run_together(workers: tuple[Counters, Counters]) -> None:
    counters, _ = workers
    keys = (("ab", "c"), ("a", "bc"), ("abc",), ("", "abc"), ("a", "b", "c"), ("\ud800",))
    assert [(await counters.count(key, 60)).used for key in keys] == [1] * len(keys)


async def test_a_window_ends(clock: Clock) -> None:
    counters = Counters(own(), None, "s")
    first = await counters.count(("a",), 60)
    assert first.ends == clock.now + 60
    clock.now += 59.9
    # what comes later does not make it longer
    assert (await counters.count(("a",), 60)).ends == first.ends
    clock.now += 0.2
    again = await counters.count(("a",), 60)
    assert (again.used, again.ends) == (1, clock.now + 60)


async def test_a_window_in_redis_ends_by_itself_and_names_nobody(redis: RedisServer) -> None:
    secret = uuid.uuid4().hex
    async with Redis.from_url(redis.url) as client, open_shared(redis.url) as store:
        before = set(await client.keys())
        counters = Counters(own(), store, secret)
        for _ in range(2):
            await counters.count(("login", "ada@example.com", "192.0.2.1"), 900)
        (name,) = set(await client.keys()) - before
        assert 0 < await client.ttl(name) <= 900
        assert await client.get(name) == b"2"
    assert b"ada" not in name
    assert b"192" not in name


async def test_memory_is_bounded(clock: Clock) -> None:
    storage = OwnStorage(capacity=100)
    for number in range(1000):
        await storage.incr(f"key {number}", 60)
    assert len(storage) == 100
    assert await storage.get("key 999") == 1
    clock.now += 61
    for number in range(100):
        await storage.incr(f"later {number}", 60)
    assert await storage.get("key 999") == 0
    assert len(storage) == 100


async def test_requests_push_no_tries_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "OwnStorage", lambda: OwnStorage(capacity=10))
    async with open_counting(Settings(secret="s")) as counting:
        for _ in range(2):
            await counting.tries.count(("login", "ada"), 900)
        for number in range(100):
            await counting.requests.count(("address", f"192.0.2.{number}"), 1)
        assert (await counting.tries.count(("login", "ada"), 900)).used == 3


# --- a Redis that is away -----------------------------------------------------------------------------


@pytest.fixture
def own_redis(test_run: TestRun) -> Iterator[RedisServer]:
    """One that may be stopped."""
    server = RedisServer(directory=test_run.directory / uuid.uuid4().hex[:8])
    server.directory.mkdir()
    server.start()
    yield server
    if server.socket.exists():
        server.stop()


async def test_redis_goes_and_comes_back(
    own_redis: RedisServer, monkeypatch: pytest.MonkeyPatch, log: io.StringIO
) -> None:
    moved = Clock()
    monkeypatch.setattr(shared, "monotonic", moved)
    async with open_shared(own_redis.url) as store:
        counters = Counters(own(), store, "s")
        assert [await used(counters, "a") for _ in range(3)] == [1, 2, 3]
        own_redis.stop()
        # each worker for itself meanwhile
        assert [await used(counters, "a") for _ in range(3)] == [1, 2, 3]
        moved.now += 10
        assert await used(counters, "a") == 4
        own_redis.start()
        # not asked again at once
        assert await used(counters, "a") == 5
        moved.now += 10
        assert [await used(counters, "a") for _ in range(2)] == [1, 2]
    said = log.getvalue()
    assert said.count("Redis does not answer") == said.count("Redis answers again") == 1


async def test_a_restart_of_redis_is_not_noticed(own_redis: RedisServer, log: io.StringIO) -> None:
    async with open_shared(own_redis.url) as store:
        counters = Counters(own(), store, "s")
        assert await used(counters, "a") == 1
        own_redis.stop()
        own_redis.start()
        assert [await used(counters, "a") for _ in range(2)] == [1, 2]
    assert log.getvalue() == ""


async def test_a_redis_that_was_never_there(tmp_path: Path, log: io.StringIO) -> None:
    async with open_shared(f"unix://{tmp_path}/nobody.sock") as store:
        counters = Counters(own(), store, "s")
        assert [await used(counters, "a") for _ in range(3)] == [1, 2, 3]
        await counters.clear(("a",))
        assert await used(counters, "a") == 1
    assert log.getvalue().count("Redis does not answer") == 1


# --- requests -----------------------------------------------------------------------------------------


def test_an_ipv6_address_is_its_network() -> None:
    assert whose("2001:db8:0:1:2::3") == whose("2001:db8:0:1:ffff::1") == "2001:db8:0:1::/64"
    assert whose("2001:db8:0:2::3") != whose("2001:db8:0:1::3")
    for same in ("192.0.2.1", "ada@example.com", "a:b", "", "::ffff:no"):
        assert whose(same) == same


def headers(standing: Any) -> dict[str, str]:
    return dict(standing.headers)


async def test_an_address_has_its_own_requests(workers: tuple[Counters, Counters]) -> None:
    limits = RequestLimits(workers[0], each=Rate(points=2, seconds=60), everybody=None)
    standings = [await limits.take("192.0.2.1") for _ in range(3)]
    assert [headers(one)["x-ratelimit-remaining"] for one in standings] == ["1", "0", "0"]
    assert [one.refusal is None for one in standings] == [True, True, False]
    assert (await limits.take("192.0.2.2")).refusal is None
    refusal = standings[-1].refusal
    assert refusal is not None
    assert (refusal.code, refusal.status, refusal.extensions["limit"]) == ("REQUESTS_EXCEEDED", 429, 2)
    assert 1 <= int(refusal.headers["Retry-After"]) <= 60


async def test_one_address_does_not_use_up_what_all_have() -> None:
    counters = Counters(own(), None, "s")
    limits = RequestLimits(counters, each=Rate(points=2, seconds=60), everybody=Rate(points=5, seconds=60))
    for _ in range(20):
        await limits.take("192.0.2.1")
    second = [await limits.take("192.0.2.2") for _ in range(2)]
    assert [one.refusal for one in second] == [None, None]
    # what is nearer to its end is told
    assert [headers(one)["x-ratelimit-limit"] for one in second] == ["2", "2"]
    third = [await limits.take("192.0.2.3") for _ in range(2)]
    assert [one.refusal is None for one in third] == [True, False]
    assert [headers(one)["x-ratelimit-limit"] for one in third] == ["5", "5"]
    # no address: only what all have counts
    assert (await limits.take(None)).refusal is not None


def test_nothing_is_asked_where_nothing_is_bounded() -> None:
    assert limits_of_requests(Counters(own(), None, "s"), each=None, everybody=None) is None


# --- tries --------------------------------------------------------------------------------------------


def tries_of(counters: Counters, attempts: int | None = 3) -> Tries:
    async def number() -> int | None:
        return attempts

    return Tries(counters, FIXED, number)


async def tried(throttle: Throttle, times: int, kind: Any, *key: str) -> list[bool]:
    """Whether each try was allowed."""
    return [await allowed(throttle, kind, *key) for _ in range(times)]


async def allowed(throttle: Throttle, kind: Any, *key: str) -> bool:
    try:
        await throttle.take(kind, *key)
    except CausewayError as error:
        if error.code != "REQUESTS_EXCEEDED":
            raise
        return False
    return True


async def test_a_login_has_so_many_tries(workers: tuple[Counters, Counters]) -> None:
    throttle = tries_of(workers[0])
    assert await tried(throttle, 5, "login", "ada", "192.0.2.1") == [True] * 3 + [False] * 2
    # from elsewhere, and of somebody else
    assert await tried(throttle, 4, "login", "ada", "192.0.2.2") == [True] * 3 + [False]
    assert await tried(throttle, 1, "login", "eve", "192.0.2.1") == [True]


async def test_a_success_gives_all_tries_back(workers: tuple[Counters, Counters]) -> None:
    throttle = tries_of(workers[0])
    for _ in range(50):
        await throttle.take("login", "ada", "192.0.2.1")
        await throttle.clear("login", "ada", "192.0.2.1")
    assert await tried(throttle, 4, "login", "ada", "192.0.2.1") == [True] * 3 + [False]


async def test_tries_end_with_their_window(clock: Clock) -> None:
    throttle = tries_of(Counters(own(), None, "s"))
    assert await tried(throttle, 4, "login", "ada", "192.0.2.1") == [True] * 3 + [False]
    clock.now += 15 * 60 + 1
    assert await tried(throttle, 4, "login", "ada", "192.0.2.1") == [True] * 3 + [False]


async def test_one_account_from_everywhere() -> None:
    throttle = tries_of(Counters(own(), None, "s"))
    went = [await allowed(throttle, "login", "ada", f"192.0.2.{number}") for number in range(40)]
    assert went == [True] * 30 + [False] * 10
    assert await tried(throttle, 1, "login", "eve", "192.0.2.200") == [True]


async def test_every_account_from_one_place() -> None:
    throttle = tries_of(Counters(own(), None, "s"))
    went = [await allowed(throttle, "login", f"user {number}", "192.0.2.1") for number in range(40)]
    assert went == [True] * 30 + [False] * 10
    # who logs in himself has no more tries for others
    await throttle.clear("login", "his own", "192.0.2.1")
    assert await tried(throttle, 3, "login", "ada", "192.0.2.1") == [False] * 3
    # nor from other addresses of the same network
    for number in range(30):
        await tried(throttle, 1, "login", f"user {number}", f"2001:db8::{number:x}")
    assert await tried(throttle, 1, "login", "ada", "2001:db8::ffff") == [False]


async def test_one_place_keeps_nobody_out() -> None:
    """Tries that are refused take nothing from the account."""
    throttle = tries_of(Counters(own(), None, "s"))
    for _ in range(500):
        await tried(throttle, 1, "login", "ada", "192.0.2.66")
    assert await tried(throttle, 3, "login", "ada", "192.0.2.1") == [True] * 3


async def test_logins_can_be_unbounded() -> None:
    throttle = tries_of(Counters(own(), None, "s"), attempts=None)
    assert await tried(throttle, 100, "login", "ada", "192.0.2.1") == [True] * 100


@pytest.mark.parametrize("kind", sorted(FIXED))
async def test_each_kind_has_its_own(kind: Any) -> None:
    throttle = tries_of(Counters(own(), None, "s"))
    points = FIXED[kind].points
    assert await tried(throttle, points + 1, kind, "somebody") == [True] * points + [False]
    assert await tried(throttle, 1, kind, "somebody else") == [True]
    await throttle.clear(kind, "somebody")
    assert await tried(throttle, 1, kind, "somebody") == [True]


async def test_what_no_setting_bounds_is_not_bounded() -> None:
    throttle = tries_of(Counters(own(), None, "s"))
    assert await tried(throttle, 100, "registration", "192.0.2.1") == [True] * 100
