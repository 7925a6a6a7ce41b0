"""Rows of metadata that a schema change writes, as SQL for people to read. What is run is never this text.

row_statement(record of a new field, "sqlite")
  -> INSERT INTO "directus_fields" ("collection", "field") VALUES ('articles', 'mood')
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from resolvers.sql.ddl.rendering import literal, quoted, written
from resolvers.sql.naming import about
from resolvers.writing.history import Record
from schema_gen.drivers.base import DialectName


def row_statement(record: Record, dialect: DialectName) -> str | None:
    """None where nothing of the row changes."""
    table = quoted(dialect, record.collection.name)
    values = {name: _shown(value, dialect) for name, value in record.delta.items()}
    if record.action == "create":
        names = ", ".join(quoted(dialect, name) for name in values)
        return f"INSERT INTO {table} ({names}) VALUES ({', '.join(values.values())})"
    keys = zip(record.collection.primary_key, record.key or (), strict=True)
    where = _pairs({name: _shown(value, dialect) for name, value in keys}, dialect, " AND ")
    if record.action == "delete":
        return f"DELETE FROM {table} WHERE {where}"
    return f"UPDATE {table} SET {_pairs(values, dialect, ', ')} WHERE {where}" if values else None


def about_statements(tables: Sequence[str], collection: str, dialect: DialectName) -> list[str]:
    """What `resolvers.sql.naming.delete_about` runs."""
    name = literal(dialect, collection)
    return [" ".join(statement.replace("$1", name).split()) for statement in about(tables)]


def _pairs(values: Mapping[str, str], dialect: DialectName, between: str) -> str:
    return between.join(f"{quoted(dialect, name)} = {value}" for name, value in values.items())


def _shown(value: Any, dialect: DialectName) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, (Mapping, list, tuple)):
        value = json.dumps(value, ensure_ascii=False)
    return written(dialect, value)
