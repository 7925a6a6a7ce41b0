"""`/server/specs/oas`: the document is one, tells what the caller may use, and what it says is true."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from rest_bridge.openapi import document as documents
from tests.conftest import MakeDatabase
from tests.support.forms import HEADERS, field, file, form
from tests.support.images import encoded, gradient
from tests.support.lending import Lend
from tests.support.openapi import Fits, check, operations
from tests.support.project import Site, change, code, grant, running
from tests.support.seeds import TOKEN, seed_demo

CALLERS = {"admin": TOKEN, "editor": "editor-static", "reader": "reader-static", "nobody": None}
PATH = "/server/specs/oas"


@pytest.fixture
async def site(lend: Lend) -> Site:
    return await lend(seed_demo, with_tokens)


async def with_tokens(site: Site) -> None:
    for name in ("editor", "reader"):
        sql = "update directus_users set token = $1 where email = $2"
        await change(site.database, sql, f"{name}-static", f"{name}@example.com")


async def document(site: Site, caller: str) -> dict[str, Any]:
    answer = await site.ask("GET", PATH, token=CALLERS[caller])
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    made: dict[str, Any] = json.loads(answer.body)
    return made


def methods(made: Mapping[str, Any], path: str) -> set[str]:
    return {method for place, method, _ in operations(made) if place == path}


@pytest.mark.parametrize("caller", CALLERS)
async def test_it_is_a_document(site: Site, caller: str) -> None:
    check(await document(site, caller))


async def test_everything_for_administrators(site: Site) -> None:
    made = await document(site, "admin")
    assert methods(made, "/items/articles") == {"get", "post", "patch", "delete"}
    assert methods(made, "/items/articles/{id}") == {"get", "put", "patch", "delete"}
    assert methods(made, "/items/homepage") == {"get", "patch"}
    assert methods(made, "/users") == {"get", "post", "patch", "delete"}
    assert methods(made, "/activity") == {"get"}
    assert methods(made, "/settings") == {"get", "patch"}
    assert methods(made, "/users/me") == {"get", "patch", "delete"}
    # a folder holds no items
    assert "/items/blocks" not in made["paths"]
    assert made["components"]["schemas"]["ItemsArticles_create"]["required"] == ["title", "slug"]
    assert made["components"]["schemas"]["ItemsArticles_create"]["properties"]["title"] == {
        "type": "string",
        "maxLength": 255,
    }
    read = made["components"]["schemas"]["ItemsArticles"]["properties"]
    assert read["status"] == {"type": "string", "enum": ["published", "draft", "archived"]}
    assert read["rating"] == {"type": ["number", "null"], "description": "Of readers, 1 to 5"}
    assert read["price"]["type"] == ["number", "null"]
    key = ["integer", "string", "null"] if site.database.dialect == "sqlite" else ["integer", "null"]
    assert read["author"] == {"anyOf": [{"type": key}, {"$ref": "#/components/schemas/ItemsAuthors"}]}


async def test_bytes_come_and_go(site: Site) -> None:
    made = await document(site, "admin")
    forms = {
        (path, method): its["requestBody"]["content"]["multipart/form-data"]["schema"]
        for path, method, its in operations(made)
        if path.startswith("/files")
        and "multipart/form-data" in its.get("requestBody", {}).get("content", {})
    }
    assert set(forms) == {("/files", "post"), ("/files/{id}", "patch")}
    assert forms["/files", "post"]["required"] == ["file"]
    assert {"title", "folder", "file"} <= forms["/files", "post"]["properties"].keys()
    assert "filesize" not in forms["/files", "post"]["properties"]
    assert methods(made, "/files/import") == methods(made, "/assets/files") == {"post"}
    assert methods(made, "/assets/folder/{id}") == {"post"}
    assert methods(made, "/assets/{id}") == methods(made, "/assets/{id}/{filename}") == {"get"}
    answers = made["paths"]["/assets/{id}"]["get"]["responses"]
    assert {"200", "206", "304", "403", "416"} <= answers.keys()
    assert not [path for path in made["paths"] if path.startswith("/files/tus")]


async def test_what_it_says_of_bytes(site: Site) -> None:
    made = await document(site, "admin")
    sent = form(field("title", "A"), file("a.png", encoded(gradient(4, 3), "PNG"), "image/png"))
    uploaded = await site.ask("POST", "/files", sent, token=TOKEN, headers=HEADERS)
    fits, key = Fits(made), json.loads(uploaded.body)["data"]["id"]
    schema = fits.answer("/files", "post", uploaded.status)
    assert schema is not None
    assert not fits.faults(schema, json.loads(uploaded.body))
    whole = await site.ask("GET", f"/assets/{key}", token=TOKEN)
    known = {"if-none-match": whole.headers["etag"]}
    asked: list[tuple[str, dict[str, str], int]] = [
        ("", {}, 200),
        ("?width=1", {}, 200),
        ("", {"range": "bytes=0-3"}, 206),
        ("", known, 304),
        ("?width=x", {}, 400),
        ("", {"range": "bytes=9999-"}, 416),
    ]
    for query, headers, status in asked:
        answer = await site.ask("GET", f"/assets/{key}{query}", token=TOKEN, headers=headers)
        assert answer.status == status, (query, headers, answer.body)
        told = made["paths"]["/assets/{id}"]["get"]["responses"][str(status)]
        if status < 400:
            assert {name.lower() for name in told.get("headers", {})} <= answer.headers.keys()
            assert set(told.get("content", {})) == ({"*/*"} if status < 300 else set())
        else:
            refused = fits.answer("/assets/{id}", "get", status)
            assert refused is not None
            assert not fits.faults(refused, json.loads(answer.body))
    zipped = await site.ask("POST", "/assets/files", {"ids": [key]}, token=TOKEN)
    answers = made["paths"]["/assets/files"]["post"]["responses"]
    assert zipped.headers["content-type"] in answers[str(zipped.status)]["content"]


async def test_what_is_written_of_files_follows_the_rights(site: Site) -> None:
    """Who may only upload sees no assets, and may say what was granted."""
    for (policy,) in await site.database.fetch("select id from directus_policies"):
        await grant(site.database, str(policy), "directus_files", "create", fields="title")
    await site.project.epochs.bump_access()
    made = await document(site, "reader")
    assert methods(made, "/files") == {"post"}
    form = made["paths"]["/files"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert set(form["properties"]) == {"title", "file"}
    assert not [path for path in made["paths"] if path.startswith("/assets")]
    assert set(made["paths"]["/files/import"]["post"]["responses"]) >= {"204", "400"}
    assert "200" not in made["paths"]["/files/import"]["post"]["responses"]


async def test_uploads_that_can_be_resumed(make_database: MakeDatabase) -> None:
    async with running(await make_database(seed_demo), TUS_ENABLED="true") as site:
        made = await document(site, "admin")
        check(made)
        assert methods(made, "/files/tus") == {"post"}
        assert methods(made, "/files/tus/{upload}") == {"head", "patch", "delete"}
        hidden = await document(site, "nobody")
        assert not [path for path in hidden["paths"] if path.startswith("/files")]


async def test_what_a_reader_may(site: Site) -> None:
    made = await document(site, "reader")
    assert methods(made, "/items/articles") == {"get"}
    assert methods(made, "/items/comments") == {"get", "post"}
    assert methods(made, "/items/comments/{id}") == {"get"}
    schemas = made["components"]["schemas"]
    assert "email" not in schemas["ItemsAuthors"]["properties"]
    assert set(schemas["ItemsComments_create"]["properties"]) == {"article", "author_name", "body"}
    assert "/settings" not in made["paths"]
    assert "/users" not in made["paths"]
    assert methods(made, "/users/me") == {"get"}


async def test_what_is_hidden_is_not_named(site: Site) -> None:
    made = await document(site, "nobody")
    text = json.dumps(made)
    for hidden in ("user_created", "author_email", "directus_users", "joined_on"):
        assert hidden not in text
    # who is nobody yet may become a user
    becoming = {"/users/invite/accept", "/users/register", "/users/register/verify-email"}
    assert {path for path in made["paths"] if path.startswith("/users")} == becoming
    assert "/server/health" not in made["paths"]
    assert methods(made, "/items/articles") == {"get"}


async def test_what_it_says_of_answers(site: Site) -> None:
    """Every list, as it comes, with all of what is related."""
    for caller in CALLERS:
        made = await document(site, caller)
        fits = Fits(made)
        asked = 0
        for path, method, _ in operations(made):
            if method != "get" or "{" in path or path.startswith("/server/specs"):
                continue
            if "200" not in made["paths"][path]["get"]["responses"]:
                continue
            for query in ("", "?fields=*.*&limit=20", "?meta=*&limit=3"):
                answer = await site.ask("GET", path + query, token=CALLERS[caller])
                assert answer.status == 200, (path, answer.body)
                schema = fits.answer(path, method, 200)
                if schema is not None:
                    asked += 1
                    assert not (faults := fits.faults(schema, json.loads(answer.body))), (path, faults[:3])
        assert asked > 20


async def test_refusals_are_told(site: Site) -> None:
    made = await document(site, "admin")
    fits = Fits(made)
    for path, target, status in (
        ("/items/articles", "?filter[nope][_eq]=1", 403),
        ("/items/articles", "?limit=x", 400),
        ("/items/articles/{id}", "/999999", 403),
    ):
        answer = await site.ask("GET", f"/items/articles{target}", token=TOKEN)
        assert answer.status == status
        schema = fits.answer(path, "get", status)
        assert schema is not None
        assert not fits.faults(schema, json.loads(answer.body))
        wrong = {"errors": [{"message": "x", "extensions": {"code": "TOKEN_EXPIRED"}}]}
        assert fits.faults(schema, wrong)


async def test_new_rights_are_in_the_next_document(site: Site) -> None:
    before = await document(site, "nobody")
    assert before["info"]["version"] == (await document(site, "nobody"))["info"]["version"]
    sql = "select policy from directus_access where role is null and " + '"user" is null'
    policy = (await site.database.fetch(sql))[0][0]
    await grant(site.database, str(policy), "tags", "create", fields="name")
    await site.project.epochs.bump_access()
    after = await document(site, "nobody")
    assert methods(after, "/items/tags") == {"get", "post"}
    assert before["info"]["version"] != after["info"]["version"]


async def test_a_document_is_made_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    made = 0
    encoded = documents.encoded

    def counted(setting: Any) -> bytes:
        nonlocal made
        made += 1
        return encoded(setting)

    monkeypatch.setattr(documents, "encoded", counted)
    first = await site.ask("GET", PATH, token=TOKEN)
    assert (await site.ask("GET", PATH, token=TOKEN)).body == first.body
    assert made == 1


async def test_graphql_gives_the_same(site: Site) -> None:
    for caller, token in CALLERS.items():
        query = {"query": "{ server_specs_oas }"}
        answer = await site.ask("POST", "/graphql/system", query, token=token)
        assert json.loads(answer.body) == {"data": {"server_specs_oas": await document(site, caller)}}


async def test_it_can_be_switched_off(make_database: MakeDatabase) -> None:
    async with running(await make_database(seed_demo), OPENAPI_ENABLED="false") as site:
        answer = await site.ask("GET", PATH, token=TOKEN)
        assert (answer.status, code(answer)) == (404, "ROUTE_NOT_FOUND")
        asked = await site.ask("POST", "/graphql/system", {"query": "{ server_specs_oas }"}, token=TOKEN)
        assert code(asked) == "GRAPHQL_VALIDATION"


async def test_without_metadata(chinook_url: str) -> None:
    """A database that knows nothing of the protocol, with a composite key; the public may do nothing."""
    async with running(chinook_url) as site:
        made = await document(site, "nobody")
        check(made)
        assert not [path for path in made["paths"] if path.startswith("/items/")]
