"""What SQLite says of a table that is to be changed, as the transaction sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from resolvers.sql.ddl.names import Kind, index_names
from resolvers.sql.ddl.sqlite_text import Definition, parse
from resolvers.sql.ddl.work import Work, refused

_TABLE: Final = """
SELECT s.name, s.sql, l.wr, l.strict FROM sqlite_schema s JOIN pragma_table_list l ON l.name = s.name
WHERE s.type = 'table' AND lower(s.name) = lower(?1) AND l.schema = 'main' AND l.type = 'table'
"""
_COLUMNS: Final = (
    'SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?1) ORDER BY cid'
)
#: the names of what an index consists of; null for expressions
_INDEXES: Final = """
SELECT l.name, l."unique", l.origin, l.partial, i.name
FROM pragma_index_list(?1) l JOIN pragma_index_info(l.name) i ORDER BY l.name, i.seqno
"""
_POINTING: Final = """
SELECT s.name, f."to" FROM sqlite_schema s JOIN pragma_foreign_key_list(s.name) f
WHERE s.type = 'table' AND lower(f."table") = lower(?1)
"""
_PARTNERS: Final = """
SELECT c.type, 0 FROM pragma_foreign_key_list(?1) f JOIN pragma_table_xinfo(f."table") c
WHERE lower(f."from") = lower(?2)
  AND CASE WHEN f."to" IS NULL THEN c.pk = f.seq + 1 ELSE lower(c.name) = lower(f."to") END
UNION ALL
SELECT c.type, 1 FROM sqlite_schema s JOIN pragma_foreign_key_list(s.name) f JOIN pragma_table_xinfo(s.name) c
WHERE s.type = 'table' AND lower(f."table") = lower(?1) AND lower(c.name) = lower(f."from")
  AND (lower(f."to") = lower(?2)
       OR f."to" IS NULL AND EXISTS (SELECT 1 FROM pragma_table_xinfo(?1) k
                                     WHERE lower(k.name) = lower(?2) AND k.pk = f.seq + 1))
"""
_TAKEN: Final = "SELECT lower(name) FROM sqlite_schema"
#: names that are looked at together; as many tables would have to share theirs
_TRIED: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnFacts:
    """`declared`: the type as it was written; `key`: its place in the primary key, from 1."""

    name: str
    declared: str
    nullable: bool
    default: str | None
    key: int
    generated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexFacts:
    """`constraint`: it belongs to the text of the table. `columns`: None for an expression."""

    name: str
    unique: bool
    constraint: bool
    partial: bool
    columns: tuple[str | None, ...]

    def over(self, column: str) -> bool:
        """Complete, and over this column alone."""
        return not self.partial and [name and name.lower() for name in self.columns] == [column.lower()]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFacts:
    name: str
    definition: Definition
    without_rowid: bool
    strict: bool
    columns: tuple[ColumnFacts, ...]
    indexes: tuple[IndexFacts, ...]

    @property
    def key(self) -> tuple[str, ...]:
        keyed = sorted((column.key, column.name) for column in self.columns if column.key)
        return tuple(name for _, name in keyed)

    def find(self, name: str) -> ColumnFacts | None:
        return next((column for column in self.columns if column.name.lower() == name.lower()), None)

    def column(self, name: str) -> ColumnFacts:
        found = self.find(name)
        if found is None:
            raise refused("{} doesn't exist", self.name, name)
        return found

    def numbered(self, column: ColumnFacts) -> bool:
        """The column is the number of the row."""
        alone = self.key == (column.name,) and not self.without_rowid
        return alone and column.declared.upper() == "INTEGER"

    def unique(self, name: str) -> bool:
        """No value occurs twice in this column, as an index or the key vouches."""
        return [one.lower() for one in self.key] == [name.lower()] or any(
            index.unique and index.over(name) for index in self.indexes
        )


async def find_table(work: Work, name: str) -> TableFacts | None:
    rows = await work.ask(_TABLE, (name,))
    if not rows:
        return None
    real, sql, without_rowid, strict = rows[0]
    indexes: dict[str, list[Sequence[object]]] = {}
    for row in await work.ask(_INDEXES, (real,)):
        indexes.setdefault(row[0], []).append(row)
    return TableFacts(
        name=real,
        definition=parse(sql),
        without_rowid=bool(without_rowid),
        strict=bool(strict),
        columns=tuple(
            ColumnFacts(
                name=row[0],
                declared=row[1] or "",
                nullable=not row[2],
                default=row[3],
                key=row[4],
                generated=row[5] in (2, 3),
            )
            for row in await work.ask(_COLUMNS, (real,))
        ),
        indexes=tuple(
            IndexFacts(
                name=index,
                unique=bool(parts[0][1]),
                constraint=parts[0][2] != "c",
                partial=bool(parts[0][3]),
                columns=tuple(None if part[4] is None else str(part[4]) for part in parts),
            )
            for index, parts in indexes.items()
        ),
    )


async def table_facts(work: Work, name: str) -> TableFacts:
    found = await find_table(work, name)
    if found is None:
        raise refused("{} doesn't exist", name)
    return found


async def pointing(work: Work, table: str) -> list[tuple[str, str | None]]:
    """Foreign keys that refer to the table: (whose, the column they name; None for the key)."""
    return [(row[0], row[1]) for row in await work.ask(_POINTING, (table,))]


async def partners(work: Work, table: str, column: str) -> list[tuple[str, bool]]:
    """Declared types of what the column refers to (False) and of what refers to it (True)."""
    return [(str(row[0] or ""), bool(row[1])) for row in await work.ask(_PARTNERS, (table, column))]


async def free_name(work: Work, table: str, column: str, kind: Kind) -> str:
    """Tables and indexes share one space of names, without regard to case."""
    taken = {row[0] for row in await work.ask(_TAKEN)}
    return next(name for name in islice(index_names(table, column, kind), _TRIED) if name not in taken)
