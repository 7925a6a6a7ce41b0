"""Changes of tables, carried out one after the other in a transaction for schema changes.

    async with database.schema_transaction() as transaction:
        later = await carry_out(transaction, database.dialect, changes)
    await finish(database, later)

What cannot be done is refused with a code of the protocol, whatever the database says to it; the transaction
then takes all of it back.
"""

from __future__ import annotations

from collections.abc import Sequence

from resolvers.sql.ddl import postgresql, postgresql_change, sqlite, sqlite_change
from resolvers.sql.ddl.names import check_name
from resolvers.sql.ddl.shapes import (
    AddColumn,
    AddForeignKey,
    ChangeColumn,
    CreateTable,
    DdlChange,
    DropColumn,
    DropForeignKey,
    DropTable,
)
from resolvers.sql.ddl.work import Work
from schema_gen.drivers.base import DialectName, Transaction

__all__ = ["carry_out", "check_name"]


async def carry_out(
    transaction: Transaction,
    dialect: DialectName,
    changes: Sequence[DdlChange],
    *,
    concurrently: bool = False,
    log: list[str] | None = None,
) -> tuple[str, ...]:
    """`concurrently`: indexes of tables that hold rows are built after the commit (PostgreSQL). Gives what is
    to be run then, for `finish`. `log`: gets each statement as text.
    """
    work = Work(transaction, dialect, concurrently=concurrently, log=log)
    for change in changes:
        await _carry_out(work, change)
    return tuple(work.later)


async def _carry_out(work: Work, change: DdlChange) -> None:
    room = sqlite if work.dialect == "sqlite" else postgresql
    match change:
        case CreateTable():
            await room.create_table(work, change)
        case DropTable():
            await room.drop_table(work, change)
        case AddColumn():
            await room.add_column(work, change)
        case ChangeColumn() if work.dialect == "sqlite":
            await sqlite_change.change_column(work, change)
        case ChangeColumn():
            await postgresql_change.change_column(work, change)
        case DropColumn():
            await room.drop_column(work, change)
        case AddForeignKey():
            await room.add_foreign_key(work, change)
        case DropForeignKey():
            await room.drop_foreign_key(work, change)
