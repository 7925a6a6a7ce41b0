"""Users that are deleted: what leads to them forgets them, or holds them; history remembers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.conftest import MakeDatabase
from tests.support.project import (
    ADMIN_TOKEN,
    Site,
    add,
    add_policy,
    add_role,
    add_user,
    change,
    code,
    data,
    grant,
    running,
    seed_system,
)
from tests.support.writers import rows

TOKEN = "the-token"


@pytest.fixture
async def site(make_database: MakeDatabase) -> AsyncIterator[Site]:
    async with running(await make_database(seed_system)) as opened:
        yield opened


async def test_what_leads_to_a_user_forgets_him(site: Site) -> None:
    user = await add_user(site.database, "u@example.com", token=TOKEN)
    other = await add_user(site.database, "o@example.com")
    await add_policy(site.database, user=user, admin_access=True)
    await site.project.epochs.bump_access()
    renamed = await site.ask("PATCH", f"/users/{other}", {"first_name": "O"}, token=TOKEN)
    assert data(renamed)["first_name"] == "O"
    base = site.database
    file = await add(
        base, "directus_files", storage="local", filename_download="x", uploaded_by=user, modified_by=user
    )
    note = {"recipient": other, "subject": "x", "sender": user}
    assert (await site.ask("POST", "/notifications", note, token=ADMIN_TOKEN)).status == 200
    comment = await add(
        base, "directus_comments", collection="x", item="1", comment="c", user_created=user, user_updated=user
    )
    assert (await site.ask("DELETE", f"/users/{user}", token=ADMIN_TOKEN)).status == 204
    kept = f"select uploaded_by, modified_by from directus_files where id = '{file}'"
    assert [tuple(row) for row in await rows(site, kept)] == [(None, None)]
    noted = "select sender from directus_notifications"
    assert [tuple(row) for row in await rows(site, noted)] == [(None,)]
    said = f"select user_created, user_updated from directus_comments where id = '{comment}'"
    assert [tuple(row) for row in await rows(site, said)] == [(None, None)]
    assert await rows(site, f"select id from directus_access where \"user\" = '{user}'") == []
    done = await rows(site, f"select action, item from directus_activity where \"user\" = '{user}'")
    assert [tuple(row) for row in done] == [("update", other)]
    assert (await site.ask("GET", "/users/me", token=TOKEN)).status == 401


async def test_items_that_lead_to_a_user_hold_him(site: Site) -> None:
    """Where the foreign key says nothing else; and nothing else happens then."""
    user = await add_user(site.database, "u@example.com")
    kind = "uuid" if site.database.dialect == "postgresql" else "char(36)"
    await change(
        site.database,
        f"create table notes (id integer primary key, who {kind} references directus_users (id))",
    )
    await change(site.database, "insert into notes values (1, $1)", user)
    await site.ask("POST", "/utils/cache/clear", token=ADMIN_TOKEN)
    await site.ask(
        "POST", "/notifications", {"recipient": user, "subject": "x", "sender": user}, token=ADMIN_TOKEN
    )
    for target, body in ((f"/users/{user}", None), ("/users", [user])):
        answer = await site.ask("DELETE", target, body, token=ADMIN_TOKEN)
        assert (answer.status, code(answer)) == (400, "INVALID_FOREIGN_KEY")
    await change(site.database, "delete from notes")
    assert (await site.ask("DELETE", f"/users/{user}", token=ADMIN_TOKEN)).status == 204


@pytest.mark.parametrize("way", ["PATCH user", "PATCH users", "role", "policy", "graphql", "delete role"])
async def test_what_changes_of_a_user_counts_from_the_next_request_on(site: Site, way: str) -> None:
    role = await add_role(site.database, "readers")
    user = await add_user(site.database, "u@example.com", token=TOKEN, role=role)
    policy = await add_policy(site.database, role=role)
    await grant(site.database, policy, "directus_folders")
    await site.project.epochs.bump_access()
    assert (await site.ask("GET", "/folders", token=TOKEN)).status == 200
    query = {
        "query": f'mutation {{ update_users_item(id: "{user}", data: {{status: "suspended"}}) {{ id }} }}'
    }
    method, target, body = {
        "PATCH user": ("PATCH", f"/users/{user}", {"role": None}),
        "PATCH users": ("PATCH", "/users", {"keys": [user], "data": {"token": "another-token"}}),
        "role": ("PATCH", f"/roles/{role}", {"policies": []}),
        "policy": ("PATCH", f"/policies/{policy}", {"permissions": []}),
        "graphql": ("POST", "/graphql/system", query),
        "delete role": ("DELETE", f"/roles/{role}", None),
    }[way]
    assert (await site.ask(method, target, body, token=ADMIN_TOKEN)).status in (200, 204)
    assert (await site.ask("GET", "/folders", token=TOKEN)).status in (401, 403)
