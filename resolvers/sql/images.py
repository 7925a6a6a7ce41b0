"""Whole items as they are now, for their history: the key's columns, if wanted, then the item as JSON.

All columns that lead nowhere, as an administrator would read them; the database masks secrets.
"""

from __future__ import annotations

from collections.abc import Iterable

from resolvers.conditions import ColumnRef, Condition
from resolvers.sql.conditions import builder_for, where
from resolvers.sql.dialects.base import SqlDialect
from resolvers.sql.select import operand_json
from resolvers.sql.statement import Statement, finished
from schema_gen.model import Collection, Field, SchemaSnapshot


def images(
    collection: Collection,
    fields: Iterable[Field],
    condition: Condition | None,
    snapshot: SchemaSnapshot,
    dialect: SqlDialect,
    *,
    keyed: bool,
) -> Statement:
    """A row for each item that meets the condition, of those of the `fields` that lead nowhere; without the
    key where that is known.
    """
    builder = builder_for(dialect, snapshot)
    frame = builder.frame(collection.name)
    conditions = [] if condition is None else [where(frame, condition)]
    pairs = [
        (field.name, operand_json(frame, ColumnRef(field=field), "rest"))
        for field in fields
        if not field.alias and snapshot.link(collection.name, field.name) is None
    ]
    key = [frame.column(name) for name in collection.primary_key] if keyed else []
    return finished(frame.rows(*conditions).add_columns(*key, dialect.json_object(pairs)), builder)
