"""`/auth/*` as clients of the protocol see it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import jwt
import pyotp
import pytest

from resolvers.sql.moments import moment_of
from tests.conftest import MakeDatabase
from tests.support.asgi import Answer
from tests.support.lending import Lend
from tests.support.project import (
    ADMIN_EMAIL,
    ADMIN_PASSWORD,
    SECRET,
    Site,
    add_policy,
    add_user,
    change,
    code,
    data,
    running,
    seed_system,
)

ADMIN = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
MISSING = "The refresh token is required in either the payload or cookie"


@pytest.fixture
async def site(lend: Lend) -> Site:
    return await lend(seed_system)


async def login(site: Site, **values: Any) -> Answer:
    return await site.ask("POST", "/auth/login", {**ADMIN, **values})


async def refresh(site: Site, payload: object, cookie: str | None = None) -> Answer:
    return await site.ask("POST", "/auth/refresh", payload, headers={"cookie": cookie} if cookie else {})


async def logout(site: Site, payload: object, cookie: str | None = None) -> Answer:
    return await site.ask("POST", "/auth/logout", payload, headers={"cookie": cookie} if cookie else {})


async def rows(site: Site, sql: str) -> list[tuple[Any, ...]]:
    return await site.database.fetch(sql)


def cookie_of(answer: Answer) -> str:
    """`name=value`, as a browser sends it back."""
    return answer.headers["set-cookie"].partition(";")[0]


def attributes(answer: Answer) -> list[str]:
    return [part.strip() for part in answer.headers["set-cookie"].split(";")[1:]]


def claims(token: str) -> dict[str, Any]:
    return jwt.decode(token, SECRET, algorithms=["HS256"], issuer="directus")


def reason(answer: Answer) -> str:
    assert answer.status == 400
    (error,) = json.loads(answer.body)["errors"]
    assert error["message"] == f"Invalid payload. {error['extensions']['reason']}."
    assert error["extensions"]["code"] == "INVALID_PAYLOAD"
    return str(error["extensions"]["reason"])


# --- login ---------------------------------------------------------------------------------------------


async def test_json_mode(site: Site) -> None:
    answer = await login(site)
    tokens = data(answer)
    assert list(tokens) == ["expires", "refresh_token", "access_token"]
    assert tokens["expires"] == 900_000
    assert len(tokens["refresh_token"]) == 64
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert "set-cookie" not in answer.headers
    payload = claims(tokens["access_token"])
    assert list(payload) == ["id", "role", "app_access", "admin_access", "causeway", "iat", "exp", "iss"]
    assert payload["admin_access"] is True
    assert payload["app_access"] is True
    assert payload["exp"] - payload["iat"] == 900
    assert tokens["refresh_token"] not in tokens["access_token"]
    assert tokens["refresh_token"][24:] not in json.dumps(payload)


async def test_cookie_mode(site: Site) -> None:
    answer = await login(site, mode="cookie")
    assert list(data(answer)) == ["expires", "access_token"]
    assert cookie_of(answer).startswith("directus_refresh_token=")
    first, path, expires, *rest = attributes(answer)
    assert (first, path) == ("Max-Age=604800", "Path=/")
    assert expires.startswith("Expires=")
    assert expires.endswith("GMT")
    assert rest == ["HttpOnly", "SameSite=Lax"]


async def test_session_mode(site: Site) -> None:
    answer = await login(site, mode="session")
    assert data(answer) == {"expires": 86_400_000}
    name, _, token = cookie_of(answer).partition("=")
    assert name == "directus_session_token"
    assert attributes(answer)[0] == "Max-Age=86400"
    payload = claims(token)
    assert len(payload["session"]) == 64
    assert payload["exp"] - payload["iat"] == 86_400


async def test_what_a_login_leaves(site: Site) -> None:
    agent, origin = "a browser", "https://app.example.com"
    headers = {"user-agent": agent, "origin": origin}
    await site.ask("POST", "/auth/login", ADMIN, headers=headers)
    columns = 'token, cast("user" as text), expires, ip, user_agent, origin, next_token, share'
    ((token, user, expires, *rest),) = await rows(site, f"select {columns} from directus_sessions")
    assert len(token) == 64
    assert rest == ["192.0.2.1", agent, origin, None, None]
    activity = 'action, cast("user" as text), timestamp, ip, user_agent, collection, item, origin'
    ((action, who, when, *more),) = await rows(site, f"select {activity} from directus_activity")
    assert (action, who) == ("login", user)
    assert more == ["192.0.2.1", agent, "directus_users", user, origin]
    ((seen,),) = await rows(site, "select last_access from directus_users")
    assert moment_of(seen) == moment_of(when)
    assert moment_of(expires) - moment_of(when) == timedelta(days=7)


async def test_long_headers_fit(site: Site) -> None:
    headers = {"user-agent": "a" * 5000, "origin": "https://" + "a" * 500}
    assert (await site.ask("POST", "/auth/login", ADMIN, headers=headers)).status == 200


async def test_the_address_in_any_case(site: Site) -> None:
    assert (await login(site, email="ADMIN@Example.COM")).status == 200


async def test_secure_cookies_under_https(make_database: MakeDatabase) -> None:
    url = await make_database(seed_system)
    async with running(
        url, PUBLIC_URL="https://cms.example.com", SESSION_COOKIE_DOMAIN="example.com"
    ) as site:
        answer = await login(site, mode="session")
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Domain=example.com"} < set(attributes(answer))


@pytest.mark.parametrize(
    ("trust", "secure"), [("false", False), ("true", True), ("192.0.2.0/24", True), ("10.0.0.0/8", False)]
)
async def test_whose_word_it_is_that_a_request_came_by_https(
    make_database: MakeDatabase, trust: str, secure: bool
) -> None:
    async with running(await make_database(seed_system), IP_TRUST_PROXY=trust) as site:
        headers = {"x-forwarded-proto": "https"}
        for mode in ("session", "cookie"):
            answer = await site.ask("POST", "/auth/login", {**ADMIN, "mode": mode}, headers=headers)
            assert ("Secure" in attributes(answer)) is secure
            cookie = {**headers, "cookie": cookie_of(answer)}
            answer = await site.ask("POST", "/auth/refresh", {"mode": mode}, headers=cookie)
            assert ("Secure" in attributes(answer)) is secure
            assert "Secure" not in attributes(await login(site, mode=mode))
        query = (
            "mutation ($e: String!, $p: String!) "
            "{ auth_login(email: $e, password: $p, mode: session) { expires } }"
        )
        variables = {"e": ADMIN["email"], "p": ADMIN["password"]}
        payload = {"query": query, "variables": variables}
        answer = await site.ask("POST", "/graphql/system", payload, headers=headers)
        assert ("Secure" in attributes(answer)) is secure


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        ({}, '"email" is required'),
        ({"password": "x"}, '"email" is required'),
        ({"email": None, "password": None}, '"email" must be a string'),
        ({"email": 1, "password": "x"}, '"email" must be a string'),
        ({"email": "", "password": "x"}, '"email" is not allowed to be empty'),
        ({"email": "nobody"}, '"email" must be a valid email'),
        ({"email": "a@localhost", "password": "x"}, '"email" must be a valid email'),
        ({"email": " a@b.co", "password": "x"}, '"email" must be a valid email'),
        ({"email": "a@b..co", "password": "x"}, '"email" must be a valid email'),
        ({"email": "a.@b.co", "password": "x"}, '"email" must be a valid email'),
        ({"email": "a@b_c.co", "password": "x"}, '"email" must be a valid email'),
        ({"email": "a" * 65 + "@b.co", "password": "x"}, '"email" must be a valid email'),
        ({"email": "a@b.co\x00", "password": "x"}, '"email" must be a valid email'),
        ({"email": "a@b.co"}, '"password" is required'),
        ({"email": "a@b.co", "password": ""}, '"password" is not allowed to be empty'),
        ({"email": "a@b.co", "password": 1}, '"password" must be a string'),
        ({**ADMIN, "mode": "bogus"}, '"mode" must be one of [cookie, json, session]'),
        ({**ADMIN, "mode": None}, '"mode" must be one of [cookie, json, session]'),
        ({**ADMIN, "mode": []}, '"mode" must be one of [cookie, json, session]'),
        ({**ADMIN, "otp": 1}, '"otp" must be a string'),
        ({**ADMIN, "otp": ""}, '"otp" is not allowed to be empty'),
        ([], '"value" must be of type object'),
        (b'{"email":', "Unexpected end of JSON input"),
        (b"  ", "Unexpected end of JSON input"),
        (b"nope", "Unexpected token 'n', \"nope\" is not valid JSON"),
        (b"null", "Unexpected token 'n', \"null\" is not valid JSON"),
        (b'{"a":NaN}', 'Unexpected token \'N\', "{"a":NaN}" is not valid JSON'),
        (b"[" * 100_000, "The JSON cannot be read"),
    ],
)
async def test_payloads_that_are_refused(site: Site, payload: object, told: str) -> None:
    assert reason(await site.ask("POST", "/auth/login", payload)) == told


@pytest.mark.parametrize("address", ["nobody@example.com", "ü@exämple.com", "a+b@c.de", "a@b.local"])
async def test_addresses_that_nobody_has(site: Site, address: str) -> None:
    answer = await login(site, email=address)
    assert (answer.status, code(answer)) == (401, "INVALID_CREDENTIALS")


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data", ""]
)
async def test_only_json_is_read(site: Site, kind: str) -> None:
    answer = await site.ask("POST", "/auth/login", ADMIN, headers={"content-type": kind})
    assert reason(answer) == '"email" is required'


async def test_more_than_is_needed_does_not_hurt(site: Site) -> None:
    assert (await login(site, extra=1, otp="123456")).status == 200


async def test_a_stale_token_does_not_keep_anybody_out(site: Site) -> None:
    headers = {"cookie": "directus_session_token=stale", "authorization": "Bearer stale"}
    assert (await site.ask("POST", "/auth/login", ADMIN, headers=headers)).status == 200


async def test_login_may_be_switched_off(make_database: MakeDatabase) -> None:
    async with running(await make_database(seed_system), AUTH_DISABLE_DEFAULT="true") as site:
        assert (await login(site)).status == 404
        assert json.loads((await site.ask("GET", "/auth")).body) == {"data": [], "disableDefault": True}


async def test_routes(site: Site) -> None:
    assert json.loads((await site.ask("GET", "/auth")).body) == {"data": [], "disableDefault": False}
    assert (await site.ask("GET", "/auth/")).status == 200
    options = await site.ask("OPTIONS", "/auth/login")
    assert (options.status, options.headers["allow"], options.body) == (200, "POST", b"POST")
    for method, path in (
        ("GET", "/auth/login"),
        ("POST", "/auth"),
        ("POST", "/auth/login/github"),
        ("GET", "/auth/nope"),
    ):
        answer = await site.ask(method, path)
        assert (answer.status, code(answer)) == (404, "ROUTE_NOT_FOUND")


# --- a second factor -----------------------------------------------------------------------------------


async def test_one_time_passwords(site: Site) -> None:
    secret = pyotp.random_base32()
    await change(site.database, "update directus_users set tfa_secret = $1", secret)
    for otp in ({}, {"otp": "000000"}, {"otp": "x"}, {"otp": "١٢٣٤٥٦"}):
        answer = await login(site, **otp)
        assert (answer.status, code(answer)) == (401, "INVALID_OTP")
    assert code(await login(site, password="wrong", otp=pyotp.TOTP(secret).now())) == "INVALID_CREDENTIALS"
    assert (await login(site, otp=pyotp.TOTP(secret).now())).status == 200


async def test_a_broken_secret_lets_nobody_in(site: Site) -> None:
    await change(site.database, "update directus_users set tfa_secret = 'no base 32!'")
    assert code(await login(site, otp="123456")) == "INVALID_OTP"


async def test_who_must_set_up_a_second_factor_is_told(site: Site) -> None:
    user = await add_user(site.database, "ada@example.com", password="pass")
    await add_policy(site.database, user=user, app_access=True, enforce_tfa=True)
    payload = claims(data(await login(site, email="ada@example.com", password="pass"))["access_token"])
    assert payload["enforce_tfa"] is True
    assert payload["role"] is None
    assert (payload["app_access"], payload["admin_access"]) == (True, False)


# --- refresh -------------------------------------------------------------------------------------------


async def test_refresh_gives_new_tokens(site: Site) -> None:
    first = data(await login(site))
    answer = await refresh(site, {"refresh_token": first["refresh_token"], "mode": "json"})
    second = data(answer)
    assert list(second) == ["expires", "refresh_token", "access_token"]
    assert second["refresh_token"] != first["refresh_token"]
    assert answer.headers["cache-control"] == "no-store"
    third = data(await refresh(site, {"refresh_token": second["refresh_token"]}))
    assert third["refresh_token"] != second["refresh_token"]


async def test_refresh_by_cookie(site: Site) -> None:
    answer = await login(site, mode="cookie")
    for payload in ({"mode": "cookie"}, {}):
        again = await refresh(site, payload, cookie_of(answer))
        assert list(data(again)) == ["expires", "access_token"]
        assert cookie_of(again) != cookie_of(answer)
        answer = again


async def test_refresh_of_a_session(site: Site) -> None:
    answer = await login(site, mode="session")
    again = await refresh(site, {"mode": "session"}, cookie_of(answer))
    assert data(again) == {"expires": 86_400_000}
    old, new = (claims(cookie_of(a).partition("=")[2]) for a in (answer, again))
    assert old["session"] != new["session"]
    found = dict(await rows(site, "select token, next_token from directus_sessions"))
    assert found == {old["session"]: new["session"], new["session"]: None}


@pytest.mark.parametrize(
    "payload",
    [{}, {"mode": "json"}, {"mode": "cookie"}, {"mode": "session"}, {"mode": "bogus"}, {"mode": 5}, [],
     {"refresh_token": ""}, {"refresh_token": None}, {"refresh_token": "x", "mode": "cookie"}],
)  # fmt: skip
async def test_no_token_to_refresh(site: Site, payload: object) -> None:
    assert reason(await refresh(site, payload)) == MISSING
    assert reason(await logout(site, payload)) == MISSING


@pytest.mark.parametrize("token", ["nope", 5, ["x"], "\x00", "\ud800", "7" * 64, "a" * 1000])
async def test_tokens_that_were_never_issued(site: Site, token: object) -> None:
    answer = await refresh(site, {"refresh_token": token})
    assert (answer.status, code(answer)) == (401, "INVALID_CREDENTIALS")


@pytest.mark.parametrize("mode", ["cookie", "session"])
async def test_a_cookie_that_is_no_good_is_cleared(site: Site, mode: str) -> None:
    name = "directus_refresh_token" if mode == "cookie" else "directus_session_token"
    answer = await refresh(site, {"mode": mode}, f"{name}=nope")
    assert (answer.status, code(answer)) == (401, "INVALID_CREDENTIALS")
    assert cookie_of(answer) == f"{name}="
    assert attributes(answer)[0] == "Max-Age=0"


async def test_an_expired_session_cookie(site: Site) -> None:
    expired = jwt.encode(
        {"id": "x", "role": None, "app_access": True, "admin_access": True, "iss": "directus", "exp": 1},
        SECRET,
    )
    answer = await refresh(site, {"mode": "session"}, f"directus_session_token={expired}")
    assert (answer.status, code(answer)) == (401, "TOKEN_EXPIRED")
    assert (await logout(site, {"mode": "session"}, f"directus_session_token={expired}")).status == 204


# --- logout --------------------------------------------------------------------------------------------


async def test_logout(site: Site) -> None:
    token = data(await login(site))["refresh_token"]
    answer = await logout(site, {"refresh_token": token})
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["cache-control"] == "no-store"
    assert await rows(site, "select token from directus_sessions") == []
    actions = [action for (action,) in await rows(site, "select action from directus_activity order by id")]
    assert actions == ["login", "logout"]
    assert (await logout(site, {"refresh_token": token})).status == 204
    assert (await logout(site, {"refresh_token": "never issued"})).status == 204


@pytest.mark.parametrize("mode", ["cookie", "session"])
async def test_logout_clears_the_cookie(site: Site, mode: str) -> None:
    cookie = cookie_of(await login(site, mode=mode))
    answer = await logout(site, {"mode": mode}, cookie)
    assert answer.status == 204
    assert cookie_of(answer) == f"{cookie.partition('=')[0]}="
    assert attributes(answer)[0] == "Max-Age=0"
    assert await rows(site, "select token from directus_sessions") == []


# --- a database without system tables -------------------------------------------------------------------


async def test_without_system_tables_nobody_logs_in(database_url: str) -> None:
    async with running(database_url) as site:
        for answer in (await login(site), await refresh(site, {"refresh_token": "7" * 64})):
            assert (answer.status, code(answer)) == (401, "INVALID_CREDENTIALS")
        assert (await logout(site, {"refresh_token": "7" * 64})).status == 204
