"""The metadata rows of a database -> plain mappings with the values their fields stand for.

Reads `directus_collections`, `directus_fields` and `directus_relations` as far as they exist: tables or
columns may be missing (no metadata at all, or a database of an earlier version). Flags come as bool, lists
(`special`, `one_allowed_collections`) as tuples of names, JSON columns as what they hold.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from schema_gen.catalog import Catalog, Source
from schema_gen.dialects.rows import RowsOf, all_of, some_of, stamps_of
from schema_gen.drivers.base import Database, DialectName, Row
from schema_gen.registry import SYSTEM

MetaRow = Mapping[str, Any]

_CSV: Final = frozenset({"one_allowed_collections", "special"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """`fields`: by collection, in the order of their ids."""

    collections: Mapping[str, MetaRow]
    fields: Mapping[str, tuple[MetaRow, ...]]
    relations: tuple[MetaRow, ...]


def _json(value: Any) -> Any:
    if not isinstance(value, (str, bytes)):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return None


def _csv(value: Any) -> tuple[str, ...]:
    if not value:
        return ()
    text = value.decode() if isinstance(value, bytes) else str(value)
    return tuple(part.strip().strip('[]"') for part in text.split(",") if part.strip().strip('[]"'))


def _flag(value: Any) -> bool | None:
    return None if value is None else bool(value)


def _readers(table: str) -> Mapping[str, Callable[[Any], Any]]:
    readers: dict[str, Callable[[Any], Any]] = {}
    for field in SYSTEM[table].columns:
        if field.name in _CSV:
            readers[field.name] = _csv
        elif field.storage == "json":
            readers[field.name] = _json
        elif field.storage == "boolean":
            readers[field.name] = _flag
    return readers


_READERS: Final[Mapping[str, Mapping[str, Callable[[Any], Any]]]] = {
    table: _readers(table) for table in ("directus_collections", "directus_fields", "directus_relations")
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Rows of one collection. `stamp`: equal for equal rows, read in the same way."""

    stamp: Hashable
    rows: tuple[MetaRow, ...]


_Groups = Mapping[str, _Group]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataReading:
    """Metadata, and the stamps of the rows that they were read from, by table and collection (relations: all
    together). Rows whose stamp comes again are the same objects.
    """

    metadata: Metadata
    groups: Mapping[str, _Groups]


async def read_metadata(database: Database, catalog: Catalog) -> Metadata:
    return (await read_metadata_again(database, database.dialect, catalog, None)).metadata


async def read_metadata_again(
    source: Source, dialect: DialectName, catalog: Catalog, before: MetadataReading | None
) -> MetadataReading:
    """`before`: an earlier reading of the same database."""
    known: Mapping[str, _Groups] = before.groups if before is not None else {}
    groups: dict[str, _Groups] = {}
    for name, by, order in (
        ("directus_collections", "collection", "collection"),
        ("directus_fields", "collection", "id"),
        ("directus_relations", None, "id"),
    ):
        table = _table(catalog, name, by, order)
        last = known.get(name, {})
        # one row for each collection or relation is read sooner than compared, one for each field is not
        many = table is not None and name == "directus_fields"
        stamps = stamps_of(table).get(dialect) if table is not None and many else None
        if table is None:
            groups[name] = {}
        elif stamps is None:
            groups[name] = _groups(table, await source.fetch(all_of(table)), last)
        else:
            groups[name] = await _changed_groups(source, table, stamps, last)
    relations = groups["directus_relations"].get("")
    return MetadataReading(
        metadata=Metadata(
            collections={name: group.rows[-1] for name, group in groups["directus_collections"].items()},
            fields={name: group.rows for name, group in groups["directus_fields"].items()},
            relations=relations.rows if relations is not None else (),
        ),
        groups=groups,
    )


def _table(catalog: Catalog, name: str, by: str | None, order: str) -> RowsOf | None:
    """None where there is no such table, or not with these columns."""
    found = catalog.tables.get(name)
    if found is None:
        return None
    known = {field.name for field in SYSTEM[name].columns}
    names = tuple(column.name for column in found.columns if column.name in known)
    if order not in names or (by is not None and by not in names):
        return None
    return RowsOf(table=name, columns=names, by=by, order=order)


def _groups(table: RowsOf, rows: list[Row], last: _Groups) -> _Groups:
    """All rows are here; they are their own stamps."""
    groups: dict[str, _Group] = {}
    for name, listed in _by_group(table, rows).items():
        stamp = (table.columns, tuple(listed))
        known = last.get(name)
        same = known is not None and known.stamp == stamp
        groups[name] = known if known is not None and same else _group(table, stamp, listed)
    return groups


async def _changed_groups(source: Source, table: RowsOf, sql: str, last: _Groups) -> _Groups:
    """Rows are read of those groups that are others than `last`. `sql`: asks for the stamps."""
    stamps = {name: (table.columns, stamp) for name, stamp in await source.fetch(sql) if name is not None}
    changed = [name for name, stamp in stamps.items() if name not in last or last[name].stamp != stamp]
    found = {name: group for name, group in last.items() if name in stamps}
    if changed:
        rows = _by_group(table, await source.fetch(some_of(table), (changed,)))
        found.update({name: _group(table, stamps.get(name), listed) for name, listed in rows.items()})
    return found


def _by_group(table: RowsOf, rows: list[Row]) -> Mapping[str, list[Row]]:
    if table.by is None:
        return {"": rows} if rows else {}
    place = table.columns.index(table.by)
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row[place] is not None:
            found.setdefault(row[place], []).append(row)
    return found


def _group(table: RowsOf, stamp: Hashable, rows: list[Row]) -> _Group:
    readers = [(name, _READERS[table.table].get(name)) for name in table.columns]
    return _Group(stamp=stamp, rows=tuple(_meaning(row, readers) for row in rows))


def _meaning(row: Row, readers: list[tuple[str, Callable[[Any], Any] | None]]) -> MetaRow:
    return {
        name: reader(value) if reader is not None else value
        for (name, reader), value in zip(readers, row, strict=True)
    }
