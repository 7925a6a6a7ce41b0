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

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from schema_gen.field_names import PLAIN, FieldNames, field_names
from schema_gen.model import Collection, SchemaSnapshot
from schema_gen.mutation_names import MutationKind, mutation_roots
from schema_gen.registry import SYSTEM
from schema_gen.spelling import RESERVED_ROOTS, RESERVED_TYPES, Scope, spelled

__all__ = ["NOT_GENERATED", "MutationKind", "Names", "Renamed", "RootKind", "Scope", "TypePart"]

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

_PREFIX: Final = "directus_"

#: system collections that are not generated: hand-written roots answer for them, or nothing does
NOT_GENERATED: Final = frozenset(table.name for table in SYSTEM.values() if not table.graphql)


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed:
    """What is called differently in GraphQL: `what` in words, `name` as it would be, `alias` as it is."""

    what: str
    name: str
    alias: str


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

    @classmethod
    def of(cls, snapshot: SchemaSnapshot, before: Names | None = None) -> Names:
        """`before`: names of an earlier snapshot, which spare some work; they change nothing."""
        return _Namer(snapshot=snapshot, before=before).names()

    # --- collections ------------------------------------------------------------------------------------

    def type_name(self, collection: str) -> str:
        return self._types[collection]

    def collection_of(self, type_name: str) -> str | None:
        return self._collections.get(type_name)

    def part(self, collection: str, part: TypePart, field: str = "") -> str:
        """Name of a type that belongs to the collection, or to one `field` (database name) of it."""
        changed = self._parts.get((collection, part, field))
        return changed or _part_name(
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


def _part_name(type_name: str, part: str, field: str) -> str:
    if part in _INPUTS:
        return f"{part.partition('_')[0]}_{type_name}_input"
    return f"{type_name}_{field}_{part}" if field else f"{type_name}_{part}"


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


# --- building -----------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class _Namer:
    snapshot: SchemaSnapshot
    before: Names | None = None
    renamed: list[Renamed] = field(default_factory=list)

    def names(self) -> Names:
        served = [home for home in self.snapshot.collections.values() if home.kind != "folder"]
        types = spelled((home.name for home in served), RESERVED_TYPES)
        for name, alias in types.items():
            self._report("collection", name, alias)
        fields: dict[str, FieldNames] = {}
        for home in served:
            found = field_names(home, self.snapshot, types, self._free, plain=self._was_plain(home))
            if found is not PLAIN:
                fields[home.name] = found
            for name, alias in found.to.items():
                self._report(f"field of {home.name}", name, alias)
        root_names: dict[tuple[str, RootKind], str] = {}
        roots: dict[Scope, Mapping[str, tuple[str, RootKind]]] = {
            "items": self._roots_of("items", served, types, root_names),
            "system": self._roots_of("system", served, types, root_names),
        }
        mutations: dict[Scope, Mapping[str, tuple[str, MutationKind]]] = {
            "items": self._mutations_of("items", served, types),
            "system": self._mutations_of("system", served, types),
        }
        owners: dict[str, tuple[str, str, str]] = {alias: (name, "type", "") for name, alias in types.items()}
        parts = self._parts_of(served, types, fields, owners)
        return Names(
            snapshot=self.snapshot,
            renamed=tuple(self.renamed),
            _types=types,
            _collections={alias: name for name, alias in types.items()},
            _parts=parts,
            _owners=owners,
            _roots=roots,
            _root_names=root_names,
            _mutations=mutations,
            _mutation_names={what: name for roots in mutations.values() for name, what in roots.items()},
            _fields=fields,
        )

    def _was_plain(self, home: Collection) -> bool:
        """The very same fields had no other names before."""
        before = self.before
        if before is None or before.snapshot.collections.get(home.name) is not home:
            return False
        return home.name not in before._fields

    def _report(self, what: str, name: str, alias: str) -> None:
        if name != alias:
            self.renamed.append(Renamed(what=what, name=name, alias=alias))

    def _roots_of(
        self,
        scope: Scope,
        served: list[Collection],
        types: Mapping[str, str],
        root_names: dict[tuple[str, RootKind], str],
    ) -> Mapping[str, tuple[str, RootKind]]:
        here = _generated(served, scope)
        reserved = RESERVED_ROOTS[scope]
        heads = spelled((_root_head(types[home.name], scope) for home in here), reserved)
        taken = {*heads.values(), *reserved}
        found: dict[str, tuple[str, RootKind]] = {}
        for home in here:
            head = heads[_root_head(types[home.name], scope)]
            kinds: tuple[RootKind, ...] = (
                ("singleton",) if home.singleton else ("list", "by_id", "aggregated")
            )
            for kind in kinds:
                if kind == "by_id" and not home.primary_key:
                    continue
                name = head
                if kind in ("by_id", "aggregated"):
                    name = self._free(f"root field of {home.name}", f"{head}_{kind}", taken)
                found[name] = (home.name, kind)
                root_names[home.name, kind] = name
        return found

    def _mutations_of(
        self, scope: Scope, served: list[Collection], types: Mapping[str, str]
    ) -> Mapping[str, tuple[str, MutationKind]]:
        here = _generated(served, scope)
        heads = spelled((_root_head(types[home.name], scope) for home in here), RESERVED_ROOTS[scope])
        taken = set(RESERVED_ROOTS[scope])
        return mutation_roots(
            ((home, heads[_root_head(types[home.name], scope)]) for home in here),
            lambda what, name: self._free(what, name, taken),
        )

    def _free(self, what: str, name: str, taken: set[str]) -> str:
        """`name`, with as many underscores behind it as make it new; takes it."""
        alias = name
        while alias in taken:
            alias += "_"
        taken.add(alias)
        self._report(what, name, alias)
        return alias

    def _parts_of(
        self,
        served: list[Collection],
        types: Mapping[str, str],
        fields: Mapping[str, FieldNames],
        owners: dict[str, tuple[str, str, str]],
    ) -> Mapping[tuple[str, str, str], str]:
        """The names that differ from the pattern; every name goes to `owners`."""
        taken = {*types.values(), *RESERVED_TYPES}
        changed: dict[tuple[str, str, str], str] = {}
        for home in served:
            wanted: list[tuple[str, str]] = [(part, "") for part in _PARTS]
            links = self.snapshot.links_by_collection.get(home.name, {})
            for name, entry in home.fields.items():
                link = links.get(name)
                if entry.type == "json":
                    wanted.append(("func", name))
                if link is not None and link.kind == "m2a":
                    wanted.append(("union", name))
                elif link is not None:
                    wanted.append(("changes", name))
            own = fields.get(home.name, PLAIN)
            for part, name in wanted:
                plain = _part_name(types[home.name], part, own.to.get(name, name))
                alias = self._free(f"type of {home.name}", plain, taken)
                owners[alias] = (home.name, part, name)
                if alias != plain:
                    changed[home.name, part, name] = alias
        return changed


def _generated(served: list[Collection], scope: Scope) -> list[Collection]:
    """Collections that have roots in the scope."""
    return [home for home in served if home.system == (scope == "system") and home.name not in NOT_GENERATED]


def _root_head(type_name: str, scope: Scope) -> str:
    if scope == "items" or not type_name.startswith(_PREFIX):
        return type_name
    return type_name[len(_PREFIX) :]
