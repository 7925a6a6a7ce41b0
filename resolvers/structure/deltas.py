"""Differences between JSON values, as data: found, and made. Pure.

    deltas({"meta": {"note": None, "tags": ["a"]}}, {"meta": {"note": "x", "tags": []}})
        -> (Delta(kind="E", path=("meta", "note"), lhs=None, rhs="x"),
            Delta(kind="A", path=("meta", "tags"), index=0, item=Delta(kind="D", lhs="a")))
    patched(before, deltas(before, after)) == after

Kinds are those of the protocol: N new, D deleted, E edited, A in a list that got longer or shorter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from resolvers.structure.portrait import Place
from resolvers.structure.telling import Facts
from schema_gen.errors import CausewayError, invalid_payload

Kind = Literal["N", "D", "E", "A"]
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """One difference. `path` empty: of the whole entry. `A`: of the list at `path`, its `item` at `index`."""

    kind: Kind
    path: tuple[str | int, ...] = ()
    lhs: Any = None
    rhs: Any = None
    index: int | None = None
    item: Delta | None = None

    def as_json(self) -> Facts:
        facts: Facts = {"kind": self.kind}
        if self.path:
            facts["path"] = list(self.path)
        if self.item is not None:
            return {**facts, "index": self.index, "item": self.item.as_json()}
        if self.kind in "DE":
            facts["lhs"] = self.lhs
        if self.kind in "NE":
            facts["rhs"] = self.rhs
        return facts


Deltas = tuple[Delta, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What makes one model of another. `related`: collection that a relation leads to, of `relations`."""

    collections: Mapping[str, Deltas]
    fields: Mapping[Place, Deltas]
    system_fields: Mapping[Place, Deltas]
    relations: Mapping[Place, Deltas]
    related: Mapping[Place, str | None]

    def __bool__(self) -> bool:
        return any((self.collections, self.fields, self.system_fields, self.relations))

    def as_json(self) -> dict[str, Any]:
        def places(part: Mapping[Place, Deltas]) -> list[Facts]:
            return [
                {"collection": collection, "field": field, "diff": _as_json(deltas)}
                for (collection, field), deltas in part.items()
            ]

        return {
            "collections": [
                {"collection": name, "diff": _as_json(deltas)} for name, deltas in self.collections.items()
            ],
            "fields": places(self.fields),
            "systemFields": places(self.system_fields),
            "relations": [
                {
                    "collection": place[0],
                    "field": place[1],
                    "related_collection": self.related.get(place),
                    "diff": _as_json(deltas),
                }
                for place, deltas in self.relations.items()
            ],
        }


def _as_json(deltas: Deltas) -> list[Facts]:
    return [delta.as_json() for delta in deltas]


# --- found ----------------------------------------------------------------------------------------------


def deltas(lhs: Any, rhs: Any) -> Deltas:
    return tuple(_deltas(lhs, rhs, ()))


def same(lhs: Any, rhs: Any) -> bool:
    """As JSON: true is not 1, and 2.0 is 2."""
    return next(_deltas(lhs, rhs, ()), None) is None


def _deltas(lhs: Any, rhs: Any, path: Path) -> Iterator[Delta]:
    if isinstance(lhs, Mapping) and isinstance(rhs, Mapping):
        for name, value in lhs.items():
            if name in rhs:
                yield from _deltas(value, rhs[name], (*path, name))
            else:
                yield Delta(kind="D", path=(*path, name), lhs=value)
        for name in rhs:
            if name not in lhs:
                yield Delta(kind="N", path=(*path, name), rhs=rhs[name])
    elif isinstance(lhs, (list, tuple)) and isinstance(rhs, (list, tuple)):
        # from the end, so that each index still is that of the list before
        shared = min(len(lhs), len(rhs))
        for index in range(len(rhs) - 1, shared - 1, -1):
            yield Delta(kind="A", path=path, index=index, item=Delta(kind="N", rhs=rhs[index]))
        for index in range(len(lhs) - 1, shared - 1, -1):
            yield Delta(kind="A", path=path, index=index, item=Delta(kind="D", lhs=lhs[index]))
        for index in range(shared - 1, -1, -1):
            yield from _deltas(lhs[index], rhs[index], (*path, index))
    elif isinstance(lhs, bool) is not isinstance(rhs, bool) or lhs != rhs:
        yield Delta(kind="E", path=path, lhs=lhs, rhs=rhs)


# --- made -----------------------------------------------------------------------------------------------


def patched(facts: Facts, changes: Deltas) -> Facts:
    """`facts` with the changes, none of which is of the whole. What they say was there is not compared.
    Raises INVALID_PAYLOAD for a path that leads nowhere.
    """
    made: Facts = _copy(facts)
    # lists grow from their end, and deltas come from there
    for delta in sorted(changes, key=lambda delta: (delta.index or 0) if _grows(delta) else -1):
        _patch(made, delta)
    return made


def _grows(delta: Delta) -> bool:
    return delta.item is not None and delta.item.kind == "N"


def _patch(made: Facts, delta: Delta) -> None:
    home: Any = made
    *way, last = delta.path
    for step in way:
        if not _has(home, step):
            raise _nowhere(delta)
        home = home[step]
    if isinstance(home, dict) and isinstance(last, str):
        if delta.kind == "D":
            home.pop(last, None)
        elif delta.kind == "A":
            _patch_list(home.get(last), delta)
        else:
            home[last] = _copy(delta.rhs)
    elif isinstance(home, list) and _has(home, last) and delta.kind in "EA":
        if delta.kind == "A":
            _patch_list(home[last], delta)  # type: ignore[index]
        else:
            home[last] = _copy(delta.rhs)  # type: ignore[index]
    else:
        raise _nowhere(delta)


def _patch_list(values: Any, delta: Delta) -> None:
    index, item = delta.index or 0, delta.item
    if not isinstance(values, list) or item is None:
        raise _nowhere(delta)
    if item.kind == "D" and index < len(values):
        del values[index]
    elif item.kind == "N" and index == len(values):
        values.append(_copy(item.rhs))
    else:
        raise _nowhere(delta)


def _has(home: Any, step: str | int) -> bool:
    if isinstance(home, dict):
        return step in home
    return isinstance(home, list) and isinstance(step, int) and 0 <= step < len(home)


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _copy(each) for name, each in value.items()}
    return [_copy(each) for each in value] if isinstance(value, (list, tuple)) else value


def _nowhere(delta: Delta) -> CausewayError:
    path = ".".join(str(step) for step in delta.path)
    return invalid_payload(f'The path "{path}" of a difference leads nowhere in the schema')
