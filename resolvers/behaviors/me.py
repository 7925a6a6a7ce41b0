"""What the caller may: `permissions_me` and `policies_me_globals`. Pure.

    {"articles": {"read": {"access": "partial", "fields": ["id", "title"]}, "create": {"access": "none"}}}

`full`: every item; `partial`: those that a rule allows. Only collections that a policy names are told of.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from resolvers.context import RequestContext
from resolvers.permissions import Action, Grant
from resolvers.writing.current import Current, paths
from resolvers.writing.presets import presets
from schema_gen.errors import forbidden
from schema_gen.model import Collection, SchemaSnapshot

_NONE: Final = {"access": "none"}
_ALL: Final = {"access": "full", "fields": ["*"]}
_ADMIN_ORDER: Final[tuple[Action, ...]] = ("create", "read", "update", "delete", "share")
_ORDER: Final[tuple[Action, ...]] = ("read", "create", "update", "delete", "share")


def policies_globals(context: RequestContext) -> dict[str, bool]:
    if context.actor.user is None:
        return {"app_access": False}
    rules = context.rules.given
    return {"app_access": rules.app, "admin_access": rules.admin, "enforce_tfa": rules.enforce_tfa}


def permissions_me(context: RequestContext, snapshot: SchemaSnapshot) -> dict[str, Any]:
    """Collection -> action -> access. Raises FORBIDDEN for the public."""
    if context.actor.user is None:
        raise forbidden()
    rules = context.rules
    if rules.admin:
        return {name: dict.fromkeys(_ADMIN_ORDER, _ALL) for name in snapshot.collections}
    named = sorted({collection for _, collection in rules.grants})
    return {
        name: _collection(context, snapshot.collections[name])
        for name in named
        if name in snapshot.collections
    }


def fields_of(grants: tuple[Grant, ...], collection: Collection) -> list[str]:
    """The fields that some of the grants name, in their order; `*` for all of them."""
    if any(grant.fields is None for grant in grants):
        return ["*"]
    named = frozenset[str]().union(*(grant.fields or () for grant in grants))
    return [name for name in collection.fields if name in named]


def presets_of(grants: tuple[Grant, ...], context: RequestContext) -> dict[str, Any]:
    """What would be filled in. Of variables that lead to other fields only the spelling is told."""
    filled = presets(grants, Current(context=context))
    spelled = {name: value for grant in grants for name, value in (grant.presets or {}).items()}
    return {name: spelled[name] if paths(spelled[name]) else value for name, value in filled.items()}


def _collection(context: RequestContext, collection: Collection) -> dict[str, Any]:
    grants = context.rules.grants
    return {
        action: _access(grants.get((action, collection.name), ()), collection, context) for action in _ORDER
    }


def _access(grants: tuple[Grant, ...], collection: Collection, context: RequestContext) -> Mapping[str, Any]:
    if not grants:
        return _NONE
    access: dict[str, Any] = {"access": "full" if any(not grant.rule for grant in grants) else "partial"}
    fields, filled = fields_of(grants, collection), presets_of(grants, context)
    if fields:
        access["fields"] = fields
    return {**access, "presets": filled} if filled else access
