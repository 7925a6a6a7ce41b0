"""Cross-origin rules: exact origins, no reflection, no credentials for everyone."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config_load import settings_from
from gateway.http import HttpReply, read_headers
from gateway.middleware import ReplyPolicy, request_ids

APP = "https://app.example"


def policy(**values: str) -> ReplyPolicy:
    return ReplyPolicy.of(settings_from(values, Path()))


def headers_of(
    reply_policy: ReplyPolicy, origin: str | None, reply: HttpReply | None = None
) -> dict[str, str]:
    raw = reply_policy.raw_headers(reply or HttpReply(), path="/items/a", origin=origin, request_id="r")
    return {name.decode(): value.decode() for name, value in raw}


def test_no_cross_origin_header_by_default() -> None:
    seen = headers_of(policy(), "https://evil.example")
    assert not [name for name in seen if name.startswith("access-control")]
    assert policy().preflight("OPTIONS", {"origin": APP, "access-control-request-method": "GET"}) is None


def test_an_origin_that_is_named_is_answered_with_credentials() -> None:
    seen = headers_of(policy(CORS_ENABLED="true", CORS_ORIGIN=APP), APP)
    assert seen["access-control-allow-origin"] == APP
    assert seen["access-control-allow-credentials"] == "true"
    assert seen["access-control-expose-headers"] == "Content-Range"
    assert seen["vary"] == "Origin"


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        f"{APP}.evil.example",
        "http://app.example",
        f"{APP}:8443",
        f"{APP}/",
        None,
    ],
)
def test_every_other_origin_is_not(origin: str | None) -> None:
    seen = headers_of(policy(CORS_ENABLED="true", CORS_ORIGIN=APP), origin)
    assert not [name for name in seen if name.startswith("access-control")]
    assert seen["vary"] == "Origin"


def test_everyone_is_never_reflected_and_never_with_credentials() -> None:
    seen = headers_of(policy(CORS_ENABLED="true", CORS_ORIGIN="true", CORS_CREDENTIALS="true"), APP)
    assert seen["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in seen


def test_preflight() -> None:
    rules = policy(CORS_ENABLED="true", CORS_ORIGIN=APP)
    asked = {"origin": APP, "access-control-request-method": "SEARCH"}
    reply = rules.preflight("OPTIONS", asked)
    assert reply is not None
    assert reply.status == 204
    assert dict(reply.headers)["access-control-allow-methods"] == "GET, POST, PATCH, DELETE, SEARCH"
    assert dict(reply.headers)["access-control-max-age"] == "18000"
    assert rules.preflight("OPTIONS", {**asked, "origin": "https://evil.example"}) is None
    assert rules.preflight("OPTIONS", {"origin": APP}) is None
    assert rules.preflight("GET", asked) is None


def test_a_reply_keeps_its_own_policy() -> None:
    page = HttpReply(
        headers=(("Content-Security-Policy", "default-src 'self'"), ("Cache-Control", "max-age=60"))
    )
    raw = policy().raw_headers(page, path="/graphql", origin=None, request_id="r")
    names = [name.lower() for name, _ in raw]
    assert names.count(b"content-security-policy") == names.count(b"cache-control") == 1
    assert (b"Content-Security-Policy", b"default-src 'self'") in raw


def test_no_content_has_no_length() -> None:
    assert "content-length" not in headers_of(policy(), None, HttpReply(status=204, headers=()))


def test_headers_that_come_twice_are_joined() -> None:
    raw = [
        (b"x-forwarded-for", b"1.1.1.1"),
        (b"x-forwarded-for", b"2.2.2.2"),
        (b"cookie", b"a=1"),
        (b"cookie", b"b=2"),
    ]
    assert read_headers(raw) == {"x-forwarded-for": "1.1.1.1, 2.2.2.2", "cookie": "a=1; b=2"}


@pytest.mark.parametrize("sent", ["", "a" * 129, "a b", "a\nb", "ü", "<x>"])
def test_an_id_that_is_none_is_replaced(sent: str) -> None:
    make = request_ids()
    assert make(sent) != sent
    assert make(sent) != make(sent)


def test_browsers_may_send_and_read_what_resumable_uploads_need() -> None:
    """Where they are switched on, beside what the settings allow."""
    asked = {"origin": APP, "access-control-request-method": "PATCH"}
    values = {"CORS_ENABLED": "true", "CORS_ORIGIN": APP}
    for enabled in ("true", "false"):
        allowing = policy(**values, TUS_ENABLED=enabled)
        preflight = allowing.preflight("OPTIONS", asked)
        assert preflight is not None
        allowed = dict(preflight.headers)["access-control-allow-headers"].split(", ")
        exposed = headers_of(allowing, APP)["access-control-expose-headers"].split(", ")
        assert allowed[:2] == ["Content-Type", "Authorization"]
        assert exposed[0] == "Content-Range"
        for name in ("Tus-Resumable", "Upload-Length", "Upload-Metadata", "Upload-Offset"):
            assert (name in allowed) == (enabled == "true")
        for name in ("Location", "Upload-Offset", "Upload-Expires", "Directus-File-Id"):
            assert (name in exposed) == (enabled == "true")
