"""Confusion of tokens, over HTTP.

CVE-2022-29217 (algorithms), CVE-2024-53861 (issuer), CVE-2026-32597 (critical headers), CVE-2026-48523
(algorithm lists), CVE-2019-1020015 (somebody else's token).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.lending import Lend
from tests.support.project import ADMIN_TOKEN, SECRET, Site, code, data, seed_system

#: public text, as an attacker has it
PUBLIC_KEY = b"-----BEGIN PUBLIC KEY-----\nMFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAL\n-----END PUBLIC KEY-----\n"


OUT = object()


@pytest.fixture
async def site(lend: Lend) -> Site:
    return await lend(seed_system)


async def payload_of(site: Site, **changes: Any) -> dict[str, Any]:
    """What a good token of the administrator says, changed; `OUT` leaves a claim out."""
    admin = data(await site.ask("GET", "/users/me?fields=id", token=ADMIN_TOKEN))["id"]
    payload = {
        "id": admin,
        "role": None,
        "app_access": True,
        "admin_access": True,
        "iat": int(time.time()),
        "exp": int(time.time()) + 900,
        "iss": "directus",
    }
    return {name: value for name, value in {**payload, **changes}.items() if value is not OUT}


def text(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def token(
    payload: Mapping[str, Any],
    *,
    header: Mapping[str, Any] | None = None,
    key: bytes = SECRET.encode(),
    digest: str = "sha256",
) -> str:
    """Made by hand: no library stands in the way of what an attacker would write."""
    head = {"typ": "JWT", "alg": "HS256", **(header or {})}
    signed = f"{text(json.dumps(head).encode())}.{text(json.dumps(dict(payload)).encode())}"
    return f"{signed}.{text(hmac.new(key, signed.encode(), digest).digest())}"


async def told(site: Site, given: str) -> tuple[int, str]:
    answer = await site.ask("GET", "/users/me", token=given)
    return answer.status, "in" if answer.status == 200 else code(answer)


async def test_the_token_that_the_others_are_changed_from_is_good(site: Site) -> None:
    assert await told(site, token(await payload_of(site))) == (200, "in")


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "None"},
        {"alg": ""},
        {"alg": None},
        {"alg": "HS384"},
        {"alg": "RS256"},
        {"alg": "ES256"},
        {"alg": ["HS256"]},
        {"crit": ["exp"]},
        {"crit": ["b64"], "b64": False},
        {"crit": []},
        {"b64": False},
    ],
)
async def test_headers(site: Site, header: dict[str, Any]) -> None:
    assert await told(site, token(await payload_of(site), header=header)) == (403, "INVALID_TOKEN")


async def test_signatures(site: Site) -> None:
    good = token(await payload_of(site))
    head, body, signature = good.split(".")
    lies = text(json.dumps(await payload_of(site, id="11111111-1111-1111-1111-111111111111")).encode())
    for forged in (
        f"{head}.{body}.",
        f"{head}.{body}.{signature[:-2]}",
        f"{head}.{lies}.{signature}",
        token(await payload_of(site), key=b""),
        token(await payload_of(site), key=b"\0" * 64),
        token(await payload_of(site), key=PUBLIC_KEY),
        token(await payload_of(site), key=PUBLIC_KEY, header={"alg": "RS256"}),
        token(await payload_of(site), digest="sha512", header={"alg": "HS512"}),
        token(await payload_of(site), key=hashlib.sha256(SECRET.encode()).digest()),
        token(await payload_of(site), header={"jwk": {"kty": "oct", "k": "AA"}}, key=b"\0"),
    ):
        assert await told(site, forged) == (403, "INVALID_TOKEN"), forged


@pytest.mark.parametrize("issuer", ["direct", "directus2", "", "DIRECTUS", ["directus"], {"directus": 1}, 0])
async def test_issuers(site: Site, issuer: object) -> None:
    assert await told(site, token(await payload_of(site, iss=issuer))) == (401, "INVALID_CREDENTIALS")


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"iss": OUT}, (401, "INVALID_CREDENTIALS")),
        ({"exp": OUT}, (403, "INVALID_TOKEN")),
        ({"exp": 1}, (401, "TOKEN_EXPIRED")),
        ({"exp": "9999999999"}, (200, "in")),
        ({"exp": "never"}, (403, "INVALID_TOKEN")),
        ({"exp": [9999999999]}, (403, "INVALID_TOKEN")),
        ({"role": OUT}, (403, "INVALID_TOKEN")),
        ({"id": OUT}, (401, "INVALID_CREDENTIALS")),
        ({"aud": "another service"}, (403, "INVALID_TOKEN")),
        ({"scope": "password-reset"}, (403, "INVALID_TOKEN")),
        ({"scope": "invite"}, (403, "INVALID_TOKEN")),
        ({"share": "x"}, (401, "INVALID_CREDENTIALS")),
        ({"session": "x"}, (401, "INVALID_CREDENTIALS")),
        ({"session": {"$ne": 1}}, (403, "INVALID_TOKEN")),
        ({"causeway": "x.y"}, (401, "INVALID_CREDENTIALS")),
        ({"causeway": {}}, (403, "INVALID_TOKEN")),
        ({"id": "' or 1=1 --"}, (401, "INVALID_CREDENTIALS")),
        ({"id": "11111111-1111-1111-1111-111111111111"}, (401, "INVALID_CREDENTIALS")),
        ({"id": ["x"]}, (401, "INVALID_CREDENTIALS")),
    ],
)
async def test_claims(site: Site, changes: dict[str, Any], answer: tuple[int, str]) -> None:
    assert await told(site, token(await payload_of(site, **changes))) == answer


async def test_rights_are_not_believed(site: Site) -> None:
    """A token that says less or more than the database gives exactly what the database gives."""
    humble = await payload_of(site, admin_access=False, app_access=False, role="nobody")
    assert "version" in data(await site.ask("GET", "/server/info", token=token(humble)))
