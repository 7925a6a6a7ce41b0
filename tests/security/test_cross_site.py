"""A page of another site sends requests, and the browser adds the user's cookie (class 8 of what every build
must test). Every way that a page has, in both modes with cookies: nothing happens.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final
from urllib.parse import quote

import pytest

from tests.support.asgi import Answer
from tests.support.project import ADMIN_EMAIL, ADMIN_PASSWORD, Site, code, data, running, seed_system

EVIL: Final = "https://evil.example.com"
OURS: Final = "https://app.example.com"
FORM: Final = "application/x-www-form-urlencoded"
PLAIN: Final = "text/plain"
PARTS: Final = "multipart/form-data; boundary=x"
JSON: Final = "application/json"
CHANGE: Final = 'mutation { update_users_me(data: {title: "evil"}) { id } }'

#: what a page can make a browser send; what it may not send without asking first is here too
WAYS: Final[Mapping[str, Mapping[str, str]]] = {
    "form": {"origin": EVIL, "content-type": FORM, "sec-fetch-site": "cross-site"},
    "form of an old browser": {"content-type": FORM},
    "text": {"origin": EVIL, "content-type": PLAIN},
    "text of an old browser": {"content-type": PLAIN},
    "parts": {"origin": EVIL, "content-type": PARTS},
    "parts of an old browser": {"content-type": PARTS},
    "sandboxed frame": {"origin": "null", "content-type": JSON},
    "JSON": {"origin": EVIL, "content-type": JSON},
    "JSON that says it is cross-site": {"content-type": JSON, "sec-fetch-site": "cross-site"},
    "a name that begins like ours": {"origin": f"{OURS}.evil.example.com", "content-type": JSON},
    "another scheme": {"origin": "http://app.example.com", "content-type": JSON},
    "another port": {"origin": f"{OURS}:8443", "content-type": JSON},
    "an origin beside ours": {"origin": f"{OURS}, {EVIL}", "content-type": JSON},
    "an empty origin": {"origin": "", "content-type": JSON},
    "a method for another one": {"origin": EVIL, "content-type": FORM, "x-http-method-override": "PATCH"},
    "nothing": {"content-type": ""},
}


@pytest.fixture(scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    url = f"sqlite:///{tmp_path_factory.mktemp('cross') / 'site.sqlite'}"
    await seed_system(url)
    async with running(url, PUBLIC_URL=OURS, SESSION_REFRESH_GRACE_PERIOD="1h") as running_site:
        yield running_site


async def cookie(site: Site, mode: str) -> str:
    payload = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD, "mode": mode}
    answer = await site.ask("POST", "/auth/login", payload)
    assert answer.status == 200
    return answer.headers["set-cookie"].partition(";")[0]


async def send(site: Site, method: str, path: str, body: Any, headers: Mapping[str, str]) -> Answer:
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await site.ask(method, path, sent, headers=headers)


@pytest.mark.parametrize("way", WAYS)
async def test_nothing_is_changed_with_the_session(site: Site, way: str) -> None:
    mine = {"cookie": await cookie(site, "session")}
    headers = {**WAYS[way], **mine}
    for method, path, body in (
        ("PATCH", "/users/me", {"title": "evil"}),
        ("POST", "/users/me", {"title": "evil"}),
        ("POST", "/roles", {"name": "evil"}),
        ("POST", "/roles", b"name=evil"),
        ("POST", "/graphql/system", {"query": CHANGE}),
        ("POST", "/graphql/system", f"query={quote(CHANGE)}".encode()),
        ("DELETE", "/users/me/sessions", {}),
        ("POST", "/utils/cache/clear", {}),
    ):
        if method in ("PATCH", "DELETE") and way in ("nothing", "form of an old browser"):
            # no form sends it, and no page without asking first, which says where it comes from
            continue
        answer = await send(site, method, path, body, headers)
        assert answer.status in (403, 404, 415), (method, path, answer.status, answer.body)
    own = {**mine, "origin": OURS}
    me = data(await site.ask("GET", "/users/me?fields=title", headers=own))
    assert me == {"title": None}
    assert data(await site.ask("GET", "/roles?filter[name][_eq]=evil", headers=own)) == []


@pytest.mark.parametrize("mode", ["cookie", "session"])
@pytest.mark.parametrize("way", WAYS)
async def test_nobody_is_refreshed_or_logged_out(site: Site, way: str, mode: str) -> None:
    headers = {**WAYS[way], "cookie": await cookie(site, mode)}
    query = f"mutation {{ auth_logout(mode: {mode}) }}"
    for path, body in (
        ("/auth/refresh", {"mode": mode}),
        ("/auth/logout", {"mode": mode}),
        ("/auth/logout", {}),
        ("/auth/logout", f"mode={mode}".encode()),
        ("/graphql/system", {"query": query}),
    ):
        answer = await send(site, "POST", path, body, headers)
        if path == "/graphql/system" and answer.status == 200:
            assert code(answer) in ("FORBIDDEN", "INVALID_PAYLOAD")
        else:
            assert answer.status in (400, 403, 415), (path, body, answer.status, answer.body)
        assert "set-cookie" not in answer.headers or "Max-Age=0" in answer.headers["set-cookie"]
    # it is as good as it was
    headers = {"cookie": headers["cookie"], "origin": OURS}
    assert (await site.ask("POST", "/auth/refresh", {"mode": mode}, headers=headers)).status == 200


async def test_reading_changes_nothing(site: Site) -> None:
    """Images and links send GET with the cookie."""
    mine = {"cookie": await cookie(site, "session")}
    for path in (
        f"/graphql/system?query={quote(CHANGE)}",
        f"/graphql/system?query={quote('mutation { auth_logout(mode: session) }')}",
        "/auth/logout",
        "/auth/logout?mode=session",
        "/auth/refresh?mode=session",
        "/utils/cache/clear",
        "/users/me?_method=DELETE",
        "/users/me/tfa/generate",
    ):
        answer = await site.ask("GET", path, headers={**mine, "origin": EVIL})
        assert answer.status in (200, 404, 405), path
        if answer.status == 200:
            assert path.startswith("/users/me?")
        assert "set-cookie" not in answer.headers
        assert "access-control-allow-origin" not in answer.headers
    me = data(await site.ask("GET", "/users/me?fields=title", headers=mine))
    assert me == {"title": None}


async def test_our_own_pages_are_served(site: Site) -> None:
    mine = {"cookie": await cookie(site, "session"), "origin": OURS, "sec-fetch-site": "same-origin"}
    answer = await site.ask("PATCH", "/users/me", {"title": "ours"}, headers=mine)
    assert data(answer)["title"] == "ours"
    assert (await site.ask("PATCH", "/users/me", {"title": None}, headers=mine)).status == 200


async def test_no_form_logs_anybody_in(site: Site) -> None:
    """Else the user would work, and write, as somebody else."""
    body = f"email={quote(ADMIN_EMAIL)}&password={quote(ADMIN_PASSWORD)}&mode=session".encode()
    text = json.dumps({"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD, "mode": "session"}).encode()
    for kind in (FORM, PLAIN, PARTS, ""):
        for sent in (body, text):
            answer = await send(site, "POST", "/auth/login", sent, {"content-type": kind})
            assert answer.status in (400, 415)
            assert "set-cookie" not in answer.headers
