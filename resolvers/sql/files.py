"""SQL of rows of files: which stored objects they stand for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from schema_gen.database import Database, Transaction
from schema_gen.drivers.base import Reads, Row

_COLUMNS: Final = "select id, storage, filename_disk, type from directus_files"
_BY_KEY: Final = f"{_COLUMNS} where id {{among}}"
#: in one order for all, so that no two wait for each other
_HELD: Final = f"{_BY_KEY} order by id for update"
_BY_NAME: Final = f"{_COLUMNS} where filename_disk {{among}}"


async def by_key(
    database: Database, transaction: Reads, keys: Sequence[Any], *, held: bool = False
) -> list[Row]:
    """(id, storage, filename_disk, type) of these files. `held`: until the transaction ends."""
    # SQLite has one transaction that writes at a time
    text = _HELD if held and database.dialect == "postgresql" else _BY_KEY
    return await _among(database, transaction, text, [_canonical(key) for key in keys])


def _canonical(key: Any) -> str:
    """As a row has it; SQLite compares texts."""
    try:
        return str(UUID(str(key)))
    except ValueError:
        return str(key)


async def by_name(database: Database, transaction: Reads, names: Sequence[str]) -> list[Row]:
    """The same of files whose bytes have these names."""
    return await _among(database, transaction, _BY_NAME, names)


async def leading(database: Database, transaction: Reads, columns: Sequence[str]) -> list[Row]:
    """The same of files that lead somewhere by one of these columns (names out of the snapshot)."""
    quote = database.core.identifier_preparer.quote_identifier
    condition = " or ".join(f"{quote(name)} is not null" for name in columns)
    return await transaction.fetch(f"{_COLUMNS} where {condition}")


async def _among(database: Database, transaction: Reads, text: str, values: Sequence[Any]) -> list[Row]:
    if not values:
        return []
    if database.dialect == "postgresql":
        return await transaction.fetch(text.format(among="= any($1)"), (list(values),))
    among = "in (select value from json_each($1))"
    return await transaction.fetch(
        database.native(text.format(among=among)), (json.dumps([str(value) for value in values]),)
    )


async def one_after_another(
    database: Database, transaction: Transaction, name: str, *, bounded: bool = False
) -> None:
    """Transactions that say the same name wait for each other; `bounded`: for a while, then
    SERVICE_UNAVAILABLE. SQLite has one that writes at a time.
    """
    if database.dialect == "postgresql":
        if bounded:
            await transaction.execute("set local lock_timeout = '10s'")
        await transaction.fetch("select pg_advisory_xact_lock(hashtextextended($1, 0))", (name,))


async def of_settings(database: Database, columns: Sequence[str]) -> dict[str, Any]:
    """These columns of the row of settings (names out of the snapshot); nothing where there is no row."""
    quote = database.core.identifier_preparer.quote_identifier
    listed = ", ".join(quote(name) for name in columns)
    rows = await database.fetch(f"select {listed} from directus_settings limit 1")
    return dict(zip(columns, rows[0], strict=True)) if rows else {}


async def default_folder(database: Database) -> str | None:
    """Where files go that are sent without a folder."""
    folder = (await of_settings(database, ["storage_default_folder"])).get("storage_default_folder")
    return None if folder is None else str(folder)
