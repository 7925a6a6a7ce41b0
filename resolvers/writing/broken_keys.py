"""Facts that a database keeps to itself when it refuses a row, found out from the row.

SQLite names the columns of a unique constraint but not the value, and nothing at all of a broken foreign key.
Its transaction goes on after a refused statement, so the row can be compared with what is there. PostgreSQL
tells everything itself, values as text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from resolvers.sql.write import WriteTexts
from schema_gen.database import Transaction
from schema_gen.errors import CausewayError, invalid_foreign_key, record_not_unique
from schema_gen.model import Collection, Link, SchemaSnapshot

Rows = Sequence[tuple[Any, ...]]


async def told_of(
    error: CausewayError,
    transaction: Transaction,
    snapshot: SchemaSnapshot,
    texts: WriteTexts,
    collection: Collection,
    names: tuple[str, ...],
    rows: Rows,
) -> CausewayError:
    """The refusal with collection, field and value, as far as they can be known."""
    if error.code == "RECORD_NOT_UNIQUE":
        return await _not_unique(error, transaction, texts, collection, names, rows)
    if error.code == "INVALID_FOREIGN_KEY" and texts.sqlite:
        return await _foreign_key(error, transaction, snapshot, texts, collection, names, rows)
    if error.code == "INVALID_FOREIGN_KEY":
        field, value = error.extensions.get("field"), error.extensions.get("value")
        return invalid_foreign_key(collection.name, field, _as_sent(value, field, names, rows))
    return error


def _as_sent(value: Any, field: Any, names: tuple[str, ...], rows: Rows) -> Any:
    """PostgreSQL tells a value as text: a number that was sent is a number."""
    if field not in names:
        return value
    place = names.index(field)
    return next((row[place] for row in rows if str(row[place]) == value), value)


async def _not_unique(
    error: CausewayError,
    transaction: Transaction,
    texts: WriteTexts,
    collection: Collection,
    names: tuple[str, ...],
    rows: Rows,
) -> CausewayError:
    field = error.extensions.get("field")
    by = tuple(str(field).split(", ")) if field else ()
    if not by or not set(by) <= set(names):
        return error
    places = [names.index(name) for name in by]
    seen: set[tuple[Any, ...]] = set()
    for row in rows:
        values = tuple(row[place] for place in places)
        found = len(rows) == 1 or values in seen
        if not found and texts.sqlite:
            text = texts.matching(collection.name, by, ())
            found = bool(await transaction.fetch(text, texts.keys([values])))
        seen.add(values)
        if found:
            value = values[0] if len(values) == 1 else ", ".join(str(part) for part in values)
            shown = None if collection.fields[by[0]].concealed else value
            return record_not_unique(collection.name, field, shown)
    if len(by) > 1 or error.extensions.get("value") is None:
        return error
    shown = (
        None
        if collection.fields[by[0]].concealed
        else _as_sent(error.extensions["value"], by[0], names, rows)
    )
    return record_not_unique(collection.name, field, shown)


async def _foreign_key(
    error: CausewayError,
    transaction: Transaction,
    snapshot: SchemaSnapshot,
    texts: WriteTexts,
    collection: Collection,
    names: tuple[str, ...],
    rows: Rows,
) -> CausewayError:
    for link in _references(collection, snapshot):
        if not set(link.local) <= set(names):
            continue
        places = [names.index(name) for name in link.local]
        wanted = {tuple(row[place] for place in places) for row in rows}
        for values in wanted:
            if None in values:
                continue
            text = texts.matching(link.target, link.remote, ())
            if not await transaction.fetch(text, texts.keys([values])):
                value = values[0] if len(values) == 1 else ", ".join(str(part) for part in values)
                return invalid_foreign_key(collection.name, ", ".join(link.local), value)
    return error


def _references(collection: Collection, snapshot: SchemaSnapshot) -> list[Link]:
    links = (snapshot.link(collection.name, name) for name in collection.fields)
    return [link for link in links if link is not None and link.kind == "m2o"]
