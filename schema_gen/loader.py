"""Database -> `SchemaSnapshot`: the catalog, with metadata rows, types and relations read into it.

    snapshot = await load_snapshot(database, infer_relations=True, exclude_tables=("spatial_ref_sys",))

System collections take what the registry knows of them (specials, aliases, singleton); all others what
their metadata rows say. Fields stand in the order of the columns, alias fields after them by their `sort`.
The key of a table is its primary key, else its first unique constraint without nulls; the key of a view is
the column whose metadata has the special "primary-key", else a unique one, else a column named "id".
Nothing is written.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Literal, cast

from schema_gen.catalog import Catalog, CatalogColumn, CatalogTable, ForeignKey
from schema_gen.drivers.base import Database, DialectName
from schema_gen.introspect import introspect
from schema_gen.metadata import Metadata, MetaRow, read_metadata
from schema_gen.model import Collection, Column, Field, Relation, SchemaSnapshot, Unserved
from schema_gen.registry import SYSTEM, SystemTable
from schema_gen.relations import AliasField, RelationsFound, find_relations
from schema_gen.types import ALIAS_SPECIALS, default_value, field_type

#: raised when the same database is to be read into a different snapshot than before
FORMAT: Final = 3

_NO_META: Final[MetaRow] = {}
#: what the server keeps for itself beside the tables of the protocol; served to nobody
OWN_TABLES: Final = frozenset({"causeway_idempotency", "causeway_used_codes"})
_NOT_IN_FIELD_META: Final = frozenset({"collection", "field", "special"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A collection, and all that it was made from. `digest` is equal for equal origins, in every process."""

    origin: tuple[Any, ...]
    collection: Collection
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A snapshot and what the next one may take from it."""

    snapshot: SchemaSnapshot
    pieces: Mapping[str, Piece]
    #: each with its digest
    relations: tuple[tuple[Relation, bytes], ...]


async def load_snapshot(
    database: Database,
    *,
    infer_relations: bool = True,
    exclude_tables: Iterable[str] = (),
    version: int = 1,
) -> SchemaSnapshot:
    """Reads everything in a handful of queries; what is read is put together off the event loop.

    `version`: number of the snapshot in this process. `exclude_tables`: left out without a word.
    """
    catalog = await introspect(database, exclude=frozenset(exclude_tables) | OWN_TABLES)
    metadata = await read_metadata(database, catalog)
    return await asyncio.to_thread(
        build_snapshot,
        database.dialect,
        catalog,
        metadata,
        infer_relations=infer_relations,
        version=version,
    )


def build_snapshot(
    dialect: DialectName,
    catalog: Catalog,
    metadata: Metadata,
    *,
    infer_relations: bool,
    version: int = 1,
) -> SchemaSnapshot:
    """The pure part of `load_snapshot`."""
    return build(dialect, catalog, metadata, infer_relations=infer_relations, version=version).snapshot


def build(
    dialect: DialectName,
    catalog: Catalog,
    metadata: Metadata,
    *,
    infer_relations: bool,
    version: int = 1,
    before: Built | None = None,
) -> Built:
    """`before`: what was built last; collections of the same origin, and equal relations, are the same
    objects.
    """
    unserved = dict(catalog.unserved)
    catalog = replace(catalog, tables=_served(catalog, metadata, unserved))
    declared = {name: _declared_aliases(table, metadata) for name, table in catalog.tables.items()}
    taken = {
        name: [*(column.name for column in table.columns), *(alias["field"] for alias in declared[name])]
        for name, table in catalog.tables.items()
    }
    found = find_relations(catalog, metadata.relations, taken, infer=infer_relations)
    pieces = _pieces(dialect, catalog, metadata, declared, found, before)
    for name, row in metadata.collections.items():
        if name not in pieces and name not in unserved:
            make = partial(Collection, name=name, kind="folder", fields={}, meta=row)
            pieces[name] = _piece((row,), before, name, make)
    relations = _with_digests(found.relations, before)
    left_out = (
        *(Unserved(name=name, reason=reason) for name, reason in sorted(unserved.items())),
        *found.unserved,
    )
    rest = _digest((FORMAT, dialect, found.leftovers, left_out))
    snapshot = SchemaSnapshot(
        dialect=dialect,
        collections={name: piece.collection for name, piece in pieces.items()},
        relations=tuple(relation for relation, _ in relations),
        leftovers=found.leftovers,
        version=version,
        fingerprint=_fingerprint(pieces, relations, rest),
        unserved=left_out,
    )
    return Built(snapshot=snapshot, pieces=pieces, relations=relations)


def _pieces(
    dialect: DialectName,
    catalog: Catalog,
    metadata: Metadata,
    declared: Mapping[str, tuple[MetaRow, ...]],
    found: RelationsFound,
    before: Built | None,
) -> dict[str, Piece]:
    added: dict[str, list[AliasField]] = {}
    for alias in found.aliases:
        added.setdefault(alias.collection, []).append(alias)
    keys: dict[str, list[ForeignKey]] = {}
    for key in catalog.foreign_keys:
        if len(key.columns) == 1:
            keys.setdefault(key.table, []).append(key)
    pieces: dict[str, Piece] = {}
    for name, table in catalog.tables.items():
        aliases, own = tuple(added.get(name, ())), tuple(keys.get(name, ()))
        origin = (table, metadata.collections.get(name), metadata.fields.get(name, ()), aliases, own)
        make = partial(_collection, dialect, table, metadata, declared[name], aliases, own)
        pieces[name] = _piece(origin, before, name, make)
    return pieces


def _piece(origin: tuple[Any, ...], before: Built | None, name: str, make: Callable[[], Collection]) -> Piece:
    known = before.pieces.get(name) if before is not None else None
    if known is not None and known.origin == origin:
        return known
    return Piece(origin=origin, collection=make(), digest=_digest(origin))


def _with_digests(relations: Iterable[Relation], before: Built | None) -> tuple[tuple[Relation, bytes], ...]:
    known: dict[tuple[str, str, str | None], tuple[Relation, bytes]] = {}
    if before is not None:
        known = {
            (one.collection, one.field, one.one_field): (one, digest) for one, digest in before.relations
        }
    digested: list[tuple[Relation, bytes]] = []
    for relation in relations:
        last = known.get((relation.collection, relation.field, relation.one_field))
        same = last is not None and last[0] == relation
        digested.append(last if last is not None and same else (relation, _digest(relation)))
    return tuple(digested)


def _digest(origin: object) -> bytes:
    return hashlib.blake2b(repr(origin).encode("utf-8", "backslashreplace"), digest_size=16).digest()


def _fingerprint(
    pieces: Mapping[str, Piece], relations: Iterable[tuple[Relation, bytes]], rest: bytes
) -> str:
    """Equal for equal schemas, in every process: everything the snapshot is made from."""
    digest = hashlib.blake2b(rest, digest_size=16)
    for name, piece in pieces.items():
        digest.update(name.encode("utf-8", "backslashreplace") + b"\0" + piece.digest)
    for _, one in relations:
        digest.update(one)
    return digest.hexdigest()


def _served(catalog: Catalog, metadata: Metadata, unserved: dict[str, str]) -> Mapping[str, CatalogTable]:
    """The tables that can be served, each with its key; the others go to `unserved` with the reason."""
    served: dict[str, CatalogTable] = {}
    for name, table in catalog.tables.items():
        key = _key(table, metadata.fields.get(name, ()))
        if not table.columns:
            unserved[name] = "it has no columns"
        elif not key and table.kind == "table":
            unserved[name] = "it has no primary key and no unique constraint over columns that are not null"
        else:
            served[name] = table if key == table.primary_key else replace(table, primary_key=key)
    return served


def _key(table: CatalogTable, rows: Iterable[MetaRow]) -> tuple[str, ...]:
    if table.primary_key:
        return table.primary_key
    names = {column.name: column for column in table.columns}
    if table.kind == "view":
        for row in rows:
            if "primary-key" in (row.get("special") or ()) and row["field"] in names:
                return (row["field"],)
        if table.uniques:
            return min(table.uniques, key=len)
        return ("id",) if "id" in names else ()
    whole = [unique for unique in table.uniques if not any(names[name].nullable for name in unique)]
    return min(whole, key=len) if whole else ()


def _declared_aliases(table: CatalogTable, metadata: Metadata) -> tuple[MetaRow, ...]:
    """Alias fields that registry and metadata rows name, in their order."""
    columns = {column.name for column in table.columns}
    system = SYSTEM.get(table.name)
    from_registry: list[MetaRow] = [
        {"field": field.name, "special": field.special}
        for field in (system.fields if system else ())
        if field.storage is None and field.name not in columns
    ]
    known = {row["field"] for row in from_registry}
    from_rows = [
        row
        for row in metadata.fields.get(table.name, ())
        if row["field"] not in columns | known and ALIAS_SPECIALS & set(row.get("special") or ())
    ]
    return (*from_registry, *sorted(from_rows, key=lambda row: _sort(row.get("sort"))))


def _sort(value: Any) -> tuple[bool, int]:
    return (value is None, value or 0)


def _collection(
    dialect: str,
    table: CatalogTable,
    metadata: Metadata,
    declared: tuple[MetaRow, ...],
    added: Iterable[AliasField],
    keys: Iterable[ForeignKey],
) -> Collection:
    system = SYSTEM.get(table.name)
    specials = {field.name: field.special for field in system.fields} if system else {}
    rows = {row["field"]: row for row in metadata.fields.get(table.name, ())}
    single = {columns[0] for columns in table.uniques if len(columns) == 1}
    leading = {key.columns[0]: key for key in keys}
    fields: dict[str, Field] = {}
    for column in table.columns:
        row = rows.get(column.name)
        special = specials.get(column.name) or tuple((row or _NO_META).get("special") or ())
        fields[column.name] = _field(dialect, table, column, special, row, single, leading.get(column.name))
    for alias in declared:
        fields[alias["field"]] = Field(
            collection=table.name,
            name=alias["field"],
            type="alias",
            column=None,
            special=tuple(alias["special"]),
            meta=_field_meta(rows.get(alias["field"])),
        )
    for extra in added:
        fields[extra.name] = Field(
            collection=table.name, name=extra.name, type="alias", column=None, special=extra.special
        )
    meta = metadata.collections.get(table.name)
    leftovers = {name: row for name, row in rows.items() if name not in fields}
    return replace(_with_settings(table, fields, system, meta), leftovers=leftovers)


def _field_meta(row: MetaRow | None) -> MetaRow | None:
    return None if row is None else {name: row[name] for name in row if name not in _NOT_IN_FIELD_META}


def _field(
    dialect: str,
    table: CatalogTable,
    column: CatalogColumn,
    special: tuple[str, ...],
    row: MetaRow | None,
    single: set[str],
    key: ForeignKey | None,
) -> Field:
    kind = field_type(
        dialect,
        column.data_type,
        special=special,
        max_length=column.max_length,
        enum=dialect == "postgresql" and bool(column.enum_values),
        shape=None if column.geometry is None else column.geometry.shape,
    )
    return Field(
        collection=table.name,
        name=column.name,
        type=kind,
        special=special,
        meta=_field_meta(row),
        column=Column(
            data_type=column.data_type,
            nullable=column.nullable,
            default=default_value(column.default, kind),
            has_default=column.default is not None or column.auto_increment,
            sequence=column.sequence,
            unique=column.name in single or table.primary_key == (column.name,),
            indexed=column.name in table.indexed,
            primary_key=column.name in table.primary_key,
            auto_increment=column.auto_increment,
            generated=column.generated,
            generation_expression=column.expression,
            max_length=column.max_length,
            numeric_precision=column.precision,
            numeric_scale=column.scale,
            foreign_table=key.target if key else None,
            foreign_column=key.target_columns[0] if key else None,
            comment=column.comment,
            enum_values=column.enum_values,
            geometry=column.geometry,
        ),
    )


def _with_settings(
    table: CatalogTable, fields: Mapping[str, Field], system: SystemTable | None, meta: MetaRow | None
) -> Collection:
    """The collection's own settings: the registry's for a system table, else the metadata row's."""
    row: Mapping[str, Any] = meta or _NO_META
    source: Mapping[str, Any] = (
        {
            "singleton": system.singleton,
            "sort_field": system.sort_field,
            "archive_field": system.archive_field,
            "archive_value": system.archive_value,
            "unarchive_value": system.unarchive_value,
            "accountability": system.accountability,
        }
        if system is not None
        else row
    )
    accountability = source.get("accountability", "all")
    archive = source.get("archive_app_filter")
    return Collection(
        name=table.name,
        kind=table.kind,
        fields=fields,
        primary_key=table.primary_key,
        singleton=bool(source.get("singleton")),
        sort_field=source.get("sort_field") or None,
        archive_field=source.get("archive_field") or None,
        archive_value=source.get("archive_value"),
        unarchive_value=source.get("unarchive_value"),
        archive_app_filter=archive is None or bool(archive),
        accountability=cast(
            Literal["all", "activity"] | None,
            accountability if accountability in ("all", "activity") else None,
        ),
        comment=table.comment,
        uniques=table.uniques,
        meta=meta,
        namespace=table.namespace,
        sql=table.sql,
    )
