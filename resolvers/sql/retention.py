"""SQL of `resolvers.retention`: what of the history is old, and taking it away.

Old rows are looked for in the order of their moments, from where the search before ended, so that no part of
the index is read twice.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final, Literal

from schema_gen.database import Database, Transaction

What = Literal["revisions", "activity", "flow_logs"]

_SPAN: Final = "a.timestamp < $1 and a.timestamp >= $2"
_ORDER: Final = "order by a.timestamp limit $3"
#: an activity stays as long as its revisions, which hang on it
_BARE: Final = "not exists (select 1 from directus_revisions r where r.activity = a.id)"
_OLD: Final[dict[What, str]] = {
    "revisions": (
        "select r.id, a.timestamp from directus_activity a "
        f"join directus_revisions r on r.activity = a.id where {_SPAN} {_ORDER}"
    ),
    "activity": (
        "select a.id, a.timestamp from directus_activity a "
        f"where {_SPAN} and a.action <> 'run' and {_BARE} {_ORDER}"
    ),
    "flow_logs": (
        "select a.id, a.timestamp from directus_activity a "
        f"where {_SPAN} and a.action = 'run' and {_BARE} {_ORDER}"
    ),
}
_DETACH: Final = "update directus_revisions set parent = null where parent {among}"
_DELETE: Final[dict[What, str]] = {
    "revisions": "delete from directus_revisions where id {among}",
    "activity": "delete from directus_activity where id {among}",
    "flow_logs": "delete from directus_activity where id {among}",
}
#: any number will do, as long as every process takes the same
_LOCK: Final = 7_243_392_116
_TRY: Final = "select pg_try_advisory_xact_lock($1)"


async def old_rows(
    database: Database, what: What, before: Any, since: Any, most: int
) -> list[tuple[int, Any]]:
    """(id, moment) of at most `most` rows, oldest first. Moments as the column holds them."""
    rows = await database.fetch(database.native(_OLD[what]), (before, since, most))
    return [(row[0], row[1]) for row in rows]


async def take_turn(database: Database, transaction: Transaction) -> bool:
    """False: another process is at it. On SQLite a transaction that writes is alone anyway."""
    if database.dialect == "sqlite":
        return True
    return bool((await transaction.fetch(_TRY, (_LOCK,)))[0][0])


async def delete_rows(database: Database, transaction: Transaction, what: What, ids: Sequence[int]) -> int:
    """How many there were."""
    postgres = database.dialect == "postgresql"
    among = "= any($1)" if postgres else "in (select value from json_each($1))"
    listed = list(ids) if postgres else json.dumps(list(ids))
    if what == "revisions":
        await transaction.execute(database.native(_DETACH.format(among=among)), (listed,))
    return await transaction.execute(database.native(_DELETE[what].format(among=among)), (listed,))
