"""What somebody who logs in gives: a body or arguments -> `Credentials`. Pure.

{"email": "ada@example.com", "password": "...", "mode": "session"}  ->  Credentials(...), "session"
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast, get_args

from schema_gen.errors import invalid_payload

Mode = Literal["json", "cookie", "session"]

_ADDRESS: Final = re.compile(
    r"(?=.{1,64}@)[^\s@.\"(),:;<>\[\]\\]+(\.[^\s@.\"(),:;<>\[\]\\]+)*"
    r"@([^\W_]+(-+[^\W_]+)*\.)+[^\W\d_]{2,}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    email: str
    password: str
    otp: str | None = None


def is_mail_address(text: str) -> bool:
    return _ADDRESS.fullmatch(text) is not None


def read_login(payload: object) -> tuple[Credentials, Mode]:
    """The body of a login. Raises INVALID_PAYLOAD with the protocol's sentences."""
    if not isinstance(payload, dict):
        raise invalid_payload('"value" must be of type object')
    email = _string(payload, "email")
    if not is_mail_address(email):
        raise invalid_payload('"email" must be a valid email')
    password = _string(payload, "password")
    mode = read_mode(payload["mode"]) if "mode" in payload else "json"
    otp = _string(payload, "otp") if "otp" in payload else None
    return Credentials(email=email, password=password, otp=otp), mode


def read_mode(value: object) -> Mode:
    if value not in get_args(Mode):
        raise invalid_payload('"mode" must be one of [cookie, json, session]')
    return cast(Mode, value)


def _string(payload: Mapping[str, Any], name: str) -> str:
    if name not in payload:
        raise invalid_payload(f'"{name}" is required')
    value = payload[name]
    if not isinstance(value, str):
        raise invalid_payload(f'"{name}" must be a string')
    if not value:
        raise invalid_payload(f'"{name}" is not allowed to be empty')
    return value
