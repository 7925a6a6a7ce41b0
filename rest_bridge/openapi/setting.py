"""What a document is about: the snapshot, what the caller sees of it, and who the caller is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from rest_bridge.component_names import item_names
from schema_gen.graphql.uses import has_type, is_shown
from schema_gen.graphql.view import View
from schema_gen.model import Collection, SchemaSnapshot
from schema_gen.naming import NOT_GENERATED, Names

Schema = dict[str, Any]

#: components that are there whatever the database holds
FIXED: Final = frozenset({"Collections", "Error", "Fields", "Geometry", "Relations", "Tokens", "x-metadata"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the settings say. `url`: where the project is; `cookie`: what the session's is called; `limited`:
    requests are bounded; `resumable`: uploads can be resumed.
    """

    url: str
    cookie: str = "directus_session_token"
    health: bool = True
    introspection: bool = True
    limited: bool = False
    resumable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """`components`: collection -> name of its component; `signed_in`: the caller is a user."""

    snapshot: SchemaSnapshot
    names: Names
    view: View
    facts: Facts
    components: Mapping[str, str]
    admin: bool
    signed_in: bool

    @classmethod
    def of(
        cls, snapshot: SchemaSnapshot, names: Names, view: View, facts: Facts, *, admin: bool, signed_in: bool
    ) -> Setting:
        return cls(
            snapshot=snapshot,
            names=names,
            view=view,
            facts=facts,
            components={
                name: component
                for name, component in item_names(snapshot, FIXED).items()
                if name not in NOT_GENERATED
            },
            admin=admin,
            signed_in=signed_in,
        )

    def shown(self, collection: str) -> bool:
        """Items of it can be read."""
        return is_shown(collection, self.snapshot, self.view)

    def typed(self, collection: str) -> bool:
        """There is a component of its items, if only for the caller's own."""
        return has_type(collection, self.snapshot, self.view)

    def created(self, collection: str) -> bool:
        return self.view.writable("create", collection)

    def updated(self, collection: str) -> bool:
        return self.view.writable("update", collection)

    def deleted(self, collection: str) -> bool:
        return self.view.writable("delete", collection)

    def item(self, collection: str) -> Schema:
        """Reference to what an item is like when it is read."""
        return _component(self.components[collection])

    def new(self, collection: str) -> Schema:
        """Reference to what an item that is created may be."""
        return _component(f"{self.components[collection]}_create")

    def change(self, collection: str) -> Schema:
        """Reference to what may be changed of an item."""
        return _component(f"{self.components[collection]}_update")

    def collections(self) -> list[Collection]:
        """Those that hold items of their own kind."""
        return [self.snapshot.collections[name] for name in sorted(self.components)]


def _component(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}
