"""SQLite's pragmas -> `Catalog`: one query per aspect through table-valued pragmas, whatever the number of
tables.

SQLite keeps declared types as they were written: `VARCHAR(255)` -> data_type "varchar", max_length 255.
Names match without regard to case; foreign keys are put into the spelling of the tables. What the pragmas
do not tell (expressions of generated columns, values that a CHECK allows) is read from the text of CREATE
TABLE.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from schema_gen.catalog import Catalog, CatalogColumn, CatalogTable, ForeignKey
from schema_gen.drivers.base import Database, Row

_TABLES: Final = """
SELECT t.name, t.type, s.sql
FROM pragma_table_list AS t
LEFT JOIN sqlite_schema AS s ON s.name = t.name AND s.type IN ('table', 'view')
WHERE t.schema = 'main' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND t.type <> 'shadow'
ORDER BY t.name
"""

_COLUMNS: Final = """
SELECT t.name, c.name, c.type, c."notnull", c.dflt_value, c.pk, c.hidden
FROM pragma_table_list AS t
JOIN pragma_table_xinfo(t.name) AS c
WHERE t.schema = 'main' AND t.type IN ('table', 'view') AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
ORDER BY t.name, c.cid
"""

_INDEXES: Final = """
SELECT t.name, l.name, l."unique", l.partial, i.name, l.origin
FROM pragma_table_list AS t
JOIN pragma_index_list(t.name) AS l
JOIN pragma_index_info(l.name) AS i
WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
ORDER BY t.name, l.name, i.seqno
"""

_FOREIGN_KEYS: Final = """
SELECT t.name, f.id, f."from", f."table", f."to", f.on_delete, f.on_update
FROM pragma_table_list AS t
JOIN pragma_foreign_key_list(t.name) AS f
WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
ORDER BY t.name, f.id, f.seq
"""

_DECLARED: Final = re.compile(r"^\s*(?P<name>[^(]*?)\s*(?:\(\s*(?P<a>\d+)\s*(?:,\s*(?P<b>\d+)\s*)?\))?\s*$")
_NUMERIC: Final = frozenset({"decimal", "numeric", "float", "double", "real"})
_CHECK_IN: Final = re.compile(
    r"""CHECK\s*\(\s*[`"\[]?(\w+)[`"\]]?\s+IN\s*\(((?:\s*'(?:[^']|'')*'\s*,?)+)\)\s*\)""", re.IGNORECASE
)
_LITERAL: Final = re.compile(r"'((?:[^']|'')*)'")
_GENERATED: Final = re.compile(
    r"""[`"\[]?(\w+)[`"\]]?\s+[^,()]*(?:\([^)]*\))?[^,()]*?(?:GENERATED\s+ALWAYS\s+)?\bAS\s*\(""",
    re.IGNORECASE,
)


async def read_catalog(database: Database, exclude: frozenset[str]) -> Catalog:
    """`exclude`: names of tables to leave out without a word."""
    unserved: dict[str, str] = {}
    found: dict[str, tuple[str, str]] = {}
    for name, kind, sql in await database.fetch(_TABLES):
        if name in exclude:
            continue
        if kind == "virtual":
            unserved[name] = "virtual tables are not served"
            continue
        found[name] = (kind, sql or "")
    columns: dict[str, list[Row]] = defaultdict(list)
    for row in await database.fetch(_COLUMNS):
        columns[row[0]].append(row)
    indexes: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in await database.fetch(_INDEXES):
        indexes[row[0]][row[1]].append(row)
    tables = {
        name: _table(name, kind, sql, columns[name], indexes.get(name, {}))
        for name, (kind, sql) in found.items()
    }
    keys = _foreign_keys(await database.fetch(_FOREIGN_KEYS), tables)
    return Catalog(tables=tables, foreign_keys=keys, unserved=unserved)


def _table(name: str, kind: str, sql: str, rows: list[Row], indexes: Mapping[str, list[Row]]) -> CatalogTable:
    primary = tuple(row[1] for row in sorted((row for row in rows if row[5]), key=lambda row: row[5]))
    upper = sql.upper()
    enums = _enum_values(sql) if "CHECK" in upper else {}
    expressions = _expressions(sql) if any(row[6] in (2, 3) for row in rows) else {}
    whole = [
        rows_ for rows_ in indexes.values() if not rows_[0][3] and all(row[4] is not None for row in rows_)
    ]
    return CatalogTable(
        name=name,
        kind="view" if kind == "view" else "table",
        columns=tuple(_column(row, primary, enums, expressions) for row in rows if row[6] != 1),
        primary_key=primary,
        uniques=tuple(
            dict.fromkeys(tuple(row[4] for row in one) for one in whole if one[0][2] and one[0][5] != "pk")
        ),
        indexed=tuple(
            sorted({one[0][4] for one in indexes.values() if not one[0][2] and one[0][4] is not None})
        ),
        sql=sql or None,
    )


def _column(
    row: Row, primary: tuple[str, ...], enums: Mapping[str, tuple[str, ...]], expressions: Mapping[str, str]
) -> CatalogColumn:
    _, name, declared, required, default, _, hidden = row
    data_type, first, second = declared_type(declared or "")
    numeric = data_type in _NUMERIC
    rowid = primary == (name,) and data_type == "integer"
    return CatalogColumn(
        name=name,
        data_type=data_type,
        nullable=not required and not rowid,
        default=None if default is None or default.lower() == "null" else default,
        max_length=None if numeric else first,
        precision=first if numeric else None,
        scale=(second or 0) if numeric and first is not None else None,
        auto_increment=rowid,
        generated=hidden in (2, 3),
        expression=expressions.get(name),
        enum_values=enums.get(name, ()),
    )


def declared_type(declared: str) -> tuple[str, int | None, int | None]:
    """`NUMERIC(10, 2)` -> ("numeric", 10, 2)."""
    found = _DECLARED.match(declared.lower())
    if found is None:
        return declared.lower().partition("(")[0].strip(), None, None
    first, second = found["a"], found["b"]
    name = " ".join(found["name"].split()).removesuffix(" generated always")
    return name, int(first) if first else None, int(second) if second else None


def _enum_values(sql: str) -> Mapping[str, tuple[str, ...]]:
    return {
        found[1]: tuple(value.replace("''", "'") for value in _LITERAL.findall(found[2]))
        for found in _CHECK_IN.finditer(sql)
    }


def _expressions(sql: str) -> Mapping[str, str]:
    """Generated columns: name -> the expression between the parentheses of AS."""
    expressions: dict[str, str] = {}
    for found in _GENERATED.finditer(sql):
        depth, end = 1, found.end()
        while end < len(sql) and depth:
            depth += {"(": 1, ")": -1}.get(sql[end], 0)
            end += 1
        expressions[found[1]] = sql[found.end() : end - 1].strip()
    return expressions


def _foreign_keys(rows: list[Row], tables: Mapping[str, CatalogTable]) -> tuple[ForeignKey, ...]:
    spelling = {name.lower(): name for name in tables}
    grouped: dict[tuple[str, int], list[Row]] = defaultdict(list)
    for row in rows:
        if row[0] in tables and row[3].lower() in spelling:
            grouped[row[0], row[1]].append(row)
    keys: list[ForeignKey] = []
    for (name, _), parts in grouped.items():
        source, target = tables[name], tables[spelling[parts[0][3].lower()]]
        here = {column.name.lower(): column.name for column in source.columns}
        there = {column.name.lower(): column.name for column in target.columns}
        to = [part[4] for part in parts]
        remote: tuple[str, ...] = (
            target.primary_key if None in to else tuple(there.get(str(one).lower(), str(one)) for one in to)
        )
        local = tuple(here.get(str(part[2]).lower(), str(part[2])) for part in parts)
        if len(remote) != len(local) or not all(one in there.values() for one in remote):
            continue
        keys.append(
            ForeignKey(
                table=name,
                columns=local,
                target=target.name,
                target_columns=remote,
                on_delete=parts[0][5],
                on_update=parts[0][6],
            )
        )
    return tuple(keys)
