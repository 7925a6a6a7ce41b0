"""A database as its own catalogs describe it, before metadata rows and types of the protocol are read into
it.

`schema_gen.introspect` fills these from PostgreSQL's system catalogs or SQLite's pragmas;
`schema_gen.loader` turns them into a `SchemaSnapshot`.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from schema_gen.model import GeometryFacts


class Source(Protocol):
    """What a catalog is read from: a database, or a transaction, which sees what it has changed itself."""

    async def fetch(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]: ...


class CatalogColumn(NamedTuple):
    """One column. `data_type` without length, lower case; `default` the raw SQL expression."""

    name: str
    data_type: str
    nullable: bool = True
    default: str | None = None
    max_length: int | None = None
    precision: int | None = None
    scale: int | None = None
    auto_increment: bool = False
    generated: bool = False
    expression: str | None = None
    comment: str | None = None
    enum_values: tuple[str, ...] = ()
    #: the expression that numbers an auto-increment column
    sequence: str | None = None
    geometry: GeometryFacts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKey:
    """`columns` of `table` point at `target_columns` of `target`, pairwise. Actions as SQL spells them."""

    table: str
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    constraint: str | None = None
    on_delete: str | None = None
    on_update: str | None = None
    #: the database vouches that every value has its row: it checks all writers, and did so for what was there
    enforced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogTable:
    name: str
    kind: Literal["table", "view"] = "table"
    namespace: str | None = None
    columns: tuple[CatalogColumn, ...] = ()
    primary_key: tuple[str, ...] = ()
    #: columns of every complete unique constraint or index
    uniques: tuple[tuple[str, ...], ...] = ()
    #: first columns of the indexes that are not unique, sorted
    indexed: tuple[str, ...] = ()
    comment: str | None = None
    #: the statement that made it, where the database keeps that
    sql: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """`unserved`: what was found and cannot be served, name -> reason."""

    tables: Mapping[str, CatalogTable]
    foreign_keys: tuple[ForeignKey, ...] = ()
    unserved: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogReading:
    """A catalog and what it was read from: the next reading asks only for tables whose stamp is another and
    has the same objects for all others.

    `stamps`: by table, equal as long as nothing of the table has changed. `rows`: by table, what the database
    said of it, as far as it is needed again.
    """

    catalog: Catalog
    stamps: Mapping[str, Hashable]
    rows: Mapping[str, Any]
