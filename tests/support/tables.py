"""A database whose tables are changed: changes as data go in, introspection and rows come out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from resolvers.sql.ddl.carry_out import carry_out
from resolvers.sql.ddl.shapes import ColumnShape, ColumnType, CreateTable, DdlChange
from schema_gen.catalog import CatalogColumn, CatalogTable, ForeignKey
from schema_gen.database import open_database
from schema_gen.drivers.base import Database, Row
from schema_gen.introspect import introspect
from schema_gen.model import FieldType

ID = ColumnShape(name="id", type=ColumnType(type="integer"), primary_key=True, auto_increment=True)


def column(name: str, kind: FieldType = "string", **facts: Any) -> ColumnShape:
    sizes = {key: facts.pop(key) for key in ("length", "precision", "scale") if key in facts}
    return ColumnShape(name=name, type=ColumnType(type=kind, **sizes), **facts)


def table(name: str, *columns: ColumnShape) -> CreateTable:
    return CreateTable(name=name, columns=(ID, *columns))


@dataclass
class Tables:
    database: Database
    log: list[str] = field(default_factory=list)

    @property
    def sqlite(self) -> bool:
        return self.database.dialect == "sqlite"

    async def do(self, *changes: DdlChange) -> None:
        self.log.clear()
        async with self.database.schema_transaction() as transaction:
            await carry_out(transaction, self.database.dialect, changes, log=self.log)

    async def write(self, *statements: str) -> None:
        async with self.database.transaction() as transaction:
            for sql in statements:
                await transaction.execute(sql)

    async def rows(self, sql: str) -> list[Row]:
        return await self.database.fetch(sql)

    async def table(self, name: str) -> CatalogTable:
        return (await introspect(self.database)).tables[name]

    async def column(self, table: str, name: str) -> CatalogColumn:
        return next(one for one in (await self.table(table)).columns if one.name == name)

    async def names(self, table: str) -> list[str]:
        return [one.name for one in (await self.table(table)).columns]

    async def foreign_keys(self, table: str) -> list[ForeignKey]:
        return [key for key in (await introspect(self.database)).foreign_keys if key.table == table]

    async def text(self, name: str) -> str:
        """SQLite: the text that the table, index or trigger was made from."""
        return str((await self.rows(f"select sql from sqlite_schema where name = '{name}'"))[0][0])


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Tables]:
    database = await open_database(url)
    try:
        yield Tables(database)
    finally:
        await database.close()
