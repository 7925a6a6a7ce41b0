"""Changes of fields, planned against a snapshot. Pure.

    new_field(snapshot, "articles", FieldPayload(name="mood", type="string", meta={}))
        -> Change(ddl=(AddColumn(table="articles", column=ColumnShape(name="mood", ...)),),
                  rows=(RowStep(table="directus_fields", action="put", ...),))
    dropped_field(snapshot, "articles", "author")      the column with its foreign key, its row, its relation,
                                                       the alias on the other side that showed it

System fields stay as they are; system collections take fields of their own beside them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from resolvers.sql.ddl.shapes import AddColumn, ChangeColumn, ColumnChange, DdlChange, DropColumn
from resolvers.structure.columns import changed_column, flagged, new_column
from resolvers.structure.payloads import FieldPayload
from resolvers.structure.steps import COLLECTIONS, FIELDS, RELATIONS, Change, Forget, RowStep
from schema_gen.errors import forbidden_collection, invalid_payload
from schema_gen.model import Collection, Field, Relation, SchemaSnapshot
from schema_gen.registry import SYSTEM

#: columns of a collection's row that name one of its fields
_NAMING: Final = ("archive_field", "sort_field")
#: a place in a template that shows a field
_PLACE: Final = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")


def home_of(snapshot: SchemaSnapshot, name: str) -> Collection:
    """Raises FORBIDDEN for a collection that is not there."""
    home = snapshot.collections.get(name)
    if home is None:
        raise forbidden_collection(name)
    return home


def is_system_field(collection: str, name: str) -> bool:
    system = SYSTEM.get(collection)
    return system is not None and any(field.name == name for field in system.fields)


# --- new ------------------------------------------------------------------------------------------------


def new_field(snapshot: SchemaSnapshot, collection: str, payload: FieldPayload) -> Change:
    """Raises FORBIDDEN where there is no such collection, INVALID_PAYLOAD for a name that is taken."""
    home = home_of(snapshot, collection)
    _check_free(snapshot, home, payload.name)
    ddl: tuple[DdlChange, ...] = ()
    if payload.type is None and payload.meta is None:
        raise invalid_payload('"type" is required')
    if payload.type == "unknown":
        raise invalid_payload('No column can be made of the type "unknown"')
    if payload.has_column:
        if home.kind != "table":
            raise invalid_payload(f'Collection "{collection}" has no table that could take a column')
        column = new_column(payload)
        if column.primary_key:
            raise invalid_payload(f'Collection "{collection}" already has a primary key')
        ddl = (AddColumn(table=collection, column=column),)
    place = _next_place(home, (payload.meta or {}).get("group"))
    rows: tuple[RowStep | Forget, ...] = described(snapshot, collection, payload, place)
    if ddl and payload.name in home.fields:
        # a list that was only inferred makes room: what was granted of it is not granted of the column
        rows = (Forget(collection=collection, field=payload.name), *rows)
    return Change(ddl=ddl, rows=rows)


def described(
    snapshot: SchemaSnapshot, collection: str, payload: FieldPayload, place: int
) -> tuple[RowStep, ...]:
    """The row of a new field, where it has one. `place`: its sort, where nothing else is said."""
    meta = payload.meta
    if payload.type is not None and payload.has_column:
        special = flagged(payload.type, (meta or {}).get("special") or (), snapshot.dialect)
        if special is not None:
            meta = {**(meta or {}), "special": special}
    elif meta is None:
        # nothing else says that there is such a field
        meta = {}
    if meta is None:
        return ()
    return (_row(collection, payload.name, {"sort": place, **meta}),)


def _row(collection: str, name: str, meta: Mapping[str, Any]) -> RowStep:
    """Made, or changed where there is one. Number and place of a row are not the client's to say."""
    values = {key: value for key, value in meta.items() if key not in ("id", "collection", "field")}
    return RowStep(table=FIELDS, action="put", where={"collection": collection, "field": name}, values=values)


def _check_free(snapshot: SchemaSnapshot, home: Collection, name: str) -> None:
    """An alias that was only inferred may be declared."""
    names = {field.name: field for field in home.fields.values()}
    if snapshot.dialect == "sqlite":
        names = {key.lower(): field for key, field in names.items()}
        name = name.lower()
    if name in home.leftovers:
        raise invalid_payload(f'Field "{name}" already exists in collection "{home.name}"')
    there = names.get(name)
    if there is not None and (there.column is not None or there.meta is not None or home.system):
        raise invalid_payload(f'Field "{there.name}" already exists in collection "{home.name}"')


def _next_place(home: Collection, group: Any) -> int:
    """Behind the last of its group."""
    placed = [
        row["sort"]
        for row in (*(field.meta for field in home.fields.values()), *home.leftovers.values())
        if row and row.get("sort") is not None and row.get("group") == group
    ]
    return max(placed, default=0) + 1


# --- changed --------------------------------------------------------------------------------------------


def changed_field(snapshot: SchemaSnapshot, collection: str, payload: FieldPayload) -> Change:
    """A type changes only together with `schema` (protocol). A field without row gets its row."""
    home = home_of(snapshot, collection)
    field = home.fields.get(payload.name)
    if field is None and payload.name in home.leftovers:
        return Change(rows=(_row(collection, payload.name, payload.meta),) if payload.meta else ())
    if field is None:
        raise forbidden_collection(collection)
    if is_system_field(collection, payload.name):
        _check_index_only(payload)
    ddl: tuple[DdlChange, ...] = ()
    change = changed_column(field, payload)
    if change is not None:
        if home.kind != "table":
            raise invalid_payload(f'Collection "{collection}" has no table that could be changed')
        ddl = (ChangeColumn(table=collection, name=field.name, change=change),)
    return Change(ddl=ddl, rows=_redescribed(snapshot, field, payload, change))


