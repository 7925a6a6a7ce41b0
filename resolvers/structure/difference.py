"""Two data models -> what differs between them. Pure.

    difference(ours, wanted)
        -> Difference(fields={("articles", "title"): (Delta(kind="E", path=("meta", "note"), ...),)}, ...)

`wanted` is in the terms of this database (see `adapting`). With a collection go its fields and relations,
which are not listed on their own; of a new one they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from resolvers.structure.deltas import Delta, Deltas, Difference, deltas
from resolvers.structure.portrait import Portrait
from resolvers.structure.telling import Facts

K = TypeVar("K", str, tuple[str, str])


def difference(ours: Portrait, wanted: Portrait) -> Difference:
    gone = ours.collections.keys() - wanted.collections.keys()
    return Difference(
        collections=_entries(ours.collections, wanted.collections),
        fields=_entries(
            {place: facts for place, facts in ours.fields.items() if place[0] not in gone},
            wanted.fields,
        ),
        system_fields={
            place: (Delta(kind="E", path=("schema", "is_indexed"), lhs=there, rhs=not there),)
            for place in {**ours.indexed, **wanted.indexed}
            if (there := ours.indexed.get(place, False)) is not wanted.indexed.get(place, False)
        },
        relations=_entries(
            {place: facts for place, facts in ours.relations.items() if place[0] not in gone},
            wanted.relations,
        ),
        related={
            place: facts.get("related_collection")
            for place, facts in {**wanted.relations, **ours.relations}.items()
        },
    )


def _entries(ours: Mapping[K, Facts], wanted: Mapping[K, Facts]) -> dict[K, Deltas]:
    found: dict[K, Deltas] = {}
    for key, facts in ours.items():
        if key not in wanted:
            found[key] = (Delta(kind="D", lhs=facts),)
        elif changes := _told(facts, wanted[key]):
            found[key] = changes
    for key, facts in wanted.items():
        if key not in ours:
            found[key] = (Delta(kind="N", rhs=facts),)
    return found


def _told(ours: Facts, wanted: Facts) -> Deltas:
    """Where anything comes or goes, what is set is told as a whole (protocol)."""
    found = deltas(ours, wanted)
    if all(delta.kind in "EA" for delta in found):
        return found
    whole = Delta(kind="E", path=("meta",), lhs=ours["meta"], rhs=wanted["meta"])
    told: list[Delta] = []
    for delta in found:
        if delta.path[:1] != ("meta",):
            told.append(delta)
        elif whole not in told:
            told.append(whole)
    return tuple(told)
