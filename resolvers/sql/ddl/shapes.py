"""Changes of tables as data: what schema management decides, and what the DDL of each database is made from.

    CreateTable(name="articles", columns=(
        ColumnShape(name="id", type=ColumnType(type="integer"), primary_key=True),
        ColumnShape(name="title", type=ColumnType(type="string", length=100), nullable=False)))
    ChangeColumn(table="articles", name="title", change=ColumnChange(nullable=True))
    AddForeignKey(table="articles", column="author", target="authors", target_column="id",
                  on_delete="SET NULL")

Types are field types, never text of a database: what a column is called comes from the one type table
(`schema_gen.types`), so that nothing a client sends stands in DDL but names, which are quoted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from schema_gen.model import FieldType

OnDelete = Literal["NO ACTION", "CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Default:
    """The default of a column: a value (`value` None: the column has none), or the current moment."""

    value: Any = None
    now: bool = False


NO_DEFAULT: Final = Default()
NOW: Final = Default(now=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnType:
    """`length` of strings; `precision` and `scale` of decimals. None: the default of the type table."""

    type: FieldType
    length: int | None = None
    precision: int | None = None
    scale: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnShape:
    """A column as it is to be made. `auto_increment`: numbers are given by the database (integer keys)."""

    name: str
    type: ColumnType
    nullable: bool = True
    default: Default = NO_DEFAULT
    unique: bool = False
    indexed: bool = False
    primary_key: bool = False
    auto_increment: bool = False
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnChange:
    """What is to be different of a column; None stays as it is."""

    type: ColumnType | None = None
    nullable: bool | None = None
    default: Default | None = None
    unique: bool | None = None
    indexed: bool | None = None
    #: "" takes the comment away
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTable:
    """With its key: at least one of the columns is `primary_key`."""

    name: str
    columns: tuple[ColumnShape, ...]
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DropTable:
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddColumn:
    table: str
    column: ColumnShape


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeColumn:
    table: str
    name: str
    change: ColumnChange


@dataclass(frozen=True, slots=True, kw_only=True)
class DropColumn:
    table: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddForeignKey:
    """Of one column. Takes the place of a key that the column already has."""

    table: str
    column: str
    target: str
    target_column: str
    on_delete: OnDelete = "NO ACTION"
    on_update: OnDelete = "NO ACTION"


@dataclass(frozen=True, slots=True, kw_only=True)
class DropForeignKey:
    """Every foreign key that consists of this one column; nothing is done where there is none."""

    table: str
    column: str


DdlChange = CreateTable | DropTable | AddColumn | ChangeColumn | DropColumn | AddForeignKey | DropForeignKey
