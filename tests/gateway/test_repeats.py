"""Requests that come again are answered from what is remembered of them: until rules or schema change."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from resolvers.documents import Documents, Prepared
from tests.conftest import MakeDatabase
from tests.support.asgi import Answer
from tests.support.newsroom import EDITOR_TOKEN, newsroom
from tests.support.project import ADMIN_TOKEN, Site, change

GRAPHQL = json.dumps({"query": '{ articles(sort: ["id"]) { id title } }'}).encode()
REST = "/items/articles?fields=id,title&sort=id"


@pytest.fixture
async def site(make_database: MakeDatabase) -> AsyncIterator[Site]:
    async with newsroom(make_database) as running_site:
        yield running_site


async def graphql(site: Site, body: bytes, token: str | None = ADMIN_TOKEN, **headers: str) -> Answer:
    return await site.ask("POST", "/graphql", body, token=token, headers=headers)


async def both(site: Site, token: str | None) -> tuple[Any, Any]:
    """What the same question gives by REST and by GraphQL: data, or the status."""
    first = await site.ask("GET", REST, token=token)
    second = await graphql(site, GRAPHQL, token)
    rest, graph = json.loads(first.body), json.loads(second.body)
    titles = [item["title"] for item in rest["data"]] if "data" in rest else first.status
    return titles, (
        [item["title"] for item in graph["data"]["articles"]] if "data" in graph else second.status
    )


def count_documents(site: Site, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Texts that are looked up: those of repetitions are not."""
    looked: list[str] = []
    known = Documents.known

    def counted(documents: Documents, text: str, *more: Any) -> Prepared | None:
        looked.append(text)
        return known(documents, text, *more)

    monkeypatch.setattr(Documents, "known", counted)
    return looked


VARIABLE = "query ($id: ID!) { articles_by_id(id: $id) { title } }"


@pytest.mark.parametrize(
    ("payload", "kept"),
    [
        ({"query": "{ articles { id } }"}, True),
        ({"query": VARIABLE, "variables": {"id": 1}}, True),
        ({"query": "query A { articles { id } } query B { authors { id } }", "operationName": "B"}, True),
        ({"query": "{ articles { id } __typename }"}, False),
        ({"query": "{ articles(limit: 0) { token: id } }"}, False),
        ({"query": "{ articles(limit: 1) { id } } # " + "x" * 5000}, False),
        ({"query": "{ articles { id "}, False),
        ({"query": VARIABLE, "variables": {}}, False),
        ({"query": VARIABLE, "variables": {"id": "77"}}, True),
        ({"query": '{ articles(filter: {id: {_eq: "x"}}) { id } }'}, True),
    ],
)
async def test_which_queries_are_remembered(
    site: Site, monkeypatch: pytest.MonkeyPatch, payload: dict[str, Any], kept: bool
) -> None:
    body = json.dumps(payload).encode()
    first = await graphql(site, body)
    looked = count_documents(site, monkeypatch)
    second = await graphql(site, body)
    assert (second.status, second.body) == (first.status, first.body)
    assert bool(looked) is not kept


async def test_mutations_are_not_remembered(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps({"query": 'mutation { auth_login(email: "a@b.c", password: "p") { expires } }'})
    for _ in range(2):
        looked = count_documents(site, monkeypatch)
        answer = await site.ask("POST", "/graphql/system", body.encode())
        assert b"INVALID_CREDENTIALS" in answer.body
        assert looked
    assert len(site.project.graphql._repeats) == 0


async def test_the_two_doors_remember_apart(site: Site) -> None:
    body = json.dumps({"query": "{ articles { id } }"}).encode()
    assert (await graphql(site, body)).status == 200
    assert (await graphql(site, body)).status == 200
    assert (await site.ask("POST", "/graphql/system", body, token=ADMIN_TOKEN)).status == 400


async def test_what_is_said_of_a_body_counts(site: Site) -> None:
    assert (await graphql(site, GRAPHQL)).status == 200
    assert (await graphql(site, GRAPHQL)).status == 200
    assert (await graphql(site, GRAPHQL, **{"content-type": "text/plain"})).status == 415


async def test_each_caller_gets_its_own_answer(site: Site) -> None:
    alone = {
        ADMIN_TOKEN: (["One", "Two", "Three"],) * 2,
        EDITOR_TOKEN: (["One", "Two"],) * 2,
        None: (403, 400),
    }
    for _ in range(3):
        for token, expected in alone.items():
            assert await both(site, token) == expected


async def test_changed_rules_hold_at_once(site: Site) -> None:
    for _ in range(2):
        assert await both(site, EDITOR_TOKEN) == (["One", "Two"], ["One", "Two"])
    await change(
        site.database,
        "update directus_permissions set permissions = $1 where collection = 'articles'",
        json.dumps({"id": {"_eq": 3}}),
    )
    await site.project.epochs.bump_access()
    for _ in range(2):
        assert await both(site, EDITOR_TOKEN) == (["Three"], ["Three"])
    await change(site.database, "delete from directus_permissions where collection = 'articles'")
    await site.project.epochs.bump_access()
    assert await both(site, EDITOR_TOKEN) == (403, 400)
    assert await both(site, ADMIN_TOKEN) == (["One", "Two", "Three"],) * 2


async def test_a_changed_schema_is_met_at_once(site: Site) -> None:
    for _ in range(2):
        assert await both(site, ADMIN_TOKEN) == (["One", "Two", "Three"],) * 2
    await change(site.database, "alter table articles rename column title to headline")
    await site.project.epochs.bump_schema()
    assert await both(site, ADMIN_TOKEN) == (403, 400)
    await change(site.database, "alter table articles rename column headline to title")
    await site.project.epochs.bump_schema()
    assert await both(site, ADMIN_TOKEN) == (["One", "Two", "Three"],) * 2
