"""One bijection between the names of the database and the names of GraphQL.

Most names map to themselves. A name GraphQL cannot spell gets a safe alias: every other character becomes `_`, a leading
digit gets a `_` in front, and where that is taken a number follows, in the order of the names; so the alias is stable as
long as the collection's names are. Names that GraphQL or the protocol reserve get a trailing `_`.

    "order lines" -> order_lines        "2fa" -> _2fa        "Query" -> Query_

Names derived from fields (`published_at_func`, `item__headings`) give way to real fields of the same name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from schema_gen.model import Collection, SchemaSnapshot

RootKind = Literal["list", "by_id", "aggregated", "singleton"]

#: type names of the protocol and of GraphQL that no collection may take
RESERVED: Final = frozenset(
    {
        "Subscription", "Query", "Mutation", "Int", "Float", "String", "Boolean", "DateTime", "ID", "uid",
        "Point", "PointList", "Polygon", "MultiPolygon", "JSON", "Hash", "Date", "Void",
    }
)  # fmt: skip

#: system collections that have no generated roots in the system scope
NOT_GENERATED: Final = frozenset(
    {
        "directus_collections", "directus_fields", "directus_relations", "directus_migrations",
        "directus_sessions", "directus_extensions",
    }
)  # fmt: skip

_NAME: Final = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")
_PREFIX: Final = "directus_"


def safe_names(names: Iterable[str], reserved: frozenset[str] = frozenset()) -> dict[str, str]:
    """Database name -> GraphQL name, total and injective.

    >>> safe_names(["a", "b c", "b_c", "1"])
    {'a': 'a', 'b c': 'b_c_2', 'b_c': 'b_c', '1': '_1'}
    """
    listed = list(names)
    fine = {name for name in listed if _plain(name) and name not in reserved}
    taken = set(fine) | reserved
    found: dict[str, str] = {}
    for name in listed:
        if name in fine:
            found[name] = name
            continue
        base = re.sub(r"[^_0-9A-Za-z]", "_", name) or "_"
        if base in reserved:
            base += "_"
        if base[0].isdigit():
            base = f"_{base}"
        if base.startswith("__"):
            base = "x" + base
        alias, number = base, 1
        while alias in taken:
            number += 1
            alias = f"{base}_{number}"
        taken.add(alias)
        found[name] = alias
    return found


def _plain(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and not name.startswith("__")


@dataclass(frozen=True, kw_only=True)
class Names:
    """The names of one snapshot, both ways."""

    snapshot: SchemaSnapshot

    @classmethod
    def of(cls, snapshot: SchemaSnapshot) -> Names:
        return cls(snapshot=snapshot)

    # --- collections ----------------------------------------------------------------------------------------

    @cached_property
    def _types(self) -> Mapping[str, str]:
        return safe_names(self.snapshot.collections, RESERVED)

    @cached_property
    def _collections(self) -> Mapping[str, str]:
        return {alias: name for name, alias in self._types.items()}

    def type_name(self, collection: str) -> str:
        return self._types[collection]

    def collection_of(self, type_name: str) -> str | None:
        return self._collections.get(type_name)

    @cached_property
    def aliased(self) -> Mapping[str, str]:
        """Every collection and field (`collection.field`) whose GraphQL name differs -> that name."""
        found = {name: alias for name, alias in self._types.items() if name != alias}
        for name in self.snapshot.collections:
            for field, alias in self._fields(name).items():
                if field != alias:
                    found[f"{name}.{field}"] = alias
        return found

    # --- roots ----------------------------------------------------------------------------------------------

    def root_name(self, collection: str, scope: str) -> str:
        """The list or singleton root: the type name, in the system scope without its prefix."""
        name = self.type_name(collection)
        return name.removeprefix(_PREFIX) if scope == "system" else name

    def served(self, collection: Collection, scope: str) -> bool:
        """Whether a collection has roots in the scope."""
        if collection.kind == "folder" or collection.name in NOT_GENERATED:
            return False
        return collection.system == (scope == "system")

    @cached_property
    def _roots(self) -> Mapping[tuple[str, str], tuple[str, RootKind]]:
        plain: dict[tuple[str, str], tuple[str, RootKind]] = {}
        derived: dict[tuple[str, str], tuple[str, RootKind]] = {}
        for collection in self.snapshot.collections.values():
            scope = "system" if collection.system else "items"
            if not self.served(collection, scope):
                continue
            root = self.root_name(collection.name, scope)
            plain[scope, root] = (collection.name, "singleton" if collection.singleton else "list")
            if not collection.singleton:
                if collection.primary_key:
                    derived[scope, f"{root}_by_id"] = (collection.name, "by_id")
                derived[scope, f"{root}_aggregated"] = (collection.name, "aggregated")
        # a collection really called `x_by_id` keeps its name
        return {**derived, **plain}

    def root(self, scope: str, name: str) -> tuple[str, RootKind] | None:
        """What a root field reads: the collection and how."""
        return self._roots.get((scope, name))

    # --- fields ---------------------------------------------------------------------------------------------

    @cached_property
    def _field_names(self) -> dict[str, Mapping[str, str]]:
        return {}

    @cached_property
    def _name_fields(self) -> dict[str, Mapping[str, str]]:
        return {}

    def _fields(self, collection: str) -> Mapping[str, str]:
        found = self._field_names.get(collection)
        if found is None:
            found = safe_names(self.snapshot.collections[collection].fields)
            self._field_names[collection] = found
        return found

    def field_name(self, collection: str, field: str) -> str:
        return self._fields(collection)[field]

    def field_of(self, collection: str, name: str) -> str | None:
        found = self._name_fields.get(collection)
        if found is None:
            found = {alias: field for field, alias in self._fields(collection).items()}
            self._name_fields[collection] = found
        return found.get(name)

    def function_base(self, collection: str, name: str) -> str | None:
        """`published_at_func` -> `published_at`, unless a real field has the name."""
        if not name.endswith("_func") or self.field_of(collection, name) is not None:
            return None
        return self.field_of(collection, name.removesuffix("_func"))
