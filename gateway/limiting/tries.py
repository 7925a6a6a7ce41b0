"""How often somebody may try: the `Throttle` of logins, codes, registrations and the like.

    tries = Tries(counters, rules, attempts)
    await tries.take("login", "ada@example.com", "192.0.2.1")     raises REQUESTS_EXCEEDED after too many
    await tries.clear("login", "ada@example.com", "192.0.2.1")    after a success

The parts of a key say what is tried and, last, who tries. The whole of it has the tries of its rule, and
each part alone ten times as many: neither many passwords of one account from everywhere, nor one password
of many accounts from one place, are free. Who tries is asked first, then the whole, then what is tried: an
address that is refused takes nothing from an account, so that it takes ten of them to keep somebody out.

A window ends by itself, and nobody is suspended.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from gateway.limiting.counting import Counters, Rate, exceeded, whose
from resolvers.throttle import Kind

_QUARTER: Final = 15 * 60
#: how many times the tries of the whole key one part of it has
WIDER: Final = 10

#: what no setting says
FIXED: Final[Mapping[Kind, Rate]] = {
    # who guesses a code knows the password: five are 2 in 100,000 for a quarter of an hour
    "otp": Rate(points=5, seconds=_QUARTER),
    "password": Rate(points=10, seconds=_QUARTER),
    # letters to somebody who did not ask for them
    "password_request": Rate(points=5, seconds=_QUARTER),
    "invite": Rate(points=100, seconds=60 * 60),
    # each costs as much as a login
    "hash": Rate(points=60, seconds=60),
}
#: of logins; their number is in the settings of the project
LOGIN: Final = Rate(points=25, seconds=_QUARTER)

#: the number of tries; None: unbounded
Attempts = Callable[[], Awaitable[int | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bound:
    key: tuple[str, ...]
    points: int
    whole: bool


class Tries:
    """`rates`: kinds that are not in it are not bounded. `attempts`: of logins."""

    def __init__(self, counters: Counters, rates: Mapping[Kind, Rate], attempts: Attempts) -> None:
        self._counters = counters
        self._rates = rates
        self._attempts = attempts

    async def take(self, kind: Kind, *key: str) -> None:
        rate = await self._rate(kind)
        if rate is None:
            return
        for bound in _bounds(kind, key, rate):
            count = await self._counters.count(bound.key, rate.seconds)
            if count.used > bound.points:
                raise exceeded(bound.points, count)

    async def clear(self, kind: Kind, *key: str) -> None:
        """The parts alone get back the one try that succeeded: who logs in himself goes on guessing others'
        passwords with what he had left.
        """
        rate = await self._rate(kind)
        if rate is None:
            return
        for bound in _bounds(kind, key, rate):
            if bound.whole:
                await self._counters.clear(bound.key)
            else:
                await self._counters.count(bound.key, rate.seconds, -1)

    async def _rate(self, kind: Kind) -> Rate | None:
        if kind != "login":
            return self._rates.get(kind)
        points = await self._attempts()
        return None if points is None else replace(LOGIN, points=points)


def _bounds(kind: Kind, key: tuple[str, ...], rate: Rate) -> Iterator[_Bound]:
    """In the order in which they are asked. Parts that say nothing are not bounded alone."""
    parts = [whose(part) for part in key]
    whole = _Bound(key=("tries", kind, *parts), points=rate.points, whole=True)
    if len(parts) < 2:
        yield whole
        return
    alone = [
        _Bound(key=("tries alone", kind, str(place), part), points=rate.points * WIDER, whole=False)
        for place, part in enumerate(parts)
        if part
    ]
    if parts[-1]:
        yield alone.pop()
    yield whole
    yield from alone
