"""Requests of one address, and of everybody: how many there may be in a time, and what answers say of it.

    limits = RequestLimits(counters, each=Rate(points=50, seconds=1), everybody=None)
    standing = await limits.take("192.0.2.1")
      -> Standing(headers=(("x-ratelimit-limit", "50"), ("x-ratelimit-remaining", "49"), ...), refusal=None)

The address is asked about first: what it has too much of is not taken from everybody else.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Final

from gateway.http import Headers
from gateway.limiting.counting import Count, Counters, Rate, exceeded, whose
from schema_gen.errors import CausewayError

_EACH: Final = "address"
_EVERYBODY: Final = ("everybody",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`headers` for the answer; `refusal`: instead of an answer."""

    headers: Headers
    refusal: CausewayError | None = None


class RequestLimits:
    """`each`: of one address; `everybody`: of all together; at least one of them."""

    def __init__(self, counters: Counters, *, each: Rate | None, everybody: Rate | None) -> None:
        self._counters = counters
        self._each = each
        self._everybody = everybody

    async def take(self, ip: str | None) -> Standing:
        """`ip` None: no address, as over a socket of the machine; only the bound on all is asked."""
        each, everybody = self._each, self._everybody
        nearest: Standing | None = None
        left = 0
        if each is not None and ip is not None:
            count = await self._counters.count((_EACH, whose(ip)), each.seconds)
            nearest, left = _standing(each, count), each.points - count.used
            if nearest.refusal is not None:
                return nearest
        if everybody is not None:
            count = await self._counters.count(_EVERYBODY, everybody.seconds)
            if nearest is None or everybody.points - count.used < left:
                return _standing(everybody, count)
        return nearest or _UNBOUNDED


_UNBOUNDED: Final = Standing(headers=())


def limits_of_requests(
    counters: Counters, *, each: Rate | None, everybody: Rate | None
) -> RequestLimits | None:
    """None: nothing is bounded, and nothing is asked."""
    if each is None and everybody is None:
        return None
    return RequestLimits(counters, each=each, everybody=everybody)


def _standing(rate: Rate, count: Count) -> Standing:
    """The end of the window in seconds since the epoch, as others who send these headers have it."""
    headers = (
        ("x-ratelimit-limit", str(rate.points)),
        ("x-ratelimit-remaining", str(max(rate.points - count.used, 0))),
        ("x-ratelimit-reset", str(ceil(count.ends))),
    )
    if count.used <= rate.points:
        return Standing(headers=headers)
    return Standing(headers=headers, refusal=exceeded(rate.points, count))
