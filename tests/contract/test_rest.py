"""REST over HTTP on the demo site: own rows, rights, system collections, refusals, headers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from resolvers.demo.access import EDITOR, READER
from tests.support.project import Site, add_policy, add_role, add_user, change, data, grant, running
from tests.support.seeds import ADMIN, PASSWORD, TOKEN


@pytest.fixture
async def site(demo_url: str) -> AsyncIterator[Site]:
    async with running(demo_url) as opened:
        yield opened


async def login(site: Site, email: str) -> str:
    answer = await site.ask("POST", "/auth/login", {"email": email, "password": PASSWORD})
    return str(data(answer)["access_token"])


@pytest.fixture
async def editor(site: Site) -> str:
    return await login(site, EDITOR.email)


@pytest.fixture
async def reader(site: Site) -> str:
    return await login(site, READER.email)


async def refusal(
    site: Site, target: str, token: str | None = None, method: str = "GET"
) -> tuple[int, str, str]:
    answer = await site.ask(method, target, token=token)
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    (error,) = json.loads(answer.body)["errors"]
    return answer.status, error["extensions"]["code"], error["message"]


async def get(site: Site, target: str, token: str | None = None) -> Any:
    return data(await site.ask("GET", target, token=token))


# --- own rows -----------------------------------------------------------------------------------------------


async def test_users_me(site: Site, reader: str, editor: str) -> None:
    own = await get(site, "/users/me?fields=id,email,role.name", TOKEN)
    assert (own["email"], own["role"]) == (ADMIN, {"name": "Administrator"})
    whole = await get(site, "/users/me", TOKEN)
    assert whole["password"] == "**********"
    assert whole["policies"] == []
    # an editor has app access: what the app needs of oneself; a reader knows the key
    assert (await get(site, "/users/me", editor))["email"] == EDITOR.email
    assert await get(site, "/users/me", reader) == {"id": READER.id}
    assert await get(site, "/users/me?fields=email", reader) == {"id": READER.id}
    assert await get(site, "/users/me?fields=*.*", reader) == {"id": READER.id}
    assert await get(site, "/users/me?fields=id,nope", TOKEN) == {"id": own["id"]}
    # nothing of the query chooses somebody else
    assert await get(site, "/users/me?filter[email]=x&limit=0&search=zzz&fields=id", TOKEN) == {
        "id": own["id"]
    }
    assert await refusal(site, "/users/me") == (401, "INVALID_CREDENTIALS", "Invalid user credentials.")
    assert (await refusal(site, "/users/me?limit=abc", reader))[:2] == (400, "INVALID_QUERY")


async def test_roles_me(site: Site, reader: str) -> None:
    (role,) = await get(site, "/roles/me?fields=name,policies", TOKEN)
    assert role["name"] == "Administrator"
    (own,) = await get(site, "/roles/me", reader)
    assert set(own) == {"id"}
    assert await get(site, "/roles/me?fields=name", reader) == [own]
    assert await refusal(site, "/roles/me") == (403, "FORBIDDEN", "You don't have permission to access this.")


async def test_roles_me_are_the_role_and_those_above(site: Site) -> None:
    parent = await add_role(site.database, "parent")
    child = await add_role(site.database, "child", parent=parent)
    await add_policy(site.database, role=parent)
    await add_user(site.database, "child@example.com", role=child, token="child-token")
    assert {role["id"] for role in await get(site, "/roles/me", "child-token")} == {parent, child}


# --- what one may -------------------------------------------------------------------------------------------


async def test_permissions_me(site: Site, reader: str) -> None:
    found = await get(site, "/permissions/me", reader)
    assert found["articles"]["read"]["access"] == "partial"
    assert found["homepage"]["read"] == {"access": "full", "fields": ["*"]}
    assert found["comments"]["create"] == {
        "access": "full",
        "fields": ["article", "author_name", "body"],
        "presets": {"status": "pending"},
    }
    assert found["articles"]["update"] == {"access": "none"}
    everything = await get(site, "/permissions/me", TOKEN)
    assert everything["articles"]["delete"] == {"access": "full", "fields": ["*"]}
    assert {"directus_users", "articles"} <= set(everything)


async def test_policies_me_globals(site: Site, editor: str) -> None:
    assert await get(site, "/policies/me/globals", editor) == {
        "app_access": True,
        "admin_access": False,
        "enforce_tfa": False,
    }
    assert await get(site, "/policies/me/globals") == {"app_access": False}


def rights(update: bool, delete: bool, share: bool) -> dict[str, Any]:
    return {"update": {"access": update}, "delete": {"access": delete}, "share": {"access": share}}


async def test_rights_on_one_item(site: Site) -> None:
    role = await add_role(site.database, "limited")
    policy = await add_policy(site.database, role=role)
    await add_user(site.database, "limited@example.com", role=role, token="limited-token")
    by_author = {"author": {"name": {"_nnull": True}}, "id": {"_lt": 3}}
    await grant(site.database, policy, "articles", "update", fields="title", rule=by_author)
    await grant(site.database, policy, "articles", "share")
    await grant(site.database, policy, "homepage", "update")
    authors = await get(site, "/items/articles?fields=id,author&filter[id][_lte]=3&sort=id", TOKEN)
    for article in authors:
        may = article["author"] is not None and article["id"] < 3
        found = await get(site, f"/permissions/me/articles/{article['id']}", "limited-token")
        assert found == rights(may, False, True)
    missing = await get(site, "/permissions/me/articles/999999", "limited-token")
    assert (
        missing
        == await get(site, "/permissions/me/articles/abc", "limited-token")
        == rights(False, False, False)
    )
    # without a key: what is not there yet; of a singleton the one that is there
    assert await get(site, "/permissions/me/articles", "limited-token") == rights(True, False, True)
    single = rights(True, False, False) | {"update": {"access": True, "fields": ["*"], "presets": {}}}
    assert await get(site, "/permissions/me/homepage", "limited-token") == single
    assert await get(site, "/permissions/me/homepage/1", "limited-token") == single
    assert await get(site, "/permissions/me/nope/1", "limited-token") == rights(False, False, False)
    assert await get(site, "/permissions/me/nope/1", TOKEN) == rights(True, True, True)


# --- items and system collections ---------------------------------------------------------------------------


async def test_singletons(site: Site) -> None:
    assert set(await get(site, "/items/homepage?fields=title,id", TOKEN)) == {"id", "title"}
    assert await get(site, "/items/homepage/1?fields=id", TOKEN) == {"id": 1}
    assert (await refusal(site, "/items/homepage/2", TOKEN))[:2] == (403, "FORBIDDEN")
    assert (await get(site, "/settings?fields=project_name", TOKEN))["project_name"]
    assert await get(site, "/items/homepage?fields=id&filter[id]=99&limit=0", TOKEN) == {"id": 1}
    search = await site.ask("SEARCH", "/items/homepage", {"query": {"fields": ["id"]}}, token=TOKEN)
    assert data(search) == {"id": 1}


async def test_a_singleton_that_is_not_there_has_defaults(site: Site) -> None:
    await change(site.database, "delete from homepage")
    found = await get(site, "/items/homepage", TOKEN)
    assert found["id"] is None


@pytest.mark.parametrize(
    "path",
    ["users", "roles", "policies", "access", "permissions", "files", "folders", "presets", "activity",
     "revisions", "notifications", "shares", "flows", "operations", "panels", "dashboards", "translations",
     "versions", "comments"],
)  # fmt: skip
async def test_system_collections(site: Site, reader: str, path: str) -> None:
    items = await get(site, f"/{path}?limit=2&meta=total_count", TOKEN)
    assert isinstance(items, list)
    for item in items:
        assert await get(site, f"/{path}/{item['id']}?fields=id", TOKEN) == {"id": item["id"]}
    sentence = f'You don\'t have permission to access collection "directus_{path}" or it does not exist. '
    for caller in (reader, None):
        assert await refusal(site, f"/{path}", caller) == (403, "FORBIDDEN", f"{sentence}Queried in root.")


async def test_system_collections_are_no_items(site: Site) -> None:
    for path in ("/items/directus_users", "/items/directus_users/1", "/items/directus_nope"):
        assert await refusal(site, path, TOKEN) == (
            403,
            "FORBIDDEN",
            "You don't have permission to access this.",
        )


async def test_head_and_options(site: Site) -> None:
    got = await site.ask("GET", "/items/tags?limit=1", token=TOKEN)
    head = await site.ask("HEAD", "/items/tags?limit=1", token=TOKEN)
    assert (head.status, head.headers["content-type"]) == (200, got.headers["content-type"])
    assert head.headers["content-length"] == got.headers["content-length"] == str(len(got.body))
    options = await site.ask("OPTIONS", "/items/tags")
    assert (options.status, options.body) == (200, b"POST,SEARCH,GET,HEAD,PATCH,DELETE")
    assert options.headers["content-type"] == "text/html; charset=utf-8"


async def test_export_is_a_file(site: Site) -> None:
    answer = await site.ask("GET", "/items/tags?export=csv&fields=id&limit=2", token=TOKEN)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="tags 2')
    assert answer.body == b'"id"\n1\n2'


async def test_explain_is_for_administrators(site: Site, editor: str) -> None:
    found = await get(site, "/items/articles?explain", TOKEN)
    assert set(found) >= {"operation", "sql", "plan", "permissions"}
    for caller in (editor, None):
        assert (await refusal(site, "/items/articles?explain", caller))[:2] == (403, "FORBIDDEN")


async def test_no_extensions_are_installed(site: Site, editor: str) -> None:
    assert await get(site, "/extensions", TOKEN) == []
    for caller in (editor, None):
        status, code, message = await refusal(site, "/extensions", caller)
        assert (status, code) == (403, "FORBIDDEN")
        assert 'collection "directus_extensions"' in message
