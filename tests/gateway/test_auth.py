"""Credentials of a request: where they may stand, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from gateway.auth import authenticate
from resolvers.context import RequestContext
from schema_gen.errors import CausewayError
from tests.conftest import MakeDatabase
from tests.support.lending import Lend
from tests.support.project import (
    ADMIN_EMAIL,
    ADMIN_PASSWORD,
    ADMIN_TOKEN,
    Site,
    data,
    running,
    seed_system,
)


@pytest.fixture
async def site(lend: Lend) -> Site:
    return await lend(seed_system)


async def ask(
    site: Site, headers: Mapping[str, str] | None = None, query: bytes = b"", method: str = "GET"
) -> RequestContext:
    return await authenticate(site.project, headers or {}, query, "192.0.2.1", method)


async def refusal(
    site: Site, headers: Mapping[str, str] | None = None, query: bytes = b"", method: str = "GET"
) -> CausewayError:
    with pytest.raises(CausewayError) as caught:
        await ask(site, headers, query, method)
    return caught.value


async def session_cookie(site: Site) -> str:
    payload = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD, "mode": "session"}
    answer = await site.ask("POST", "/auth/login", payload)
    assert answer.status == 200
    return answer.headers["set-cookie"].partition(";")[0]


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_what_the_context_holds(site: Site) -> None:
    headers = {"user-agent": "a browser", "origin": "https://app.example.com", "x-request-id": "r-1"}
    context = await ask(site, {**bearer(ADMIN_TOKEN), **headers})
    assert context.actor.admin
    assert context.rules.admin
    assert context.now.utcoffset() is not None
    assert (context.ip, context.user_agent) == ("192.0.2.1", "a browser")
    assert (context.origin, context.request_id) == ("https://app.example.com", "r-1")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_header(site: Site, scheme: str) -> None:
    assert (await ask(site, {"authorization": f"{scheme} {ADMIN_TOKEN}"})).actor.admin


@pytest.mark.parametrize(
    "header", ["", "Basic YWJj", ADMIN_TOKEN, "Bearer", "Bearer ", f"Bearer  {ADMIN_TOKEN}", "Bearer a b"]
)
async def test_other_headers_are_no_credentials(site: Site, header: str) -> None:
    assert (await ask(site, {"authorization": header})).actor.kind == "public"
    in_query = await ask(site, {"authorization": header}, f"access_token={ADMIN_TOKEN}".encode())
    assert in_query.actor.admin


@pytest.mark.parametrize(
    "query",
    [b"access_token=admin-token", b"limit=1&access_token=admin%2Dtoken", b"access%5Ftoken=admin-token&x"],
)
async def test_the_query(site: Site, query: bytes) -> None:
    assert (await ask(site, query=query)).actor.admin


@pytest.mark.parametrize("query", [b"", b"access_token=", b"token=admin-token", b"my_access_token=x"])
async def test_other_queries_are_no_credentials(site: Site, query: bytes) -> None:
    assert (await ask(site, query=query)).actor.kind == "public"


@pytest.mark.parametrize("query", [b"access_token=admin-token&access_token=x", b"access_token=%00"])
async def test_queries_that_are_refused(site: Site, query: bytes) -> None:
    assert (await refusal(site, query=query)).code == "INVALID_CREDENTIALS"


async def test_one_of_several_in_brackets(site: Site) -> None:
    assert (await ask(site, query=b"access_token[]=admin-token")).actor.admin


async def test_two_at_once_are_refused(site: Site) -> None:
    error = await refusal(site, bearer(ADMIN_TOKEN), b"access_token=admin-token")
    assert (error.status, error.code) == (400, "INVALID_PAYLOAD")
    told = "The request uses more than one method for including an access token"
    assert error.extensions["reason"] == told


async def test_a_session_cookie_does_not_count_as_a_second(site: Site) -> None:
    cookie = {"cookie": "directus_session_token=stale"}
    assert (await ask(site, {**cookie, **bearer(ADMIN_TOKEN)})).actor.admin
    assert (await ask(site, cookie, b"access_token=admin-token")).actor.admin


async def test_the_session_cookie(site: Site) -> None:
    cookie = await session_cookie(site)
    context = await ask(site, {"cookie": f"theme=dark; {cookie}; x=y"})
    assert context.actor.admin
    assert context.actor.login is not None
    assert (await ask(site, bearer(cookie.partition("=")[2]))).actor.login == context.actor.login


async def test_what_no_session_cookie_is_is_cleared(site: Site) -> None:
    login = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
    access_token = data(await site.ask("POST", "/auth/login", login))["access_token"]
    assert (await ask(site, bearer(access_token))).actor.admin
    for value in ("nope", ADMIN_TOKEN, access_token, access_token[:-3] + "xxx"):
        error = await refusal(site, {"cookie": f"directus_session_token={value}"})
        assert error.status in (401, 403)
        assert error.headers["set-cookie"].startswith("directus_session_token=; Max-Age=0;")
        assert "set-cookie" not in (await refusal(site, bearer("nope"))).headers


async def test_an_empty_cookie_is_none(site: Site) -> None:
    for cookie in ("directus_session_token=", "directus_session_token", ";;", "other=x"):
        assert (await ask(site, {"cookie": cookie})).actor.kind == "public"


@pytest.mark.parametrize("token", ["nope", "a.b.c", "\x00", "a" * 10_000])
async def test_wrong_tokens_are_refused_not_taken_for_the_public(site: Site, token: str) -> None:
    error = await refusal(site, bearer(token))
    assert (error.status, error.code) == (401, "INVALID_CREDENTIALS")


async def test_refusals_over_http(site: Site) -> None:
    cookie = {"cookie": "directus_session_token=nope"}
    answer = await site.ask("GET", "/server/info", headers=cookie)
    assert answer.status == 401
    assert answer.headers["set-cookie"].startswith("directus_session_token=; Max-Age=0;")
    assert (await site.ask("GET", "/server/ping", headers=cookie)).status == 200


# --- cookies and other sites ---------------------------------------------------------------------------

JSON = {"content-type": "application/json"}
HOST = {"host": "cms.example.com"}


@pytest.mark.parametrize(
    "headers",
    [
        {**JSON, "origin": "https://evil.example"},
        {**JSON, "origin": "null"},
        {**JSON, "origin": "https://cms.example.com.evil.example"},
        {**JSON, "origin": "https://cms.example.com@evil.example"},
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=x"},
        {},
        {**JSON, "sec-fetch-site": "cross-site"},
        # what came by http may have been written by anybody on the way
        {**JSON, "origin": "http://cms.example.com", "x-forwarded-proto": "https"},
    ],
)
async def test_other_sites_cannot_use_the_cookie(site: Site, headers: Mapping[str, str]) -> None:
    cookie = {"cookie": await session_cookie(site), **HOST}
    error = await refusal(site, {**cookie, **headers}, method="POST")
    assert (error.status, error.code) == (403, "FORBIDDEN")
    assert (await ask(site, {**cookie, **headers}, method="GET")).actor.admin
    assert (await ask(site, {**bearer(ADMIN_TOKEN), **HOST, **headers}, method="POST")).actor.admin


async def test_other_sites_cannot_use_the_cookie_from_memory_either(site: Site) -> None:
    cookie = {"cookie": await session_cookie(site), "origin": "https://evil.example"}
    await ask(site, cookie)
    assert (await refusal(site, cookie, method="PATCH")).code == "FORBIDDEN"


@pytest.mark.parametrize(
    "headers",
    [
        {**JSON},
        {**JSON, "sec-fetch-site": "same-origin"},
        {"origin": "https://cms.example.com"},
        {"origin": "https://cms.example.com", "x-forwarded-proto": "https"},
        {"origin": "http://cms.example.com"},
        {"origin": "https://public.example.com"},
        {"origin": "https://app.example.com"},
    ],
)
async def test_our_own_pages_can(make_database: MakeDatabase, headers: Mapping[str, str]) -> None:
    url = await make_database(seed_system)
    values = {
        "PUBLIC_URL": "https://public.example.com",
        "CORS_ENABLED": "true",
        "CORS_ORIGIN": "https://app.example.com",
    }
    async with running(url, **values) as site:
        cookie = {"cookie": await session_cookie(site), **HOST}
        assert (await ask(site, {**cookie, **headers}, method="POST")).actor.admin


async def test_any_origin_for_cors_is_none_for_cookies(make_database: MakeDatabase) -> None:
    url = await make_database(seed_system)
    async with running(url, CORS_ENABLED="true", CORS_ORIGIN="true") as site:
        cookie = {"cookie": await session_cookie(site), "origin": "https://evil.example"}
        assert (await refusal(site, cookie, method="POST")).code == "FORBIDDEN"


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
async def test_with_a_cookie_bodies_are_json(site: Site, method: str, kind: str) -> None:
    """Also from our own pages: what else a form of theirs could be made to send."""
    cookie = {"cookie": await session_cookie(site), **HOST, "origin": "https://cms.example.com"}
    body = {"content-length": "2", "content-type": kind}
    error = await refusal(site, {**cookie, **body}, method=method)
    assert (error.status, error.code) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert (await ask(site, {**cookie, **body, **JSON}, method=method)).actor.admin
    assert (await ask(site, {**cookie, "content-length": "0"}, method=method)).actor.admin
    assert (await ask(site, {**bearer(ADMIN_TOKEN), **body}, method=method)).actor.admin
