"""The GraphQL service and its Strawberry schema, on tables with every kind of awkward name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Final

import pytest
from strawberry.types import ExecutionResult

from resolvers.bundle import Bundle, BundleHolder
from resolvers.calls import Calls
from resolvers.context import PUBLIC, RequestContext
from resolvers.documents import Documents
from resolvers.engine import Engine
from resolvers.paging import Limits
from resolvers.permissions import UNRESTRICTED, AccessRules, Grant
from resolvers.root import GraphqlService
from resolvers.sql.dialects.postgresql import PostgresqlSql
from resolvers.sql.dialects.sqlite import SqliteSql
from resolvers.views import Schemas
from schema_gen.database import Database, open_database
from schema_gen.graphql.limits import DocumentLimits
from schema_gen.loader import load_snapshot
from schema_gen.model import SchemaSnapshot
from tests.schema_gen.graphql.test_schema import chain
from tests.support.blog import NOW

TABLES: Final = (
    'create table "Order Details" ("Order ID" integer, "Line-No" integer, "unit price" numeric(10,2), '
    '"2nd" varchar(20), "shipped on" date, primary key ("Order ID", "Line-No"))',
    'create table "log" (id integer primary key, day date, day_func varchar(20), "_and" varchar(20))',
    'create table "log_filter" (id integer primary key, log integer references "log" (id))',
    """insert into "Order Details" values (1, 1, 9.5, 'a', '2024-03-01'), (1, 2, 5, 'b', null)""",
    """insert into "log" values (1, '2024-02-29', 'real', 'x'), (2, '2023-01-01', null, null)""",
    'insert into "log_filter" values (7, 1)',
)


@pytest.fixture
async def service(database_url: str) -> AsyncIterator[GraphqlService]:
    database = await open_database(database_url)
    async with database.transaction() as transaction:
        for statement in TABLES:
            await transaction.execute(statement)
    yield await service_of(database)
    await database.close()


async def service_of(database: Database) -> GraphqlService:
    async def load() -> SchemaSnapshot:
        return await load_snapshot(database)

    sql = SqliteSql() if database.dialect == "sqlite" else PostgresqlSql()
    engine = Engine(database, await BundleHolder.open(load), Limits(), sql)
    return GraphqlService(engine, Documents(Schemas(Calls()), DocumentLimits()))


def context(rules: AccessRules = UNRESTRICTED) -> RequestContext:
    return RequestContext(actor=PUBLIC, rules=rules, now=NOW)


async def execute(
    service: GraphqlService, query: str, rules: AccessRules = UNRESTRICTED, **variables: Any
) -> ExecutionResult:
    asked = context(rules)
    return await service.schema("items", asked).execute(query, variables, asked)


async def read(service: GraphqlService, query: str, **variables: Any) -> Any:
    result = await execute(service, query, **variables)
    assert result.errors is None, result.errors
    return result.data


async def test_names_that_graphql_cannot_spell(service: GraphqlService) -> None:
    query = """{
      Order_Details(sort: ["Line-No"], filter: {unit_price: {_gt: 1}}) {
        Order_ID Line_No unit_price _2nd shipped_on shipped_on_func { year } __typename
      }
      Order_Details_aggregated { sum { unit_price } max { shipped_on } }
    }"""
    assert await read(service, query) == {
        "Order_Details": [
            {
                "Order_ID": "1", "Line_No": "1", "unit_price": 9.5, "_2nd": "a", "shipped_on": "2024-03-01",
                "shipped_on_func": {"year": 2024}, "__typename": "Order_Details",
            },
            {
                "Order_ID": "1", "Line_No": "2", "unit_price": 5, "_2nd": "b", "shipped_on": None,
                "shipped_on_func": {"year": None}, "__typename": "Order_Details",
            },
        ],
        "Order_Details_aggregated": [{"sum": {"unit_price": 14.5}, "max": {"shipped_on": "2024-03-01"}}],
    }  # fmt: skip


async def test_composite_keys_in_both_forms(service: GraphqlService) -> None:
    query = """query ($k: Order_Details_key) {
      encoded: Order_Details_by_id(id: "1,2") { _2nd }
      literal: Order_Details_by_id(key: {Order_ID: 1, Line_No: 1}) { _2nd }
      given: Order_Details_by_id(key: $k) { _2nd }
    }"""
    found = await read(service, query, k={"Order_ID": 1, "Line_No": 2})
    assert found == {"encoded": {"_2nd": "b"}, "literal": {"_2nd": "a"}, "given": {"_2nd": "b"}}


@pytest.mark.parametrize("arguments", ["", "(id: null)", "(key: null)", '(id: "1,2", key: null)'])
async def test_a_composite_key_is_asked_for_somehow(service: GraphqlService, arguments: str) -> None:
    result = await execute(service, f"{{ Order_Details_by_id{arguments} {{ _2nd }} }}")
    if "1,2" in arguments:
        assert result.data == {"Order_Details_by_id": {"_2nd": "b"}}
    else:
        assert result.errors is not None
        assert result.errors[0].extensions == {
            "code": "INVALID_QUERY",
            "reason": 'Either "id" or "key" has to be given',
        }


async def test_real_fields_and_function_fields(service: GraphqlService) -> None:
    query = """{ log(sort: ["id"], filter: {day_func_: {year: {_eq: 2024}}}) {
      day day_func day_func_ { year month } _and_ } }"""
    assert await read(service, query) == {
        "log": [
            {
                "day": "2024-02-29",
                "day_func": "real",
                "day_func_": {"year": 2024, "month": 2},
                "_and_": "x",
            }
        ]
    }
    query = '{ log(filter: {_and: [{_and_: {_eq: "x"}}, {day_func: {_eq: "real"}}]}) { id } }'
    assert await read(service, query) == {"log": [{"id": "1"}]}


async def test_real_collections_and_filter_types(service: GraphqlService) -> None:
    query = "query ($f: log_filter_) { log(filter: $f) { id } log_filter { __typename log { id } } }"
    assert await read(service, query, f={"id": {"_eq": 2}}) == {
        "log": [{"id": "2"}],
        "log_filter": [{"__typename": "log_filter", "log": {"id": "1"}}],
    }


async def test_errors_carry_their_code_and_place(service: GraphqlService) -> None:
    result = await execute(service, "{ a: log_by_id(id: 9) { id } b: log_by_id(id: 1) { id } }")
    assert result.data == {"a": None, "b": {"id": "1"}}
    assert result.errors is not None
    assert [(error.path, error.extensions) for error in result.errors] == [(["a"], {"code": "FORBIDDEN"})]
    result = await execute(service, "{ nope }")
    assert result.data is None
    assert result.errors is not None
    assert (result.errors[0].extensions or {})["code"] == "GRAPHQL_VALIDATION"


async def test_introspection_through_strawberry(service: GraphqlService) -> None:
    asked = context()
    schema = service.schema("items", asked)
    found = await schema.execute('{ __type(name: "log") { name } log(limit: 1) { id } }', None, asked)
    assert found.data == {"__type": {"name": "log"}, "log": [{"id": "1"}]}
    assert "type Order_Details {" in schema.as_str()


async def test_the_context_is_who_asks(service: GraphqlService) -> None:
    schema = service.schema("items", context())
    with pytest.raises(TypeError):
        await schema.execute("{ log { id } }")


async def test_fields_that_not_every_rule_grants_may_be_null(service: GraphqlService) -> None:
    """Non-null only where every permission row of the caller grants the field."""
    both = frozenset({"id", "day"})
    grants = (
        Grant(fields=both, rule={"id": {"_eq": 1}}),
        Grant(fields=frozenset({"day"}), rule={"id": {"_eq": 2}}),
    )
    rules = AccessRules(grants={("read", "log"): grants}, fingerprint="two")
    asked = context(rules)
    assert "  id: ID\n" in service.schema("items", asked).as_str()
    result = await execute(service, '{ log(sort: ["day"]) { id day } }', rules)
    assert result.data == {"log": [{"id": None, "day": "2023-01-01"}, {"id": "1", "day": "2024-02-29"}]}
    one = AccessRules(grants={("read", "log"): (Grant(fields=both),)}, fingerprint="one")
    assert "  id: ID!\n" in service.schema("items", context(one)).as_str()


async def test_a_relation_to_what_is_hidden_is_its_key(service: GraphqlService) -> None:
    rules = AccessRules(grants={("read", "log_filter"): (Grant(fields=None),)}, fingerprint="keys")
    result = await execute(service, "{ log_filter(filter: {log: {_eq: 1}}) { id log } }", rules)
    assert result.data == {"log_filter": [{"id": "7", "log": 1}]}
    text = service.schema("items", context(rules)).as_str()
    assert "  log: Int\n" in text
    assert "type log {" not in text


async def test_deep_values_do_not_end_in_a_stack_overflow(service: GraphqlService) -> None:
    literal = "{_and: [" * 19 + "{id: {_eq: 1}}" + "]}" * 19
    assert await read(service, f"{{ log(filter: {literal}) {{ id }} }}") == {"log": [{"id": "1"}]}
    value: Any = {"id": {"_eq": 1}}
    for _ in range(19):
        value = {"_or": [value, {"id": {"_eq": 1}}]}
    found = await read(service, "query ($f: log_filter_) { log(filter: $f) { id } }", f=value)
    assert found == {"log": [{"id": "1"}]}


async def test_what_is_kept_is_bounded(service: GraphqlService) -> None:
    documents = service._documents
    for number in range(1200):
        await service.prepare("{ __typename } #" + "x" * 1000 + str(number), None, "items", context())
    assert documents._length <= 500_000
    assert documents._length == sum(len(kept.text) for kept in documents._kept.values())
    long = "{ __typename } #" + "x" * 60_000
    await service.prepare(long, None, "items", context())
    assert all(kept.text != long for kept in documents._kept.values())


async def test_a_whole_schema_is_made_beside_the_event_loop() -> None:
    """And forgotten: what is kept for a caller stays as small as what the caller asked for."""
    snapshot = chain(300)
    schemas, bundle = Schemas(Calls()), Bundle(snapshot)
    asked = context()
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.001)
            ticks += 1

    ticking = asyncio.create_task(tick())
    first, second = await asyncio.gather(
        schemas.sdl(bundle, asked, "items"), schemas.sdl(bundle, asked, "items")
    )
    ticking.cancel()
    assert first is second
    assert "type t299 {" in first
    assert ticks > 10
    assert not schemas.of(bundle, asked, "items").complete


async def test_a_change_of_the_schema_is_seen_at_once(service: GraphqlService) -> None:
    query = "{ log(limit: 1) { id added } }"
    refused = await execute(service, query)
    assert refused.errors is not None
    database = service._engine.database
    async with database.transaction() as transaction:
        await transaction.execute('alter table "log" add column added varchar(9)')
    snapshot = replace(await load_snapshot(database), version=2)
    service._engine.holder.current = Bundle(snapshot)
    assert await read(service, query) == {"log": [{"id": "1", "added": None}]}
