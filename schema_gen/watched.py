"""A snapshot that tells what was looked up in it, so that what was made from that can outlive it.

    watched = WatchedSnapshot(snapshot)
    plan = ...                            made from `watched`
    looked_up = watched.looked_up()       LookedUp(collections={"articles": ..., "authors": ...}, links={...})
    looked_up.stands_in(next_snapshot)    True: the plan would be the same again

What was not found is remembered, too: what rests on there being no such thing falls with its appearance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from schema_gen.model import Collection, Link, SchemaSnapshot

#: what is about all of a snapshot: whoever looks at it rests on everything
_WHOLE: Final = frozenset(
    {
        *("relations", "links", "links_by_collection", "leftovers", "unserved"),
        *("names", "version", "fingerprint"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedUp:
    """None: there was none. `whole`: something was looked at that no single look-up tells."""

    collections: Mapping[str, Collection | None]
    links: Mapping[tuple[str, str], Link | None]
    whole: bool = False

    def stands_in(self, snapshot: SchemaSnapshot) -> bool:
        """Whether every look-up finds there what it found: collections the very same, links equal ones."""
        return (
            not self.whole
            and all(snapshot.collections.get(name) is found for name, found in self.collections.items())
            and all(snapshot.link(*place) == found for place, found in self.links.items())
        )


class WatchedSnapshot(SchemaSnapshot):
    """For one piece of work in one thread. It answers like `snapshot`."""

    _source: SchemaSnapshot
    _links_seen: dict[tuple[str, str], Link | None]
    _seen: _Collections
    _whole: bool

    def __init__(self, snapshot: SchemaSnapshot) -> None:
        seen = _Collections(snapshot.collections)
        super().__init__(
            dialect=snapshot.dialect,
            collections=seen,
            relations=snapshot.relations,
            version=snapshot.version,
            fingerprint=snapshot.fingerprint,
            unserved=snapshot.unserved,
            leftovers=snapshot.leftovers,
            names=snapshot.names,
        )
        # not by assignment: a snapshot is frozen for its users
        self.__dict__.update(_source=snapshot, _links_seen={}, _seen=seen, _whole=False)

    def __getattribute__(self, name: str) -> Any:
        if name in _WHOLE:
            self.__dict__["_whole"] = True
        return super().__getattribute__(name)

    def link(self, collection: str, name: str) -> Link | None:
        found = self._links_seen[collection, name] = self._source.link(collection, name)
        return found

    def looked_up(self) -> LookedUp:
        return LookedUp(
            collections=self._seen.found, links=self._links_seen, whole=self._whole or self._seen.listed
        )


class _Collections(Mapping[str, Collection]):
    def __init__(self, source: Mapping[str, Collection]) -> None:
        self._source = source
        self.found: dict[str, Collection | None] = {}
        self.listed = False

    def __getitem__(self, name: str) -> Collection:
        found = self.found[name] = self._source.get(name)
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        self.listed = True
        return iter(self._source)

    def __len__(self) -> int:
        self.listed = True
        return len(self._source)
