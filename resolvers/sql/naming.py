"""SQL of rows that name a field or a collection: permissions, presets, and what is about its items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from schema_gen.database import Transaction
from schema_gen.drivers.base import DialectName, question_marks

_PERMISSIONS: Final = """
select id, collection, fields, cast(permissions as text), cast(validation as text), cast(presets as text)
from directus_permissions order by id"""
_PRESETS: Final = """
select id, cast(filter as text), cast(layout_query as text) from directus_presets
where collection = $1 order by id"""
#: the names of tables are ours
_ABOUT: Final = "delete from {table} where collection = $1"
#: revisions of other collections that hang on some of this one
_DETACH: Final = """
update directus_revisions set parent = null
where parent in (select id from directus_revisions where collection = $1)"""

#: logins by shares; said here, since SQLite cascades nowhere while tables change
_LEAVE: Final = """
delete from directus_sessions where share in (select id from directus_shares where collection = $1)"""


def _native(sql: str, dialect: DialectName) -> str:
    return question_marks(sql) if dialect == "sqlite" else sql


async def permission_rows(transaction: Transaction) -> list[tuple[Any, ...]]:
    """(id, collection, fields, permissions, validation, presets), JSON as text."""
    return await transaction.fetch(_PERMISSIONS)


async def preset_rows(
    transaction: Transaction, collection: str, dialect: DialectName
) -> list[tuple[Any, ...]]:
    """(id, filter, layout_query) of a collection, JSON as text."""
    return await transaction.fetch(_native(_PRESETS, dialect), (collection,))


def about(tables: Sequence[str]) -> tuple[str, ...]:
    """What deletes every row of the tables that is about items of a collection, `$1`."""
    first = (_DETACH,) if "directus_revisions" in tables else ()
    second = (_LEAVE,) if "directus_shares" in tables else ()
    return (*first, *second, *(_ABOUT.format(table=table) for table in tables))


async def delete_about(
    transaction: Transaction, tables: Sequence[str], collection: str, dialect: DialectName
) -> None:
    for statement in about(tables):
        await transaction.execute(_native(statement, dialect), (collection,))
