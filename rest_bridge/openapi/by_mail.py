"""What is done by mail: invitations, registration, lost passwords. Bodies: see `rest_bridge.forms`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rest_bridge.forms import ACCEPT, INVITE, REGISTER, Entry, Form
from rest_bridge.openapi.operations import ALWAYS, TEXT, body, done, operation
from rest_bridge.openapi.setting import Schema, Setting

#: of what is there for who is nobody yet: a tag that names no collection
_OPEN: Final = "Authentication"
_SENT: Final = (*ALWAYS, 408, 413, 429)
_MAIL: Final[Schema] = {"type": "string", "format": "email"}
_KINDS: Final[Mapping[str, Schema]] = {
    "text": {"type": "string", "minLength": 1},
    "email": _MAIL,
    "emails": {"oneOf": [_MAIL, {"type": "array", "items": _MAIL}]},
    "uuid": {"type": "string", "format": "uuid"},
    "uri": {"type": "string", "format": "uri"},
}
_REQUEST: Final = Form(
    root="auth_password_request", entries=(Entry(name="email"), Entry(name="reset_url", required=False))
)


def password_paths() -> dict[str, Schema]:
    return {
        "/auth/password/request": _posted(
            "requestPasswordReset",
            _OPEN,
            "Ask for a mail with a link to a new password",
            "Asked for, whether the address is known or not",
            _REQUEST,
        ),
        "/auth/password/reset": _posted(
            "resetPassword", _OPEN, "Set a new password with such a link", "Set", ACCEPT
        ),
    }


def user_paths(setting: Setting) -> dict[str, Schema]:
    found = {
        "/users/invite/accept": _posted(
            "acceptInvite", _OPEN, "Accept an invitation and set a password", "Accepted", ACCEPT
        ),
        "/users/register": _posted(
            "register", _OPEN, "Become a user", "Registered, unless the address is known", REGISTER
        ),
        "/users/register/verify-email": {
            "get": operation(
                "verifyEmail",
                _OPEN,
                "Confirm the address of a registration, by the link of a mail",
                {"302": {**done("Confirmed"), "headers": {"Location": {"schema": TEXT}}}},
                parameters=[{"name": "token", "in": "query", "required": True, "schema": TEXT}],
            ),
        },
    }
    if setting.signed_in and setting.created("directus_users"):
        found["/users/invite"] = _posted("invite", "Users", "Invite users by mail", "Invited", INVITE)
    return found


def _posted(name: str, tag: str, summary: str, answer: str, form: Form) -> Schema:
    schema: Schema = {
        "type": "object",
        "required": [entry.name for entry in form.entries if entry.required],
        "properties": {entry.name: _KINDS[entry.kind] for entry in form.entries},
        "additionalProperties": False,
    }
    answers = {"204": done(answer)}
    return {"post": operation(name, tag, summary, answers, body=body(schema), refusals=_SENT)}
