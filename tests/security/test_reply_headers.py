"""Class 19, and the rules of other origins: what every reply says, and what none says. A real process is
asked.

CVE-2022-26969 GHSA-g27j-74fp-xfpr and CVE-2025-53092: no origin is let in that was not named, none is
reflected. GHSA-8m32-p958-jg99 CVE-2026-35408: login pages are cut off from their openers.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gateway.version import VERSION
from tests.support.project import running
from tests.support.server import NO_TLS, ServerProcess, running_server

PATHS = (
    "/",
    "/robots.txt",
    "/server/ping",
    "/server/info",
    "/server/health",
    "/auth",
    "/auth/login",
    "/auth/refresh",
    "/items/nope",
    "/users/me",
    "/graphql",
    "/graphql/system",
    "/nowhere",
    "/items/%00",
)
EVIL = "https://evil.example"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    directory = tmp_path_factory.mktemp("headers")
    with running_server(f"sqlite:///{directory}/h.sqlite", directory) as started:
        yield started


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "DELETE"])
@pytest.mark.parametrize("path", PATHS)
def test_every_reply(server: ServerProcess, path: str, method: str) -> None:
    answer = httpx.request(method, f"{server.url}{path}", headers={"Origin": EVIL}, timeout=30, verify=NO_TLS)
    assert answer.status_code < 500
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"]
    assert answer.headers["cross-origin-opener-policy"] == "same-origin-allow-popups"
    assert answer.headers["x-request-id"]
    assert not {"server", "x-powered-by"} & set(answer.headers)
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert VERSION not in str(dict(answer.headers))
    if path.startswith("/auth"):
        assert answer.headers["cache-control"] == "no-store"


async def test_pages_have_a_policy_of_their_own(tmp_path: Path) -> None:
    """What the settings add for pages, JSON does not get; over https every reply says that it stays so."""
    directives = "CONTENT_SECURITY_POLICY_DIRECTIVES__"
    values = {
        f"{directives}FRAME_SRC": "'self',https://player.example",
        f"{directives}FRAME_ANCESTORS": "'self'",
        f"{directives}BASE_URI": "false",
        "HSTS_ENABLED": "true",
        "HSTS_INCLUDE_SUB_DOMAINS": "false",
        "HSTS_MAX_AGE": "30d",
        "HSTS_PRELOAD": "true",
    }
    async with running(f"sqlite:///{tmp_path}/p.sqlite", **values) as site:
        page = await site.ask("GET", "/graphql", headers={"accept": "text/html"})
        answers = [page, *[await site.ask("GET", path) for path in ("/server/ping", "/auth", "/nowhere")]]
    policy = page.headers["content-security-policy"].split("; ")
    assert "frame-src 'self' https://player.example" in policy
    assert "frame-ancestors 'self'" in policy
    assert {"default-src 'none'", "script-src 'self'"} <= set(policy)
    assert not [directive for directive in policy if directive.startswith("base-uri")]
    assert {answer.headers["content-security-policy"] for answer in answers[1:]} == {
        "default-src 'none'; frame-ancestors 'none'"
    }
    told = {answer.headers["strict-transport-security"] for answer in answers}
    assert told == {"max-age=2592000; preload"}
    assert {answer.headers["cross-origin-opener-policy"] for answer in answers} == {
        "same-origin-allow-popups"
    }


def test_named_origins_only(tmp_path: Path) -> None:
    named = "https://app.example"
    values = {"CORS_ENABLED": "true", "CORS_ORIGIN": named}
    with running_server(f"sqlite:///{tmp_path}/o.sqlite", tmp_path, **values) as server:
        allowed = httpx.get(f"{server.url}/server/ping", headers={"Origin": named}, verify=NO_TLS)
        assert allowed.headers["access-control-allow-origin"] == named
        assert allowed.headers["vary"] == "Origin"
        for origin in (EVIL, "null", f"{named}.evil.example", "https://App.example", "http://app.example"):
            refused = httpx.get(f"{server.url}/server/ping", headers={"Origin": origin}, verify=NO_TLS)
            assert "access-control-allow-origin" not in refused.headers
            assert refused.headers["vary"] == "Origin"
        preflight = {"Origin": named, "Access-Control-Request-Method": "PATCH"}
        answer = httpx.options(f"{server.url}/items/x", headers=preflight)
        assert (answer.status_code, answer.headers["access-control-allow-credentials"]) == (204, "true")
        answer = httpx.options(f"{server.url}/items/x", headers={**preflight, "Origin": EVIL})
        assert not [name for name in answer.headers if name.startswith("access-control")]
