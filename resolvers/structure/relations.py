"""Changes of relations, planned against a snapshot. Pure.

    new_relation(snapshot, RelationPayload(collection="articles", field="author", related="authors",
                                           meta={"one_field": "articles"}, on_delete="SET NULL"))
        -> Change(ddl=(AddForeignKey(table="articles", column="author", target="authors", ...),),
                  rows=(RowStep(table="directus_relations", action="put", ...),))

A relation without related collection is many-to-any: a row, no foreign key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast, get_args

from resolvers.sql.ddl.shapes import AddForeignKey, DdlChange, DropForeignKey, OnDelete
from resolvers.structure.fields import is_system_field
from resolvers.structure.payloads import RelationPayload
from resolvers.structure.steps import RELATIONS, Change, RowStep
from schema_gen.errors import forbidden, forbidden_collection, invalid_payload
from schema_gen.model import Collection, Field, FieldType, Relation, SchemaSnapshot

#: what the row says of the many side and the one side comes from the relation itself
_OWN: Final = frozenset({"id", "many_collection", "many_field", "one_collection"})
#: what the database does, where nothing is said
_ON_DELETE: Final[OnDelete] = "NO ACTION"
_TEXTS: Final[frozenset[FieldType]] = frozenset({"string", "text", "hash"})
_INTEGERS: Final[frozenset[FieldType]] = frozenset({"integer", "bigInteger"})


def new_relation(snapshot: SchemaSnapshot, payload: RelationPayload) -> Change:
    """Raises INVALID_PAYLOAD for what is not there, does not fit, or is related already."""
    home = snapshot.collections.get(payload.collection)
    if home is None:
        raise invalid_payload(f'Collection "{payload.collection}" doesn\'t exist')
    field = home.fields.get(payload.field)
    if field is None or field.column is None:
        raise invalid_payload(f'Field "{payload.field}" doesn\'t exist in collection "{payload.collection}"')
    if field.name in home.primary_key and home.primary_key == (field.name,):
        raise invalid_payload(
            f'Field "{payload.field}" in collection "{payload.collection}" is a primary key'
        )
    if is_system_field(home.name, field.name):
        raise forbidden()
    if _declared(snapshot, payload.collection, payload.field):
        raise invalid_payload(
            f'Field "{payload.field}" in collection "{payload.collection}" '
            "already has an associated relationship"
        )
    target = None
    if payload.related is not None:
        target = snapshot.collections.get(payload.related)
        if target is None or target.kind == "folder":
            raise invalid_payload(f'Collection "{payload.related}" doesn\'t exist')
    elif not (payload.meta or {}).get("one_collection_field"):
        raise invalid_payload('"related_collection" is required')
    _check_meta(home, target, payload.meta or {})
    there = relation_of(snapshot, payload.collection, payload.field)
    ddl = _bound(home, field, target, payload, there) if target is not None and payload.constraint else ()
    values = _values(payload, {"one_collection": payload.related})
    where = {"many_collection": payload.collection, "many_field": payload.field}
    return Change(ddl=ddl, rows=(RowStep(table=RELATIONS, action="put", where=where, values=values),))


def changed_relation(snapshot: SchemaSnapshot, payload: RelationPayload) -> Change:
    """A relation that was only inferred gets its row."""
    home = _home(snapshot, payload.collection, payload.field)
    field = home.fields[payload.field]
    relation = relation_of(snapshot, payload.collection, payload.field)
    if relation is None:
        raise invalid_payload(
            f'Field "{payload.field}" in collection "{payload.collection}" doesn\'t have a relationship'
        )
    if home.system and relation.meta is None:
        raise forbidden()
    target = snapshot.collections.get(relation.related or "")
    _check_meta(home, target, payload.meta or {})
    ddl: tuple[DdlChange, ...] = ()
    if payload.on_delete is not None or payload.on_update is not None:
        if target is None:
            raise invalid_payload("A relation to any collection has no foreign key")
        ddl = _bound(home, field, target, payload, relation)
    values = _values(payload, {})
    if values and relation.meta is None:
        values["one_collection"] = relation.related
    where = {"many_collection": payload.collection, "many_field": payload.field}
    rows = (RowStep(table=RELATIONS, action="put", where=where, values=values),) if values else ()
    return Change(ddl=ddl, rows=rows)


def dropped_relation(snapshot: SchemaSnapshot, collection: str, name: str) -> Change:
    """The foreign key and the row; the fields stay."""
    where = {"many_collection": collection, "many_field": name}
    if any((each.collection, each.field) == (collection, name) for each in snapshot.leftovers):
        # a row whose other half is gone
        return Change(rows=(RowStep(table=RELATIONS, action="delete", where=where),))
    home = _home(snapshot, collection, name)
    relation = relation_of(snapshot, collection, name)
    if relation is None:
        raise invalid_payload(f'Field "{name}" in collection "{collection}" doesn\'t have a relationship')
    if home.system and relation.meta is None:
        raise forbidden()
    return Change(
        ddl=(DropForeignKey(table=collection, column=name),) if _is_held(home, name) else (),
        rows=(RowStep(table=RELATIONS, action="delete", where=where),),
    )


# --- parts ----------------------------------------------------------------------------------------------


def _home(snapshot: SchemaSnapshot, collection: str, name: str) -> Collection:
    home = snapshot.collections.get(collection)
    if home is None:
        raise forbidden_collection(collection)
    if name not in home.fields:
        raise invalid_payload(f'Field "{name}" doesn\'t exist in collection "{collection}"')
    return home


def relation_of(snapshot: SchemaSnapshot, collection: str, name: str) -> Relation | None:
    """The relation of a column; declared before inferred."""
    found = [r for r in snapshot.relations if (r.collection, r.field) == (collection, name)]
    return next((r for r in found if r.meta is not None), found[0] if found else None)


def _declared(snapshot: SchemaSnapshot, collection: str, name: str) -> bool:
    relation = relation_of(snapshot, collection, name)
    return relation is not None and (relation.meta is not None or collection.startswith("directus_"))


def _values(payload: RelationPayload, own: Mapping[str, Any]) -> dict[str, Any]:
    return {**{key: value for key, value in (payload.meta or {}).items() if key not in _OWN}, **own}


def _check_meta(home: Collection, target: Collection | None, meta: Mapping[str, Any]) -> None:
    """Raises INVALID_PAYLOAD for a list that would hide a column, and where no field names the collection."""
    shown = target.fields.get(meta.get("one_field") or "") if target is not None else None
    if shown is not None and (shown.column is not None or is_system_field(shown.collection, shown.name)):
        raise invalid_payload(f'Field "{shown.name}" in collection "{shown.collection}" can\'t be a list')
    name = meta.get("one_collection_field")
    if name is not None and target is None:
        naming = home.fields.get(name)
        if naming is None or naming.column is None or naming.type not in _TEXTS:
            raise invalid_payload(f'Field "{name}" in collection "{home.name}" can\'t name collections')


def _bound(
    home: Collection, field: Field, target: Collection, payload: RelationPayload, there: Relation | None
) -> tuple[DdlChange, ...]:
    """The foreign key, where it is not there yet as it is to be."""
    known = there if there is not None and there.related == target.name else None
    key = _foreign_key(home, field, target, payload, known)
    same = known is not None and (known.on_delete, known.on_update) == (key.on_delete, key.on_update)
    return () if same else (key,)


def _is_held(home: Collection, name: str) -> bool:
    column = home.fields[name].column
    return column is not None and column.foreign_table is not None


def _foreign_key(
    home: Collection, field: Field, target: Collection, payload: RelationPayload, there: Relation | None
) -> AddForeignKey:
    if home.kind != "table" or target.kind != "table":
        raise invalid_payload("Only tables can be bound by a foreign key")
    if len(target.primary_key) != 1:
        raise invalid_payload(f'The key of "{target.name}" has several columns')
    key = target.fields[target.primary_key[0]]
    if not _fits(field, key):
        raise invalid_payload(
            f'Field "{field.name}" in collection "{home.name}" has the type "{field.type}", '
            f'the key of "{target.name}" has "{key.type}"'
        )
    on_delete = payload.on_delete or _there(there.on_delete if there else None)
    if on_delete == "SET NULL" and field.column is not None and not field.column.nullable:
        raise invalid_payload(f'Field "{field.name}" can\'t be null, so "on_delete" can\'t be "SET NULL"')
    return AddForeignKey(
        table=home.name,
        column=field.name,
        target=target.name,
        target_column=key.name,
        on_delete=on_delete,
        on_update=payload.on_update or _there(there.on_update if there else None),
    )


def _there(action: str | None) -> OnDelete:
    return cast(OnDelete, action) if action in get_args(OnDelete) else _ON_DELETE


def _fits(field: Field, key: Field) -> bool:
    """Whether the values of one can be those of the other, in both databases."""
    if field.column is None or key.column is None:
        return False
    for kinds in (_INTEGERS, _TEXTS):
        if field.type in kinds and key.type in kinds:
            return True
    return field.type == key.type or field.column.data_type == key.column.data_type
