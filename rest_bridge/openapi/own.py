"""What is about the caller: logging in, the own user and roles, what may be done."""

from __future__ import annotations

from typing import Final

from rest_bridge.openapi.operations import (
    ALWAYS,
    TEXT,
    body,
    data,
    done,
    exported,
    ok,
    operation,
    parameters,
)
from rest_bridge.openapi.parameters import ONE
from rest_bridge.openapi.setting import Schema, Setting

AUTHENTICATION: Final = "Authentication"
_MODE: Final[Schema] = {"type": "string", "enum": ["json", "cookie", "session"]}
_FILLED: Final[Schema] = {"type": "string", "minLength": 1}
_TOKENS: Final[Schema] = {"$ref": "#/components/schemas/Tokens"}
_SENT: Final = (*ALWAYS, 408, 413)
_FLAG: Final[Schema] = {"type": "boolean"}
_MAP: Final[Schema] = {"type": "object"}
TOKENS: Final[Schema] = {
    "type": "object",
    "description": "Of the tokens those that the mode does not put into a cookie.",
    "required": ["expires"],
    "properties": {
        "access_token": TEXT,
        "expires": {"type": "integer", "description": "Milliseconds"},
        "refresh_token": TEXT,
    },
}


def auth_paths() -> dict[str, Schema]:
    providers: Schema = {
        "type": "object",
        "required": ["data", "disableDefault"],
        "properties": {"data": {"type": "array", "items": _MAP}, "disableDefault": _FLAG},
    }
    login: Schema = {
        "type": "object",
        "required": ["email", "password"],
        "properties": {
            "email": {"type": "string", "format": "email"},
            "password": _FILLED,
            "mode": _MODE,
            "otp": _FILLED,
        },
    }
    token: Schema = {"type": "object", "properties": {"refresh_token": TEXT, "mode": _MODE}}
    return {
        "/auth": {
            "get": operation("providers", AUTHENTICATION, "Ways to log in", {"200": ok(providers)}),
        },
        "/auth/login": {
            "post": operation(
                "login",
                AUTHENTICATION,
                "Log in",
                {"200": ok(data(_TOKENS), "Logged in")},
                body=body(login),
                refusals=(*_SENT, 404, 429),
            ),
        },
        "/auth/refresh": {
            "post": operation(
                "refresh",
                AUTHENTICATION,
                "Get new tokens for a refresh token, in the body or in a cookie",
                {"200": ok(data(_TOKENS), "New tokens")},
                body=body(token, required=False),
                refusals=_SENT,
            ),
        },
        "/auth/logout": {
            "post": operation(
                "logout",
                AUTHENTICATION,
                "End the login that a refresh token belongs to",
                {"204": done("Logged out")},
                body=body(token, required=False),
                refusals=_SENT,
            ),
        },
    }


def own_paths(setting: Setting) -> dict[str, Schema]:
    """Routes of who has a user; policies are told of to everybody."""
    access: Schema = {
        "type": "object",
        "properties": {"app_access": _FLAG, "admin_access": _FLAG, "enforce_tfa": _FLAG},
    }
    paths: dict[str, Schema] = {
        "/policies/me/globals": {
            "get": operation(
                "getMyAccess", "Policies", "What the caller may in general", {"200": ok(data(access))}
            ),
        }
    }
    if not setting.signed_in:
        return paths
    paths |= {
        "/users/me": _me(setting),
        "/users/me/track/page": {
            "patch": operation(
                "trackPage",
                "Users",
                "Note where the caller was last",
                {"204": done()},
                body=body(
                    {"type": "object", "required": ["last_page"], "properties": {"last_page": _FILLED}}
                ),
                refusals=_SENT,
            )
        },
        "/roles/me": {
            "get": operation(
                "getMyRoles",
                "Roles",
                "The roles of the caller, from the own one up",
                {"200": exported(ok(data({"type": "array", "items": _item("directus_roles", setting)})))},
                parameters=parameters(*ONE),
            ),
        },
        **_right_paths(),
    }
    return paths


