"""`POST /permissions/simulate` and `POST /settings/owner`: what administrators ask, and say of the project.

The answer's schema is made from its GraphQL types, so that both tell the same.
"""

from __future__ import annotations

from typing import Final

from resolvers.why.named import ACTIONS
from resolvers.why.telling import TYPES
from rest_bridge.openapi.operations import ALWAYS, TEXT, body, data, done, ok, operation
from rest_bridge.openapi.setting import Schema, Setting
from schema_gen.graphql.signatures import CallEnum, CallInput, CallObject

_SENT: Final = (*ALWAYS, 408, 413)
_SCALARS: Final[dict[str, Schema]] = {
    "Boolean": {"type": ["boolean", "null"]},
    "ID": {"type": ["string", "null"]},
    "JSON": {},
    "String": {"type": ["string", "null"]},
}
_OWN: Final = {made.name: made for made in TYPES}


def simulation_paths(setting: Setting) -> dict[str, Schema]:
    """For administrators."""
    if not setting.admin:
        return {}
    question: Schema = {
        "type": "object",
        "required": ["action", "collection"],
        "properties": {
            "user": {**TEXT, "description": "Id or mail"},
            "role": {**TEXT, "description": "Id or name"},
            "public": {"type": "boolean"},
            "action": {"enum": list(ACTIONS)},
            "collection": TEXT,
            "item": {"type": ["string", "integer", "null"]},
            "field": _SCALARS["String"],
            "ip": _SCALARS["String"],
        },
        "additionalProperties": False,
    }
    return {
        "/permissions/simulate": {
            "post": operation(
                "simulatePermissions",
                "Permissions",
                "Whether a user, a role or the public may do something, and why",
                {"200": ok(data(_schema("permissions_simulation")))},
                body=body(question),
                refusals=_SENT,
            )
        }
    }


def owner_paths(setting: Setting) -> dict[str, Schema]:
    if not setting.updated("directus_settings"):
        return {}
    owner: Schema = {
        "type": "object",
        "minProperties": 1,
        "properties": {
            **dict.fromkeys(("project_owner", "project_usage", "org_name"), _SCALARS["String"]),
            "product_updates": _SCALARS["Boolean"],
        },
    }
    return {
        "/settings/owner": {
            "post": operation(
                "setProjectOwner",
                "Settings",
                "Whom the project belongs to; nobody else is told",
                {"204": done()},
                body=body(owner),
                refusals=_SENT,
            )
        }
    }


def _schema(written: str) -> Schema:
    """Of a type as GraphQL writes it."""
    name = written.strip("[]!")
    if written.startswith("["):
        return {"type": "array", "items": _schema(name)}
    made = _OWN.get(name)
    if isinstance(made, CallEnum):
        return {"enum": list(made.values)}
    if isinstance(made, (CallObject, CallInput)):
        return {
            "type": ["object", "null"],
            "properties": {field: _schema(of) for field, of in made.fields.items()},
        }
    return _SCALARS[name]
