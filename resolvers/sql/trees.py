"""SQL of rows that lead to each other: roles and folders by their `parent`, and to users that go."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from schema_gen.database import Database, Transaction

#: the names of tables are ours, never anything that came from outside; a circle ends where it closes
_CIRCLE: Final = """
with recursive up(id) as (
  select parent from {table} where id = $1 and parent is not null
  union select t.parent from {table} t join up on t.id = up.id where t.parent is not null
)
select 1 from up where id = $1"""
_ALONE: Final = "update directus_roles set parent = null where parent {among}"
_SUSPEND: Final = "update directus_users set status = 'suspended' where role {among}"
_LOG_OUT: Final = (
    'delete from directus_sessions where "user" in (select id from directus_users where role {among})'
)


_FORGET: Final = "update {table} set {column} = null where {column} {among}"


async def in_circle(database: Database, transaction: Transaction, table: str, key: str) -> bool:
    """Whether the row is among its own ancestors."""
    return bool(await transaction.fetch(database.native(_CIRCLE.format(table=table)), (key,)))


async def leave_roles(database: Database, transaction: Transaction, keys: Sequence[Any]) -> None:
    """Roles are about to go: those below them stand alone, their users are suspended and logged out."""
    await _each(database, transaction, (_ALONE, _LOG_OUT, _SUSPEND), keys)


async def leave_users(
    database: Database, transaction: Transaction, keys: Sequence[Any], places: Sequence[tuple[str, str]]
) -> None:
    """Users are about to go: these columns, of tables of the system, forget them."""
    texts = [_FORGET.format(table=table, column=column, among="{among}") for table, column in places]
    await _each(database, transaction, texts, keys)


async def _each(
    database: Database, transaction: Transaction, texts: Sequence[str], keys: Sequence[Any]
) -> None:
    postgres = database.dialect == "postgresql"
    among = "= any($1)" if postgres else "in (select value from json_each($1))"
    listed = list(keys) if postgres else json.dumps(list(keys))
    for text in texts:
        await transaction.execute(database.native(text.format(among=among)), (listed,))
