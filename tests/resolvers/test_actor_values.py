"""Fields of the actor's own rows in rules and presets, read on both databases."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import pytest

from resolvers.context import PUBLIC, Actor, RequestContext
from resolvers.permissions import NOTHING
from resolvers.sql.dialects.postgresql import PostgresqlSql
from resolvers.sql.dialects.sqlite import SqliteSql
from resolvers.writing.actor_values import ActorValues
from resolvers.writing.current import UNKNOWN
from schema_gen.database import Database, Transaction, open_database
from schema_gen.loader import load_snapshot
from tests.conftest import MakeDatabase
from tests.support.blog import NOW
from tests.support.project import ADMIN_EMAIL, seed_system


@pytest.fixture
async def database(make_database: MakeDatabase) -> AsyncIterator[Database]:
    opened = await open_database(await make_database(seed_system))
    yield opened
    await opened.close()


async def values_of(database: Database, transaction: Transaction, actor: Actor) -> ActorValues:
    sql = PostgresqlSql() if database.dialect == "postgresql" else SqliteSql()
    context = RequestContext(actor=actor, rules=NOTHING, now=NOW)
    return ActorValues(transaction, await load_snapshot(database), sql, context)


async def test_fields_of_the_actors_rows_are_read_once(database: Database) -> None:
    rows = await database.fetch('SELECT "id", "role" FROM "directus_users"')
    ((user, role),) = [(str(user), str(role)) for user, role in rows]
    other = str(uuid.uuid4())
    actor = Actor(kind="user", user=user, role=role, roles=(role,), policies=(other,))
    rule = {
        "email": {"_eq": "$CURRENT_USER.email"},
        "_or": [{"a": {"_in": "$CURRENT_ROLES.name"}}, {"b": "$CURRENT_USER.role.name"}],
        "c": {"_in": ["$CURRENT_POLICIES.name", "$CURRENT_USER.password", "$CURRENT_USER.no.such"]},
    }
    async with database.transaction() as transaction:
        values = await values_of(database, transaction, actor)
        current = await values.current(rule, {"title": "$CURRENT_USER.title"})
        name = current.filled("$CURRENT_USER.role.name")
        assert isinstance(name, str)
        assert current.filled(rule) == {
            "email": {"_eq": ADMIN_EMAIL},
            "_or": [{"a": {"_in": [name]}}, {"b": name}],
            "c": {"_in": [UNKNOWN, UNKNOWN, UNKNOWN]},
        }
        assert current.filled("$CURRENT_USER.title") is UNKNOWN
        await transaction.execute(database.native('UPDATE "directus_users" SET "email" = $1'), ("new@x",))
        assert (await values.current(rule)).filled("$CURRENT_USER.email") == ADMIN_EMAIL


async def test_the_public_has_no_fields(database: Database) -> None:
    async with database.transaction() as transaction:
        values = await values_of(database, transaction, PUBLIC)
        current = await values.current(["$CURRENT_USER.email", "$CURRENT_ROLES.name"])
        assert current.filled("$CURRENT_USER.email") is UNKNOWN
        assert (await values.current("nothing to read")).filled("$CURRENT_USER") is UNKNOWN
