"""PostgreSQL's catalogs -> `Catalog`, in four set-based queries whatever the number of tables.

Tables, views, materialized views, foreign tables and partitioned tables of the schemas in the search path;
where two schemas hold the same name, the earlier one is served. Types of domains are those of their base
types.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from schema_gen.catalog import Catalog, CatalogColumn, CatalogTable, ForeignKey
from schema_gen.drivers.base import Database, Row

_RELATIONS: Final = """
SELECT c.oid::int8, n.nspname::text, c.relname::text, c.relkind::text, obj_description(c.oid, 'pg_class')
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
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped
  AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND n.nspname = ANY (current_schemas(false))
ORDER BY a.attrelid, a.attnum
"""

_KEYS: Final = """
SELECT 'f'::text, f.conrelid::int8, f.conkey::int4[], f.conname::text, f.confrelid::int8, f.confkey::int4[],
       f.confdeltype::text, f.confupdtype::text, f.convalidated
FROM pg_constraint f
WHERE f.contype = 'f'
UNION ALL
SELECT CASE WHEN i.indisprimary THEN 'p'
            WHEN i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indisvalid THEN 'u'
            ELSE 'i' END,
       i.indrelid::int8, (i.indkey::int2[]::int4[])[0:i.indnkeyatts - 1], x.relname::text, 0, NULL, '', '',
       false
FROM pg_index i
JOIN pg_class x ON x.oid = i.indexrelid
JOIN pg_namespace n ON n.oid = x.relnamespace
WHERE n.nspname = ANY (current_schemas(false))
ORDER BY 2, 1, 4
"""

_ENUMS: Final = """
SELECT e.enumtypid::int8, array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_enum e GROUP BY 1
"""

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


async def read_catalog(database: Database, exclude: frozenset[str]) -> Catalog:
    """`exclude`: names of tables to leave out without a word."""
    enums = {oid: tuple(labels) for oid, labels in await database.fetch(_ENUMS)}
    relations: dict[int, Row] = {}
    by_name: dict[str, int] = {}
    unserved: dict[str, str] = {}
    for relation in await database.fetch(_RELATIONS):
        oid, namespace, name = relation[:3]
        if name in exclude:
            continue
        if name in by_name:
            first = relations[by_name[name]][1]
            unserved[f"{namespace}.{name}"] = f'the schema "{first}" holds a table of the same name'
            continue
        relations[oid] = relation
        by_name[name] = oid
    columns: dict[int, list[CatalogColumn]] = defaultdict(list)
    numbers: dict[int, dict[int, str]] = defaultdict(dict)
    for row in await database.fetch(_COLUMNS):
        if row[0] in relations:
            columns[row[0]].append(_column(row, enums))
            numbers[row[0]][row[10]] = row[1]
    keys = [row for row in await database.fetch(_KEYS) if row[1] in relations]
    tables = {
        relation[2]: _table(relation, columns[oid], numbers[oid], [row for row in grouped if row[0] != "f"])
        for oid, relation, grouped in _grouped(relations, keys)
    }
    foreign_keys = tuple(
        ForeignKey(
            table=relations[row[1]][2],
            columns=tuple(numbers[row[1]][number] for number in row[2]),
            target=relations[row[4]][2],
            target_columns=tuple(numbers[row[4]][number] for number in row[5]),
            constraint=row[3],
            on_delete=_ACTIONS.get(row[6]),
            on_update=_ACTIONS.get(row[7]),
            enforced=row[8],
        )
        for row in keys
        if row[0] == "f" and row[4] in relations
    )
    return Catalog(tables=tables, foreign_keys=foreign_keys, unserved=unserved)


def _grouped(relations: Mapping[int, Row], keys: Iterable[Row]) -> Iterable[tuple[int, Row, list[Row]]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for row in keys:
        found[row[1]].append(row)
    return [(oid, relation, found[oid]) for oid, relation in relations.items()]


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
    )


def _table(
    relation: Row, columns: list[CatalogColumn], numbers: Mapping[int, str], keys: list[Row]
) -> CatalogTable:
    _, namespace, name, kind, comment = relation
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
