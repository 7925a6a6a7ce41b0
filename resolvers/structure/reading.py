"""Collections, fields and relations as they are told to a caller: single ones as facts, lists as JSON too.

    await structure.listed("fields", None, context)            -> Encoded(b'[{"collection":...},...]')
    structure.facts("fields", "articles", context)             -> Listed of {"collection": "articles", ...}
    structure.sight("fields", context).field("articles", "id") -> {"collection": "articles", ...}

Who may read `directus_collections` is told of collections, and so on; of which ones `visible` decides. JSON
is made beside the event loop, once for each snapshot and set of rules.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from typing import Final

from resolvers.bundle import Bundle, BundleHolder
from resolvers.calls import Encoded, Listed
from resolvers.context import RequestContext
from resolvers.permissions import Gate
from resolvers.single_flight import SingleFlight
from resolvers.structure.pieces import Pieces
from resolvers.structure.seen import What
from resolvers.structure.telling import Facts
from resolvers.structure.visible import Sight
from schema_gen.errors import forbidden

#: bytes of all lists that are kept
_ROOM: Final = 32_000_000


class Structure:
    """One for each project. `room`: bytes of all lists that are kept, those not used go first."""

    def __init__(self, holder: BundleHolder, room: int = _ROOM) -> None:
        self._holder = holder
        self._room = room
        self._bundle: Bundle | None = None
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()
        self._taken = 0
        self._flights: SingleFlight[bytes] = SingleFlight()
        self._pieces = Pieces()

    def sight(self, what: What, context: RequestContext) -> Sight:
        """What the caller sees. Raises FORBIDDEN for who may not be told of `what`."""
        return Sight(self._gate(self._holder.current, what, context))

    def facts(self, what: What, collection: str | None, context: RequestContext) -> Listed:
        """Every one, or those of a collection. Raises FORBIDDEN."""
        return Listed(items=_seen(self.sight(what, context), what, collection))

    def chosen(self, names: Iterable[str], context: RequestContext) -> Listed:
        """Those of the collections that are there, in the order of all of them. Raises FORBIDDEN."""
        wanted = frozenset(names)
        every = self.sight("collections", context).collections()
        return Listed(items=(told for told in every if told["collection"] in wanted))

    async def listed(self, what: What, collection: str | None, context: RequestContext) -> Encoded:
        """`facts` as JSON. Raises FORBIDDEN."""
        bundle = self._holder.current
        gate = self._gate(bundle, what, context)
        place = (what, collection, context.rules.fingerprint)
        known = self._find(bundle, place)
        if known is None:
            key = (bundle.snapshot.version, *place)
            known = await self._flights.run(key, lambda: self._encoded(gate, what, collection))
            self._keep(bundle, place, known)
        return Encoded(json=known)

    async def _encoded(self, gate: Gate, what: What, collection: str | None) -> bytes:
        if what == "fields" and collection is None and gate.rules.admin:
            return await asyncio.to_thread(self._pieces.joined, gate.snapshot)
        return await asyncio.to_thread(Listed(items=_seen(Sight(gate), what, collection)).encoded)

    def _gate(self, bundle: Bundle, what: What, context: RequestContext) -> Gate:
        gate = bundle.gate(context.rules)
        if not context.rules.admin and gate.read_scope(f"directus_{what}") is None:
            raise forbidden()
        return gate

    def _find(self, bundle: Bundle, place: Hashable) -> bytes | None:
        if bundle is not self._bundle or place not in self._kept:
            return None
        self._kept.move_to_end(place)
        return self._kept[place]

    def _keep(self, bundle: Bundle, place: Hashable, known: bytes) -> None:
        if bundle is not self._holder.current:
            return
        if bundle is not self._bundle:
            self._bundle = bundle
            self._kept.clear()
            self._taken = 0
        self._taken += len(known) - len(self._kept.pop(place, b""))
        self._kept[place] = known
        while self._taken > self._room:
            self._taken -= len(self._kept.popitem(last=False)[1])


def _seen(sight: Sight, what: What, collection: str | None) -> Iterable[Facts]:
    if what == "collections":
        return sight.collections()
    return sight.fields(collection) if what == "fields" else sight.relations(collection)
