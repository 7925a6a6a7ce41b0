"""SQLite's pragmas -> `Catalog`: one query per aspect through table-valued pragmas, whatever the number of
tables.

SQLite keeps declared types as they were written: `VARCHAR(255)` -> data_type "varchar", max_length 255.
Names match without regard to case; foreign keys are put into the spelling of the tables. What the pragmas
do not tell (expressions of generated columns, values that a CHECK allows) is read from the text of CREATE
TABLE.

That text, with those of the indexes, is all that a table is made from, so it is its stamp: pragmas are
asked for tables whose text has changed. Views depend on other tables and are asked for whenever anything has.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Hashable, Mapping
from typing import Final

from schema_gen.catalog import Catalog, CatalogColumn, CatalogReading, CatalogTable, ForeignKey, Source
from schema_gen.drivers.base import Row

_TABLES: Final = """
SELECT t.name, t.type, s.sql, t.ncol
FROM pragma_table_list AS t
LEFT JOIN sqlite_schema AS s ON s.name = t.name AND s.type IN ('table', 'view')
WHERE t.schema = 'main' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND t.type <> 'shadow'
ORDER BY t.name
"""

_INDEX_TEXTS: Final = (
    "SELECT tbl_name, name, sql FROM sqlite_schema WHERE type = 'index' ORDER BY tbl_name, name"
)

_COLUMNS: Final = """
SELECT t.value, c.name, c.type, c."notnull", c.dflt_value, c.pk, c.hidden
FROM json_each(?1) AS t
JOIN pragma_table_xinfo(t.value) AS c
ORDER BY t.value, c.cid
"""

_INDEXES: Final = """
SELECT t.value, l.name, l."unique", l.partial, i.name, l.origin
FROM json_each(?1) AS t
JOIN pragma_index_list(t.value) AS l
JOIN pragma_index_info(l.name) AS i
ORDER BY t.value, l.name, i.seqno
"""

_FOREIGN_KEYS: Final = """
SELECT t.value, f.id, f."from", f."table", f."to", f.on_delete, f.on_update
FROM json_each(?1) AS t
JOIN pragma_foreign_key_list(t.value) AS f
ORDER BY t.value, f.id, f.seq
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


async def read_catalog(
    source: Source, exclude: frozenset[str], before: CatalogReading | None = None
) -> CatalogReading:
    """`exclude`: names of tables to leave out without a word. `before`: the reading that this one goes on
    from.
    """
    unserved: dict[str, str] = {}
    found: dict[str, tuple[str, str]] = {}
    for name, kind, sql, columns in await source.fetch(_TABLES):
        if name in exclude:
            continue
        if kind == "virtual":
            unserved[name] = "virtual tables are not served"
        elif not columns:
            unserved[name] = "it reads from what is not there"
        else:
            found[name] = (kind, sql or "")
    indexes: dict[str, list[Row]] = defaultdict(list)
    for row in await source.fetch(_INDEX_TEXTS):
        indexes[row[0]].append(row[1:])
    stamps: dict[str, Hashable] = {
        name: (kind, sql, tuple(indexes.get(name, ()))) for name, (kind, sql) in found.items()
    }
    changed = _changed(found, stamps, before)
    tables, keys = await _read_tables(source, {name: found[name] for name in found if name in changed})
    if before is not None:
        same = [name for name in found if name not in changed]
        tables.update({name: before.catalog.tables[name] for name in same})
        keys.update({name: before.rows[name] for name in same if name in before.rows})
    ordered = {name: tables[name] for name in found if name in tables}
    return CatalogReading(
        catalog=Catalog(
            tables=ordered,
            foreign_keys=_foreign_keys([row for name in ordered for row in keys.get(name, ())], ordered),
            unserved=unserved,
        ),
        stamps=stamps,
        rows=keys,
    )


def _changed(
    found: Mapping[str, tuple[str, str]], stamps: Mapping[str, Hashable], before: CatalogReading | None
) -> frozenset[str]:
    if before is None:
        return frozenset(found)
    changed = {name for name in found if stamps[name] != before.stamps.get(name)}
    if changed or len(stamps) != len(before.stamps):
        changed.update(name for name, (kind, _) in found.items() if kind == "view")
    return frozenset(changed)


async def _read_tables(
    source: Source, wanted: Mapping[str, tuple[str, str]]
) -> tuple[dict[str, CatalogTable], dict[str, list[Row]]]:
    """The tables, and by table the rows of its foreign keys."""
    if not wanted:
        return {}, {}
    names = (json.dumps(list(wanted)),)
    columns: dict[str, list[Row]] = defaultdict(list)
    for row in await source.fetch(_COLUMNS, names):
        columns[row[0]].append(row)
    indexes: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in await source.fetch(_INDEXES, names):
        indexes[row[0]][row[1]].append(row)
    keys: dict[str, list[Row]] = defaultdict(list)
    for row in await source.fetch(_FOREIGN_KEYS, names):
        keys[row[0]].append(row)
    tables = {
        name: _table(name, kind, sql, columns[name], indexes.get(name, {}))
        for name, (kind, sql) in wanted.items()
    }
    return tables, keys


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
        if not all(one in here.values() for one in local):
            continue  # it came after the columns were read: the next reading sees both
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
