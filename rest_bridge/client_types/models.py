"""Snapshot -> the models of its collections, as every language writes them. Pure.

    models(snapshot, ("articles",), reserved)
        -> Model(collection="articles", name="Articles", members=(
               Member(field="id", value="integer", nullable=False, ...),
               Member(field="author", value="integer", nullable=True, targets=("authors",), ...)))

A related item is its key, or the item where its collection is among the models.
"""

from __future__ import annotations

from collections.abc import Collection as Names
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from rest_bridge.component_names import class_names
from rest_bridge.openapi.values import EXACT_DIGITS, choices_of
from schema_gen.errors import invalid_payload
from schema_gen.graphql.view import Everything
from schema_gen.graphql.write_inputs import asked_fields
from schema_gen.model import Collection, Field, FieldType, Link, SchemaSnapshot
from schema_gen.mutation_names import is_written
from schema_gen.naming import NOT_GENERATED
from schema_gen.registry import SYSTEM

#: what a value is in JSON; `long...`: a text where a double cannot hold the number
Value = Literal[
    "string",
    "integer",
    "longInteger",
    "number",
    "longNumber",
    "boolean",
    "moment",
    "strings",
    "json",
    "geometry",
]

_VALUES: Final[Mapping[FieldType, Value]] = {
    "alias": "json",
    "bigInteger": "longInteger",
    "binary": "string",
    "boolean": "boolean",
    "csv": "strings",
    "date": "moment",
    "dateTime": "moment",
    "decimal": "longNumber",
    "float": "number",
    "geometry": "geometry",
    "geometry.LineString": "geometry",
    "geometry.MultiLineString": "geometry",
    "geometry.MultiPoint": "geometry",
    "geometry.MultiPolygon": "geometry",
    "geometry.Point": "geometry",
    "geometry.Polygon": "geometry",
    "hash": "string",
    "integer": "integer",
    "json": "json",
    "string": "string",
    "text": "string",
    "time": "moment",
    "timestamp": "moment",
    "unknown": "string",
    "uuid": "string",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """`value` of a list: of the keys in it. `needed`: whoever creates an item has to send it; `written`: it
    can be sent at all.
    """

    field: str
    value: Value
    choices: tuple[Any, ...] = ()
    nullable: bool = False
    many: bool = False
    #: collections behind it
    targets: tuple[str, ...] = ()
    needed: bool = False
    written: bool = True
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """`added`: a system collection, of which only the fields of the project are here; `written`: its items
    can be created and changed.
    """

    collection: str
    name: str
    singleton: bool
    added: bool
    written: bool
    members: tuple[Member, ...]
    note: str | None = None


def models(
    snapshot: SchemaSnapshot, wanted: Sequence[str], reserved: frozenset[str], *, whole: bool
) -> tuple[Model, ...]:
    """Of the collections that are `wanted`, or of all of the project where none is named, by name.

    `whole`: system collections with all their fields, in place of those that the project has added. Raises
    INVALID_PAYLOAD for a collection that is not there.
    """
    served = [home for home in snapshot.collections.values() if _is_served(home)]
    known = {home.name for home in served}
    for name in wanted:
        if name not in known:
            raise invalid_payload(f'There is no collection "{name}"')
    names = class_names(sorted(known), reserved)
    found: list[Model] = []
    for home in sorted(served, key=lambda one: one.name):
        if wanted and home.name not in wanted:
            continue
        fields = _fields(home, whole=whole)
        if home.system and (not fields or (whole and not wanted)):
            continue
        found.append(_model(home, names[home.name], fields, snapshot, added=home.system and not whole))
    return tuple(found)


def _is_served(home: Collection) -> bool:
    return home.kind != "folder" and home.name not in NOT_GENERATED


def _fields(home: Collection, *, whole: bool) -> list[Field]:
    own: Names[str] = ()
    if home.system and not whole:
        own = {field.name for field in SYSTEM[home.name].fields} if home.name in SYSTEM else ()
    return [field for field in home.fields.values() if field.name not in own]


def _model(
    home: Collection, name: str, fields: list[Field], snapshot: SchemaSnapshot, *, added: bool
) -> Model:
    asked = asked_fields(home, snapshot, Everything(snapshot))
    members = [_member(field, home, snapshot, needed=field.name in asked) for field in fields]
    note = home.meta.get("note") if home.meta else None
    return Model(
        collection=home.name,
        name=name,
        singleton=home.singleton,
        added=added,
        written=is_written(home),
        members=tuple([member for member in members if member is not None]),
        note=_sentence(note or home.comment),
    )


def _member(field: Field, home: Collection, snapshot: SchemaSnapshot, *, needed: bool) -> Member | None:
    """None for what holds no value: dividers, notices, groups."""
    link = snapshot.link(home.name, field.name)
    note = field.meta.get("note") if field.meta else None
    told = _sentence(note or (field.column.comment if field.column is not None else None))
    if link is not None and link.kind == "o2m":
        keys = _key(snapshot.collections[link.target])
        return Member(field=field.name, value=keys, many=True, targets=(link.target,), note=told)
    column = field.column
    if column is None:
        return None
    value, choices = _value(field), choices_of(field)
    if link is not None and link.kind == "m2o":
        value = _key(snapshot.collections[link.target])
    return Member(
        field=field.name,
        value=value,
        choices=choices or _collections_of(field, snapshot),
        nullable=column.nullable and field.name not in home.primary_key,
        targets=_targets(link),
        needed=needed,
        written=not column.generated,
        note=told,
    )


def _targets(link: Link | None) -> tuple[str, ...]:
    if link is None:
        return ()
    return link.allowed if link.kind == "m2a" else (link.target,)


def _collections_of(field: Field, snapshot: SchemaSnapshot) -> tuple[str, ...]:
    """The names that the field beside a many-to-any relation may hold."""
    for relation in snapshot.relations:
        if relation.collection == field.collection and relation.collection_field == field.name:
            return relation.allowed
    return ()


def _key(home: Collection) -> Value:
    if len(home.primary_key) != 1:
        return "string"
    return _value(home.fields[home.primary_key[0]])


def _value(field: Field) -> Value:
    column = field.column
    if field.concealed:
        return "string"
    if column is not None and field.type == "bigInteger" and column.auto_increment:
        return "integer"
    if column is not None and field.type == "decimal" and (column.numeric_precision or 99) <= EXACT_DIGITS:
        return "number"
    return _VALUES[field.type]


def _sentence(text: Any) -> str | None:
    """A note on one line."""
    if not isinstance(text, str) or text.startswith("$t:"):
        return None
    line = " ".join("".join([letter if letter.isprintable() else " " for letter in text]).split())
    return line or None
