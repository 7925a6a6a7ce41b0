"""Letters that a site gives to its post, as they are given; how they are delivered is not looked at here.

letters = collect(site, monkeypatch)
...
token = token_in(letters[-1])
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest

from resolvers.mail.post import Letter, Post
from resolvers.throttle import Kind, Throttle
from tests.support.project import Site, change

PUBLIC_URL: Final = "https://cms.example.com"
#: settings of sites whose letters are looked at
BY_MAIL: Final = {
    "PUBLIC_URL": PUBLIC_URL,
    "REGISTER_STALL_TIME": "0",
    "LOGIN_STALL_TIME": "0",
    "USER_INVITE_URL_ALLOW_LIST": "https://app.example.com/accept",
    "USER_REGISTER_URL_ALLOW_LIST": "https://app.example.com/verify",
    "PASSWORD_RESET_URL_ALLOW_LIST": "https://app.example.com/reset, https://other.example.com",
}


def collect(site: Site, monkeypatch: pytest.MonkeyPatch, *, bounded: bool = False) -> list[Letter]:
    """The letters of the site, from now on; as many as are asked for, unless they are `bounded`."""
    sent: list[Letter] = []

    async def take(throttle: Throttle, kind: Kind, *key: str) -> None:
        return None

    def send(post: Post, letter: Letter) -> None:
        sent.append(letter)

    monkeypatch.setattr(type(site.project.password_reset._letters._post), "send", send)
    if not bounded:
        monkeypatch.setattr(type(site.project.throttle), "take", take)
    return sent


def token_in(letter: Letter) -> str:
    (token,) = parse_qs(urlsplit(str(letter.data["url"])).query)["token"]
    return token


async def open_registration(site: Site, **settings: Any) -> None:
    """`public_registration` is on; `settings` without that prefix."""
    await change(site.database, "update directus_settings set public_registration = true")
    for name, value in settings.items():
        await change(site.database, f"update directus_settings set public_registration_{name} = $1", value)
