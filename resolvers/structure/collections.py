"""Changes of collections, planned against a snapshot. Pure.

    new_collection(snapshot, CollectionPayload(name="articles", schema={}, meta={}, given=...))
        -> Change(ddl=(CreateTable(name="articles", columns=(<id>,)),),
                  rows=(RowStep(table="directus_collections", action="put", ...),
                        RowStep(table="directus_fields", action="put", ...)))

Without `schema` a collection is a folder: a row, no table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from resolvers.sql.ddl.shapes import ColumnShape, CreateTable, DdlChange, DropTable
from resolvers.structure.columns import new_column
from resolvers.structure.fields import described, without_fields
from resolvers.structure.payloads import CollectionPayload, FieldPayload
from resolvers.structure.steps import COLLECTIONS, FIELDS, RELATIONS, Change, Forget, RowStep
from schema_gen.errors import forbidden, invalid_payload
from schema_gen.loader import OWN_TABLES
from schema_gen.model import Collection, SchemaSnapshot

_RESERVED: Final = "directus_"
_NOTHING: Final[Mapping[str, Any]] = {}
#: the key of a collection whose fields have none
_KEY: Final = FieldPayload(
    name="id",
    type="integer",
    schema={"is_primary_key": True, "has_auto_increment": True},
    meta={"hidden": True, "interface": "numeric", "readonly": True},
)


# --- new ------------------------------------------------------------------------------------------------


def new_collection(snapshot: SchemaSnapshot, payload: CollectionPayload) -> Change:
    """Raises INVALID_PAYLOAD for names that are taken or reserved and for fields that cannot be."""
    name = payload.name
    there = snapshot.collections.get(name)
    if name.lower().startswith(_RESERVED):
        raise invalid_payload(f'"collection" can\'t start with "{_RESERVED}"')
    if there is not None and there.meta is None and payload.schema is None and payload.meta is not None:
        # a table that nothing was said of until now
        return Change(rows=(_row(name, payload.meta),))
    _check_free(snapshot, name)
    if payload.schema is None and payload.meta is None:
        raise invalid_payload('"schema" or "meta" is required')
    if payload.schema is None:
        folder = Change(rows=(_row(name, payload.meta or _NOTHING),))
        return folder + Change(rows=_fields(snapshot, payload, _alone(payload)))
    fields = _with_key(payload.fields)
    table = CreateTable(
        name=name,
        columns=tuple(_columns(snapshot, fields)),
        comment=_comment(payload.schema),
    )
    own = () if payload.meta is None else (_row(name, payload.meta),)
    return Change(ddl=(table,), rows=(*own, *_fields(snapshot, payload, fields)))


def _row(name: str, meta: Mapping[str, Any]) -> RowStep:
    values = {key: value for key, value in meta.items() if key != "collection"}
    return RowStep(table=COLLECTIONS, action="put", where={"collection": name}, values=values)


def _check_free(snapshot: SchemaSnapshot, name: str) -> None:
    taken = {*snapshot.collections, *OWN_TABLES, *(each.name for each in snapshot.unserved)}
    # SQLite has one table for names that differ in case
    same = (each for each in taken if each == name or _folded(snapshot, each) == _folded(snapshot, name))
    found = next(same, None)
    if found is not None:
        raise invalid_payload(f'Collection "{found}" already exists')


def _folded(snapshot: SchemaSnapshot, name: str) -> str:
    return name.lower() if snapshot.dialect == "sqlite" else name


def _comment(schema: Mapping[str, Any]) -> str | None:
    comment = schema.get("comment")
    return comment if isinstance(comment, str) and comment else None


def _alone(payload: CollectionPayload) -> tuple[FieldPayload, ...]:
    """A folder has no columns."""
    for field in payload.fields:
        if field.has_column:
            raise invalid_payload(f'Field "{field.name}" needs a table: "schema" is missing')
    return payload.fields


def _with_key(fields: tuple[FieldPayload, ...]) -> tuple[FieldPayload, ...]:
    keyed = any(
        (field.schema or _NOTHING).get("is_primary_key")
        or (field.schema or _NOTHING).get("has_auto_increment")
        for field in fields
    )
    if keyed:
        return fields
    if any(field.name.lower() == _KEY.name for field in fields):
        raise invalid_payload(f'Field "{_KEY.name}" has to be the primary key')
    return (_KEY, *fields)


def _columns(snapshot: SchemaSnapshot, fields: tuple[FieldPayload, ...]) -> list[ColumnShape]:
    seen: set[str] = set()
    columns: list[ColumnShape] = []
    for field in fields:
        folded = _folded(snapshot, field.name)
        if folded in seen:
            raise invalid_payload(f'Field "{field.name}" stands there twice')
        seen.add(folded)
        if field.type is None and field.meta is None:
            raise invalid_payload(f'"type" of the field "{field.name}" is required')
        if field.type == "unknown":
            raise invalid_payload(f'No column can be made of the type "{field.type}"')
        if field.has_column:
            columns.append(new_column(field))
    numbered = [column for column in columns if column.auto_increment]
    if numbered and sum(column.primary_key for column in columns) > 1:
        raise invalid_payload(f'Field "{numbered[0].name}" is numbered: it has to be the only primary key')
    return columns


def _fields(
    snapshot: SchemaSnapshot, payload: CollectionPayload, fields: tuple[FieldPayload, ...]
) -> tuple[RowStep, ...]:
    return tuple(
        row
        for place, field in enumerate(fields, 1)
        for row in described(snapshot, payload.name, field, place)
    )


# --- changed --------------------------------------------------------------------------------------------


def changed_collection(snapshot: SchemaSnapshot, payload: CollectionPayload) -> Change:
    """What is told of it; a name without row gets one. Tables are changed through their fields."""
    meta = {key: value for key, value in (payload.meta or _NOTHING).items() if key != "collection"}
    if payload.name.startswith(_RESERVED):
        raise forbidden()
    if not meta:
        if payload.name not in snapshot.collections:
            raise forbidden()
        return Change()
    return Change(rows=(_row(payload.name, meta),))


# --- dropped --------------------------------------------------------------------------------------------


def dropped_collection(snapshot: SchemaSnapshot, name: str) -> Change:
    """The table, and in other collections the fields that lead to it or show it. Raises FORBIDDEN for what is
    not there and for system collections.
    """
    home = snapshot.collections.get(name)
    if home is None or home.system:
        raise forbidden()
    if home.kind == "view":
        raise invalid_payload(f'"{name}" is a view')
    elsewhere = without_fields(snapshot, _leading_there(snapshot, home))
    ddl: tuple[DdlChange, ...] = (DropTable(name=name),) if home.kind == "table" else ()
    rows: list[RowStep | Forget] = [
        *_no_longer_allowed(snapshot, name),
        RowStep(table=RELATIONS, action="delete", where={"many_collection": name}),
        RowStep(table=RELATIONS, action="delete", where={"one_collection": name}),
        RowStep(table=FIELDS, action="delete", where={"collection": name}),
        RowStep(table=COLLECTIONS, action="update", where={"group": name}, values={"group": None}),
        # before the row that shares and versions hang on
        Forget(collection=name),
        RowStep(table=COLLECTIONS, action="delete", where={"collection": name}),
    ]
    return replace(elsewhere, ddl=elsewhere.ddl + ddl, rows=elsewhere.rows + tuple(rows))


def _leading_there(snapshot: SchemaSnapshot, home: Collection) -> list[tuple[str, str]]:
    """(collection, field) of what goes with the collection: lists of others that show it, and fields of
    others that lead to it. Raises INVALID_PAYLOAD where the database holds one of these: their items would
    lead to nothing.
    """
    found: list[tuple[str, str]] = []
    for relation in snapshot.relations:
        many, one = (
            snapshot.collections.get(relation.collection),
            snapshot.collections.get(relation.related or ""),
        )
        if one is home and many is not None and many is not home:
            if relation.on_delete is not None:
                raise invalid_payload(
                    f'Field "{relation.field}" in collection "{many.name}" leads to "{home.name}"'
                )
            found.append((many.name, relation.field))
        shown = relation.one_field
        if many is home and one is not None and one is not home and shown is not None and shown in one.fields:
            found.append((one.name, shown))
    return found


def _no_longer_allowed(snapshot: SchemaSnapshot, name: str) -> list[RowStep]:
    """Many-to-any relations that named it among others."""
    return [
        RowStep(
            table=RELATIONS,
            action="update",
            where={"many_collection": relation.collection, "many_field": relation.field},
            values={"one_allowed_collections": [each for each in relation.allowed if each != name]},
        )
        for relation in snapshot.relations
        if name in relation.allowed and relation.collection != name
    ]
