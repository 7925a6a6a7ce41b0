"""Requests of collections, fields and relations: which root answers, and that no document from outside
names it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from graphql import validate

from resolvers.structure.signatures import INTERNAL
from rest_bridge.routes import match
from rest_bridge.structure import ROUTES, structure_operation
from schema_gen.graphql.build import build_schema
from schema_gen.graphql.view import Everything
from schema_gen.naming import Names
from tests.support.blog import blog_snapshot
from tests.support.lending import Lend
from tests.support.newsroom import seed_newsroom
from tests.support.project import ADMIN_TOKEN, Site, code, data
from tests.support.rest import on_one_line


@pytest.mark.parametrize(
    ("path", "pattern", "given"),
    [
        ("/collections", "collections", {}),
        ("/collections/", "collections", {}),
        ("/collections/a%20b", "collections/:collection", {"collection": "a b"}),
        ("/fields/a%2Fb/c", "fields/:collection/:field", {"collection": "a/b", "field": "c"}),
        ("/relations/a", "relations/:collection", {"collection": "a"}),
    ],
)
def test_places(path: str, pattern: str, given: dict[str, str]) -> None:
    place = match(path).place
    assert place is not None
    assert (place.pattern, place.given) == (pattern, given)


def test_methods_are_those_of_the_table() -> None:
    assert match("/fields/a/b").methods[:2] == ("GET", "HEAD")
    assert "SEARCH" in match("/collections").methods
    assert "SEARCH" not in match("/fields").methods


def test_operations() -> None:
    operation = structure_operation("structure_field", {"collection": "a", "field": "b", "more": 1})
    assert on_one_line(operation) == (
        "query ($collection: String!, $field: String!) "
        "{ data: structure_field(collection: $collection, field: $field) }"
    )
    assert operation.variables == {"collection": "a", "field": "b"}


@pytest.mark.parametrize("root", sorted({root for root, _ in ROUTES.values()}))
def test_every_operation_is_valid_inside_only(root: str) -> None:
    snapshot = blog_snapshot("sqlite")
    signature = INTERNAL[root]
    operation = structure_operation(root, dict.fromkeys(signature.arguments, "x"))
    signatures = (signature, replace(signature, name="other", internal=False))
    for internal in (True, False):
        schema = build_schema(
            snapshot, Names.of(snapshot), Everything(snapshot), "system", signatures, internal=internal
        )
        assert (validate(schema, operation.document) == []) is internal


# --- over HTTP ----------------------------------------------------------------------------------------------


@pytest.fixture
async def site(lend: Lend) -> Site:
    return await lend(seed_newsroom)


async def get(site: Site, path: str) -> Any:
    return data(await site.ask("GET", path, token=ADMIN_TOKEN))


async def test_lists_and_single_ones_agree(site: Site) -> None:
    for told in await get(site, "/collections"):
        assert await get(site, f"/collections/{told['collection']}") == told
    every = await get(site, "/fields")
    mine = [told for told in every if told["collection"] == "articles"]
    assert mine == await get(site, "/fields/articles")
    assert mine == [await get(site, f"/fields/articles/{told['field']}") for told in mine]
    relations = await get(site, "/relations/articles")
    assert relations == [await get(site, f"/relations/articles/{told['field']}") for told in relations]


async def test_head_options_and_methods_that_there_are_not(site: Site) -> None:
    whole = await site.ask("GET", "/fields/articles", token=ADMIN_TOKEN)
    head = await site.ask("HEAD", "/fields/articles", token=ADMIN_TOKEN)
    assert (head.status, head.headers["content-length"]) == (200, whole.headers["content-length"])
    options = await site.ask("OPTIONS", "/collections", token=ADMIN_TOKEN)
    assert options.headers["allow"].split(",")[:2] in (["SEARCH", "GET"], ["POST", "SEARCH"])
    refused = await site.ask("PUT", "/collections/articles", {}, token=ADMIN_TOKEN)
    assert (refused.status, code(refused)) == (404, "ROUTE_NOT_FOUND")


async def test_search_of_collections(site: Site) -> None:
    async def search(body: Any) -> Any:
        return await site.ask("SEARCH", "/collections", body, token=ADMIN_TOKEN)

    chosen = data(await search({"keys": ["vault", "articles", "nope"]}))
    assert [told["collection"] for told in chosen] == sorted(told["collection"] for told in chosen)
    assert {told["collection"] for told in chosen} == {"articles", "vault"}
    assert data(await search({})) == await get(site, "/collections")
    refused = await search({"keys": "articles"})
    assert (refused.status, code(refused)) == (400, "INVALID_PAYLOAD")
    assert (await site.ask("SEARCH", "/fields", {}, token=ADMIN_TOKEN)).status == 404


async def test_a_wrong_query_is_refused_and_the_rest_is_passed_over(site: Site) -> None:
    assert (await site.ask("GET", "/collections?limit=x", token=ADMIN_TOKEN)).status == 400
    assert await get(site, "/fields/articles?limit=1&fields=field") == await get(site, "/fields/articles")
    exported = await site.ask("GET", "/fields/articles?export=csv", token=ADMIN_TOKEN)
    assert exported.headers["content-type"].startswith("text/csv")
    assert exported.body.startswith(b'"collection","field","type"')


async def test_graphql_gives_the_same(site: Site) -> None:
    async def ask(query: str) -> Any:
        answer = await site.ask("POST", "/graphql/system", {"query": query}, token=ADMIN_TOKEN)
        return json.loads(answer.body)

    told = await ask(
        '{ collections { collection } fields_in_collection(collection: "articles") '
        "{ field type schema { name is_nullable default_value } meta { id special } } "
        'relations_by_name(collection: "articles", field: "author") { related_collection } '
        'nope: fields_in_collection(collection: "nope") { field } }'
    )
    names = [one["collection"] for one in await get(site, "/collections")]
    assert [one["collection"] for one in told["data"]["collections"]] == names
    fields = await get(site, "/fields/articles")
    assert [(one["field"], one["type"]) for one in told["data"]["fields_in_collection"]] == [
        (one["field"], one["type"]) for one in fields
    ]
    assert told["data"]["relations_by_name"] == {"related_collection": "authors"}
    assert told["data"]["nope"] == []
    missing = await ask('{ collections_by_name(name: "nope") { collection } }')
    assert missing["data"] == {"collections_by_name": None}
    assert missing["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_internal_roots_are_not_for_documents_from_outside(site: Site) -> None:
    for root in INTERNAL:
        kind = INTERNAL[root].kind
        for token in (ADMIN_TOKEN, None):
            answer = await site.ask("POST", "/graphql/system", {"query": f"{kind} {{ {root} }}"}, token=token)
            assert answer.status == 400, root
            assert code(answer) == "GRAPHQL_VALIDATION"
