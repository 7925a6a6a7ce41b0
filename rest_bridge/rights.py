"""`/permissions/me/:collection[/:key]`: what the caller may do with one item.

    {"update": {"access": true}, "delete": {"access": false}, "share": {"access": false}}

A rule of an action is asked of the item like a rule of reading: the engine reads the item's key under rules
that let the caller read exactly what the action is allowed on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from resolvers.bundle import Bundle
from resolvers.context import RequestContext
from resolvers.engine import Engine
from resolvers.permissions import AccessRules, Action
from rest_bridge.keys import keys_condition
from rest_bridge.operations import build_template
from rest_bridge.query import Shape, narrowed, parse_query
from rest_bridge.writer import Verb
from schema_gen.errors import CausewayError, forbidden

#: nothing is selected, so that the item is its key
_KEY_OF_ONE: Final = parse_query({"fields": ".", "limit": 1})
_DEPTH: Final = 2

Rights = Mapping[str, Mapping[str, bool]]

_ACTIONS: Final[tuple[Action, ...]] = ("update", "delete", "share")


async def item_rights(
    engine: Engine, bundle: Bundle, collection: str, key: str | None, context: RequestContext
) -> Rights:
    """`key` None: a singleton, or items that are not there yet. Raises FORBIDDEN for the public."""
    if context.actor.user is None:
        raise forbidden()
    return {
        action: {"access": await _allowed(engine, bundle, action, collection, key, context)}
        for action in _ACTIONS
    }


async def _allowed(
    engine: Engine, bundle: Bundle, action: Action, name: str, key: str | None, context: RequestContext
) -> bool:
    rules = context.rules
    if rules.admin:
        return True
    gate = bundle.gate(rules)
    if gate.scope(action, name) is None:
        return False
    collection = bundle.snapshot.collections[name]
    if key is None:
        # a change of a singleton may be what creates it
        return not (collection.singleton and action == "update") or gate.scope("create", name) is not None
    verb: Verb = "keyed_singleton" if collection.singleton else "list"
    asking = _as_reading(rules, action, name)
    try:
        key_columns = keys_condition(collection, (key,))
    except CausewayError:
        # no item can have this key
        return False
    query = narrowed(_KEY_OF_ONE, key_columns)
    gate = bundle.gate(asking)
    shape = Shape(("rights", name, verb))
    template = build_template(query, collection, verb, gate, bundle.names, _DEPTH, shape)
    outcome = await engine.execute(template.operation(query.values), replace(context, rules=asking))
    return outcome.roots[-1].data not in (None, b"null", b"[]")


def _as_reading(rules: AccessRules, action: Action, name: str) -> AccessRules:
    """Which fields the action may touch does not matter: whether an item is among those it may."""
    grants = tuple([replace(grant, fields=None) for grant in rules.grants[action, name]])
    return replace(
        rules,
        grants={("read", name): grants},
        fingerprint=f"{rules.fingerprint}+{action}:{name}",
    )
