"""What may be done: the one place permissions are decided. Pure.

`AccessRules` are the merged policies of an actor, as data (loaded by `resolvers.rules`). A `Gate` reads them
against one snapshot and answers every question of every other stage:

    gate.scope("read", "articles") -> Scope(fields={"id", "title", "body"},
                                            condition=<status = published>,
                                            field_conditions={"body": <author = $CURRENT_USER>})
    gate.scope("read", "secrets")  -> None

Policies unite. An item may be seen where any grant's rule holds; a field of it where a rule of a grant that
names the field holds, and is null elsewhere. A missing and a hidden thing get the same answer, made in
`schema_gen.errors`.

A file whose upload is under way is nobody's to see, administrators' neither (protocol): it becomes a file
when all of its bytes are there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final, Literal

from resolvers.conditions import Condition, Constant, all_of, any_of
from resolvers.filters import parse_rule
from schema_gen.model import Collection, Link, SchemaSnapshot
from schema_gen.registry import SYSTEM

Action = Literal["create", "read", "update", "delete", "share"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One permission row. `fields` None: every field; `rule` None or {}: every item."""

    fields: frozenset[str] | None
    rule: Mapping[str, Any] | None = None
    validation: Mapping[str, Any] | None = None
    presets: Mapping[str, Any] | None = None
    policy: str | None = None


@dataclass(frozen=True, kw_only=True)
class AccessRules:
    """The merged policies of an actor. Equal content has an equal `fingerprint`, which keys plans and
    schemas.

    `waiting`: the rules that will hold once the actor has set up the second factor that a policy asks for;
    None: nothing is waited for.
    """

    admin: bool = False
    app: bool = False
    enforce_tfa: bool = False
    grants: Mapping[tuple[Action, str], tuple[Grant, ...]] = field(default_factory=dict)
    fingerprint: str = "none"
    waiting: AccessRules | None = None

    @property
    def given(self) -> AccessRules:
        """What the policies give, whether or not it holds already."""
        return self if self.waiting is None else self.waiting


UNRESTRICTED: Final = AccessRules(admin=True, app=True, fingerprint="admin")
NOTHING: Final = AccessRules()


_OWN: Final = Grant(fields=frozenset({"id"}), rule={"id": {"_in": "$CURRENT_USER"}})
_OWN_ROLES: Final = Grant(fields=frozenset({"id"}), rule={"id": {"_in": "$CURRENT_ROLES"}})


#: collection -> what all items meet that there are for callers
_WHOLE: Final[Mapping[str, Mapping[str, Any]]] = {"directus_files": {"tus_id": {"_null": True}}}


_SETTING_UP: Final = Grant(
    fields=frozenset(
        {"id", "email", "first_name", "last_name", "language", "appearance", "status", "tfa_secret"}
    ),
    rule={"id": {"_eq": "$CURRENT_USER"}},
)


def without_second_factor(rules: AccessRules) -> AccessRules:
    """What holds of the rules for somebody who has no second factor: all of them, or, where one is asked for,
    nothing but a look at oneself. Calls that set one up are there for every user (`CallSignature.setup`).
    """
    if not rules.enforce_tfa:
        return rules
    grants: Mapping[tuple[Action, str], tuple[Grant, ...]] = {("read", "directus_users"): (_SETTING_UP,)}
    return AccessRules(enforce_tfa=True, grants=grants, fingerprint="no second factor", waiting=rules)


