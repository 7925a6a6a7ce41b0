"""A second factor is set up and taken away by its owner, who has to prove to be it at each step."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

from tests.conftest import MakeDatabase
from tests.support.asgi import Answer
from tests.support.project import (
    ADMIN_TOKEN,
    Site,
    add_user,
    code,
    data,
    running,
    seed_system,
)

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


async def tfa(site: Site, what: str, payload: Any, token: str | None = TOKEN) -> Answer:
    return await site.ask("POST", f"/users/me/tfa/{what}", payload, token=token)


async def set_up(site: Site) -> str:
    secret: str = data(await tfa(site, "generate", {"password": PASSWORD}))["secret"]
    assert (await tfa(site, "enable", {"secret": secret, "otp": pyotp.TOTP(secret).now()})).status == 204
    return secret


async def test_what_an_app_is_told(site: Site) -> None:
    told = data(await tfa(site, "generate", {"password": PASSWORD}))
    url = urlsplit(told["otpauth_url"])
    assert (url.scheme, url.netloc) == ("otpauth", "totp")
    assert parse_qs(url.query)["secret"] == [told["secret"]]
    assert "ada%40example.com" in url.path
    # nothing is stored yet: she can still log in
    assert (await site.ask("POST", "/auth/login", LOGIN)).status == 200


async def test_a_login_needs_the_code(site: Site) -> None:
    secret = await set_up(site)
    assert code(await site.ask("POST", "/auth/login", LOGIN)) == "INVALID_OTP"
    assert code(await site.ask("POST", "/auth/login", {**LOGIN, "otp": "000000"})) == "INVALID_OTP"
    right = {**LOGIN, "otp": pyotp.TOTP(secret).now()}
    assert (await site.ask("POST", "/auth/login", right)).status == 200
    shown = await site.ask("GET", "/users/me?fields=tfa_secret", token=ADMIN_TOKEN)
    assert secret not in shown.body.decode()


@pytest.mark.parametrize(
    ("what", "payload", "refusal"),
    [
        ("generate", {"password": "wrong"}, "INVALID_CREDENTIALS"),
        ("generate", {}, "INVALID_PAYLOAD"),
        ("generate", {"password": 5}, "INVALID_PAYLOAD"),
        ("generate", [], "INVALID_PAYLOAD"),
        ("enable", {"secret": "JBSWY3DPEHPK3PXP", "otp": "000000"}, "INVALID_PAYLOAD"),
        ("enable", {"secret": "no base32!", "otp": "000000"}, "INVALID_PAYLOAD"),
        ("enable", {"secret": "JBSWY3DPEHPK3PXP"}, "INVALID_PAYLOAD"),
        ("enable", {"otp": "123456"}, "INVALID_PAYLOAD"),
        ("disable", {"otp": "000000"}, "INVALID_PAYLOAD"),
        ("disable", {}, "INVALID_PAYLOAD"),
    ],
)
async def test_what_is_refused(site: Site, what: str, payload: Any, refusal: str) -> None:
    assert code(await tfa(site, what, payload)) == refusal
    assert (await site.ask("POST", "/auth/login", LOGIN)).status == 200


@pytest.mark.parametrize("what", ["generate", "enable", "disable"])
async def test_nobody_has_none(site: Site, what: str) -> None:
    assert code(await tfa(site, what, {"password": PASSWORD}, None)) == "INVALID_CREDENTIALS"


async def test_a_second_one_does_not_take_its_place(site: Site) -> None:
    """Who has taken over a session cannot move the factor to an app of their own."""
    await set_up(site)
    other = pyotp.random_base32()
    assert code(await tfa(site, "generate", {"password": PASSWORD})) == "INVALID_PAYLOAD"
    moved = {"secret": other, "otp": pyotp.TOTP(other).now()}
    assert code(await tfa(site, "enable", moved)) == "INVALID_PAYLOAD"


async def test_the_owner_takes_it_away(site: Site) -> None:
    secret = await set_up(site)
    assert code(await tfa(site, "disable", {"otp": "000000"})) == "INVALID_PAYLOAD"
    assert (await tfa(site, "disable", {"otp": pyotp.TOTP(secret).now()})).status == 204
    assert (await site.ask("POST", "/auth/login", LOGIN)).status == 200


async def test_an_administrator_helps_who_lost_the_app(site: Site) -> None:
    await set_up(site)
    user = data(await site.ask("GET", "/users?filter[email][_eq]=ada@example.com", token=ADMIN_TOKEN))[0][
        "id"
    ]
    path = f"/users/{user}/tfa/disable"
    assert code(await site.ask("POST", path, {}, token=TOKEN)) == "FORBIDDEN"
    assert code(await site.ask("POST", path, {})) == "FORBIDDEN"
    assert code(await site.ask("POST", "/users/nobody/tfa/disable", {}, token=ADMIN_TOKEN)) == "FORBIDDEN"
    assert (await site.ask("POST", path, {}, token=ADMIN_TOKEN)).status == 204
    assert (await site.ask("POST", "/auth/login", LOGIN)).status == 200


async def test_the_same_through_graphql(site: Site) -> None:
    async def ask(text: str) -> Any:
        reply = await site.ask("POST", "/graphql/system", {"query": f"mutation {{ {text} }}"}, token=TOKEN)
        return json.loads(reply.body)

    told = (await ask(f'users_me_tfa_generate(password: "{PASSWORD}") {{ secret otpauth_url }}'))["data"]
    secret = told["users_me_tfa_generate"]["secret"]
    now = pyotp.TOTP(secret).now()
    assert await ask(f'users_me_tfa_enable(secret: "{secret}", otp: "{now}")') == {
        "data": {"users_me_tfa_enable": True}
    }
    assert await ask(f'users_me_tfa_disable(otp: "{now}")') == {"data": {"users_me_tfa_disable": True}}
    refused = await ask('users_tfa_disable(user: "x")')
    assert refused["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION"
