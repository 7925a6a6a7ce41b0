"""What one collection would be called everywhere if nothing else were in its way (a part of `naming`). Pure.

    own_names(articles, ...)
    -> roots      {"articles": ("articles", "list"), "articles_by_id": ..., "articles_aggregated": ...}
       mutations  {"create_articles_item": ("articles", "create_item"), ...}
       parts      {"articles_filter": ("articles", "filter", ""), ...}
       fields     what its fields are called

This depends on the collection, on what it and those that it leads to are called, and on nothing else: while
these stay, it stays (`Origin`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from schema_gen.field_names import FieldNames, LinkedField, field_names
from schema_gen.model import Collection, SchemaSnapshot
from schema_gen.mutation_names import MutationKind, mutation_roots

RootKind = Literal["list", "singleton", "by_id", "aggregated"]
#: parts of a collection that have a type of their own; the last three belong to one field of it
TypePart = Literal[
    "filter",
    "quantifier_filter",
    "aggregated",
    "aggregated_count",
    "aggregated_fields",
    "key",
    "create_input",
    "update_input",
    "func",
    "union",
    "changes",
]

_INPUTS: Final = ("create_input", "update_input")
_PARTS: Final = (
    "filter",
    "quantifier_filter",
    "aggregated",
    "aggregated_count",
    "aggregated_fields",
    "key",
    *_INPUTS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed:
    """What is called differently in GraphQL: `what` in words, `name` as it would be, `alias` as it is."""

    what: str
    name: str
    alias: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """All that the names of a collection are made from. `head`: what its roots begin with; None where it has
    none.
    """

    home: Collection
    type_name: str
    head: str | None
    links: tuple[LinkedField, ...]

    @classmethod
    def of(
        cls, home: Collection, snapshot: SchemaSnapshot, types: Mapping[str, str], head: str | None
    ) -> Origin:
        """`types`: collection -> name of its type, of all that are served."""
        links = snapshot.links_by_collection.get(home.name)
        return cls(
            home=home,
            type_name=types[home.name],
            head=head,
            links=tuple(
                (
                    name,
                    link.kind,
                    tuple((target, types[target]) for target in link.allowed if target in types),
                )
                for name, link in (links or {}).items()
            ),
        )

    def is_as(self, other: Origin) -> bool:
        """Spares the look at all fields that `==` would take."""
        return (
            self.home is other.home
            and self.type_name == other.type_name
            and self.head == other.head
            and self.links == other.links
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnNames:
    """Names -> what they stand for; no two alike in one of the mappings. `renamed`: fields."""

    origin: Origin
    fields: FieldNames
    renamed: tuple[Renamed, ...]
    roots: Mapping[str, tuple[str, RootKind]]
    mutations: Mapping[str, tuple[str, MutationKind]]
    parts: Mapping[str, tuple[str, str, str]]


def own_names(origin: Origin) -> OwnNames:
    home = origin.home
    renamed: list[Renamed] = []

    def free(what: str, name: str, taken: set[str]) -> str:
        alias = freed(name, taken)
        if alias != name:
            renamed.append(Renamed(what=what, name=name, alias=alias))
        return alias

    fields = field_names(home, origin.links, free)
    renamed.extend(
        Renamed(what=f"field of {home.name}", name=name, alias=alias) for name, alias in fields.to.items()
    )
    return OwnNames(
        origin=origin,
        fields=fields,
        renamed=tuple(renamed),
        roots={} if origin.head is None else _roots(home, origin.head),
        mutations={} if origin.head is None else mutation_roots(home, origin.head),
        parts=_parts(origin, fields),
    )


def freed(name: str, taken: set[str]) -> str:
    """`name`, with as many underscores behind it as make it new; takes it."""
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def part_name(type_name: str, part: str, field: str) -> str:
    if part in _INPUTS:
        return f"{part.partition('_')[0]}_{type_name}_input"
    return f"{type_name}_{field}_{part}" if field else f"{type_name}_{part}"


def _roots(home: Collection, head: str) -> Mapping[str, tuple[str, RootKind]]:
    if home.singleton:
        return {head: (home.name, "singleton")}
    found: dict[str, tuple[str, RootKind]] = {head: (home.name, "list")}
    if home.primary_key:
        found[f"{head}_by_id"] = (home.name, "by_id")
    found[f"{head}_aggregated"] = (home.name, "aggregated")
    return found


def _parts(origin: Origin, fields: FieldNames) -> Mapping[str, tuple[str, str, str]]:
    home, type_name = origin.home, origin.type_name
    found: dict[str, tuple[str, str, str]] = {
        part_name(type_name, part, ""): (home.name, part, "") for part in _PARTS
    }
    kinds = {name: kind for name, kind, _ in origin.links}
    for name, entry in home.fields.items():
        alias = fields.to.get(name, name)
        if entry.type == "json":
            found[part_name(type_name, "func", alias)] = (home.name, "func", name)
        kind = kinds.get(name)
        if kind is not None:
            part = "union" if kind == "m2a" else "changes"
            found[part_name(type_name, part, alias)] = (home.name, part, name)
    return found
