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

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from schema_gen.model import Collection, Link, SchemaSnapshot
from schema_gen.registry import SYSTEM

Scope = Literal["items", "system"]
RootKind = Literal["list", "singleton", "by_id", "aggregated"]
#: parts of a collection that have a type of their own; "func" and "union" belong to one field of it
TypePart = Literal[
    "filter",
    "quantifier_filter",
    "aggregated",
    "aggregated_count",
    "aggregated_fields",
    "key",
    "func",
    "union",
]

_SPELLABLE: Final = re.compile(r"[_A-Za-z][_0-9A-Za-z]*\Z")
_PREFIX: Final = "directus_"

#: types that exist whatever the database holds
RESERVED_TYPES: Final = frozenset(
    {
        "Query", "Mutation", "Subscription",
        "Int", "Float", "String", "Boolean", "ID", "Void", "JSON", "Hash", "Date", "DateTime",
        "GraphQLBigInt", "GraphQLGeoJSON", "GraphQLJsonFilter", "GraphQLStringOrFloat",
        "Point", "PointList", "Polygon", "MultiPolygon", "uid", "EventEnum",
        "string_filter_operators", "id_filter_operators", "boolean_filter_operators",
        "number_filter_operators", "big_int_filter_operators", "date_filter_operators",
        "geometry_filter_operators", "hash_filter_operators", "json_filter_operators",
        "date_functions", "time_functions", "datetime_functions", "count_functions",
        "date_function_filter_operators", "time_function_filter_operators",
        "datetime_function_filter_operators", "count_function_filter_operators",
        "binary_filter_operators",
        "delete_one", "delete_many", "delete_collection", "delete_field", "delete_relation",
        "auth_mode", "auth_tokens", "graphql_sdl_scope", "server_info", "server_info_project",
        "server_info_license", "server_info_license_entitlements", "server_info_query_limit",
        "permissions_me_type",
        "policy_me_globals_type", "users_me_tfa_generate_data",
    }
)  # fmt: skip

#: root fields that exist whatever the database holds
RESERVED_ROOTS: Final[Mapping[Scope, frozenset[str]]] = {
    "items": frozenset({"_empty"}),
    "system": frozenset(
        {
            "_empty", "server_ping", "server_info", "server_health", "server_specs_oas",
            "server_specs_graphql", "collections", "collections_by_name", "fields", "fields_in_collection",
            "fields_by_name", "relations", "relations_in_collection", "relations_by_name", "extensions",
            "users_me", "roles_me", "permissions_me", "policies_me_globals",
        }
    ),
}  # fmt: skip

#: keys of filter objects that are no fields
_RESERVED_FIELDS: Final = frozenset({"_and", "_or", "_some", "_none"})

#: system collections that are not generated: hand-written roots answer for them, or nothing does
NOT_GENERATED: Final = frozenset(table.name for table in SYSTEM.values() if not table.graphql)


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed:
    """What is called differently in GraphQL: `what` in words, `name` as it would be, `alias` as it is."""

    what: str
    name: str
    alias: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _FieldNames:
    """Only what differs. `to` database -> GraphQL, `back` the other way; `derived` name -> what it comes
    from.
    """

    to: Mapping[str, str]
    back: Mapping[str, str]
    #: base field (database name) -> its function field, where that is not `<name>_func`
    functions: Mapping[str, str]
    function_bases: Mapping[str, str]
    #: m2a filter field -> (field, collection), both as the database has them
    branches: Mapping[str, tuple[str, str]]


_PLAIN: Final = _FieldNames(to={}, back={}, functions={}, function_bases={}, branches={})


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
    _fields: Mapping[str, _FieldNames]

    @classmethod
    def of(cls, snapshot: SchemaSnapshot) -> Names:
        return _Namer(snapshot=snapshot).names()

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
        """Filter fields of many-to-any relations: `item__headings` -> `("item", "headings")`."""
        return self._of(collection).branches

    def _of(self, collection: str) -> _FieldNames:
        return self._fields.get(collection, _PLAIN)


def _part_name(type_name: str, part: str, field: str) -> str:
    return f"{type_name}_{field}_{part}" if field else f"{type_name}_{part}"


_PARTS: Final = (
    "filter",
    "quantifier_filter",
    "aggregated",
    "aggregated_count",
    "aggregated_fields",
    "key",
)


def spelled(names: Iterable[str], reserved: frozenset[str]) -> dict[str, str]:
    """GraphQL spellings of distinct names: themselves where possible, else safe ones, no two alike.

    >>> spelled(["id", "a b", "a-b", "Query"], frozenset({"Query"}))
    {'id': 'id', 'a b': 'a_b_be11ae', 'a-b': 'a_b_52936a', 'Query': 'Query_'}
    """
    listed = list(names)
    plain = {name for name in listed if _usable(name, reserved)}
    wished = {name: _safe(name, reserved) for name in listed if name not in plain}
    wishes = list(wished.values())
    found: dict[str, str] = {}
    for name in listed:
        if name in plain:
            found[name] = name
            continue
        alias = wished[name]
        length = 6
        while alias in plain or alias in reserved or (length == 6 and wishes.count(alias) > 1):
            alias = f"{wished[name]}_{hashlib.blake2s(name.encode()).hexdigest()[:length]}"
            length += 2
        found[name] = alias
    return found


