"""The OpenAPI document of each caller as bytes: made beside the event loop, kept for callers with the same
rules.

    await specifications.openapi(context)   -> b'{"openapi":"3.1.1",...'
"""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple, Protocol, TypeVar

from resolvers.bounded import Bounded
from resolvers.bundle import Bundle, BundleHolder
from resolvers.context import RequestContext
from resolvers.single_flight import SingleFlight
from resolvers.views import is_signed_in, view_of
from rest_bridge.openapi import document
from rest_bridge.openapi.setting import Facts, Setting

T = TypeVar("T")

#: documents that are kept, each packed to a fiftieth
_KEPT: Final = 50


class Aside(Protocol):
    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]: ...


class _Place(NamedTuple):
    """What a document depends on."""

    version: int
    rules: str
    signed_in: bool


class Specifications:
    """`aside`: does long work beside the event loop, some at a time."""

    def __init__(
        self,
        holder: BundleHolder,
        facts: Facts,
        aside: Aside,
    ) -> None:
        self._holder = holder
        self._facts = facts
        self._aside = aside
        self._kept: Bounded[_Place, bytes] = Bounded(_KEPT)
        self._flights: SingleFlight[bytes] = SingleFlight()

    async def openapi(self, context: RequestContext) -> bytes:
        bundle = self._holder.current
        place = _Place(bundle.snapshot.version, context.rules.fingerprint, is_signed_in(context))
        kept = self._kept.get(place)
        if kept is not None:
            return zlib.decompress(kept)
        return await self._flights.run(place, lambda: self._make(place, bundle, context))

    async def _make(self, place: _Place, bundle: Bundle, context: RequestContext) -> bytes:
        setting = Setting.of(
            bundle.snapshot,
            bundle.names,
            view_of(bundle, context),
            self._facts,
            admin=context.rules.admin,
            signed_in=place.signed_in,
        )
        made, packed = await self._aside(lambda: _packed(setting))
        self._kept.put(place, packed)
        return made


def _packed(setting: Setting) -> tuple[bytes, bytes]:
    made = document.encoded(setting)
    return made, zlib.compress(made, 1)
