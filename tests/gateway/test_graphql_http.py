"""`/graphql` and `/graphql/system` as clients of the protocol see them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import quote

import pytest

from gateway.explorer import Explorer
from gateway.graphql_http import render
from resolvers.documents import Prepared
from resolvers.operation import Outcome, RootResult
from schema_gen.database import Database
from schema_gen.errors import Several, failed_validation
from schema_gen.spelling import RESERVED_ROOTS, RESERVED_TYPES
from tests.conftest import MakeDatabase
from tests.support.asgi import Answer
from tests.support.lending import Lend
from tests.support.newsroom import EDITOR_TOKEN, newsroom, seed_newsroom
from tests.support.project import ADMIN_EMAIL, ADMIN_PASSWORD, ADMIN_TOKEN, Site, code, data


@pytest.fixture
async def site(lend: Lend) -> Site:
    return await lend(seed_newsroom)


async def post(
    site: Site,
    query: str,
    variables: dict[str, Any] | None = None,
    *,
    path: str = "/graphql",
    token: str | None = ADMIN_TOKEN,
    **more: Any,
) -> Answer:
    payload = {"query": query, **({"variables": variables} if variables is not None else {}), **more}
    return await site.ask("POST", path, payload, token=token)


async def get(site: Site, query: str, *, token: str | None = ADMIN_TOKEN, **parameters: str) -> Answer:
    text = "&".join(f"{name}={quote(value)}" for name, value in {"query": query, **parameters}.items())
    return await site.ask("GET", f"/graphql?{text}", token=token)


def errors(answer: Answer) -> Any:
    return json.loads(answer.body)["errors"]


def complaints(answer: Answer) -> list[str]:
    """What validation said."""
    assert answer.status == 400, answer.body
    (error,) = errors(answer)
    assert error["message"] == "GraphQL validation error."
    assert error["extensions"]["code"] == "GRAPHQL_VALIDATION"
    return [entry["message"] for entry in error["extensions"]["errors"]]


# --- transport ------------------------------------------------------------------------------------------


async def test_a_query(site: Site) -> None:
    answer = await post(site, '{ articles(sort: ["id"], limit: 2) { id title author { name } } }')
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert data(answer) == {
        "articles": [
            {"id": "1", "title": "One", "author": {"name": "Ada"}},
            {"id": "2", "title": "Two", "author": {"name": "Eve"}},
        ]
    }


async def test_a_query_by_get(site: Site) -> None:
    query = 'query Q($l: Int) { articles(limit: $l, sort: ["-id"]) { id } } query R { __typename }'
    answer = await get(site, query, variables='{"l": 1}', operationName="Q")
    assert data(answer) == {"articles": [{"id": "3"}]}


async def test_mutations_come_by_post_alone(site: Site) -> None:
    answer = await site.ask("GET", "/graphql/system?query=mutation%7Bauth_logout%7D", token=ADMIN_TOKEN)
    assert answer.status == 405
    assert answer.headers["allow"] == "POST"
    assert code(answer) == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "SEARCH", "OPTIONS"])
async def test_other_methods(site: Site, method: str) -> None:
    answer = await site.ask(method, "/graphql", {"query": "{ __typename }"}, token=ADMIN_TOKEN)
    assert answer.status == 405
    assert answer.headers["allow"] == "GET, POST"
    assert errors(answer) == [
        {
            "message": f'Invalid method "{method}" used. Should be one of "GET", "POST".',
            "extensions": {"allowed": ["GET", "POST"], "current": method, "code": "METHOD_NOT_ALLOWED"},
        }
    ]


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded",
     "application/graphql", ""],
)  # fmt: skip
async def test_only_json_is_read(site: Site, kind: str) -> None:
    """CVE-2024-47082: a form of another site can send these without being asked."""
    answer = await site.ask(
        "POST", "/graphql", b'{"query":"{ __typename }"}', token=ADMIN_TOKEN, headers={"content-type": kind}
    )
    assert answer.status == 415
    assert code(answer) == "UNSUPPORTED_MEDIA_TYPE"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{}", "Must provide query string"),
        (b"[]", "Must provide query string"),
        (b'{"query":""}', "Must provide query string"),
        (b'{"query":5}', "Must provide query string"),
        (b'{"query":null}', "Must provide query string"),
        (b'{"query":', "Unexpected end of JSON input"),
        (b"", "Unexpected end of JSON input"),
    ],
)
async def test_bodies_that_ask_nothing(site: Site, body: bytes, reason: str) -> None:
    answer = await site.ask(
        "POST", "/graphql", body, token=ADMIN_TOKEN, headers={"content-type": "application/json"}
    )
    assert answer.status == 400
    assert errors(answer) == [
        {
            "message": f"Invalid payload. {reason}.",
            "extensions": {"reason": reason, "code": "INVALID_PAYLOAD"},
        }
    ]


async def test_bad_requests_by_get(site: Site) -> None:
    assert code(await get(site, "")) == "INVALID_PAYLOAD"
    assert code(await get(site, "{ __typename }", variables="{")) == "INVALID_QUERY"
    assert code(await get(site, "{ __typename }", variables="[]")) == "GRAPHQL_EXECUTION"


@pytest.mark.parametrize("variables", ['{"a":1}', [], 5, True])
async def test_variables_are_an_object(site: Site, variables: Any) -> None:
    answer = await post(site, "{ __typename }", variables=variables)
    assert answer.status == 400
    assert code(answer) == "GRAPHQL_EXECUTION"


async def test_a_body_that_is_too_large(make_database: MakeDatabase) -> None:
    async with newsroom(make_database, MAX_PAYLOAD_SIZE="1kb") as site:
        answer = await post(site, "{ __typename } #" + "x" * 2000)
        assert answer.status == 413
        assert code(answer) == "CONTENT_TOO_LARGE"


@pytest.mark.parametrize("path", ["/graphql/nope", "/graphql/system/x", "/graphqlx"])
async def test_other_paths(site: Site, path: str) -> None:
    assert (await post(site, "{ __typename }", path=path)).status == 404


async def test_a_slash_at_the_end(site: Site) -> None:
    assert data(await post(site, "{ server_ping }", path="/graphql/system/")) == {"server_ping": "pong"}


# --- operations -----------------------------------------------------------------------------------------


async def test_one_of_several_operations(site: Site) -> None:
    query = "query A { articles(limit: 1) { id } } query B { authors(limit: 1) { id } }"
    assert list(data(await post(site, query, operationName="B"))) == ["authors"]
    assert complaints(await post(site, query)) == [
        "Must provide operation name if query contains multiple operations."
    ]
    assert complaints(await post(site, query, operationName="C")) == ['Unknown operation named "C".']


async def test_roots_answer_in_the_order_of_the_document(site: Site) -> None:
    query = """
      query ($about: Boolean!) {
        b: authors(limit: 1) { id } ...About __typename a: articles(limit: 1) { id }
        __type(name: "authors") { name }
      }
      fragment About on Query {
        __schema @include(if: $about) { queryType { name } } c: articles_aggregated { countAll }
      }
    """
    found = data(await post(site, query, {"about": True}))
    assert list(found) == ["b", "__schema", "c", "__typename", "a", "__type"]
    assert found["__schema"] == {"queryType": {"name": "Query"}}
    assert found["c"] == [{"countAll": 3}]
    found = data(await post(site, query, {"about": False}))
    assert list(found) == ["b", "c", "__typename", "a", "__type"]


async def test_one_statement_for_all_roots(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    texts: list[str] = []
    fetch = type(site.database).fetch_bytes

    async def recorded(self: Database, sql: str, parameters: Any = ()) -> Any:
        texts.append(sql)
        return await fetch(self, sql, parameters)

    monkeypatch.setattr(type(site.database), "fetch_bytes", recorded)
    query = """{ a: articles { id author { name } } b: articles_aggregated(groupBy: ["status"]) { countAll }
                 c: articles_by_id(id: 1) { id } authors { name } }"""
    for _ in range(2):
        assert list(data(await post(site, query))) == ["a", "b", "c", "authors"]
    assert len(texts) == 2
    assert texts[0] == texts[1]


async def test_nothing_is_selected(site: Site) -> None:
    query = "query ($on: Boolean!) { articles @include(if: $on) { id } }"
    assert (await post(site, query, {"on": False})).body == b'{"data":{}}'


# --- errors ---------------------------------------------------------------------------------------------


async def test_a_root_that_may_be_null_leaves_the_others(site: Site) -> None:
    answer = await post(site, "{ a: articles_by_id(id: 99) { id } b: articles_by_id(id: 1) { id } }")
    assert answer.status == 200
    assert answer.body == (
        b'{"data":{"a":null,"b":{"id":"1"}},"errors":['
        b'{"message":"You don\'t have permission to access this.",'
        b'"extensions":{"code":"FORBIDDEN"},"locations":[{"line":1,"column":3}],"path":["a"]}]}'
    )


async def test_a_list_that_fails_leaves_nothing(site: Site) -> None:
    answer = await post(site, "{ a: articles_by_id(id: 1) { id } articles(limit: -2) { id } }")
    assert answer.status == 200
    assert json.loads(answer.body) == {
        "errors": [
            {
                "message": 'Invalid query. "limit" must be greater than or equal to -1.',
                "extensions": {
                    "code": "INVALID_QUERY",
                    "reason": '"limit" must be greater than or equal to -1',
                },
                "locations": [{"line": 1, "column": 35}],
                "path": ["articles"],
            }
        ]
    }


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"l": "x"}, 'Variable "$l" has invalid value: Int cannot represent non-integer value: "x"'),
        ({}, 'Variable "$l" has invalid value: Expected a value of non-null type "Int!" to be provided.'),
        (
            {"l": 1, "f": {"nope": 1}},
            'Variable "$f" has invalid value: Field "nope" is not defined by type "articles_filter".',
        ),
    ],
)
async def test_variables_that_do_not_fit(site: Site, variables: dict[str, Any], complaint: str) -> None:
    query = "query ($l: Int!, $f: articles_filter) { articles(limit: $l, filter: $f) { id } }"
    answer = await post(site, query, variables)
    assert complaints(answer) == [complaint]
    assert errors(answer)[0]["extensions"]["errors"][0]["locations"][0]["line"] == 1


async def test_a_wrong_value_concerns_its_root_alone(site: Site) -> None:
    answer = await post(site, '{ a: articles_by_id(id: "x") { id } b: authors_by_id(id: 1) { name } }')
    assert json.loads(answer.body)["data"] == {"a": None, "b": {"name": "Ada"}}


# --- what a caller sees ---------------------------------------------------------------------------------


async def test_hidden_and_missing_are_told_alike(site: Site) -> None:
    for hidden, missing in [
        ("{ vault { id } }", "{ vaulx { id } }"),
        ("{ vault_by_id(id: 1) { id } }", "{ vaulx_by_id(id: 1) { id } }"),
        ("{ articles { secret } }", "{ articles { secrex } }"),
        ("{ articles { secret_func { count } } }", "{ articles { secrex_func { count } } }"),
        ("{ authors { email } }", "{ authors { emaix } }"),
        ("{ articles { author { email } } }", "{ articles { author { emaix } } }"),
        (
            "{ articles(filter: {secret: {_eq: 1}}) { id } }",
            "{ articles(filter: {secrex: {_eq: 1}}) { id } }",
        ),
        ("{ articles_aggregated { count { secret } } }", "{ articles_aggregated { count { secrex } } }"),
        ("query ($f: vault_filter) { __typename }", "query ($f: vaulx_filter) { __typename }"),
        ("{ articles { ... on vault { id } } }", "{ articles { ... on vaulx { id } } }"),
        ("fragment F on vault { id } { ...F }", "fragment F on vaulx { id } { ...F }"),
    ]:
        told = [await post(site, text, token=EDITOR_TOKEN) for text in (hidden, missing)]
        assert told[0].status == told[1].status == 400
        renamed = told[1].body.decode().replace("vaulx", "vault").replace("secrex", "secret")
        assert told[0].body.decode() == renamed.replace("emaix", "email")
    for text in ('{ __type(name: "vault") { name } }', '{ __type(name: "vaulx") { name } }'):
        assert data(await post(site, text, token=EDITOR_TOKEN)) == {"__type": None}


async def test_sorting_and_grouping_by_hidden_fields(site: Site) -> None:
    for argument in ('sort: ["NAME"]', 'groupBy: ["NAME"]'):
        told = []
        for name in ("secret", "secrex"):
            query = f"{{ articles_aggregated({argument.replace('NAME', name)}) {{ countAll }} }}"
            answer = await post(site, query, token=EDITOR_TOKEN)
            assert code(answer) == "FORBIDDEN"
            told.append(answer.body.decode().replace(name, "NAME"))
        assert told[0] == told[1]


async def test_the_schema_is_what_the_caller_may_read(site: Site) -> None:
    query = "{ __schema { queryType { fields { name } } types { name fields { name } } } }"
    seen = data(await post(site, query, token=EDITOR_TOKEN))["__schema"]
    assert {field["name"] for field in seen["queryType"]["fields"]} == {
        f"{name}{suffix}" for name in ("articles", "authors") for suffix in ("", "_by_id", "_aggregated")
    }
    types = {entry["name"]: [f["name"] for f in entry["fields"] or ()] for entry in seen["types"]}
    assert types["articles"] == ["id", "title", "status", "body", "author"]
    assert [name for name in types if "vault" in name] == []
    text = json.dumps(seen)
    assert "secret" not in text
    assert "email" not in text


async def test_nobody_sees_nothing(site: Site) -> None:
    assert (await post(site, "{ _empty __typename }", token=None)).body == (
        b'{"data":{"_empty":null,"__typename":"Query"}}'
    )
    query = "{ __schema { queryType { fields { name } } mutationType { name } } }"
    assert data(await post(site, query, token=None))["__schema"] == {
        "queryType": {"fields": [{"name": "_empty"}]},
        "mutationType": None,
    }


async def test_own_row_and_roles(site: Site) -> None:
    query = "{ users_me { id __typename } roles_me { id } policies_me_globals { admin_access } }"
    found = data(await post(site, query, path="/graphql/system", token=EDITOR_TOKEN))
    assert found["users_me"]["__typename"] == "directus_users"
    assert len(found["roles_me"]) == 1
    assert found["policies_me_globals"] == {"admin_access": False}
    email = await post(site, "{ users_me { email } }", path="/graphql/system", token=EDITOR_TOKEN)
    assert complaints(email) == ['Cannot query field "email" on type "directus_users".']
    assert complaints(await post(site, "{ users { id } }", path="/graphql/system", token=EDITOR_TOKEN)) == [
        'Cannot query field "users" on type "Query".'
    ]
    for root in (
        "users_me { id }",
        "roles_me { id }",
        "permissions_me",
        "policies_me_globals { app_access }",
    ):
        told = complaints(await post(site, f"{{ {root} }}", path="/graphql/system", token=None))
        assert told == [f'Cannot query field "{root.split()[0]}" on type "Query".']


async def test_introspection_can_be_switched_off(make_database: MakeDatabase) -> None:
    """GHSA-wxwm-3fxv-mrvx: `__schema` and `__type` are fields like any that there is not."""
    async with newsroom(make_database, GRAPHQL_INTROSPECTION="false") as site:
        for query in ("{ __schema { queryType { name } } }", '{ __type(name: "articles") { name } }'):
            name = query.split()[1].partition("(")[0]
            assert complaints(await post(site, query)) == [f'Cannot query field "{name}" on type "Query".']
        assert data(await post(site, "{ articles(limit: 1) { __typename } }")) == {
            "articles": [{"__typename": "articles"}]
        }


# --- logging in -----------------------------------------------------------------------------------------

LOGIN = """mutation ($password: String!, $mode: auth_mode) {
  auth_login(email: "admin@example.com", password: $password, mode: $mode) { access_token expires __typename }
}"""


async def test_login_sets_a_cookie_that_works(site: Site) -> None:
    variables = {"password": ADMIN_PASSWORD, "mode": "session"}
    answer = await post(site, LOGIN, variables, path="/graphql/system", token=None)
    assert data(answer)["auth_login"] == {
        "access_token": None,
        "expires": "86400000",
        "__typename": "auth_tokens",
    }
    assert answer.headers["cache-control"] == "no-store"
    cookie = answer.headers["set-cookie"].partition(";")[0]
    assert cookie.startswith("directus_session_token=")
    asked = await site.ask(
        "POST", "/graphql/system", {"query": "{ users_me { email } }"}, headers={"cookie": cookie}
    )
    assert data(asked) == {"users_me": {"email": ADMIN_EMAIL}}


async def test_a_session_cookie_from_another_site_changes_nothing(site: Site) -> None:
    variables = {"password": ADMIN_PASSWORD, "mode": "session"}
    answer = await post(site, LOGIN, variables, path="/graphql/system", token=None)
    cookie = answer.headers["set-cookie"].partition(";")[0]
    foreign = await site.ask(
        "POST",
        "/graphql",
        {"query": "{ articles { id } }"},
        headers={"cookie": cookie, "origin": "https://evil.example"},
    )
    assert foreign.status == 403


async def test_a_wrong_password(site: Site) -> None:
    answer = await post(site, LOGIN, {"password": "wrong"}, path="/graphql/system", token=None)
    assert answer.status == 200
    body = json.loads(answer.body)
    assert body["data"] == {"auth_login": None}
    assert body["errors"][0]["extensions"] == {"code": "INVALID_CREDENTIALS"}
    assert body["errors"][0]["path"] == ["auth_login"]


async def test_types_of_calls_are_reserved_names(site: Site) -> None:
    """So that no collection can have the name of one."""
    calls = site.project.engine.calls.signatures
    made = {made.name for call in calls for made in call.types}
    # called like the system collections that they tell of, whose names no other can have
    assert made - {f"directus_{name}" for name in ("collections", "fields", "relations")} <= RESERVED_TYPES
    # internal roots are found before those of collections
    roots = {(call.scope, call.name) for call in calls if call.kind == "query" and not call.internal}
    assert all(name in RESERVED_ROOTS[scope] for scope, name in roots)


# --- the schema as text ---------------------------------------------------------------------------------


async def test_the_schema_as_text(site: Site) -> None:
    file = await site.ask("GET", "/server/specs/graphql/items", token=EDITOR_TOKEN)
    assert file.status == 200
    named = file.headers["content-disposition"]
    assert re.fullmatch(r'attachment; filename="Causeway_\d{4}-\d\d-\d\d\.graphql"', named)
    text = file.body.decode()
    assert "type articles {" in text
    assert "vault" not in text
    assert (await site.ask("GET", "/server/specs/graphql", token=EDITOR_TOKEN)).body == file.body
    query = "{ server_specs_graphql(scope: items) }"
    asked = await post(site, query, path="/graphql/system", token=EDITOR_TOKEN)
    assert data(asked) == {"server_specs_graphql": text}
    system = await site.ask("GET", "/server/specs/graphql/system", token=ADMIN_TOKEN)
    assert b"type directus_users {" in system.body
    assert (await site.ask("GET", "/server/specs/graphql/nope", token=ADMIN_TOKEN)).status == 404


async def test_the_schema_as_text_is_introspection(make_database: MakeDatabase) -> None:
    """GHSA-wxwm-3fxv-mrvx"""
    async with newsroom(make_database, GRAPHQL_INTROSPECTION="false") as site:
        assert (await site.ask("GET", "/server/specs/graphql", token=ADMIN_TOKEN)).status == 404
        answer = await post(site, "{ server_specs_graphql }", path="/graphql/system")
        assert complaints(answer) == ['Cannot query field "server_specs_graphql" on type "Query".']


# --- the explorer ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/graphql", "/graphql/system", "/graphql/"])
async def test_browsers_get_a_page(site: Site, path: str) -> None:
    page = await site.ask("GET", path, headers={"accept": "text/html,application/xhtml+xml"})
    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "script-src 'self';" in page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


async def test_a_query_in_the_address_is_answered_to_browsers_too(site: Site) -> None:
    answer = await site.ask(
        "GET", "/graphql?query=%7B__typename%7D", token=ADMIN_TOKEN, headers={"accept": "text/html"}
    )
    assert data(answer) == {"__typename": "Query"}


async def test_files_of_the_explorer(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text('<script src="./assets/main.js"></script>')
    (tmp_path / "assets" / "main.js").write_text("let a;")
    (tmp_path / "assets" / "main.js.gz").write_bytes(b"smaller")
    (tmp_path / "secret.js").write_text("x")
    explorer = Explorer.find(tmp_path, "https://example.com/cms/")
    assert b'src="/cms/graphiql/assets/main.js"' in explorer.page("here").body
    plain = await explorer.asset("main.js", compressed=False)
    small = await explorer.asset("main.js", compressed=True)
    assert plain is not None
    assert small is not None
    assert (plain.body, small.body) == (b"let a;", b"smaller")
    assert ("content-encoding", "gzip") in small.headers
    assert ("content-type", "text/javascript; charset=utf-8") in plain.headers
    for name in ("../secret.js", "secret.js", "main.js.gz", "", "..%2fsecret.js"):
        assert await explorer.asset(name, compressed=False) is None


async def test_an_explorer_that_is_not_built_says_what_to_run(site: Site, tmp_path: Path) -> None:
    missing = Explorer.find(tmp_path / "nowhere", "/")
    page = missing.page("<script>.example/graphql").body.decode()
    assert "make explorer" in page
    assert "<script>" not in page
    for path in ("/graphiql/assets/nope.js", "/graphiql/assets/../../config.py", "/graphiql", "/graphiql/"):
        assert (await site.ask("GET", path)).status == 404


# --- several refusals of one root -----------------------------------------------------------------------


def test_every_refusal_of_a_root_is_an_error_of_its_own() -> None:
    refused = Several([failed_validation("title", "required"), failed_validation("views", "gt", valid=5)])
    place = SimpleNamespace(locations=[{"line": 1, "column": 2}], required=False)
    prepared = cast(Prepared, SimpleNamespace(prefixes={"made": b'"made":'}, roots={"made": place}))
    body = render(Outcome(roots=(RootResult(key="made", data=None, error=refused),)), prepared)
    answer = json.loads(body)
    assert answer["data"] == {"made": None}
    assert [error["extensions"]["field"] for error in answer["errors"]] == ["title", "views"]
    assert [error["path"] for error in answer["errors"]] == [["made"], ["made"]]
