"""One bijection between what the database calls things and what GraphQL calls them. Pure; knows no GraphQL
library.

    names = Names.of(snapshot)
    names.type_name("articles")                    -> "articles"
    names.type_name("Order Details")               -> "Order_Details"
    names.root("system", "users_by_id")            -> ("directus_users", "by_id")
    names.field_of("articles", "published_at")     -> "published_at"
    names.function_base("articles", "day_func")    -> "day"

Nearly every name maps to itself. Three things do not:

- a name that GraphQL cannot spell, or keeps for itself: other characters become underscores; where that is
  taken, or two names would share it, a digest of the real name follows (`Order_Details_6f1c2b`);
- a derived name (`articles_filter`, `articles_by_id`, `day_func`, `item__headings`) that a real collection or
  field already has: the real one keeps it, the derived one gets underscores behind it;
- in the system scope roots lose the prefix `directus_`.

All of it depends on the snapshot alone, so names are the same in every process; what was changed is in
`Names.renamed`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from schema_gen.field_names import PLAIN, FieldNames
from schema_gen.model import Collection, SchemaSnapshot
from schema_gen.mutation_names import MutationKind
from schema_gen.own_names import Origin, OwnNames, Renamed, RootKind, TypePart, freed, own_names, part_name
from schema_gen.registry import SYSTEM
from schema_gen.spelling import RESERVED_ROOTS, RESERVED_TYPES, SCOPES, Scope, spelled

__all__ = ["NOT_GENERATED", "MutationKind", "Names", "Renamed", "RootKind", "Scope", "TypePart"]

W = TypeVar("W")

_PREFIX: Final = "directus_"

#: system collections that are not generated: hand-written roots answer for them, or nothing does
NOT_GENERATED: Final = frozenset(table.name for table in SYSTEM.values() if not table.graphql)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    snapshot: SchemaSnapshot
    renamed: tuple[Renamed, ...]
    _types: Mapping[str, str]
    _collections: Mapping[str, str]
    _parts: Mapping[tuple[str, str, str], str]
    _owners: Mapping[str, tuple[str, str, str]]
    _roots: Mapping[Scope, Mapping[str, tuple[str, RootKind]]]
    _root_names: Mapping[tuple[str, RootKind], str]
    _mutations: Mapping[Scope, Mapping[str, tuple[str, MutationKind]]]
    _mutation_names: Mapping[tuple[str, MutationKind], str]
    _fields: Mapping[str, FieldNames]
    _own: Mapping[str, OwnNames]

    @classmethod
    def of(cls, snapshot: SchemaSnapshot, before: Names | None = None) -> Names:
        """`before`: names of an earlier snapshot, which spare the work for what has stayed; they change
        nothing.
        """
        served = [home for home in snapshot.collections.values() if home.kind != "folder"]
        types = spelled((home.name for home in served), RESERVED_TYPES)
        own = _own_names(snapshot, served, types, {} if before is None else before._own)
        return _Namer(snapshot=snapshot, types=types, own=own).names()

    def agree(self, other: Names, collections: Iterable[str]) -> bool:
        """Whether all that these collections are called, and all that they are found by, is the same in both.
        It follows from what each would be called by itself and from who gave way to others.
        """
        return self.renamed == other.renamed and all(
            self._own.get(name) is other._own.get(name) for name in collections
        )

    # --- collections ------------------------------------------------------------------------------------

    def type_name(self, collection: str) -> str:
        return self._types[collection]

    def collection_of(self, type_name: str) -> str | None:
        return self._collections.get(type_name)

    def part(self, collection: str, part: TypePart, field: str = "") -> str:
        """Name of a type that belongs to the collection, or to one `field` (database name) of it."""
        changed = self._parts.get((collection, part, field))
        return changed or part_name(
            self._types[collection], part, field and self.field_name(collection, field)
        )

    def owner(self, type_name: str) -> tuple[str, str, str] | None:
        """What a type belongs to: `(collection, part, field)`. Part "type" is the object type itself; the
        field is empty where the part is the whole collection's.
        """
        return self._owners.get(type_name)

    # --- roots ------------------------------------------------------------------------------------------

    def root(self, scope: Scope, name: str) -> tuple[str, RootKind] | None:
        """What a root field reads: `(collection, kind)`; None for names that read no collection."""
        return self._roots[scope].get(name)

    def roots(self, scope: Scope) -> Mapping[str, tuple[str, RootKind]]:
        """Every root field of the scope, in the order of the collections."""
        return self._roots[scope]

    def root_name(self, collection: str, kind: RootKind) -> str | None:
        """The root field that reads a collection in this way, in the scope it belongs to; None: there is
        none.
        """
        return self._root_names.get((collection, kind))

    def mutation(self, scope: Scope, name: str) -> tuple[str, MutationKind] | None:
        """What a mutation root writes: `(collection, kind)`; None for names that write no collection."""
        return self._mutations[scope].get(name)

    def mutations(self, scope: Scope) -> Mapping[str, tuple[str, MutationKind]]:
        """Every mutation root of the scope, in the order of the collections."""
        return self._mutations[scope]

    def mutation_name(self, collection: str, kind: MutationKind) -> str | None:
        """The root that writes a collection in this way; None: there is none."""
        return self._mutation_names.get((collection, kind))

    # --- fields -----------------------------------------------------------------------------------------

    def field_name(self, collection: str, field: str) -> str:
        return self._of(collection).to.get(field, field)

    def field_of(self, collection: str, name: str) -> str | None:
        """The field that is called `name` in GraphQL; None: no field of the collection is."""
        found = self._of(collection)
        if name in found.back:
            return found.back[name]
        home = self.snapshot.collections.get(collection)
        return name if home is not None and name in home.fields and name not in found.to else None

    def function_name(self, collection: str, field: str) -> str:
        """`published_at` -> `published_at_func`."""
        return self._of(collection).functions.get(field) or f"{self.field_name(collection, field)}_func"

    def function_base(self, collection: str, name: str) -> str | None:
        """`published_at_func` -> `published_at`; None where `name` is a field itself or has no such base."""
        found = self._of(collection)
        if name in found.function_bases:
            return found.function_bases[name]
        if not name.endswith("_func") or self.field_of(collection, name) is not None:
            return None
        base = self.field_of(collection, name[: -len("_func")])
        return None if base in found.functions else base

    def branches(self, collection: str) -> Mapping[str, tuple[str, str]]:
        """Fields of filters and inputs for many-to-any relations: `item__headings` -> `("item",
        "headings")`.
        """
        return self._of(collection).branches

    def changes_name(self, collection: str, field: str) -> str:
        """`tags` -> `tags_changes`, the input field that changes a relation step by step."""
        return self._of(collection).changes.get(field) or f"{self.field_name(collection, field)}_changes"

    def changes_base(self, collection: str, name: str) -> str | None:
        """`tags_changes` -> `tags`; None where `name` is something else or has no such relation."""
        found = self._of(collection)
        if name in found.changes_bases:
            return found.changes_bases[name]
        if not name.endswith("_changes") or name in found.branches:
            return None
        if self.field_of(collection, name) is not None:
            return None
        base = self.field_of(collection, name[: -len("_changes")])
        if base is None or base in found.changes:
            return None
        link = self.snapshot.link(collection, base)
        return base if link is not None and link.kind != "m2a" else None

    def _of(self, collection: str) -> FieldNames:
        return self._fields.get(collection, PLAIN)


# --- building -----------------------------------------------------------------------------------------------


def _own_names(
    snapshot: SchemaSnapshot,
    served: list[Collection],
    types: Mapping[str, str],
    before: Mapping[str, OwnNames],
) -> Mapping[str, OwnNames]:
    """Of each served collection, in their order; the former ones where their origin has not changed."""
    heads: dict[str, str] = {}
    for scope in SCOPES:
        heads |= _heads(served, types, scope)
    found: dict[str, OwnNames] = {}
    for home in served:
        origin = Origin.of(home, snapshot, types, heads.get(home.name))
        last = before.get(home.name)
        found[home.name] = last if last is not None and last.origin.is_as(origin) else own_names(origin)
    return found


def _heads(served: list[Collection], types: Mapping[str, str], scope: Scope) -> Mapping[str, str]:
    """Collections that have roots in the scope -> what these are called after."""
    wished = {
        home.name: _root_head(types[home.name], scope)
        for home in served
        if home.system == (scope == "system") and home.name not in NOT_GENERATED
    }
    heads = spelled(wished.values(), RESERVED_ROOTS[scope])
    return {name: heads[head] for name, head in wished.items()}


@dataclass(slots=True, kw_only=True)
class _Namer:
    """Puts together what the collections would be called by themselves. Where two names are alike, the later
    one gives way.
    """

    snapshot: SchemaSnapshot
    types: Mapping[str, str]
    own: Mapping[str, OwnNames]
    renamed: list[Renamed] = field(default_factory=list)

    def names(self) -> Names:
        for name, alias in self.types.items():
            self._report("collection", name, alias)
        for own in self.own.values():
            self.renamed.extend(own.renamed)
        here: dict[Scope, list[OwnNames]] = {"items": [], "system": []}
        for own in self.own.values():
            here["system" if own.origin.home.system else "items"].append(own)
        roots = {scope: self._roots(scope, here[scope]) for scope in SCOPES}
        mutations = {scope: self._mutations(scope, here[scope]) for scope in SCOPES}
        owners, parts = self._parts()
        return Names(
            snapshot=self.snapshot,
            renamed=tuple(self.renamed),
            _types=self.types,
            _collections={alias: name for name, alias in self.types.items()},
            _parts=parts,
            _owners=owners,
            _roots=roots,
            _root_names={what: name for found in roots.values() for name, what in found.items()},
            _mutations=mutations,
            _mutation_names={what: name for found in mutations.values() for name, what in found.items()},
            _fields={name: own.fields for name, own in self.own.items() if own.fields is not PLAIN},
            _own=self.own,
        )

    def _roots(self, scope: Scope, here: list[OwnNames]) -> Mapping[str, tuple[str, RootKind]]:
        reserved = RESERVED_ROOTS[scope]
        found = _united([own.roots for own in here], reserved)
        if found is not None:
            return found
        taken = {*reserved, *(own.origin.head for own in here if own.origin.head is not None)}
        found = {}
        for own in here:
            for name, (home, kind) in own.roots.items():
                if kind in ("by_id", "aggregated"):
                    name = self._free(f"root field of {home}", name, taken)
                found[name] = (home, kind)
        return found

    def _mutations(self, scope: Scope, here: list[OwnNames]) -> Mapping[str, tuple[str, MutationKind]]:
        found = _united([own.mutations for own in here], RESERVED_ROOTS[scope])
        if found is not None:
            return found
        taken = set(RESERVED_ROOTS[scope])
        return {
            self._free(f"mutation of {what[0]}", name, taken): what
            for own in here
            for name, what in own.mutations.items()
        }

    def _parts(self) -> tuple[Mapping[str, tuple[str, str, str]], Mapping[tuple[str, str, str], str]]:
        """What each type belongs to, and the names that differ from the pattern."""
        types = {alias: (name, "type", "") for name, alias in self.types.items()}
        united = _united([types, *(own.parts for own in self.own.values())], RESERVED_TYPES)
        if united is not None:
            return united, {}
        owners = types
        taken = {*types, *RESERVED_TYPES}
        changed: dict[tuple[str, str, str], str] = {}
        for own in self.own.values():
            for name, what in own.parts.items():
                alias = self._free(f"type of {what[0]}", name, taken)
                owners[alias] = what
                if alias != name:
                    changed[what] = alias
        return owners, changed

    def _free(self, what: str, name: str, taken: set[str]) -> str:
        alias = freed(name, taken)
        self._report(what, name, alias)
        return alias

    def _report(self, what: str, name: str, alias: str) -> None:
        if name != alias:
            self.renamed.append(Renamed(what=what, name=name, alias=alias))


def _united(several: Iterable[Mapping[str, W]], reserved: frozenset[str]) -> dict[str, W] | None:
    """All in one; None where two have a name in common, or one has a name that is reserved."""
    found: dict[str, W] = {}
    count = 0
    for one in several:
        found.update(one)
        count += len(one)
    return found if len(found) == count and found.keys().isdisjoint(reserved) else None


def _root_head(type_name: str, scope: Scope) -> str:
    if scope == "items" or not type_name.startswith(_PREFIX):
        return type_name
    return type_name[len(_PREFIX) :]