def _check_index_only(payload: FieldPayload) -> None:
    if payload.meta is not None or set(payload.schema or ()) != {"is_indexed"}:
        raise invalid_payload('Only "schema.is_indexed" may be modified for system fields')


def _redescribed(
    snapshot: SchemaSnapshot, field: Field, payload: FieldPayload, change: ColumnChange | None
) -> tuple[RowStep, ...]:
    meta = payload.meta
    if change is not None and change.type is not None and change.type.type != field.type:
        said = (meta or {}).get("special", field.special)
        left = [each for each in said or () if each not in _casts(field)]
        meta = {**(meta or {}), "special": flagged(change.type.type, left, snapshot.dialect) or left or None}
        if meta == {"special": None} and not field.special:
            return ()
    return (_row(field.collection, field.name, meta),) if meta else ()


def _casts(field: Field) -> frozenset[str]:
    """Specials that say which type the field had."""
    return frozenset(each for each in field.special if each.startswith("cast-") or each == field.type)


# --- dropped --------------------------------------------------------------------------------------------


def dropped_field(snapshot: SchemaSnapshot, collection: str, name: str) -> Change:
    """Raises FORBIDDEN for fields that are not there and for system fields, INVALID_PAYLOAD for the key."""
    home = home_of(snapshot, collection)
    field = home.fields.get(name)
    if field is None and name in home.leftovers:
        return without_fields(snapshot, [(collection, name)])
    if field is None or is_system_field(collection, name):
        raise forbidden_collection(collection)
    if name in home.primary_key:
        raise invalid_payload(f'Field "{name}" is the primary key of "{collection}"')
    if field.column is not None and home.kind != "table":
        raise invalid_payload(f'Collection "{collection}" has no table that could be changed')
    if field.column is None and field.meta is None:
        raise invalid_payload(f'Field "{name}" is there for a foreign key: drop that')
    return without_fields(snapshot, [(collection, name)])


def without_fields(snapshot: SchemaSnapshot, places: Sequence[tuple[str, str]]) -> Change:
    """Fields of several collections go together, and with each what shows or describes it elsewhere."""
    gone = dict.fromkeys(places)
    for collection, name in list(gone):
        gone.update(dict.fromkeys(_shown_by(snapshot, collection, name)))
    ddl: list[DdlChange] = []
    rows: list[RowStep | Forget] = []
    for collection, name in gone:
        home = snapshot.collections[collection]
        field = home.fields.get(name)
        if field is not None and field.column is not None:
            ddl.append(DropColumn(table=collection, name=name))
        rows += _undescribed(snapshot, home, name)
    return Change(ddl=tuple(ddl), rows=tuple(rows))


def _shown_by(snapshot: SchemaSnapshot, collection: str, name: str) -> list[tuple[str, str]]:
    """The alias on the other side that lists the items which lead there by this column."""
    return [
        (relation.related, relation.one_field)
        for relation in snapshot.relations
        if (relation.collection, relation.field) == (collection, name)
        and relation.related is not None
        and relation.one_field is not None
        and not is_system_field(relation.related, relation.one_field)
    ]


def _undescribed(snapshot: SchemaSnapshot, home: Collection, name: str) -> list[RowStep | Forget]:
    """Rows that name the field: its own, relations, settings of its collection, the fields grouped in it."""
    collection = home.name
    rows: list[RowStep | Forget] = []
    for relation in (*snapshot.relations, *snapshot.leftovers):
        if relation.meta is not None:
            rows += _of_relation(relation, collection, name)
    unset = _settings_without(home.meta or {}, name)
    if unset:
        rows.append(
            RowStep(table=COLLECTIONS, action="update", where={"collection": collection}, values=unset)
        )
    if any(field.meta and field.meta.get("group") == name for field in home.fields.values()):
        within = {"collection": collection, "group": name}
        rows.append(RowStep(table=FIELDS, action="update", where=within, values={"group": None}))
    rows.append(RowStep(table=FIELDS, action="delete", where={"collection": collection, "field": name}))
    rows.append(Forget(collection=collection, field=name))
    return rows


def _settings_without(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    """What changes of a collection's settings, so that none of them names the field."""
    values: dict[str, Any] = {column: None for column in _NAMING if row.get(column) == name}
    for column in ("display_template", "preview_url"):
        text = row.get(column)
        if isinstance(text, str):
            left = _PLACE.sub(lambda place: "" if place[1].partition(".")[0] == name else place[0], text)
            values |= {} if left == text else {column: left if left.strip() else None}
    copied = row.get("item_duplication_fields")
    if isinstance(copied, list):
        kept = [each for each in copied if not isinstance(each, str) or each.partition(".")[0] != name]
        values |= {} if kept == copied else {"item_duplication_fields": kept or None}
    return values


def _of_relation(relation: Relation, collection: str, name: str) -> list[RowStep]:
    where = {"many_collection": relation.collection, "many_field": relation.field}
    mine = relation.collection == collection
    if mine and name in (relation.field, relation.collection_field):
        return [RowStep(table=RELATIONS, action="delete", where=where)]
    values: dict[str, Any] = {}
    if relation.related == collection and relation.one_field == name:
        values["one_field"] = None
    if mine and relation.sort_field == name:
        values["sort_field"] = None
    if mine and relation.junction_field == name:
        values["junction_field"] = None
    return [RowStep(table=RELATIONS, action="update", where=where, values=values)] if values else []
