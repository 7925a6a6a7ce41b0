"""Text of the statements that keep history: rows of activity, and of revisions that belong to them.

PostgreSQL keeps both, and reads the answer of the request, on one way:

    WITH "#activity" AS (INSERT INTO "directus_activity" (...) VALUES ($2, ...) RETURNING "id"),
    "#revision" AS (INSERT INTO "directus_revisions" (...) VALUES ((SELECT "id" FROM "#activity"), $9, ...))
    SELECT (SELECT ... WHERE "id" = ANY($1))

SQLite has a statement for each, which go to its thread together.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import count
from typing import Final

from resolvers.sql.write import WriteTexts
from schema_gen.model import SchemaSnapshot

ACTIVITY: Final = "directus_activity"
REVISIONS: Final = "directus_revisions"
#: what comes first in the rows of each; `data` of a changed item is read from the item
LINE: Final = ("action", "collection", "item")
REVISION: Final = ("activity", "collection", "item", "data", "delta", "parent")

_KEY: Final = ("id",)
_NOTHING: Final = "SELECT CAST(NULL AS json)"
#: what is quoted, or a parameter
_QUOTED: Final = r"""("(?:[^"]|"")*"|'(?:[^']|'')*')"""
_PARAMETERS: Final = {
    True: re.compile(rf"{_QUOTED}|\?(\d*)"),
    False: re.compile(rf"{_QUOTED}|\$(\d+)"),
}


def shifted(text: str, by: int, *, sqlite: bool) -> str:
    """`text` with higher numbers of parameters; those of SQLite that have none are numbered in their order.

    >>> shifted('SELECT $1, "a$1" ? $2', 3, sqlite=False)
    'SELECT $4, "a$1" ? $5'
    >>> shifted("SELECT ?, '?', ?", 3, sqlite=True)
    "SELECT ?4, '?', ?5"
    """
    sign, places = "?" if sqlite else "$", count(1)

    def moved(found: re.Match[str]) -> str:
        return found[1] or f"{sign}{int(found[2] or next(places)) + by}"

    return _PARAMETERS[sqlite].sub(moved, text)


class HistoryTexts:
    """One for each snapshot; texts are worked out once. `activity`: the columns of its rows."""

    def __init__(self, texts: WriteTexts, snapshot: SchemaSnapshot) -> None:
        self._texts = texts
        self._snapshot = snapshot
        self.sqlite = texts.sqlite
        self.one = lru_cache(maxsize=1000)(self._one)
        self.many = lru_cache(maxsize=1000)(self._many)
        self.revision = lru_cache(maxsize=1000)(self._revision)

    def activity(self, columns: tuple[str, ...], *, numbered: bool = False) -> str:
        return self._texts.insert(ACTIVITY, (*_KEY, *columns) if numbered else columns, ())

    def revisions(self) -> str:
        """An insert of a row with its number."""
        return self._texts.insert(REVISIONS, (*_KEY, *REVISION), ())

    def _revision(self, image: str | None, first: int = 1, activity: str = "last_insert_rowid()") -> str:
        """An insert of a row that belongs to the activity before it. Parameters: all of `REVISION` but that,
        then those of the image.
        """
        collection = self._snapshot.collections[REVISIONS]
        values = [activity]
        for number, name in enumerate(REVISION[1:], first):
            value = self._texts.value(collection, name, number)
            if name == "data" and image is not None:
                inner = shifted(image, first + len(REVISION) - 2, sqlite=self.sqlite)
                value = f"coalesce(({inner}), {value})"
            values.append(value)
        into = f"{self._texts.table(REVISIONS)} ({self._texts.columns(REVISION)})"
        return f"INSERT INTO {into} VALUES ({', '.join(values)})"

    def _one(
        self, columns: tuple[str, ...], revised: bool, image: str | None, answer: str | None, taken: int
    ) -> str:
        """PostgreSQL. Parameters: `taken` of the answer, those of the activity, those of the revision."""
        first = taken + 1
        parts = [f'"#activity" AS ({self._texts.insert(ACTIVITY, columns, _KEY, first)})']
        if revised:
            made = self._revision(image, first + len(columns), '(SELECT "id" FROM "#activity")')
            parts.append(f'"#revision" AS ({made})')
        return f"WITH {', '.join(parts)} SELECT ({answer or _NOTHING})"

    def unfolds(self, columns: tuple[str, ...]) -> bool:
        return self._texts.unfolds(ACTIVITY, (*_KEY, *columns)) and self._texts.unfolds(
            REVISIONS, (*_KEY, *REVISION)
        )

    def _many(self, columns: tuple[str, ...], answer: str | None, taken: int) -> str:
        """PostgreSQL. Parameters: `taken` of the answer, then an array for each column, numbers first."""
        first = taken + 1
        activity = self._texts.insert_many(ACTIVITY, (*_KEY, *columns), (), first)
        revision = self._texts.insert_many(REVISIONS, (*_KEY, *REVISION), (), first + len(columns) + 1)
        return f'WITH "#activity" AS ({activity}), "#revision" AS ({revision}) SELECT ({answer or _NOTHING})'

    def numbers(self) -> str:
        """PostgreSQL: as many numbers as the parameters say, of activities and of revisions, as arrays.
        SQLite: the highest of both.
        """
        if self.sqlite:
            return f"SELECT ({self._texts.highest_rowid(ACTIVITY)}), ({self._texts.highest_rowid(REVISIONS)})"
        activity, revisions = self._texts.numbers(ACTIVITY), self._texts.numbers(REVISIONS)
        return f"SELECT ARRAY({activity}), ARRAY({shifted(revisions, 1, sqlite=False)})"
