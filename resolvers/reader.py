"""Resolving names: every name that is read, filtered, sorted, grouped or searched passes one `Reader`, which
asks the gate.

A hidden and a missing name are refused alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from resolvers.conditions import ColumnRef, Condition, Hop
from schema_gen.errors import forbidden_collection, forbidden_field, invalid_query
from schema_gen.model import Collection, Field, FieldType, Link, SchemaSnapshot
from schema_gen.naming import Names

#: equal values of these have one spelling, so that a foreign key tells the key it points to
_ONE_SPELLING: Final[frozenset[FieldType]] = frozenset({"integer", "bigInteger", "uuid"})


class ReadScope(Protocol):
    @property
    def fields(self) -> frozenset[str]: ...
    @property
    def condition(self) -> Condition | None: ...
    @property
    def field_conditions(self) -> Mapping[str, Condition]: ...


class ReadGate(Protocol):
    """`Gate.scope("read", ...)`, seen from here."""

    def read_scope(self, collection: str) -> ReadScope | None: ...


@dataclass(frozen=True, slots=True)
class VariableRef:
    """A variable of the operation inside a literal of the document."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A value and where it was given: `path` into the variables, or None for a literal."""

    value: Any
    path: tuple[str | int, ...] | None = None

    def at(self, key: str | int, value: Any) -> Given:
        return Given(value=value, path=None if self.path is None else (*self.path, key))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What every stage that resolves names needs. `gate` None: a permission rule, which may read everything.

    `max_depth`: relations a path may cross (MAX_RELATIONAL_DEPTH). `max_json_depth`: steps
    inside a value of JSON (MAX_JSON_QUERY_DEPTH).
    """

    snapshot: SchemaSnapshot
    gate: ReadGate | None
    variables: Mapping[str, Any]
    max_depth: int = 10
    max_json_depth: int = 10
    names: Names | None = None

    def given(self, given: Given) -> Given:
        """Follows a variable of the operation to its value. One in a filter that was not given is refused:
        to leave it out would ask for more than was meant.
        """
        if isinstance(given.value, VariableRef):
            name = given.value.name
            if name not in self.variables:
                raise invalid_query(f'The variable "${name}" has no value')
            return Given(value=self.variables[name], path=(name,))
        return given

    def collection(self, name: str, place: tuple[str, ...]) -> tuple[Collection, ReadScope | None]:
        """The collection and what may be read of it; raises FORBIDDEN for hidden and missing ones alike."""
        collection = self.snapshot.collections.get(name)
        if self.gate is None:
            if collection is None:
                raise forbidden_collection(name, place)
            return collection, None
        scope = self.gate.read_scope(name)
        if collection is None or scope is None:
            raise forbidden_collection(name, place)
        return collection, scope

    def field(self, collection: Collection, spelled: str, place: tuple[str, ...]) -> Field:
        """The field that `spelled` names; raises FORBIDDEN for hidden and missing ones alike."""
        found = self.find_field(collection, spelled)
        if found is None:
            raise forbidden_field(collection.name, (spelled,), place)
        return found

    def find_field(self, collection: Collection, spelled: str) -> Field | None:
        name = spelled
        if name not in collection.fields and self.names is not None:
            name = self.names.field_of(collection.name, spelled) or spelled
        field = collection.fields.get(name)
        if field is None:
            return None
        if self.gate is not None:
            scope = self.gate.read_scope(collection.name)
            if scope is None or name not in scope.fields:
                return None
        return field

    def column_guard(self, field: Field) -> Condition | None:
        """Where the value of the field may be seen; None: wherever the item may."""
        if self.gate is None:
            return None
        scope = self.gate.read_scope(field.collection)
        return None if scope is None else scope.field_conditions.get(field.name)

    def column(self, field: Field, hops: tuple[Hop, ...]) -> ColumnRef:
        """The column of the item behind `hops`. A key that a foreign key on the way holds is read there:
        `author.id` is `author` where that is a constraint and every author may be seen.
        """
        return self._nearest(ColumnRef(field=field, hops=hops, guard=self.column_guard(field)))

    def presence(self, target: Collection, hops: tuple[Hop, ...]) -> ColumnRef:
        """The column that is null where there is no item of `target` behind `hops`."""
        name = (target.primary_key or hops[-1].link.remote)[0]
        return self._nearest(ColumnRef(field=target.fields[name], hops=hops))

    def _nearest(self, column: ColumnRef) -> ColumnRef:
        while (nearer := self._held(column)) is not None:
            column = nearer
        return column

    def _held(self, column: ColumnRef) -> ColumnRef | None:
        if not column.hops or column.guard is not None:
            return None
        *way, hop = column.hops
        link, key = hop.link, column.field
        if not link.relation.enforced or hop.guard is not None or link.remote != (key.name,):
            return None
        near = self.snapshot.collections[link.collection].fields[link.local[0]]
        if key.type not in _ONE_SPELLING or key.concealed or near.concealed or not _same_type(near, key):
            return None
        return ColumnRef(field=near, hops=tuple(way), guard=hop.column_guard)

    def item_guard(self, collection: str, place: tuple[str, ...]) -> Condition | None:
        """Which items of a related collection may be seen; raises where none may."""
        return scope.condition if (scope := self.collection(collection, place)[1]) is not None else None

    def hop(self, field: Field, link: Link, target: str, place: tuple[str, ...]) -> Hop:
        """The step over the relation `field`; raises FORBIDDEN where nothing of `target` may be read."""
        guard = self.item_guard(target, place)
        return Hop(link=link, target=target, guard=guard, column_guard=self.column_guard(field))


def _same_type(one: Field, other: Field) -> bool:
    if one.column is None or other.column is None:
        return False
    return one.type == other.type and one.column.data_type == other.column.data_type


def entries(given: Given) -> list[Given] | None:
    """The elements of a list, or of an object with index keys; None for anything else."""
    value = given.value
    if isinstance(value, (list, tuple)):
        return [given.at(index, item) for index, item in enumerate(value)]
    if isinstance(value, Mapping) and value and all(str(key).isdigit() for key in value):
        return [given.at(key, item) for key, item in value.items()]
    return None
