"""Fields of the inputs that write.

    input create_articles_input {
      title: String!                            nothing fills it in
      author: create_authors_input              a new one, or one that is there by the key in the object
      author_changes: articles_author_changes   { create, update, connect, disconnect }
      tags: [create_articles_tags_input]        all that the list will hold
      tags_changes: articles_tags_changes       { create, update, delete, connect, disconnect, set }
    }
    input create_blocks_input {
      item: String                              the key; a field beside it names the collection
      item__headings: create_headings_input     both in one
    }

The update inputs are alike, with nothing required, and with the key, which says what is updated. Where the
caller may not write a related collection, its key stands for the item.
"""

from __future__ import annotations

from typing import Final, Literal

from graphql import (
    GraphQLBoolean,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLString,
)

from schema_gen.graphql.outputs import GENERATED, scalar_of
from schema_gen.graphql.source import WriteSource
from schema_gen.graphql.view import View
from schema_gen.model import Collection, Field, Link, SchemaSnapshot

InputAction = Literal["create", "update"]

#: an item of one of several collections
ANY_KEY: Final = GraphQLInputObjectType(
    "any_key_input",
    {
        "collection": GraphQLInputField(GraphQLNonNull(GraphQLString)),
        "item": GraphQLInputField(GraphQLNonNull(GraphQLID)),
    },
)
_KEY: Final = GraphQLInputField(GraphQLID)
_KEYS: Final = GraphQLInputField(GraphQLList(GraphQLNonNull(GraphQLID)))
_ANY_KEYS: Final = GraphQLInputField(GraphQLList(GraphQLNonNull(ANY_KEY)))
_FLAG: Final = GraphQLInputField(GraphQLBoolean)


def input_fields(
    collection: Collection, action: InputAction, source: WriteSource
) -> dict[str, GraphQLInputField]:
    granted = source.view.write_fields(action, collection.name)
    asked: frozenset[str] = frozenset()
    if action == "create":
        asked = asked_fields(collection, source.snapshot, source.view)
    else:
        granted = granted.union(collection.primary_key)
    fields: dict[str, GraphQLInputField] = {}
    for name, field in collection.fields.items():
        if name not in granted or (field.column is not None and field.column.generated):
            continue
        link = source.snapshot.link(collection.name, name)
        type_ = _related_type(link, action, source)
        if type_ is None and not field.alias:
            scalar = scalar_of(field, key=name in collection.primary_key)
            type_ = GraphQLNonNull(scalar) if name in asked else scalar
        if type_ is not None:
            fields[source.names.field_name(collection.name, name)] = GraphQLInputField(type_)
        if link is not None and link.kind == "m2a":
            fields.update(_branches(collection, link, action, source))
        elif link is not None:
            changes = source.changes(collection.name, name)
            if changes is not None:
                fields[source.names.changes_name(collection.name, name)] = GraphQLInputField(changes)
    return fields


def asked_fields(collection: Collection, snapshot: SchemaSnapshot, view: View) -> frozenset[str]:
    """Fields that whoever creates an item has to send. Those that a relation may fill in are not among them:
    an item that is created inside another one gets them from there.
    """
    led: set[str | None] = set()
    for relation in snapshot.relations:
        if relation.collection == collection.name:
            listed = relation.related is None or relation.one_field is not None
            led.update(name for name in relation.local if listed or name != relation.field)
            led.update((relation.field if listed else None, relation.collection_field, relation.sort_field))
    return frozenset(
        name
        for name, field in collection.fields.items()
        if name not in led and _is_needed(field, collection) and view.asked(collection.name, name)
    )


def _is_needed(field: Field, collection: Collection) -> bool:
    column = field.column
    if column is None or column.has_default or column.auto_increment:
        return False
    # SQLite lets keys be null
    needed = not column.nullable or field.name in collection.primary_key
    return needed and GENERATED.isdisjoint(field.special)


def _related_type(link: Link | None, action: InputAction, source: WriteSource) -> GraphQLInputType | None:
    if link is None or link.kind == "m2a":
        return None
    related = _related(action, link.target, source)
    return GraphQLList(related) if related is not None and link.kind == "o2m" else related


def _related(action: InputAction, target: str, source: WriteSource) -> GraphQLInputObjectType | None:
    """An updated item may be given new ones too, whatever the caller may do with those that are there."""
    found = source.write_input(action, target)
    return source.write_input("create", target) if found is None and action == "update" else found


def _branches(
    collection: Collection, link: Link, action: InputAction, source: WriteSource
) -> dict[str, GraphQLInputField]:
    """`item__headings`: an item of that collection."""
    found: dict[str, GraphQLInputField] = {}
    for name, (field, target) in source.names.branches(collection.name).items():
        related = _related(action, target, source) if field == link.field else None
        if related is not None:
            found[name] = GraphQLInputField(related)
    return found


def change_fields(link: Link, source: WriteSource) -> dict[str, GraphQLInputField]:
    """Steps that change a relation; empty where the caller may write nothing of what it leads to.

    `create`, `update` and `delete` are about the items of the list itself, the others about those on the
    other side: of a many-to-many list the far ones.
    """
    create, update = source.write_input("create", link.target), source.write_input("update", link.target)
    many = link.kind == "o2m"
    fields: dict[str, GraphQLInputField] = {}
    for name, type_ in (("create", create), ("update", update)):
        if type_ is not None:
            fields[name] = GraphQLInputField(GraphQLList(GraphQLNonNull(type_)) if many else type_)
    if not fields and not (many and source.view.writable("delete", link.target)):
        return {}
    if not many:
        return {**fields, "connect": _KEY, "disconnect": _FLAG}
    far = source.snapshot.link(link.target, link.junction_field) if link.junction_field else None
    keys = _ANY_KEYS if far is not None and far.kind == "m2a" else _KEYS
    return {**fields, "delete": _KEYS, "connect": keys, "disconnect": keys, "set": keys}
