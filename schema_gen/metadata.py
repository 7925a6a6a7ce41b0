"""The metadata rows of a database -> plain mappings with the values their fields stand for.

Reads `directus_collections`, `directus_fields` and `directus_relations` as far as they exist: tables or
columns may be missing (no metadata at all, or a database of an earlier version). Flags come as bool, lists
(`special`, `one_allowed_collections`) as tuples of names, JSON columns as what they hold.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from schema_gen.catalog import Catalog, Source
from schema_gen.drivers.base import Row
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
class MetadataReading:
    """Metadata and the rows they were read from: by table and collection (relations: all together), columns
    and values as they came, and what they mean. Groups that come again the same keep their rows.
    """

    metadata: Metadata
    groups: Mapping[str, Mapping[str, tuple[Row, tuple[Row, ...], tuple[MetaRow, ...]]]]


async def read_metadata(source: Source, catalog: Catalog) -> Metadata:
    return (await read_metadata_again(source, catalog, None)).metadata


async def read_metadata_again(
    source: Source, catalog: Catalog, before: MetadataReading | None
) -> MetadataReading:
    """`before`: an earlier reading of the same database."""
    known: Mapping[str, Any] = before.groups if before is not None else {}
    groups = {
        table: await _groups(source, catalog, table, by, order, known.get(table, {}))
        for table, by, order in (
            ("directus_collections", "collection", "collection"),
            ("directus_fields", "collection", "id"),
            ("directus_relations", None, "id"),
        )
    }
    relations = groups["directus_relations"].get("")
    return MetadataReading(
        metadata=Metadata(
            collections={name: rows[-1] for name, (_, _, rows) in groups["directus_collections"].items()},
            fields={name: rows for name, (_, _, rows) in groups["directus_fields"].items()},
            relations=relations[2] if relations is not None else (),
        ),
        groups=groups,
    )


async def _groups(
    source: Source, catalog: Catalog, table: str, by: str | None, order: str, before: Mapping[str, Any]
) -> Mapping[str, tuple[Row, tuple[Row, ...], tuple[MetaRow, ...]]]:
    found = catalog.tables.get(table)
    if found is None:
        return {}
    known = {field.name for field in SYSTEM[table].columns}
    names = tuple(column.name for column in found.columns if column.name in known)
    if order not in names or (by is not None and by not in names):
        return {}
    place = None if by is None else names.index(by)
    columns = ", ".join(f'"{name}"' for name in names)
    rows: dict[str, list[Row]] = {}
    for row in await source.fetch(f'SELECT {columns} FROM "{table}" ORDER BY "{order}"'):
        rows.setdefault("" if place is None else row[place], []).append(row)
    readers = [(name, _READERS[table].get(name)) for name in names]
    groups: dict[str, tuple[Row, tuple[Row, ...], tuple[MetaRow, ...]]] = {}
    for name, listed in rows.items():
        group = tuple(listed)
        last = before.get(name)
        if last is not None and last[:2] == (names, group):
            groups[name] = last
        else:
            groups[name] = (names, group, tuple(_meaning(row, readers) for row in group))
    return groups


def _meaning(row: Row, readers: list[tuple[str, Callable[[Any], Any] | None]]) -> MetaRow:
    return {
        name: reader(value) if reader is not None else value
        for (name, reader), value in zip(readers, row, strict=True)
    }
