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

from schema_gen.catalog import Catalog
from schema_gen.drivers.base import Database
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


async def _rows(database: Database, catalog: Catalog, table: str, order: str) -> list[MetaRow]:
    found = catalog.tables.get(table)
    if found is None:
        return []
    known = {field.name for field in SYSTEM[table].columns}
    names = [column.name for column in found.columns if column.name in known]
    if order not in names:
        return []
    columns = ", ".join(f'"{name}"' for name in names)
    readers = [(name, _READERS[table].get(name)) for name in names]
    return [
        {
            name: reader(value) if reader is not None else value
            for (name, reader), value in zip(readers, row, strict=True)
        }
        for row in await database.fetch(f'SELECT {columns} FROM "{table}" ORDER BY "{order}"')
    ]


async def read_metadata(database: Database, catalog: Catalog) -> Metadata:
    fields: dict[str, list[MetaRow]] = {}
    for row in await _rows(database, catalog, "directus_fields", "id"):
        fields.setdefault(row["collection"], []).append(row)
    return Metadata(
        collections={
            row["collection"]: row
            for row in await _rows(database, catalog, "directus_collections", "collection")
        },
        fields={collection: tuple(rows) for collection, rows in fields.items()},
        relations=tuple(await _rows(database, catalog, "directus_relations", "id")),
    )
