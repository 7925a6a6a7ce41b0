"""`/permissions/me/:collection[/:key]`: what the caller may do with one item.

    {"update": {"access": true}, "delete": {"access": false}, "share": {"access": false}}

Of the change of a singleton the fields and presets, too. A rule of an action is asked of the item like a rule
of reading: the engine reads the item's key under rules that let the caller read exactly what the action is
allowed on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from resolvers.behaviors.me import fields_of, presets_of
from resolvers.bundle import Bundle
from resolvers.context import RequestContext
from resolvers.engine import Engine
from resolvers.permissions import AccessRules, Action, Grant
from rest_bridge.keys import keys_condition
from rest_bridge.operations import build_template
from rest_bridge.query import Shape, narrowed, parse_query
from rest_bridge.writer import Verb
from schema_gen.errors import CausewayError, forbidden
from schema_gen.model import Collection

#: nothing is selected, so that the item is its key
_KEY_OF_ONE: Final = parse_query({"fields": ".", "limit": 1})
_DEPTH: Final = 2

Rights = Mapping[str, Mapping[str, Any]]
Filter = Mapping[str, Any]

_ACTIONS: Final[tuple[Action, ...]] = ("update", "delete", "share")


async def item_rights(
    engine: Engine, bundle: Bundle, collection: str, key: str | None, context: RequestContext
) -> Rights:
    """`key` None: a singleton, or items that are not there yet. Raises FORBIDDEN for the public."""
    if context.actor.user is None:
        raise forbidden()
    asking = _Asking(engine=engine, bundle=bundle, name=collection, key=key, context=context)
    rights: dict[str, dict[str, Any]] = {action: {"access": await asking.may(action)} for action in _ACTIONS}
    home = bundle.snapshot.collections.get(collection)
    if home is not None and home.singleton and rights["update"]["access"] and not context.rules.admin:
        # what the form of the item may show and send
        change: Action = "update" if key is not None or await asking.is_there() else "create"
        grants = context.rules.grants.get((change, collection), ())
        rights["update"] |= {"fields": fields_of(grants, home), "presets": presets_of(grants, context)}
    return rights


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asking:
    engine: Engine
    bundle: Bundle
    name: str
    key: str | None
    context: RequestContext

    async def may(self, action: Action) -> bool:
        rules, name = self.context.rules, self.name
        if rules.admin:
            return True
        gate = self.bundle.gate(rules)
        collection = self.bundle.snapshot.collections.get(name)
        changed = self.key is None and action == "update"
        if collection is not None and changed and collection.singleton and collection.primary_key:
            # a change of a singleton may be what creates it
            if not await self.is_there():
                return gate.scope("create", name) is not None
            wanted: Filter = _any(collection)
        elif collection is None or gate.scope(action, name) is None:
            return False
        elif self.key is None:
            return True
        else:
            try:
                wanted = keys_condition(collection, (self.key,))
            except CausewayError:
                # no item can have this key
                return False
        if gate.scope(action, name) is None:
            return False
        return await self._finds(collection, wanted, _as_reading(rules, action, name))

    async def is_there(self) -> bool:
        """Whether the singleton has its item, who may see it or not."""
        collection = self.bundle.snapshot.collections[self.name]
        if not collection.primary_key:
            return True
        everything = AccessRules(
            grants={("read", self.name): (Grant(fields=None),)}, fingerprint=f"all of {self.name}"
        )
        return await self._finds(collection, _any(collection), everything)

    async def _finds(self, collection: Collection, wanted: Filter, asking: AccessRules) -> bool:
        verb: Verb = "keyed_singleton" if collection.singleton else "list"
        query = narrowed(_KEY_OF_ONE, wanted)
        shape = Shape(("rights", self.name, verb, repr(wanted) if self.key is None else ""))
        gate = self.bundle.gate(asking)
        template = build_template(query, collection, verb, gate, self.bundle.names, _DEPTH, shape)
        context = replace(self.context, rules=asking)
        outcome = await self.engine.execute(template.operation(query.values), context)
        return outcome.roots[-1].data not in (None, b"null", b"[]")


def _any(collection: Collection) -> Filter:
    """Whatever its key."""
    return {collection.primary_key[0]: {"_nnull": True}}


def _as_reading(rules: AccessRules, action: Action, name: str) -> AccessRules:
    """Which fields the action may touch does not matter: whether an item is among those it may."""
    grants = tuple([replace(grant, fields=None) for grant in rules.grants[action, name]])
    return replace(
        rules,
        grants={("read", name): grants},
        fingerprint=f"{rules.fingerprint}+{action}:{name}",
    )
