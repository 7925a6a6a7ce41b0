"""What PostgreSQL's catalogs say of a table that is to be changed, as the transaction sees it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Final

from resolvers.sql.ddl.names import Kind, index_names
from resolvers.sql.ddl.work import Work, refused

_TABLE: Final = """
SELECT c.oid::int8, n.nspname::text, c.relnamespace::int8, c.relkind = 'p'
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass($1)::oid AND c.relkind IN ('r', 'p')
"""
_COLUMN: Final = """
SELECT a.attnum::int4, format_type(coalesce(nullif(t.typbasetype, 0), a.atttypid), NULL),
       format_type(a.atttypid, a.atttypmod), a.attnotnull,
       CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
       a.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%', false),
       a.attgenerated <> '',
       EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary
               AND a.attnum = ANY (i.indkey::int2[])),
       EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary
               AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum),
       EXISTS (SELECT 1 FROM pg_enum e WHERE e.enumtypid = a.atttypid)
FROM pg_attribute a
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = $1::int8::oid AND a.attname = $2 AND a.attnum > 0 AND NOT a.attisdropped
"""
_INDEXES: Final = """
SELECT x.relname::text, i.indisunique, c.conname::text
FROM pg_index i
JOIN pg_class x ON x.oid = i.indexrelid
LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.conrelid = i.indrelid AND c.contype = 'u'
WHERE i.indrelid = $1::int8::oid AND i.indnatts = 1 AND i.indkey[0] = $2::int4
  AND NOT i.indisprimary AND NOT i.indisexclusion AND i.indpred IS NULL AND i.indexprs IS NULL
ORDER BY 1
"""
_FOREIGN_KEYS: Final = """
SELECT conname::text FROM pg_constraint
WHERE conrelid = $1::int8::oid AND contype = 'f' AND conkey::int4[] = ARRAY[$2::int4] ORDER BY 1
"""
_TAKEN: Final = """
SELECT relname::text FROM pg_class WHERE relnamespace = $1::int8::oid AND relname = ANY ($3::text[])
UNION
SELECT conname::text FROM pg_constraint WHERE conrelid = $2::int8::oid AND conname = ANY ($3::text[])
"""
#: names that are looked at together; as many tables would have to share theirs
_TRIED: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFacts:
    name: str
    oid: int
    namespace: str
    namespace_oid: int
    partitioned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnFacts:
    """`data_type` without, `declared` with length and digits; `default` the raw expression."""

    name: str
    number: int
    data_type: str
    declared: str
    nullable: bool
    default: str | None
    numbered: bool
    generated: bool
    in_key: bool
    is_key: bool
    enum: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexFacts:
    """An index over one column; `constraint`: the unique constraint that it is for."""

    name: str
    unique: bool
    constraint: str | None


async def find_table(work: Work, name: str) -> TableFacts | None:
    """The table that the name means: the first in the search path."""
    rows = await work.ask(_TABLE, (work.quoted(name),))
    if not rows:
        return None
    oid, namespace, namespace_oid, partitioned = rows[0]
    return TableFacts(
        name=name, oid=oid, namespace=namespace, namespace_oid=namespace_oid, partitioned=partitioned
    )


async def table_facts(work: Work, name: str) -> TableFacts:
    found = await find_table(work, name)
    if found is None:
        raise refused("{} doesn't exist", name)
    return found


async def has_postgis(work: Work) -> bool:
    """Whether the type `geometry` is there, which an extension brings."""
    return bool(await work.ask("SELECT 1 WHERE to_regtype('geometry') IS NOT NULL"))


async def find_column(work: Work, table: TableFacts, name: str) -> ColumnFacts | None:
    rows = await work.ask(_COLUMN, (table.oid, name))
    if not rows:
        return None
    number, data_type, declared, required, default, numbered, generated, in_key, is_key, enum = rows[0]
    return ColumnFacts(
        name=name,
        number=number,
        data_type=data_type,
        declared=declared,
        nullable=not required,
        default=default,
        numbered=numbered,
        generated=generated,
        in_key=in_key,
        is_key=is_key,
        enum=enum,
    )


async def column_facts(work: Work, table: TableFacts, name: str) -> ColumnFacts:
    found = await find_column(work, table, name)
    if found is None:
        raise refused("{} doesn't exist", table.name, name)
    return found


async def indexes(work: Work, table: TableFacts, column: ColumnFacts) -> list[IndexFacts]:
    """The complete ones over this column alone, but for the primary key's."""
    rows = await work.ask(_INDEXES, (table.oid, column.number))
    return [IndexFacts(name=row[0], unique=row[1], constraint=row[2]) for row in rows]


async def foreign_keys(work: Work, table: TableFacts, column: ColumnFacts) -> list[str]:
    """Names of the constraints of this column alone."""
    return [row[0] for row in await work.ask(_FOREIGN_KEYS, (table.oid, column.number))]


async def free_name(work: Work, table: TableFacts, column: str, kind: Kind) -> str:
    names = list(islice(index_names(table.name, column, kind), _TRIED))
    taken = {row[0] for row in await work.ask(_TAKEN, (table.namespace_oid, table.oid, names))}
    return next(name for name in names if name not in taken)
