"""What the caller may: `permissions_me` and `policies_me_globals`. Pure.

    {"articles": {"read": {"access": "partial", "fields": ["id", "title"]}, "create": {"access": "none"}}}

`full`: every item; `partial`: those that a rule allows. Only collections that a policy names are told of.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from resolvers.context import RequestContext
from resolvers.permissions import AccessRules, Action, Grant
from schema_gen.errors import forbidden
from schema_gen.model import SchemaSnapshot

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
    return {name: _collection(rules, name, snapshot) for name in named if name in snapshot.collections}


def _collection(rules: AccessRules, name: str, snapshot: SchemaSnapshot) -> dict[str, Any]:
    order = tuple(snapshot.collections[name].fields)
    return {action: _access(rules.grants.get((action, name), ()), order) for action in _ORDER}


def _access(grants: tuple[Grant, ...], order: tuple[str, ...]) -> Mapping[str, Any]:
    if not grants:
        return _NONE
    whole = any(not grant.rule for grant in grants)
    every = any(grant.fields is None for grant in grants)
    named = frozenset[str]().union(*(grant.fields or () for grant in grants))
    access: dict[str, Any] = {
        "access": "full" if whole else "partial",
        "fields": ["*"] if every else [name for name in order if name in named],
    }
    presets: dict[str, Any] = {}
    for grant in grants:
        presets |= grant.presets or {}
    return {**access, "presets": presets} if presets else access
