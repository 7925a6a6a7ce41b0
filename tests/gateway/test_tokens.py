"""Tokens: ours must be right in everything, what is not ours is left to others."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from gateway.tokens import Tokens
from schema_gen.errors import CausewayError

SECRET = "a secret that is long enough for sha-256"
USER = "11111111-1111-1111-1111-111111111111"
NOW = datetime.now(UTC)
#: the clock of the library runs on while other tests do
LATER = NOW + timedelta(hours=6)
PAYLOAD: dict[str, Any] = {
    "id": USER,
    "role": None,
    "app_access": False,
    "admin_access": False,
    "iat": int(NOW.timestamp()),
    "exp": int(LATER.timestamp()),
    "iss": "directus",
}


def signed(
    changes: dict[str, Any] | None = None,
    *,
    drop: str | None = None,
    secret: str = SECRET,
    algorithm: str | None = "HS256",
    headers: dict[str, Any] | None = None,
) -> str:
    payload = {name: value for name, value in {**PAYLOAD, **(changes or {})}.items() if name != drop}
    return jwt.encode(payload, secret, algorithm=algorithm, headers=headers)


def code_of(token: str) -> str | None:
    """The refusal; None where the text is taken for a static token."""
    try:
        assert Tokens(SECRET).read(token, NOW) is None
    except CausewayError as error:
        return error.code
    return None


def test_what_is_minted_is_read() -> None:
    tokens = Tokens(SECRET)
    token = tokens.mint({"id": USER, "role": "r", "app_access": True, "admin_access": True}, NOW, LATER)
    assert list(jwt.decode(token, SECRET, algorithms=["HS256"], issuer="directus")) == [
        *("id", "role", "app_access", "admin_access", "iat", "exp", "iss")
    ]
    for _ in range(2):  # the second time from memory
        claims = tokens.read(token, NOW)
        assert claims is not None
        assert claims.user == USER
        assert claims.session is None
        assert claims.family is None
        assert claims.expires == int(LATER.timestamp())


def test_a_token_of_a_directus_server_is_read() -> None:
    claims = Tokens(SECRET).read(signed({"session": "s" * 64}), NOW)
    assert claims is not None
    assert claims.session == "s" * 64


def test_the_tie_to_a_login() -> None:
    claims = Tokens(SECRET).read(signed({"causeway": "family"}), NOW)
    assert claims is not None
    assert claims.family == "family"
    broken: object
    for broken in (5, ["family"], {}, True):
        assert code_of(signed({"causeway": broken})) == "INVALID_TOKEN"


@pytest.mark.parametrize("text", ["nope", "", "a.b.c", "a.b", "....", "x" * 9000, "a." + "[" * 5000 + ".c"])
def test_what_is_no_token_of_ours(text: str) -> None:
    assert code_of(text) is None


@pytest.mark.parametrize("issuer", ["other", "directus2", "Directus", ["directus"], None, "direct"])
def test_another_issuer_is_not_ours(issuer: object) -> None:
    # signed by hand: the library refuses to write some of these
    token = jwt.api_jws.encode(json.dumps({**PAYLOAD, "iss": issuer}).encode(), SECRET, algorithm="HS256")
    assert code_of(token) is None
    assert code_of(signed(drop="iss")) is None


def test_signature_and_algorithm() -> None:
    assert code_of(signed(secret="x" * 40)) == "INVALID_TOKEN"
    assert code_of(signed(secret="x" * 64, algorithm="HS512")) == "INVALID_TOKEN"
    assert code_of(signed(secret=SECRET + "0" * 64, algorithm="HS384")) == "INVALID_TOKEN"
    assert code_of(signed(algorithm=None, secret="")) == "INVALID_TOKEN"
    header, payload, _ = signed().split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    assert code_of(f"{none}.{payload}.") == "INVALID_TOKEN"
    assert code_of(f"{header}.{payload}.") == "INVALID_TOKEN"
    lies = (
        base64.urlsafe_b64encode(json.dumps({**PAYLOAD, "admin_access": True}).encode()).rstrip(b"=").decode()
    )
    assert code_of(f"{header}.{lies}.{signed().split('.')[2]}") == "INVALID_TOKEN"


@pytest.mark.parametrize(
    "headers", [{"crit": ["x"], "x": 1}, {"crit": []}, {"crit": "x"}, {"crit": ["b64"], "b64": True}]
)
def test_critical_headers_are_refused(headers: dict[str, Any]) -> None:
    assert code_of(signed(headers=headers)) == "INVALID_TOKEN"


def test_time() -> None:
    past = int((NOW - timedelta(seconds=1)).timestamp())
    assert code_of(signed({"exp": past})) == "TOKEN_EXPIRED"
    assert code_of(signed({"exp": past}, secret="x" * 40)) == "INVALID_TOKEN"
    assert code_of(signed(drop="exp")) == "INVALID_TOKEN"
    assert code_of(signed({"exp": "tomorrow"})) == "INVALID_TOKEN"
    assert code_of(signed({"nbf": int(LATER.timestamp())})) == "INVALID_TOKEN"
    assert Tokens(SECRET).read(signed({"iat": int(LATER.timestamp())}), NOW) is not None


def test_a_remembered_token_expires_too() -> None:
    tokens, token = Tokens(SECRET), signed()
    assert tokens.read(token, NOW) is not None
    with pytest.raises(CausewayError, match="Token expired"):
        tokens.read(token, LATER)


@pytest.mark.parametrize("name", ["role", "app_access", "admin_access"])
def test_a_token_made_for_something_else(name: str) -> None:
    assert code_of(signed(drop=name)) == "INVALID_TOKEN"
    assert code_of(signed({"scope": "password-reset"})) == "INVALID_TOKEN"


def test_a_token_of_nobody() -> None:
    for changes in ({"id": None}, {"id": 5}, {"share": "x"}):
        assert code_of(signed(changes)) == "INVALID_CREDENTIALS"
    assert code_of(signed(drop="id")) == "INVALID_CREDENTIALS"
    assert code_of(signed({"session": 5})) == "INVALID_TOKEN"


def test_memory_is_bounded() -> None:
    tokens = Tokens(SECRET, capacity=3)
    for number in range(10):
        tokens.read(signed({"session": str(number)}), NOW)
    assert len(tokens._read) == 3


def test_a_short_secret_signs_like_everywhere() -> None:
    token = Tokens("short").mint(PAYLOAD, NOW, LATER)
    with pytest.warns(jwt.warnings.InsecureKeyLengthWarning):
        assert jwt.decode(token, "short", algorithms=["HS256"], issuer="directus")["id"] == USER
