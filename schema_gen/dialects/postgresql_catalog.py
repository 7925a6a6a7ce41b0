"""PostgreSQL's catalogs -> `Catalog`, in five set-based queries whatever the number of tables.

Tables, views, materialized views, foreign tables and partitioned tables of the schemas in the search path;
where two schemas hold the same name, the earlier one is served. Types of domains are those of their base
types.

The stamp of a table is made of the transactions that wrote its rows in the catalogs (`xmin`): what a change
touches is written anew. Columns and keys are asked for where the stamp is another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping
from typing import Final, NamedTuple

from schema_gen.catalog import Catalog, CatalogColumn, CatalogReading, CatalogTable, ForeignKey, Source
from schema_gen.dialects.postgis import TYPES as SPATIAL
from schema_gen.dialects.postgis import geometry_facts
from schema_gen.drivers.base import Row

_RELATIONS: Final = """
SELECT c.oid::int8, n.nspname::text, c.relname::text, c.relkind::text, obj_description(c.oid, 'pg_class'),
       (SELECT md5(string_agg(part, ' ')) FROM (
          SELECT c.xmin::text
          UNION ALL SELECT concat(a.attnum, 'a', a.xmin) FROM pg_attribute a
                    WHERE a.attrelid = c.oid AND a.attnum > 0
          UNION ALL SELECT concat(d.adnum, 'd', d.xmin) FROM pg_attrdef d WHERE d.adrelid = c.oid
          UNION ALL SELECT concat(i.indexrelid, 'i', i.xmin, 'x', x.xmin) FROM pg_index i
                    JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = c.oid
          UNION ALL SELECT concat(f.oid, 'f', f.xmin) FROM pg_constraint f WHERE f.conrelid = c.oid
          UNION ALL SELECT concat(m.objsubid, 'm', m.xmin) FROM pg_description m
                    WHERE m.classoid = 'pg_class'::regclass AND m.objoid = c.oid) AS parts (part))
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND NOT c.relispartition
  AND n.nspname = ANY (current_schemas(false))
  AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                  AND d.deptype = 'e')
ORDER BY array_position(current_schemas(false), n.nspname), c.relname
"""

_COLUMNS: Final = """
SELECT a.attrelid::int8, a.attname::text,
       format_type(coalesce(nullif(t.typbasetype, 0), a.atttypid), NULL),
       a.attnotnull OR t.typnotnull,
       CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
       CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END,
       a.attidentity::text, a.attgenerated::text,
       CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END,
       col_description(a.attrelid, a.attnum),
       a.attnum::int4,
       coalesce(nullif(t.typbasetype, 0), a.atttypid)::int8
FROM pg_attribute a
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid = ANY ($1::oid[])
ORDER BY a.attrelid, a.attnum
"""

_KEYS: Final = """
SELECT 'f'::text, f.conrelid::int8, f.conkey::int4[], f.conname::text, f.confrelid::int8, f.confkey::int4[],
       f.confdeltype::text, f.confupdtype::text, f.convalidated
FROM pg_constraint f
WHERE f.contype = 'f' AND f.conrelid = ANY ($1::oid[])
UNION ALL
SELECT CASE WHEN i.indisprimary THEN 'p'
            WHEN i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indisvalid THEN 'u'
            ELSE 'i' END,
       i.indrelid::int8, (i.indkey::int2[]::int4[])[0:i.indnkeyatts - 1], x.relname::text, 0, NULL, '', '',
       false