def with_own_rows(rules: AccessRules) -> AccessRules:
    """The rules with what everybody may read of itself through `users_me` and `roles_me`: the keys."""
    if rules.admin:
        return rules
    grants = dict(rules.grants)
    for collection, grant in (("directus_users", _OWN), ("directus_roles", _OWN_ROLES)):
        key: tuple[Action, str] = ("read", collection)
        grants[key] = (*grants.get(key, ()), grant)
    return replace(rules, grants=grants, fingerprint=f"{rules.fingerprint}+own")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What one action may touch in one collection.

    `condition` None: every item. `field_conditions` only for fields granted under a narrower rule than the
    item's. `rules`: the grants it was made from (`presets`, `validation` and per-item checks of writes;
    `?explain`).
    """

    fields: frozenset[str]
    condition: Condition | None = None
    field_conditions: Mapping[str, Condition] = field(default_factory=dict)
    grants: tuple[Grant, ...] = ()


class Gate:
    """The rules of one actor read against one snapshot; answers are worked out once."""

    def __init__(self, rules: AccessRules, snapshot: SchemaSnapshot) -> None:
        self.rules = rules
        self.snapshot = snapshot
        self._scopes: dict[tuple[Action, str], Scope | None] = {}

    def scope(self, action: Action, collection: str) -> Scope | None:
        """None: the action is not allowed there at all, or there is no such collection."""
        key = (action, collection)
        if key not in self._scopes:
            self._scopes[key] = self._decide(action, collection)
        return self._scopes[key]

    def read_scope(self, collection: str) -> Scope | None:
        return self.scope("read", collection)

    def _decide(self, action: Action, name: str) -> Scope | None:
        collection = self.snapshot.collections.get(name)
        if collection is None or collection.kind == "folder":
            return None
        whole = None if action == "create" else self._whole(collection)
        if self.rules.admin:
            return Scope(fields=frozenset(collection.fields), condition=whole)
        links = {each: self.snapshot.link(name, each) for each in collection.fields}
        told = frozenset(each for each, link in links.items() if link is None or self._is_told(link))
        grants = self.rules.grants.get((action, name), ())
        if not grants:
            return None
        rules = [condition_of(grant, collection, self.snapshot) for grant in grants]
        united = any_of(rules)
        fields = frozenset[str]().union(
            *(told if grant.fields is None else grant.fields & links.keys() for grant in grants)
        )
        return Scope(
            fields=fields,
            condition=all_of([united] if whole is None else [united, whole]),
            field_conditions=_narrower(fields, grants, rules, united),
            grants=grants,
        )

    def _whole(self, collection: Collection) -> Condition | None:
        """What is asked of every item, whatever the rules."""
        asked = _WHOLE.get(collection.name)
        if asked is None or not asked.keys() <= collection.fields.keys():
            return None
        return parse_rule(asked, collection, self.snapshot)

    @cached_property
    def untold(self) -> frozenset[tuple[str, str]]:
        """(collection, field) of all lists that are as if they were not there."""
        if self.rules.admin:
            return frozenset()
        return frozenset(place for place, link in self.snapshot.links.items() if not self._is_told(link))

    def _is_told(self, link: Link) -> bool:
        """A list that nobody declared is called after the table that it lists: to those who may do nothing
        there it would tell of the table.
        """
        relation = link.relation
        if link.kind != "o2m" or relation.meta is not None or relation.collection in SYSTEM:
            return True
        field = self.snapshot.collections[link.collection].fields[link.field]
        declared = field.column is not None or field.meta is not None
        return declared or relation.collection in self._named

    @cached_property
    def _named(self) -> frozenset[str]:
        """The collections that some rule is about."""
        return frozenset(collection for _, collection in self.rules.grants)


def condition_of(grant: Grant, collection: Collection, snapshot: SchemaSnapshot) -> Condition:
    """Which items a grant is about."""
    if not grant.rule:
        return Constant(value=True)
    return parse_rule(grant.rule, collection, snapshot) or Constant(value=True)


def _narrower(
    fields: frozenset[str], grants: tuple[Grant, ...], rules: list[Condition], whole: Condition
) -> Mapping[str, Condition]:
    """Per field the union of the rules that grant it, where that is less than what makes the item visible."""
    if len(grants) == 1:
        return {}
    narrower: dict[str, Condition] = {}
    for name in fields:
        mine = any_of(
            [
                rule
                for grant, rule in zip(grants, rules, strict=True)
                if grant.fields is None or name in grant.fields
            ]
        )
        if mine != whole:
            narrower[name] = mine
    return narrower
