"""SQL for the rows of a table in groups, and for whether groups have changed.

    fields = RowsOf(table="directus_fields", columns=("id", "collection"), by="collection", order="id")
    stamps_of(fields)["postgresql"]
    -> SELECT "collection", md5(string_agg(CAST(ROW("id", "collection") AS text), ...)) FROM ... GROUP BY 1

PostgreSQL works on ten thousand rows in a few milliseconds and sends a line for each group; SQLite takes
longer to put such a text together than to hand out the rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from schema_gen.drivers.base import DialectName


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsOf:
    """Columns of a table of the registry, its rows grouped `by` one of them (None: all together)."""

    table: str
    columns: tuple[str, ...]
    by: str | None
    order: str

    @property
    def selected(self) -> str:
        return ", ".join(f'"{name}"' for name in self.columns)


def all_of(rows: RowsOf) -> str:
    return f'SELECT {rows.selected} FROM "{rows.table}" ORDER BY "{rows.order}"'


def some_of(rows: RowsOf) -> str:
    """The rows of the groups that the one parameter lists."""
    return f'SELECT {rows.selected} FROM "{rows.table}" WHERE "{rows.by}" = ANY ($1) ORDER BY "{rows.order}"'


def stamps_of(rows: RowsOf) -> Mapping[DialectName, str]:
    """(group, text that is equal for equal rows) of every group, for databases where that is worth while."""
    told = f"md5(string_agg(CAST(ROW({rows.selected}) AS text), ',' ORDER BY \"{rows.order}\"))"
    return {"postgresql": f'SELECT "{rows.by}", {told} FROM "{rows.table}" GROUP BY 1'}
