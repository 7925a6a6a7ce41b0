"""Published flaws of GraphQL doors, each as the request that must fail (see the advisory named).

A is the administrator, U an editor who may not read `articles.secret`, `authors.email` and `vault`.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.support.asgi import Answer
from tests.support.lending import Lend
from tests.support.newsroom import EDITOR_TOKEN, seed_newsroom
from tests.support.project import ADMIN_PASSWORD, ADMIN_TOKEN, Site, code, data

SYSTEM = "/graphql/system"
MASK = "**********"
#: seconds after which a request hangs; how much work it may make is counted elsewhere
PATIENCE = 30


@pytest.fixture
async def site(lend: Lend) -> Site:
    return await lend(seed_newsroom)


async def ask(
    site: Site, query: str, variables: Any = None, *, path: str = "/graphql", token: str | None = ADMIN_TOKEN
) -> Answer:
    return await site.ask("POST", path, {"query": query, "variables": variables}, token=token)


def refused(answer: Answer) -> str:
    """What validation said first."""
    assert answer.status == 400
    assert code(answer) == "GRAPHQL_VALIDATION"
    return str(json.loads(answer.body)["errors"][0]["extensions"]["errors"][0]["message"])


# --- GHSA-7hmh-pfrp-vcx4, GHSA-ph52-67fq-75wj, GHSA-6q22-g298-grjh: duplication and aliases ----------------

MANY = {
    "fields through a fragment": "{ articles_aggregated { " + "max { ...F } " * 200 + "} } "
    "fragment F on articles_aggregated_fields { " + "id " * 200 + "}",
    "aliases of a list": "{ " + " ".join(f"a{i}: articles {{ id }}" for i in range(500)) + " }",
    "aliases inside": "{ articles { " + " ".join(f"a{i}: title" for i in range(1000)) + " } }",
    "tokens": "{ articles { " + "id " * 10_000 + "} }",
    "depth": "{ articles { " + "author { articles { " * 25 + "id" + " } }" * 25 + " } }",
    "fragments that double": " ".join(
        f"fragment F{i} on articles {{ ...F{i + 1} ...F{i + 1} }}" for i in range(300)
    )
    + " fragment F300 on articles { id } { articles { ...F0 } }",
    "a filter in a filter": "{ articles(filter: " + "{_and: [" * 60 + "]}" * 60 + ") { id } }",
    "repeated objects": "{ " + "articles { id } " * 800 + "}",
}


@pytest.mark.parametrize("query", MANY.values(), ids=MANY.keys())
async def test_multiplied_documents_are_refused(site: Site, query: str) -> None:
    async with asyncio.timeout(PATIENCE):
        refused(await ask(site, query))
    assert data(await ask(site, "{ __typename }")) == {"__typename": "Query"}


@pytest.mark.parametrize("times", [5, 10, 20, 40, 65])
async def test_the_same_fields_again_and_again(site: Site, times: int) -> None:
    """GHSA-7hmh-pfrp-vcx4 in its plain form: merged into one, or refused. What either costs is counted in
    tests/schema_gen/graphql/test_validity.py.
    """
    query = "{ articles_aggregated { " + ("max { " + "id " * times + "} ") * times + "} }"
    async with asyncio.timeout(PATIENCE):
        answer = await ask(site, query)
    if times <= 10:
        assert data(answer) == {"articles_aggregated": [{"max": {"id": 3}}]}
    else:
        assert refused(answer) == "The document repeats or nests its fields too much."


async def test_two_hundred_times_two_hundred_fields(site: Site) -> None:
    """The document of GHSA-7hmh-pfrp-vcx4: as it stands, and through fragments that spread fragments."""
    plain = "{ articles_aggregated { " + ("max { " + "id " * 200 + "} ") * 200 + "} }"
    assert refused(await ask(site, plain)).startswith(
        "Syntax Error: Document contains more than 5000 tokens."
    )
    spread = (
        "fragment Ids on articles_aggregated_fields { " + "id " * 200 + "} "
        "fragment Most on articles_aggregated { max { ...Ids } } "
        "{ articles_aggregated { " + "...Most " * 200 + "} }"
    )
    assert refused(await ask(site, spread)) == "The document asks for more than 5000 fields."


async def test_health_is_not_checked_five_hundred_times(site: Site) -> None:
    query = "{ " + " ".join(f"a{i}: server_health" for i in range(500)) + " }"
    assert refused(await ask(site, query, path=SYSTEM)) == "A selection has more than 50 aliases."


async def test_circular_fragments(site: Site) -> None:
    query = "{ articles { ...A } } fragment A on articles { ...B } fragment B on articles { ...A }"
    assert refused(await ask(site, query)) == 'Cannot spread fragment "A" within itself via "B".'


async def test_deep_variables(site: Site) -> None:
    value: Any = {"id": {"_eq": 1}}
    for _ in range(200):
        value = {"_and": [value]}
    query = "query ($f: articles_filter) { articles(filter: $f) { id } }"
    assert refused(await ask(site, query, {"f": value})) == "Variable values are nested too deeply."


async def test_many_values(site: Site) -> None:
    query = "query ($ids: [GraphQLStringOrFloat]) { articles(filter: {id: {_in: $ids}}) { id } }"
    async with asyncio.timeout(PATIENCE):
        answer = await ask(site, query, {"ids": list(range(2, 100_002))})
    assert {entry["id"] for entry in data(answer)["articles"]} == {"2", "3"}


# --- GHSA-g293-vf99-xv36: aliases multiply what is limited ----------------------------------------------


@pytest.mark.parametrize("spread", [False, True])
async def test_one_login_in_a_request(site: Site, spread: bool) -> None:
    login = f'auth_login(email: "admin@example.com", password: "{ADMIN_PASSWORD}") {{ expires }}'
    if spread:
        query = f"mutation {{ {login} ...F }} fragment F on Mutation {{ b: {login} }}"
    else:
        query = f"mutation {{ a: {login} b: {login} }}"
    answer = await ask(site, query, path=SYSTEM, token=None)
    assert refused(answer) == '"auth_login" can only be used once per request'
    rows = await site.database.fetch("select count(*) from directus_sessions")
    assert rows[0][0] == 0


# --- GHSA-m5q3-8wgf-x8xf, GHSA-38hg-ww64-rrwc, GHSA-p8v3-m643-4xqx: concealed values --------------------


@pytest.mark.parametrize("field", ["password", "token", "tfa_secret"])
@pytest.mark.parametrize("operator", ["_eq", "_starts_with", "_contains", "_in", "_gt", "_between"])
async def test_concealed_fields_have_no_operators(site: Site, field: str, operator: str) -> None:
    literal = f'{{ users(filter: {{{field}: {{{operator}: "$argon"}}}}) {{ id }} }}'
    assert "hash_filter_operators" in refused(await ask(site, literal, path=SYSTEM))
    variable = "query ($f: directus_users_filter) { users(filter: $f) { id } }"
    for value in ({field: {operator: "$argon"}}, {"_or": [{field: {operator: ["a"]}}]}):
        assert "hash_filter_operators" in refused(await ask(site, variable, {"f": value}, path=SYSTEM))
    nested = f'{{ roles(filter: {{users: {{_some: {{{field}: {{{operator}: "a"}}}}}}}}) {{ id }} }}'
    assert "hash_filter_operators" in refused(await ask(site, nested, path=SYSTEM))


async def test_concealed_fields_are_not_aggregated(site: Site) -> None:
    for function in ("min", "max", "sum", "avg"):
        query = f"{{ users_aggregated {{ {function} {{ token }} }} }}"
        assert "Cannot query field" in refused(await ask(site, query, path=SYSTEM))
    for query in (
        '{ users_aggregated(groupBy: ["token"]) { group } }',
        "{ users_aggregated { countDistinct { token } } }",
        '{ users(sort: ["token"]) { id } }',
    ):
        answer = await ask(site, query, path=SYSTEM)
        assert code(answer) == "INVALID_QUERY"
        assert ADMIN_TOKEN not in answer.body.decode()


async def test_an_alias_shows_no_more(site: Site) -> None:
    query = "{ users_me { id: token t: token password x: password } users { a: token } }"
    answer = await ask(site, query, path=SYSTEM)
    assert data(answer)["users_me"] == {"id": MASK, "t": MASK, "password": MASK, "x": MASK}
    assert ADMIN_TOKEN not in answer.body.decode()


async def test_search_does_not_look_into_concealed_fields(site: Site) -> None:
    found = data(await ask(site, f'{{ users(search: "{EDITOR_TOKEN}") {{ id }} }}', path=SYSTEM))
    assert found == {"users": []}
    query = (
        '{ articles(search: "plum-pudding") { id } articles_aggregated(search: "plum-pudding") { countAll } }'
    )
    assert data(await ask(site, query, token=EDITOR_TOKEN)) == {
        "articles": [],
        "articles_aggregated": [{"countAll": 0}],
    }


# --- GHSA-cph6-524f-3hgr CVE-2025-64749: no hints -------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "{ article { id } }",
        "{ articles { titel } }",
        "{ articles { secre } }",
        "{ articles(filter: {secre: {_eq: 1}}) { id } }",
        "{ articles(limi: 1) { id } }",
        "query ($f: article_filter) { __typename }",
        "{ articles { ... on vaul { id } } }",
        "{ vaul { id } }",
    ],
)
async def test_no_suggestions(site: Site, query: str) -> None:
    for token in (ADMIN_TOKEN, EDITOR_TOKEN, None):
        assert "Did you mean" not in refused(await ask(site, query, token=token))


async def test_a_variable_shows_no_hidden_type(site: Site) -> None:
    for name in ("vault_filter", "vaulx_filter"):
        query = f"query ($f: {name}) {{ articles {{ id }} }}"
        answer = await ask(site, query, {"f": {}}, token=EDITOR_TOKEN)
        assert refused(answer)
        assert f'Unknown type \\"{name}\\".' in answer.body.decode()


# --- internal words ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "directive", ["@key", "@lift", "@first", '@as(name: "x")', "@only(filter: {id: {_eq: 1}})"]
)
async def test_directives_of_the_bridge_are_not_for_callers(site: Site, directive: str) -> None:
    assert "Unknown directive" in refused(await ask(site, f"{{ articles {directive} {{ id }} }}"))


async def test_rights_are_asked_again_when_they_change(site: Site) -> None:
    """What was prepared for a caller is of no use to another, nor to the same one with other rights."""
    query = "{ articles { id secret } }"
    assert data(await ask(site, query))["articles"][0]["secret"]
    assert "Cannot query field" in refused(await ask(site, query, token=EDITOR_TOKEN))
    assert "Cannot query field" in refused(await ask(site, query, token=None))
    assert data(await ask(site, query))["articles"][0]["secret"]
