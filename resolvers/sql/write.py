"""Text of the statements that write, and of the look-ups that come before. The only place where writes become
SQL.

    texts.insert(articles, ("title", "author"))
        -> INSERT INTO "articles" ("title", "author") VALUES ($1, $2) RETURNING "id"
    texts.update(articles, ("status",))
        -> UPDATE "articles" SET "status" = $2 WHERE "id" = ANY($1) RETURNING "id"

Names come from the snapshot and are quoted; values are always parameters. Texts depend on the collection and
the names of the columns alone, so drivers keep them prepared. Items are named by one parameter, a list of
keys; where a key has several columns, by one parameter each.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from resolvers.sql.dialects.base import SqlDialect
from schema_gen.model import Collection, Field, SchemaSnapshot

#: column types that PostgreSQL can unfold from an array, by the name that is no shorter than what they hold
_PLAIN: Final[Mapping[str, str]] = {
    "character": "bpchar",
    **{
        name: name
        for name in (
            "bigint", "boolean", "bytea", "character varying", "citext", "date", "double precision",
            "integer", "json", "jsonb", "numeric", "real", "smallint", "text", "time without time zone",
            "timestamp with time zone", "timestamp without time zone", "uuid",
        )
    },
}  # fmt: skip


Around = Callable[[Field], str | None]


class WriteTexts:
    """One for each snapshot; texts are worked out once. Collections are named, columns in the order of
    values.

    `around`: what stands around the parameter of a field, with `{}` in its place.
    """

    def __init__(self, dialect: SqlDialect, snapshot: SchemaSnapshot, around: Around) -> None:
        self._collections = snapshot.collections
        self._around = around
        self.sqlite = dialect.name == "sqlite"
        self._quote = dialect.compiler.identifier_preparer.quote_identifier
        self.insert = lru_cache(maxsize=2000)(self._insert)
        self.insert_many = lru_cache(maxsize=2000)(self._insert_many)
        self.update = lru_cache(maxsize=2000)(self._update)
        self.delete = lru_cache(maxsize=1000)(self._delete)
        self.lock = lru_cache(maxsize=2000)(self._lock)
        self.matching = lru_cache(maxsize=2000)(self._matching)

    # --- parameters -----------------------------------------------------------------------------------------

    def parameter(self, number: int) -> str:
        return f"?{number}" if self.sqlite else f"${number}"

    def value(self, collection: Collection, column: str, number: int) -> str:
        around = self._around(collection.fields[column])
        return self.parameter(number) if around is None else around.format(self.parameter(number))

    def keys(self, keys: Sequence[tuple[Any, ...]]) -> list[Any]:
        """The parameters that name items: all of them by keys of one column, or one by a longer key."""
        if len(keys[0]) > 1:
            return list(keys[0])
        flat = [key[0] for key in keys]
        return [json.dumps(flat)] if self.sqlite else [flat]

    def _table(self, collection: Collection) -> str:
        name = self._quote(collection.name)
        return f"{self._quote(collection.namespace)}.{name}" if collection.namespace else name

    def columns(self, names: Sequence[str]) -> str:
        return ", ".join(self._quote(name) for name in names)

    def _named(self, columns: tuple[str, ...]) -> str:
        """The condition on the key, whose parameters come first."""
        if len(columns) == 1:
            return self._among(columns[0], 1)
        return " AND ".join(
            f"{self._quote(name)} = {self.parameter(number)}" for number, name in enumerate(columns, 1)
        )

    def _among(self, column: str, number: int) -> str:
        parameter = self.parameter(number)
        if self.sqlite:
            return f"{self._quote(column)} IN (SELECT value FROM json_each({parameter}))"
        return f"{self._quote(column)} = ANY({parameter})"

    # --- statements -----------------------------------------------------------------------------------------

    def _insert(self, name: str, columns: tuple[str, ...], returning: tuple[str, ...], first: int = 1) -> str:
        """`first`: the number of its first parameter."""
        collection = self._collections[name]
        values = ", ".join(
            self.value(collection, column, number) for number, column in enumerate(columns, first)
        )
        rows = f"({self.columns(columns)}) {self._overriding(collection, columns)}VALUES ({values})"
        given = rows if columns else "DEFAULT VALUES"
        back = f" RETURNING {self.columns(returning)}" if returning else ""
        return f"INSERT INTO {self._table(collection)} {given}{back}"

    def _overriding(self, collection: Collection, columns: tuple[str, ...]) -> str:
        """An identity column takes a value that is given only when told to."""
        if self.sqlite:
            return ""
        own = (collection.fields[column].column for column in columns)
        return "OVERRIDING SYSTEM VALUE " if any(c is not None and c.auto_increment for c in own) else ""

    def unfolds(self, name: str, columns: tuple[str, ...]) -> bool:
        """Whether `insert_many` can take these columns as arrays."""
        collection = self._collections[name]
        fields = [collection.fields[column] for column in columns]
        return not self.sqlite and all(
            field.column is not None and field.column.data_type in _PLAIN and self._around(field) is None
            for field in fields
        )

    def _insert_many(
        self, name: str, columns: tuple[str, ...], returning: tuple[str, ...], first: int = 1
    ) -> str:
        """PostgreSQL: one array for each column; rows are made, and told, in the order of the arrays."""
        collection = self._collections[name]
        arrays = ", ".join(
            f"{self.parameter(number)}::{self._type(collection, name)}[]"
            for number, name in enumerate(columns, first)
        )
        back = f" RETURNING {self.columns(returning)}" if returning else ""
        return (
            f"INSERT INTO {self._table(collection)} ({self.columns(columns)}) "
            f"{self._overriding(collection, columns)}SELECT * FROM unnest({arrays}){back}"
        )

    def _type(self, collection: Collection, name: str) -> str:
        column = collection.fields[name].column
        if column is None or column.data_type not in _PLAIN:
            raise AssertionError(f"{collection.name}.{name} cannot be unfolded")
        return _PLAIN[column.data_type]

    def _update(self, name: str, columns: tuple[str, ...]) -> str:
        """Parameters: the key's, then one for each column. Gives the keys of the items that were there."""
        collection = self._collections[name]
        first = len(collection.primary_key) + 1
        pairs = ", ".join(
            f"{self._quote(column)} = {self.value(collection, column, number)}"
            for number, column in enumerate(columns, first)
        )
        named = self._named(collection.primary_key)
        back = self.columns(collection.primary_key)
        return f"UPDATE {self._table(collection)} SET {pairs} WHERE {named} RETURNING {back}"

    def _delete(self, name: str) -> str:
        collection = self._collections[name]
        named = self._named(collection.primary_key)
        back = self.columns(collection.primary_key)
        return f"DELETE FROM {self._table(collection)} WHERE {named} RETURNING {back}"

    def _lock(self, name: str, columns: tuple[str, ...]) -> str:
        """Those of the named items that exist, with some columns, held until the transaction ends. In the
        order of their keys, so that two writers never wait for each other.
        """
        collection = self._collections[name]
        key = self.columns(collection.primary_key)
        text = f"SELECT {key}{self._more(columns)} FROM {self._table(collection)} WHERE " + self._named(
            collection.primary_key
        )
        return text if self.sqlite else f"{text} ORDER BY {key} FOR UPDATE"

    def _matching(self, name: str, by: tuple[str, ...], columns: tuple[str, ...]) -> str:
        """Like `lock`, of the items whose columns `by` have the values given (a list for one column)."""
        collection = self._collections[name]
        key = self.columns(collection.primary_key)
        source = f"{self._table(collection)} WHERE {self._named(by)}"
        text = f"SELECT {key}{self._more(columns)} FROM {source} ORDER BY {key}"
        return text if self.sqlite else f"{text} FOR UPDATE"

    def table(self, name: str) -> str:
        return self._table(self._collections[name])

    def numbers(self, name: str) -> str:
        """PostgreSQL: as many keys as the parameter says, from the sequence that makes them."""
        collection = self._collections[name]
        table = self._table(collection).replace("'", "''")
        key = collection.primary_key[0].replace("'", "''")
        return f"SELECT nextval(pg_get_serial_sequence('{table}', '{key}')) FROM generate_series(1, $1)"

    def first(self, name: str) -> str:
        """The key of the first item."""
        collection = self._collections[name]
        key = self.columns(collection.primary_key)
        return f"SELECT {key} FROM {self._table(collection)} ORDER BY {key} LIMIT 1"

    def _more(self, columns: tuple[str, ...]) -> str:
        return f", {self.columns(columns)}" if columns else ""

    def highest_rowid(self, name: str) -> str:
        """SQLite: the highest key that there is."""
        collection = self._collections[name]
        table, key = self._table(collection), self._quote(collection.primary_key[0])
        return f"SELECT coalesce(max({key}), 0) FROM {table}"


#: PostgreSQL: a key that was given moves the sequence behind it
CATCH_UP: Final = """
SELECT setval(made.sequence, $3) FROM (SELECT pg_get_serial_sequence($1, $2)::regclass AS sequence) AS made
WHERE made.sequence IS NOT NULL AND coalesce(pg_sequence_last_value(made.sequence), 0) < $3"""