def _usable(name: str, reserved: frozenset[str]) -> bool:
    return name[:2] != "__" and name not in reserved and _SPELLABLE.match(name) is not None


def _safe(name: str, reserved: frozenset[str]) -> str:
    text = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    text = re.sub(r"[^_0-9A-Za-z]+", "_", text if text.strip() else "_")
    if text[0].isdigit() or text[:2] == "__" or not text.strip("_"):
        text = "_" + text.lstrip("_")
    if text == "_":
        text = "_" + hashlib.blake2s(name.encode()).hexdigest()[:6]
    return f"{text}_" if text in reserved else text


# --- building -----------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class _Namer:
    snapshot: SchemaSnapshot
    renamed: list[Renamed] = field(default_factory=list)

    def names(self) -> Names:
        served = [home for home in self.snapshot.collections.values() if home.kind != "folder"]
        types = spelled((home.name for home in served), RESERVED_TYPES)
        for name, alias in types.items():
            self._report("collection", name, alias)
        fields: dict[str, _FieldNames] = {}
        for home in served:
            found = self._field_names(home, types)
            if found is not _PLAIN:
                fields[home.name] = found
        root_names: dict[tuple[str, RootKind], str] = {}
        roots: dict[Scope, Mapping[str, tuple[str, RootKind]]] = {
            "items": self._roots_of("items", served, types, root_names),
            "system": self._roots_of("system", served, types, root_names),
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
            _fields=fields,
        )

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
        here = [
            home for home in served if home.system == (scope == "system") and home.name not in NOT_GENERATED
        ]
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
        fields: Mapping[str, _FieldNames],
        owners: dict[str, tuple[str, str, str]],
    ) -> Mapping[tuple[str, str, str], str]:
        """The names that differ from the pattern; every name goes to `owners`."""
        taken = {*types.values(), *RESERVED_TYPES}
        changed: dict[tuple[str, str, str], str] = {}
        for home in served:
            wanted: list[tuple[str, str]] = [(part, "") for part in _PARTS]
            for name, entry in home.fields.items():
                link = self.snapshot.link(home.name, name)
                if entry.type == "json":
                    wanted.append(("func", name))
                if link is not None and link.kind == "m2a":
                    wanted.append(("union", name))
            own = fields.get(home.name, _PLAIN)
            for part, name in wanted:
                plain = _part_name(types[home.name], part, own.to.get(name, name))
                alias = self._free(f"type of {home.name}", plain, taken)
                owners[alias] = (home.name, part, name)
                if alias != plain:
                    changed[home.name, part, name] = alias
        return changed

    def _field_names(self, home: Collection, types: Mapping[str, str]) -> _FieldNames:
        links = {
            name: link
            for name in home.fields
            if (link := self.snapshot.link(home.name, name)) is not None and link.kind == "m2a"
        }
        plain = all(_usable(name, _RESERVED_FIELDS) for name in home.fields)
        if plain and not links and not any(name.endswith("_func") for name in home.fields):
            return _PLAIN
        to = spelled(home.fields, _RESERVED_FIELDS)
        taken = set(to.values())
        for name, alias in to.items():
            self._report(f"field of {home.name}", name, alias)
        functions: dict[str, str] = {}
        for name, alias in to.items():
            if f"{alias}_func" in taken:
                functions[name] = self._free(f"function field of {home.name}", f"{alias}_func", taken)
        return _FieldNames(
            to={name: alias for name, alias in to.items() if name != alias},
            back={alias: name for name, alias in to.items() if name != alias},
            functions=functions,
            function_bases={alias: name for name, alias in functions.items()},
            branches=self._branches(home, links, to, types, taken),
        )

    def _branches(
        self,
        home: Collection,
        links: Mapping[str, Link],
        to: Mapping[str, str],
        types: Mapping[str, str],
        taken: set[str],
    ) -> Mapping[str, tuple[str, str]]:
        found: dict[str, tuple[str, str]] = {}
        for name, link in links.items():
            for target in link.allowed:
                if target in types:
                    alias = self._free(f"filter field of {home.name}", f"{to[name]}__{types[target]}", taken)
                    found[alias] = (name, target)
        return found


def _root_head(type_name: str, scope: Scope) -> str:
    if scope == "items" or not type_name.startswith(_PREFIX):
        return type_name
    return type_name[len(_PREFIX) :]