def _right_paths() -> dict[str, Schema]:
    """What the caller may do."""
    rights: Schema = {
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "required": ["access"],
            "properties": {
                "access": _FLAG,
                "fields": {"type": "array", "items": TEXT, "description": "Of the change of a singleton"},
                "presets": _MAP,
            },
        },
    }
    one = ok(data(rights), "Which of the actions update, delete and share")
    collection: Schema = {"name": "collection", "in": "path", "required": True, "schema": TEXT}
    return {
        "/permissions/me": {
            "get": operation(
                "getMyPermissions",
                "Permissions",
                "What the caller may do, by collection",
                {"200": ok(data(_MAP))},
            ),
        },
        "/permissions/me/{collection}": {
            "parameters": [collection],
            "get": operation(
                "getMyPermissionsOfCollection",
                "Permissions",
                "What the caller may do with a singleton or with new items",
                {"200": one},
                refusals=(*ALWAYS, 404),
            ),
        },
        "/permissions/me/{collection}/{id}": {
            "parameters": [collection, *parameters("Id")],
            "get": operation(
                "getMyPermissionsOfItem",
                "Permissions",
                "What the caller may do with an item",
                {"200": one},
                refusals=(*ALWAYS, 404),
            ),
        },
    }


def own_login_paths(setting: Setting) -> dict[str, Schema]:
    """Where the caller is logged in."""
    if not setting.signed_in:
        return {}
    text: Schema = {"type": ["string", "null"]}
    login: Schema = {
        "type": "object",
        "required": ["id", "current", "expires"],
        "properties": {
            "id": TEXT,
            "current": _FLAG,
            "expires": {"type": "string", "format": "date-time"},
            "ip": text,
            "user_agent": text,
            "origin": text,
        },
    }
    listed = {"200": ok(data({"type": "array", "items": login}))}
    ended = {"204": done("Ended")}
    return {
        "/users/me/sessions": {
            "get": operation("listMySessions", "Users", "Where the caller is logged in", listed),
            "delete": operation("endMyOtherSessions", "Users", "End every other login", ended),
        },
        "/users/me/sessions/{id}": {
            "parameters": [*parameters("Id")],
            "delete": operation(
                "endMySession", "Users", "End a login of the caller", ended, refusals=(*ALWAYS, 404)
            ),
        },
    }


def second_factor_paths(setting: Setting) -> dict[str, Schema]:
    """What is done with one's own second factor, and by administrators with another's."""
    if not setting.signed_in:
        return {}
    secret = {"type": "object", "properties": {"secret": TEXT, "otpauth_url": TEXT}}
    done_ = {"204": done()}
    steps: tuple[tuple[str, str, str, tuple[str, ...], Schema], ...] = (
        ("generate", "Generate", "A secret for an app", ("password",), {"200": ok(data(secret))}),
        ("enable", "Enable", "Take a second factor into use", ("secret", "otp"), done_),
        ("disable", "Disable", "Do without the second factor", ("otp",), done_),
    )
    paths: dict[str, Schema] = {
        f"/users/me/tfa/{step}": {
            "post": operation(
                f"secondFactor{name}",
                "Users",
                summary,
                answers,
                body=body(_texts(*names)),
                refusals=(*_SENT, 429),
            )
        }
        for step, name, summary, names, answers in steps
    }
    if setting.admin:
        paths["/users/{id}/tfa/disable"] = {
            "parameters": [*parameters("Id")],
            "post": operation(
                "secondFactorDisableOf", "Users", "Of somebody who has lost the app", done_, refusals=_SENT
            ),
        }
    return paths


def _texts(*names: str) -> Schema:
    return {"type": "object", "required": list(names), "properties": dict.fromkeys(names, TEXT)}


def _me(setting: Setting) -> Schema:
    me = exported(ok(data(_item("directus_users", setting)), "The own user"))
    found: Schema = {
        "get": operation("getMe", "Users", "The own user", {"200": me}, parameters=parameters(*ONE))
    }
    if setting.updated("directus_users"):
        found["patch"] = operation(
            "updateMe",
            "Users",
            "Change the own user",
            {"200": me, "204": done()},
            parameters=parameters(*ONE, "Prefer", "IfMatch"),
            body=body(setting.change("directus_users")),
            refusals=(*_SENT, 412, 422),
        )
    if setting.deleted("directus_users"):
        found["delete"] = operation(
            "deleteMe",
            "Users",
            "Delete the own user",
            {"204": done("Deleted")},
            parameters=parameters("IfMatch"),
            refusals=(*_SENT, 412, 422),
        )
    return found


def _item(collection: str, setting: Setting) -> Schema:
    return setting.item(collection) if setting.typed(collection) else {"type": "object"}
