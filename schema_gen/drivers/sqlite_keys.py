"""Foreign keys of SQLite that point at nothing: looked for where the database itself did not watch.

violations(connection)                     -> Counter({("articles", 7, "authors"): 1})
broken_by(connection, before)              -> INVALID_FOREIGN_KEY of articles.author, or None
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from typing import Final

from schema_gen.errors import CausewayError, invalid_foreign_key

#: (table, row number or None, the table that is pointed at)
Violation = tuple[str, int | None, str]

_TABLES: Final = (
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%REFERENCES%' ORDER BY name"
)
_CHECK: Final = 'SELECT "table", rowid, parent, fkid FROM pragma_foreign_key_check(?)'
_FIELDS: Final = 'SELECT "from" FROM pragma_foreign_key_list(?) WHERE id = ? ORDER BY seq'


def violations(connection: sqlite3.Connection) -> Counter[Violation]:
    return Counter(row[:3] for row in _rows(connection))


def broken_by(connection: sqlite3.Connection, before: Counter[Violation]) -> CausewayError | None:
    """The first key that points at nothing and did not do so `before`."""
    left = Counter(before)
    for table, rowid, parent, key in _rows(connection):
        found = (table, rowid, parent)
        if left[found]:
            left[found] -= 1
            continue
        fields = [row[0] for row in connection.execute(_FIELDS, (table, key))]
        return invalid_foreign_key(table, ", ".join(fields) or None)
    return None


def _rows(connection: sqlite3.Connection) -> list[tuple[str, int | None, str, int | None]]:
    """A key that cannot be looked up (its target is not unique) counts as one violation of its table."""
    found: list[tuple[str, int | None, str, int | None]] = []
    for (table,) in connection.execute(_TABLES).fetchall():
        try:
            found += connection.execute(_CHECK, (table,)).fetchall()
        except sqlite3.OperationalError:
            found.append((table, None, "", None))
    return found
