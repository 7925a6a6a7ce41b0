"""Which links may go into mails: by parts, in one spelling, never by how they begin."""

# Letters that only look alike are what is tested.
# ruff: noqa: RUF001

from __future__ import annotations

import doctest

import pytest

from resolvers import url_allow
from resolvers.url_allow import AllowedUrls, place_of, with_token

ALLOWED = AllowedUrls.of(
    [
        "https://app.example.com/reset",
        "http://127.0.0.1:8055/admin/reset-password",
        "https://root.example.com",
        "https://[2001:db8::1]:8443/reset",
        "shop://account/reset",
        "no address at all",
    ]
)


@pytest.mark.parametrize(
    "url",
    [
        "https://app.example.com/reset",
        "HTTPS://APP.Example.COM/reset",
        "https://app.example.com:443/reset",
        "https://app.example.com/reset?",
        "https://app.example.com/reset?lang=de&next=https://evil.example/",
        "https://app.example.com/reset#form",
        'https://app.example.com/reset?x="><img>',
        "http://127.0.0.1:8055/admin/reset-password",
        "https://root.example.com",
        "https://root.example.com/",
        "https://root.example.com?x=1",
        "https://[2001:DB8::1]:8443/reset",
        "shop://account/reset",
    ],
)
def test_what_leads_to_an_allowed_place(url: str) -> None:
    assert ALLOWED.permits(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://evil.example/reset",
        "https://app.example.com.evil.example/reset",
        "https://app.example.com.",
        "https://app.example.com./reset",
        "https://evil.app.example.com/reset",
        "https://app.example.com@evil.example/reset",
        "https://user@app.example.com/reset",
        "https://user:secret@app.example.com/reset",
        "https://evil.example/https://app.example.com/reset",
        "https://evil.example?https://app.example.com/reset",
        "https://evil.example#https://app.example.com/reset",
        "https://evil.example\\@app.example.com/reset",
        "https://app.example.com\\reset",
        "https:\\\\app.example.com\\reset",
        "https:/app.example.com/reset",
        "https:app.example.com/reset",
        "https:///app.example.com/reset",
        "//app.example.com/reset",
        "///evil.example",
        "/reset",
        "/\\evil.example",
        "reset",
        "javascript:alert(1)",
        "javascript://app.example.com/reset",
        "data:text/html,hello",
        "http://app.example.com/reset",
        "https://app.example.com:80/reset",
        "https://app.example.com:8443/reset",
        "https://app.example.com:443x/reset",
        "https://app.example.com:/reset",
        "https://app.example.com/",
        "https://app.example.com/reset/",
        "https://app.example.com//reset",
        "https://app.example.com/Reset",
        "https://app.example.com/resetting",
        "https://app.example.com/reset/more",
        "https://app.example.com/reset/../evil",
        "https://app.example.com/evil/../reset",
        "https://app.example.com/reset%2f",
        "https://app.example.com/%2freset",
        "https://app.example.com%2f.evil.example/reset",
        "https://app.example.com/r%65set",
        "https://app.example.com%00.evil.example/reset",
        "https://app.example.com/reset;x",
        " https://app.example.com/reset",
        "https://app.example.com/reset ",
        "https://app.example.com/reset\n",
        "https://app.exa\tmple.com/reset",
        "ht\ntps://app.example.com/reset",
        "https://app.example.com/re\tset",
        "https://app.example.com/reset\x00",
        "https://аpp.example.com/reset",
        "https://ａpp.example.com/reset",
        "https://app。example.com/reset",
        "https://app.example.com／reset",
        "https://app.example.com/reset?name=é",
        "https://app.example.com/reset\ud800",
        "http://127.1:8055/admin/reset-password",
        "http://2130706433:8055/admin/reset-password",
        "http://0x7f.0.0.1:8055/admin/reset-password",
        "http://[::ffff:127.0.0.1]:8055/admin/reset-password",
        "shop:account/reset",
        "shop://account/reset/x",
        "no address at all",
        "https://app.example.com/reset?" + "x" * 2000,
    ],
)
def test_what_does_not(url: str) -> None:
    assert not ALLOWED.permits(url)


def test_nothing_is_allowed_by_an_empty_list() -> None:
    assert not AllowedUrls.of(()).permits("https://app.example.com/reset")
    assert AllowedUrls.of(["", "/", "evil"]).places == frozenset()


def test_one_spelling() -> None:
    assert place_of("https://a.example") == place_of("HTTPS://A.example:0443/")
    assert place_of("http://a.example") != place_of("https://a.example")


@pytest.mark.parametrize(
    ("url", "linked"),
    [
        ("https://a.example/r", "https://a.example/r?token=T"),
        ("https://a.example/r?", "https://a.example/r?token=T"),
        ("https://a.example/r?x=1&y=2", "https://a.example/r?x=1&y=2&token=T"),
        ("https://a.example/r?token=old&x=1&tok%65n=older", "https://a.example/r?x=1&token=T"),
        ("https://a.example/r?x=1#/deep", "https://a.example/r?x=1&token=T#/deep"),
        ("https://a.example/r?x=%22'", "https://a.example/r?x=%22'&token=T"),
        ("https://a.example/r?x=<b>#<i>", "https://a.example/r?x=%3Cb%3E&token=T#%3Ci%3E"),
    ],
)
def test_links(url: str, linked: str) -> None:
    assert with_token(url, "T") == linked


def test_the_examples_of_the_module() -> None:
    failed, tried = doctest.testmod(url_allow)
    assert tried >= 5
    assert failed == 0
