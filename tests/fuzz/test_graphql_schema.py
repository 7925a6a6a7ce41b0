"""Queries and mutations that the schema of a caller allows, made by Schemathesis: what comes back fits it.

Each caller asks by its own schema, of both scopes, on both databases, against the demo site in process.
FUZZ_EXAMPLES=2000 asks more.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import pytest
import schemathesis
from graphql import GraphQLSchema, build_schema
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok
from schemathesis.graphql import nodes

from tests.conftest import MakeDatabase
from tests.fuzz.test_requests import CALLERS, refused_well
from tests.support.graphql_fits import faults
from tests.support.project import Site, change, running
from tests.support.seeds import seed_demo

SCOPES: Final = {"items": "/graphql", "system": "/graphql/system"}
#: their answers are documents themselves
NOT_ASKED: Final = frozenset({"server_specs_oas", "server_specs_graphql", "utils_cache_clear"})
_TEXTS: Final = st.sampled_from(("", "a", "%", "2024-02-29", "2024-02-29T12:00:00Z", "$NOW", "12", "🦊"))
_SCALARS: Final[Mapping[str, st.SearchStrategy[Any]]] = {
    "Date": _TEXTS.map(nodes.String),
    "GraphQLBigInt": st.integers(-(2**63), 2**63 - 1).map(nodes.Int),
    "GraphQLGeoJSON": _TEXTS.map(nodes.String),
    "GraphQLJsonFilter": _TEXTS.map(nodes.String),
    "GraphQLStringOrFloat": st.integers(-10, 10).map(nodes.Int) | _TEXTS.map(nodes.String),
    "Hash": _TEXTS.map(nodes.String),
    "JSON": _TEXTS.map(nodes.String) | st.integers().map(nodes.Int),
    "Void": st.just(nodes.Null),
    "permissions_me_type": _TEXTS.map(nodes.String),
}
for _name, _strategy in _SCALARS.items():
    schemathesis.graphql.scalar(_name, _strategy)

EACH = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "120")),
    deadline=None,
    phases=[Phase.generate],
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


class Place:
    def __init__(self, site: Site, known: Mapping[tuple[str, str], tuple[GraphQLSchema, list[Any]]]) -> None:
        self.site = site
        self.known = known
        self.answered = 0


@pytest.fixture
async def place(make_database: MakeDatabase) -> AsyncIterator[Place]:
    limits = {"PRESSURE_LIMITER_ENABLED": "false", "QUERY_LIMIT_MAX": "20"}
    async with running(await make_database(seed_demo), **limits) as site:
        for name in ("editor", "reader"):
            sql = "update directus_users set token = $1 where email = $2"
            await change(site.database, sql, f"{name}-static", f"{name}@example.com")
        known = {(caller, scope): await read(site, caller, scope) for caller in CALLERS for scope in SCOPES}
        made = Place(site, known)
        yield made
        if os.environ.get("FUZZ_EXAMPLES") is None:
            assert made.answered > 10


async def read(site: Site, caller: str, scope: str) -> tuple[GraphQLSchema, list[Any]]:
    answer = await site.ask("GET", f"/server/specs/graphql/{scope}", token=CALLERS[caller])
    text = answer.body.decode()
    schema = schemathesis.graphql.from_file(text)
    found = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    return build_schema(text), [one for one in found if one.label.split(".")[1] not in NOT_ASKED]


@EACH
@given(
    data=st.data(),
    caller=st.sampled_from(sorted(CALLERS)),
    scope=st.sampled_from(("items", "items", "system")),
)
async def test_what_the_schema_allows(place: Place, data: st.DataObject, caller: str, scope: str) -> None:
    schema, operations = place.known[caller, scope]
    case = data.draw(data.draw(st.sampled_from(operations)).as_strategy())
    document = case.body if isinstance(case.body, str) else case.body["query"]
    answer = await place.site.ask("POST", SCOPES[scope], {"query": document}, token=CALLERS[caller])
    assert answer.status < 500, (document, answer.body[:500])
    if answer.status >= 400:
        refused_well(answer)
        return
    body = json.loads(answer.body)
    codes = [error["extensions"]["code"] for error in body.get("errors", ())]
    assert "INTERNAL_SERVER_ERROR" not in codes, document
    place.answered += not codes
    found = faults(schema, document, body.get("data"))
    assert not found, (document, found[:3], answer.body[:500])
