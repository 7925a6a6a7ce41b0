"""Tokens that carry claims: JWT, HS256 only, signed with SECRET.

    Tokens.mint(payload, expires)   -> "eyJ..."
    Tokens.read("eyJ...")           -> Claims, or None for what is no token of this protocol (a static token)
    Tokens.opened("eyJ...", scope)  -> what a token says that was made for one purpose (see
                                       `resolvers.behaviors.signed`)

A token is ours when it says `iss: directus`; then it must be right in everything: signature, algorithm, no
`crit`, an end, the claims every access token has and no `scope` (a token made for one purpose opens nothing
else). A Directus server with the same SECRET makes and reads the same tokens. Our own claim `causeway` ties a
token to its login; see `resolvers.sessions`.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import jwt

from resolvers.actors import Claims
from resolvers.bounded import Bounded
from schema_gen.errors import forbidden, invalid_credentials, invalid_token, token_expired

_ALGORITHM: Final = "HS256"
_ISSUER: Final = "directus"
#: what every access token says besides `id`
_REQUIRED: Final = ("role", "app_access", "admin_access")
#: longer texts are no token; a header line holds more
_LONGEST: Final = 8192


class Tokens:
    """`capacity`: tokens whose signature need not be checked again."""

    def __init__(self, secret: str, *, capacity: int = 10_000) -> None:
        # HMAC itself fills short keys with zeros: the same signatures, and no warning for each of them
        self._key = secret.encode().ljust(32, b"\0")
        # clocks differ: a token from a server a second ahead is good
        self._codec = jwt.PyJWT(options={"require": ["exp", "iss"], "verify_iat": False})
        self._read: Bounded[str, Claims] = Bounded(capacity)

    def mint(self, payload: Mapping[str, Any], issued: datetime, expires: datetime) -> str:
        """`payload` is followed by `iat`, `exp` and `iss`."""
        whole = {
            **payload,
            "iat": int(issued.timestamp()),
            "exp": int(expires.timestamp()),
            "iss": _ISSUER,
        }
        return self._codec.encode(whole, self._key, algorithm=_ALGORITHM)

    def read(self, token: str, now: datetime) -> Claims | None:
        """Raises TOKEN_EXPIRED, INVALID_TOKEN, INVALID_CREDENTIALS (names nobody we could let in)."""
        claims = self._read.get(token)
        if claims is not None:
            if claims.expires <= now.timestamp():
                raise token_expired()
            return claims
        if not _ours(token):
            return None
        return self._read.put(token, _claims(self._verified(token)))

    def opened(self, token: str, scope: str) -> Mapping[str, Any]:
        """Raises TOKEN_EXPIRED, INVALID_TOKEN, FORBIDDEN for a token that was made for anything else."""
        if not _ours(token):
            raise invalid_token()
        payload = self._verified(token)
        if payload.get("scope") != scope:
            raise forbidden()
        return payload

    def _verified(self, token: str) -> dict[str, Any]:
        try:
            whole = self._codec.decode_complete(token, self._key, algorithms=[_ALGORITHM], issuer=_ISSUER)
        except jwt.ExpiredSignatureError as error:
            raise token_expired() from error
        except jwt.InvalidTokenError as error:
            raise invalid_token() from error
        if "crit" in whole["header"]:
            raise invalid_token()
        payload: dict[str, Any] = whole["payload"]
        return payload


def _ours(token: str) -> bool:
    """Whether the text is a JWT that names us as its issuer; nothing is checked yet."""
    parts = token.split(".")
    if len(parts) != 3 or len(token) > _LONGEST:
        return False
    try:
        payload = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return False
    return isinstance(payload, dict) and payload.get("iss") == _ISSUER


def _claims(payload: Mapping[str, Any]) -> Claims:
    if "scope" in payload or any(name not in payload for name in _REQUIRED):
        raise invalid_token()
    user = payload.get("id")
    if not isinstance(user, str) or "share" in payload:
        raise invalid_credentials()
    session = payload.get("session")
    if session is not None and not isinstance(session, str):
        raise invalid_token()
    family = payload.get("causeway")
    if family is not None and not isinstance(family, str):
        raise invalid_token()
    return Claims(user=user, expires=float(payload["exp"]), session=session, family=family)
