"""A second factor is set up and taken away by its owner, who has to prove to be it at each step. No code
counts twice (class 7 of what every build must test).
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import struct
from base64 import b32decode
from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

from tests.conftest import MakeDatabase
from tests.support.asgi import Answer
from tests.support.project import (
    ADMIN_EMAIL,
    ADMIN_PASSWORD,
    ADMIN_TOKEN,
    Site,
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
from tests.support.second_factor import Clock, stopped_clock

PASSWORD: Final = "the password of ada"
TOKEN: Final = "the-token-of-ada"
LOGIN: Final = {"email": "ada@example.com", "password": PASSWORD}


async def with_ada(url: str) -> None:
    await seed_system(url)
    async with running(url) as site:
        await add_user(site.database, LOGIN["email"], token=TOKEN, password=PASSWORD)


@pytest.fixture
async def site(make_database: MakeDatabase) -> AsyncIterator[Site]:
    async with running(await make_database(with_ada)) as site:
        yield site


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return stopped_clock(monkeypatch)


async def tfa(site: Site, what: str, payload: Any, token: str | None = TOKEN) -> Answer:
    return await site.ask("POST", f"/users/me/tfa/{what}", payload, token=token)


async def set_up(site: Site, clock: Clock, token: str = TOKEN) -> str:
    """A second factor is in use, and the code of its app is a fresh one."""
    secret: str = data(await tfa(site, "generate", {"password": PASSWORD}, token))["secret"]
    assert (await tfa(site, "enable", {"secret": secret, "otp": clock.code(secret)}, token)).status == 204
    clock.move()
    return secret


async def login(site: Site, **values: Any) -> Answer:
    return await site.ask("POST", "/auth/login", {**LOGIN, **values})


async def test_what_an_app_is_told(site: Site) -> None:
    told = data(await tfa(site, "generate", {"password": PASSWORD}))
    url = urlsplit(told["otpauth_url"])
    assert (url.scheme, url.netloc) == ("otpauth", "totp")
    assert parse_qs(url.query)["secret"] == [told["secret"]]
    assert "ada%40example.com" in url.path
    # nothing is stored yet: she can still log in
    assert (await site.ask("POST", "/auth/login", LOGIN)).status == 200


async def test_a_login_needs_the_code(site: Site, clock: Clock) -> None:
    secret = await set_up(site, clock)
    assert code(await site.ask("POST", "/auth/login", LOGIN)) == "INVALID_OTP"
    assert code(await site.ask("POST", "/auth/login", {**LOGIN, "otp": "000000"})) == "INVALID_OTP"
    right = {**LOGIN, "otp": clock.code(secret)}
    assert (await site.ask("POST", "/auth/login", right)).status == 200
    shown = await site.ask("GET", "/users/me?fields=tfa_secret", token=ADMIN_TOKEN)
    assert secret not in shown.body.decode()


REFUSED: Final[tuple[tuple[str, Any, str], ...]] = (
    ("generate", {"password": "wrong"}, "INVALID_CREDENTIALS"),
    ("generate", {}, "INVALID_PAYLOAD"),
    ("generate", {"password": 5}, "INVALID_PAYLOAD"),
    ("generate", [], "INVALID_PAYLOAD"),
    ("enable", {"secret": "JBSWY3DPEHPK3PXP", "otp": "000000"}, "INVALID_PAYLOAD"),
    ("enable", {"secret": "no base32!", "otp": "000000"}, "INVALID_PAYLOAD"),
    ("enable", {"secret": "", "otp": "328482"}, "INVALID_PAYLOAD"),
    ("enable", {"secret": "JBSWY3DP", "otp": "000000"}, "INVALID_PAYLOAD"),
    ("enable", {"secret": "J" * 256, "otp": "000000"}, "INVALID_PAYLOAD"),
    ("enable", {"secret": "JBSWY3DPEHPK3PXP"}, "INVALID_PAYLOAD"),
    ("enable", {"otp": "123456"}, "INVALID_PAYLOAD"),
    ("disable", {"otp": "000000"}, "INVALID_PAYLOAD"),
    ("disable", {}, "INVALID_PAYLOAD"),
)


async def test_what_is_refused(site: Site) -> None:
    for what, payload, refusal in REFUSED:
        assert code(await tfa(site, what, payload)) == refusal, (what, payload)
        assert code(await tfa(site, what, payload, None)) == "INVALID_CREDENTIALS"
    # nothing of it has set anything up
    assert (await site.ask("POST", "/auth/login", LOGIN)).status == 200


async def test_a_second_one_does_not_take_its_place(site: Site, clock: Clock) -> None:
    """Who has taken over a session cannot move the factor to an app of their own."""
    await set_up(site, clock)
    other = pyotp.random_base32()
    assert code(await tfa(site, "generate", {"password": PASSWORD})) == "INVALID_PAYLOAD"
    moved = {"secret": other, "otp": clock.code(other)}
    assert code(await tfa(site, "enable", moved)) == "INVALID_PAYLOAD"


async def test_the_owner_takes_it_away(site: Site, clock: Clock) -> None:
    secret = await set_up(site, clock)
    assert code(await tfa(site, "disable", {"otp": "000000"})) == "INVALID_PAYLOAD"
    assert (await tfa(site, "disable", {"otp": clock.code(secret)})).status == 204
    assert (await site.ask("POST", "/auth/login", LOGIN)).status == 200


async def test_an_administrator_helps_who_lost_the_app(site: Site, clock: Clock) -> None:
    await set_up(site, clock)
    user = data(await site.ask("GET", "/users?filter[email][_eq]=ada@example.com", token=ADMIN_TOKEN))[0][
        "id"
    ]
    path = f"/users/{user}/tfa/disable"
    assert code(await site.ask("POST", path, {}, token=TOKEN)) == "FORBIDDEN"
    assert code(await site.ask("POST", path, {})) == "FORBIDDEN"
    assert code(await site.ask("POST", "/users/nobody/tfa/disable", {}, token=ADMIN_TOKEN)) == "FORBIDDEN"
    assert (await site.ask("POST", path, {}, token=ADMIN_TOKEN)).status == 204
    assert (await site.ask("POST", "/auth/login", LOGIN)).status == 200


async def test_the_same_through_graphql(site: Site, clock: Clock) -> None:
    async def ask(text: str) -> Any:
        reply = await site.ask("POST", "/graphql/system", {"query": f"mutation {{ {text} }}"}, token=TOKEN)
        return json.loads(reply.body)

    told = (await ask(f'users_me_tfa_generate(password: "{PASSWORD}") {{ secret otpauth_url }}'))["data"]
    secret = told["users_me_tfa_generate"]["secret"]
    first, second = clock.code(secret), clock.code(secret, 1)
    assert await ask(f'users_me_tfa_enable(secret: "{secret}", otp: "{first}")') == {
        "data": {"users_me_tfa_enable": True}
    }
    again = await ask(f'users_me_tfa_disable(otp: "{first}")')
    assert again["errors"][0]["extensions"]["code"] == "INVALID_PAYLOAD"
    assert await ask(f'users_me_tfa_disable(otp: "{second}")') == {"data": {"users_me_tfa_disable": True}}
    refused = await ask('users_tfa_disable(user: "x")')
    assert refused["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION"


# --- no code twice --------------------------------------------------------------------------------------


async def test_no_code_twice(site: Site, clock: Clock) -> None:
    """Not the one that set it up, not the one of the last login; a later one is good at once."""
    secret = data(await tfa(site, "generate", {"password": PASSWORD}))["secret"]
    now = clock.code(secret)
    assert (await tfa(site, "enable", {"secret": secret, "otp": now})).status == 204
    assert code(await login(site, otp=now)) == "INVALID_OTP"
    assert code(await login(site, otp=clock.code(secret, -1))) == "INVALID_OTP"
    assert (await login(site, otp=clock.code(secret, 1))).status == 200
    clock.move()
    assert code(await login(site, otp=clock.code(secret))) == "INVALID_OTP"
    assert code(await tfa(site, "disable", {"otp": clock.code(secret)})) == "INVALID_PAYLOAD"
    clock.move()
    assert (await login(site, otp=clock.code(secret))).status == 200
    clock.move()
    assert (await tfa(site, "disable", {"otp": clock.code(secret)})).status == 204


async def test_no_code_twice_at_the_same_moment(site: Site, clock: Clock) -> None:
    secret = await set_up(site, clock)
    answers = await asyncio.gather(*(login(site, otp=clock.code(secret)) for _ in range(6)))
    assert sorted(answer.status for answer in answers) == [200, *[401] * 5]


async def test_no_code_twice_in_another_process(make_database: MakeDatabase, clock: Clock) -> None:
    url = await make_database(with_ada)
    async with running(url) as one, running(url) as other:
        secret = await set_up(one, clock)
        now = clock.code(secret)
        answers = await asyncio.gather(*(login(site, otp=now) for site in (one, other) * 3))
        assert sorted(answer.status for answer in answers) == [200, *[401] * 5]
        clock.move()
        assert (await login(other, otp=clock.code(secret))).status == 200
        assert code(await login(one, otp=clock.code(secret))) == "INVALID_OTP"


async def test_the_window_is_one_step(site: Site, clock: Clock) -> None:
    secret = await set_up(site, clock)
    for steps, good in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        clock.move(5)
        assert ((await login(site, otp=clock.code(secret, steps))).status == 200) is good


async def test_a_wrong_password_uses_no_code_up(site: Site, clock: Clock) -> None:
    """Else anybody could keep somebody out who is just typing."""
    secret = await set_up(site, clock)
    now = clock.code(secret)
    assert code(await login(site, otp=now, password="wrong")) == "INVALID_CREDENTIALS"
    assert (await login(site, otp=now)).status == 200


async def test_nothing_is_kept_that_nobody_could_send_again(site: Site, clock: Clock) -> None:
    secret = await set_up(site, clock)
    await add_user(site.database, "eve@example.com", token="the-token-of-eve", password=PASSWORD)
    await set_up(site, clock, "the-token-of-eve")
    clock.move(100)
    assert (await login(site, otp=clock.code(secret))).status == 200
    rows = await site.database.fetch("select * from causeway_used_codes")
    assert len(rows) == 1
    assert secret not in str(rows)


async def test_secrets_of_a_directus_server_are_good(site: Site, clock: Clock) -> None:
    """They have 80 bits."""
    await change(
        site.database, "update directus_users set tfa_secret = $1 where token = $2", "JJGQKQJUC44USKJG", TOKEN
    )
    counter = int(clock.moment.timestamp()) // 30
    digest = hmac.new(b32decode("JJGQKQJUC44USKJG"), struct.pack(">Q", counter), hashlib.sha1).digest()
    place = digest[-1] & 15
    number = struct.unpack(">I", digest[place : place + 4])[0] & 0x7FFFFFFF
    assert (await login(site, otp=f"{number % 1_000_000:06d}")).status == 200


async def test_two_that_are_set_up_at_once(site: Site, clock: Clock) -> None:
    secrets = [pyotp.random_base32() for _ in range(4)]
    answers = await asyncio.gather(
        *(tfa(site, "enable", {"secret": each, "otp": clock.code(each)}) for each in secrets)
    )
    assert sorted(answer.status for answer in answers) == [204, 400, 400, 400]
    (kept,) = [each for each, answer in zip(secrets, answers, strict=True) if answer.status == 204]
    assert (await login(site, otp=clock.code(kept, 1))).status == 200


async def test_few_codes_are_tried(site: Site, clock: Clock) -> None:
    """Five: in whatever way they come."""
    secret = await set_up(site, clock)
    for _ in range(2):
        for _ in range(4):
            assert code(await login(site, otp="000000")) == "INVALID_OTP"
        assert (await login(site, otp=clock.code(secret))).status == 200
        clock.move()
    for _ in range(3):
        assert code(await login(site, otp="000000")) == "INVALID_OTP"
    for _ in range(2):
        assert code(await tfa(site, "disable", {"otp": "000000"})) == "INVALID_PAYLOAD"
    right = clock.code(secret)
    for answer in (await login(site, otp=right), await tfa(site, "disable", {"otp": right})):
        assert (answer.status, code(answer)) == (429, "REQUESTS_EXCEEDED")
        assert int(answer.headers["retry-after"]) > 0
    # who is asked for the code has not tried one, and nobody else is kept out
    assert code(await login(site)) == "INVALID_OTP"
    admin = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
    assert (await site.ask("POST", "/auth/login", admin)).status == 200


async def test_few_passwords_are_tried(site: Site) -> None:
    for _ in range(10):
        assert code(await tfa(site, "generate", {"password": "wrong"})) == "INVALID_CREDENTIALS"
    answer = await tfa(site, "generate", {"password": PASSWORD})
    assert (answer.status, code(answer)) == (429, "REQUESTS_EXCEEDED")


# --- who has to have one --------------------------------------------------------------------------------

ASKED: Final = (
    "/users",
    "/roles",
    "/policies",
    "/permissions",
    "/settings",
    "/activity",
    "/presets",
    "/items/articles",
    "/users/me/sessions",
    "/server/specs/graphql",
)


async def must_have_one(site: Site, *, admin: bool = False) -> None:
    """Ada, who so far might do much."""
    await change(site.database, "create table articles (id integer primary key, title varchar(50))")
    await change(site.database, "insert into articles values (1, 'hello')")
    await site.project.schema.changed()
    role = await add_role(site.database, "editor")
    policy = await add_policy(site.database, role=role, app_access=True, enforce_tfa=True, admin_access=admin)
    for action in ("read", "create", "update", "delete"):
        await grant(site.database, policy, "articles", action)
        await grant(site.database, policy, "directus_users", action)
    await change(site.database, "update directus_users set role = $1 where token = $2", role, TOKEN)
    await site.project.epochs.bump_access()


async def credentials(site: Site) -> list[dict[str, Any]]:
    """Every way in that somebody without a code has."""
    session = (await login(site, mode="session")).headers["set-cookie"].partition(";")[0]
    return [
        {"token": TOKEN},
        {"token": data(await login(site))["access_token"]},
        {"token": data(await login(site, mode="cookie"))["access_token"]},
        {"headers": {"cookie": session}},
    ]


@pytest.mark.parametrize("admin", [False, True], ids=["user", "administrator"])
async def test_who_must_have_one_gets_nothing_before(site: Site, clock: Clock, admin: bool) -> None:
    await must_have_one(site, admin=admin)
    for given in await credentials(site):
        me = data(await site.ask("GET", "/users/me", **given))
        assert me["email"] == LOGIN["email"]
        assert not {"role", "token", "password", "policies"} & me.keys()
        told = data(await site.ask("GET", "/policies/me/globals", **given))
        assert told == {
            "app_access": True,
            "admin_access": admin,
            "enforce_tfa": True,
        }
        seen = {path: (await site.ask("GET", path, **given)) for path in ASKED}
        assert {path for path, answer in seen.items() if answer.status == 200} <= {
            "/users",
            "/server/specs/graphql",
        }
        assert [row["email"] for row in data(seen["/users"])] == [LOGIN["email"]]
        for method, path, payload in (
            ("PATCH", "/users/me", {"first_name": "x"}),
            ("POST", "/items/articles", {"id": 2}),
            ("PATCH", "/items/articles/1", {"title": "x"}),
            ("DELETE", "/items/articles/1", None),
            ("POST", "/users", {"email": "eve@example.com"}),
            ("POST", "/collections", {"collection": "mine", "schema": {}}),
            ("POST", "/utils/cache/clear", {}),
            ("DELETE", "/users/me/sessions", None),
            ("POST", "/users/me/tfa/disable", {"otp": "000000"}),
        ):
            answer = await site.ask(method, path, payload, **given)
            assert (answer.status, code(answer)) == (403, "FORBIDDEN"), (method, path)
        for query in (
            "{ users_me { role { id } } }",
            "{ users_me_sessions { id } }",
            "{ roles { id } }",
            "mutation { delete_users_me_sessions }",
            'mutation { update_users_me(data: {first_name: "x"}) { id } }',
        ):
            answer = await site.ask("POST", "/graphql/system", {"query": query}, **given)
            assert code(answer) == "GRAPHQL_VALIDATION", query
        answer = await site.ask("POST", "/graphql", {"query": "{ articles { id } }"}, **given)
        assert code(answer) == "GRAPHQL_VALIDATION"
        query = "{ users_me { email } policies_me_globals { enforce_tfa } }"
        answer = await site.ask("POST", "/graphql/system", {"query": query}, **given)
        assert data(answer)["users_me"] == {"email": LOGIN["email"]}


async def test_who_has_set_it_up_gets_everything_at_once(site: Site, clock: Clock) -> None:
    await must_have_one(site)
    ways = await credentials(site)
    for given in ways:
        assert code(await site.ask("GET", "/items/articles", **given)) == "FORBIDDEN"
    secret = await set_up(site, clock)
    for given in ways:
        assert data(await site.ask("GET", "/items/articles", **given)) == [{"id": 1, "title": "hello"}]
    # as on the reference it may be taken away again; what it protects goes with it
    assert (await tfa(site, "disable", {"otp": clock.code(secret)})).status == 204
    for given in ways:
        assert code(await site.ask("GET", "/items/articles", **given)) == "FORBIDDEN"
    secret = await set_up(site, clock)
    admin = f"/users/{data(await site.ask('GET', '/users/me', token=TOKEN))['id']}/tfa/disable"
    assert (await site.ask("POST", admin, {}, token=ADMIN_TOKEN)).status == 204
    for given in ways:
        assert code(await site.ask("GET", "/items/articles", **given)) == "FORBIDDEN"


async def test_who_must_have_one_may_leave(site: Site) -> None:
    await must_have_one(site)
    given = data(await login(site))
    assert (await site.ask("POST", "/auth/logout", {"refresh_token": given["refresh_token"]})).status == 204
    assert (await site.ask("GET", "/users/me", token=given["access_token"])).status == 401