FROM pg_index i
JOIN pg_class x ON x.oid = i.indexrelid
WHERE i.indrelid = ANY ($1::oid[])
ORDER BY 2, 1, 4
"""

_ENUMS: Final = """
SELECT e.enumtypid::int8, array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_enum e GROUP BY 1
"""

#: what columns get from the domains that they are of
_DOMAINS: Final = (
    "SELECT coalesce(string_agg(concat(oid, ' ', xmin), ','), '') FROM pg_type WHERE typtype = 'd'"
)

_ACTIONS: Final[Mapping[str, str]] = {
    "a": "NO ACTION",
    "c": "CASCADE",
    "d": "SET DEFAULT",
    "n": "SET NULL",
    "r": "RESTRICT",
}

#: type -> (precision, scale) as information_schema gives them
_PRECISIONS: Final[Mapping[str, tuple[int, int | None]]] = {
    "bigint": (64, 0),
    "double precision": (53, None),
    "integer": (32, 0),
    "real": (24, None),
    "smallint": (16, 0),
}
_SIZED: Final = frozenset({"character varying", "character"})
_BITS: Final = frozenset({"bit", "bit varying"})


class _Rows(NamedTuple):
    """Of one table: number of each column -> its name, and the rows of its foreign keys."""

    numbers: Mapping[int, str]
    keys: tuple[Row, ...]


async def read_catalog(
    source: Source, exclude: frozenset[str], before: CatalogReading | None = None
) -> CatalogReading:
    """`exclude`: names of tables to leave out without a word. `before`: the reading that this one goes on
    from.
    """
    enums = {oid: tuple(labels) for oid, labels in await source.fetch(_ENUMS)}
    # what the types of columns may be made of is part of the stamp of each table
    types = (await source.fetch(_DOMAINS))[0][0], tuple(sorted(enums.items()))
    relations: dict[str, Row] = {}
    unserved: dict[str, str] = {}
    for relation in await source.fetch(_RELATIONS):
        namespace, name = relation[1:3]
        if name in exclude:
            continue
        if name in relations:
            first = relations[name][1]
            unserved[f"{namespace}.{name}"] = f'the schema "{first}" holds a table of the same name'
            continue
        relations[name] = relation
    stamps: dict[str, Hashable] = {name: (relation, types) for name, relation in relations.items()}
    known = before.stamps if before is not None else {}
    changed = {name: relation for name, relation in relations.items() if stamps[name] != known.get(name)}
    tables, rows = await _read_tables(source, changed, enums)
    if before is not None:
        for name in relations:
            if name not in changed:
                tables[name], rows[name] = before.catalog.tables[name], before.rows[name]
    return CatalogReading(
        catalog=Catalog(
            tables={name: tables[name] for name in relations},
            foreign_keys=_foreign_keys({row[0]: name for name, row in relations.items()}, rows),
            unserved=unserved,
        ),
        stamps=stamps,
        rows=rows,
    )


async def _read_tables(
    source: Source, wanted: Mapping[str, Row], enums: Mapping[int, tuple[str, ...]]
) -> tuple[dict[str, CatalogTable], dict[str, _Rows]]:
    if not wanted:
        return {}, {}
    oids = ([relation[0] for relation in wanted.values()],)
    columns: dict[int, list[CatalogColumn]] = defaultdict(list)
    numbers: dict[int, dict[int, str]] = defaultdict(dict)
    for row in await source.fetch(_COLUMNS, oids):
        columns[row[0]].append(_column(row, enums))
        numbers[row[0]][row[10]] = row[1]
    keys: dict[int, list[Row]] = defaultdict(list)
    for row in await source.fetch(_KEYS, oids):
        keys[row[1]].append(row)
    tables: dict[str, CatalogTable] = {}
    rows: dict[str, _Rows] = {}
    for name, relation in wanted.items():
        oid = relation[0]
        indexes = [row for row in keys[oid] if row[0] != "f"]
        tables[name] = _table(relation, columns[oid], numbers[oid], indexes)
        rows[name] = _Rows(numbers[oid], tuple(row for row in keys[oid] if row[0] == "f"))
    return tables, rows


def _foreign_keys(names: Mapping[int, str], rows: Mapping[str, _Rows]) -> tuple[ForeignKey, ...]:
    keys: list[ForeignKey] = []
    for _, name in sorted(names.items()):
        here = rows[name].numbers
        for _, _, local, constraint, target, remote, on_delete, on_update, enforced in rows[name].keys:
            there = rows[names[target]].numbers if target in names else {}
            # a key that came after the columns were read is seen by the next reading
            if not (here.keys() >= set(local) and there.keys() >= set(remote)):
                continue
            keys.append(
                ForeignKey(
                    table=name,
                    columns=tuple(here[number] for number in local),
                    target=names[target],
                    target_columns=tuple(there[number] for number in remote),
                    constraint=constraint,
                    on_delete=_ACTIONS.get(on_delete),
                    on_update=_ACTIONS.get(on_update),
                    enforced=enforced,
                )
            )
    return tuple(keys)


def _column(row: Row, enums: Mapping[int, tuple[str, ...]]) -> CatalogColumn:
    (
        _,
        name,
        data_type,
        required,
        default,
        modifier,
        identity,
        generated,
        expression,
        comment,
        _,
        type_oid,
    ) = row
    length = modifier - 4 if data_type in _SIZED and modifier >= 4 else None
    if data_type in _BITS and modifier > 0:
        length = modifier
    precision, scale = _PRECISIONS.get(data_type, (None, None))
    if data_type == "numeric" and modifier >= 4:
        precision, scale = (modifier - 4) >> 16 & 0xFFFF, (modifier - 4) & 0x7FF
    serial = default is not None and default.startswith("nextval(")
    return CatalogColumn(
        name=name,
        data_type=data_type,
        nullable=not required,
        default=None if serial else default,
        max_length=length,
        precision=precision,
        scale=scale,
        auto_increment=bool(identity) or serial,
        generated=bool(generated),
        expression=expression,
        comment=comment,
        enum_values=enums.get(type_oid, ()),
        sequence=default if serial else None,
        geometry=geometry_facts(modifier) if data_type in SPATIAL else None,
    )


def _table(
    relation: Row, columns: list[CatalogColumn], numbers: Mapping[int, str], keys: list[Row]
) -> CatalogTable:
    _, namespace, name, kind, comment, _ = relation
    named: list[tuple[str, tuple[str, ...]]] = [
        (row[0], tuple(numbers[number] for number in row[2] if number in numbers)) for row in keys
    ]
    primary = next((names for kind_, names in named if kind_ == "p"), ())
    return CatalogTable(
        name=name,
        kind="view" if kind in ("v", "m") else "table",
        namespace=namespace,
        columns=tuple(columns),
        primary_key=primary,
        uniques=tuple(dict.fromkeys(names for kind_, names in named if kind_ == "u" and names)),
        indexed=tuple(sorted({names[0] for kind_, names in named if kind_ == "i" and names})),
        comment=comment,
    )
