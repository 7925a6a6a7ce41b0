"""What the settings say of limits: where things are counted, opened, and how many there may be.

async with open_counting(settings) as counting:
    limits = request_limits_of(settings, counting.requests)        None: requests are not bounded
    tries = Tries(counting.tries, tries_of(settings), attempts)
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from gateway.config import Settings
from gateway.limiting.counting import Counters, Counts, Rate
from gateway.limiting.memory import OwnStorage
from gateway.limiting.requests import RequestLimits, limits_of_requests
from gateway.limiting.shared import SharedCounts, open_shared
from gateway.limiting.tries import FIXED
from resolvers.throttle import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """Apart in memory, since it is bounded: a flood of requests must not push out what guesses used up."""

    requests: Counters
    tries: Counters
    #: None: each worker counts for itself
    shared: SharedCounts | None


@asynccontextmanager
async def open_counting(settings: Settings) -> AsyncIterator[Counting]:
    """`settings` with a secret. Raises ConfigurationError."""
    async with AsyncExitStack() as stack:
        shared = None
        if settings.rate_limiter_store == "redis" and settings.redis_url is not None:
            shared = await stack.enter_async_context(open_shared(settings.redis_url))
        secret = settings.secret or ""
        yield Counting(
            requests=Counters(Counts(OwnStorage()), shared, secret),
            tries=Counters(Counts(OwnStorage()), shared, secret),
            shared=shared,
        )


def request_limits_of(settings: Settings, counters: Counters) -> RequestLimits | None:
    return limits_of_requests(counters, each=each_rate(settings), everybody=everybody_rate(settings))


def each_rate(settings: Settings) -> Rate | None:
    """Of one address; None: unbounded."""
    if not settings.rate_limiter_enabled:
        return None
    return Rate(points=settings.rate_limiter_points, seconds=settings.rate_limiter_duration)


def everybody_rate(settings: Settings) -> Rate | None:
    """Of all addresses together; None: unbounded."""
    if not settings.rate_limiter_global_enabled:
        return None
    return Rate(points=settings.rate_limiter_global_points, seconds=settings.rate_limiter_global_duration)


def tries_of(settings: Settings) -> Mapping[Kind, Rate]:
    """Of everything but logins."""
    rates = dict(FIXED)
    if settings.rate_limiter_registration_enabled:
        rates["registration"] = Rate(
            points=settings.rate_limiter_registration_points,
            seconds=settings.rate_limiter_registration_duration,
        )
    if settings.rate_limiter_email_enabled:
        rates["email"] = Rate(
            points=settings.rate_limiter_email_points, seconds=settings.rate_limiter_email_duration
        )
    return rates
